"""Messages of an event stream: what a streamed answer of the JSON protocols is made of.

::

    total length │ headers' length │ CRC of these │ headers │ payload │ CRC of all

Source: Smithy, "Amazon Event Stream specification".
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from .serializers import json

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_TEXT = 7  # the type of a header whose value is text


def event(name: str, payload: bytes) -> bytes:
    """An event whose payload is a blob."""
    return _message(
        {":event-type": name, ":content-type": "application/octet-stream", ":message-type": "event"}, payload
    )


def exception(name: str, members: Mapping[str, Any]) -> bytes:
    """A modelled error, which ends a stream."""
    return _message(
        {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"},
        json.encode(dict(members)),
    )


def _message(headers: Mapping[str, str], payload: bytes) -> bytes:
    written = b"".join(
        struct.pack(f">B{len(name)}sBH", len(name), name.encode(), _TEXT, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(written) + len(payload), len(written))
    message = prelude + struct.pack(">I", crc32(prelude)) + written + payload
    return message + struct.pack(">I", crc32(message))
