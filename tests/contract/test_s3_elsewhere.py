"""Buckets of another S3 under their own names: `salvia up --buckets`. The other S3 is a second Salvia, by its door.

Who may do what is decided by the first server, whose users the second does not know; issue 3, "Remote object store".
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from s3_cases import error, refused
from tests.conftest import Server
from tests.studio import Page

from salvia.core.sigv4 import Credentials, sign


@pytest.fixture(scope="module")
def remote(make_server: Callable[..., Server]) -> Server:
    """The other S3, with two buckets that are there already."""
    server = make_server()
    for name in ("theirs", "theirs-too", "unserved"):
        server.client("s3").create_bucket(Bucket=name)
    server.client("s3").put_object(Bucket="theirs", Key="old/1", Body=b"already there", Metadata={"who": "them"})
    return server


@pytest.fixture(scope="module")
def server(make_server: Callable[..., Server], remote: Server, tmp_path_factory: pytest.TempPathFactory) -> Server:
    path = tmp_path_factory.mktemp("keys") / "keys"
    path.touch(0o600)
    lines = [f"{name} = {remote.environment[name.upper()]}" for name in ("aws_access_key_id", "aws_secret_access_key")]
    path.write_text("\n".join(["[default]", *lines, ""]))
    urls = [f"s3://{name}?endpoint={remote.url}&credentials={path}" for name in ("theirs", "theirs-too")]
    server = make_server("--buckets", ",".join(urls))
    server.client("s3").create_bucket(Bucket="ours")
    return server


@pytest.fixture(scope="module")
def s3(server: Server) -> Any:
    return server.client("s3")


@pytest.fixture(scope="module")
def there(remote: Server) -> Any:
    return remote.client("s3")


@pytest.fixture
def user(server: Server) -> tuple[str, Any]:
    """The ARN and the S3 client of a user of the first server who may do nothing."""
    iam = server.client("iam")
    name = f"reader-{uuid.uuid4().hex[:8]}"
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return arn, server.client("s3", (key["AccessKeyId"], key["SecretAccessKey"], None))


def send(server: Server, method: str, target: str, body: bytes = b"", headers: Any = None) -> tuple[int, bytes, Any]:
    """A request as it is, without a client's ideas of it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    try:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()


def test_what_is_there_is_served_under_its_name(s3: Any, server: Server) -> None:
    """Head, get, range, condition, both listings, a presigned URL, the bucket's host name."""
    got = s3.get_object(Bucket="theirs", Key="old/1")
    assert (got["Body"].read(), got["Metadata"]) == (b"already there", {"who": "them"})
    inert = got["ResponseMetadata"]["HTTPHeaders"]  # shown by a browser, it runs nothing: docs/studio.md
    assert (inert["content-security-policy"], inert["x-content-type-options"]) == ("sandbox", "nosniff")
    assert s3.head_object(Bucket="theirs", Key="old/1")["ContentLength"] == 13
    assert s3.get_object(Bucket="theirs", Key="old/1", Range="bytes=8-")["Body"].read() == b"there"
    assert refused(s3.get_object, Bucket="theirs", Key="old/1", IfNoneMatch=got["ETag"]) == ("304", 304)
    assert refused(s3.get_object, Bucket="theirs", Key="old/1", IfMatch='"x"') == ("PreconditionFailed", 412)
    assert refused(s3.get_object, Bucket="theirs", Key="old/1", Range="bytes=99-") == ("InvalidRange", 416)
    assert refused(s3.get_object, Bucket="theirs", Key="missing") == ("NoSuchKey", 404)
    assert refused(s3.head_object, Bucket="theirs", Key="missing") == ("404", 404)
    assert [e["Key"] for e in s3.list_objects_v2(Bucket="theirs", Prefix="old/")["Contents"]] == ["old/1"]
    assert s3.list_objects(Bucket="theirs", Delimiter="/")["CommonPrefixes"] == [{"Prefix": "old/"}]
    assert {"ours", "theirs", "theirs-too"} <= {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert s3.head_bucket(Bucket="theirs")["BucketRegion"] == "us-east-1"
    signed = s3.generate_presigned_url(
        "get_object", {"Bucket": "theirs", "Key": "old/1", "ResponseContentType": "text/x"}
    )
    status, body, headers = send(server, "GET", signed.partition(str(server.port))[2])
    assert (status, body, headers["Content-Type"]) == (200, b"already there", "text/x")
    hosted = server.client("s3", s3={"addressing_style": "virtual"})
    assert hosted.head_object(Bucket="theirs", Key="old/1")["ContentLength"] == 13


def test_studio_sees_them_too(server: Server, there: Any) -> None:
    """What its page asks for in JSON goes over as any client's request, and comes back in JSON."""
    page = Page(server)
    page.sign_in()
    body = base64.b64encode(b"from a page").decode()
    page.result("s3.PutObject", Bucket="theirs", Key="studio/a b", Body=body, Metadata={"who": "we"})
    assert there.get_object(Bucket="theirs", Key="studio/a b")["Body"].read() == b"from a page"
    got = page.result("s3.GetObject", Bucket="theirs", Key="studio/a b", Range="bytes=0-3")
    assert (base64.b64decode(got["Body"]), got["Metadata"], got["ContentLength"]) == (b"from", {"who": "we"}, 4)
    moment = there.head_object(Bucket="theirs", Key="studio/a b")["LastModified"].timestamp()
    assert page.result("s3.HeadObject", Bucket="theirs", Key="studio/a b")["LastModified"] == moment
    keys = [one["Key"] for one in page.result("s3.ListObjectsV2", Bucket="theirs", Prefix="studio/")["Contents"]]
    assert keys == ["studio/a b"]
    deleted = page.result("s3.DeleteObjects", Bucket="theirs", Delete={"Objects": [{"Key": "studio/a b"}]})
    assert [one["Key"] for one in deleted["Deleted"]] == ["studio/a b"]
    gone = page.call("s3.GetObject", Bucket="theirs", Key="studio/a b")
    assert (gone.status, gone.json["__type"]) == (404, "NoSuchKey")


def test_what_is_written_is_written_there(s3: Any, there: Any) -> None:
    """Bytes, metadata, checksum, tags; odd keys keep every character; nothing of it is here."""
    for size in (0, 10, (20 << 20) + 3):
        body, key = os.urandom(size), f"new/{size} +ä%2F&?=.txt"
        put = s3.put_object(Bucket="theirs", Key=key, Body=body, Metadata={"a": "b"}, Tagging="t=1", ContentType="x/y")
        found = there.get_object(Bucket="theirs", Key=key, ChecksumMode="ENABLED")
        assert found["Body"].read() == body
        assert (found["Metadata"], found["ContentType"], found["ETag"]) == ({"a": "b"}, "x/y", put["ETag"])
        assert found["ChecksumCRC32"] == put["ChecksumCRC32"]
        assert s3.get_object(Bucket="theirs", Key=key)["Body"].read() == body
        assert s3.get_object_tagging(Bucket="theirs", Key=key)["TagSet"] == [{"Key": "t", "Value": "1"}]
        s3.put_object_tagging(Bucket="theirs", Key=key, Tagging={"TagSet": [{"Key": "u", "Value": "2"}]})
        assert there.get_object_tagging(Bucket="theirs", Key=key)["TagSet"] == [{"Key": "u", "Value": "2"}]
        s3.delete_object_tagging(Bucket="theirs", Key=key)
        assert s3.get_object_attributes(Bucket="theirs", Key=key, ObjectAttributes=["ObjectSize"])["ObjectSize"] == size
        s3.delete_object(Bucket="theirs", Key=key)
        assert refused(there.head_object, Bucket="theirs", Key=key) == ("404", 404)


def test_headers_keep_their_bytes(server: Server, s3: Any, there: Any) -> None:
    """Headers may hold UTF-8: what other clients than boto3 send. User guide, "Object metadata"."""
    signed = server.client("s3").generate_presigned_url("put_object", {"Bucket": "theirs", "Key": "grün"})
    target = signed.partition(str(server.port))[2]
    assert send(server, "PUT", target, b"x", {"Cache-Control": "grün".encode()})[0] == 200
    assert there.head_object(Bucket="theirs", Key="grün")["CacheControl"].encode("latin-1").decode() == "grün"
    s3.delete_object(Bucket="theirs", Key="grün")


def test_uploads_in_parts_and_copies_happen_there(s3: Any, there: Any) -> None:
    """Through the SDK's own transfer manager, too, as `aws s3 cp` does it."""
    parts = [os.urandom(5 << 20), b"the end"]
    upload = s3.create_multipart_upload(Bucket="theirs", Key="joined")["UploadId"]
    assert [u["Key"] for u in s3.list_multipart_uploads(Bucket="theirs")["Uploads"]] == ["joined"]
    named = {"Bucket": "theirs", "Key": "joined", "UploadId": upload}
    done = [
        {"PartNumber": n, "ETag": s3.upload_part(**named, PartNumber=n, Body=part)["ETag"]}
        for n, part in enumerate(parts, 1)
    ]
    assert len(s3.list_parts(**named)["Parts"]) == 2
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": done})
    s3.copy_object(Bucket="theirs-too", Key="a copy", CopySource={"Bucket": "theirs", "Key": "joined"})
    assert there.get_object(Bucket="theirs-too", Key="a copy")["Body"].read() == b"".join(parts)
    upload = s3.create_multipart_upload(Bucket="theirs-too", Key="p")["UploadId"]
    named = {"Bucket": "theirs-too", "Key": "p", "UploadId": upload}
    s3.upload_part_copy(**named, PartNumber=1, CopySource="theirs/joined", CopySourceRange="bytes=0-99")
    s3.abort_multipart_upload(**named)
    assert refused(s3.list_parts, **named) == ("NoSuchUpload", 404)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="theirs", PaginationConfig={"PageSize": 1})
    assert len([entry for page in pages for entry in page["Contents"]]) == 2
    answer = s3.delete_objects(Bucket="theirs", Delete={"Objects": [{"Key": "joined"}, {"Key": "missing"}]})
    assert {entry["Key"] for entry in answer["Deleted"]} == {"joined", "missing"}


def test_versions_are_those_that_are_there(s3: Any, there: Any) -> None:
    there.put_bucket_versioning(Bucket="theirs-too", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="theirs-too", Key="v", Body=b"1")["VersionId"]
    s3.put_object(Bucket="theirs-too", Key="v", Body=b"2")
    assert s3.get_object(Bucket="theirs-too", Key="v", VersionId=first)["Body"].read() == b"1"
    assert len(s3.list_object_versions(Bucket="theirs-too", Prefix="v")["Versions"]) == 2
    assert s3.get_bucket_versioning(Bucket="theirs-too")["Status"] == "Enabled"


def test_who_may_is_decided_here(s3: Any, user: tuple[str, Any]) -> None:
    """IAM and the bucket policy of the first server; without s3:ListBucket what is missing is not told."""
    arn, client = user
    assert refused(client.get_object, Bucket="theirs", Key="old/1") == ("AccessDenied", 403)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": arn},
        "Action": ["s3:GetObject", "s3:DeleteObject"],
        "Resource": "arn:aws:s3:::theirs/old/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket="theirs", Policy=json.dumps(policy))
    assert client.get_object(Bucket="theirs", Key="old/1")["Body"].read() == b"already there"
    assert refused(client.get_object, Bucket="theirs", Key="old/2") == ("AccessDenied", 403)
    assert refused(client.put_object, Bucket="theirs", Key="old/1", Body=b"") == ("AccessDenied", 403)
    both = {"Objects": [{"Key": "old/1"}, {"Key": "new/1"}]}
    assert refused(client.delete_objects, Bucket="theirs", Delete=both) == ("AccessDenied", 403)
    assert client.get_object(Bucket="theirs", Key="old/1")["Body"].read() == b"already there"
    tagged = {**statement, "Effect": "Deny", "Condition": {"StringEquals": {"s3:ExistingObjectTag/a": "b"}}}
    s3.put_bucket_policy(Bucket="theirs", Policy=json.dumps({**policy, "Statement": [statement, tagged]}))
    assert refused(client.get_object, Bucket="theirs", Key="old/1") == ("NotImplemented", 501)
    s3.delete_bucket_policy(Bucket="theirs")


def test_a_broken_upload_never_becomes_an_object_there(s3: Any, there: Any) -> None:
    """The last piece waits until all are proved: a wrong checksum is found before the other S3 has the whole."""
    wrong = {"ChecksumCRC32": "AAAAAA=="}
    for size in (100, 3 << 20):
        code, status = refused(s3.put_object, Bucket="theirs", Key="broken", Body=os.urandom(size), **wrong)
        assert (code, status) == ("BadDigest", 400)
        assert refused(there.head_object, Bucket="theirs", Key="broken") == ("404", 404)


def test_trailing_checksums_go_over(server: Server, there: Any) -> None:
    """As clients send them over TLS: aws-chunked, the checksum after the body. Source: S3 user guide, "Trailing
    checksums"."""
    body = b"b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n"
    keys = Credentials(server.environment["AWS_ACCESS_KEY_ID"], server.environment["AWS_SECRET_ACCESS_KEY"])
    headers = {
        "host": f"127.0.0.1:{server.port}",
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "11",
        "x-amz-trailer": "x-amz-checksum-crc32",
    }
    payload, now = "STREAMING-UNSIGNED-PAYLOAD-TRAILER", time.time()
    headers |= sign("PUT", "/theirs/trailed", "", headers, keys, "us-east-1", "s3", payload=payload, now=now)
    for value, status in ((b"DUoRhQ==", 200), (b"AAAAAA==", 400)):
        assert send(server, "PUT", "/theirs/trailed", body % value, headers)[0] == status
    found = there.get_object(Bucket="theirs", Key="trailed", ChecksumMode="ENABLED")
    assert (found["Body"].read(), found["ChecksumCRC32"]) == (b"hello world", "DUoRhQ==")


def test_what_cannot_be_passed_on_is_refused(s3: Any) -> None:
    """Settings that are the other S3's, copies between both, public lists."""
    assert refused(s3.delete_bucket, Bucket="theirs") == ("NotImplemented", 501)
    assert refused(s3.get_bucket_lifecycle_configuration, Bucket="theirs") == ("NotImplemented", 501)
    on = {"Status": "Enabled"}
    assert refused(s3.put_bucket_versioning, Bucket="theirs", VersioningConfiguration=on) == ("NotImplemented", 501)
    assert refused(s3.copy_object, Bucket="ours", Key="k", CopySource="theirs/old/1") == ("NotImplemented", 501)
    s3.put_object(Bucket="ours", Key="k", Body=b"x")
    assert refused(s3.copy_object, Bucket="theirs", Key="k", CopySource="ours/k") == ("NotImplemented", 501)
    assert refused(s3.put_object, Bucket="theirs", Key="k", Body=b"", ACL="public-read")[0] == (
        "AccessControlListNotSupported"
    )
    assert refused(s3.get_object, Bucket="unserved", Key="k") == ("NoSuchBucket", 404)


def test_a_bucket_that_is_here_is_not_hidden(server: Server, remote: Server) -> None:
    """And a bucket that is not named any more is not served any more."""
    options = server.options
    server.down()
    try:
        tried = server.salvia(
            "up",
            "--detach",
            "--port",
            str(server.port),
            "--buckets",
            options[1].replace("theirs-too", "ours"),
            check=False,
        )
        assert tried.returncode != 0
        assert "would hide" in tried.stderr
        server.options = ("--buckets", options[1].split(",")[0])
        server.up()
        s3 = server.client("s3")
        assert refused(s3.get_object, Bucket="theirs-too", Key="v") == ("NoSuchBucket", 404)
        assert s3.get_object(Bucket="theirs", Key="old/1")["Body"].read() == b"already there"
        remote.down()
        assert refused(s3.get_object, Bucket="theirs", Key="old/1") == ("ServiceUnavailable", 503)
        assert "does not answer" in error(s3.get_object, Bucket="theirs", Key="old/1")["Message"]
    finally:
        server.options = options
