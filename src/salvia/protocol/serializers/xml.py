"""Python values into XML bodies, of the query and rest-xml protocols.

Every shape becomes one closure `write(out, value, tag)` that appends text to `out`: one element, or for a
flattened list or map one element an item.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from salvia.protocol import timestamps
from salvia.protocol.xml import escape, escape_attribute

from .json import ELSEWHERE, blob

Write = Callable[[list[str], Any, str], None]
Text = Callable[[Any], str]


@cache
def builder(service: Any, milliseconds: bool = False) -> Builder:
    """The one builder of a service model; `milliseconds` if its ISO timestamps always carry them."""
    return Builder(timestamps.iso_milliseconds if milliseconds else timestamps.iso)


class Builder:
    """Closures by shape. A structure's content is registered before it is built, so shapes may recur."""

    def __init__(self, iso: Text) -> None:
        self._contents: dict[str, tuple[Callable[[list[str], Any], None], Text | None]] = {}
        self._timestamps: dict[str, Text] = {
            "iso8601": iso,
            "rfc822": timestamps.http_date,
            "unixtimestamp": timestamps.epoch_text,
        }

    def build(self, shape: Any) -> Write:
        """The closure for `shape` where it is used; its traits are those of the use."""
        kind: str = shape.type_name
        namespace = namespace_of(shape)
        if kind == "list":
            return self._list(shape, namespace)
        if kind == "map":
            return self._map(shape, namespace)
        if kind == "structure":
            content, attributes = self.content(shape)

            def write_structure(out: list[str], value: Any, tag: str) -> None:
                out.append(f"<{tag}{namespace}{attributes(value) if attributes else ''}>")
                content(out, value)
                out.append(f"</{tag}>")

            return write_structure
        text = self.scalar(shape)

        def write_scalar(out: list[str], value: Any, tag: str) -> None:
            out.append(f"<{tag}{namespace}>{text(value)}</{tag}>")

        return write_scalar

    def scalar(self, shape: Any) -> Text:
        """A function from a scalar to its text, escaped."""
        if shape.type_name == "timestamp":
            return self._timestamps[shape.serialization.get("timestampFormat", "iso8601").lower()]
        return SCALARS.get(shape.type_name, _number)

    def content(self, shape: Any) -> tuple[Callable[[list[str], Any], None], Text | None]:
        """What writes the members of a structure, and what writes those that are attributes of its tag."""
        known = self._contents.get(shape.name)
        if known is not None:
            return known
        members: list[tuple[str, str, Write]] = []
        attributes: list[tuple[str, str]] = []

        def write(out: list[str], value: Any) -> None:
            for name, tag, member in members:
                item = value.get(name)
                if item is not None:
                    member(out, item, tag)

        def tag_attributes(value: Any) -> str:
            return "".join(
                f' {tag}="{escape_attribute(str(value[name]))}"'
                for name, tag in attributes
                if value.get(name) is not None
            )

        for name, member in shape.members.items():
            if member.serialization.get("xmlAttribute"):
                attributes.append((name, member.serialization.get("name", name)))
        self._contents[shape.name] = (write, tag_attributes if attributes else None)
        for name, member in shape.members.items():
            traits = member.serialization
            if traits.get("location") not in ELSEWHERE and not traits.get("xmlAttribute"):
                members.append((name, traits.get("name", name), self.build(member)))
        return self._contents[shape.name]

    def _list(self, shape: Any, namespace: str) -> Write:
        write_member = self.build(shape.member)
        if shape.serialization.get("flattened"):

            def write_flat(out: list[str], value: Any, tag: str) -> None:
                for item in value:
                    write_member(out, item, tag)

            return write_flat
        member_tag = shape.member.serialization.get("name", "member")

        def write(out: list[str], value: Any, tag: str) -> None:
            out.append(f"<{tag}{namespace}>")
            for item in value:
                write_member(out, item, member_tag)
            out.append(f"</{tag}>")

        return write

    def _map(self, shape: Any, namespace: str) -> Write:
        key_tag = shape.key.serialization.get("name", "key")
        value_tag = shape.value.serialization.get("name", "value")
        write_key, write_value = self.build(shape.key), self.build(shape.value)

        def entries(out: list[str], value: Any, tag: str, of_tag: str) -> None:
            for key, item in value.items():
                if item is not None:
                    out.append(f"<{tag}{of_tag}>")
                    write_key(out, key, key_tag)
                    write_value(out, item, value_tag)
                    out.append(f"</{tag}>")

        if shape.serialization.get("flattened"):
            return lambda out, value, tag: entries(out, value, tag, namespace)

        def write(out: list[str], value: Any, tag: str) -> None:
            out.append(f"<{tag}{namespace}>")
            entries(out, value, "entry", "")
            out.append(f"</{tag}>")

        return write


def namespace_of(shape: Any) -> str:
    """The xmlns attribute that the model gives `shape`, with a space before it, or ''."""
    namespace = shape.serialization.get("xmlNamespace")
    if not namespace:
        return ""
    if isinstance(namespace, str):
        return f' xmlns="{escape_attribute(namespace)}"'
    prefix = f":{namespace['prefix']}" if namespace.get("prefix") else ""
    return f' xmlns{prefix}="{escape_attribute(namespace["uri"])}"'


def _string(value: Any) -> str:
    return escape(value if type(value) is str else str(value))


def _boolean(value: Any) -> str:
    return "true" if value else "false"


def _number(value: Any) -> str:
    return str(int(value))


def _float(value: Any) -> str:
    number = float(value) if type(value) is not int else value
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    return repr(number)


SCALARS: dict[str, Text] = {
    "string": _string,
    "character": _string,
    "boolean": _boolean,
    "float": _float,
    "double": _float,
    "bigdecimal": _float,
    "blob": blob,
}
