"""The walk behind every listing, against its definition, on keys that were made to be awkward."""

from __future__ import annotations

import asyncio
import bisect
import random
from collections.abc import Sequence
from typing import Any

import pytest

from salvia.services.s3.listing import walk
from salvia.services.s3.listing.walk import Place


def fetcher(keys: list[bytes], reads: list[int]) -> walk.Fetch:
    """A table of keys, each with one row, that counts the rows it reads."""

    async def fetch(place: Place, end: bytes, count: int) -> Sequence[Any]:
        start = bisect.bisect_left(keys, place[0])
        if place[1] and start < len(keys) and keys[start] == place[0]:
            start += 1
        rows = [{"key": key, "place": 1} for key in keys[start : start + count] if key < end]
        reads.append(len(rows))
        return rows

    return fetch


async def whole(keys: list[bytes], prefix: bytes, delimiter: bytes, size: int) -> list[bytes]:
    """All pages of a listing, one after the other."""
    found: list[bytes] = []
    start: Place = (b"", 0)
    while True:
        page = await walk.walk(fetcher(keys, []), start, prefix, delimiter, size, 0)
        assert len(page.rows) + len(page.prefixes) <= size
        found += sorted([row["key"] for row in page.rows] + page.prefixes)
        if not page.truncated:
            return found
        assert page.last is not None
        last = page.last if isinstance(page.last, bytes) else page.last["key"]
        start = (walk.beyond(last), 0) if walk.rolled_up(last, prefix, delimiter) else (last, 1)


def definition(keys: list[bytes], prefix: bytes, delimiter: bytes) -> list[bytes]:
    found = set()
    for key in keys:
        if key.startswith(prefix):
            at = key.find(delimiter, len(prefix)) if delimiter else -1
            found.add(key if at < 0 else key[: at + len(delimiter)])
    return sorted(found)


@pytest.mark.parametrize("seed", range(20))
def test_every_page_size_gives_what_the_definition_says(seed: int) -> None:
    """API_ListObjectsV2, Delimiter, Prefix, CommonPrefixes."""
    chance = random.Random(seed)
    texts = {"".join(chance.choices("a/bé鍵🔑", k=chance.randrange(1, 7))) for _ in range(400)}
    keys = sorted(text.encode() for text in texts)
    for prefix in (b"", b"a", b"a/", "é".encode(), b"/"):
        for delimiter in (b"", b"/", b"a", b"//", "鍵".encode()):
            for size in (1, 2, 7, 1000):
                assert asyncio.run(whole(keys, prefix, delimiter, size)) == definition(keys, prefix, delimiter)


def test_a_million_keys_under_one_prefix_are_jumped_over() -> None:
    """What every data lake needs: `ls` at the top must not read the bottom."""
    keys = sorted(b"%s/%06d" % (prefix, n) for prefix in (b"a", b"b", b"c") for n in range(100_000))
    reads: list[int] = []
    page = asyncio.run(walk.walk(fetcher(keys, reads), (b"", 0), b"", b"/", 1000, 0))
    assert page.prefixes == [b"a/", b"b/", b"c/"]
    assert sum(reads) < 200


def test_what_comes_after_a_prefix() -> None:
    """The next key in the order of bytes that does not begin with it."""
    assert walk.beyond(b"a/") == b"a0"
    assert walk.beyond("é".encode()) == b"\xc3\xaa"
    assert walk.beyond(b"") == walk.END
