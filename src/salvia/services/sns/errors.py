"""What SNS says when it refuses."""

from __future__ import annotations

from salvia.core.errors import ServiceError


def invalid(parameter: str, reason: str = "") -> ServiceError:
    """A parameter that cannot be so, in SNS's words."""
    return ServiceError("InvalidParameter", f"Invalid parameter: {parameter}{f' Reason: {reason}' if reason else ''}")


def missing(what: str) -> ServiceError:
    """A topic or a subscription that is not there."""
    return ServiceError("NotFound", f"{what} does not exist", 404)
