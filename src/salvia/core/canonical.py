"""The canonical form of a request's parts, which is what signatures are made over.

Header values and paths are text whose characters are the bytes of the wire.
Source: IAM user guide, "Create a signed AWS API request", step 1.

The percent-encoding is here and not `urllib.parse`'s, which takes an agent 6 ms to import.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from functools import lru_cache

_TIMESTAMP = re.compile("[0-9]{8}T[0-9]{6}Z", re.ASCII)
_SPACES = re.compile("[ \t]+")
_ESCAPE = re.compile(b"%([0-9A-Fa-f]{2})")
_PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
_ESCAPED = [chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in range(256)]
_ESCAPED_PATH = [*_ESCAPED[:47], "/", *_ESCAPED[48:]]


def canonical_query(query: str, presigned: bool = False) -> str:
    """The query as it is signed: encoded one way, sorted, each parameter with '='.

    A presigned URL's own signature is left out.
    """
    pairs = []
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        if parameter and not (presigned and name == "X-Amz-Signature"):
            pairs.append((encoded(name), encoded(value)))
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def query_parameters(query: str) -> dict[str, str]:
    """The parameters of a raw query, decoded; the first of each name."""
    parameters: dict[str, str] = {}
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        parameters.setdefault(decoded(name), decoded(value))
    return parameters


def canonical_headers(pairs: list[tuple[str, str]], signed: tuple[str, ...]) -> str:
    """The lines of the `signed` headers (lower-case names, sorted), each ended by a line feed."""
    values = dict(pairs)
    if len(values) < len(pairs):  # what is sent more than once is joined by commas
        several: dict[str, list[str]] = {}
        for name, value in pairs:
            several.setdefault(name, []).append(_trimmed(value))
        values = {name: ",".join(each) for name, each in several.items()}
    lines = "".join([f"{name}:{values.get(name, '')}\n" for name in signed])
    if "  " in lines or ": " in lines or " \n" in lines or "\t" in lines:
        return "".join([f"{name}:{_trimmed(values.get(name, ''))}\n" for name in signed])
    return lines


def _trimmed(value: str) -> str:
    if "  " in value or "\t" in value:
        value = _SPACES.sub(" ", value)
    return value.strip(" ")


def normalised(path: str) -> str:
    """`path` without empty and dot segments, encoded once more; S3's is signed as it stands."""
    if path in ("/", ""):
        return "/"
    return _normalised(path) if len(path) <= 512 else _normalised.__wrapped__(path)


@lru_cache(maxsize=1024)
def _normalised(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if path.endswith("/") and kept else ""
    return escaped_path(wire(f"/{'/'.join(kept)}{end}"))


def encoded_path(path: str) -> str:
    """`path` in the encoding of S3's own clients, whatever encoding it came in."""
    return "/".join([encoded(segment) for segment in path.split("/")])


def encoded(text: str) -> str:
    """Percent-encoded as AWS wants it, whatever encoding it came in."""
    if text.isalnum() and text.isascii():
        return text
    return escaped(unescaped(text))


def wire(text: str) -> bytes:
    """The bytes that `text` stands for: servers hand over header bytes as latin-1, tests may use more."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def escaped(raw: bytes | str) -> str:
    """Percent-encoded as AWS wants it: all but letters, digits and `-_.~`; text as UTF-8."""
    return "".join([_ESCAPED[byte] for byte in (raw.encode() if isinstance(raw, str) else raw)])


def escaped_path(raw: bytes | str) -> str:
    """`escaped`, but for slashes."""
    return "".join([_ESCAPED_PATH[byte] for byte in (raw.encode() if isinstance(raw, str) else raw)])


def unescaped(text: str) -> bytes:
    """The bytes that percent-encoded `text` means; an escape that is none stays as it is."""
    raw = wire(text)
    if b"%" not in raw:
        return raw
    return _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), raw)


def decoded(text: str) -> str:
    """The text that percent-encoded `text` means."""
    return unescaped(text).decode("utf-8", "replace")


# Times.


def amz_timestamp(moment: float) -> str:
    """`moment`, seconds since the epoch, as X-Amz-Date wants it."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))


def iso8601(moment: float) -> str:
    """`moment` as S3's XML writes it: 2015-08-30T12:36:00Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


@lru_cache(maxsize=64)
def seconds(timestamp: str) -> float:
    """YYYYMMDDTHHMMSSZ in seconds since the epoch. Raises ValueError when it is no such thing."""
    if not _TIMESTAMP.fullmatch(timestamp):
        raise ValueError(f"'{timestamp[:32]}' is not of the form YYYYMMDDTHHMMSSZ.")
    year, month, day = int(timestamp[:4]), int(timestamp[4:6]), int(timestamp[6:8])
    hour, minute, second = int(timestamp[9:11]), int(timestamp[11:13]), int(timestamp[13:15])
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()


def http_date(text: str) -> float | None:
    """An HTTP date in seconds since the epoch; None when it is none."""
    from email.utils import parsedate_to_datetime  # rare, and slow to import

    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
