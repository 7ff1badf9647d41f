"""The agent's client against a server that verifies every signature and breaks off, refuses or forgets."""

from __future__ import annotations

import io
import json
import math
import random
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

import pytest

from salvia.core.client import Client, ClientError, Credentials
from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest
from salvia.core.sigv4 import read_authorization, verify
from salvia.core.transport import FileSlice

from .conftest import Answer, Server

KEYS = Credentials("AKIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "token+/==")
DATA = random.Random(1).randbytes(3_000_001)
NOT_FOUND = Answer(404, b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>")


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    made = Client(server.url, "us-east-1", lambda: KEYS, retry_for=20, timeout=10)
    yield made
    made.close()


def proved(request: HttpRequest) -> str:
    """The service that `request` is signed for; fails when its signature is wrong."""
    authorization = read_authorization(request)
    assert authorization is not None
    assert authorization.session_token == KEYS.token
    verify(request, authorization, KEYS.secret_key, time.time())
    return authorization.service


def in_turn(*answers: Answer) -> Callable[[HttpRequest], Answer]:
    """Each answer once, the last one for ever."""
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


def as_json(status: int = 200, **members: Any) -> Answer:
    return Answer(status, json.dumps(members).encode())


class Bucket:
    """Objects by path, as S3 serves them."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = {f"/bucket/{key}": data for key, data in objects.items()}
        self.parts: dict[int, bytes] = {}
        self.aborted = False

    def __call__(self, request: HttpRequest) -> Answer:
        assert proved(request) == "s3"
        query = parse_qs(request.query, keep_blank_values=True)
        path = unquote(request.path)
        if request.method == "PUT" and "partNumber" in query:
            self.parts[int(query["partNumber"][0])] = request.body
            return Answer(headers={"ETag": f'"{sha256(request.body).hexdigest()}"'})
        if request.method == "PUT":
            self.objects[path] = request.body
            return Answer(headers={"ETag": '"e"'})
        if request.method == "POST" and "uploads" in query:
            return Answer(body=b'<R xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><UploadId>u/1</UploadId></R>')
        if request.method == "POST":
            assert query["uploadId"] == ["u/1"]
            numbers = [int(text.split("<")[0]) for text in request.body.decode().split("<PartNumber>")[1:]]
            self.objects[path] = b"".join(self.parts[number] for number in numbers)
            return Answer(body=b'<CompleteMultipartUploadResult><ETag>"m-3"</ETag></CompleteMultipartUploadResult>')
        if request.method == "DELETE":
            self.aborted = True
            return Answer(204)
        return self.get(request, path)

    def get(self, request: HttpRequest, path: str) -> Answer:
        data = self.objects.get(path)
        if data is None:
            return NOT_FOUND
        etag = f'"{sha256(data).hexdigest()}"'
        if request.headers.get("if-match", etag) != etag:
            return Answer(412, b"<Error><Code>PreconditionFailed</Code><Message>changed</Message></Error>")
        headers = {"ETag": etag, "Content-Type": "text/csv", "x-amz-meta-a": "1"}
        wanted = request.headers.get("range")
        if wanted is None:
            if request.method == "HEAD":
                return Answer(headers={**headers, "Content-Length": str(len(data))})
            return Answer(body=data, headers=headers)
        start, _, end = wanted.removeprefix("bytes=").partition("-")
        return Answer(206, data[int(start) : int(end) + 1 if end else None], headers)


# Calls.


def test_a_json_call_is_signed_and_answered(server: Server, client: Client) -> None:
    server.answer = lambda request: as_json(service=proved(request), got=json.loads(request.body))

    answer = client.json("logs", "Logs_20140328.PutLogEvents", {"a": "ü"})

    assert answer == {"service": "logs", "got": {"a": "ü"}}
    assert server.requests[0].headers["x-amz-target"] == "Logs_20140328.PutLogEvents"
    assert server.requests[0].headers["content-type"] == "application/x-amz-json-1.1"


def test_a_call_without_an_answer_gives_an_empty_one(server: Server, client: Client) -> None:
    assert client.json("monitoring", "GraniteServiceVersion20100801.PutMetricData", {}, "1.0") == {}
    assert server.requests[0].headers["content-type"] == "application/x-amz-json-1.0"


def test_a_post_carries_a_bearer_and_no_signature(server: Server) -> None:
    client = Client(server.url, "us-east-1")
    server.answer = lambda request: as_json(stop=False)

    assert client.post("/_instance/report", {"phase": "Training"}, "s3cret") == {"stop": False}

    client.close()
    assert server.requests[0].headers["authorization"] == "Bearer s3cret"
    assert "x-amz-date" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (as_json(400, __type="com.amazon#ValidationException", message="no"), "ValidationException", "no"),
        (as_json(400, __type="ResourceNotFound", Message="no"), "ResourceNotFound", "no"),
        (Answer(404, b"{}", {"x-amzn-errortype": "NotThere:http://x/"}), "NotThere", "without a message"),
        (NOT_FOUND, "NoSuchKey", "The specified key does not exist."),
        (Answer(403, b"<html>"), "Forbidden", "The service answered 403 without a message."),
        (Answer(418, b"{broken"), "HTTP418", "The service answered 418 without a message."),
    ],
)
def test_an_error_keeps_its_code_and_message(
    server: Server, client: Client, answer: Answer, code: str, message: str
) -> None:
    server.answer = lambda request: answer

    with pytest.raises(ClientError) as caught:
        client.json("logs", "Logs_20140328.PutLogEvents", {})

    error = caught.value
    assert (error.code, error.status) == (code, answer.status)
    assert message in error.message
    assert "POST /" in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(503),
        Answer(429),
        as_json(400, __type="ThrottlingException"),
        Answer(500, b"x" * 100, break_after=10),
        Answer(200, b"x" * 100, break_after=10),
    ],
    ids=["500", "503", "429", "throttled", "an error cut off", "an answer cut off"],
)
def test_what_passes_is_tried_again(server: Server, client: Client, answer: Answer) -> None:
    server.answer = in_turn(answer, answer, as_json(ok=True))

    assert client.json("logs", "Logs_20140328.PutLogEvents", {}) == {"ok": True}
    assert len(server.requests) == 3


def test_what_must_happen_once_is_tried_once(server: Server, client: Client) -> None:
    server.answer = lambda request: Answer(503)

    with pytest.raises(ClientError):
        client.json("logs", "Logs_20140328.PutLogEvents", {}, retry_for=0)

    assert len(server.requests) == 1


def test_not_implemented_is_not_tried_again(server: Server, client: Client) -> None:
    server.answer = lambda request: as_json(501, __type="NotImplemented")

    with pytest.raises(ClientError):
        client.json("logs", "Logs_20140328.PutLogEvents", {})

    assert len(server.requests) == 1


def test_a_service_that_is_not_there_is_waited_for(server: Server) -> None:
    """The gateway is being restarted, and is back at the third attempt."""
    server.stop()
    back: list[Server] = []
    attempts = []

    def credentials() -> Credentials:  # so short-lived that each attempt asks for them
        attempts.append(1)
        if len(attempts) == 3:
            back.append(Server(port=server.port))
        return KEYS._replace(expires=time.time() + 60)

    client = Client(server.url, "us-east-1", credentials, retry_for=30)

    assert client.json("logs", "Logs_20140328.PutLogEvents", {}) == {}

    client.close()
    back[0].stop()
    assert len(back[0].requests) == 1


def test_a_service_that_stays_away_is_unreachable(server: Server) -> None:
    server.stop()
    client = Client(server.url, "us-east-1", lambda: KEYS, retry_for=0.2)

    with pytest.raises(ClientError) as caught:
        client.json("logs", "Logs_20140328.PutLogEvents", {})

    assert (caught.value.code, caught.value.status) == ("Unreachable", 0)
    assert server.url in caught.value.message
    assert KEYS.secret_key not in repr(caught.value)


def test_closing_ends_an_endless_wait() -> None:
    client = Client("http://127.0.0.1:9", "us-east-1", lambda: KEYS)
    caught: list[ClientError] = []

    def call() -> None:
        try:
            client.json("logs", "x", {}, retry_for=math.inf)
        except ClientError as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    client.close()
    thread.join(10)

    assert [error.code for error in caught] == ["Unreachable"]


@pytest.mark.parametrize("url", ["localhost:7258", "ftp://host", "http://", "http://h/path/x", "http://u:p@h"])
def test_an_endpoint_must_be_a_url(url: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of an endpoint"):
        Client(url, "us-east-1")


# Connections.


def test_requests_share_a_connection(server: Server, client: Client) -> None:
    for _ in range(5):
        client.json("logs", "Logs_20140328.PutLogEvents", {})

    assert server.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_replaced(server: Server, client: Client) -> None:
    server.close_after_answer = True
    server.answer = lambda request: as_json(ok=True)

    for _ in range(3):
        assert client.json("logs", "x", {}, retry_for=1) == {"ok": True}

    assert len(server.requests) == server.connections == 3


def test_a_chunked_answer_is_read(server: Server, client: Client) -> None:
    server.answer = lambda request: Answer(body=json.dumps({"a": "b" * 1000}).encode(), chunked=True)

    assert client.json("logs", "x", {}) == client.json("logs", "x", {}) == {"a": "b" * 1000}
    assert server.connections == 1


def test_tls_is_checked_against_the_given_authority(tls_server: Server, certificate: Path) -> None:
    tls_server.answer = lambda request: as_json(service=proved(request))
    client = Client(tls_server.url, "us-east-1", lambda: KEYS, str(certificate))
    stranger = Client(tls_server.url, "us-east-1", lambda: KEYS, retry_for=math.inf)

    assert [client.json("logs", "x", {}) for _ in range(2)] == [{"service": "logs"}] * 2
    with pytest.raises(ClientError, match="certificate verify failed"):
        stranger.json("logs", "x", {})

    client.close()
    stranger.close()
    assert tls_server.connections >= 1


def test_an_answer_that_is_no_json_is_an_error(server: Server, client: Client) -> None:
    server.answer = lambda request: Answer(body=b"<html>")

    with pytest.raises(ClientError, match="not a JSON object"):
        client.json("logs", "x", {})


def test_an_answer_that_is_no_xml_is_an_error(server: Server, client: Client) -> None:
    server.answer = lambda request: Answer(body=b"<html>")

    with pytest.raises(ClientError, match="not XML"):
        list(client.list_objects("bucket"))


def test_a_header_cannot_smuggle_another(client: Client) -> None:
    with pytest.raises(ValueError, match="line break"):
        client.post("/x", {}, "a\r\nX-Evil: 1")


# Credentials.


class Provider:
    """Credentials that last `lasting` seconds, numbered."""

    def __init__(self, lasting: float | None) -> None:
        self.lasting = lasting
        self.calls = 0
        self.failing = False

    def __call__(self) -> Credentials:
        if self.failing:
            raise ClientError("Unreachable", "gone", 0)
        self.calls += 1
        expires = None if self.lasting is None else time.time() + self.lasting
        return KEYS._replace(token=f"token-{self.calls}", expires=expires)


@pytest.mark.parametrize(("lasting", "calls"), [(None, 1), (3600, 1), (299, 3)])
def test_credentials_are_renewed_five_minutes_before_they_expire(
    server: Server, lasting: float | None, calls: int
) -> None:
    provider = Provider(lasting)
    client = Client(server.url, "us-east-1", provider)

    for _ in range(3):
        client.json("logs", "x", {})

    client.close()
    assert provider.calls == calls


def test_credentials_that_cannot_be_renewed_yet_are_used_while_they_last(server: Server) -> None:
    provider = Provider(200)
    client = Client(server.url, "us-east-1", provider, retry_for=0)
    client.json("logs", "x", {})
    provider.failing = True

    client.json("logs", "x", {})

    client.close()
    assert [request.headers["x-amz-security-token"] for request in server.requests] == ["token-1", "token-1"]


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
def test_expired_credentials_are_renewed_once(server: Server, code: str) -> None:
    provider = Provider(3600)
    client = Client(server.url, "us-east-1", provider, retry_for=0)
    server.answer = in_turn(as_json(400, __type=code), as_json(ok=True), as_json(400, __type=code))

    assert client.json("logs", "x", {}) == {"ok": True}
    with pytest.raises(ClientError) as caught:
        client.json("logs", "x", {})

    client.close()
    assert caught.value.code == code
    assert provider.calls == 3


def test_a_wrong_clock_is_set_by_the_service(server: Server) -> None:
    """An agent on another machine, whose clock is an hour behind."""
    client = Client(server.url, "us-east-1", lambda: KEYS, retry_for=0, wall=lambda: time.time() - 3600)

    def answer(request: HttpRequest) -> Answer:
        try:
            proved(request)
        except ServiceError as refused:
            return Answer(refused.status, json.dumps({"__type": refused.code, "message": refused.message}).encode())
        return as_json(ok=True)

    server.answer = answer

    assert [client.json("logs", "x", {}) for _ in range(2)] == [{"ok": True}] * 2
    client.close()
    assert len(server.requests) == 3


def test_a_client_without_credentials_says_so() -> None:
    with pytest.raises(ValueError, match="no credentials"):
        Client("http://127.0.0.1:9", "us-east-1").json("logs", "x", {})


# Objects.


def test_a_listing_is_read_to_its_end(server: Server, client: Client) -> None:
    """ListObjectsV2 pages, and encodes keys as URLs so that any key fits in XML."""
    keys = ["data/a b+c.csv", "data/ü&<.csv", "data/line\nbreak"]
    encoded = ["data/a+b%2Bc.csv", "data/%C3%BC%26%3C.csv", "data/line%0Abreak"]

    def page(request: HttpRequest) -> Answer:
        assert proved(request) == "s3"
        query = parse_qs(request.query)
        assert (query["prefix"], query["list-type"]) == (["data/"], ["2"])
        index = int(query.get("continuation-token", ["t+0"])[0][2:])
        more = f"<NextContinuationToken>t+{index + 1}</NextContinuationToken>" if index < 2 else ""
        return Answer(
            body=(
                '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<IsTruncated>{str(index < 2).lower()}</IsTruncated>{more}"
                f"<Contents><Key>{escape(encoded[index])}</Key><Size>{index}</Size>"
                f"<ETag>&quot;e{index}&quot;</ETag></Contents></ListBucketResult>"
            ).encode()
        )

    server.answer = page

    entries = list(client.list_objects("bucket", "data/"))

    assert [entry.key for entry in entries] == keys
    assert [(entry.size, entry.etag) for entry in entries] == [(0, '"e0"'), (1, '"e1"'), (2, '"e2"')]


def test_head_tells_size_type_and_metadata(server: Server, client: Client) -> None:
    server.answer = Bucket(k=b"hello")

    head = client.head_object("bucket", "k")

    assert (head.size, head.content_type, dict(head.metadata)) == (5, "text/csv", {"a": "1"})


def test_head_of_nothing_is_not_found(server: Server, client: Client) -> None:
    server.answer = Bucket()

    with pytest.raises(ClientError) as caught:
        client.head_object("bucket", "k")

    assert (caught.value.code, caught.value.status) == ("NotFound", 404)


@pytest.mark.parametrize("key", ["a b/c+d.txt", "ü/%41", "..", "a//b", "/lead", "q?x=1#f"])
def test_any_key_comes_back(server: Server, client: Client, key: str) -> None:
    server.answer = Bucket()

    client.put_object("bucket", key, b"hello")

    with client.get_object("bucket", key) as source:
        assert source.read() == b"hello"


def test_an_object_is_a_file(server: Server, client: Client) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = 5
        archive.addfile(member, io.BytesIO(b"hello"))
    server.answer = Bucket(k=packed.getvalue())

    with (
        client.get_object("bucket", "k") as source,
        tarfile.open(fileobj=io.BufferedReader(source), mode="r|gz") as archive,
    ):
        assert [(member.name, member.size) for member in archive] == [("a.txt", 5)]


def test_an_empty_object_is_an_empty_file(server: Server, client: Client) -> None:
    server.answer = Bucket(k=b"")

    with client.get_object("bucket", "k") as source:
        assert (source.size, source.read()) == (0, b"")


@pytest.mark.parametrize(("start", "length"), [(0, 10), (100, 50), (2_999_990, None), (2_999_990, 1000), (7, 0)])
def test_a_part_of_an_object_is_read(server: Server, client: Client, start: int, length: int | None) -> None:
    server.answer = Bucket(k=DATA)
    expected = DATA[start:] if length is None else DATA[start : start + length]

    with client.get_object("bucket", "k", start=start, length=length) as source:
        assert (source.size, source.read()) == (len(expected), expected)


def test_a_broken_download_goes_on_where_it_broke(server: Server, client: Client) -> None:
    bucket = Bucket(k=DATA)

    def breaking(request: HttpRequest) -> Answer:
        answer = bucket(request)
        if len(server.requests) < 4:
            answer.break_after = 700_000
        return answer

    server.answer = breaking

    with client.get_object("bucket", "k") as source:
        assert source.read() == DATA

    ranges = [request.headers.get("range") for request in server.requests]
    last = len(DATA) - 1
    assert ranges == [None, *(f"bytes={start}-{last}" for start in (700_000, 1_400_000, 2_100_000))]
    assert {request.headers.get("if-match") for request in server.requests[1:]} == {source.etag}


def test_a_download_does_not_mix_two_versions(server: Server, client: Client) -> None:
    bucket = Bucket(k=DATA)

    def replacing(request: HttpRequest) -> Answer:
        answer = bucket(request)
        if len(server.requests) == 1:
            answer.break_after = 1000
            bucket.objects["/bucket/k"] = DATA[::-1]
        return answer

    server.answer = replacing

    with client.get_object("bucket", "k") as source, pytest.raises(ClientError) as caught:
        source.read()

    assert (caught.value.code, caught.value.status) == ("PreconditionFailed", 412)


def test_a_file_is_put_whole(server: Server, client: Client, tmp_path: Path) -> None:
    bucket = Bucket()
    server.answer = bucket
    (tmp_path / "f").write_bytes(DATA)

    etag = client.put_file("bucket", "k", tmp_path / "f", content_type="text/csv")

    assert (etag, bucket.objects["/bucket/k"]) == ('"e"', DATA)
    assert server.requests[0].headers["content-type"] == "text/csv"
    assert server.requests[0].headers["x-amz-content-sha256"] == sha256(DATA).hexdigest()


def test_an_upload_is_repeated_from_its_beginning(server: Server, client: Client, tmp_path: Path) -> None:
    bucket = Bucket()
    (tmp_path / "f").write_bytes(DATA)
    server.answer = lambda request: Answer(503) if len(server.requests) < 3 else bucket(request)

    client.put_file("bucket", "k", tmp_path / "f")

    assert bucket.objects["/bucket/k"] == DATA


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_large_file_goes_up_in_parts(server: Server, client: Client, tmp_path: Path, parallel: int) -> None:
    bucket = Bucket()
    server.answer = bucket
    (tmp_path / "f").write_bytes(DATA)

    etag = client.put_file("bucket", "k", tmp_path / "f", parallel=parallel, multipart_from=1 << 20, part_size=1 << 20)

    assert (etag, bucket.objects["/bucket/k"]) == ('"m-3"', DATA)
    assert not bucket.aborted


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_failed_upload_leaves_nothing_behind(server: Server, client: Client, tmp_path: Path, parallel: int) -> None:
    bucket = Bucket()
    (tmp_path / "f").write_bytes(DATA)
    denied = Answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
    server.answer = lambda request: denied if "partNumber=2" in request.query else bucket(request)

    with pytest.raises(ClientError) as caught:
        client.put_file("bucket", "k", tmp_path / "f", parallel=parallel, multipart_from=1 << 20, part_size=1 << 20)

    assert caught.value.code == "AccessDenied"
    assert bucket.aborted


def test_a_lost_answer_to_the_completion_is_no_failure(server: Server, client: Client, tmp_path: Path) -> None:
    """The repeated request finds no upload any more; the object that is there is the one."""
    bucket = Bucket()
    (tmp_path / "f").write_bytes(DATA)
    completions = []

    def answer(request: HttpRequest) -> Answer:
        if request.method == "POST" and "uploadId" in request.query:
            completions.append(bucket(request))
            gone = b"<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>"
            return Answer(500) if len(completions) == 1 else Answer(404, gone)
        if request.method == "HEAD":
            return Answer(headers={"ETag": '"x-3"', "Content-Length": str(len(DATA))})
        return bucket(request)

    server.answer = answer

    etag = client.put_file("bucket", "k", tmp_path / "f", multipart_from=1 << 20, part_size=1 << 20)

    assert etag == '"x-3"'
    assert not bucket.aborted


def test_an_error_in_the_answer_to_a_completion_is_an_error(server: Server, client: Client, tmp_path: Path) -> None:
    """API_CompleteMultipartUpload: 200 is sent before the outcome is known."""
    bucket = Bucket()
    (tmp_path / "f").write_bytes(DATA)
    failed = Answer(body=b"<Error><Code>InvalidPart</Code><Message>gone</Message></Error>")
    server.answer = lambda request: (
        failed if request.method == "POST" and "uploadId" in request.query else bucket(request)
    )

    with pytest.raises(ClientError) as caught:
        client.put_file("bucket", "k", tmp_path / "f", multipart_from=1 << 20, part_size=1 << 20)

    assert caught.value.code == "InvalidPart"
    assert bucket.aborted


def test_a_file_that_shrinks_while_it_is_put_is_an_error(server: Server, client: Client, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"hello")
    body = FileSlice(str(tmp_path / "f"), 0, 10)

    with pytest.raises(ClientError, match="5 bytes are missing"):
        client.request("PUT", "/bucket/k", "", {}, body, "s3", retry_for=math.inf)


def test_a_file_that_is_gone_is_an_error(client: Client, tmp_path: Path) -> None:
    body = FileSlice(str(tmp_path / "gone"), 0, 10)

    with pytest.raises(ClientError, match="gone: No such file or directory"):
        client.request("PUT", "/bucket/k", "", {}, body, "s3", retry_for=math.inf)


def test_an_object_of_unknown_size_is_refused(server: Server, client: Client) -> None:
    """Its end could not be told from a broken connection."""
    server.answer = lambda request: Answer(body=b"hello", chunked=True)

    with pytest.raises(ClientError, match="without its size"):
        client.get_object("bucket", "k")


def test_a_refused_upload_is_not_sent(server: Server, client: Client, tmp_path: Path) -> None:
    """Expect: 100-continue: a missing permission is told at once, not after gigabytes."""
    (tmp_path / "f").write_bytes(DATA)
    server.refuse_expecting = Answer(403, b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>")

    with pytest.raises(ClientError) as caught:
        client.put_file("bucket", "k", tmp_path / "f")

    assert caught.value.code == "AccessDenied"
    assert server.requests == []


def test_the_client_starts_without_slow_modules() -> None:
    """An agent has 70 ms to start; each of these takes 8 to 18 of them."""
    code = "import sys, salvia.core.client; print([m for m in sys.argv[1:] if m in sys.modules])"
    slow = [
        "ssl",
        "http.client",
        "email",
        "dataclasses",
        "logging",
        "pathlib",
        "urllib.parse",
        "asyncio",
        "botocore",
    ]

    done = subprocess.run([sys.executable, "-c", code, *slow], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
