"""QueryLineage: a walk along associations, breadth first. Source: API_QueryLineage; guide, "Querying Lineage Entities".

Every entity is reached by a shortest way; each level of the walk is one query by an index. Filters choose what is
shown, not where the walk goes. With edges, what lies on the way to a match is shown too, and the start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.documents import Document

from .associations import entity, type_of

_DEPTH = 10
_PAGE = 50
_MANY = 500  # ids a query
_SIDES = {"Descendants": ("source",), "Ascendants": ("destination",), "Both": ("source", "destination")}
_TIMES: dict[str, Callable[[Document, float], bool]] = {
    "CreatedBefore": lambda document, at: document.created_at <= at,
    "CreatedAfter": lambda document, at: document.created_at >= at,
    "ModifiedBefore": lambda document, at: document.modified_at <= at,
    "ModifiedAfter": lambda document, at: document.modified_at >= at,
}


class _Walk(NamedTuple):
    """`depths` of what was reached, by id; `ways`: the edges by which each was reached first, by id."""

    depths: dict[str, int]
    ways: dict[str, list[Any]]


async def _walk(call: Call, start: str, sides: tuple[str, ...], depth: int) -> _Walk:
    walk = _Walk({start: 0}, {})
    level = [start]
    for distance in range(1, depth + 1):
        for side in sides:
            for row in await _edges(call, side, level):
                near, far = row[side], row["destination" if side == "source" else "source"]
                if walk.depths.get(near) == distance - 1 and walk.depths.setdefault(far, distance) == distance:
                    walk.ways.setdefault(far, []).append(row)
        level = [document_id for document_id, reached in walk.depths.items() if reached == distance]
        if not level:
            break
    return walk


async def _edges(call: Call, side: str, ids: list[str]) -> list[Any]:
    rows: list[Any] = []
    for first in range(0, len(ids), _MANY):
        names = {f"n{number}": document_id for number, document_id in enumerate(ids[first : first + _MANY])}
        marks = ", ".join(f":{name}" for name in names)
        rows += await call.db.scan(f"SELECT * FROM associations WHERE {side} IN ({marks}) ORDER BY id", names)  # noqa: S608
    return rows


@operation("QueryLineage")
async def query_lineage(call: Call) -> dict[str, Any]:
    """What an entity comes from, or leads to. Raises ValidationException without a start."""
    request = call.request
    if not request.get("StartArns"):
        raise validation_error("QueryLineage needs the ARN of an entity to start from, in StartArns.")
    start = entity(call, request["StartArns"][0], call.db.read())
    direction = request.get("Direction", "Both")
    walk = await _walk(call, start.id, _SIDES[direction], request.get("MaxDepth") or _DEPTH)
    found = await _load(call, list(walk.depths))
    filters = request.get("Filters") or {}
    chosen = {key for key, document in found.items() if key != start.id and _matches(document, filters)}
    edges: list[Any] = []
    if request.get("IncludeEdges"):
        waiting, seen = list(chosen), set(chosen)
        while waiting:
            for row in walk.ways.get(waiting.pop(), ()):
                edges.append(row)
                for end in (row["source"], row["destination"]):
                    if end not in seen:
                        seen.add(end)
                        waiting.append(end)
        chosen = (seen | {start.id}) & found.keys()
    return _answer(request, sorted((walk.depths[key], found[key].arn, key) for key in chosen), found, edges)


def _answer(
    request: dict[str, Any], order: list[tuple[int, str, str]], found: dict[str, Document], edges: list[Any]
) -> dict[str, Any]:
    after = decode_token(request["NextToken"]) if request.get("NextToken") else [-1, ""]
    if not (isinstance(after, list) and len(after) == 2 and isinstance(after[0], int) and isinstance(after[1], str)):
        raise validation_error("Invalid pagination token. Pass the NextToken of the last answer, unchanged.")
    size = request.get("MaxResults") or _PAGE
    rest = [entry for entry in order if entry[:2] > (after[0], after[1])]
    shown = {key: depth for depth, _, key in rest[:size]}
    depths = {key: depth for depth, _, key in order}
    result: dict[str, Any] = {
        "Vertices": [
            {"Arn": found[key].arn, "Type": type_of(found[key]), "LineageType": found[key].kind.partition(":")[2]}
            for key in shown
        ],
        # An edge comes with the end of it that is farther from the start.
        "Edges": [
            {
                "SourceArn": row["source_arn"],
                "DestinationArn": row["destination_arn"],
                "AssociationType": row["type"] or None,
            }
            for row in edges
            if max((row["source"], row["destination"]), key=lambda end: depths.get(end, -1)) in shown
        ],
    }
    if len(rest) > size:
        result["NextToken"] = encode_token(list(rest[size - 1][:2]))
    return result


async def _load(call: Call, ids: list[str]) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for first in range(0, len(ids), _MANY):
        found |= documents.several(call.db.read(), ids[first : first + _MANY])
        await asyncio.sleep(0)  # others' turn
    return found


def _matches(document: Document, filters: dict[str, Any]) -> bool:
    if filters.get("Types") and type_of(document) not in filters["Types"]:
        return False
    if filters.get("LineageTypes") and document.kind.partition(":")[2] not in filters["LineageTypes"]:
        return False
    for member, holds in _TIMES.items():
        if filters.get(member) is not None:
            at = filters[member]
            if not holds(document, at.timestamp() if isinstance(at, datetime) else float(at)):
                return False
    wanted = filters.get("Properties")
    properties = document.spec.get("Properties") or {}
    return not wanted or any(properties.get(key) == value for key, value in wanted.items())
