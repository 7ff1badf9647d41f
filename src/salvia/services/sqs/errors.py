"""What SQS says when it refuses."""

from __future__ import annotations

from salvia.core.errors import ServiceError


def missing() -> ServiceError:
    """A queue that is not there."""
    return ServiceError("QueueDoesNotExist", "The specified queue does not exist.")


def invalid(value: object, parameter: str, reason: str) -> ServiceError:
    """A parameter that cannot be so, in SQS's words."""
    return ServiceError(
        "InvalidParameterValue", f"Value {value} for parameter {parameter} is invalid. Reason: {reason}"
    )


def not_yet(what: str) -> ServiceError:
    """What AWS's queues can do, and Salvia's cannot."""
    return ServiceError("UnsupportedOperation", f"Salvia cannot do this yet: {what}. Leave it out of the request.")
