"""Search and GetSearchSuggestions. Source: API_Search, API_GetSearchSuggestions.

Nothing is shared between accounts here, so a search of other accounts' resources finds nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from salvia.control import search
from salvia.control.call import Call, operation
from salvia.control.listing import Within, decode_token, encode_token
from salvia.control.resource import Resource
from salvia.control.search.expressions import Predicate, read_timestamp
from salvia.core.errors import validation_error
from salvia.protocol import service
from salvia.store.documents import Document

_PAGE = 100
_COLUMNS = {"CreationTime": "created_at", "LastModifiedTime": "modified_at"}
_ORDER = {"GreaterThan": ">", "GreaterThanOrEqualTo": ">=", "LessThan": "<", "LessThanOrEqualTo": "<="}
_SUGGESTED = 100


def _resource(call: Call) -> Resource:
    asked = call.request["Resource"]
    for resource in call.world.dispatch.resources.values():
        if resource.service == call.service and resource.searchable == asked:
            return resource
    raise validation_error(f"Salvia cannot search for {asked} yet.")


@operation("Search")
async def find(call: Call) -> dict[str, Any]:
    """Resources that match an expression, in the order of any property.

    Raises ValidationException for what the resource has not, or cannot be compared so.
    """
    request = call.request
    resource = _resource(call)
    shape = service(call.service).shape_for("SearchRecord").members[resource.noun]
    predicate, used = search.compile_expression(shape, request.get("SearchExpression"))
    predicate = _visible(request.get("VisibilityConditions") or (), predicate)
    order = search.find_property(shape, request.get("SortBy") or "LastModifiedTime")
    if order.kind == "whole":
        raise validation_error(f"Results cannot be sorted by '{order.name}': it is an object.")
    descending = request.get("SortOrder", "Descending") == "Descending"
    if request.get("CrossAccountFilterOption") == "CrossAccount":
        return {"Results": [], "TotalHits": {"Value": 0, "Relation": "EqualTo"}}
    after = None
    if request.get("NextToken"):
        token = decode_token(request["NextToken"])
        if not isinstance(token, list) or token[:3] != [resource.noun, order.name, descending]:
            raise validation_error("Invalid pagination token: it belongs to another search.")
        after = search.read_key(token[3:])
    found = await search.page(
        call,
        resource,
        predicate,
        used,
        order=order,
        descending=descending,
        size=request.get("MaxResults") or _PAGE,
        after=after,
        within=_columns(resource, request.get("SearchExpression") or {}),
    )
    result: dict[str, Any] = {
        "Results": [{resource.noun: record} for record in found.records],
        "TotalHits": {"Value": found.total, "Relation": "EqualTo"},
    }
    if found.last is not None:
        result["NextToken"] = encode_token([resource.noun, order.name, descending, *found.last])
    return result


def _visible(conditions: Any, predicate: Predicate) -> Predicate:
    """Leave out records that have the tag of a condition with another value. Source: API_VisibilityConditions."""
    wanted: dict[str, str] = {}
    for condition in conditions:
        prefix, _, key = str(condition.get("Key", "")).partition(".")
        if prefix != "Tags" or not key:
            raise validation_error("The Key of a visibility condition reads Tags.<key>.")
        wanted[key] = condition.get("Value", "")
    if not wanted:
        return predicate
    return lambda record: (
        predicate(record) and all(wanted.get(tag["Key"], tag["Value"]) == tag["Value"] for tag in record["Tags"])
    )


def _columns(resource: Resource, expression: dict[str, Any]) -> Within | None:
    """What the database can decide by itself: name, state and times, where all filters must hold."""
    if expression.get("Operator", "And") != "And":
        return None
    conditions: list[str] = []
    values: dict[str, Any] = {}
    for filter_ in expression.get("Filters") or ():
        name, test, value = filter_["Name"], filter_.get("Operator", "Equals"), filter_.get("Value")
        parameter = f"f{len(values)}"
        if test == "Equals" and name in (resource.key, resource.state):
            conditions.append(f"{'name' if name == resource.key else 'state'} = :{parameter}")
            values[parameter] = value
        elif test in _ORDER and name in _COLUMNS:
            conditions.append(f"{_COLUMNS[name]} {_ORDER[test]} :{parameter}")
            values[parameter] = read_timestamp(value, name)
    return Within(" AND ".join(conditions), values) if conditions else None


@operation("GetSearchSuggestions")
async def suggest(call: Call) -> dict[str, Any]:
    """Names of hyperparameters, parameters, metrics and tags that begin as the hint does."""
    resource = _resource(call)
    query = (call.request.get("SuggestionQuery") or {}).get("PropertyNameQuery") or {}
    hint = query.get("PropertyNameHint", "")
    names: set[str] = set()
    async for chunk in search.stream(call, resource):
        names |= await asyncio.to_thread(_suggestions, chunk, hint)
    return {"PropertyNameSuggestions": [{"PropertyName": name} for name in sorted(names)[:_SUGGESTED]]}


def _suggestions(chunk: list[Document], hint: str) -> set[str]:
    return {name for document in chunk for name in _names(document) if name.startswith(hint)}


def _names(document: Document) -> Iterator[str]:
    for member in ("HyperParameters", "Parameters"):
        for key in document.spec.get(member) or ():
            yield f"{member}.{key}"
    for metric in document.status.get("FinalMetricDataList") or ():
        yield f"Metrics.{metric['MetricName']}"
    for key in document.tags:
        yield f"Tags.{key}"
