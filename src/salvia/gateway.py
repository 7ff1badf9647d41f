"""The gateway process: HTTP in, `control.chain`, HTTP out."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from functools import partial
from typing import Any
from urllib.request import getproxies_environment

import uvicorn

from salvia import protocol
from salvia.app import authority, close, compose, until_signalled
from salvia.control import chain, emptying, guests, instances, timekeeping
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.core.http import FileBody, Headers, HttpRequest, HttpResponse
from salvia.protocol.proxy.connection import HAND
from salvia.protocol.proxy.door import Proxy
from salvia.protocol.proxy.files import Hand
from salvia.protocol.proxy.outside import Outside
from salvia.protocol.proxy.splitter import Splitter
from salvia.serving import door, prometheus, relay, sites
from salvia.serving.backlog import Backlog
from salvia.serving.fast import FastConnection
from salvia.serving.traffic import Traffic
from salvia.settings import Settings
from salvia.studio import door as studio

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_DRAIN = 1 << 20  # how much of an unread body is read before the answer, to keep the connection
_DRAIN_SECONDS = 2.0
_SWITCH = 0.0005  # seconds that a thread (lines of data capture, sums of metrics) holds requests up; Python's are 5 ms
_HERE = frozenset(("127.0.0.1", "::1"))


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
            response = await self._answer(request, proxied="host" in scope["state"])
            if not await body.spent(request):
                response.headers.append(("connection", "close"))
            await _send(response, request.method, receive, send, scope["extensions"][HAND]["of"])
        except ClientGone:
            return

    async def _answer(self, request: HttpRequest, *, proxied: bool) -> HttpResponse:
        path = request.path
        # What came through the proxy is meant for AWS, which has no such hosts and no such paths.
        if not proxied and self._world.settings.is_studio(request.host):
            return await studio.answer(self._world, request)
        site = None if proxied else sites.label(request.host, self._world.settings.studio_domain)
        if site is not None:
            return await relay.answer(self._world, site, request)
        if path.startswith("/_") and not proxied and protocol.bucket_of(request.host, chain.DOMAINS) is None:
            if path == "/_health":
                return HttpResponse(200, [("content-type", "application/json")], b'{"status":"ok"}')
            if path.startswith("/_instance/"):
                try:
                    request.body = await chain.whole_body(request, instances.MAX_REPORT)
                except ServiceError as error:
                    return HttpResponse(error.status, [("content-type", "text/plain")], f"{error.message}\n".encode())
                return await instances.answer(request, self._world)
            if path == "/_metrics":
                return await self._metrics(request)
            if path == "/_reset" and request.method == "POST" and self._world.settings.auth == "off":
                await emptying.reset(self._world)
                return HttpResponse(204, [])
            page = self._world.providers.pages.get(path)
            if page is not None and request.method in ("GET", "HEAD"):
                return await page()
            return HttpResponse(404, [("content-type", "text/plain")], b"There is nothing here.\n")
        return await chain.handle(request, self._world)

    async def _metrics(self, request: HttpRequest) -> HttpResponse:
        """For a scraper on this machine: it has no keys to sign with, and names of endpoints are not everybody's."""
        if request.client not in _HERE:
            return HttpResponse(403, [("content-type", "text/plain")], b"Metrics are read from the server's machine.\n")
        text = await self._world.part(Traffic).meters.text()
        return HttpResponse(200, [("content-type", prometheus.CONTENT_TYPE)], text.encode())


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


async def _send(
    response: HttpResponse, method: str, receive: Receive, send: Send, hand: Callable[[], Hand | None]
) -> None:
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
        if isinstance(body, FileBody) and (free := hand()) is not None:
            await _hand_over(body, free, receive)
        else:
            await _stream(body, receive, send)
    await send({"type": "http.response.body", "body": b""})


async def _hand_over(body: FileBody, hand: Hand, receive: Receive) -> None:
    """Have the kernel send a body. Raises ClientGone."""
    try:
        await hand.send(body.parts)
    except ConnectionError:
        while (await receive())["type"] != "http.disconnect":  # the server has yet to see it
            continue
        raise ClientGone from None


async def _stream(body: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
    """Send a body as long as somebody takes it. Raises ClientGone: the server would swallow the rest in silence."""
    news = asyncio.ensure_future(receive())
    try:
        async for chunk in body:
            if news.done() and news.result()["type"] == "http.disconnect":
                raise ClientGone
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        news.cancel()


class _Server(uvicorn.Server):
    """Signals are ours: uvicorn would raise them once more after its end, before the database is closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: Settings, listener: socket.socket, index: int) -> None:
    """Serve on an inherited listening socket until SIGTERM; the `index` tells it from others of its node."""
    sys.setswitchinterval(_SWITCH)
    world = compose(settings)
    journal = world.journal
    assert journal is not None
    stop = until_signalled()
    own = frozenset((name, settings.port) for name in (*settings.names, settings.host))
    ours = authority(settings)
    proxy = Proxy(ours, Outside(getproxies_environment(), own, settings.private_targets), partial(guests.admit, world))
    config = uvicorn.Config(
        Gateway(world),
        http=partial(FastConnection, world, proxy),  # type: ignore[arg-type]  # it is called, whatever it is
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
    close_door = await door.opened(world, index)
    server = _Server(config)
    journaling = asyncio.create_task(journal.run())
    world.part(Backlog).start()
    splitter = None
    if settings.tls:
        make = partial(FastConnection, world, proxy, config=config, server_state=server.server_state, app_state={})
        splitter = Splitter(listener, ours.server_context(*settings.names, domain=settings.studio_domain), make)
    serving = asyncio.create_task(server.serve(sockets=[] if splitter else [listener]))
    await asyncio.wait({serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    world.closing.set()
    if splitter:
        splitter.close()
    server.should_exit = True
    await asyncio.gather(serving, *([close_door()] if close_door is not None else []))
    following.cancel()
    journaling.cancel()
    await journal.close()
    await close(world)
