"""Checksums against published check values, botocore and each other."""

from __future__ import annotations

import base64
import random
from itertools import pairwise
from typing import get_args

import pytest
from botocore import httpchecksum

from salvia.core.checksums import (
    SIZES,
    Algorithm,
    Checksum,
    algorithm,
    composite,
    full_object,
    header,
    sent,
    valid,
)
from salvia.core.errors import ServiceError

from .conftest import received

# Of "123456789": the CRCs from the RevEng catalogue of CRC algorithms, the digests from `openssl`.
CHECK = {
    "CRC32": "cbf43926",
    "CRC32C": "e3069283",
    "CRC64NVME": "ae8b14860a799888",
    "MD5": "25f9e794323b453885f5181f1b624d0b",
    "SHA1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
}

CRCS: list[Algorithm] = ["CRC32", "CRC32C", "CRC64NVME"]


def of(name: Algorithm, data: bytes) -> str:
    checksum = Checksum(name)
    checksum.update(data)
    return checksum.base64()


@pytest.mark.parametrize(("name", "expected"), CHECK.items())
def test_the_published_check_value_comes_out(name: Algorithm, expected: str) -> None:
    checksum = Checksum(name)
    checksum.update(b"1234")
    checksum.update(b"56789")

    assert checksum.hex() == expected


@pytest.mark.parametrize("name", ["CRC32", "SHA1", "SHA256", "SHA512"])
def test_botocore_computes_the_same(name: Algorithm) -> None:
    """botocore.httpchecksum is what clients send."""
    theirs = httpchecksum._CHECKSUM_CLS[name.lower()]()

    assert of(name, b"hello") == theirs.handle(b"hello")


@pytest.mark.parametrize("name", [name for name in get_args(Algorithm) if not name.startswith("XXHASH")])
def test_every_algorithm_of_the_api_has_its_size(name: Algorithm) -> None:
    """The enum ChecksumAlgorithm of S3's model."""
    value = of(name, b"hello")

    assert len(base64.b64decode(value)) == SIZES[name]
    assert valid(name, value)


@pytest.mark.parametrize("name", CRCS)
def test_the_checksum_of_a_whole_follows_from_its_parts(name: Algorithm) -> None:
    """S3 user guide: FULL_OBJECT checksums of multipart uploads."""
    data = random.Random(7).randbytes(300_001)
    cuts = [0, 0, 1, 100_000, 200_000, 200_000, 300_001]
    parts = [data[start:end] for start, end in pairwise(cuts)]

    assert full_object(name, [(of(name, part), len(part)) for part in parts]) == of(name, data)


@pytest.mark.parametrize("name", CRCS)
def test_the_whole_of_no_parts_is_empty(name: Algorithm) -> None:
    assert full_object(name, []) == of(name, b"")


def test_only_crcs_have_a_full_object_type() -> None:
    with pytest.raises(ServiceError, match="FULL_OBJECT"):
        full_object("SHA256", [(of("SHA256", b"a"), 1)])


def test_a_composite_checksum_is_over_the_parts_digests() -> None:
    """S3 user guide: the checksum of checksums, then a dash and the number of parts."""
    digests = base64.b64decode(of("SHA256", b"a")) + base64.b64decode(of("SHA256", b"b"))

    assert composite("SHA256", [of("SHA256", b"a"), of("SHA256", b"b")]) == of("SHA256", digests) + "-2"


def test_headers_and_parameters_name_algorithms() -> None:
    assert algorithm("x-amz-checksum-crc64nvme") == algorithm("CRC64NVME") == "CRC64NVME"
    assert header("CRC64NVME") == "x-amz-checksum-crc64nvme"
    assert algorithm("x-amz-checksum-type") is None


def test_a_request_may_give_one_checksum() -> None:
    url = "http://h/b/k"
    one = {"x-amz-checksum-crc32": "NhCmhg==", "x-amz-checksum-type": "FULL_OBJECT"}

    assert sent(received("PUT", url, one)) == {"CRC32": "NhCmhg=="}
    assert sent(received("PUT", url)) == {}
    with pytest.raises(ServiceError, match="Multiple checksum Types are not allowed"):
        sent(received("PUT", url, {**one, "x-amz-checksum-sha1": "x"}))


@pytest.mark.parametrize("value", ["", "x", "NhCmhg", "NhCmhgAA", "Nh\nCmhg==", "é"])
def test_a_value_that_is_no_checksum_is_refused(value: str) -> None:
    with pytest.raises(ServiceError, match="Value for x-amz-checksum-crc32 header is invalid"):
        sent(received("PUT", "http://h/b/k", {"x-amz-checksum-crc32": value}))


@pytest.mark.parametrize("name", ["XXHASH3", "XXHASH64", "XXHASH128"])
def test_what_is_not_computed_says_so(name: Algorithm) -> None:
    """Clients ask for these by name alone; none does by default."""
    with pytest.raises(ServiceError, match=f"does not compute {name}") as caught:
        Checksum(name)

    assert (caught.value.code, caught.value.status) == ("NotImplemented", 501)
