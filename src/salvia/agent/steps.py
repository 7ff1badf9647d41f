"""The steps that a program goes through before it serves, each with a log stream of its own.

The program announces a step within its output, in a mark that holds a word which only it and the agent know: what a
script prints is never taken for one. Whatever a step leaves running writes on, to the stream of the step at hand.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from .logs import LogShipper

_LONGEST = 256  # bytes of a mark


class Steps:
    """A `logs.Log` of many streams: `stream(step)` makes that of one, `on_step(step)` is called as it begins."""

    def __init__(self, word: str, stream: Callable[[str], LogShipper], on_step: Callable[[str], None]) -> None:
        self._begin = b"\x1e" + word.encode() + b" "
        self._stream, self._on_step = stream, on_step
        self._log: LogShipper | None = None
        self._ending: list[threading.Thread] = []
        self._early = self._half = b""

    def start(self) -> None:
        """Each stream begins with its step."""

    def write(self, data: bytes) -> None:
        """Append output of the program; for one thread."""
        data, self._half = self._half + data, b""
        while (at := data.find(self._begin)) >= 0:
            self._put(data[:at])
            step, ended, rest = data[at + len(self._begin) :].partition(b"\x1e")
            if not ended and len(step) < _LONGEST:
                self._half = data[at:]
                return
            data = rest
            self._enter(step.decode("utf-8", "replace"))
        half = data.rfind(b"\x1e")
        if half >= 0 and self._begin.startswith(data[half:]):  # more of a mark may follow
            data, self._half = data[:half], data[half:]
        self._put(data)

    def say(self, line: str) -> None:
        """Append a line of the agent's own."""
        self._put(f"\n{line}\n".encode(errors="backslashreplace"))

    def finish(self) -> None:
        """Return when everything has been accepted, or refused for good."""
        self._put(self._half)
        self._end()
        for ending in self._ending:
            ending.join()

    def tail(self) -> list[str]:
        """The last lines of the last step."""
        return self._log.tail() if self._log is not None else []

    def _enter(self, step: str) -> None:
        self._end()
        self._log = log = self._stream(step)
        log.start()
        self._put(self._early)
        self._early = b""
        self._on_step(step)

    def _end(self) -> None:
        """A log that cannot be written yet does not hold up the next step."""
        if self._log is not None:
            thread = threading.Thread(target=self._log.finish, name="logs", daemon=True)
            thread.start()
            self._ending.append(thread)

    def _put(self, data: bytes) -> None:
        if self._log is None:
            self._early += data
        elif data:
            self._log.write(data)
