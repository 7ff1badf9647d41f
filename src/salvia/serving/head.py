"""The head of a plain invocation, read in a few microseconds.

It takes a part of what HTTP allows, and that as llhttp would: one line a header, no header twice, printable ASCII, a
length. Of whatever is different it says so, and llhttp reads it.

Clients send the same head again and again, but for a few values: *places*. What is around them is read once, as a
`Shape`; then a head is known by it. Within places there is nothing but letters, digits and hyphens, so that none can
hold a header of its own.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from salvia.core.authorization import ALGORITHM

_PATH = re.compile(rb"/endpoints/([a-zA-Z0-9-]{1,63})/invocations")
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ ]?([!-~](?:[ -~]*[!-~])?)")
_SIGNED = ALGORITHM.encode()
_SIGNATURE = b", Signature="
_TYPES, _LONGEST = (b"content-type", b"accept"), 1024  # characters. Source: model, Header
_REMEMBERED = 1024
_MEMBER = b"x-amzn-sagemaker-"
# What makes a request peculiar: another of these, a body that is told otherwise, or somebody to be told to go on.
_PECULIAR = frozenset(
    (
        b"connection",
        b"content-encoding",
        b"expect",
        b"keep-alive",
        b"proxy-connection",
        b"smithy-protocol",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"x-amz-target",
    )
)
_shapes: dict[bytes, Shape | None] = {}


class Shape:
    """What the heads of many requests have in common.

    `signer` is the Authorization header without its signature; `fields` are all others, by lower-case name, those of
    places as they were first seen. `members` are those of the operation that are plain, but for the body; `more`:
    there are others.
    """

    __slots__ = ("fields", "members", "more", "name", "path", "signer")

    def __init__(self, path: bytes, name: str, fields: dict[bytes, bytes], signer: bytes) -> None:
        self.path = path
        self.name = name
        self.fields = fields
        self.signer = signer
        self.more = any(field.startswith(_MEMBER) for field in fields)
        types = {"ContentType": fields.get(b"content-type"), "Accept": fields.get(b"accept")}
        self.members = {"EndpointName": name, **{member: value.decode() for member, value in types.items() if value}}


class Head(NamedTuple):
    """One request's: its shape, and what stands in its places."""

    shape: Shape
    date: bytes
    signature: bytes
    length: int


def read(head: bytes) -> Head | None:
    """The head of a message, without its empty line; None when it is not plain."""
    date, length = head.find(b"\r\nX-Amz-Date: ") + 14, head.find(b"\r\nContent-Length: ") + 18
    if date < 14 or length < 18:  # others write them small
        date, length = head.find(b"\r\nx-amz-date: ") + 14, head.find(b"\r\ncontent-length: ") + 18
    signature = head.find(_SIGNATURE) + 12
    if date < 14 or length < 18 or signature < 12:
        return None
    end = head.find(b"\r", length)
    size = head[length : end if end > 0 else len(head)]
    places = [(date, date + 16), (signature, signature + 64), (length, length + len(size))]
    unique = head.find(b"\r\namz-sdk-invocation-id: ") + 25
    if unique >= 25:
        places.append((unique, unique + 36))
    places.sort()
    around, at = [], 0
    for begin, finish in places:
        around.append(head[at:begin])
        if not head[begin:finish].replace(b"-", b"").isalnum():
            return None
        at = finish
    around.append(head[at:])
    known = b"\0".join(around)
    try:
        shape = _shapes[known]
    except KeyError:
        shape = _learn(known, head)
    if shape is None or not (size.isdigit() and len(size) < 8):
        return None
    return Head(shape, head[date : date + 16], head[signature : signature + 64], int(size))


def _learn(known: bytes, head: bytes) -> Shape | None:
    if len(_shapes) >= _REMEMBERED:
        _shapes.clear()
    shape = _shapes[known] = _shape(head)
    return shape


def _shape(head: bytes) -> Shape | None:
    first, *lines = head.split(b"\r\n")
    path = first[5:-9]
    found = _PATH.fullmatch(path)
    if found is None or not (first.startswith(b"POST ") and first.endswith(b" HTTP/1.1")):
        return None
    fields: dict[bytes, bytes] = {}
    for line in lines:
        pair = _LINE.fullmatch(line)
        if pair is None:
            return None
        field, value = pair[1].lower(), pair[2]
        peculiar = field in _PECULIAR and (field, value) != (b"connection", b"keep-alive")
        if peculiar or field in fields or (field in _TYPES and len(value) > _LONGEST):
            return None
        fields[field] = value
    signer, _, signature = fields.pop(b"authorization", b"").rpartition(_SIGNATURE)
    if not signer.startswith(_SIGNED) or len(signature) != 64 or _SIGNATURE in signer:
        return None
    return Shape(path, found[1].decode(), fields, signer)
