"""How a training job ended, in words: from what its agents reported."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Any

from salvia.control.instances import Instance
from salvia.store.documents import Document

from .hosts import hosts

_KINDS = ("AlgorithmError", "ClientError", "InternalServerError")  # an image may say itself whose fault it was
_REASON = 1024  # FailureReason's maximum length in the model


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is None for success. `ours`: Salvia failed, not the program; only that is ever retried."""

    reason: str | None
    ours: bool = False


def verdict(instances: list[Instance], job: Document) -> Verdict:
    """Whether the program succeeded on every instance; else the first failure, and what to do about it."""
    failed = [instance for instance in instances if instance.exit and not _succeeded(instance.exit)]
    if not failed:
        return Verdict(None)
    # What failed first is the cause; the others fail because their peer is gone.
    # Bad data, which its host calls ClientError, comes before the peers that fail in its wake.
    first = min(failed, key=lambda one: (not _blames_client(one), one.report.get("times", {}).get("Exited", 0.0)))
    ended = first.exit or {}
    reason = _reason(ended, f"algo-{first.position + 1}", hosts(job)[first.position].kind, alone=len(instances) == 1)
    return Verdict(reason[:_REASON], ours=_is_ours(ended))


def lost(instance: Instance) -> str:
    """The reason of a job whose agent ended without a word."""
    return (
        f"InternalServerError: the instance algo-{instance.position + 1} was lost while its phase was "
        f"{instance.phase}: its agent ended without reporting how. Start the job again."
    )


def final_metrics(instances: list[Instance]) -> list[dict[str, Any]]:
    """The last value of each metric; the first host that has one speaks for the job."""
    found: dict[str, dict[str, Any]] = {}
    for instance in instances:
        for metric in instance.report.get("metrics") or ():
            found.setdefault(metric["MetricName"], metric)
    return [
        {"MetricName": name, "Value": metric["Value"], "Timestamp": metric["Timestamp"]}
        for name, metric in sorted(found.items())
    ]


def _blames_client(instance: Instance) -> bool:
    return ((instance.exit or {}).get("failure") or "").startswith("ClientError")


def _is_ours(ended: dict[str, Any]) -> bool:
    if ended.get("error"):
        return bool(ended["error"]["code"] == "InternalError")
    return not any(ended.get(member) for member in ("oom", "failure", "signal")) and ended.get("code") is None


def _succeeded(ended: dict[str, Any]) -> bool:
    return ended.get("code") == 0 and not ended.get("error") and not ended.get("signal")


def _reason(ended: dict[str, Any], host: str, instance_type: str, *, alone: bool) -> str:
    where = "" if alone else f" on {host}"
    if ended.get("error"):
        code = ended["error"]["code"].replace("InternalError", "InternalServerError")  # as SageMaker spells it
        return f"{code}: {ended['error']['message']}"
    if ended.get("oom"):
        return (
            f"AlgorithmError: the program{where} ran out of memory: it needed more than {instance_type} has on this "
            "machine. Choose an instance type with more memory, or train on less data at once."
        )
    tail = [line for line in ended.get("log_tail") or () if line.strip()]
    last = f" Its last line: {tail[-1].strip()}" if tail else " It printed nothing."
    if ended.get("failure"):
        said = ended["failure"].strip()
        kind = "" if said.startswith(_KINDS) else "AlgorithmError: "
        return f"{kind}{said}, exit code: {ended.get('code')}{where}"
    if ended.get("signal"):
        name = f" ({signal.Signals(ended['signal']).name})" if ended["signal"] in set(signal.Signals) else ""
        return f"AlgorithmError: the program{where} was killed by signal {ended['signal']}{name}.{last}"
    if ended.get("code") is None:
        return f"InternalServerError: the instance {host} was stopped from outside before its program ran. Try again."
    return f"AlgorithmError: the program{where} ended with exit code {ended.get('code')}.{last}"
