"""Listings. Expectations: API_ListObjects, API_ListObjectsV2; user guide, "Organizing objects using prefixes"."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from s3_cases import refused

KEYS = [
    "Z",
    "a",
    "a/1",
    "a/2",
    "a/b/1",
    "a/b/2",
    "a0",
    "b",
    "c d",
    "photos/2024/01.jpg",
    "photos/2024/02.jpg",
    "photos/2025/01.jpg",
    "photos/readme",
    "with+plus",
    "é",
    "鍵/1",
    "\ufb01",
    "🔑/1",
]


@pytest.fixture(scope="module")
def s3(salvia: Any) -> Any:
    return salvia.client("s3", max_pool_connections=16)


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    name = f"listing-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=name, Key=key, Body=key.encode()), KEYS))
    return name


def expected(prefix: str = "", delimiter: str = "", after: str = "") -> list[str]:
    """Keys and common prefixes, in the order of their UTF-8, by the definition."""
    found = []
    for key in sorted(KEYS, key=str.encode):
        if not key.startswith(prefix) or key.encode() <= after.encode():
            continue
        rest = key[len(prefix) :]
        entry = prefix + rest[: rest.index(delimiter) + len(delimiter)] if delimiter and delimiter in rest else key
        if entry not in found:
            found.append(entry)
    return found


def listed(pages: Any) -> list[str]:
    """Keys and common prefixes of all pages, merged in order."""
    found = []
    for page in pages:
        entries = [entry["Key"] for entry in page.get("Contents", ())]
        entries += [entry["Prefix"] for entry in page.get("CommonPrefixes", ())]
        found += sorted(entries, key=str.encode)
    return found


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("prefix", "delimiter"),
    [
        ("", ""),
        ("", "/"),
        ("a", ""),
        ("a", "/"),
        ("a/", "/"),
        ("photos/", "/"),
        ("", "o"),
        ("", "/1"),
        ("none", "/"),
        ("鍵", "/"),
    ],
)
def test_pages_hold_everything_once_and_in_order(
    s3: Any, bucket: str, operation: str, size: int, prefix: str, delimiter: str
) -> None:
    """UTF-8 order, whatever the size of pages; a common prefix counts as one entry."""
    pages = list(
        s3.get_paginator(operation).paginate(
            Bucket=bucket, Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": size}
        )
    )
    assert listed(pages) == expected(prefix, delimiter)
    assert all(len(listed([page])) <= size for page in pages)
    assert [page["IsTruncated"] for page in pages] == [True] * (len(pages) - 1) + [False]


@pytest.mark.parametrize("after", ["", "a", "a/", "a/1", "a/b", "photos/2024/01.jpg", "zzz", "🔑/1"])
def test_a_listing_starts_after_any_text(s3: Any, bucket: str, after: str) -> None:
    """StartAfter and Marker need not be keys."""
    assert listed([s3.list_objects_v2(Bucket=bucket, StartAfter=after)]) == expected(after=after)
    assert listed([s3.list_objects(Bucket=bucket, Marker=after)]) == expected(after=after)


def test_entries_say_what_they_are(s3: Any, bucket: str) -> None:
    """The members of Object; KeyCount counts common prefixes, too."""
    page = s3.list_objects_v2(Bucket=bucket, Prefix="a", Delimiter="/")
    assert (page["Name"], page["Prefix"], page["Delimiter"], page["MaxKeys"]) == (bucket, "a", "/", 1000)
    assert page["KeyCount"] == 3
    entry = page["Contents"][0]
    head = s3.head_object(Bucket=bucket, Key="a")
    assert (entry["Size"], entry["ETag"], entry["StorageClass"]) == (1, head["ETag"], "STANDARD")
    assert entry["LastModified"].replace(microsecond=0) == head["LastModified"]
    assert "Owner" not in entry
    assert "Owner" in s3.list_objects_v2(Bucket=bucket, Prefix="a", FetchOwner=True)["Contents"][0]
    assert "Owner" in s3.list_objects(Bucket=bucket, Prefix="a")["Contents"][0]


def test_keys_can_be_asked_for_encoded(salvia: Any, bucket: str) -> None:
    """EncodingType=url; boto3 decodes by itself only what it asked for by itself."""
    s3 = salvia.client("s3")
    page = s3.list_objects_v2(Bucket=bucket, Prefix="c d", EncodingType="url")
    assert (page["EncodingType"], page["Prefix"], page["Contents"][0]["Key"]) == ("url", "c%20d", "c%20d")
    assert s3.list_objects_v2(Bucket=bucket, Prefix="with+")["Contents"][0]["Key"] == "with+plus"


def test_limits_of_a_page(s3: Any, bucket: str) -> None:
    """At most 1,000 whatever is asked; 0 is an empty page that is not truncated; negative is refused."""
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=5000)["MaxKeys"] == 1000
    empty = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (empty["KeyCount"], empty["IsTruncated"]) == (0, False)
    assert refused(s3.list_objects_v2, Bucket=bucket, MaxKeys=-1) == ("InvalidArgument", 400)
    assert refused(s3.list_objects_v2, Bucket=bucket, ContinuationToken="nonsense") == ("InvalidArgument", 400)
    assert refused(s3.list_objects_v2, Bucket="no-such-bucket-here") == ("NoSuchBucket", 404)


def test_next_marker_comes_with_a_delimiter_only(s3: Any, bucket: str) -> None:
    """API_ListObjects, NextMarker."""
    assert "NextMarker" not in s3.list_objects(Bucket=bucket, MaxKeys=2)
    assert s3.list_objects(Bucket=bucket, MaxKeys=3, Delimiter="/")["NextMarker"] == "a/"


def test_a_bucket_of_many_keys_is_listed_whole(s3: Any) -> None:
    """More than a page; the last page says so."""
    name = f"many-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    keys = [f"k{n:05d}" for n in range(1100)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=name, Key=key, Body=b""), keys))
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=name))
    assert [page["KeyCount"] for page in pages] == [1000, 100]
    assert listed(pages) == keys


def test_rolling_up_does_not_read_what_it_rolls_up(s3: Any) -> None:
    """A common prefix is left by one jump of the index: with keys under it, the listing takes as long as without."""
    name = f"wide-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    keys = [f"{prefix}/{n:04d}" for prefix in "abcdefgh" for n in range(100)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=name, Key=key, Body=b""), keys))

    def best(**request: Any) -> float:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            s3.list_objects_v2(Bucket=name, **request)
            times.append(time.perf_counter() - start)
        return min(times)

    page = s3.list_objects_v2(Bucket=name, Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == [f"{prefix}/" for prefix in "abcdefgh"]
    assert best(Delimiter="/") < best()
