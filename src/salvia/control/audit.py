"""What was asked, by whom, and how it was answered: one structured line a request."""

from __future__ import annotations

import logging

from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest

from .call import Call

_log = logging.getLogger("salvia.audit")


def record(call: Call | None, request: HttpRequest, request_id: str, error: ServiceError | None, took: float) -> None:
    """Log one request. Never its parameters: they may hold secrets."""
    if error is None and call is not None and call.operation.startswith(("Get", "Head", "Describe", "List")):
        return
    _log.info(
        "%s",
        f"{call.service}:{call.operation}" if call else f"{request.method} {request.path[:200]}",
        extra={
            "event": "request",
            "request_id": request_id,
            "caller": call.caller.arn if call else None,
            "source_ip": request.client,
            "code": error.code if error else None,
            "denied_because": error.message[:500] if error is not None and "AccessDenied" in error.code else None,
            "milliseconds": round(took * 1000, 2),
        },
    )
