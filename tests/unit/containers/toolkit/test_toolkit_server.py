"""The model server, by HTTP. Sources: the guide, "Use Your Own Inference Code with Hosting Services" (/ping, SIGTERM)
and "… with Batch Transform"; RFC 9112 for HTTP/1.1."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ..conftest import PROGRAM, Server, Servers

ECHO = f"{PROGRAM}:{Path(__file__).parent}"


@pytest.fixture(scope="module")
def echo(servers: Servers) -> Server:
    return servers.start("echo", {}, ECHO).ready()


def told(**what: object) -> str:
    return json.dumps(what)


def read_until_closed(raw: socket.socket) -> bytes:
    received = b""
    while piece := raw.recv(65536):
        received += piece
    return received


def test_ping_answers_while_the_model_works(echo: Server) -> None:
    """ "The request timeout on /ping attempts is 2 seconds": a long prediction must not look like death."""
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(echo.invoke, told(sleep=1))
        time.sleep(0.2)
        began = time.monotonic()
        assert echo.ask("GET", "/ping").status == 200
        assert time.monotonic() - began < 0.5
        assert not long.done()
        assert long.result().status == 200


def test_a_connection_serves_many_requests(echo: Server) -> None:
    """Keep-alive, through an error as well."""
    client = echo.client()
    assert [client.ask("POST", "/invocations", told(n=n)).status for n in range(3)] == [200] * 3
    port = client.sock.fileno()
    assert client.ask("GET", "/nothing").status == 404
    assert client.ask("GET", "/invocations").status == 405
    assert client.ask("POST", "/invocations", told()).status == 200
    assert client.sock.fileno() == port


def test_requests_that_arrive_together_are_predicted_together(echo: Server) -> None:
    """While one is predicted the others wait, and then go in one call."""
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(echo.invoke, told(sleep=1))
        time.sleep(0.3)
        others = list(pool.map(lambda _: echo.invoke(told()).json["together"], range(8)))
        assert first.result().json["together"] == 1
    assert others == [8] * 8


def test_a_model_that_does_not_batch_gets_one_at_a_time(servers: Servers) -> None:
    server = servers.start("echo", {}, ECHO, ECHO_ALONE="yes").ready()
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(server.invoke, told(sleep=0.3))
        time.sleep(0.1)
        assert [answer.json["together"] for answer in pool.map(lambda _: server.invoke(told()), range(4))] == [1] * 4
        assert first.result().status == 200


def test_a_model_can_have_processes_of_its_own(servers: Servers) -> None:
    """SAGEMAKER_MODEL_SERVER_WORKERS, for any image: what is in the program's own module, too."""
    server = servers.start("echo", {}, ECHO, SAGEMAKER_MODEL_SERVER_WORKERS="2").ready()
    with ThreadPoolExecutor(2) as pool:
        began = time.monotonic()
        assert [one.status for one in pool.map(lambda _: server.invoke(told(sleep=0.5)), range(2))] == [200, 200]
        assert time.monotonic() - began < 0.9
    assert server.invoke(told(pieces=2)).body == b"piece 0\npiece 1\n"
    assert server.invoke(told(refuse=422)).status == 422
    assert server.stop() == 0


def test_pipelined_requests_are_answered_in_their_order(echo: Server) -> None:
    """RFC 9112, 9.3.2."""
    raw = echo.connect()
    many = b"".join(
        b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        for body in (told(n="x" * n).encode() for n in range(20))
    )
    raw.sendall(many + b"GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    answers = read_until_closed(raw).split(b"HTTP/1.1 ")[1:]
    received = [json.loads(answer.partition(b"\r\n\r\n")[2])["received"] for answer in answers[:-1]]
    assert received == [len(told(n="x" * n)) for n in range(20)]
    assert answers[-1].startswith(b"200 OK\r\nContent-Length: 0\r\nConnection: close")


def test_many_pipelined_requests_behind_a_slow_one(echo: Server) -> None:
    raw = echo.connect()
    body = told(sleep=0.2).encode()
    raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    raw.sendall(b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n" * 3000 + b"GET /ping HTTP/1.0\r\n\r\n")
    assert read_until_closed(raw).count(b"HTTP/1.1 200 OK") == 3002


def test_an_offer_of_another_protocol_is_not_taken(echo: Server) -> None:
    """Java's client sends it with every request (RFC 9110, 7.8: a server may ignore it)."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n"
    raw = echo.connect()
    for _ in range(2):
        raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\n" + offer + b"Content-Length: 2\r\n\r\n{}")
        assert b'"received": 2' in raw.recv(1000)
    raw.sendall((b"GET /ping HTTP/1.1\r\nHost: a\r\n" + offer + b"\r\n") * 2)
    raw.shutdown(socket.SHUT_WR)
    assert read_until_closed(raw).count(b"HTTP/1.1 200 OK") == 2


def test_a_chunked_body_and_expect_continue(echo: Server) -> None:
    """RFC 9112, 7.1; RFC 9110, 10.1.1: the client waits for 100 before it sends the body."""
    raw = echo.connect()
    raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
    assert raw.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    for byte in b'5\r\n{"a":\r\n3\r\n 1}\r\n0\r\n\r\n':
        raw.sendall(bytes([byte]))
    assert b'"received": 8' in raw.recv(1000)


def test_an_answer_in_pieces_comes_as_it_is_made(echo: Server) -> None:
    """Response streaming: each piece is there before the next is made."""
    raw = echo.connect()
    body = told(pieces=3, gap=0.3).encode()
    raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    began, times, received = time.monotonic(), [], b""
    while not received.endswith(b"0\r\n\r\n"):
        received += raw.recv(65536)
        times.append(time.monotonic() - began)
    assert b"Transfer-Encoding: chunked\r\n" in received
    assert b"8\r\npiece 0\n\r\n" in received and b"8\r\npiece 2\n\r\n" in received
    assert times[0] < 0.3 < times[-1]


def test_pieces_that_break_off_are_no_whole_answer(echo: Server) -> None:
    """The connection is broken, since the status has been sent; before the first piece it is a 500."""
    raw = echo.connect()
    body = told(pieces=3, **{"break": 1}).encode()
    raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    received = b""
    with contextlib.suppress(ConnectionResetError):
        received = read_until_closed(raw)
    assert not received.endswith(b"0\r\n\r\n")
    early = echo.invoke(told(pieces=3, **{"break": 0}))
    assert (early.status, early.text) == (500, "RuntimeError: broken off at 0")


def test_a_client_that_leaves_ends_what_is_made_for_it(servers: Servers) -> None:
    server = servers.start("echo", {}, ECHO).ready()
    raw = server.connect()
    body = told(pieces=10_000, gap=0.01).encode()
    raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    assert raw.recv(1000)
    raw.close()
    assert server.invoke(told()).status == 200  # the thread is free
    assert "pieces ended" in server.log


def test_what_a_model_raises_is_a_500_and_in_the_log(echo: Server) -> None:
    answer = echo.invoke(told(**{"raise": "out of order"}))
    assert (answer.status, answer.text) == (500, "RuntimeError: out of order")
    assert "Traceback" in echo.log and "RuntimeError: out of order" in echo.log
    assert echo.invoke(told(refuse=422)).status == 422
    assert echo.ask("GET", "/ping").status == 200


def test_custom_attributes_go_there_and_back(echo: Server) -> None:
    """X-Amzn-SageMaker-Custom-Attributes: API_runtime_InvokeEndpoint."""
    answer = echo.invoke(told(), X_Amzn_SageMaker_Custom_Attributes="trace=1")
    assert answer.headers["X-Amzn-SageMaker-Custom-Attributes"] == "trace=1"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_above_the_limit_is_refused(servers: Servers, chunked: bool) -> None:
    """413, said to a client that reads only after it has sent everything; the server goes on."""
    server = servers.start("echo", {}, ECHO, SAGEMAKER_MAX_REQUEST_SIZE="1000").ready()
    raw = server.connect()
    if chunked:
        raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        raw.sendall(b"3e8\r\n" + b" " * 1000 + b"\r\n")
        raw.sendall((b"3e8\r\n" + b" " * 1000 + b"\r\n") * 1000)
    else:
        raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b" " * 1_000_000)
    answer = read_until_closed(raw)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"SAGEMAKER_MAX_REQUEST_SIZE" in answer
    assert server.invoke(b"{}" + b" " * 998).json["received"] == 1000


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", b"405"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /ping HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", b"431"),
        (b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", b"400"),
    ],
)
def test_what_is_no_request_is_refused(echo: Server, sent: bytes, status: bytes) -> None:
    raw = echo.connect()
    raw.sendall(sent)
    assert read_until_closed(raw).startswith(b"HTTP/1.1 " + status)


def test_http_1_0_gets_an_answer_that_ends_with_its_connection(echo: Server) -> None:
    raw = echo.connect()
    body = told(pieces=2).encode()
    raw.sendall(b"POST /invocations HTTP/1.0\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    assert read_until_closed(raw).partition(b"\r\n\r\n")[2] == b"piece 0\npiece 1\n"


def test_sigterm_finishes_what_is_there(servers: Servers) -> None:
    """ "SIGTERM, then SIGKILL 30 seconds later": the request that runs, and one that waits for it, are answered."""
    server = servers.start("echo", {}, ECHO, ECHO_ALONE="yes").ready()
    idle = server.connect()
    with ThreadPoolExecutor(2) as pool:
        begun = [pool.submit(server.invoke, told(sleep=0.4)) for _ in range(2)]
        time.sleep(0.2)
        server.process.terminate()
        assert idle.recv(1) == b""  # nothing more will be taken from it
        with pytest.raises(OSError):
            server.connect()
        assert [one.result().status for one in begun] == [200, 200]
        assert [one.result().headers["Connection"] for one in begun] == ["close", "close"]
    assert server.process.wait(10) == 0
    assert not server.socket.exists()


def test_sigterm_finishes_all_that_one_connection_has_under_way(servers: Servers) -> None:
    """As the gateway sends it to a model that predicts it together: the last answer, and no other, says the end."""
    server = servers.start("echo", {}, ECHO).ready()
    raw = server.connect()
    body = told(sleep=0.3).encode()
    request = b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    raw.sendall(request * 8)
    time.sleep(0.1)
    raw.sendall(request * 8)
    server.process.terminate()
    answers = read_until_closed(raw).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200"] * 16
    assert b"X-Salvia-Abreast: 256" in answers[0]
    assert [b"Connection: close" in answer for answer in answers] == [False] * 15 + [True]
    assert server.process.wait(10) == 0


def test_sigterm_finishes_an_answer_in_pieces(servers: Servers) -> None:
    server = servers.start("echo", {}, ECHO).ready()
    raw = server.connect()
    body = told(pieces=4, gap=0.1).encode()
    raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    first = raw.recv(1000)
    server.process.terminate()
    assert (first + read_until_closed(raw)).endswith(b"piece 3\n\r\n0\r\n\r\n")
    assert server.process.wait(10) == 0


def test_a_model_that_cannot_be_loaded_ends_the_program(servers: Servers) -> None:
    """With what it said as the log's last line, from where it gets into the endpoint's FailureReason."""
    server = servers.start("echo", {"broken": ""}, ECHO)
    assert server.process.wait(30) == 1
    assert server.log.splitlines()[-1] == "ERROR: the model cannot be loaded: the file broken is there"


def test_without_a_socket_it_listens_on_the_port(servers: Servers) -> None:
    """SAGEMAKER_BIND_TO_PORT: the guide, "…with Hosting Services"; what AWS's toolkits listen on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = servers.start("echo", {}, ECHO, SALVIA_BIND_TO_SOCKET="", SAGEMAKER_BIND_TO_PORT=str(port))
    deadline = time.monotonic() + 30
    answered = b""
    while not answered and time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port)) as raw:
                raw.sendall(b"GET /ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                answered = read_until_closed(raw)
        except ConnectionRefusedError:
            time.sleep(0.02)
    assert answered.startswith(b"HTTP/1.1 200 OK")
    assert server.stop() == 0


def test_a_slow_reader_holds_nobody_s_memory(servers: Servers) -> None:
    """Pieces are made no faster than they are read."""
    server = servers.start("echo", {}, ECHO).ready()
    raw = server.connect()
    body = told(pieces=2000, times=10_000).encode()  # 180 MB
    raw.sendall(b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
    threading.Event().wait(0.5)
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident < 100_000, status
    received = 0
    while not (piece := raw.recv(1 << 20)).endswith(b"0\r\n\r\n"):
        received += len(piece)
    assert received > 180_000_000
