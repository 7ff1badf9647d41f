"""What Studio costs: an app's type while it is InService, a space's files from its first app until it is deleted.

Source: Amazon SageMaker pricing, "Studio": instances by the second, storage of spaces by the month.
"""

from __future__ import annotations

from salvia.control import jupyter
from salvia.store import usage
from salvia.store.db import Transaction
from salvia.store.documents import Document
from salvia.store.usage import Use

METERED = "_Metered"  # in a space's status


def run(tx: Transaction, app: Document, since: float) -> None:
    """The app is in service since then."""
    usage.start(tx, app, _run(app), Use("Studio", app.spec["ResourceSpec"]["InstanceType"]), since)


def rest(tx: Transaction, app: Document, at: float) -> None:
    """It is so no more."""
    usage.end(tx, app.id, at, _run(app))


def keep(tx: Transaction, space: Document, at: float, size: int) -> None:
    """A space's files have so many GB to grow to, since then; `space` is to be stored."""
    if space.status.get(METERED) != size:
        usage.end(tx, space.id, at)
        usage.start(tx, space, f"volume since {at}", Use("Storage", "Studio", size), at)
        space.status[METERED] = size


def _run(app: Document) -> str:
    return f"run {jupyter.attempt(app)}"
