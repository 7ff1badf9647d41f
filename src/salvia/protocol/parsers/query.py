"""Forms of the query protocol (`Members.member.1.Name=…`) into Python values.

The pairs first become a tree at their dots; then every shape's closure reads its node. A node is text or a
dict of nodes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from salvia.core.errors import ServiceError

from .scalars import MAX_DEPTH, MalformedError, text_scalar

Node = Any  # str | dict[str, Node]
Parse = Callable[[Node], Any]

_INDEX = re.compile(r"[0-9]{1,9}")


def form_parser(service: Any, shape: Any) -> Callable[[dict[str, list[str]]], dict[str, Any]]:
    """A function from a form's pairs to the value of `shape`. It raises MalformedInput."""
    parse = builder(service).build(shape)

    def parse_form(pairs: dict[str, list[str]]) -> dict[str, Any]:
        try:
            result: dict[str, Any] = parse(tree(pairs))
        except MalformedError as wrong:
            raise ServiceError("MalformedInput", wrong.sentence()) from None
        return result

    return parse_form


def tree(pairs: dict[str, list[str]]) -> dict[str, Node]:
    """The pairs as nested dicts. Raises MalformedError when one key is both a value and a structure."""
    root: dict[str, Node] = {}
    for key, values in pairs.items():
        parts = key.split(".")
        if len(parts) > MAX_DEPTH:
            raise MalformedError(f"Key '{key[:64]}…' nests deeper than {MAX_DEPTH} levels")
        node = root
        for part in parts[:-1]:
            child = node.setdefault(part, {})
            if child == "":
                child = node[part] = {}
            if not isinstance(child, dict):
                raise MalformedError(f"Key '{key[:256]}' goes on below a value")
            node = child
        if isinstance(node.get(parts[-1]), dict):
            if values[0] != "":
                raise MalformedError(f"Key '{key[:256]}' is both a value and a structure")
            continue
        node[parts[-1]] = values[0]
    return root


@cache
def builder(service: Any) -> Builder:
    """The one builder of a service model."""
    return Builder()


class Builder:
    """Closures by shape. A structure is registered before its members are built, so shapes may recur."""

    def __init__(self) -> None:
        self._structures: dict[str, Parse] = {}

    def build(self, shape: Any) -> Parse:
        kind: str = shape.type_name
        if kind == "structure":
            return self._structure(shape)
        if kind == "list":
            return self._list(shape)
        if kind == "map":
            return self._map(shape)
        scalar = text_scalar(shape)

        def parse(node: Node) -> Any:
            if not isinstance(node, str):
                raise MalformedError("Start of structure or map found where not expected.")
            return scalar(node)

        return parse

    def _structure(self, shape: Any) -> Parse:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: dict[str, tuple[str, Parse]] = {}

        def parse(node: Node) -> dict[str, Any]:
            result: dict[str, Any] = {}
            key = ""
            try:
                for key, child in _branches(node).items():
                    member = members.get(key)
                    if member is not None:
                        result[member[0]] = member[1](child)
            except MalformedError as wrong:
                wrong.path.append(key)
                raise
            return result

        self._structures[shape.name] = parse
        for name, member in shape.members.items():
            members[member.serialization.get("name", name)] = (name, self.build(member))
        return parse

    def _list(self, shape: Any) -> Parse:
        parse_member = self.build(shape.member)
        flat = bool(shape.serialization.get("flattened"))
        tag = shape.member.serialization.get("name", "member")

        def parse(node: Node) -> list[Any]:
            items = _branches(node) if flat else _branches(_branches(node).get(tag, ""))
            result: list[Any] = []
            numbered = _indexed(items)
            try:
                for _, item in numbered:
                    result.append(parse_member(item))
            except MalformedError as wrong:
                wrong.path.append(str(numbered[len(result)][0]))
                raise
            return result

        return parse

    def _map(self, shape: Any) -> Parse:
        parse_value = self.build(shape.value)
        flat = bool(shape.serialization.get("flattened"))
        key_tag = shape.key.serialization.get("name", "key")
        value_tag = shape.value.serialization.get("name", "value")

        def parse(node: Node) -> dict[str, Any]:
            entries = _branches(node) if flat else _branches(_branches(node).get("entry", ""))
            result = {}
            for index, entry in _indexed(entries):
                pair = _branches(entry)
                key = pair.get(key_tag)
                if not isinstance(key, str):
                    raise MalformedError(f"Entry {index} has no '{key_tag}'")
                if value_tag in pair:
                    result[key] = parse_value(pair[value_tag])
            return result

        return parse


def _branches(node: Node) -> dict[str, Node]:
    if isinstance(node, dict):
        return node
    if node == "":  # `Names=` is how an empty list is sent
        return {}
    raise MalformedError("A value was found where a structure, list or map was expected")


def _indexed(items: dict[str, Node]) -> list[tuple[int, Node]]:
    numbered = []
    for key, item in items.items():
        if not _INDEX.fullmatch(key):
            raise MalformedError(f"'{key[:64]}' is not the index of a list")
        numbered.append((int(key), item))
    numbered.sort(key=lambda pair: pair[0])
    return numbered
