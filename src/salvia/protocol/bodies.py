"""Request bodies as they were before the client compressed them.

botocore gzips bodies from 10 KiB on, for operations whose model says so (PutMetricData).
"""

from __future__ import annotations

import zlib

from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest

MAX_BYTES = 16 * 2**20


def plain(request: HttpRequest) -> bytes:
    """The body without its last Content-Encoding, if that is gzip. Raises SerializationException."""
    encodings = request.headers.get("content-encoding")
    if encodings is None or not request.body:
        return request.body
    if encodings.rpartition(",")[2].strip().lower() != "gzip":
        return request.body
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        body = reader.decompress(request.body, MAX_BYTES)
    except zlib.error as wrong:
        raise ServiceError("SerializationException", f"The body is not gzip, as it claims: {wrong}.") from None
    if not reader.eof:
        reason = f"unpacks to more than {MAX_BYTES} bytes" if reader.unconsumed_tail else "ends too early"
        raise ServiceError("SerializationException", f"The gzip body {reason}.")
    return body
