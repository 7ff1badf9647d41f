"""What CloudWatch Logs says when it refuses."""

from __future__ import annotations

from typing import Any

from salvia.control import listing
from salvia.core.errors import ServiceError


def invalid(message: str) -> ServiceError:
    """A request that the API reference does not allow."""
    return ServiceError("InvalidParameterException", message)


def exists(what: str) -> ServiceError:
    """`what` is "log group" or "log stream"."""
    return ServiceError("ResourceAlreadyExistsException", f"The specified {what} already exists")


def missing(what: str) -> ServiceError:
    """`what` is "log group" or "log stream"."""
    return ServiceError("ResourceNotFoundException", f"The specified {what} does not exist.")


def read_token(token: str, *types: type) -> list[Any]:
    """The values, of these types, in a token of ours. Raises InvalidParameterException for others."""
    try:
        values = listing.decode_token(token)
    except ServiceError:
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(types):
        raise invalid("The specified nextToken is invalid.")
    return values
