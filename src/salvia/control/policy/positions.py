"""Where each statement of a policy stands in its text, in lines and columns.

A statement begins behind the bracket, comma or colon before it and ends behind its brace; lines and columns count
from one. Source: IAM API reference, SimulateCustomPolicy, whose sample puts the statement of a policy with one space
of indentation at line 3, column 16 to line 7, column 4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Position:
    """A line and a column."""

    line: int
    column: int


def positions(text: str) -> list[tuple[Position, Position]]:
    """Begin and end of each statement, in the order of a compiled document's statements."""
    return [(_position(text, start), _position(text, end)) for start, end in _statements(text)]


def _statements(text: str) -> Iterator[tuple[int, int]]:
    at = text.index("{") + 1
    while True:
        name, at = _DECODER.raw_decode(text, _skip(text, at))
        at = _skip(text, at) + 1  # behind the colon
        if name == "Statement":
            break
        _, at = _DECODER.raw_decode(text, _skip(text, at))
        at = _skip(text, at) + 1  # behind the comma
    value = _skip(text, at)
    many = text[value] == "["
    at = value + 1 if many else at
    while True:
        _, end = _DECODER.raw_decode(text, _skip(text, at))
        yield at, end
        at = _skip(text, end) + 1
        if not many or text[at - 1] == "]":
            return


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _position(text: str, at: int) -> Position:
    return Position(text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
