"""Which bytes of an object a request wants. Source: RFC 9110, section 14; S3 API reference, GetObject."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from salvia.core.errors import ServiceError

from . import failures
from .versions import Version

_RANGE = re.compile(r"bytes=\s*(\d*)-(\d*)\s*", re.IGNORECASE)
_MOST_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Span:
    """`size` bytes from `start` on. `part` is the number of the part they are, 0 when asked for otherwise."""

    start: int
    size: int
    part: int = 0
    checksum: str | None = None


def wanted(request: Mapping[str, Any], version: Version) -> Span | None:
    """The span that a GET or HEAD asks for; None: everything. Raises InvalidRange or InvalidPartNumber (416)."""
    number, text = request.get("PartNumber"), request.get("Range")
    if number is not None:
        if text is not None:
            raise failures.invalid_request("Cannot specify both Range header and partNumber query parameter")
        return _part(number, version)
    found = _RANGE.fullmatch(text) if text is not None else None
    if found is None or (not found[1] and not found[2]) or max(map(len, found.groups())) > _MOST_DIGITS:
        return None  # what is not understood, several ranges among it, is ignored: the whole object is the answer
    size = version.size
    if found[1]:
        start = int(found[1])
        end = min(int(found[2]), size - 1) if found[2] else size - 1
        if found[2] and int(found[2]) < start:
            return None
    else:
        start = max(0, size - int(found[2]))
        end = size - 1
    if start >= size or end < start:
        raise ServiceError(
            "InvalidRange",
            "The requested range is not satisfiable",
            416,
            RangeRequested=text,
            ActualObjectSize=size,
            headers=[("Content-Range", f"bytes */{size}")],
        )
    return Span(start, end - start + 1)


def copied(text: str | None, version: Version) -> Span:
    """The span of an UploadPartCopy's `x-amz-copy-source-range`: first and last byte, both within the source."""
    if text is None:
        return Span(0, version.size)
    found = _RANGE.fullmatch(text)
    if found is None or not all(found.groups()) or max(map(len, found.groups())) > _MOST_DIGITS:
        raise failures.invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range",
            text,
        )
    first, last = int(found[1]), int(found[2])
    if first > last or last >= version.size:
        raise failures.invalid_argument(
            f"Range specified is not valid for source object of size: {version.size}",
            "x-amz-copy-source-range",
            text,
        )
    return Span(first, last - first + 1)


def _part(number: int, version: Version) -> Span:
    start = 0
    for part in version.layout.parts:
        if part.number == number:
            return Span(start, part.size, number, part.checksum)
        start += part.size
    if number == 1 and not version.layout.parts:
        return Span(0, version.size, 1)
    raise ServiceError(
        "InvalidPartNumber",
        "The requested partnumber is not satisfiable",
        416,
        PartNumberRequested=number,
        ActualPartCount=len(version.layout.parts) or 1,
    )
