"""One lister for every List operation.

Filters, then sorts, then cuts a page: a page is full unless it is the last. Tokens name the last entry by its sort
value and id, so that what is inserted meanwhile neither repeats nor hides an entry.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from salvia.core.errors import validation_error
from salvia.store.documents import Document

if TYPE_CHECKING:
    from .call import Call
    from .resource import Resource

# What a summary shows that needs nothing of the request: most of a row is its spec.
_SUMMARY = (
    "d.id, d.kind, d.account, d.region, d.name, d.arn, d.owner, d.state, d.created_at, d.modified_at, "
    "'{}' AS spec, d.status, '{}' AS tags, d.version, d.due_at, d.lock_token, d.node"
)
# SageMaker's models spell these ranges and filters the same for every noun.
_RANGES = {
    "CreationTimeAfter": ("created_at", ">="),
    "CreationTimeBefore": ("created_at", "<="),
    "LastModifiedTimeAfter": ("modified_at", ">="),
    "LastModifiedTimeBefore": ("modified_at", "<="),
    "CreatedAfter": ("created_at", ">="),
    "CreatedBefore": ("created_at", "<="),
    "ModifiedTimeAfter": ("modified_at", ">="),
    "ModifiedTimeBefore": ("modified_at", "<="),
}
_SORTS = {
    "CreationTime": "created_at",
    "LastModifiedTime": "modified_at",
    "Name": "name",
    "Status": "state",
    "Version": "name",  # numbered so that they sort as text
}


class Within(NamedTuple):
    """A further condition on rows, in SQL, and its parameters."""

    sql: str
    values: Mapping[str, Any]


def encode_token(value: object) -> str:
    """An opaque token that `decode_token` reads."""
    return base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


def decode_token(token: str) -> Any:
    """What `encode_token` was given. Raises ValidationException for anything else."""
    try:
        return orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, UnicodeError):
        raise validation_error("Invalid pagination token. Pass the NextToken of the last answer, unchanged.") from None


async def page(
    call: Call,
    resource: Resource,
    request: Mapping[str, Any],
    *,
    where: Callable[[Document], bool] | None = None,
    lean: bool = False,
    within: Within | None = None,
) -> tuple[list[Document], str | None]:
    """The documents of one page and the token of the next.

    Understands MaxResults, NextToken, SortBy, SortOrder, NameContains, StatusEquals and the time ranges. `where` is a
    further filter that needs the whole document; it, too, applies before the page is cut. `lean` documents come without
    spec and tags.
    """
    account, region = resource.place(call.account, call.region)
    column = _SORTS.get(_sort_by(resource, request.get("SortBy", "CreationTime")), "created_at")
    descending = request.get("SortOrder", "Descending").capitalize() == "Descending"
    size = request.get("MaxResults") or resource.page
    conditions = ["kind = :kind", "account = :account", "region = :region"]
    values: dict[str, Any] = {"kind": resource.kind, "account": account, "region": region, "size": size + 1}
    for member, (name, operator) in _RANGES.items():
        if request.get(member) is not None:
            conditions.append(f"{name} {operator} :{member}")
            values[member] = _seconds(request[member])
    if request.get("StatusEquals") is not None:
        conditions.append("state = :state")
        values["state"] = request["StatusEquals"]
    if request.get("NameContains"):
        conditions.append("LOWER(name) LIKE :contains ESCAPE '\\'")
        values["contains"] = f"%{_escape(request['NameContains'].lower())}%"
    if within is not None:
        conditions.append(within.sql)
        values.update(within.values)
    direction, beyond = ("DESC", "<") if descending else ("ASC", ">")
    if request.get("NextToken"):
        token = decode_token(request["NextToken"])
        if not (isinstance(token, list) and len(token) == 5 and token[:3] == [resource.kind, column, direction]):
            raise validation_error("Invalid pagination token: it belongs to another request, or to another SortBy.")
        if not (isinstance(token[3], str if column in {"name", "state"} else float) and isinstance(token[4], str)):
            raise validation_error("Invalid pagination token. Pass the NextToken of the last answer, unchanged.")
        values["after"], values["after_id"] = token[3], token[4]
        conditions.append(f"({column}, id) {beyond} (:after, :after_id)")
    found: list[Document] = []
    columns = _SUMMARY if lean and where is None else "d.*"
    while True:
        # Ids first: an index holds everything that filters and sorts, and rows are read for one page alone.
        rows = await _rows(
            call,
            f"SELECT {columns} FROM (SELECT id FROM documents WHERE {' AND '.join(conditions)} "  # noqa: S608
            f"ORDER BY {column} {direction}, id {direction} LIMIT :size) page "
            f"JOIN documents d ON d.id = page.id ORDER BY d.{column} {direction}, d.id {direction}",
            values,
            indexed=column in {"created_at", "modified_at"}
            and within is None
            and "contains" not in values
            and "state" not in values,
        )
        documents = [Document.of(row) for row in rows]
        found += documents if where is None else [document for document in documents if where(document)]
        if len(found) > size or len(rows) <= size:
            break
        await asyncio.sleep(0)  # others' turn: a rare match may be many pages away
        last = documents[-1]
        if "after" not in values:
            conditions.append(f"({column}, id) {beyond} (:after, :after_id)")
        values["after"], values["after_id"] = getattr(last, column), last.id
    if len(found) <= size:
        return found, None
    last_shown = found[size - 1]
    return found[:size], encode_token([resource.kind, column, direction, getattr(last_shown, column), last_shown.id])


async def _rows(call: Call, sql: str, values: dict[str, Any], *, indexed: bool) -> list[Any]:
    if indexed:
        return call.db.read().all(sql, values)
    return await call.db.scan(sql, values)


def _sort_by(resource: Resource, value: str) -> str:
    """`TrainingJobName` sorts as Name does, `CREATION_TIME` as CreationTime: models spell it each way."""
    if value.isupper():
        value = value.title().replace("_", "")
    return "Name" if value == resource.key else value


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _seconds(moment: object) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else float(str(moment))
