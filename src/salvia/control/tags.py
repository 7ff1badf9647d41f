"""Tags of a document, changed: the same for every service, but for its words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from salvia.core.errors import ServiceError
from salvia.store import documents, usage
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from .call import Call

MOST = 50  # a resource; AWS's quota, of whatever service
Find = Callable[[Call, Reader], Document]


def reserved(tags: Mapping[str, str]) -> bool:
    """Whether a key is AWS's own."""
    return any(key.lower().startswith("aws:") for key in tags)


async def add(
    call: Call, find: Find, added: Mapping[str, str], too_many: Callable[[Document], ServiceError]
) -> dict[str, str]:
    """Add or replace tags of what `find` finds; returns all that it has. Raises what `too_many` makes of too many."""

    def edit(document: Document) -> None:
        document.tags |= added
        if len(document.tags) > MOST:
            raise too_many(document)

    return await _change(call, find, edit)


async def remove(call: Call, find: Find, keys: Iterable[str]) -> None:
    """Remove tags of what `find` finds; keys that are not there are passed over."""

    def edit(document: Document) -> None:
        for key in keys:
            document.tags.pop(key, None)

    await _change(call, find, edit)


async def _change(call: Call, find: Find, edit: Callable[[Document], None]) -> dict[str, str]:
    def work(tx: Transaction) -> dict[str, str]:
        document = find(call, tx)
        edit(document)
        documents.update(tx, document)
        usage.tag(tx, document)
        return document.tags

    return await call.db.write(work)
