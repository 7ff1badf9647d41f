"""The part of JSONPath that SageMaker has: `$`, `.name`, `*`, `['a','b']`, `[1,3]`, `[start:end]`.

Source: developer guide, "Associate prediction results with input records", "Supported JSONPath operators", which refers
to the library JsonPath of Java. The page calls the end of a slice included; that library, and with it the jobs of
people who write `$[0:-1]` for all columns but the last, leave it out, as here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

_NAME = r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\""
_INDEX = r"-?\d+(?!\s*:)|(?:-?\d+)?\s*:\s*(?:-?\d+)?"
_STEP = re.compile(
    rf"""\.(?P<name>[^.\[\]*'"\s:,$]+)
    | \.?\[\s*(?P<names>(?:{_NAME})(?:\s*,\s*(?:{_NAME}))*)\s*\]
    | \[\s*(?P<items>(?:{_INDEX})(?:\s*,\s*(?:{_INDEX}))*)\s*\]
    | (?P<all>\.\*|\.?\[\s*\*\s*\])""",
    re.VERBOSE,
)
_NAMES, _ESCAPE = re.compile(_NAME), re.compile(r"\\(.)")

# One value in, the values that the step finds out.
Step = Callable[[Any], Iterator[Any]]


class JsonPath:
    """A compiled path. Raises ValueError for a text that is none."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.positional = True  # whether it names no attribute: rows of CSV have none
        self._many = False
        self._steps: list[Step] = []
        if not text.startswith("$"):
            raise ValueError("it must begin with '$'")
        at = 1
        while at < len(text):
            found = _STEP.match(text, at)
            if found is None:
                raise ValueError(f"'{text[at:]}' is no supported operator")
            self._steps.append(self._step(found))
            at = found.end()

    def select(self, document: Any) -> Any:
        """What the path finds: one value, or a list where it may be several. Raises LookupError if there is none."""
        values = [document]
        for step in self._steps:
            values = [found for value in values for found in step(value)]
        return values if self._many else values[0]

    def _step(self, found: re.Match[str]) -> Step:
        if found["all"]:
            self._many = True
            return _everything
        if found["items"]:
            items = [_item(text) for text in found["items"].split(",")]
            self._many = self._many or len(items) > 1 or isinstance(items[0], slice)
            return lambda value: _at(value, items)
        self.positional = False
        if found["name"]:
            return lambda value: iter((_member(value, found["name"]),))
        names = [_ESCAPE.sub(r"\1", one[1] or one[2] or "") for one in _NAMES.finditer(found["names"])]
        if len(names) == 1:
            return lambda value: iter((_member(value, names[0]),))
        return lambda value: iter(({name: _member(value, name) for name in names},))


def _item(text: str) -> int | slice:
    if ":" not in text:
        return int(text)
    start, _, end = (part.strip() for part in text.partition(":"))
    return slice(int(start) if start else None, int(end) if end else None)


def _everything(value: Any) -> Iterator[Any]:
    if not isinstance(value, (dict, list)):
        raise LookupError("there is neither an object nor an array for '*'")
    return iter(value.values() if isinstance(value, dict) else value)


def _at(value: Any, items: list[int | slice]) -> Iterator[Any]:
    if not isinstance(value, list):
        raise LookupError("there is no array for an index")
    for item in items:
        if isinstance(item, slice):
            yield from value[item]
        elif -len(value) <= item < len(value):
            yield value[item]
        else:
            raise LookupError(f"there is no index {item}: there are {len(value)} elements")


def _member(value: Any, name: str) -> Any:
    if not isinstance(value, dict) or name not in value:
        raise LookupError(f"there is no attribute '{name}'")
    return value[name]
