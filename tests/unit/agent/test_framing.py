"""Where an answer ends, in whatever pieces it comes. Source: RFC 9112, section 6."""

from __future__ import annotations

import pytest

from salvia.agent.framing import Framing

LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 404 No\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5;a=b\r\nhello\r\n3\r\n0\r\n\r\n0\r\nX: y\r\n\r\n"
)
EMPTY = b"HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n"
LATE = b"HTTP/1.1 100 Continue\r\n\r\n" + LENGTH


@pytest.mark.parametrize(("answer", "status"), [(LENGTH, 200), (CHUNKED, 404), (EMPTY, 204), (LATE, 200)])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_an_answer_ends_with_its_last_byte(answer: bytes, status: int, size: int) -> None:
    framing = Framing()
    ends = [framing.feed(answer[at : at + size]) for at in range(0, len(answer), size)]
    assert ends == [False] * (len(ends) - 1) + [True]
    assert framing.status == status
    assert not framing.ends_with_connection


def test_without_a_length_it_ends_with_the_connection() -> None:
    framing = Framing()
    assert not framing.feed(b"HTTP/1.1 200 OK\r\n\r\nsome")
    assert not framing.feed(b" more")
    assert framing.ends_with_connection


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n\r\n", CHUNKED.replace(b"5;", b"z;"), b"HTTP/1.1 200 " * 9000])
def test_what_is_no_http_is_refused(answer: bytes) -> None:
    with pytest.raises(ValueError):
        Framing().feed(answer)
