r"""The models' patterns, written for Java, as Python's regular expressions.

Java's `\d`, `\w`, `\s` are ASCII (so are ours: re.ASCII), it knows Unicode categories (`\p{L}`), takes a
hyphen for itself where it can form no range (`[\w-_]`), and spells characters beyond U+FFFF as two
surrogates. A value must match as a whole.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache, cached_property
from itertools import groupby

_POSIX = {
    "Alnum": "0-9A-Za-z",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Lower": "a-z",
    "Upper": "A-Z",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r"\x20\t\n\x0b\f\r",
    "XDigit": "0-9A-Fa-f",
    "ASCII": r"\x00-\x7f",
    "Graph": "!-~",
    "Print": r"\x20-~",
}
#: Patterns that take exponential time to refuse, and others that accept the same text.
_EQUIVALENT = {
    r"https://([.\-_a-zA-Z0-9]+/?){3,1016}": r"https://([.\-_a-zA-Z0-9]/?){3,1016}",
    r"[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?": r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
}
_PAIR = re.compile(r"\\u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})")
# `$` with a bound after it is a slip of the model's authors: `([\p{L}…]*)${1,128}`.
_BOUNDED_END = re.compile(r"(?<!\\)\$\{\d+(,\d*)?\}")
_ESCAPE = re.compile(r"\\(p\{\^?[A-Za-z]+\}|P\{[A-Za-z]+\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_BEYOND = (sys.maxunicode, sys.maxunicode)  # no character is there: a class of nothing
_CLASS_ESCAPES = "dDwWsSpP"


class Pattern:
    """A model's pattern, compiled when a text needs it: all of Unicode takes a fifth of a second, most text is ASCII.

    Raises re.error.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._ascii = re.compile(_translated(pattern, 0x80), re.ASCII)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Whether the whole text matches."""
        return (self._ascii if text.isascii() else self._unicode).fullmatch(text)

    @cached_property
    def _unicode(self) -> re.Pattern[str]:
        return re.compile(translate(self._pattern), re.ASCII)


@cache
def compiled(pattern: str) -> Pattern:
    """The one `Pattern` of a model's `pattern`."""
    return Pattern(pattern)


def translate(pattern: str) -> str:
    """`pattern` in Python's dialect."""
    return _translated(pattern, sys.maxunicode + 1)


def _translated(pattern: str, size: int) -> str:
    """`pattern`, for texts of the first `size` characters."""
    pattern = _EQUIVALENT.get(pattern, pattern)
    pattern = _PAIR.sub(_join_surrogates, pattern)
    pattern = _BOUNDED_END.sub("$", pattern)
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        if pattern[position] == "[":
            text, position = _class(pattern, position, size)
        else:
            text, position = _outside(pattern, position, size)
        parts.append(text)
    return "".join(parts)


def _outside(pattern: str, position: int, size: int) -> tuple[str, int]:
    escape = _ESCAPE.match(pattern, position)
    if escape is None:
        return pattern[position], position + 1
    text = escape[1]
    if text[0] in "pP" and len(text) > 1:
        inner, negated = _category(text, size)
        return f"[{'^' if negated else ''}{inner}]", escape.end()
    if text == "z":
        return r"\Z", escape.end()
    if text == "/":  # Python would warn of nothing here, but a plain slash is what is meant
        return "/", escape.end()
    return escape.group(), escape.end()


def _class(pattern: str, start: int, size: int) -> tuple[str, int]:
    """The character class that opens at `start`, and the position after it."""
    parts = ["["]
    position = start + 1
    if pattern.startswith("^", position):
        parts.append("^")
        position += 1
    first = True
    previous_is_set = False
    while position < len(pattern):
        character = pattern[position]
        if character == "]" and not first:
            parts.append("]")
            return "".join(parts), position + 1
        first = False
        if character == "\\":
            text, position, is_set = _class_escape(pattern, position, size)
            parts.append(text)
            previous_is_set = is_set
            continue
        if character == "-":
            after = _ESCAPE.match(pattern, position + 1)
            next_is_set = after is not None and after[1][0] in _CLASS_ESCAPES
            parts.append(r"\-" if previous_is_set or next_is_set else "-")
        elif character in "[&~|":  # Python reserves `[[`, `&&`, `~~` and `||` in classes and warns
            parts.append("\\" + character)
        else:
            parts.append(character)
        previous_is_set = False
        position += 1
    raise re.error("unterminated character class", pattern, start)


def _class_escape(pattern: str, position: int, size: int) -> tuple[str, int, bool]:
    escape = _ESCAPE.match(pattern, position)
    if escape is None:
        raise re.error("bad escape at the end of the pattern", pattern, position)
    text = escape[1]
    if text[0] in "pP" and len(text) > 1:
        inner, negated = _category(text, size)
        return _complement(inner, size) if negated else inner, escape.end(), True
    return escape.group(), escape.end(), text in _CLASS_ESCAPES


def _category(escape: str, size: int) -> tuple[str, bool]:
    """What stands between brackets for `p{L}`, and whether the escape negates it."""
    name = escape[2:-1]
    negated = (escape[0] == "P") != name.startswith("^")
    name = name.lstrip("^")
    return _POSIX.get(name) or _ranges(name.removeprefix("Is"), size), negated


@cache
def _ranges(category: str, size: int) -> str:
    """The characters whose Unicode category starts with `category`, as ranges of a class."""
    found = sorted(run for name, runs in _categories(size).items() if name.startswith(category) for run in runs)
    if not found and size > sys.maxunicode:
        raise re.error(f"unknown Unicode category '{category}'")
    return _as_ranges(found or [_BEYOND])


@cache
def _complement(inner: str, size: int) -> str:
    members = re.compile(f"[{inner}]")
    return _as_ranges([(code, code) for code in range(size) if not members.match(chr(code))] or [_BEYOND])


@cache
def _categories(size: int) -> dict[str, list[tuple[int, int]]]:
    """Of each category, its runs of characters, first and last. What is unassigned or private nobody asks for."""
    result: dict[str, list[tuple[int, int]]] = {}
    # The planes between and beyond hold no characters.
    for codes in (range(min(size, 0x40000)), range(min(size, 0xE0000), min(size, 0xE1000))):
        code = codes.start
        for category, run in groupby(map(unicodedata.category, map(chr, codes))):
            length = len(list(run))
            if category not in ("Cn", "Co", "Cs"):
                result.setdefault(category, []).append((code, code + length - 1))
            code += length
    return result


def _as_ranges(runs: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    start, previous = runs[0]
    for first, last in [*runs[1:], (sys.maxunicode + 2, 0)]:
        if first != previous + 1:
            parts.append(f"\\U{start:08x}" + (f"-\\U{previous:08x}" if previous > start else ""))
            start = first
        previous = last
    return "".join(parts)


def _join_surrogates(match: re.Match[str]) -> str:
    high, low = int(match[1], 16), int(match[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"
