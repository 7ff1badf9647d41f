"""A model in a process of its own: as many as there are workers, for models that hold up a process's other threads.

A thread of the server hands a worker its requests and waits for it, so that everything around is as with a model in
the thread itself. An answer in pieces is pulled piece by piece. A worker that dies fails the request that it had, with
a sentence, and is started again.

    server: requests            worker: responses, a body in pieces as None
    server: True for a piece    worker: the piece, None at the end, or the Response of what went wrong
    server: False for no more
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from .handler import Handler, Loader
from .message import Request, Response
from .predictor import failure

_LOST = (EOFError, OSError)


class WorkerError(Exception):
    """A worker that did not start, or died."""


class Worker:
    """The server's end: a handler like any other."""

    def __init__(self, load: Loader, directory: Path, threads: int) -> None:
        self._command = [sys.executable, "-m", __name__, _reference(load), str(directory)]
        self._environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self._start()

    def answer(self, requests: Sequence[Request]) -> Sequence[Response]:
        """As the worker answers."""
        try:
            self._pipe.send(requests)
            responses: list[Response] = self._pipe.recv()
        except _LOST as problem:
            raise self._died() from problem
        return [self._whole(response) for response in responses]

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [*self._command, str(number)], pass_fds=(number,), env=self._environment, stdin=subprocess.DEVNULL
            )
        self._pipe = Connection(ours.detach())
        try:
            ready = self._pipe.recv()
        except _LOST as problem:
            raise WorkerError(f"the worker's process {self._end()} before it was ready.") from problem
        if not isinstance(ready, bool):
            said, trace = ready
            problem = WorkerError(said)
            problem.add_note(trace)
            raise problem
        self.batches: bool = ready

    def _whole(self, response: Response) -> Response:
        if response.body is None:
            response.body = self._pieces()
        return response

    def _pieces(self) -> Iterator[bytes]:
        over = False
        try:
            while True:
                self._pipe.send(True)
                piece = self._pipe.recv()
                over = not isinstance(piece, bytes)
                if isinstance(piece, Response):
                    raise WorkerError(bytes(piece.body).decode())  # type: ignore[arg-type]
                if over:
                    return
                yield piece
        except _LOST as problem:
            over = True
            raise self._died() from problem
        finally:
            if not over:
                self._pipe.send(False)

    def _died(self) -> WorkerError:
        """What became of the process; another one is started, or the server ends for want of one."""
        self._pipe.close()
        ended = self._end()
        try:
            self._start()
        except WorkerError as problem:
            print(f"ERROR: a worker {ended}, and no other starts: {problem}", file=sys.stderr, flush=True)
            os._exit(1)
        return WorkerError(f"The model's process {ended} while it worked on this request; another one was started.")

    def _end(self) -> str:
        code = self._process.wait()
        if code >= 0:
            return f"ended with exit code {code}"
        name = signal.Signals(-code).name
        return f"was killed by {name}" + (" (out of memory, perhaps)" if -code == signal.SIGKILL else "")


def _reference(load: Loader) -> str:
    """MODULE:NAME of a function or class, also where its module is the program that runs."""
    spec = sys.modules["__main__"].__spec__ if load.__module__ == "__main__" else None
    return f"{spec.name if spec else load.__module__}:{load.__name__}"


def _run(handler: Handler, pipe: Connection) -> None:
    while True:
        requests = pipe.recv()
        try:
            responses = list(handler.answer(requests))
        except Exception as problem:
            responses = [failure(problem)] * len(requests)
        bodies = [response.body for response in responses]
        for response in responses:
            response.body = response.body if isinstance(response.body, bytes) else None  # type: ignore[assignment]
        pipe.send(responses)
        for body in bodies:
            if not isinstance(body, bytes):
                _pass_on(iter(body), pipe)


def _pass_on(pieces: Iterator[bytes], pipe: Connection) -> None:
    try:
        while pipe.recv():
            piece = next(pieces, None)
            pipe.send(piece)
            if piece is None:
                return
    except _LOST:
        raise
    except Exception as problem:
        pipe.send(failure(problem))
    finally:
        close: Any = getattr(pieces, "close", None)
        if close is not None:
            close()


def _main(reference: str, directory: str, number: str) -> None:
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, signal.SIG_IGN)  # the server decides when its workers are done
    pipe = Connection(int(number))
    module, _, name = reference.partition(":")
    try:
        handler: Handler = getattr(import_module(module), name)(Path(directory))
    except Exception as problem:
        # The server shows it, with the other lines of its end: ours might come after them.
        with contextlib.suppress(*_LOST):
            pipe.send((str(problem), traceback.format_exc()))
        return
    with contextlib.suppress(*_LOST):  # the server has ended
        pipe.send(handler.batches)
        _run(handler, pipe)


if __name__ == "__main__":
    _main(*sys.argv[1:])
