"""What the control plane knows of an instance: its whole state, sent again until it is acknowledged."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from ..core.client import ClientError
from .journal import Journal

_BACKOFF = (0.1, 5.0)  # first and longest pause after a failed report, in seconds
_DISOWNED = 60.0  # seconds of refusals after which the instance takes itself for forgotten


class Reporter:
    """Sends the state at every change and each `heartbeat` seconds, on a thread of its own.

    `post(state)` makes one try and returns the reply. `on_stop()` is called when a reply asks for it,
    `on_gone()` when the gateway wants nothing of this instance any more: at once for 410, after a minute of
    401, 403 or 404. `measure()` tells how busy the instance is, once a heartbeat.
    """

    def __init__(
        self,
        post: Callable[[dict[str, Any]], dict[str, Any]],
        on_stop: Callable[[], None],
        on_gone: Callable[[], None],
        journal: Journal,
        heartbeat: float,
        measure: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self._heartbeat, self._measure = heartbeat, measure
        self._post, self._on_stop, self._on_gone, self._journal = post, on_stop, on_gone, journal
        self._changed = threading.Condition()
        self._version = 0
        self._acknowledged = -1
        self._ended = False
        self._state: dict[str, Any] = {
            "phase": "Starting",
            "message": "",
            "times": {},
            "metrics": [],
            "exit": None,
        }
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)

    def start(self) -> None:
        """Report from now on."""
        self._thread.start()

    def enter(self, phase: str, **changes: Any) -> None:
        """The instance is in `phase` from this moment on."""
        with self._changed:
            self._state = {
                **self._state,
                **changes,
                "phase": phase,
                "times": {**self._state["times"], phase: time.time()},
            }
            self._touch()

    def update(self, **changes: Any) -> None:
        """Members of the state changed."""
        with self._changed:
            self._state = {**self._state, **changes}
            self._touch()

    def note(self, **changes: Any) -> None:
        """Members of the state changed that can wait for the next heartbeat."""
        with self._changed:
            self._state = {**self._state, **changes}

    def finish(self) -> None:
        """Return when the state as it now is has been acknowledged, or nobody wants it any more."""
        with self._changed:
            while not self._ended and self._acknowledged < self._version:
                self._changed.wait()
            self._ended = True
            self._changed.notify_all()

    def _touch(self) -> None:
        self._version += 1
        self._changed.notify_all()

    def _run(self) -> None:
        pause = _BACKOFF[0]
        refused_since: float | None = None
        while True:
            with self._changed:
                beats = self._acknowledged >= self._version and not self._changed.wait(self._heartbeat)
                if self._ended:
                    return
                version, state = self._version, self._state
            if beats:
                state = {**state, "utilization": self._measure()}
            try:
                reply = self._post(state)
            except Exception as error:
                now = time.monotonic()
                if not (isinstance(error, ClientError) and error.status in (401, 403, 404, 410)):
                    refused_since = None
                elif refused_since is None:
                    refused_since = now
                refused = refused_since is not None and (_status(error) == 410 or now - refused_since > _DISOWNED)
                if refused or _folder_is_gone():
                    self._journal.note("disowned", error=str(error))
                    with self._changed:
                        self._ended = True
                        self._changed.notify_all()
                    self._on_gone()
                    return
                if pause == _BACKOFF[0]:
                    self._journal.note("report.failed", phase=state["phase"], error=str(error))
                time.sleep(pause)
                pause = min(pause * 2, _BACKOFF[1])
                continue
            pause, refused_since = _BACKOFF[0], None
            with self._changed:
                self._acknowledged = version
                self._changed.notify_all()
            if reply.get("stop"):
                self._on_stop()


def _folder_is_gone() -> bool:
    """Whether somebody deleted the instance's folder, where the agent runs: nobody can adopt it any more."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _status(error: Exception) -> int:
    return error.status if isinstance(error, ClientError) else 0
