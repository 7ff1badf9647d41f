"""The rows of a noun, in chunks, on a thread: other requests are served meanwhile.

The database leaves out what account, region and a few columns decide; the predicate sees the rest as records. Of the
matches only the best page is kept.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from salvia.control import crud
from salvia.control.call import Call
from salvia.control.listing import Within
from salvia.control.resource import Resource
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.db import Row
from salvia.store.documents import Document

from .expressions import Predicate
from .properties import Property, number

_CHUNK = 1_000

# (missing, or not; text, or not; value; id): comparable whatever the property's values are
Key = tuple[int, int, Any, str]


def read_key(parts: list[Any]) -> Key:
    """A key that came back in a token. Raises ValidationException for what no token held."""
    if len(parts) == 4:
        missing, text, value, document_id = parts
        typed = isinstance(value, str if text else int | float) and isinstance(document_id, str)
        if missing in (0, 1) and text in (0, 1) and typed:
            return missing, text, value, document_id
    raise validation_error("Invalid pagination token. Pass the NextToken of the last answer, unchanged.")


class Matches(NamedTuple):
    """A page of records, how many match in all, and the key of the last record when more follow."""

    records: list[dict[str, Any]]
    total: int
    last: Key | None


async def stream(call: Call, resource: Resource, within: Within | None = None) -> AsyncIterator[list[Document]]:
    """Every document of a noun in the caller's account and region."""
    account, region = resource.place(call.account, call.region)
    values: dict[str, Any] = {"kind": resource.kind, "account": account, "region": region, "size": _CHUNK}
    conditions = ["kind = :kind", "account = :account", "region = :region"]
    if within is not None:
        conditions.append(within.sql)
        values.update(within.values)
    beyond = ""
    while True:
        rows = await call.db.scan(
            f"SELECT * FROM documents WHERE {' AND '.join(conditions)} {beyond}"  # noqa: S608
            "ORDER BY created_at, id LIMIT :size",
            values,
        )
        if rows:
            yield await asyncio.to_thread(_decode, rows)
        if len(rows) < _CHUNK:
            return
        beyond = "AND (created_at, id) > (:after, :after_id) "
        values |= {"after": rows[-1]["created_at"], "after_id": rows[-1]["id"]}


def _decode(rows: list[Row]) -> list[Document]:
    return [Document.of(row) for row in rows]


async def page(
    call: Call,
    resource: Resource,
    predicate: Predicate,
    used: set[str],
    *,
    order: Property,
    descending: bool,
    size: int,
    after: Key | None = None,
    within: Within | None = None,
) -> Matches:
    """The best `size` matches behind `after`, in the order of a property; those without it come last."""
    total = 0
    best: list[Key] = []
    cut = heapq.nlargest if descending else heapq.nsmallest
    needed = used | {order.name.partition(".")[0]}
    async for chunk in stream(call, resource, within):
        joined = await _joins(call, resource, chunk, needed)

        def look(chunk: list[Document] = chunk, joined: Mapping[str, Any] = joined) -> list[Key]:
            found: list[Key] = []
            for document in chunk:
                record = as_record(resource, document, joined)
                if predicate(record):
                    found.append(_key(order, record, document.id, descending))
            return found

        keys = await asyncio.to_thread(look)
        total += len(keys)
        behind = keys if after is None else [key for key in keys if (key < after if descending else key > after)]
        best = cut(size + 1, [*best, *behind])
    shown = best[:size]
    by_id = documents.several(call.db.read(), [key[3] for key in shown])
    found = [by_id[key[3]] for key in shown if key[3] in by_id]
    joined = await _joins(call, resource, found, set(resource.joins))
    records = [as_record(resource, document, joined) for document in found]
    return Matches(records, total, shown[-1] if len(best) > size else None)


def as_record(resource: Resource, document: Document, joined: Mapping[str, Any]) -> dict[str, Any]:
    """What Search shows of a document: its description, its tags, and what it is joined with."""
    record = crud.describe(resource, document)
    record["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(document.tags.items())]
    for member, by_id in joined.items():
        record[member] = by_id.get(document.id)
    return record


async def _joins(call: Call, resource: Resource, chunk: list[Document], needed: set[str]) -> dict[str, Any]:
    return {member: await join(call.db, chunk) for member, join in resource.joins.items() if member in needed and chunk}


def _key(order: Property, record: dict[str, Any], document_id: str, descending: bool) -> Key:
    values = order.values(record)
    if not values:
        return (0 if descending else 1, 0, 0, document_id)
    present = 1 if descending else 0
    as_number = number(values[0]) if order.kind != "text" else None
    if as_number is not None:
        return (present, 0, as_number, document_id)
    return (present, 1, str(values[0]), document_id)
