"""Filter patterns for log events that are JSON objects: `{ ($.user.id = 1) && ($.users[0].email = "a@*") }`.

    or    ◀─ and ( "||" and )*
    and   ◀─ test ( "&&" test )*
    test  ◀─ "(" or ")" | selector operator value
           | selector "IS" ( "NULL" | "TRUE" | "FALSE" ) | selector "NOT" "EXISTS"

Source: CloudWatch Logs user guide, "Using filter patterns to match terms in JSON log events".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from .errors import invalid

Test = Callable[[Any], bool]
_TOKEN = re.compile(
    r"""\s*(?:(?P<selector>\$(?:\.[A-Za-z0-9_\-@]+|\[\d{1,6}\])+)
        |(?P<quoted>"(?:[^"\\]|\\.)*")
        |(?P<symbol>&&|\|\||<=|>=|!=|=|<|>|\(|\))
        |(?P<word>[^\s"=<>!()&|{}]+))""",
    re.VERBOSE,
)
_STEP = re.compile(r"\.([A-Za-z0-9_\-@]+)|\[(\d+)\]")
_ESCAPE = re.compile(r"\\(.)")
_NUMBER = re.compile(r"[-+]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][-+]?\d{1,3})?")
_DEEPEST = 32
_ABSENT = object()


def compiled(pattern: str) -> Callable[[str], bool]:
    """What tells whether a message is a JSON object that matches. Raises InvalidParameterException."""
    if not pattern.endswith("}"):
        raise invalid("Invalid filter pattern: the closing } is missing.")
    test = _Parser(_tokens(pattern[1:-1])).pattern()

    def match(message: str) -> bool:
        if not message.lstrip().startswith("{"):
            return False
        try:
            return test(orjson.loads(message))
        except orjson.JSONDecodeError:
            return False

    return match


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None or token.lastgroup is None:
            raise invalid(f"Invalid filter pattern: '{text[place : place + 40]}' cannot be read.")
        tokens.append((token.lastgroup, token[token.lastgroup]))
        place = token.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def pattern(self) -> Test:
        test = self._any()
        if self._place < len(self._tokens):
            raise self._unexpected()
        return test

    def _any(self) -> Test:
        tests = [self._all()]
        while self._take("symbol", "||"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)

    def _all(self) -> Test:
        tests = [self._test()]
        while self._take("symbol", "&&"):
            tests.append(self._test())
        return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)

    def _test(self) -> Test:
        if self._take("symbol", "("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise invalid(f"Invalid filter pattern: more than {_DEEPEST} parentheses lie within each other.")
            test = self._any()
            self._depth -= 1
            if not self._take("symbol", ")"):
                raise self._unexpected()
            return test
        selector = self._take("selector")
        if selector is None:
            raise self._unexpected()
        steps = [name or int(index) for name, index in _STEP.findall(selector)]
        if self._take("word", "NOT") and self._take("word", "EXISTS"):
            return lambda value: _select(value, steps) is _ABSENT
        if self._take("word", "IS"):
            for word, constant in (("NULL", None), ("TRUE", True), ("FALSE", False)):
                if self._take("word", word):
                    return lambda value, constant=constant: _select(value, steps) is constant  # type: ignore[misc]
            raise self._unexpected()
        return self._comparison(steps)

    def _comparison(self, steps: list[str | int]) -> Test:
        operator = self._take("symbol")
        if operator not in _COMPARE:
            raise self._unexpected(back=operator is not None)
        quoted = self._take("quoted")
        if quoted is not None:
            text = _ESCAPE.sub(r"\1", quoted[1:-1])
        else:
            word = self._take("word")
            if word is None:
                raise self._unexpected()
            if word.startswith("%"):
                raise invalid("Invalid filter pattern: regular expressions (%…%) are not implemented.")
            text = word
        if operator in {"=", "!="}:
            number = float(text) if quoted is None and _NUMBER.fullmatch(text) else None
            wanted = operator == "="
            return lambda value: _equal(_select(value, steps), text, number, wanted)
        if not _NUMBER.fullmatch(text):
            raise invalid(f"Invalid filter pattern: '{operator}' compares numbers, and '{text}' is none.")
        compare, limit = _COMPARE[operator], float(text)

        def test(value: Any) -> bool:
            found = _select(value, steps)
            return isinstance(found, int | float) and not isinstance(found, bool) and compare(found, limit)

        return test

    def _take(self, kind: str, text: str | None = None) -> str | None:
        if self._place < len(self._tokens):
            found, value = self._tokens[self._place]
            if found == kind and (text is None or value == text):
                self._place += 1
                return value
        return None

    def _unexpected(self, *, back: bool = False) -> Exception:
        place = self._place - back
        if place >= len(self._tokens):
            return invalid("Invalid filter pattern: it ends too early.")
        return invalid(f"Invalid filter pattern: '{self._tokens[place][1]}' is not expected there.")


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "=": lambda found, limit: found == limit,
    "!=": lambda found, limit: found != limit,
    "<": lambda found, limit: found < limit,
    ">": lambda found, limit: found > limit,
    "<=": lambda found, limit: found <= limit,
    ">=": lambda found, limit: found >= limit,
}


def _select(value: Any, steps: list[str | int]) -> Any:
    for step in steps:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return _ABSENT
            value = value[step]
        else:
            if not isinstance(value, list) or step >= len(value):
                return _ABSENT
            value = value[step]
    return value


def _equal(found: Any, text: str, number: float | None, wanted: bool) -> bool:
    """Objects, arrays, null and what is absent match neither `=` nor `!=`."""
    if isinstance(found, bool):
        return (str(found).lower() == text.lower() or text == "*") == wanted
    if isinstance(found, int | float):
        same = found == number if number is not None else "*" in text and _like(f"{found:g}", text)
        return same == wanted
    return isinstance(found, str) and _like(found, text) == wanted


def _like(text: str, pattern: str) -> bool:
    """Whether `*` in the pattern can stand for what is between the rest. Takes linear time."""
    first, *others = pattern.split("*")
    if not others:
        return text == first
    last = others.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in others:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True
