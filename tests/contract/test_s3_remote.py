"""A Salvia whose bytes lie in a bucket of another S3, which here is a second Salvia: both by their front doors.

The promise: `salvia up --object-store URL` behaves as it does with a folder; issue 3, "Remote object store".
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from s3_cases import refused
from tests.conftest import Server, eventually, free_port

from salvia.core.errors import ServiceError
from salvia.objectstore.location import Location
from salvia.objectstore.remote import RemoteStore
from salvia.testing.objectstores import chunks, content, names


def keys_of(server: Server, path: Path) -> Path:
    """A file of a server's keys, as AWS's tools keep them."""
    path.touch(0o600)
    lines = [f"{name} = {server.environment[name.upper()]}" for name in ("aws_access_key_id", "aws_secret_access_key")]
    path.write_text("\n".join(["[default]", *lines, ""]))
    return path


@pytest.fixture(scope="module")
def remote(make_server: Callable[..., Server]) -> Server:
    """The other S3."""
    server = make_server()
    server.client("s3").create_bucket(Bucket="blobs")
    return server


@pytest.fixture(scope="module")
def url(remote: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    keys = keys_of(remote, tmp_path_factory.mktemp("keys") / "keys")
    return f"s3://blobs/ours?endpoint={remote.url}&region=us-east-1&credentials={keys}"


@pytest.fixture(scope="module")
def server(make_server: Callable[..., Server], url: str) -> Server:
    """A Salvia that keeps no bytes itself."""
    server = make_server("--object-store", url)
    server.client("s3").create_bucket(Bucket="data")
    return server


def test_objects_of_every_size_come_back(server: Server, remote: Server) -> None:
    """Small, one part, several parts; and nothing of them lies in the server's own folder."""
    s3 = server.client("s3")
    for size in (0, 1, 70_000, 8 << 20, (40 << 20) + 5):
        body = os.urandom(size)
        s3.put_object(Bucket="data", Key=f"of/{size}", Body=body)
        assert s3.get_object(Bucket="data", Key=f"of/{size}")["Body"].read() == body
        if size > 100:
            ranged = s3.get_object(Bucket="data", Key=f"of/{size}", Range=f"bytes=17-{size - 2}")["Body"].read()
            assert ranged == body[17:-1]
    assert not (server.home / "objects").exists()
    listed = remote.client("s3").list_objects_v2(Bucket="blobs", Prefix="ours/")["Contents"]
    assert sum(entry["Size"] for entry in listed) > 40 << 20


def test_multipart_uploads_and_copies_need_no_second_copy(server: Server) -> None:
    """Parts are joined, and copies made, by reference: objectstore.base."""
    s3 = server.client("s3")
    parts = [os.urandom(5 << 20), os.urandom(1000)]
    upload = s3.create_multipart_upload(Bucket="data", Key="m")["UploadId"]
    done = [
        {
            "PartNumber": n,
            "ETag": s3.upload_part(Bucket="data", Key="m", UploadId=upload, PartNumber=n, Body=part)["ETag"],
        }
        for n, part in enumerate(parts, 1)
    ]
    s3.complete_multipart_upload(Bucket="data", Key="m", UploadId=upload, MultipartUpload={"Parts": done})
    s3.copy_object(Bucket="data", Key="copy", CopySource="data/m")
    s3.delete_object(Bucket="data", Key="m")
    assert s3.get_object(Bucket="data", Key="copy")["Body"].read() == b"".join(parts)


def test_what_was_put_outlives_both_servers(server: Server, remote: Server) -> None:
    """Durable when it answers: kill -9 of both gateways right after the answer."""
    body = os.urandom(300_000)
    server.client("s3").put_object(Bucket="data", Key="kept", Body=body)
    for one in (server, remote):
        for pid in one.pids("gateway"):
            os.kill(pid, signal.SIGKILL)

    def read() -> Any:
        try:
            return server.client("s3").get_object(Bucket="data", Key="kept")["Body"].read()
        except Exception:  # they are starting again
            return None

    assert eventually(read, 30) == body


def test_a_store_that_does_not_answer_is_said_to_be_away(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """503, which clients repeat; and afterwards everything works again."""
    other = make_server()
    other.client("s3").create_bucket(Bucket="blobs")
    url = f"s3://blobs?endpoint={other.url}&credentials={keys_of(other, tmp_path / 'keys')}"
    server = make_server("--object-store", url)
    s3 = server.client("s3", retries={"max_attempts": 0})
    s3.create_bucket(Bucket="data")
    s3.put_object(Bucket="data", Key="k", Body=b"x" * 2_000_000)
    other.down()
    assert refused(s3.put_object, Bucket="data", Key="l", Body=b"y") == ("ServiceUnavailable", 503)
    assert refused(s3.get_object, Bucket="data", Key="k") == ("ServiceUnavailable", 503)
    assert s3.head_object(Bucket="data", Key="k")["ContentLength"] == 2_000_000
    other.up()
    assert s3.get_object(Bucket="data", Key="k")["Body"].read() == b"x" * 2_000_000
    assert refused(s3.get_object, Bucket="data", Key="l") == ("NoSuchKey", 404)


def test_two_databases_never_share_a_prefix(make_server: Callable[..., Server], server: Server, url: str) -> None:
    """Each one's sweep would delete the other's bytes."""
    with pytest.raises(AssertionError, match="holds the bytes of another Salvia"):
        make_server("--object-store", url)


def test_bytes_are_not_looked_for_elsewhere(make_server: Callable[..., Server], url: str) -> None:
    """A data directory whose objects lie in its folder does not start with a bucket, and says why."""
    server = make_server()
    server.client("s3").create_bucket(Bucket="data")
    server.client("s3").put_object(Bucket="data", Key="k", Body=b"x")
    server.down()
    tried = server.salvia("up", "--detach", "--port", str(server.port), "--object-store", url, check=False)
    assert tried.returncode != 0
    assert "omit --object-store" in tried.stderr
    server.up()
    assert server.client("s3").get_object(Bucket="data", Key="k")["Body"].read() == b"x"


def test_bad_places_are_refused_before_anything_starts(remote: Server, tmp_path: Path) -> None:
    """Each with a sentence; a file of keys that others can read is one of them."""
    server = Server(tmp_path / "home", free_port())
    keys = keys_of(remote, tmp_path / "keys")
    open_keys = keys_of(remote, tmp_path / "open")
    open_keys.chmod(0o644)
    for place, sentence in (
        ("https://blobs", "not of the form s3://"),
        ("s3://key:secret@blobs", "Keys do not belong"),
        (f"s3://blobs?endpoint={remote.url}&credentials={open_keys}", "chmod 600"),
        (f"s3://blobs?endpoint={remote.url}&credentials={tmp_path / 'none'}", "No keys"),
        (f"s3://blobs?endpoint={remote.url}&credentials={keys}&colour=red", "no option colour"),
        (f"s3://blobs?endpoint={remote.url}/path&credentials={keys}", "not an endpoint"),
        (f"s3://no-such-bucket?endpoint={remote.url}&credentials={keys}", "refused this (404 NoSuchBucket)"),
    ):
        tried = server.salvia("up", "--detach", "--port", str(server.port), "--object-store", place, check=False)
        said = " ".join(tried.stderr.replace("│", " ").split())
        assert tried.returncode != 0
        assert sentence in said, (place, said)
        assert "secret@" not in said


def test_keys_show_nowhere(server: Server, remote: Server) -> None:
    """Not in settings, not in logs, not on a command line."""
    secret = remote.environment["AWS_SECRET_ACCESS_KEY"]
    for path in [server.home / "run" / "settings.json", *(server.home / "log").iterdir()]:
        assert secret not in path.read_text()
    for pid in server.pids("gateway"):
        assert secret.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


def store_at(url: str, prefix: str) -> RemoteStore:
    """A store beside the server's own."""
    return RemoteStore(Location.parse(url.replace("/ours?", f"/{prefix}?")))


def test_an_upload_that_a_crash_left_is_found_and_aborted(remote: Server, url: str) -> None:
    """A killed process aborts nothing: `stored` tells of its upload, `delete` ends it."""
    s3 = remote.client("s3")
    s3.create_multipart_upload(Bucket="blobs", Key=f"crashed/{'ab' * 16}")
    s3.create_multipart_upload(Bucket="blobs", Key="crashed/of-somebody-else")

    async def story() -> None:
        store = store_at(url, "crashed")
        found = await names(store)
        assert [name.partition("/")[0] for name in found] == ["ab" * 16]
        for _ in range(2):
            await store.delete(found)
        assert await names(store) == set()
        await store.close()

    asyncio.run(story())
    uploads = s3.list_multipart_uploads(Bucket="blobs", Prefix="crashed/")["Uploads"]
    assert [upload["Key"] for upload in uploads] == ["crashed/of-somebody-else"]


def test_thousands_of_blobs_are_listed_and_deleted(url: str) -> None:
    """Listings have pages of 1,000, and so has DeleteObjects."""

    async def story() -> None:
        store = store_at(url, "many")
        extents = await asyncio.gather(*(store.put(chunks(b"x")) for _ in range(1003)))
        assert await names(store) == {extent.blob for extent in extents}
        await store.delete([extent.blob for extent in extents])
        assert await names(store) == set()
        await store.close()

    asyncio.run(story())


def test_what_the_store_did_not_write_is_left_alone(remote: Server, url: str) -> None:
    """A sweep must never see, and so never delete, others' objects below the prefix."""
    remote.client("s3").put_object(Bucket="blobs", Key="shared/notes.txt", Body=b"mine")

    async def story() -> None:
        store = store_at(url, "shared")
        extent = await store.put(chunks(b"x"))
        assert await names(store) == {extent.blob}
        with pytest.raises(ValueError, match="no blob"):
            await store.delete(["notes.txt"])
        await store.close()

    asyncio.run(story())


def test_a_download_that_breaks_off_is_gone_on_with(remote: Server, url: str) -> None:
    """The other side may be restarted while a large object is on its way."""

    async def story() -> None:
        store = store_at(url, "broken")
        body = os.urandom(64 << 20)
        extent = await store.put(chunks(*(body[n : n + (4 << 20)] for n in range(0, len(body), 4 << 20))))
        reading = store.get(extent)
        received = bytearray(await anext(reading))
        for pid in remote.pids("gateway"):
            os.kill(pid, signal.SIGKILL)
        async for block in reading:
            received += block
        assert bytes(received) == body
        await store.close()

    asyncio.run(story())


def test_a_lost_blob_is_an_error_of_ours(remote: Server, url: str) -> None:
    """Somebody tidied the bucket up: said by us, with what to do."""

    async def story() -> None:
        store = store_at(url, "lost")
        extent = await store.put(chunks(b"x" * 100))
        remote.client("s3").delete_object(Bucket="blobs", Key=f"lost/{extent.blob}")
        with pytest.raises(ServiceError, match="has lost the bytes"):
            await content(store, extent)
        await store.close()

    asyncio.run(story())
