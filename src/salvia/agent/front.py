"""The socket at which a multi-model endpoint's instance is reached: what stands between its gateways and its container.

    POST /invocations, X-Amzn-SageMaker-Target-Model: TARGET ──▶ the model is loaded ──▶ POST /models/NAME/invoke

Every connection of a gateway has one of its own to the container. What the container answers is passed on as it comes;
nothing else is said but why a request cannot have its model. Two headers tell the gateway what it counts or translates
(`serving/loading.py`); a container that sends them deceives its own endpoint's figures.
"""

# pathlib takes 10 ms to import, for which a program would wait.

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Coroutine
from http import HTTPStatus
from typing import cast

from .bridge import listen
from .framing import Framing
from .health import connect
from .model_files import FOLDER, RefusedError
from .multi_model import Model, MultiModel

_INVOKED = b"POST /invocations "
_TARGET = re.compile(rb"\r\nX-Amzn-SageMaker-Target-Model:[ ]*([^\r\n]+)\r\n", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\nContent-Length:[ ]*([0-9]+)\r\n", re.IGNORECASE)
ERROR, FIGURES = "X-Salvia-Error", "X-Salvia-Figures"


class Front:
    """Listens at `path` for a container that listens at `behind`."""

    def __init__(self, path: str, behind: str, models: MultiModel) -> None:
        self.models, self.behind = models, behind
        self._listener = listen(path)

    def start(self) -> None:
        """Answer, on a thread of its own."""
        threading.Thread(target=lambda: asyncio.run(self._serve()), name="front", daemon=True).start()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_unix_server(lambda: _Client(self, loop), sock=self._listener, backlog=1024)
        await server.serve_forever()


class _Client(asyncio.Protocol):
    """One connection of a gateway: one request at a time."""

    def __init__(self, front: Front, loop: asyncio.AbstractEventLoop) -> None:
        self._front, self._loop = front, loop
        self._transport: asyncio.Transport
        self._container: _Container | None = None
        self._received = bytearray()
        self._request: tuple[bytes, str] | None = None  # the one that is being answered, and its target
        self._model: Model | None = None
        self._framing = Framing()
        self._first = b""  # of an answer that may not be passed on
        self._waited: float | None = None  # since when it has, if it has
        self._begun = self._again = self._over = False
        self._task: asyncio.Task[None] | None = None

    # The gateway's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._request is None:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._container is not None:
            self._container.transport.abort()
        self._release()

    def pause_writing(self) -> None:
        if self._container is not None:
            self._container.transport.pause_reading()

    def resume_writing(self) -> None:
        if self._container is not None and not self._container.transport.is_closing():
            self._container.transport.resume_reading()

    def _next(self) -> None:
        end = self._received.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head = bytes(self._received[:end])
        length = _LENGTH.search(head)
        whole = end + (int(length[1]) if length else 0)
        if len(self._received) < whole:
            return
        request = bytes(self._received[:whole])
        del self._received[:whole]
        target = _TARGET.search(head) if head.startswith(_INVOKED) else None
        self._request = request, target[1].decode("latin-1") if target else ""
        self._framing, self._first, self._waited = Framing(), b"", None
        self._begun = self._again = self._over = False
        self._ask()

    def _ask(self) -> None:
        assert self._request is not None
        request, target = self._request
        if target:
            self._model = self._front.models.ready(target)
            if self._model is None:
                self._do(self._load(target))
                return
            request = b"POST /%b/%b/invoke %b" % (
                FOLDER.encode(),
                self._model.name.encode(),
                request[len(_INVOKED) :],
            )
        if self._container is None:
            self._do(self._connect(request))
        else:
            self._container.transport.write(request)

    def _do(self, work: Coroutine[None, None, None]) -> None:
        self._task = self._loop.create_task(work)

    async def _load(self, target: str) -> None:
        self._waited = self._waited or time.monotonic()
        try:
            model = await self._front.models.get(target)
        except Exception as error:
            if not isinstance(error, RefusedError):
                error = RefusedError(500, f"{type(error).__name__}: {error}", "InternalFailure")
            if not self._transport.is_closing():
                self._refuse(error)
            return
        if not self._transport.is_closing():
            self._ask()  # before it is given up, so that it stays
        self._front.models.release(model)

    def _refuse(self, refused: RefusedError) -> None:
        more = f"{ERROR}: {refused.code}\r\n" if refused.code else ""
        status = f"{refused.status} {_phrase(refused.status)}"
        head = f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(refused.message)}\r\n\r\n"
        self.answer(head.encode("latin-1") + refused.message)

    async def _connect(self, request: bytes) -> None:
        try:
            behind = await self._loop.run_in_executor(None, connect, self._front.behind)
            _, container = await self._loop.create_unix_connection(lambda: _Container(self), sock=behind)
        except OSError:
            self._transport.abort()  # as if it had not answered
            return
        if self._transport.is_closing() or container.transport.is_closing():
            container.transport.abort()
            self._transport.abort()
            return
        self._container = container
        container.transport.write(request)

    # The container's side.

    def answer(self, data: bytes) -> None:
        """Pass on what was answered."""
        if self._request is None:  # nobody has asked
            self._transport.abort()
            return
        try:
            self._over = self._framing.feed(data)
        except ValueError:
            self._transport.abort()
            return
        if not self._begun:
            self._first += data
            if not self._framing.status:
                return
            if self._framing.status == HTTPStatus.NOT_FOUND and self._model is not None and not self._again:
                if self._over:
                    self._do(self._doubt(self._model))
                return
            data = self._head()
        self._transport.write(data)
        if self._over:
            self._done()

    def _head(self) -> bytes:
        """The beginning of the answer, with what it has to tell."""
        self._begun = True
        if self._waited is None:
            return self._first
        line, end, rest = self._first.partition(b"\r\n")
        told = f"{FIGURES}: {self._front.models.figures(self._waited)}"
        return line + end + told.encode() + end + rest

    async def _doubt(self, model: Model) -> None:
        """A 404 is the model's own, or says that the container has not got it: then it is loaded, once more."""
        lost = await self._front.models.missing(model)
        if self._transport.is_closing() or self._request is None:
            return
        self._again = True
        if lost:
            if self._container is not None:  # it may be closing; another says whether the next answer is cut short
                self._container.transport.abort()
                self._container = None
            self._release()
            self._framing, self._first, self._over = Framing(), b"", False
            self._ask()
        else:
            self._transport.write(self._head())
            self._done()

    def lost(self, container: _Container) -> None:
        """The container closed the connection: which may be the end of an answer."""
        if container is not self._container:
            return
        self._container = None
        if self._request is None or self._over:
            return
        if not self._framing.ends_with_connection:
            self._transport.abort()
            return
        if not self._begun:
            self._transport.write(self._head())
        self._transport.close()

    def _done(self) -> None:
        self._request = None
        self._release()
        if self._received:
            self._next()

    def _release(self) -> None:
        model, self._model = self._model, None
        if model is not None:
            self._front.models.release(model)


class _Container(asyncio.Protocol):
    """One connection to the container."""

    def __init__(self, client: _Client) -> None:
        self._client = client
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._client.answer(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.lost(self)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
