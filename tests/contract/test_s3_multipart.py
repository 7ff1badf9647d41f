"""Multipart uploads and copies. Expectations: S3 user guide, "Uploading and copying objects using multipart upload"."""

from __future__ import annotations

import base64
import hashlib
import os
import uuid
import zlib
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from s3_cases import error, refused

MIB = 1 << 20


@pytest.fixture(scope="module")
def s3(salvia: Any) -> Any:
    return salvia.client("s3")


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    name = f"multipart-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def bodies() -> list[bytes]:
    """Two parts of the smallest size and a short last one."""
    return [os.urandom(5 * MIB), os.urandom(5 * MIB), os.urandom(100)]


def upload(s3: Any, bucket: str, key: str, bodies: list[bytes], **request: Any) -> tuple[str, list[dict[str, Any]]]:
    """An upload with all its parts there, not completed: its id and the list of parts."""
    name = s3.create_multipart_upload(Bucket=bucket, Key=key, **request)["UploadId"]
    parts = []
    for number, body in enumerate(bodies, 1):
        sent = s3.upload_part(
            Bucket=bucket,
            Key=key,
            UploadId=name,
            PartNumber=number,
            Body=body,
            **({"ChecksumAlgorithm": request["ChecksumAlgorithm"]} if "ChecksumAlgorithm" in request else {}),
        )
        checksums = {member: value for member, value in sent.items() if member.startswith("Checksum")}
        parts.append({"PartNumber": number, "ETag": sent["ETag"], **checksums})
    return name, parts


def complete(s3: Any, bucket: str, key: str, name: str, parts: list[dict[str, Any]], **request: Any) -> Any:
    return s3.complete_multipart_upload(
        Bucket=bucket, Key=key, UploadId=name, MultipartUpload={"Parts": parts}, **request
    )


def crc(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def test_parts_become_one_object(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """The ETag is the MD5 of the parts' MD5s, and their number; what was said at the beginning is carried."""
    name, parts = upload(s3, bucket, "k", bodies, ContentType="text/plain", Metadata={"a": "b"}, Tagging="t=1")
    done = complete(s3, bucket, "k", name, parts)
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert done["Location"].endswith(f"/{bucket}/k")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == b"".join(bodies)
    assert (got["ETag"], got["ContentType"], got["Metadata"]) == (done["ETag"], "text/plain", {"a": "b"})
    assert got["TagCount"] == 1
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_a_range_may_span_parts(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """Parts are extents of one object; partNumber names one of them."""
    name, parts = upload(s3, bucket, "range", bodies)
    complete(s3, bucket, "range", name, parts)
    whole = b"".join(bodies)
    start, end = 5 * MIB - 3, 10 * MIB + 2
    assert (
        s3.get_object(Bucket=bucket, Key="range", Range=f"bytes={start}-{end}")["Body"].read() == whole[start : end + 1]
    )
    for number, body in enumerate(bodies, 1):
        got = s3.get_object(Bucket=bucket, Key="range", PartNumber=number)
        assert (got["PartsCount"], got["ResponseMetadata"]["HTTPStatusCode"]) == (3, 206)
        assert got["Body"].read() == body
    assert s3.head_object(Bucket=bucket, Key="range", PartNumber=3)["ContentLength"] == 100
    assert refused(s3.get_object, Bucket=bucket, Key="range", PartNumber=4) == ("InvalidPartNumber", 416)


def test_parts_may_come_in_any_order_and_again(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """A part of the same number replaces the earlier; numbers may have gaps."""
    name = s3.create_multipart_upload(Bucket=bucket, Key="order")["UploadId"]
    where = {"Bucket": bucket, "Key": "order", "UploadId": name}
    last = s3.upload_part(**where, PartNumber=10_000, Body=bodies[2])["ETag"]
    s3.upload_part(**where, PartNumber=7, Body=b"a first try")
    first = s3.upload_part(**where, PartNumber=7, Body=bodies[0])["ETag"]
    complete(s3, bucket, "order", name, [{"PartNumber": 7, "ETag": first}, {"PartNumber": 10_000, "ETag": last}])
    assert s3.get_object(Bucket=bucket, Key="order")["Body"].read() == bodies[0] + bodies[2]


def test_parts_that_are_not_listed_are_forgotten(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """API_CompleteMultipartUpload."""
    name, parts = upload(s3, bucket, "some", bodies)
    complete(s3, bucket, "some", name, [parts[0], parts[2]])
    assert s3.get_object(Bucket=bucket, Key="some")["Body"].read() == bodies[0] + bodies[2]


def test_a_list_that_is_wrong_is_refused(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """InvalidPart, InvalidPartOrder, EntityTooSmall; the upload stays as it was."""
    name, parts = upload(s3, bucket, "wrong", [b"too small", *bodies[1:]])
    done = {"call": s3.complete_multipart_upload, "Bucket": bucket, "Key": "wrong", "UploadId": name}

    def refuse(*listed: dict[str, Any]) -> tuple[str, int]:
        return refused(**done, MultipartUpload={"Parts": list(listed)})

    assert refuse(parts[2], parts[1]) == ("InvalidPartOrder", 400)
    assert refuse(parts[1], parts[1]) == ("InvalidPartOrder", 400)
    assert refuse({"PartNumber": 1, "ETag": parts[1]["ETag"]}) == ("InvalidPart", 400)
    assert refuse({"PartNumber": 9, "ETag": parts[1]["ETag"]}) == ("InvalidPart", 400)
    assert refuse(parts[0], parts[1]) == ("EntityTooSmall", 400)
    assert error(**done, MultipartUpload={"Parts": parts[:2]})["MinSizeAllowed"] == str(5 * MIB)
    complete(s3, bucket, "wrong", name, parts[1:])
    assert s3.head_object(Bucket=bucket, Key="wrong")["ContentLength"] == 5 * MIB + 100


def test_completing_twice_answers_twice(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """The first answer may be lost, and clients repeat the request."""
    name, parts = upload(s3, bucket, "twice", bodies[2:])
    first = complete(s3, bucket, "twice", name, parts)
    second = complete(s3, bucket, "twice", name, parts)
    assert first["ETag"] == second["ETag"]
    s3.put_object(Bucket=bucket, Key="twice", Body=b"newer")
    complete(s3, bucket, "twice", name, parts)
    assert s3.get_object(Bucket=bucket, Key="twice")["Body"].read() == b"newer"


def test_an_aborted_upload_is_gone(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """NoSuchUpload afterwards, whatever is asked of it."""
    name, parts = upload(s3, bucket, "aborted", bodies[2:])
    where = {"Bucket": bucket, "Key": "aborted", "UploadId": name}
    assert refused(s3.list_parts, **{**where, "Key": "other"}) == ("NoSuchUpload", 404)
    s3.abort_multipart_upload(**where)
    assert refused(s3.abort_multipart_upload, **where) == ("NoSuchUpload", 404)
    assert refused(s3.list_parts, **where) == ("NoSuchUpload", 404)
    assert refused(s3.upload_part, **where, PartNumber=1, Body=b"x") == ("NoSuchUpload", 404)
    assert refused(s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts}) == ("NoSuchUpload", 404)
    assert refused(s3.head_object, Bucket=bucket, Key="aborted") == ("404", 404)


def test_part_numbers_go_from_1_to_10000(s3: Any, bucket: str) -> None:
    """API_UploadPart."""
    name = s3.create_multipart_upload(Bucket=bucket, Key="numbers")["UploadId"]
    for number in (0, 10_001):
        assert refused(s3.upload_part, Bucket=bucket, Key="numbers", UploadId=name, PartNumber=number, Body=b"") == (
            "InvalidArgument",
            400,
        )
    s3.abort_multipart_upload(Bucket=bucket, Key="numbers", UploadId=name)


def test_parts_are_listed_in_pages(s3: Any, bucket: str) -> None:
    """API_ListParts."""
    name, parts = upload(s3, bucket, "listed", [b"%d" % n for n in range(5)])
    pages = list(
        s3.get_paginator("list_parts").paginate(
            Bucket=bucket, Key="listed", UploadId=name, PaginationConfig={"PageSize": 2}
        )
    )
    assert [[part["PartNumber"] for part in page["Parts"]] for page in pages] == [[1, 2], [3, 4], [5]]
    assert [part["ETag"] for page in pages for part in page["Parts"]] == [part["ETag"] for part in parts]
    assert pages[0]["Initiator"]["ID"].startswith("arn:aws:")
    s3.abort_multipart_upload(Bucket=bucket, Key="listed", UploadId=name)


def test_uploads_under_way_are_listed(s3: Any) -> None:
    """API_ListMultipartUploads: by key, in pages, rolled up."""
    bucket = f"uploads-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    keys = ["a/1", "a/2", "b", "b", "c"]
    ids = {s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"] for key in keys}
    for size in (1, 2, 10):
        pages = list(
            s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
        )
        found = [upload for page in pages for upload in page["Uploads"]]
        assert [upload["Key"] for upload in found] == keys
        assert {upload["UploadId"] for upload in found} == ids
    rolled = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in rolled["CommonPrefixes"]] == ["a/"]
    assert [upload["Key"] for upload in rolled["Uploads"]] == ["b", "b", "c"]


def test_a_composite_checksum_is_made_of_the_parts(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """User guide, "Checking object integrity": over the parts' checksums, and their number."""
    for algorithm, digest in (
        ("CRC32", lambda body: zlib.crc32(body).to_bytes(4, "big")),
        ("SHA256", lambda body: hashlib.sha256(body).digest()),
    ):
        name, parts = upload(s3, bucket, "composite", bodies, ChecksumAlgorithm=algorithm)
        done = complete(s3, bucket, "composite", name, parts)
        value = base64.b64encode(digest(b"".join(map(digest, bodies)))).decode()
        assert done[f"Checksum{algorithm}"] == f"{value}-3"
        assert done["ChecksumType"] == "COMPOSITE"
        got = s3.get_object_attributes(Bucket=bucket, Key="composite", ObjectAttributes=["Checksum", "ObjectParts"])
        assert got["Checksum"][f"Checksum{algorithm}"] in (value, f"{value}-3")
        assert got["ObjectParts"]["TotalPartsCount"] == 3
        assert [part["Size"] for part in got["ObjectParts"]["Parts"]] == [len(body) for body in bodies]
        part = s3.get_object(Bucket=bucket, Key="composite", PartNumber=2, ChecksumMode="ENABLED")
        assert part[f"Checksum{algorithm}"] == parts[1][f"Checksum{algorithm}"]
        assert part["Body"].read() == bodies[1]


def test_a_full_checksum_is_that_of_the_whole(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """ChecksumType FULL_OBJECT: as if the object had been put in one piece."""
    whole = crc(b"".join(bodies))
    name, parts = upload(s3, bucket, "full", bodies, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    wrong = {"Bucket": bucket, "Key": "full", "UploadId": name, "MultipartUpload": {"Parts": parts}}
    assert refused(s3.complete_multipart_upload, **wrong, ChecksumCRC32=crc(b"?"), ChecksumType="FULL_OBJECT") == (
        "BadDigest",
        400,
    )
    done = complete(s3, bucket, "full", name, parts, ChecksumCRC32=whole, ChecksumType="FULL_OBJECT")
    assert (done["ChecksumCRC32"], done["ChecksumType"]) == (whole, "FULL_OBJECT")
    assert s3.head_object(Bucket=bucket, Key="full", ChecksumMode="ENABLED")["ChecksumCRC32"] == whole


def test_checksums_that_do_not_fit_are_refused(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """The type must suit the algorithm, parts the upload, and the list must have the checksums."""
    create = {"call": s3.create_multipart_upload, "Bucket": bucket, "Key": "misfit"}
    assert refused(**create, ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT") == ("InvalidRequest", 400)
    name, parts = upload(s3, bucket, "misfit", bodies[2:], ChecksumAlgorithm="SHA256")
    where = {"Bucket": bucket, "Key": "misfit", "UploadId": name}
    assert refused(s3.upload_part, **where, PartNumber=2, Body=b"x", ChecksumAlgorithm="CRC32") == (
        "InvalidRequest",
        400,
    )
    bare = [{"PartNumber": 1, "ETag": parts[0]["ETag"]}]
    assert refused(s3.complete_multipart_upload, **where, MultipartUpload={"Parts": bare}) == ("InvalidRequest", 400)
    size = {"MultipartUpload": {"Parts": parts}, "MpuObjectSize": 99}
    assert refused(s3.complete_multipart_upload, **where, **size) == ("InvalidRequest", 400)
    complete(s3, bucket, "misfit", name, parts, MpuObjectSize=100)


def test_completing_may_be_conditional(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """API_CompleteMultipartUpload, If-None-Match; the upload can be completed later."""
    s3.put_object(Bucket=bucket, Key="cond", Body=b"x")
    name, parts = upload(s3, bucket, "cond", bodies[2:])
    done = {"Bucket": bucket, "Key": "cond", "UploadId": name, "MultipartUpload": {"Parts": parts}}
    assert refused(s3.complete_multipart_upload, **done, IfNoneMatch="*") == ("PreconditionFailed", 412)
    s3.delete_object(Bucket=bucket, Key="cond")
    s3.complete_multipart_upload(**done, IfNoneMatch="*")
    assert s3.get_object(Bucket=bucket, Key="cond")["Body"].read() == bodies[2]


def test_a_file_goes_up_and_down_in_parts(s3: Any, bucket: str, tmp_path: Path) -> None:
    """boto3's upload_file and download_file, as everybody uses them: 20 MiB, 8 MiB a part, ten threads."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(20 * MIB + 1))
    s3.upload_file(str(source), bucket, "file", ExtraArgs={"Metadata": {"a": "b"}})
    assert s3.head_object(Bucket=bucket, Key="file")["ETag"].endswith('-3"')
    s3.download_file(bucket, "file", str(target), Config=TransferConfig(multipart_chunksize=3 * MIB))
    assert target.read_bytes() == source.read_bytes()


def test_a_copy_is_like_its_source(s3: Any, bucket: str) -> None:
    """API_CopyObject: metadata and tags by default, storage class never."""
    s3.put_object(
        Bucket=bucket,
        Key="source/ü +",
        Body=b"hello",
        ContentType="text/csv",
        Metadata={"a": "1"},
        Tagging="t=1",
        StorageClass="STANDARD_IA",
    )
    source = {"Bucket": bucket, "Key": "source/ü +"}
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=source)["CopyObjectResult"]
    assert copied["ETag"] == s3.head_object(**source)["ETag"]
    got = s3.get_object(Bucket=bucket, Key="copy")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (b"hello", "text/csv", {"a": "1"})
    assert "StorageClass" not in got
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == [{"Key": "t", "Value": "1"}]


def test_a_copy_outlives_its_source(s3: Any, bucket: str) -> None:
    """Bytes are shared: the last to go takes them."""
    s3.put_object(Bucket=bucket, Key="first", Body=b"shared")
    s3.copy_object(Bucket=bucket, Key="second", CopySource=f"{bucket}/first")
    s3.delete_object(Bucket=bucket, Key="first")
    assert s3.get_object(Bucket=bucket, Key="second")["Body"].read() == b"shared"


def test_a_copy_may_replace_what_it_carries(s3: Any, bucket: str) -> None:
    """MetadataDirective and TaggingDirective; the only way to change an object's metadata is to copy it to itself."""
    s3.put_object(Bucket=bucket, Key="self", Body=b"x", Metadata={"a": "1"}, Tagging="t=1")
    itself = {"Bucket": bucket, "Key": "self", "CopySource": {"Bucket": bucket, "Key": "self"}}
    assert refused(s3.copy_object, **itself) == ("InvalidRequest", 400)
    s3.copy_object(
        **itself, MetadataDirective="REPLACE", Metadata={"b": "2"}, TaggingDirective="REPLACE", Tagging="u=2"
    )
    got = s3.get_object(Bucket=bucket, Key="self")
    assert (got["Body"].read(), got["Metadata"]) == (b"x", {"b": "2"})
    assert s3.get_object_tagging(Bucket=bucket, Key="self")["TagSet"] == [{"Key": "u", "Value": "2"}]
    s3.copy_object(**itself, StorageClass="STANDARD_IA")
    assert s3.head_object(Bucket=bucket, Key="self")["StorageClass"] == "STANDARD_IA"


def test_a_copy_may_depend_on_its_source(s3: Any, bucket: str) -> None:
    """x-amz-copy-source-if-*."""
    etag = s3.put_object(Bucket=bucket, Key="source", Body=b"x")["ETag"]
    copy = {"Bucket": bucket, "Key": "target", "CopySource": f"{bucket}/source"}
    assert refused(s3.copy_object, **copy, CopySourceIfMatch='"other"') == ("PreconditionFailed", 412)
    assert refused(s3.copy_object, **copy, CopySourceIfNoneMatch=etag) == ("PreconditionFailed", 412)
    s3.copy_object(**copy, CopySourceIfMatch=etag)
    missing = {"Bucket": bucket, "Key": "target", "CopySource": f"{bucket}/missing"}
    assert refused(s3.copy_object, **missing) == ("NoSuchKey", 404)
    assert refused(s3.copy_object, **{**missing, "CopySource": "no-such-bucket-here/k"}) == ("NoSuchBucket", 404)
    assert refused(s3.copy_object, **{**missing, "CopySource": "nonsense"}) == ("InvalidArgument", 400)


def test_a_version_can_be_copied_and_a_marker_cannot(s3: Any) -> None:
    """CopySource with versionId; the answer names the version."""
    bucket = f"copies-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"old")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    copied = s3.copy_object(Bucket=bucket, Key="k", CopySource={"Bucket": bucket, "Key": "k", "VersionId": old})
    assert copied["CopySourceVersionId"] == old
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=copied["VersionId"])["Body"].read() == b"old"
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    source = {"Bucket": bucket, "Key": "k", "VersionId": marker}
    assert refused(s3.copy_object, Bucket=bucket, Key="x", CopySource=source) == ("InvalidRequest", 400)


def test_the_copy_of_a_multipart_object_is_one_piece(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """API_CopyObject makes it with one PUT: its ETag is the MD5 of the content."""
    name, parts = upload(s3, bucket, "pieces", bodies, ChecksumAlgorithm="CRC32")
    complete(s3, bucket, "pieces", name, parts)
    whole = b"".join(bodies)
    copied = s3.copy_object(Bucket=bucket, Key="whole", CopySource=f"{bucket}/pieces")["CopyObjectResult"]
    assert copied["ETag"] == f'"{hashlib.md5(whole).hexdigest()}"'
    assert (copied["ChecksumCRC32"], copied["ChecksumType"]) == (crc(whole), "FULL_OBJECT")
    assert s3.get_object(Bucket=bucket, Key="whole")["Body"].read() == whole


def test_parts_can_be_copied_from_objects(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """API_UploadPartCopy, whole or by range; ranges beyond the source are refused."""
    s3.put_object(Bucket=bucket, Key="from", Body=bodies[0])
    name = s3.create_multipart_upload(Bucket=bucket, Key="joined", ChecksumAlgorithm="CRC32")["UploadId"]
    copy = {"Bucket": bucket, "Key": "joined", "UploadId": name, "CopySource": f"{bucket}/from"}
    parts = []
    for number, wanted in ((1, {}), (2, {"CopySourceRange": "bytes=10-19"})):
        result = s3.upload_part_copy(**copy, PartNumber=number, **wanted)["CopyPartResult"]
        parts.append({"PartNumber": number, "ETag": result["ETag"], "ChecksumCRC32": result["ChecksumCRC32"]})
    for wrong in (f"bytes=0-{5 * MIB}", "bytes=5-", "0-1"):
        assert refused(s3.upload_part_copy, **copy, PartNumber=3, CopySourceRange=wrong) == ("InvalidArgument", 400)
    complete(s3, bucket, "joined", name, parts)
    assert s3.get_object(Bucket=bucket, Key="joined")["Body"].read() == bodies[0] + bodies[0][10:20]


def test_boto3_copies_large_objects_in_parts(s3: Any, bucket: str, bodies: list[bytes]) -> None:
    """The managed copy: HEAD, then UploadPartCopy by ranges."""
    s3.put_object(Bucket=bucket, Key="big", Body=b"".join(bodies))
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.copy({"Bucket": bucket, "Key": "big"}, bucket, "big copy", Config=config)
    assert s3.get_object(Bucket=bucket, Key="big copy")["Body"].read() == b"".join(bodies)
    assert s3.head_object(Bucket=bucket, Key="big copy")["ETag"].endswith('-3"')
