"""What an agent's report may say. It comes from beside the user's program: nothing in it is taken on trust.

A member of another shape is left out rather than refused: an agent repeats a refused report for ever, and its job
would never end.
"""

from __future__ import annotations

import math
from typing import Any

# In the order of an instance's life. Notebooks clone, and run scripts; servers load and are in service, or not well any
# more; training programs train and upload.
PHASES = (
    "Starting",
    "Downloading",
    "Cloning",
    "OnCreate",
    "OnStart",
    "Loading",
    "Training",
    "InService",
    "Unhealthy",
    "Uploading",
    "Exited",
)
# In percent, of an instance's own: AWS's names.
UTILIZATION = (
    "CPUUtilization",
    "MemoryUtilization",
    "DiskUtilization",
    "GPUUtilization",
    "GPUMemoryUtilization",
)
_METRICS = 1000  # AWS allows 40 definitions
_TEXT = 4096  # characters; FailureReason has 1,024
_TAIL = 20


def understood(report: dict[str, Any]) -> dict[str, Any]:
    """The members of `report` that are what they should be. Its phase is one of PHASES already.

    `exit` is None before the phase Exited, and an object afterwards: an agent that cannot say how its program ended
    has failed. `utilization` is how busy the instance is, which CloudWatch calls `host`; `active` is when a notebook's
    kernels were last at work, `busy` that they are.
    """
    times, metrics, busy = report.get("times"), report.get("metrics"), report.get("utilization")
    return {
        "phase": report["phase"],
        "message": _text(report.get("message")) or "",
        "times": {phase: times[phase] for phase in PHASES if _number(times.get(phase))}
        if isinstance(times, dict)
        else {},
        "metrics": [_metric(one) for one in metrics[:_METRICS] if _is_metric(one)] if isinstance(metrics, list) else [],
        "utilization": {name: float(busy[name]) for name in UTILIZATION if _number(busy.get(name))}
        if isinstance(busy, dict)
        else {},
        "host": (_text(busy.get("Host")) or "") if isinstance(busy, dict) else "",
        "active": report.get("active") if _number(report.get("active")) else None,
        "busy": report.get("busy") is True,
        "exit": _exit(report.get("exit")) if report["phase"] == "Exited" else None,
    }


def _exit(said: object) -> dict[str, Any]:
    if not isinstance(said, dict):
        said = {"error": {"message": "The instance's agent did not report how its program ended."}}
    error, tail = said.get("error"), said.get("log_tail")
    return {
        "code": _integer(said.get("code")),
        "signal": _integer(said.get("signal")),
        "oom": said.get("oom") is True,
        "stopped": said.get("stopped") is True,
        "failure": _text(said.get("failure")),
        "message": _text(said.get("message")),
        "error": {
            "code": _text(error.get("code")) or "InternalError",
            "message": _text(error.get("message")) or "The instance's agent failed without saying why.",
        }
        if error and isinstance(error, dict)
        else None,
        "log_tail": [line[:_TEXT] for line in tail[-_TAIL:] if isinstance(line, str)] if isinstance(tail, list) else [],
    }


def _is_metric(said: object) -> bool:
    return (
        isinstance(said, dict)
        and isinstance(said.get("MetricName"), str)
        and _number(said.get("Value"))
        and _number(said.get("Timestamp"))
    )


def _metric(said: dict[str, Any]) -> dict[str, Any]:
    return {"MetricName": said["MetricName"][:255], "Value": said["Value"], "Timestamp": said["Timestamp"]}


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: object) -> str | None:
    return value[:_TEXT] if isinstance(value, str) else None
