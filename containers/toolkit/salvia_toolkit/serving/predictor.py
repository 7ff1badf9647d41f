"""Threads that run models, and the way of a request there and back.

Requests that arrive in one turn of the loop are handed over together, and whatever has arrived meanwhile is added
when a thread is free: a handler that batches predicts all of it in one call. Nothing is waited for, so a request
that comes alone is not slower.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .exchange import Exchange
from .handler import Handler
from .message import TEXT, Refused, Request, Response

Job = tuple[Request, Exchange]
_LARGEST_BATCH = 256
_PATIENCE = 60.0  # seconds that a client may not read its answer
_LONGEST = 4096  # characters of an exception in an answer


class Predictor:
    """One thread for each maker of a handler; a maker runs in its thread, so that a model lives where it was made.

    The threads end with the program: when it ends, everybody has their answer. `heed` is whether a request is
    dropped whose client has gone before its turn came.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, makers: Sequence[Callable[[], Handler]], *, heed: bool = True
    ) -> None:
        self._loop = loop
        self._heed = heed
        self._arrived: list[Job] = []
        self._queue: queue.SimpleQueue[list[Job]] = queue.SimpleQueue()
        self._batches, self._alone = False, len(makers) == 1
        self.loaded = asyncio.gather(*(self._start(maker) for maker in makers))

    @property
    def abreast(self) -> int:
        """How many requests a connection may have under way: one thread that batches takes them in their order."""
        return _LARGEST_BATCH if self._batches and self._alone else 1

    def submit(self, request: Request, exchange: Exchange) -> None:
        """Have a request answered."""
        self._arrived.append((request, exchange))
        if len(self._arrived) == 1:
            self._loop.call_soon(self._pass_on)

    def _pass_on(self) -> None:
        arrived, self._arrived = self._arrived, []
        if self._batches:
            self._queue.put(arrived)
        else:
            for job in arrived:
                self._queue.put([job])

    def _start(self, maker: Callable[[], Handler]) -> asyncio.Future[None]:
        ready: asyncio.Future[None] = self._loop.create_future()
        threading.Thread(target=self._run, args=(maker, ready), name="predictor", daemon=True).start()
        return ready

    def _run(self, maker: Callable[[], Handler], ready: asyncio.Future[None]) -> None:
        try:
            handler = maker()
        except BaseException as problem:
            fit = isinstance(problem, Exception) and not isinstance(problem, StopIteration)  # for a future
            told = problem if fit else RuntimeError(f"{type(problem).__name__}: {problem}")
            self._loop.call_soon_threadsafe(ready.set_exception, told)
            return
        self._batches = handler.batches
        self._loop.call_soon_threadsafe(ready.set_result, None)
        while True:
            jobs = self._queue.get()
            if handler.batches:
                self._add_more(jobs)
            self._answer(handler, [job for job in jobs if not (self._heed and job[1].gone)])

    def _add_more(self, jobs: list[Job]) -> None:
        while len(jobs) < _LARGEST_BATCH:
            try:
                jobs += self._queue.get_nowait()
            except queue.Empty:
                return

    def _answer(self, handler: Handler, jobs: list[Job]) -> None:
        if not jobs:
            return
        try:
            responses = handler.answer([request for request, _ in jobs])
            if len(responses) != len(jobs):
                raise RuntimeError(f"the model gave {len(responses)} answers to {len(jobs)} requests")
        except BaseException as problem:  # a script's sys.exit() must not end the thread
            responses = [failure(problem)] * len(jobs)
        whole: list[tuple[Exchange, Response]] = []
        pieces: list[tuple[Exchange, Response]] = []
        for (_, exchange), response in zip(jobs, responses, strict=True):
            (whole if isinstance(response.body, bytes) else pieces).append((exchange, response))
        if whole:
            self._loop.call_soon_threadsafe(_send, whole)
        for exchange, response in pieces:
            self._stream(exchange, response)

    def _stream(self, exchange: Exchange, response: Response) -> None:
        """Send pieces as they come. What fails before the first one still has a status of its own."""
        assert not isinstance(response.body, bytes)
        tell = self._loop.call_soon_threadsafe
        source = iter(response.body)
        try:
            first = next(source, b"")
        except BaseException as problem:
            tell(exchange.answer, failure(problem))
            return
        tell(exchange.begin, response)
        try:
            for piece in _from(first, source):
                tell(exchange.piece, piece)
                if not exchange.wait_writable(_PATIENCE):
                    tell(exchange.abort)
                    return
            tell(exchange.end)
        except BaseException:
            traceback.print_exc()
            tell(exchange.abort)
        finally:
            close: Any = getattr(source, "close", None)
            if close is not None:
                close()


def failure(problem: BaseException) -> Response:
    """The answer to a request that raised; what is not a Refused is shown in the log."""
    if isinstance(problem, Refused):
        return problem.response()
    traceback.print_exception(problem)
    text = f"{type(problem).__name__}: {problem}"
    return Response(text[:_LONGEST].encode(), TEXT, 500)


def _send(answers: list[tuple[Exchange, Response]]) -> None:
    for exchange, response in answers:
        exchange.answer(response)


def _from(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest
