"""Two nodes of two gateways each: whoever is asked, the gateways of the endpoint's node answer, unless they die.

The nodes are on one machine here, but speak to each other as two machines do, over TCP.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError
from tests.conftest import Server, eventually, reader
from tests.endpoints import Endpoints
from tests.routed import Routed, variant

from salvia.store import gateways
from salvia.store.gateways import Gateway


@pytest.fixture(scope="module")
def far(replicas: tuple[Server, Server]) -> Iterator[Routed]:
    """Endpoints on the first node."""
    routed = Routed(replicas[0])
    node = (replicas[0].home / "node").read_text()
    routed.route("far", variant("AllTraffic", routed.replica("far").content()), node=node)
    yield routed
    routed.close()


@pytest.fixture(scope="module")
def runtimes(replicas: tuple[Server, Server], far: Routed) -> tuple[Any, Any]:
    """Of the node that has the endpoint, and of the other, once all gateways know each other."""
    acquainted(replicas[0])
    one, two = (server.client("sagemaker-runtime") for server in replicas)
    return one, two


def living(server: Server) -> list[Gateway]:
    """All gateways, as a server's database has them."""
    with reader(server) as db:
        return gateways.living(db)


def listens(gateway: Gateway) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((gateway.host, gateway.port)) == 0


def acquainted(server: Server) -> None:
    """Return when each of the four has looked for the others since all are there. It says that it lives before each
    look, so the third time that it is seen to, the second look is over."""
    looks: dict[str, set[float]] = {}

    def known() -> bool:
        with reader(server) as db:
            seen = dict(db.all("SELECT id, seen_at FROM gateways"))
        if looks.keys() != seen.keys():
            looks.clear()
        for one, at in seen.items():
            looks.setdefault(one, set()).add(at)
        return len(seen) == 4 and all(len(moments) > 2 for moments in looks.values())

    eventually(known, 60, "the gateways know each other")


def invocations(server: Server) -> int:
    """How many this node's gateways have counted."""
    with urllib.request.urlopen(f"{server.url}/_metrics") as response:
        found = re.findall(
            r'^salvia_invocations_total\{.*endpoint="far".*\} (\d+)$', response.read().decode(), re.MULTILINE
        )
    return sum(map(int, found))


def outcome(runtime: Any, told: Any, **more: Any) -> Any:
    """What a client is told, but for ids and dates."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    try:
        answer = runtime.invoke_endpoint(EndpointName="far", Body=body, **more)
    except ClientError as error:
        answer = error.response
    else:
        answer["Body"] = answer["Body"].read()
    headers = answer["ResponseMetadata"].pop("HTTPHeaders")
    kept = {name: value for name, value in headers.items() if name not in {"date", "x-amzn-requestid"}}
    return {**answer, "ResponseMetadata": answer["ResponseMetadata"]["HTTPStatusCode"], "headers": kept}


@pytest.mark.parametrize(
    ("told", "more"),
    [
        (b"1,2,3", {"ContentType": "text/csv", "Accept": "application/json"}),
        (bytes(range(256)) * 24_000, {}),
        ({"do": "answer", "body": "ö", "headers": {"X-Amzn-SageMaker-Custom-Attributes": "a=b"}}, {}),
        ({"do": "answer", "body": "", "headers": {"X-Salvia-Failure": "{}", "X-Salvia-Variant": "none"}}, {}),
        ({"do": "answer", "status": 400, "body": 'a "bad" row\n'}, {}),
        ({"do": "answer", "status": 503, "body": "x" * 5000}, {}),
        ({"do": "half"}, {}),
        ({"do": "garbage"}, {}),
        ({"do": "big", "bytes": 6 * 1024 * 1024 + 1}, {}),
        (b"1", {"TargetModel": "many.tar.gz"}),
        (b"1", {"TargetVariant": "nobody"}),
        (b"1", {"CustomAttributes": 'q="ö"', "InferenceId": "mine"}),
    ],
)
def test_both_nodes_answer_alike(runtimes: tuple[Any, Any], told: Any, more: dict[str, str]) -> None:
    """What is forwarded is answered as what is not: headers, sentences, fields of errors."""
    here, there = runtimes
    assert outcome(there, told, **more) == outcome(here, told, **more)


def test_the_endpoints_node_asks_its_model(replicas: tuple[Server, Server], runtimes: tuple[Any, Any]) -> None:
    """The other has not gone there itself: it has counted nothing."""
    before = invocations(replicas[0])
    for _ in range(10):
        assert outcome(runtimes[1], b"hello")["Body"] == b"hello"
    eventually(lambda: invocations(replicas[0]) >= before + 10, 15, "the first node has counted them")
    assert invocations(replicas[1]) == 0


def pieces(runtime: Any, **told: Any) -> Generator[tuple[float, bytes], None, None]:
    asked = json.dumps({"do": "pieces", **told}).encode()
    answer = runtime.invoke_endpoint_with_response_stream(EndpointName="far", Body=asked)
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    with closing(answer["Body"]) as body:
        for event in body:
            yield time.monotonic(), event["PayloadPart"]["Bytes"]


def test_pieces_come_through_as_they_are_said(runtimes: tuple[Any, Any]) -> None:
    """InvokeEndpointWithResponseStream: the first before the last is there, all of a long one, though read slowly."""
    came = list(pieces(runtimes[1], pieces=["a", "b", "c"], seconds=0.4))
    assert [piece for _, piece in came] == [b"a", b"b", b"c"]
    assert came[1][0] - came[0][0] > 0.2
    read = 0
    for _, piece in pieces(runtimes[1], size=500_000, count=20):
        time.sleep(0.01)
        read += len(piece)
    assert read == 10_000_000


def test_a_stream_breaks_with_the_same_words(runtimes: tuple[Any, Any]) -> None:
    """Model, ModelStreamError: StreamBroken; of a client that leaves, its model's connection is let go of."""
    said = []
    for runtime in runtimes:
        with pytest.raises(EventStreamError) as caught:
            list(pieces(runtime, pieces=["a"], broken=True))
        said.append(caught.value.response["Error"])
    assert said[0] == said[1]
    assert said[0]["Code"] == "ModelStreamError"
    with closing(pieces(runtimes[1], size=100_000, count=100, seconds=0.05)) as left:
        next(left)
    assert outcome(runtimes[1], b"1")["Body"] == b"1"


def test_who_is_no_gateway_is_refused(replicas: tuple[Server, Server], runtimes: tuple[Any, Any]) -> None:
    """The doors are for our servers alone: not for a user's key, a wrong proof, none, nor one sent without TLS."""
    content = json.dumps({"endpoint": ["123456789012", "us-east-1", "far"], "pieces": False, "request": {}})
    message = f"POST /invocations HTTP/1.1\r\nX-Salvia-Invocation: {content}\r\nContent-Length: 0\r\n"
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    key = replicas[0].environment["AWS_SECRET_ACCESS_KEY"]
    for proof in (
        "",
        "Authorization: Bearer \r\n",
        f"Authorization: Bearer {'0' * 64}\r\n",
        f"Authorization: {key}\r\n",
    ):
        for gateway in living(replicas[0]):
            with socket.create_connection((gateway.host, gateway.port)) as plain, anyone.wrap_socket(plain) as door:
                door.sendall(f"{message}{proof}\r\n".encode())
                assert door.recv(1000).startswith(b"HTTP/1.1 403")
            with socket.socket(socket.AF_UNIX) as door:
                door.connect(gateway.socket)
                door.sendall(f"{message}{proof}\r\n".encode())
                assert door.recv(1000).startswith(b"HTTP/1.1 403")
    assert len(living(replicas[0])) == 4
    assert {Path(gateway.socket).stat().st_mode & 0o77 for gateway in living(replicas[0])} == {0}
    asked = urllib.request.Request(f"{replicas[0].url}/invocations", b"", {"X-Salvia-Invocation": content})
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(asked)


def test_an_endpoint_that_was_created_is_reached_from_both(replicas: tuple[Server, Server]) -> None:
    """Whichever node started it."""
    made = Endpoints(replicas[0])
    name = made.create(made.config(made.variant(made.model(name="somewhere"))))
    for server in replicas:
        for _ in range(4):
            answer = server.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"1")
            assert json.loads(answer["Body"].read())["name"] == "somewhere"
    made.delete(name)


def test_gateways_that_die_cost_no_answer(replicas: tuple[Server, Server], runtimes: tuple[Any, Any]) -> None:
    """Promised: what was in flight at a killed gateway is asked again; a client of the other node sees nothing."""
    other = replicas[1].client("sagemaker-runtime", retries={"max_attempts": 0})
    over, answered, failures = threading.Event(), [0], []

    def ask() -> None:
        while not over.is_set():
            try:
                other.invoke_endpoint(EndpointName="far", Body=b'{"do": "sleep", "seconds": 0.02}')
                answered[0] += 1
            except Exception as error:
                failures.append(error)

    with ThreadPoolExecutor() as pool:
        for _ in range(6):
            pool.submit(ask)
        try:
            for _ in range(2):
                for pid in replicas[0].pids("gateway"):
                    seen = answered[0]
                    eventually(lambda seen=seen: answered[0] > seen + 30, 30, "answers")  # type: ignore[misc]
                    os.kill(pid, signal.SIGKILL)
                    eventually(lambda pid=pid: pid not in replicas[0].pids("gateway"), 30, "it is dead")  # type: ignore[misc]
                    eventually(lambda: all(map(listens, living(replicas[0]))), 30, "it is started again")
        finally:
            over.set()
    assert not failures, (len(failures), failures[:3], answered)
