"""Models, archives and requests that are bad in every way: AWS's error each time, and nobody else is disturbed.

Source: SageMaker API reference, InvokeEndpoint and InvokeEndpointWithResponseStream, "Errors"; DescribeEndpoint,
FailureReason; RFC 9112 for what no HTTP/1.1 answer may be.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError
from tests.conftest import ROLE, Server, eventually
from tests.endpoints import ECHO, Endpoints, archive
from tests.routed import Routed, variant

OK = "HTTP/1.1 200 OK\r\n"


class Neighbour:
    """An endpoint of its own that is invoked all the time."""

    def __init__(self, server: Server, routed: Routed) -> None:
        routed.route("neighbour", variant("AllTraffic", routed.replica("neighbour").content()))
        self.runtime = server.client("sagemaker-runtime", retries={"max_attempts": 0}, read_timeout=20)
        self.over = threading.Event()
        self.answered, self.slowest, self.failures = 0, 0.0, list[Exception]()
        self.thread = threading.Thread(target=self.ask)
        self.thread.start()

    def ask(self) -> None:
        while not self.over.wait(0.01):
            began = time.monotonic()
            try:
                answer = self.runtime.invoke_endpoint(EndpointName="neighbour", Body=b"hello")
                assert answer["Body"].read() == b"hello"
            except Exception as error:
                self.failures.append(error)
            self.answered += 1
            self.slowest = max(self.slowest, time.monotonic() - began)


@pytest.fixture(scope="module")
def bad(salvia: Server) -> Iterator[Routed]:
    """An endpoint `bad` of one instance; beside it, one that must not notice anything."""
    routed = Routed(salvia)
    model = routed.replica("primary")
    routed.route("bad", variant("AllTraffic", model.content()))
    neighbour = Neighbour(salvia, routed)
    yield routed
    neighbour.over.set()
    neighbour.thread.join()
    routed.close()
    assert not neighbour.failures, neighbour.failures[:3]
    assert neighbour.answered > 20
    assert neighbour.slowest < 10  # on a machine that does three other things


def raw(answer: str, **more: Any) -> dict[str, Any]:
    return {"do": "raw", "bytes": answer, **more}


MODELS: dict[str, tuple[Any, str, int, str]] = {  # what it does: code, original status, said
    "refuses": ({"do": "answer", "status": 400, "body": "a bad row"}, "ModelError", 400, "a bad row"),
    "fails": ({"do": "answer", "status": 500, "body": "a bug"}, "ModelError", 500, "a bug"),
    "fails without a word": ({"do": "answer", "status": 599}, "ModelError", 599, 'message ""'),
    "says no text": (raw("HTTP/1.1 500 \r\nContent-Length: 2\r\n\r\n\xff\xfe"), "ModelError", 500, "\ufffd"),
    "says very much": ({"do": "answer", "status": 500, "body": "x" * 100_000}, "ModelError", 500, "xxx"),
    "redirects": (raw("HTTP/1.1 302 \r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), "ModelError", 302, "(302)"),
    "hangs up": ({"do": "hang up"}, "ModelError", 0, "before it answered"),
    "dies half way": ({"do": "half"}, "ModelError", 0, "within its answer"),
    "dies in a head": (raw(OK + "Content-"), "ModelError", 0, "within its answer"),
    "dies in a chunk": (raw(OK + "Transfer-Encoding: chunked\r\n\r\n5\r\nab"), "ModelError", 0, "within its answer"),
    "speaks something else": ({"do": "garbage"}, "ModelError", 0, "does not speak HTTP/1.1"),
    "counts badly": (raw(OK + "Content-Length: -1\r\n\r\n"), "ModelError", 0, "does not speak HTTP/1.1"),
    "counts twice": (raw(OK + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "ModelError", 0, "HTTP/1.1"),
    "chunks badly": (raw(OK + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"), "ModelError", 0, "does not speak HTTP/1.1"),
    "has an endless head": (raw(OK + "A: " + "x" * 70_000, open=True), "ModelError", 0, "head of its answer is longer"),
    "has many headers": (raw(OK + "A: x\r\n" * 20_000, open=True), "ModelError", 0, "head of its answer is longer"),
    "says too much": ({"do": "big", "bytes": 6 * 1024 * 1024 + 1}, "ModelError", 0, "larger than 6291456 bytes"),
    "switches protocols": (raw("HTTP/1.1 101 \r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), "ModelError", 0, ""),
}


@pytest.mark.parametrize("what", MODELS)
def test_a_bad_model_is_a_model_error(bad: Routed, what: str) -> None:
    """424 ModelError with what the container said, as one answer and as a stream; afterwards all is well."""
    told, code, status, said = MODELS[what]
    runtime = bad.server.client("sagemaker-runtime")
    for ask in (runtime.invoke_endpoint, runtime.invoke_endpoint_with_response_stream):
        try:
            with closing(ask(EndpointName="bad", Body=json.dumps(told).encode())["Body"]) as body:
                list(body)
        except EventStreamError as error:  # it began well
            assert error.response["Error"]["Code"] == "ModelStreamError"
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 424
            assert (error.response["Error"]["Code"], error.response["OriginalStatusCode"]) == (code, status)
            assert said in error.response["Error"]["Message"]
            assert len(error.response["Error"]["Message"]) <= 2048  # the model's Message
        else:
            # Only a stream may be longer than an answer.
            assert what == "says too much" and ask == runtime.invoke_endpoint_with_response_stream
        assert runtime.invoke_endpoint(EndpointName="bad", Body=b"1")["Body"].read() == b"1"


def test_a_model_that_dies_of_each_request_is_not_there(bad: Routed) -> None:
    """The request that kills it fails; then it is 503, which clients try again, until it listens once more."""
    model = bad.replica("mortal")
    bad.route("mortal", variant("AllTraffic", model.content()))
    runtime = bad.server.client("sagemaker-runtime")
    with pytest.raises(ClientError):
        runtime.invoke_endpoint(EndpointName="mortal", Body=b'{"do": "die"}')
    model.process.wait()
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="mortal", Body=b"1")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
    model.again()
    patient = bad.server.client("sagemaker-runtime", retries={"mode": "legacy"})
    assert patient.invoke_endpoint(EndpointName="mortal", Body=b"1")["Body"].read() == b"1"


def test_models_that_hang_hold_nobody_up(bad: Routed) -> None:
    """As many as there are connections to a container, and more; other endpoints are asked meanwhile."""
    bad.route("hung", variant("AllTraffic", bad.replica("hung").content()))
    runtime = bad.server.client("sagemaker-runtime", max_pool_connections=200, read_timeout=20)
    asked = [
        threading.Thread(target=runtime.invoke_endpoint, kwargs={"EndpointName": "hung", "Body": body})
        for body in [b'{"do": "sleep", "seconds": 2}'] * 140
    ]
    for one in asked:
        one.start()
    assert bad.server.client("sagemaker-runtime").invoke_endpoint(EndpointName="bad", Body=b"1")["Body"].read() == b"1"
    assert all(one.is_alive() for one in asked)
    for one in asked:
        one.join()


@pytest.mark.parametrize("operation", ["invoke_endpoint", "invoke_endpoint_with_response_stream"])
def test_a_request_too_large_is_refused(bad: Routed, operation: str) -> None:
    """Model, BodyBlob: at most 6,291,456 bytes."""
    runtime = bad.server.client("sagemaker-runtime")
    with pytest.raises(ClientError) as caught:
        getattr(runtime, operation)(EndpointName="bad", Body=b"x" * 6_291_457)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert "6291456" in caught.value.response["Error"]["Message"]


def packed(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> bytes:
    """An archive of one entry."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, link
        tar.addfile(entry)
    return content.getvalue()


ARCHIVES = {
    "words": (b"no archive", "valid tar.gz archive"),
    "empty": (b"", "valid tar.gz archive"),
    "cut": (archive(weights=bytes(range(256)) * 4000)[:-100], "valid tar.gz archive"),
    "zipped words": (gzip.compress(b"no tar"), "valid tar.gz archive"),
    "leads out": (packed("../../etc/passwd"), ""),
    "links out": (packed("model", tarfile.SYMTYPE, "/etc/passwd"), ""),
    "is a device": (packed("null", tarfile.CHRTYPE), ""),
    "is not there": (None, "no object"),
}


def test_bad_archives_fail_their_endpoints(salvia: Server, bad: Routed) -> None:
    """DescribeEndpoint: Failed, with a FailureReason that names the object; one with a good archive is in service."""
    endpoints = Endpoints(salvia)
    names = {}
    for what, (content, _) in ARCHIVES.items():
        key = f"{what.replace(' ', '-')}.tar.gz"
        if content is not None:
            endpoints.s3.put_object(Bucket=endpoints.bucket, Key=key, Body=content)
        model = endpoints.name("model")
        container = {"Image": ECHO, "ModelDataUrl": f"s3://{endpoints.bucket}/{key}"}
        endpoints.sagemaker.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        names[what] = endpoints.create(endpoints.config(endpoints.variant(model)), wait=False)
    good = endpoints.create()
    for what, name in names.items():
        described = endpoints.settled(name)
        key = f"s3://{endpoints.bucket}/{what.replace(' ', '-')}.tar.gz"
        assert described["EndpointStatus"] == "Failed", what
        assert key in described["FailureReason"]
        assert ARCHIVES[what][1] in described["FailureReason"]
    runtime = salvia.client("sagemaker-runtime")
    assert runtime.invoke_endpoint(EndpointName=good, Body=b"1")["ResponseMetadata"]["HTTPStatusCode"] == 200
    for name in (good, *names.values()):
        endpoints.sagemaker.delete_endpoint(EndpointName=name)
    eventually(
        lambda: (
            not set(names.values()) & {one["EndpointName"] for one in endpoints.sagemaker.list_endpoints()["Endpoints"]}
        )
    )
