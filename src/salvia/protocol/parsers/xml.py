"""XML bodies, of the rest-xml protocol, into Python values.

Every shape becomes one closure from an element to a value, built once. Lists and maps that are flattened
have no element of their own: their structure gathers the elements of one name for them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from salvia.protocol.xml import Element, XmlError, read

from .scalars import MalformedError, text_scalar

Parse = Callable[[Element], Any]
Gather = Callable[[list[Element]], Any]


def body_parser(service: Any, shape: Any) -> Callable[[bytes], Any]:
    """A function from a body to the value of `shape`. It raises MalformedError."""
    parse = builder(service).build(shape)

    def parse_body(body: bytes) -> Any:
        try:
            return parse(read(body))
        except XmlError as wrong:
            raise MalformedError(str(wrong)) from None

    return parse_body


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
        return lambda element: scalar(element.text)

    def _structure(self, shape: Any) -> Parse:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        members: dict[str, tuple[str, Gather]] = {}
        attributes: list[tuple[str, str, Callable[[str], Any]]] = []

        def parse(element: Element) -> dict[str, Any]:
            found: dict[str, list[Element]] = {}
            for child in element.children:
                found.setdefault(child.tag, []).append(child)
            result: dict[str, Any] = {}
            tag = ""
            try:
                for tag, children in found.items():
                    member = members.get(tag)
                    if member is not None:
                        result[member[0]] = member[1](children)
                for name, tag, scalar in attributes:
                    text = _attribute(element, tag)
                    if text is not None:
                        result[name] = scalar(text)
            except MalformedError as wrong:
                wrong.path.append(tag)
                raise
            return result

        self._structures[shape.name] = parse
        for name, member in shape.members.items():
            traits = member.serialization
            if traits.get("xmlAttribute"):
                attributes.append((name, traits.get("name", name), text_scalar(member)))
            else:
                tag, gather = self._member(name, member)
                members[tag] = (name, gather)
        return parse

    def _member(self, name: str, shape: Any) -> tuple[str, Gather]:
        """The element name of a member, and a function from all elements of this name to its value."""
        tag = shape.serialization.get("name", name)
        if shape.serialization.get("flattened"):
            if shape.type_name == "list":
                return tag, self._flat_list(shape)
            if shape.type_name == "map":
                return tag, self._entries(shape)
        parse = self.build(shape)
        return tag, lambda elements: parse(elements[0])

    def _flat_list(self, shape: Any) -> Gather:
        parse_member = self.build(shape.member)

        def gather(elements: list[Element]) -> list[Any]:
            result = []
            try:
                for element in elements:
                    result.append(parse_member(element))  # noqa: PERF401  the path below needs the index
            except MalformedError as wrong:
                wrong.path.append(str(len(result) + 1))
                raise
            return result

        return gather

    def _list(self, shape: Any) -> Parse:
        if shape.serialization.get("flattened"):
            gather = self._flat_list(shape)
            return lambda element: gather([element])
        tag = shape.member.serialization.get("name", "member")
        gather = self._flat_list(shape)
        return lambda element: gather([child for child in element.children if child.tag == tag])

    def _map(self, shape: Any) -> Parse:
        gather = self._entries(shape)
        return lambda element: gather([child for child in element.children if child.tag == "entry"])

    def _entries(self, shape: Any) -> Gather:
        key_tag = shape.key.serialization.get("name", "key")
        value_tag = shape.value.serialization.get("name", "value")
        parse_value = self.build(shape.value)

        def gather(entries: list[Element]) -> dict[str, Any]:
            result = {}
            for entry in entries:
                key = next((child for child in entry.children if child.tag == key_tag), None)
                value = next((child for child in entry.children if child.tag == value_tag), None)
                if key is None:
                    raise MalformedError(f"<{entry.tag}> has no <{key_tag}>")
                if value is not None:
                    result[key.text] = parse_value(value)
            return result

        return gather


def _attribute(element: Element, name: str) -> str | None:
    # The model names `xsi:type` with its prefix; a client may have bound another one.
    if name in element.attributes:
        return element.attributes[name]
    local = name.rpartition(":")[2]
    for key, value in element.attributes.items():
        if key.rpartition(":")[2] == local and not key.startswith("xmlns"):
            return value
    return None
