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

from salvia import protocol
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.db import Row
from salvia.store.documents import Document
from salvia.store.names import Place

if TYPE_CHECKING:
    from .call import Call
    from .resource import Resource

_MOST_ENTRIES = 20_000
_ENTRIES: dict[tuple[str, int], protocol.Kept] = {}  # by a document's id and version

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
    within: Within | None = None,
) -> tuple[list[Document], str | None]:
    """The documents of one page and the token of the next.

    Understands MaxResults, NextToken, SortBy, SortOrder, NameContains, StatusEquals and the time ranges. `where` is a
    further filter that needs the whole document; it, too, applies before the page is cut.
    """
    query = _Query(call, resource, request, within)
    found: list[Document] = []
    while True:
        rows = await query.rows("d.*")
        read = [Document.of(row) for row in rows]
        found += read if where is None else [document for document in read if where(document)]
        if len(found) > query.size or len(rows) <= query.size:
            break
        await asyncio.sleep(0)  # others' turn: a rare match may be many pages away
        query.go_on(rows[-1])
    if len(found) <= query.size:
        return found, None
    last = found[query.size - 1]
    return found[: query.size], query.token(getattr(last, query.column), last.id)


async def entries(
    call: Call,
    resource: Resource,
    request: Mapping[str, Any],
    summary: Callable[[Document], dict[str, Any]],
    *,
    within: Within | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """One page as List shows it, for summaries that show no more than their document; and the token of the next.

    An entry whose document did not change since it was last shown is not made again.
    """
    query = _Query(call, resource, request, within)
    rows = await query.rows(f"d.id AS id, d.version AS version, d.{query.column} AS {query.column}")
    shown = [(row["id"], row["version"]) for row in rows[: query.size]]
    unseen = [document_id for document_id, version in shown if (document_id, version) not in _ENTRIES]
    if len(_ENTRIES) + len(unseen) > _MOST_ENTRIES:
        _ENTRIES.clear()
        unseen = [document_id for document_id, _ in shown]
    fresh = documents.several(call.db.read(), unseen)
    found: list[dict[str, Any]] = []
    for key in shown:
        document = fresh.get(key[0])
        if document is not None:
            entry = protocol.Kept(summary(document))
            _ENTRIES[document.id, document.version] = entry
            found.append(entry)
        elif key in _ENTRIES:
            found.append(_ENTRIES[key])  # else it was deleted meanwhile
    if len(rows) <= query.size:
        return found, None
    last = rows[query.size - 1]
    return found, query.token(last[query.column], last["id"])


class _Query:
    """The rows of a List request, a page at a time."""

    def __init__(self, call: Call, resource: Resource, request: Mapping[str, Any], within: Within | None) -> None:
        account, region = resource.place(call.account, call.region)
        self._call, self._kind = call, resource.kind
        self._place = Place(resource.kind, account, region)
        self.column = _SORTS.get(_sort_by(resource, request.get("SortBy", "CreationTime")), "created_at")
        default = "Ascending" if resource.ascending else "Descending"
        descending = request.get("SortOrder", default).capitalize() == "Descending"
        self._direction, self._beyond = ("DESC", "<") if descending else ("ASC", ">")
        self.size: int = request.get("MaxResults") or resource.page
        self._conditions = ["kind = :kind", "account = :account", "region = :region"]
        self._values: dict[str, Any] = {**self._place._asdict(), "size": self.size + 1}
        self._indexed = self.column in {"created_at", "modified_at"}
        for member, (name, operator) in _RANGES.items():
            if request.get(member) is not None:
                self._where(f"{name} {operator} :{member}", {member: _seconds(request[member])})
        if request.get("StatusEquals") is not None:
            self._where("state = :state", {"state": request["StatusEquals"]}, indexed=False)
        self._contains: str = request.get("NameContains") or ""
        if within is not None:
            self._where(within.sql, within.values, indexed=False)
        if request.get("NextToken"):
            self._after(*self._position(request["NextToken"]))

    def _where(self, condition: str, values: Mapping[str, Any], *, indexed: bool = True) -> None:
        self._conditions.append(condition)
        self._values.update(values)
        self._indexed = self._indexed and indexed

    def _position(self, token: str) -> tuple[Any, str]:
        """The sort value and the id that a token names. Raises ValidationException."""
        found = decode_token(token)
        if not (isinstance(found, list) and len(found) == 5 and found[:3] == self._head()):
            raise validation_error("Invalid pagination token: it belongs to another request, or to another SortBy.")
        kind = str if self.column in {"name", "state"} else float
        if not (isinstance(found[3], kind) and isinstance(found[4], str)):
            raise validation_error("Invalid pagination token. Pass the NextToken of the last answer, unchanged.")
        return found[3], found[4]

    def _after(self, value: Any, document_id: str) -> None:
        if "after" not in self._values:
            self._conditions.append(f"({self.column}, id) {self._beyond} (:after, :after_id)")
        self._values["after"], self._values["after_id"] = value, document_id

    def _head(self) -> list[str]:
        return [self._kind, self.column, self._direction]

    def token(self, value: Any, document_id: str) -> str:
        """Names the last entry of a page."""
        return encode_token([*self._head(), value, document_id])

    def go_on(self, last: Row) -> None:
        """Continue after a row."""
        self._after(last[self.column], last["id"])

    async def _named(self) -> None:
        """Filter by name: by the few names that there are, or else by what they contain."""
        contains, self._contains = self._contains, ""
        if not contains:
            return
        names = await self._call.db.names(self._place, contains)
        if names is None:
            like = {"contains": f"%{_escape(contains.lower())}%"}
            self._where("LOWER(name) LIKE :contains ESCAPE '\\'", like, indexed=False)
        else:
            marked = {f"n{number}": name for number, name in enumerate(names or [""])}
            self._where(f"name IN ({', '.join(f':{mark}' for mark in marked)})", marked, indexed=False)

    async def rows(self, columns: str) -> list[Row]:
        """One more than a page, where there are more.

        Where an index finds a page's rows and no others, they are read as they come. Else ids come first: an index
        holds everything that filters and sorts, and rows are read for one page alone.
        """
        await self._named()
        chosen = f"FROM documents{{}} WHERE {' AND '.join(self._conditions)} ORDER BY {{}} LIMIT :size"
        page_order = f"d.{self.column} {self._direction}, d.id {self._direction}"
        if self._indexed:
            return self._call.db.read().all(f"SELECT {columns} {chosen.format(' d', page_order)}", self._values)
        ids = f"SELECT id {chosen.format('', f'{self.column} {self._direction}, id {self._direction}')}"
        sql = f"SELECT {columns} FROM ({ids}) page JOIN documents d ON d.id = page.id ORDER BY {page_order}"  # noqa: S608
        return await self._call.db.scan(sql, self._values)


def _sort_by(resource: Resource, value: str) -> str:
    """`TrainingJobName` sorts as Name does, `CREATION_TIME` as CreationTime: models spell it each way."""
    if value.isupper():
        value = value.title().replace("_", "")
    return "Name" if value == resource.key else value


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _seconds(moment: object) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else float(str(moment))
