"""A program's output as log events of its job: none lost, none twice.

Source: CloudWatch Logs API reference, PutLogEvents (limits, order of events, sequence tokens).
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from ..core.client import ClientError
from .journal import Journal
from .lines import Buffer, Splitter, messages

_BATCH_BYTES = 1_048_576
_BATCH_EVENTS = 10_000
_BATCH_SPAN = 24 * 3600 * 1000 - 1  # milliseconds
_OVERHEAD = 26
_LINGER = 0.5  # seconds that a first line waits for others
_ENOUGH = 768 << 10  # bytes that are sent without waiting
_TAIL_LINES, _TAIL_WIDTH = 20, 1024

Call = Callable[[str, dict[str, Any]], dict[str, Any]]
"""`call(operation, payload)`: one operation of the service, tried until the service answers it."""

_DENIED = ("AccessDeniedException", "AccessDenied")


class Log(Protocol):
    """Where a program's output goes."""

    def start(self) -> None: ...

    def write(self, data: bytes) -> None: ...

    def say(self, line: str) -> None: ...

    def finish(self) -> None: ...

    def tail(self) -> list[str]: ...


class LogShipper:
    """Sends what `write` is given to one log stream, from a thread of its own.

    Batches are numbered in `sequenceToken` ("salvia-1", "salvia-2", …): the server answers
    DataAlreadyAcceptedException for a number that it has, so that a batch whose reply was lost is not
    doubled. `number` is what they count from, above that of whoever wrote the stream before. `examine(lines)` sees
    every line once, before it is sent, and `after()` is called when they are.
    A role that may not write logs does not stop the job: `on_trouble` is told what is missing, once.
    """

    def __init__(
        self,
        call: Call,
        group: str,
        stream: str,
        journal: Journal,
        on_trouble: Callable[[str], None],
        examine: Callable[[list[bytes]], None] | None = None,
        after: Callable[[], None] | None = None,
        number: int = 0,
    ) -> None:
        self._call, self._group, self._stream, self._journal = call, group, stream, journal
        self._on_trouble, self._examine, self._after = on_trouble, examine, after
        self._buffer = Buffer()
        self._splitter = Splitter()
        self._batch = Batch()
        self._tail: deque[bytes] = deque(maxlen=_TAIL_LINES)
        self._number = number
        self._closed = False  # the role may not write this log
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)

    def start(self) -> None:
        """Ship from now on; what was written before is kept."""
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Append output of the program; waits while too much of it is unsent."""
        self._buffer.put(data)

    def say(self, line: str) -> None:
        """Append a line of the agent's own."""
        self._buffer.put(f"\n{line}\n".encode(errors="backslashreplace"))

    def finish(self) -> None:
        """Return when everything written has been accepted, or refused for good."""
        self._buffer.close()
        if self._thread.ident is not None:
            self._thread.join()

    def tail(self) -> list[str]:
        """The last 20 lines, each cut at 1,024 characters, sooner where JSON makes twelve bytes of one.

        A report that is too long is refused however often it is sent, and its job would never end.
        """
        lines = [line.decode("utf-8", "replace")[:_TAIL_WIDTH] for line in self._tail]
        return [line if len(json.dumps(line)) <= 4 * _TAIL_WIDTH else line[: _TAIL_WIDTH // 3] for line in lines]

    def _run(self) -> None:
        try:
            self._create()
            while (chunks := self._buffer.take(_LINGER, _ENOUGH)) is not None:
                for stamp, data in chunks:
                    self._add(stamp, self._splitter.feed(data))
                self._send()
            self._add(int(time.time() * 1000), self._splitter.end())
            self._send()
        except Exception as error:
            self._journal.trouble("logs.failed", error)
            self._close(f"Log lines were lost: {error}")
            while self._buffer.take(0, 0) is not None:  # the program must never wait for a dead log
                pass

    def _add(self, stamp: int, lines: list[bytes]) -> None:
        if not lines:
            return
        self._tail.extend(line[: _TAIL_WIDTH * 4] for line in lines[-_TAIL_LINES:])
        if self._examine is not None:
            self._examine(lines)
        if self._closed:
            return
        for line in lines:
            for text, size in messages(line):
                if not self._batch.add(stamp, text, size):
                    self._send()
                    self._batch.add(stamp, text, size)

    def _create(self) -> None:
        """Make group and stream; a role that may not is found out by the first batch."""
        names = {"logGroupName": self._group}
        for operation in ("CreateLogGroup", "CreateLogStream"):
            try:
                self._call(operation, names)
            except ClientError as error:
                if error.code not in ("ResourceAlreadyExistsException", *_DENIED):
                    self._journal.note("logs.create.failed", operation=operation, error=str(error))
            names = {**names, "logStreamName": self._stream}

    def _send(self) -> None:
        events = self._batch.take()
        if events and not self._closed:
            self._number += 1
            payload = {
                "logGroupName": self._group,
                "logStreamName": self._stream,
                "logEvents": events,
                "sequenceToken": f"salvia-{self._number}",
            }
            self._put(payload)
        if self._after is not None:
            self._after()

    def _put(self, payload: dict[str, Any]) -> None:
        for again in (True, False):
            try:
                self._call("PutLogEvents", payload)
                return
            except ClientError as error:
                if error.code == "DataAlreadyAcceptedException":
                    return
                if error.code == "ResourceNotFoundException" and again:
                    self._create()  # somebody deleted the group or the stream
                    continue
                self._journal.note("logs.put.failed", batch=self._number, error=str(error))
                if error.code in _DENIED or error.code == "ResourceNotFoundException":
                    self._close(
                        f"The job's log is not kept: {error.message} Allow logs:CreateLogGroup, "
                        "logs:CreateLogStream and logs:PutLogEvents on log group "
                        f"{self._group} to the job's role."
                    )
                else:
                    self._on_trouble(f"{len(payload['logEvents'])} log lines were refused: {error.message}")
                return

    def _close(self, reason: str) -> None:
        self._closed = True
        self._on_trouble(reason)


class Batch:
    """Log events that one PutLogEvents may carry: 1 MiB, 10,000 events, 24 hours."""

    def __init__(self) -> None:
        self._events: list[dict[str, Any]] = []
        self._bytes = 0

    def add(self, stamp: int, text: str, size: int) -> bool:
        """Append an event of `size` UTF-8 bytes; False, and nothing appended, when the batch is full."""
        events = self._events
        if events and (
            self._bytes + size + _OVERHEAD > _BATCH_BYTES
            or len(events) >= _BATCH_EVENTS
            or stamp - events[0]["timestamp"] > _BATCH_SPAN
        ):
            return False
        events.append({"timestamp": stamp, "message": text})
        self._bytes += size + _OVERHEAD
        return True

    def take(self) -> list[dict[str, Any]]:
        """The events, which the batch forgets."""
        events, self._events, self._bytes = self._events, [], 0
        return events
