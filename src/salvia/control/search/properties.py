"""Properties of a record: `InputDataConfig.DataSource.S3DataSource.S3Uri`, `HyperParameters.eta`, `Tags.team`.

A path is read along the record's shape. Lists are walked through: a property may have several values. Source:
API_Filter; developer guide, "Search".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from salvia.core.errors import validation_error

Values = Callable[[Any], list[Any]]

_KINDS = {
    "string": "text",
    "timestamp": "timestamp",
    "boolean": "boolean",
    "integer": "number",
    "long": "number",
    "float": "number",
    "double": "number",
}
_STATISTICS = ("Min", "Max", "Avg", "Last", "Count", "StdDev")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


class Property(NamedTuple):
    """`kind` is text, number, timestamp, boolean, `any` (text that may be a number) or `whole` (no scalar)."""

    name: str
    kind: str
    values: Values


def find_property(shape: Any, name: str, *, element: bool = False) -> Property:
    """The property of that name. Raises ValidationException when records of that shape have none.

    `element` is for the shape of a list's element, where Tags and Metrics mean nothing more than they say.
    """
    special = None if element else _special(shape, name)
    found = special or _walk(shape, name)
    if found is None:
        raise validation_error(f"Invalid property name '{name}': {shape.name} has no such property.")
    return Property(name, *found)


def _special(shape: Any, name: str) -> tuple[str, Values] | None:
    head, _, rest = name.partition(".")
    if head == "Tags" and rest and "Tags" in shape.members:
        return "text", lambda record: [tag["Value"] for tag in record.get("Tags") or () if tag["Key"] == rest]
    if head == "Metrics" and rest and "FinalMetricDataList" in shape.members:
        return "number", _metric("FinalMetricDataList", rest, "Value")
    if head == "Metrics" and rest and "Metrics" in shape.members:
        metric, _, statistic = rest.rpartition(".")
        if statistic in _STATISTICS:
            return "number", _metric("Metrics", metric, statistic)
        return "number", _metric("Metrics", rest, "Last")
    return None


def _metric(member: str, name: str, statistic: str) -> Values:
    return lambda record: [
        metric[statistic]
        for metric in record.get(member) or ()
        if metric["MetricName"] == name and metric.get(statistic) is not None
    ]


def _walk(shape: Any, path: str) -> tuple[str, Values] | None:
    if not path:
        return _KINDS.get(shape.type_name, "whole"), lambda value: [value]
    if shape.type_name == "list":
        return _walk_list(shape, path)
    if shape.type_name == "map":
        return _walk_map(shape, path)
    if shape.type_name != "structure":
        return None
    head, _, rest = path.partition(".")
    member = shape.members.get(head)
    found = _walk(member, rest) if member is not None else None
    if found is None:
        return None
    kind, inner = found
    return kind, lambda value: inner(value[head]) if value.get(head) is not None else []


def _walk_list(shape: Any, path: str) -> tuple[str, Values] | None:
    found = _walk(shape.member, path)
    if found is None:
        return None
    kind, inner = found
    return kind, lambda value: [one for item in value for one in inner(item)]


def _walk_map(shape: Any, path: str) -> tuple[str, Values]:
    """What follows is a key, which may have dots; a map's structures are unions, or their member is named last."""
    if shape.value.type_name == "structure":
        key, _, member = path.rpartition(".")
        if key and member in shape.value.members:
            kind = _KINDS.get(shape.value.members[member].type_name, "whole")
            return kind, lambda value: [found] if (found := (value.get(key) or {}).get(member)) is not None else []
        return "any", lambda value: [one for one in (value.get(path) or {}).values() if one is not None]
    kind = _KINDS.get(shape.value.type_name, "whole")
    return "any" if kind == "text" else kind, lambda value: [value[path]] if value.get(path) is not None else []


def number(value: object) -> float | None:
    """A number, or text that reads as one."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            return None
        value = float(value)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
