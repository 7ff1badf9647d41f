"""How a transform job ended, in words: from what its agents reported."""

from __future__ import annotations

import signal
from typing import Any

from salvia.control.instances import Instance

_LINES = 5
_REASON = 1024  # FailureReason's maximum length in the model


def ours(member: Instance) -> bool:
    """Whether what failed was not the request's, nor the program's: that is tried again."""
    return ((member.exit or {}).get("error") or {}).get("code") in ("InternalError", "InternalServerError")


def succeeded(member: Instance) -> bool:
    """Whether it did all that it was to do."""
    ended = member.exit or {}
    return ended.get("code") == 0 and not ended.get("error") and not ended.get("stopped")


def reason(failed: list[Instance]) -> str:
    """Why a job failed: what failed first, with the last lines of the program where it has a part in it."""
    first = min(failed, key=lambda member: member.report.get("times", {}).get("Exited", 0.0))
    ended: dict[str, Any] = first.exit or {}
    error = ended.get("error")
    if error and error["code"] == "ClientError":
        return f"ClientError: {error['message']}"[:_REASON]
    text = _what(ended)
    lines = [line.rstrip() for line in ended.get("log_tail") or () if line.strip()][-_LINES:]
    space = _REASON - len(text) - len(" Its last lines:\n")
    if not lines or space < 1:
        return text[:_REASON]
    last = "\n".join(lines)
    return f"{text} Its last lines:\n{last[-space:]}"


def _what(ended: dict[str, Any]) -> str:
    error = ended.get("error")
    if error:
        code = error["code"].replace("InternalError", "InternalServerError")  # as SageMaker spells it
        message = error["message"]
        if "ping health check" in message:
            message = f"The model server {message}"
        return f"{code}: {message}"
    how = f"with exit code {ended.get('code')}"
    if ended.get("signal"):
        name = signal.Signals(ended["signal"]).name if ended["signal"] in set(signal.Signals) else ended["signal"]
        how = f"by {name}"
    return f"AlgorithmError: a container ended {how} before all objects were transformed."
