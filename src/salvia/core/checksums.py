"""The checksums of S3: incremental, and those of multipart uploads from those of their parts.

CRC32, SHA and MD5 are the standard library's; the others come from libraries that are imported on first use:
the agent imports this package and must start in 70 ms.
Source: S3 user guide, "Checking object integrity in Amazon S3".
"""

from __future__ import annotations

import binascii
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, Protocol

from .errors import ServiceError

if TYPE_CHECKING:
    from .http import HttpRequest

Algorithm = Literal[
    "CRC32",
    "CRC32C",
    "CRC64NVME",
    "MD5",
    "SHA1",
    "SHA256",
    "SHA512",
    "XXHASH3",
    "XXHASH64",
    "XXHASH128",
]

SIZES: dict[Algorithm, int] = {
    "CRC32": 4,
    "CRC32C": 4,
    "CRC64NVME": 8,
    "MD5": 16,
    "SHA1": 20,
    "SHA256": 32,
    "SHA512": 64,
    "XXHASH3": 8,
    "XXHASH64": 8,
    "XXHASH128": 16,
}
"""Every algorithm of the API, and the bytes of its digest."""

# Reflected polynomials: those whose value for a whole follows from the values of its parts.
_POLYNOMIALS: dict[str, int] = {
    "CRC32": 0xEDB88320,
    "CRC32C": 0x82F63B78,
    "CRC64NVME": 0x9A6C9329AC4BC9B5,
}
_PREFIX = "x-amz-checksum-"


class _Hash(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class Checksum:
    """One checksum as the bytes flow by.

    >>> checksum = Checksum("CRC32"); checksum.update(b"hello"); checksum.base64()
    'NhCmhg=='
    """

    __slots__ = ("_hash", "name")

    def __init__(self, name: Algorithm) -> None:
        """Raises ServiceError NotImplemented for the XXHASH family."""
        self.name = name
        self._hash = _new(name)

    def update(self, data: bytes) -> None:
        """Add `data`."""
        self._hash.update(data)

    def digest(self) -> bytes:
        """The checksum of all that was added."""
        return self._hash.digest()

    def hex(self) -> str:
        """The digest in hex, as ETag and x-amz-content-sha256 want it."""
        return self._hash.digest().hex()

    def base64(self) -> str:
        """The digest in base64, as the x-amz-checksum- headers want it."""
        return _base64(self._hash.digest())


def header(name: Algorithm) -> str:
    """The header, or trailer, of a checksum."""
    return _PREFIX + name.lower()


def algorithm(name: str) -> Algorithm | None:
    """The algorithm of a header or trailer (`x-amz-checksum-crc32`) or of a parameter (`CRC32`)."""
    upper = name.removeprefix(_PREFIX).upper()
    for known in SIZES:
        if known == upper:
            return known
    return None


def sent(request: HttpRequest) -> dict[Algorithm, str]:
    """The checksum that a request gives in a header, in base64: one or none.

    Raises ServiceError InvalidRequest when there are several or it cannot be one.
    """
    found: dict[Algorithm, str] = {}
    for name in request.headers:
        if name.startswith(_PREFIX) and (known := algorithm(name)) is not None:
            found[known] = request.headers[name].strip()
    if len(found) > 1:
        raise ServiceError(
            "InvalidRequest",
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
        )
    for known, value in found.items():
        if not valid(known, value):
            raise ServiceError("InvalidRequest", f"Value for {header(known)} header is invalid.")
    return found


def valid(name: Algorithm, value: str) -> bool:
    """Whether `value` is the base64 of as many bytes as `name` has."""
    try:
        return len(binascii.a2b_base64(value.encode("ascii"), strict_mode=True)) == SIZES[name]
    except (binascii.Error, UnicodeEncodeError):
        return False


def composite(name: Algorithm, parts: Iterable[str]) -> str:
    """The checksum of type COMPOSITE of an object from those of its parts: over their digests, and `-N`."""
    checksum = Checksum(name)
    count = 0
    for part in parts:
        checksum.update(binascii.a2b_base64(part))
        count += 1
    return f"{checksum.base64()}-{count}"


def full_object(name: Algorithm, parts: Sequence[tuple[str, int]]) -> str:
    """The checksum of type FULL_OBJECT from (checksum, size in bytes) of each part; CRCs only.

    10,000 parts take some 0.1 s. Raises ServiceError InvalidRequest for an algorithm that has no such type.
    """
    polynomial = _POLYNOMIALS.get(name)
    if polynomial is None:
        raise ServiceError(
            "InvalidRequest",
            f"The FULL_OBJECT checksum type cannot be used with the {name.lower()} checksum algorithm.",
        )
    width = SIZES[name] * 8
    whole = 0
    for value, size in parts:
        shifted = _multiplied(whole, _power(size, polynomial, width), polynomial, width)
        whole = shifted ^ int.from_bytes(binascii.a2b_base64(value), "big")
    return _base64(whole.to_bytes(SIZES[name], "big"))


@lru_cache(maxsize=64)
def _power(size: int, polynomial: int, width: int) -> int:
    """x to the power of 8 × size modulo the polynomial: what appending `size` bytes does to a CRC."""
    exponent = size * 8
    result = 1 << (width - 1)  # reflected: the highest bit stands for x⁰
    base = 1 << (width - 2)
    while exponent:
        if exponent & 1:
            result = _multiplied(result, base, polynomial, width)
        base = _multiplied(base, base, polynomial, width)
        exponent >>= 1
    return result


def _multiplied(left: int, right: int, polynomial: int, width: int) -> int:
    product = 0
    for bit in range(width - 1, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = right >> 1 ^ polynomial if right & 1 else right >> 1
    return product


class _Crc32:
    __slots__ = ("_value",)

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class _Crc:
    """A CRC that the standard library lacks."""

    __slots__ = ("_model", "_size", "_value")

    def __init__(self, model: str, size: int) -> None:
        # Imported here: the agent, which needs none of them, must start quickly.
        from anycrc import Model

        self._model = Model(model)
        self._size = size
        self._value: int | None = None

    def update(self, data: bytes, /) -> None:
        self._value = self._model.calc(data) if self._value is None else self._model.calc(data, self._value)

    def digest(self) -> bytes:
        value = self._model.calc(b"") if self._value is None else self._value
        return int(value).to_bytes(self._size, "big")


_MODELS = {"CRC32C": "CRC32C", "CRC64NVME": "CRC64-NVME"}


def _new(name: Algorithm) -> _Hash:
    if name == "CRC32":
        return _Crc32()
    if name in _MODELS:
        return _Crc(_MODELS[name], SIZES[name])
    if name.startswith("XXHASH"):
        raise ServiceError("NotImplemented", f"Salvia does not compute {name} checksums. CRC64NVME is as fast.", 501)
    return hashlib.new(name.lower(), usedforsecurity=False)


def _base64(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode()
