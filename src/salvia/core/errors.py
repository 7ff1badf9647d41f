"""What a client sees when something is refused."""

from __future__ import annotations


class ServiceError(Exception):
    """An AWS error: its code, its sentence and its HTTP status.

    `fields` are further members of the modelled error shape, by member name.
    Each protocol puts them where AWS does (`protocol.errors`).
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: object) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


def validation_error(message: str) -> ServiceError:
    """A request that AWS's model or documentation does not allow."""
    return ServiceError("ValidationException", message)


def access_denied(message: str) -> ServiceError:
    """A request that IAM does not allow; S3, query and JSON services spell the code differently."""
    return ServiceError("AccessDeniedException", message, 400)
