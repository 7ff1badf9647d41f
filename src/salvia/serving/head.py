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
_shapes: dict[bytes, Shape] = {}


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


class Reader:
    """Reads the heads of one connection, each of which mostly looks like the one before."""

    __slots__ = ("_around", "_length", "_places", "_shape")

    def __init__(self) -> None:
        self._length = 0
        self._shape: Shape | None = None
        self._places: dict[str, slice] = {}
        self._around: list[tuple[slice, bytes]] = []

    def read(self, head: bytes) -> Head | None:
        """A head, without its empty line; None when it is not plain."""
        if self._shape is None or len(head) != self._length or not self._fits(head):
            self._learn(head)
        shape, places = self._shape, self._places
        if shape is None:
            return None
        size = head[places["length"]]
        if not (size.isdigit() and len(size) < 8):
            return None
        if "unique" in places and not head[places["unique"]].replace(b"-", b"").isalnum():
            return None
        date, signature = head[places["date"]], head[places["signature"]]
        if not (date.isalnum() and signature.isalnum()):
            return None
        return Head(shape, date, signature, int(size))

    def _fits(self, head: bytes) -> bool:
        for where, known in self._around:  # noqa: SIM110  # a generator takes twice as long
            if head[where] != known:
                return False
        return True

    def _learn(self, head: bytes) -> None:
        self._length = len(head)
        self._around, self._places, self._shape = [], _places(head), None
        if not all(head[place].replace(b"-", b"").isalnum() for place in self._places.values()):
            return  # nor do places overlap, then
        at = 0
        for place in sorted(self._places.values(), key=lambda one: one.start):
            around = slice(at, place.start)
            self._around.append((around, head[around]))
            at = place.stop
        self._around.append((slice(at, None), head[at:]))
        # NUL, which no plain head has, stands for the places.
        self._shape = _known(b"\0".join(known for _, known in self._around), head) if self._places else None


def _places(head: bytes) -> dict[str, slice]:
    """Where the values are that change; none when one is missing that must be there."""
    date, length = head.find(b"\r\nX-Amz-Date: "), head.find(b"\r\nContent-Length: ")
    if date < 0 or length < 0:  # others write them small
        date, length = head.find(b"\r\nx-amz-date: "), head.find(b"\r\ncontent-length: ")
    signature, unique = head.find(_SIGNATURE), head.find(b"\r\namz-sdk-invocation-id: ")
    if date < 0 or length < 0 or signature < 0:
        return {}
    end = head.find(b"\r", length + 18)
    places = {
        "date": slice(date + 14, date + 30),
        "signature": slice(signature + 12, signature + 76),
        "length": slice(length + 18, end if end > 0 else len(head)),
    }
    if unique >= 0:
        places["unique"] = slice(unique + 25, unique + 61)
    return places


def _known(around: bytes, head: bytes) -> Shape | None:
    shape = _shapes.get(around)
    if shape is None:
        shape = _shape(head)
        if shape is not None:  # what is wrong may be in a place, and the next head be good
            if len(_shapes) >= _REMEMBERED:
                _shapes.clear()
            _shapes[around] = shape
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
    if len(fields.get(b"x-amz-date", b"")) != 16 or len(fields.get(b"amz-sdk-invocation-id", b"x" * 36)) != 36:
        return None  # a place is all of a value
    return Shape(path, found[1].decode(), fields, signer)
