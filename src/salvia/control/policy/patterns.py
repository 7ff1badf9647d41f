"""Texts with wildcards and policy variables, compiled to tests.

A pattern takes time linear in the text it is tried on, whatever it holds: policies are written by users, and
`*a*a*a*a*…` must not keep a gateway busy.

Source: IAM user guide, "IAM policy elements: Variables and tags" and "Using wildcards in resource ARNs".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol


class Context(Protocol):
    """What is known of a request, by condition key in lower case; a dict is one."""

    def get(self, key: str, /) -> str | Sequence[str] | None:
        """The key's value or values; None when the request has no such key."""
        ...


class Each(tuple[str, ...]):
    """Values of a key that has one value by nature, of a request that holds several (two definitions, say).

    Each must satisfy a statement that allows; one that satisfies it is enough for a statement that denies.
    """


Test = Callable[[str, Context], bool]


@dataclass(frozen=True, slots=True)
class Variable:
    """`${key, 'default'}`."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`*`, or `?`."""

    many: bool


Token = str | Variable | Wildcard

STAR = Wildcard(many=True)
ONE = Wildcard(many=False)
_PIECE = re.compile(r"\$\{([^{}$]*|\$)\}|([*?])")
_NAME = re.compile(r"\s*([^,\s/]+(?:/[^,]*[^,\s])?)\s*(?:,\s*'([^']*)'\s*)?")


def tokens(text: str, *, wildcards: bool = True, variables: bool = True) -> tuple[Token, ...]:
    """Cut a pattern into literal texts, wildcards and variables. `${*}`, `${?}` and `${$}` are literal.

    Raises ValueError for a variable that is none.
    """
    found: list[Token] = []
    literal = ""
    position = 0
    for piece in _PIECE.finditer(text):
        literal += text[position : piece.start()]
        position = piece.end()
        inside, wildcard = piece.groups()
        if wildcard is not None:
            if wildcards:
                found += [literal] if literal else []
                literal = ""
                if not (wildcard == "*" and found and found[-1] == STAR):
                    found.append(STAR if wildcard == "*" else ONE)
            else:
                literal += wildcard
        elif not variables:
            literal += piece.group()
        elif inside in {"*", "?", "$"}:
            literal += inside
        else:
            name = _NAME.fullmatch(inside)
            if name is None:
                raise ValueError(f"'{piece.group()}' is no policy variable")
            found += [literal] if literal else []
            literal = ""
            found.append(Variable(name[1].lower(), name[2]))
    literal += text[position:]
    return (*found, literal) if literal or not found else tuple(found)


def pattern(
    text: str, *, wildcards: bool = True, variables: bool = True, fold: bool = False, unresolved: bool = False
) -> Test:
    """A test of whole texts against a pattern; `fold` ignores case, `unresolved` is its result while one of
    its variables has no value.
    """
    return compile_tokens(tokens(text, wildcards=wildcards, variables=variables), fold=fold, unresolved=unresolved)


def compile_tokens(parts: tuple[Token, ...], *, fold: bool = False, unresolved: bool = False) -> Test:
    """A test of whole texts against a cut pattern."""
    if any(isinstance(part, Variable) for part in parts):
        return _late(parts, fold, unresolved)
    if parts == (STAR,):
        return lambda value, context: True
    if len(parts) == 1 and isinstance(parts[0], str) and not fold:
        exact = parts[0]
        return lambda value, context: value == exact
    if len(parts) == 2 and isinstance(parts[0], str) and parts[1] == STAR and not fold:
        start = parts[0]
        return lambda value, context: value.startswith(start)
    match = re.compile(expression(parts), re.DOTALL | (re.IGNORECASE if fold else 0)).fullmatch
    return lambda value, context: match(value) is not None


def expression(parts: Sequence[Token]) -> str:
    """The regular expression of a cut pattern without variables, which never backtracks over a `*`.

    The leftmost place for what stands between two stars is as good as any other, so it is kept (`(?>…)`).
    """
    chunks = [""]
    for part in parts:
        if part == STAR:
            chunks.append("")
        else:
            chunks[-1] += "." if part == ONE else re.escape(str(part))
    if len(chunks) == 1:
        return chunks[0]
    middle = "".join(f"(?>.*?{chunk})" for chunk in chunks[1:-1])
    return f"{chunks[0]}{middle}.*{chunks[-1]}"


def _late(parts: tuple[Token, ...], fold: bool, unresolved: bool) -> Test:
    def test(value: str, context: Context) -> bool:
        filled = substitute(parts, context)
        return unresolved if filled is None else _compiled(filled, fold)(value, context)

    return test


def substitute(parts: tuple[Token, ...], context: Context) -> tuple[Token, ...] | None:
    """The pattern with every variable replaced by its value, taken literally; None when one has no value."""
    filled: list[Token] = []
    for part in parts:
        text: Token | None = part
        if isinstance(part, Variable):
            value = context.get(part.key)
            text = value if isinstance(value, str) else part.default
        if text is None:
            return None
        if isinstance(text, str) and filled and isinstance(filled[-1], str):
            filled[-1] += text
        else:
            filled.append(text)
    return tuple(filled)


@lru_cache(maxsize=4096)
def _compiled(parts: tuple[Token, ...], fold: bool) -> Test:
    return compile_tokens(parts, fold=fold)


def arn_pattern(text: str, *, variables: bool = True, unresolved: bool = False) -> Test:
    """A test of ARNs as ArnLike makes it: each of the six parts for itself."""
    sections = split_arn(text)
    if len(sections) < 6:
        return pattern(text, variables=variables, unresolved=unresolved)
    tests = [pattern(section, variables=variables, unresolved=unresolved) for section in sections]

    def test(value: str, context: Context) -> bool:
        parts = value.split(":", 5)
        return len(parts) == 6 and all(one(part, context) for one, part in zip(tests, parts, strict=True))

    return test


def split_arn(text: str) -> list[str]:
    """The up to six parts of an ARN pattern; the colon inside a variable parts nothing."""
    sections = [""]
    depth = 0
    for index, character in enumerate(text):
        if character == "{" and index and text[index - 1] == "$":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        if character == ":" and not depth and len(sections) < 6:
            sections.append("")
        else:
            sections[-1] += character
    return sections


class Actions:
    """A set of action patterns such as `s3:Get*`, in any case."""

    __slots__ = ("_exact", "_match")

    def __init__(self, patterns: Sequence[str]) -> None:
        cut = [tokens(text.lower(), variables=False) for text in patterns]
        self._exact = frozenset(str(parts[0]) for parts in cut if len(parts) == 1 and isinstance(parts[0], str))
        wild = [expression(parts) for parts in cut if len(parts) > 1 or not isinstance(parts[0], str)]
        self._match = re.compile("|".join(wild), re.DOTALL).fullmatch if wild else None

    def __contains__(self, action: str) -> bool:
        """Whether a pattern matches `action`, given in lower case."""
        return action in self._exact or (self._match is not None and self._match(action) is not None)
