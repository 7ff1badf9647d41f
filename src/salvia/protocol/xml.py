"""XML as AWS uses it: read without trust, written with care.

Read: no document types and so no entities, bounded size, depth and number of elements. Written: straight
into text; whatever XML cannot hold as a character goes out as a character reference, as S3 does it.
"""

from __future__ import annotations

import re
from xml.parsers import expat

MAX_BYTES = 8 * 2**20
MAX_DEPTH = 100
MAX_ELEMENTS = 250_000  # CompleteMultipartUpload may name 10,000 parts of up to a dozen members each


class XmlError(Exception):
    """The text is not a document that we read; the message says where and why."""


class Element:
    """One element: `tag` and attribute names without namespace prefix, in `raw` attributes with it."""

    __slots__ = ("attributes", "children", "tag", "text")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element] = []
        self.text = ""


def read(body: bytes) -> Element:
    """The root element of `body`. Raises XmlError."""
    if len(body) > MAX_BYTES:
        raise XmlError(f"the document is larger than {MAX_BYTES} bytes")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as wrong:
        reason = expat.ErrorString(wrong.code)
        raise XmlError(f"line {wrong.lineno}, column {wrong.offset}: {reason}") from None
    except (ValueError, LookupError) as wrong:  # an encoding nobody knows
        raise XmlError(str(wrong)) from None
    if reader.root is None:
        raise XmlError("the document has no element")
    return reader.root


class _Reader:
    def __init__(self) -> None:
        self.root: Element | None = None
        self.open: list[Element] = []
        self.count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.open) >= MAX_DEPTH:
            raise XmlError(f"elements nest deeper than {MAX_DEPTH} levels")
        if self.count > MAX_ELEMENTS:
            raise XmlError(f"the document has more than {MAX_ELEMENTS} elements")
        element = Element(tag.rpartition(":")[2], attributes)
        if self.open:
            self.open[-1].children.append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, tag: str) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        self.open[-1].text += text

    def doctype(self, *declaration: object) -> None:
        raise XmlError("document type declarations are not allowed")


# A carriage return would be read back as a line feed; the others are no XML characters at all.
_SPECIAL = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_SPECIAL_IN_ATTRIBUTE = re.compile('[&<>"\r\n\t\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]')
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def escape(text: str) -> str:
    """`text` as character data."""
    return _SPECIAL.sub(_reference, text)


def escape_attribute(text: str) -> str:
    """`text` as the value of an attribute in double quotes."""
    return _SPECIAL_IN_ATTRIBUTE.sub(_reference, text)


def _reference(match: re.Match[str]) -> str:
    character = match.group()
    return _NAMED.get(character) or f"&#x{ord(character):x};"
