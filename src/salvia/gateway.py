"""The gateway process: HTTP in, `control.chain`, HTTP out."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import uvicorn

from salvia import protocol
from salvia.app import close, compose, until_signalled
from salvia.control import chain, emptying, instances, timekeeping
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest, HttpResponse
from salvia.settings import Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_DRAIN = 1 << 20  # how much of an unread body is read before the answer, to keep the connection
_DRAIN_SECONDS = 2.0


class Gateway:
    """The ASGI application. Raw: no framework stands between a request and the chain."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = _Body(receive)
        request = HttpRequest(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
            stream=body,
            scheme=scope["scheme"],
            client=(scope.get("client") or ("", 0))[0],
        )
        try:
            response = await self._answer(request)
            if not await body.spent(request):
                response.headers.append(("connection", "close"))
            await _send(response, request.method, send)
        except ClientGone:
            return

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        path = request.path
        if path.startswith("/_") and protocol.bucket_of(request.host, chain.DOMAINS) is None:
            if path == "/_health":
                return HttpResponse(200, [("content-type", "application/json")], b'{"status":"ok"}')
            if path.startswith("/_instance/"):
                try:
                    request.body = await chain.whole_body(request, instances.MAX_REPORT)
                except ServiceError as error:
                    return HttpResponse(error.status, [("content-type", "text/plain")], f"{error.message}\n".encode())
                return await instances.answer(request, self._world)
            if path == "/_reset" and request.method == "POST" and self._world.settings.auth == "off":
                await emptying.reset(self._world)
                return HttpResponse(204, [])
            return HttpResponse(404, [("content-type", "text/plain")], b"There is nothing here.\n")
        return await chain.handle(request, self._world)


class ClientGone(Exception):
    """The client hung up before its request, or our answer, was whole."""


class _Body:
    """The request's body as it arrives."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._asked = False
        self._ended = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        self._asked = True
        while not self._ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._ended = True
                raise ClientGone
            self._ended = not message.get("more_body", False)
            if message.get("body"):
                chunk: bytes = message["body"]
                return chunk
        raise StopAsyncIteration

    async def spent(self, request: HttpRequest) -> bool:
        """Read what is left of a small body, so that the connection can serve another request; False: it cannot.

        A client that waits for `100 Continue` and gets an answer instead never sends its body: nobody could tell
        where its next request begins.
        """
        if self._ended:
            return True
        length = request.headers.get("content-length") or ""
        if ("expect" in request.headers and not self._asked) or (length.isdigit() and int(length) > _DRAIN):
            return False
        read = 0
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                async for chunk in self:
                    read += len(chunk)
                    if read > _DRAIN:
                        return False
        except TimeoutError:
            return False
        return True


async def _send(response: HttpResponse, method: str, send: Send) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    body = response.body
    whole = isinstance(body, bytes)
    if whole and response.status not in (204, 304) and not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", str(len(body)).encode()))  # type: ignore[arg-type]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if isinstance(body, bytes):
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})
        return
    if method != "HEAD":
        async for chunk in body:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


class _Server(uvicorn.Server):
    """Signals are ours: uvicorn would raise them once more after its end, before the database is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: Settings, listener: int) -> None:
    """Serve on an inherited listening socket until SIGTERM."""
    world = compose(settings)
    stop = until_signalled()
    config = uvicorn.Config(
        Gateway(world),
        http="httptools",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # nobody stands between: a client must not name its own address
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=64 * 1024,
    )
    following = asyncio.create_task(timekeeping.follow(world))
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[socket.socket(fileno=listener)]))
    await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    world.closing.set()
    server.should_exit = True
    await serving
    following.cancel()
    close(world)
