"""Objects through boto3: what goes in comes out, whatever the key. Expectations: the S3 API reference, operation by
operation, and botocore's model.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import http.client
import os
import uuid
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import anycrc
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from s3_cases import error, refused


@pytest.fixture(scope="module")
def s3(salvia: Any) -> Any:
    return salvia.client("s3")


@pytest.fixture(scope="module")
def bucket(s3: Any) -> Iterator[str]:
    name = f"objects-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


ODD_KEYS = [
    "a",
    "a/b",
    "a/",
    "a//b",
    "/",
    "//",
    "/leading/slash",
    "trailing/slash/",
    ".",
    "..",
    "../../etc/passwd",
    "a/../b",
    "a/./b",
    "with space",
    "plus+plus",
    "percent%20percent%",
    "question?query=1&x",
    "hash#tag",
    "quote'\"back\\slash",
    "semi;colon:comma,",
    "<xml>&amp;",
    "unicode/ключ/鍵/🔑",
    "combining/e\u0301",
    "newline\nreturn\rtab\t",
    "control\x01\x1f\x7f",
    "~tilde!(parens)*star",
    "x" * 1024,
    "é" * 512,
    "_health",
    "con.txt:stream",
]


@pytest.mark.parametrize("key", ODD_KEYS, ids=range(len(ODD_KEYS)))
def test_a_key_is_opaque(s3: Any, bucket: str, key: str) -> None:
    """User guide, "Naming Amazon S3 objects": any sequence of UTF-8 characters, up to 1,024 bytes."""
    body = key.encode() + b" content"
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(body)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]
    assert key in [entry["Key"] for entry in listed]
    s3.delete_object(Bucket=bucket, Key=key)
    assert refused(s3.get_object, Bucket=bucket, Key=key) == ("NoSuchKey", 404)  # its XML, too, must be readable


def test_a_key_has_at_most_1024_bytes(s3: Any, bucket: str) -> None:
    """KeyTooLongError, "Error responses"; bytes, not characters."""
    assert refused(s3.put_object, Bucket=bucket, Key="x" * 1025, Body=b"") == ("KeyTooLongError", 400)
    assert refused(s3.put_object, Bucket=bucket, Key="é" * 513, Body=b"") == ("KeyTooLongError", 400)


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 3 << 20])
def test_bytes_come_back_as_they_were(s3: Any, bucket: str, size: int) -> None:
    """Sizes on both sides of what the store treats differently."""
    body = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="size", Body=body)
    assert put["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'
    got = s3.get_object(Bucket=bucket, Key="size")
    assert got["Body"].read() == body
    assert (got["ContentLength"], got["ETag"]) == (size, put["ETag"])


def test_everything_an_object_carries_comes_back(s3: Any, bucket: str) -> None:
    """API_PutObject, request parameters; API_GetObject, response elements."""
    carried = {
        "CacheControl": "no-store",
        "ContentDisposition": 'attachment; filename="x.csv"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/csv; charset=utf-8",
        "Expires": datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC),
        "Metadata": {"colour": "blue", "empty": ""},
        "StorageClass": "STANDARD_IA",
        "WebsiteRedirectLocation": "/elsewhere",
    }
    s3.put_object(Bucket=bucket, Key="carried", Body=b"x", Tagging="a=1&b=two%20words", **carried)
    for shown in (s3.head_object(Bucket=bucket, Key="carried"), s3.get_object(Bucket=bucket, Key="carried")):
        del shown["ExpiresString"]
        assert {name: shown[name] for name in carried} == carried
        assert shown["TagCount"] == 2
        assert shown["ServerSideEncryption"] == "AES256"
        assert shown["AcceptRanges"] == "bytes"


def test_an_object_without_a_type_is_binary(s3: Any, bucket: str) -> None:
    """User guide: the default Content-Type is binary/octet-stream."""
    s3.put_object(Bucket=bucket, Key="plain", Body=b"x")
    assert s3.head_object(Bucket=bucket, Key="plain")["ContentType"] == "binary/octet-stream"


def test_metadata_is_limited_to_two_kilobytes(s3: Any, bucket: str) -> None:
    """User guide, "Working with object metadata"."""
    s3.put_object(Bucket=bucket, Key="m", Body=b"", Metadata={"k": "v" * 2047})
    assert refused(s3.put_object, Bucket=bucket, Key="m", Body=b"", Metadata={"k": "v" * 2048}) == (
        "MetadataTooLarge",
        400,
    )


def test_an_object_is_replaced_at_once(s3: Any, bucket: str) -> None:
    """Strong consistency: a read after a write sees it, headers and all."""
    s3.put_object(Bucket=bucket, Key="again", Body=b"one", Metadata={"n": "1"})
    s3.put_object(Bucket=bucket, Key="again", Body=b"two")
    got = s3.get_object(Bucket=bucket, Key="again")
    assert (got["Body"].read(), got["Metadata"]) == (b"two", {})


def test_what_is_missing_is_told_apart(s3: Any, bucket: str) -> None:
    """NoSuchBucket and NoSuchKey; HEAD has no body, so that botocore only sees the status."""
    assert refused(s3.get_object, Bucket="no-such-bucket-here", Key="k") == ("NoSuchBucket", 404)
    assert refused(s3.put_object, Bucket="no-such-bucket-here", Key="k", Body=b"") == ("NoSuchBucket", 404)
    assert refused(s3.get_object, Bucket=bucket, Key="nothing") == ("NoSuchKey", 404)
    assert error(s3.head_object, Bucket=bucket, Key="nothing") == {"Code": "404", "Message": "Not Found"}
    assert error(s3.get_object, Bucket=bucket, Key="nothing")["Key"] == "nothing"


def test_deleting_what_is_not_there_succeeds(s3: Any, bucket: str) -> None:
    """API_DeleteObject."""
    assert s3.delete_object(Bucket=bucket, Key="never was")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_the_waiters_see_objects_come_and_go(s3: Any, bucket: str) -> None:
    """boto3's own idea of existing: HEAD answers 200 or 404."""
    s3.put_object(Bucket=bucket, Key="waited", Body=b"x")
    s3.get_waiter("object_exists").wait(Bucket=bucket, Key="waited", WaiterConfig={"MaxAttempts": 1})
    s3.delete_object(Bucket=bucket, Key="waited")
    s3.get_waiter("object_not_exists").wait(Bucket=bucket, Key="waited", WaiterConfig={"MaxAttempts": 1})


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=2-4", 2, 4),
        ("bytes=7-", 7, 9),
        ("bytes=-3", 7, 9),
        ("bytes=-99", 0, 9),
        ("bytes=5-99", 5, 9),
    ],
)
def test_a_range_is_answered_with_206(s3: Any, bucket: str, wanted: str, start: int, end: int) -> None:
    """RFC 9110, 14.2."""
    s3.put_object(Bucket=bucket, Key="range", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="range", Range=wanted)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert got["ContentRange"] == f"bytes {start}-{end}/10"
    assert got["ContentLength"] == end - start + 1
    assert got["Body"].read() == b"0123456789"[start : end + 1]
    assert s3.head_object(Bucket=bucket, Key="range", Range=wanted)["ContentLength"] == end - start + 1


@pytest.mark.parametrize("wanted", ["bytes=0-1,4-5", "bytes=5-2", "lines=1-2", "bytes=-", "nonsense"])
def test_a_range_that_is_not_understood_is_ignored(s3: Any, bucket: str, wanted: str) -> None:
    """RFC 9110, 14.2; S3 serves no more than one range a request."""
    s3.put_object(Bucket=bucket, Key="range", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="range", Range=wanted)
    assert (got["ResponseMetadata"]["HTTPStatusCode"], got["Body"].read()) == (200, b"0123456789")


@pytest.mark.parametrize("wanted", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(s3: Any, bucket: str, wanted: str) -> None:
    """InvalidRange (416) with the object's size."""
    s3.put_object(Bucket=bucket, Key="range", Body=b"0123456789")
    assert refused(s3.get_object, Bucket=bucket, Key="range", Range=wanted) == ("InvalidRange", 416)
    assert error(s3.get_object, Bucket=bucket, Key="range", Range=wanted)["ActualObjectSize"] == "10"


def test_ranges_of_a_large_object_lie_where_they_should(s3: Any, bucket: str) -> None:
    """Across the blocks in which the store reads."""
    body = os.urandom((3 << 20) + 123)
    s3.put_object(Bucket=bucket, Key="large", Body=body)
    for start, end in ((0, 1 << 20), ((1 << 20) - 1, (1 << 20) + 1), (12345, (3 << 20) + 122)):
        got = s3.get_object(Bucket=bucket, Key="large", Range=f"bytes={start}-{end}")["Body"].read()
        assert got == body[start : end + 1]


def test_reads_can_depend_on_etag_and_date(s3: Any, bucket: str) -> None:
    """RFC 9110, 13.2.2, the order of precedence; API_GetObject, "Additional considerations"."""
    etag = s3.put_object(Bucket=bucket, Key="if", Body=b"x")["ETag"]
    past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    future = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    get = {"call": s3.get_object, "Bucket": bucket, "Key": "if"}
    assert refused(**get, IfMatch='"other"') == ("PreconditionFailed", 412)
    assert refused(**get, IfNoneMatch=etag) == ("304", 304)
    assert refused(**get, IfNoneMatch=etag.strip('"')) == ("304", 304)
    assert refused(**get, IfModifiedSince=future) == ("304", 304)
    assert refused(**get, IfUnmodifiedSince=past) == ("PreconditionFailed", 412)
    for allowed in (
        {"IfMatch": etag},
        {"IfMatch": "*"},
        {"IfNoneMatch": '"other"'},
        {"IfModifiedSince": past},
        {"IfUnmodifiedSince": future},
        {"IfMatch": etag, "IfUnmodifiedSince": past},
        {"IfNoneMatch": '"other"', "IfModifiedSince": future},
    ):
        assert s3.get_object(Bucket=bucket, Key="if", **allowed)["Body"].read() == b"x"
    assert refused(s3.head_object, Bucket=bucket, Key="if", IfNoneMatch=etag) == ("304", 304)
    assert refused(s3.head_object, Bucket=bucket, Key="if", IfMatch='"other"') == ("412", 412)


def test_a_put_can_demand_that_nothing_is_there(s3: Any, bucket: str) -> None:
    """User guide, "How to prevent object overwrites with conditional writes"."""
    s3.put_object(Bucket=bucket, Key="once", Body=b"first", IfNoneMatch="*")
    assert refused(s3.put_object, Bucket=bucket, Key="once", Body=b"second", IfNoneMatch="*") == (
        "PreconditionFailed",
        412,
    )
    assert error(s3.put_object, Bucket=bucket, Key="once", Body=b"", IfNoneMatch="*")["Condition"] == "If-None-Match"
    assert s3.get_object(Bucket=bucket, Key="once")["Body"].read() == b"first"
    assert refused(s3.put_object, Bucket=bucket, Key="once", Body=b"", IfNoneMatch='"etag"') == ("NotImplemented", 501)


def test_a_put_can_demand_what_it_replaces(s3: Any, bucket: str) -> None:
    """User guide, "conditional writes", If-Match: 404 where there is nothing, 412 where there is something else."""
    assert refused(s3.put_object, Bucket=bucket, Key="cas", Body=b"", IfMatch='"x"') == ("NoSuchKey", 404)
    etag = s3.put_object(Bucket=bucket, Key="cas", Body=b"one")["ETag"]
    s3.put_object(Bucket=bucket, Key="cas", Body=b"two", IfMatch=etag)
    assert refused(s3.put_object, Bucket=bucket, Key="cas", Body=b"three", IfMatch=etag) == ("PreconditionFailed", 412)
    assert s3.get_object(Bucket=bucket, Key="cas")["Body"].read() == b"two"


def test_of_many_conditional_puts_one_wins(salvia: Any, bucket: str) -> None:
    """The condition is decided in the transaction that commits."""
    client = salvia.client("s3", max_pool_connections=32)

    def put(number: int) -> int | None:
        try:
            client.put_object(Bucket=bucket, Key="race", Body=str(number).encode() * 50_000, IfNoneMatch="*")
        except ClientError as lost:
            assert lost.response["Error"]["Code"] == "PreconditionFailed"
            return None
        return number

    with ThreadPoolExecutor(32) as pool:
        winners = [number for number in pool.map(put, range(32)) if number is not None]
    assert len(winners) == 1
    assert client.get_object(Bucket=bucket, Key="race")["Body"].read() == str(winners[0]).encode() * 50_000


def test_a_counter_kept_with_if_match_loses_nothing(salvia: Any, bucket: str) -> None:
    """Compare and swap, as people build locks and counters on S3."""
    client = salvia.client("s3", max_pool_connections=8)
    client.put_object(Bucket=bucket, Key="counter", Body=b"0")

    def increment(_: int) -> None:
        while True:
            got = client.get_object(Bucket=bucket, Key="counter")
            count = int(got["Body"].read()) + 1
            try:
                client.put_object(Bucket=bucket, Key="counter", Body=str(count).encode(), IfMatch=got["ETag"])
                return
            except ClientError as lost:
                assert lost.response["Error"]["Code"] == "PreconditionFailed"

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(increment, range(40)))
    assert client.get_object(Bucket=bucket, Key="counter")["Body"].read() == b"40"


def test_of_many_puts_the_object_is_one_of_them(salvia: Any, bucket: str) -> None:
    """Last writer wins; bytes of two never mix."""
    client = salvia.client("s3", max_pool_connections=16)
    bodies = [bytes([65 + n]) * (100_000 + n) for n in range(16)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda body: client.put_object(Bucket=bucket, Key="mixed", Body=body), bodies))
    assert client.get_object(Bucket=bucket, Key="mixed")["Body"].read() in bodies


def test_a_delete_can_demand_what_it_deletes(s3: Any, bucket: str) -> None:
    """API_DeleteObject, If-Match."""
    etag = s3.put_object(Bucket=bucket, Key="del", Body=b"x")["ETag"]
    assert refused(s3.delete_object, Bucket=bucket, Key="del", IfMatch='"other"') == ("PreconditionFailed", 412)
    s3.delete_object(Bucket=bucket, Key="del", IfMatch=etag)
    assert refused(s3.delete_object, Bucket=bucket, Key="del", IfMatch=etag) == ("NoSuchKey", 404)


def test_many_objects_are_deleted_at_once(s3: Any, bucket: str) -> None:
    """API_DeleteObjects: each key is told of, unless Quiet; what is not there counts as deleted."""
    keys = [f"many/{n}" for n in range(5)] + ["many/not there", "many/\n<odd>&"]
    for key in keys[:5]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys[1:]]})
    assert [entry["Key"] for entry in answer["Deleted"]] == keys[1:]
    assert "Errors" not in answer
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": keys[0]}], "Quiet": True})
    assert "Deleted" not in quiet
    assert s3.list_objects_v2(Bucket=bucket, Prefix="many/")["KeyCount"] == 0


def test_one_wrong_key_does_not_keep_the_others(s3: Any, bucket: str) -> None:
    """API_DeleteObjects: errors are told by key."""
    s3.put_object(Bucket=bucket, Key="good", Body=b"x")
    answer = s3.delete_objects(
        Bucket=bucket, Delete={"Objects": [{"Key": "x" * 1025}, {"Key": "good"}, {"Key": "v", "VersionId": "short"}]}
    )
    assert [entry["Key"] for entry in answer["Deleted"]] == ["good"]
    assert [entry["Code"] for entry in answer["Errors"]] == ["KeyTooLongError", "InvalidArgument"]


def test_a_thousand_keys_are_the_most(s3: Any, bucket: str) -> None:
    """API_DeleteObjects."""
    keys = [{"Key": str(n)} for n in range(1001)]
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": keys[:1000]})["Deleted"]) == 1000
    assert refused(s3.delete_objects, Bucket=bucket, Delete={"Objects": keys}) == ("MalformedXML", 400)


def test_headers_of_an_answer_can_be_overridden(s3: Any, bucket: str) -> None:
    """API_GetObject, response-*; what presigned downloads use."""
    s3.put_object(Bucket=bucket, Key="override", Body=b"x", ContentType="text/plain")
    got = s3.get_object(
        Bucket=bucket,
        Key="override",
        ResponseContentType="text/html",
        ResponseContentDisposition="attachment",
        ResponseCacheControl="max-age=1",
    )
    assert (got["ContentType"], got["ContentDisposition"], got["CacheControl"]) == (
        "text/html",
        "attachment",
        "max-age=1",
    )


def test_tags_of_an_object_can_be_changed(s3: Any, bucket: str) -> None:
    """API_PutObjectTagging and its neighbours."""
    s3.put_object(Bucket=bucket, Key="tagged", Body=b"x", Tagging="a=1")
    tags = [{"Key": "b", "Value": "2"}, {"Key": "project/name", "Value": "x y"}]
    s3.put_object_tagging(Bucket=bucket, Key="tagged", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=bucket, Key="tagged")["TagSet"] == tags
    s3.delete_object_tagging(Bucket=bucket, Key="tagged")
    assert s3.get_object_tagging(Bucket=bucket, Key="tagged")["TagSet"] == []
    assert "TagCount" not in s3.head_object(Bucket=bucket, Key="tagged")


def test_tags_that_s3_does_not_allow_are_refused(s3: Any, bucket: str) -> None:
    """User guide, "Categorizing your objects using tags"."""
    s3.put_object(Bucket=bucket, Key="t", Body=b"")

    def put(*tags: tuple[str, str]) -> tuple[str, int]:
        tag_set = [{"Key": key, "Value": value} for key, value in tags]
        return refused(s3.put_object_tagging, Bucket=bucket, Key="t", Tagging={"TagSet": tag_set})

    assert put(*((str(n), "") for n in range(11))) == ("BadRequest", 400)
    assert put(("a", "1"), ("a", "2")) == ("InvalidTag", 400)
    assert put(("aws:x", "1")) == ("InvalidTag", 400)
    assert put(("a<b", "1")) == ("InvalidTag", 400)
    assert put(("a", "v" * 257)) == ("InvalidTag", 400)
    assert refused(s3.put_object, Bucket=bucket, Key="t", Body=b"", Tagging="a=1&a=2") == ("InvalidTag", 400)


def test_attributes_are_those_that_were_asked_for(s3: Any, bucket: str) -> None:
    """API_GetObjectAttributes; the ETag stands there without its quotes."""
    etag = s3.put_object(Bucket=bucket, Key="attr", Body=b"hello", ChecksumAlgorithm="SHA256")["ETag"]
    got = s3.get_object_attributes(
        Bucket=bucket, Key="attr", ObjectAttributes=["ETag", "Checksum", "StorageClass", "ObjectSize", "ObjectParts"]
    )
    digest = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    assert got["ETag"] == etag.strip('"')
    assert got["Checksum"] == {"ChecksumSHA256": digest, "ChecksumType": "FULL_OBJECT"}
    assert (got["StorageClass"], got["ObjectSize"]) == ("STANDARD", 5)
    assert "ObjectParts" not in got
    assert "ETag" not in s3.get_object_attributes(Bucket=bucket, Key="attr", ObjectAttributes=["ObjectSize"])


def test_what_nobody_would_do_is_refused_and_not_ignored(s3: Any, bucket: str) -> None:
    """Encryption with keys that are not used, locks that do not lock, ACLs that do not let in."""
    put = {"call": s3.put_object, "Bucket": bucket, "Key": "n", "Body": b""}
    assert refused(**put, ServerSideEncryption="aws:kms") == ("NotImplemented", 501)
    assert refused(
        **put, ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    ) == (
        "NotImplemented",
        501,
    )
    assert refused(**put, SSECustomerAlgorithm="AES256", SSECustomerKey="x" * 32) == ("NotImplemented", 501)
    assert refused(**put, ACL="public-read") == ("AccessControlListNotSupported", 400)
    assert refused(**put, StorageClass="GLACIER") == ("InvalidStorageClass", 400)
    assert refused(s3.restore_object, Bucket=bucket, Key="n", RestoreRequest={"Days": 1}) == ("NotImplemented", 501)


def test_another_owner_is_not_served(s3: Any, bucket: str) -> None:
    """User guide, "Verifying bucket ownership with bucket owner condition"."""
    s3.put_object(Bucket=bucket, Key="mine", Body=b"x", ExpectedBucketOwner="123456789012")
    assert refused(s3.get_object, Bucket=bucket, Key="mine", ExpectedBucketOwner="999999999999") == (
        "AccessDenied",
        403,
    )


def _checksum(algorithm: str, body: bytes) -> str:
    raw = {
        "CRC32": lambda: zlib.crc32(body).to_bytes(4, "big"),
        "CRC32C": lambda: anycrc.Model("CRC32C").calc(body).to_bytes(4, "big"),
        "SHA1": lambda: hashlib.sha1(body).digest(),
        "SHA256": lambda: hashlib.sha256(body).digest(),
    }[algorithm]()
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256"])
def test_a_checksum_is_kept_and_shown(s3: Any, bucket: str, algorithm: str) -> None:
    """User guide, "Checking object integrity"; boto3 checks it on the way back."""
    member, value = f"Checksum{algorithm}", _checksum(algorithm, b"hello")
    put = s3.put_object(Bucket=bucket, Key=algorithm, Body=b"hello", **{member: value})
    assert (put[member], put["ChecksumType"]) == (value, "FULL_OBJECT")
    got = s3.get_object(Bucket=bucket, Key=algorithm, ChecksumMode="ENABLED")
    assert got["Body"].read() == b"hello"
    assert got[member] == value
    assert s3.head_object(Bucket=bucket, Key=algorithm, ChecksumMode="ENABLED")[member] == value
    assert member not in s3.head_object(Bucket=bucket, Key=algorithm)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=algorithm)["Contents"][0]
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == ([algorithm], "FULL_OBJECT")


def test_a_wrong_checksum_leaves_nothing(s3: Any, bucket: str) -> None:
    """BadDigest, whichever way the checksum is sent; an effect commits only after the last byte is proved."""
    wrong = base64.b64encode(zlib.crc32(b"other").to_bytes(4, "big")).decode()
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    for size in (5, 200_000):
        body = b"x" * size
        assert refused(s3.put_object, Bucket=bucket, Key="bad", Body=body, ChecksumCRC32=wrong) == ("BadDigest", 400)
        assert refused(s3.put_object, Bucket=bucket, Key="bad", Body=body, ContentMD5=md5) == ("BadDigest", 400)
        assert refused(s3.head_object, Bucket=bucket, Key="bad") == ("404", 404)


def by_url(method: str, url: str, body: bytes | None = None, host: str | None = None) -> tuple[int, str, bytes]:
    """Status, content type and body of a request that is signed by its URL alone."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body, {"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("content-type", ""), answer.read()
    finally:
        connection.close()


def test_a_presigned_url_works_in_both_signatures(salvia: Any, bucket: str) -> None:
    """boto3 presigns with SigV2 in us-east-1 unless told otherwise: wire-facts, "S3"."""
    for version in (None, "s3v4"):
        client = salvia.client("s3", **({"signature_version": version} if version else {}))
        put = client.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "pre signed/ü"})
        assert ("AWSAccessKeyId=" in put) is (version is None)
        assert by_url("PUT", put, b"by url")[0] == 200
        wanted = {"Bucket": bucket, "Key": "pre signed/ü", "ResponseContentType": "text/x-mine"}
        get = client.generate_presigned_url("get_object", wanted)
        assert by_url("GET", get) == (200, "text/x-mine", b"by url")
        assert by_url("GET", get.replace("x-mine", "x-yours"))[0] == 403


def test_a_bucket_may_be_in_the_host_name(salvia: Any, s3: Any, bucket: str) -> None:
    """addressing_style=virtual: `bucket.localhost:PORT`, which resolvers send to this machine."""
    s3.put_object(Bucket=bucket, Key="virtual/host", Body=b"x")
    config = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    client = salvia.session().client("s3", endpoint_url=f"http://localhost:{salvia.port}", config=config)
    url = client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "virtual/host"})
    host = f"{bucket}.localhost:{salvia.port}"
    assert urlsplit(url).netloc == host
    assert by_url("GET", url, host=host)[::2] == (200, b"x")


def test_the_acl_is_the_owners(s3: Any, bucket: str) -> None:
    """API_GetObjectAcl, for a bucket with BucketOwnerEnforced."""
    s3.put_object(Bucket=bucket, Key="acl", Body=b"")
    acl = s3.get_object_acl(Bucket=bucket, Key="acl")
    assert acl["Grants"] == [
        {"Grantee": {"ID": acl["Owner"]["ID"], "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
    ]
    assert refused(s3.put_object_acl, Bucket=bucket, Key="acl", ACL="public-read") == (
        "AccessControlListNotSupported",
        400,
    )
