"""The head of a plain invocation, read in a few microseconds.

It takes a part of what HTTP allows, and that as llhttp would: one line a header, no header twice, printable ASCII, a
length. Of whatever is different it says so, and llhttp reads it. Lines that clients repeat are read once.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from salvia.core.authorization import ALGORITHM

_PATH = re.compile(rb"/endpoints/([a-zA-Z0-9-]{1,63})/invocations")
_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ ]?([!-~](?:[ -~]*[!-~])?)")
_SIGNATURE = re.compile(rb"[0-9a-f]{64}")
_SIGNED = b"Authorization: " + ALGORITHM.encode()
_CHANGING = (b"X-Amz-Date", b"amz-sdk-invocation-id", b"X-Amzn-Trace-Id", b"traceparent")  # not worth remembering
_REMEMBERED = 4096
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
_MEMBER = b"x-amzn-sagemaker-"
_lines: dict[bytes, tuple[bytes, bytes]] = {}
_names: dict[bytes, str] = {}


class Head(NamedTuple):
    """`signer` is the Authorization header without its signature; `fields` are all others, by lower-case name.

    `more`: members of the operation are among them, beside the types.
    """

    path: bytes
    name: str
    fields: dict[bytes, bytes]
    signer: bytes
    signature: bytes
    length: int
    more: bool


def read(head: bytes) -> Head | None:
    """The head of a message, without its empty line; None when it is not plain."""
    first, *lines = head.split(b"\r\n")
    path = first[5:-9]
    if not (first.startswith(b"POST ") and first.endswith(b" HTTP/1.1")):
        return None
    name = _names.get(path) or _name(path)
    if name is None:
        return None
    fields: dict[bytes, bytes] = {}
    signer = signature = b""
    more = False
    for line in lines:
        pair = _lines.get(line)
        if pair is None:
            if line.startswith(_SIGNED) and not signer:
                signer, _, signature = line.rpartition(b"Signature=")
                continue
            pair = _pair(line)
            if pair is None:
                return None
        field, value = pair
        if field in fields:
            return None
        fields[field] = value
        if field.startswith(_MEMBER):
            more = True
    length = fields.get(b"content-length", b"")
    if not signer or not _SIGNATURE.fullmatch(signature) or not (length.isdigit() and len(length) < 8):
        return None
    return Head(path, name, fields, signer, signature, int(length), more)


def _name(path: bytes) -> str | None:
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    if len(_names) >= _REMEMBERED:
        _names.clear()
    return _names.setdefault(path, found[1].decode())


def _pair(line: bytes) -> tuple[bytes, bytes] | None:
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    pair = found[1].lower(), found[2]
    if pair[0] in _PECULIAR and pair != (b"connection", b"keep-alive"):
        return None
    if pair[0] == b"authorization":
        return None
    if not line.startswith(_CHANGING):
        if len(_lines) >= _REMEMBERED:
            _lines.clear()
        _lines[line] = pair
    return pair
