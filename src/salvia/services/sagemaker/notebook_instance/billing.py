"""What a notebook instance costs: its type while it is InService, its volume from its creation to its deletion.

Source: Amazon SageMaker pricing, "On-demand notebook instances"; the guide, "Stop a notebook instance": "you still
incur charges for the ML storage volume".
"""

from __future__ import annotations

from collections.abc import Callable

from salvia.control import jupyter
from salvia.store import usage
from salvia.store.db import Transaction
from salvia.store.documents import Document
from salvia.store.usage import Use


def run(tx: Transaction, document: Document, since: float) -> None:
    """The instance of this attempt is in service since then."""
    usage.start(tx, document, _run(document), Use("Notebook", document.spec["InstanceType"]), since)


def resting(document: Document, at: float) -> Callable[[Transaction], None]:
    """What writes that it is not, from then on."""
    run = _run(document)
    return lambda tx: usage.end(tx, document.id, at, run)


def keeping(document: Document, at: float) -> Callable[[Transaction], None]:
    """What writes that its volume has the size that it is said to have, since then; what it had before is over."""
    size, before = document.spec["VolumeSizeInGB"], document.status.get("_Metered")
    document.status["_Metered"] = size

    def write(tx: Transaction) -> None:
        if before != size:
            if before is not None:
                usage.end(tx, document.id, at, f"volume of {before}")
            usage.start(tx, document, f"volume of {size}", Use("Storage", "Notebook", size), at)

    return write


def _run(document: Document) -> str:
    return f"run {jupyter.attempt(document)}"
