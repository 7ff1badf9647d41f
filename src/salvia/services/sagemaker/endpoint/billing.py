"""What an endpoint costs: each instance, from when it came into service until it leaves, called or not.

"The endpoint must be deleted in order to stop incurring charges" (API_UpdateEndpoint). From when AWS charges, none of
its pages says, and what others write differs: here it is from InService.
"""

from __future__ import annotations

from collections.abc import Callable

from salvia.store import usage
from salvia.store.db import Transaction
from salvia.store.documents import Document
from salvia.store.usage import Use

from .fleets import SERVERLESS
from .replicas import Seen


def meter(endpoint: Document, found: list[Seen], now: float) -> Callable[[Transaction], None]:
    """What writes that replicas came into service or left, together with the document that says so."""
    news = []
    for seen in found:
        if seen.replica["type"] == SERVERLESS:
            continue  # which costs by the request: see `serving.serverless`
        bill = "runs" if seen.up else "ended"
        if seen.replica.get("served") and seen.replica.get("bill") != bill:
            seen.replica["bill"] = bill
            news.append(seen)

    def write(tx: Transaction) -> None:
        for seen in news:
            run, replica = str(seen.number), seen.replica
            use = Use("Hosting", replica["type"], part=replica["variant"], volume_gb=replica["volume_gb"])
            usage.start(tx, endpoint, run, use, max(_moments(seen, "InService"), default=now))
            if replica["bill"] == "ended":
                usage.end(tx, endpoint.id, min([now, *_moments(seen, "Exited")]), run)

    return write


def _moments(seen: Seen, phase: str) -> list[float]:
    moments = [member.report.get("moments", {}).get(phase) for member in seen.members]
    return [moment for moment in moments if moment is not None]
