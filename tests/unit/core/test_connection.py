"""Connections to servers that do not keep to HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from salvia.core import connection
from salvia.core.connection import BrokenConnectionError, Connection, Response

Answering = Callable[[bytes], Connection]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """A connection to a server that waits for a request, says these bytes and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    connections: list[Connection] = []

    def start(answer: bytes) -> Connection:
        def serve() -> None:
            accepted, _ = listener.accept()
            with accepted:
                accepted.recv(65536)
                accepted.sendall(answer)

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        connections.append(Connection("127.0.0.1", listener.getsockname()[1], None, 10))
        return connections[-1]

    yield start
    for thread in threads:
        thread.join()
    for started in connections:
        started.close()
    listener.close()


def get(to: Connection, method: str = "GET") -> Response:
    return to.request(method, "/", {"Host": "h"}, b"", 0)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "This is not an HTTP/1.1 server: it answered 'SSH-2.0-OpenSSH'"),
        (b"HTTP/1.1 abc\r\n\r\n", "This is not an HTTP/1.1 server"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 300, "more than 256 headers"),
        (b"x" * 100_000, "endless line"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length of '-1'"),
        (b"HTTP/1.1 200 OK\r\nContent-", "without an answer"),
    ],
)
def test_an_answer_that_is_no_http_is_refused(answering: Answering, answer: bytes, message: str) -> None:
    with pytest.raises(BrokenConnectionError, match=message) as caught:
        get(answering(answer))

    assert not caught.value.unanswered


def test_silence_is_told_from_half_an_answer(answering: Answering) -> None:
    """Only a request without any answer may be repeated on another connection without asking."""
    with pytest.raises(BrokenConnectionError) as caught:
        get(answering(b""))

    assert caught.value.unanswered


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"Content-Length: 10\r\n\r\nhello", "5 bytes missing"),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "2 bytes missing"),
        (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "closed the connection"),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "A chunk of size 'zz'"),
        (b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", "A chunk of size -5"),
    ],
)
def test_a_body_that_breaks_off_is_not_taken_for_whole(answering: Answering, answer: bytes, message: str) -> None:
    response = get(answering(b"HTTP/1.1 200 OK\r\n" + answer))

    with pytest.raises(BrokenConnectionError, match=message):
        response.read()
    assert not response.reusable


@pytest.mark.parametrize(
    ("answer", "body", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello", b"hello", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", False),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x", True),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nT: x\r\n\r\n",
            b"hello",
            True,
        ),
    ],
)
def test_a_body_ends_where_its_head_says(answering: Answering, answer: bytes, body: bytes, reusable: bool) -> None:
    """RFC 9112, section 6.3."""
    response = get(answering(answer))

    assert response.read() == body
    assert response.reusable == reusable


def test_the_answer_to_head_has_no_body(answering: Answering) -> None:
    response = get(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), "HEAD")

    assert (response.headers["content-length"], response.read(), response.reusable) == ("5", b"", True)


def test_a_server_that_does_not_know_expect_gets_the_body_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RFC 9110, section 10.1.1: a client should not wait for an indefinite period."""
    monkeypatch.setattr(connection, "_CONTINUE_SECONDS", 0.05)
    listener = socket.create_server(("127.0.0.1", 0))
    received: list[int] = []

    def serve() -> None:
        accepted, _ = listener.accept()
        with accepted:
            size = 0
            while size < 2_000_000:
                size += len(accepted.recv(1 << 20))
            received.append(size)
            accepted.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    client = Connection("127.0.0.1", listener.getsockname()[1], None, 10)

    response = client.request("PUT", "/", {"Host": "h"}, bytes(2_000_000), 2_000_000)

    assert (response.status, response.read()) == (200, b"")
    thread.join()
    client.close()
    listener.close()
    assert received[0] > 2_000_000


def test_a_body_beyond_the_limit_is_refused(answering: Answering) -> None:
    response = get(answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000))

    with pytest.raises(BrokenConnectionError, match="more than 1000 bytes"):
        response.read(1000)
