"""Lines from bytes. Limits: CloudWatch Logs API reference, PutLogEvents."""

from __future__ import annotations

import pytest

from salvia.agent.lines import EVENT_LIMIT, Buffer, Splitter, messages
from salvia.agent.logs import Batch


def split(*chunks: bytes) -> list[bytes]:
    splitter = Splitter()
    return [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.end()


@pytest.mark.parametrize(
    "chunks, lines",
    [
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"a", b"b\nc"], [b"ab", b"c"]),
        ([b"a\r\nb\r\n"], [b"a", b"b"]),
        ([b"a\r", b"\nb"], [b"a", b"b"]),
        ([b" 10%\r 20%\r 30%\n"], [b" 10%", b" 20%", b" 30%"]),
        ([b"\n\na\n\n"], [b"a"]),
        ([b"a\r", b"\n", b"\nb"], [b"a", b"b"]),
        ([b""], []),
    ],
)
def test_lines_end_at_newlines_and_carriage_returns(chunks, lines):
    """A progress bar's states are lines; blank ones cannot be sent (a message has at least 1 character)."""
    assert split(*chunks) == lines


def test_a_line_without_end_is_cut_between_characters():
    """262,144 bytes an event, 26 of them overhead; nothing is lost at a cut."""
    line = ("€" * 200_000).encode()
    pieces = split(*(line[start : start + 65_536] for start in range(0, len(line), 65_536)))
    assert b"".join(pieces) == line
    assert all(len(piece) <= EVENT_LIMIT for piece in pieces)
    assert all(set(piece.decode()) == {"€"} for piece in pieces)


def test_bytes_that_are_no_utf8_still_fit():
    """Each becomes U+FFFD, which is three bytes: a line that fitted before may not any more."""
    found = list(messages(b"\xff" * EVENT_LIMIT))
    assert sum(len(text) for text, _ in found) == EVENT_LIMIT
    assert all(len(text.encode()) == size <= EVENT_LIMIT for text, size in found)


def test_a_batch_keeps_awss_limits():
    """1,048,576 bytes counting 26 an event, 10,000 events, 24 hours."""
    batch = Batch()
    assert all(batch.add(0, "x", 1) for _ in range(10_000))
    assert not batch.add(0, "x", 1)
    assert len(batch.take()) == 10_000
    assert all(batch.add(0, "x" * EVENT_LIMIT, EVENT_LIMIT) for _ in range(4))
    assert not batch.add(0, "x", 1)
    batch.take()
    assert batch.add(0, "x", 1)
    assert not batch.add(24 * 3600 * 1000, "x", 1)


def test_events_stay_in_order_when_the_clock_goes_back():
    """PutLogEvents: the events of a batch must be in chronological order."""
    times = iter([10.0, 9.0, 11.0])
    buffer = Buffer(wall=lambda: next(times))
    for _ in range(3):
        buffer.put(b"x\n")
    assert [stamp for stamp, _ in buffer.take(0, 0)] == [10_000, 10_000, 11_000]
