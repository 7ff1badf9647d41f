"""The rule of a composite alarm: ALARM("a") AND NOT (OK(b) OR INSUFFICIENT_DATA(c)), TRUE and FALSE.

NOT binds closest, then AND, then OR. Source: CloudWatch API reference, PutCompositeAlarm, `AlarmRule`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..errors import not_valid

States = Mapping[str, str]
Test = Callable[[States], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<sign>[()])|(?P<word>AND|OR|NOT|TRUE|FALSE)\b"
    r"|(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)+)\"|(?P<plain>[^\s()\"]+))\s*\))"
)
_MOST = 100
_DEEPEST = 50


class Rule(NamedTuple):
    """The names of the alarms that a rule is about, and whether their states make it true."""

    names: tuple[str, ...]
    holds: Test


def parse(text: str) -> Rule:
    """Raises ValidationError for what is no rule."""
    parser = _Parser(text)
    test = parser.either(0)
    if parser.peek() is not None:
        raise parser.wrong()
    names = tuple(dict.fromkeys(parser.names))
    if not names or len(names) > _MOST:
        raise not_valid(f"AlarmRule must be about 1 to {_MOST} alarms.")
    return Rule(names, test)


class _Parser:
    def __init__(self, text: str) -> None:
        self.names: list[str] = []
        self._text = text
        self._at = 0
        self._next: re.Match[str] | None = None
        self._advance()

    def wrong(self) -> Exception:
        place = self._next.start() if self._next else self._at
        return not_valid(f"AlarmRule is no expression: it goes wrong at character {place + 1}.")

    def _advance(self) -> None:
        if self._next is not None:
            self._at = self._next.end()
        self._next = _TOKEN.match(self._text, self._at)
        if self._next is None and self._text[self._at :].strip():
            raise self.wrong()

    def peek(self) -> str | None:
        found = self._next
        return None if found is None else found["sign"] or found["word"] or "state"

    def either(self, depth: int) -> Test:
        tests = [self._both(depth)]
        while self.peek() == "OR":
            self._advance()
            tests.append(self._both(depth))
        return tests[0] if len(tests) == 1 else lambda states: any(test(states) for test in tests)

    def _both(self, depth: int) -> Test:
        tests = [self._not(depth)]
        while self.peek() == "AND":
            self._advance()
            tests.append(self._not(depth))
        return tests[0] if len(tests) == 1 else lambda states: all(test(states) for test in tests)

    def _not(self, depth: int) -> Test:
        if depth > _DEEPEST:
            raise not_valid(f"AlarmRule is nested more than {_DEEPEST} deep.")
        kind, found = self.peek(), self._next
        if kind is None or kind in (")", "AND", "OR"):
            raise self.wrong()
        assert found is not None
        self._advance()
        if kind == "NOT":
            inner = self._not(depth + 1)
            return lambda states: not inner(states)
        if kind == "(":
            test = self.either(depth + 1)
            if self.peek() != ")":
                raise self.wrong()
            self._advance()
            return test
        if kind in ("TRUE", "FALSE"):
            return lambda _: kind == "TRUE"
        name = re.sub(r"\\(.)", r"\1", found["quoted"]) if found["quoted"] else found["plain"]
        name = name.split(":", 6)[6] if name.startswith("arn:") and name.count(":") >= 6 else name
        self.names.append(name)
        state = found["state"]
        return lambda states: states.get(name) == state
