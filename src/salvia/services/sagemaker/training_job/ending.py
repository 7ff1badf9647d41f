"""How a training job ended, in words: from what its agents reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from salvia.control import endings
from salvia.control.instances import Instance
from salvia.store.documents import Document

from .hosts import hosts

_REASON = 1024  # FailureReason's maximum length in the model


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is None for success. `ours`: Salvia failed, not the program; only that is ever retried."""

    reason: str | None
    ours: bool = False


def verdict(instances: list[Instance], job: Document) -> Verdict:
    """Whether the program succeeded on every instance; else the first failure, and what to do about it."""
    failed = [instance for instance in instances if instance.exit and not endings.succeeded(instance.exit)]
    if not failed:
        return Verdict(None)
    # What failed first is the cause; the others fail because their peer is gone.
    # Bad data, which its host calls ClientError, comes before the peers that fail in its wake.
    first = min(failed, key=lambda one: (not _blames_client(one), one.report.get("times", {}).get("Exited", 0.0)))
    ended = first.exit or {}
    kind = hosts(job)[first.position].kind
    reason = endings.reason(ended, f"algo-{first.position + 1}", kind, "train", alone=len(instances) == 1)
    return Verdict(reason[:_REASON], ours=endings.ours(ended))


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
