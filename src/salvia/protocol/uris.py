"""The URIs of the REST protocols: query strings, and a table from method and path to operation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

from salvia.core.errors import ServiceError
from salvia.core.http import Headers

from .models import BUILDING

MAX_PAIRS = 100_000
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")

Query = dict[str, list[str]]


def decode(text: str, code: str) -> str:
    """`text` percent-decoded, once. Raises a ServiceError `code` when it is no UTF-8 or badly escaped."""
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise ServiceError(code, "Couldn't parse the specified URI: '%' is not followed by two digits.")
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ServiceError(code, "Couldn't parse the specified URI: it is not UTF-8.") from None


def pairs(query: str, code: str) -> Query:
    """The keys and values of a query string or form, decoded, in order. Raises a ServiceError `code`."""
    result: Query = {}
    if not query:
        return result
    if query.count("&") >= MAX_PAIRS:
        raise ServiceError(code, f"A request has at most {MAX_PAIRS} parameters.")
    for part in query.split("&"):
        if part:
            key, _, value = part.replace("+", " ").partition("=")
            result.setdefault(decode(key, code), []).append(decode(value, code))
    return result


@dataclass(slots=True)
class _Entry:
    """One operation: what it needs beside its method and path."""

    operation: Any
    labels: list[str]
    literals: dict[str, str | None]
    query: list[str]
    headers: list[str]
    known: frozenset[str]  # every key of the query that it understands
    deprecated: bool

    def fits(self, query: Query) -> bool:
        for key, value in self.literals.items():
            if key not in query or (value is not None and value not in query[key]):
                return False
        return True

    def complete(self, query: Query, headers: Headers) -> bool:
        for key in self.query:
            if key not in query:
                return False
        for name in self.headers:  # noqa: SIM110  twice as fast as all() with a generator, on every request
            if name not in headers:
                return False
        return True

    def rank(self) -> tuple[int, int, int, bool, str]:
        # ListDirectoryBuckets has ListBuckets' URI; the alphabet happens to put the common one first.
        return (
            -len(self.literals),
            -len(self.query),
            -len(self.headers),
            self.deprecated,
            self.operation.name,
        )


@dataclass(slots=True)
class _Path:
    """All operations of one method whose paths look alike."""

    pattern: re.Pattern[str]
    weight: tuple[int, bool]
    entries: list[_Entry] = field(default_factory=list)
    plain: list[_Entry] = field(default_factory=list)  # those without literals
    literals: set[str] = field(default_factory=set)  # every key that is one somewhere
    resources: set[str] = field(default_factory=set)  # those that name a sub-resource: `?acl`
    telling: set[str] = field(default_factory=set)  # keys that some entry must have: `uploadId`


class Table:
    """The operations of one REST service by method and path, those that ask for more first."""

    def __init__(self, service: Any) -> None:
        self._code = "InvalidURI" if service.metadata["protocol"] == "rest-xml" else "SerializationException"
        self._methods: dict[str, dict[str, _Path]] = {}
        everywhere: dict[str, dict[str, str | None]] = {}
        for name in service.operation_names:
            operation = service.operation_model(name)
            path, _, query = operation.http["requestUri"].partition("?")
            literals = {key: value or None for key, _, value in _partitions(query)}
            shape = re.sub(r"\{[^}+]+", "{", path)
            known = self._methods.setdefault(operation.http["method"], {})
            entry = known.setdefault(shape, _Path(_pattern(path), _weight(path)))
            entry.entries.append(_entry(operation, path, literals))
            everywhere.setdefault(shape, {}).update(literals)
        for known in self._methods.values():
            for shape, path_entry in known.items():
                path_entry.literals = set(everywhere[shape])
                path_entry.resources = {key for key, value in everywhere[shape].items() if value is None}
                path_entry.telling = {key for entry in path_entry.entries for key in entry.query}
                path_entry.entries.sort(key=_Entry.rank)
                path_entry.plain = [entry for entry in path_entry.entries if not entry.literals]
        self._paths = {
            method: sorted(known.values(), key=lambda path: path.weight) for method, known in self._methods.items()
        }

    def find(self, method: str, path: str, query: Query, headers: Headers) -> tuple[Any, dict[str, str], Query] | None:
        """The operation, its decoded labels and its query without the URI's literals; None if none fits."""
        for candidate in self._paths.get(method, ()):
            match = candidate.pattern.fullmatch(path)
            if match is None:
                continue
            entry = _choose(candidate, query, headers)
            if entry is None:
                continue
            labels = [decode(text, self._code) for text in match.groups()]
            rest = query
            if entry.literals:
                rest = {key: values for key, values in query.items() if key not in entry.literals}
            return entry.operation, dict(zip(entry.labels, labels, strict=True)), rest
        return None


@cache
def table(service: Any) -> Table:
    """The table of a service model, made once."""
    with BUILDING:
        return Table(service)


def _choose(path: _Path, query: Query, headers: Headers) -> _Entry | None:
    # `DELETE /bucket?nonsense-we-know` must never be taken for `DELETE /bucket`: where the query names a
    # sub-resource, only operations of that sub-resource fit.
    if path.literals.isdisjoint(query):
        fitting = path.plain
    else:
        named = path.resources.intersection(query)
        fitting = [
            entry for entry in path.entries if entry.fits(query) and (not named or not named.isdisjoint(entry.literals))
        ]
    # A part without its number must not overwrite the object: who says `uploadId` does not mean PutObject.
    telling = path.telling.intersection(query)
    if telling:
        fitting = [entry for entry in fitting if telling <= entry.known] or fitting
    for entry in fitting:
        if entry.complete(query, headers):
            return entry
    # Something required is missing: validation will say what, for the plainest of those that fit.
    return fitting[-1] if fitting else None


def _entry(operation: Any, path: str, literals: dict[str, str | None]) -> _Entry:
    shape = operation.input_shape
    query: list[str] = []
    headers: list[str] = []
    known: set[str] = set()
    for name, member in shape.members.items() if shape is not None else ():
        wire = member.serialization.get("name", name)
        location = member.serialization.get("location")
        if location == "querystring" and member.type_name != "map":
            known.add(wire)
            if name in shape.required_members:
                query.append(wire)
        elif location == "header" and name in shape.required_members:
            headers.append(wire)
    labels = [found[1] for found in _LABEL.finditer(path)]
    deprecated = bool(operation.deprecated)
    return _Entry(operation, labels, literals, query, headers, frozenset(known), deprecated)


def _partitions(query: str) -> list[tuple[str, str, str]]:
    return [part.partition("=") for part in query.split("&") if part]


def _pattern(path: str) -> re.Pattern[str]:
    parts = []
    end = 0
    for label in _LABEL.finditer(path):
        parts.append(re.escape(path[end : label.start()]))
        parts.append("(.+)" if label[2] else "([^/]+)")
        end = label.end()
    parts.append(re.escape(path[end:]))
    # One slash more or less at the end of a plain path is the same resource: `GET /bucket/`.
    tail = "" if path.endswith("+}") or path == "/" else "/?"
    return re.compile("".join(parts).rstrip("/") + tail if tail else "".join(parts), re.DOTALL)


def _weight(path: str) -> tuple[int, bool]:
    segments = [part for part in path.split("/") if part]
    return -sum(not _LABEL.search(part) for part in segments), "+}" in path
