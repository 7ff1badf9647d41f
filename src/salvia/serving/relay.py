"""Between a browser and the server of a site: requests as they are, but for what is between two connections alone.

Sources: RFC 9110, section 7.6.1 (hop-by-hop headers); RFC 6455, section 4.1 (the handshake of a WebSocket).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, NamedTuple, cast

from salvia.core.http import Headers, HttpRequest, HttpResponse

from . import sites
from .sites import Way

if TYPE_CHECKING:
    import aiohttp

    from salvia.control.world import World

_log = logging.getLogger("salvia.sites")
_HOP = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
# What the gateway says itself; a client's word for it is not handed on.
_OURS = frozenset(("authorization", "cookie", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
                   "x-real-ip", "x-scheme"))  # fmt: skip
_CONNECT = 5.0  # seconds
_CHUNK = 64 * 1024
_LONGEST_HEAD = 64 * 1024
_UNREACHED = b"The notebook's server does not answer. Its log is in CloudWatch Logs, below /aws/sagemaker.\n"


async def answer(world: World, name: str, request: HttpRequest) -> HttpResponse:
    """What a site answers to a request."""
    way = await sites.admit(world, name, request)
    if isinstance(way, HttpResponse):
        return way
    import aiohttp  # a tenth of a second, which most gateways can do without
    import yarl

    session = aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(way.socket, force_close=True),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )
    bodied = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    try:
        response = await session.request(
            request.method,
            yarl.URL(f"http://{request.host}{_target(request)}", encoded=True),
            headers=_handed_on(request, way),
            data=request.stream if bodied else None,
            allow_redirects=False,
            skip_auto_headers=("user-agent", "accept", "accept-encoding", "content-type"),
        )
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        await session.close()
        return _unreached(name, str(error))
    except BaseException:
        await session.close()
        raise
    headers = _brought_back(world, response)
    if request.method == "HEAD" or response.status in (204, 304):
        response.close()
        await session.close()
        return HttpResponse(response.status, headers)
    return HttpResponse(response.status, headers, _body(session, response))


async def shake(world: World, name: str, request: HttpRequest) -> Shaken | HttpResponse:
    """The handshake of a WebSocket with a site's server; else what is answered instead."""
    way = await sites.admit(world, name, request)
    if isinstance(way, HttpResponse):
        return way
    lines = [f"{request.method} {_target(request)} HTTP/1.1"]
    lines += [f"{key}: {value}" for key, value in _handed_on(request, way)]
    lines += ["connection: Upgrade", "upgrade: websocket", "", ""]
    try:
        async with asyncio.timeout(_CONNECT):
            loop = asyncio.get_running_loop()
            transport, hearing = await loop.create_unix_connection(_Hearing, way.socket)
            try:
                transport.write("\r\n".join(lines).encode("latin-1"))
                said = await hearing.head
            except BaseException:
                transport.abort()
                raise
    except (OSError, TimeoutError):
        return _unreached(name, "no handshake")
    if not said.startswith(b"HTTP/1.1 101 "):
        transport.abort()
        status = said[9:12]
        return HttpResponse(int(status) if status.isdigit() else 502, [], b"")
    return Shaken(transport, said, way.until - world.clock.wall())


class Shaken(NamedTuple):
    """A server that speaks WebSocket by now: what it said so far, and for how many seconds its visitor may stay."""

    transport: asyncio.Transport
    said: bytes
    left: float


class _Hearing(asyncio.Protocol):
    """Keeps what a server says until its head is whole; then nothing more is read."""

    def __init__(self) -> None:
        self.head: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._said = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._said += data
        if b"\r\n\r\n" in self._said or len(self._said) > _LONGEST_HEAD:
            self._transport.pause_reading()
            if not self.head.done():
                self.head.set_result(self._said)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.head.done():
            self.head.set_exception(ConnectionError("it hung up"))


def _target(request: HttpRequest) -> str:
    return f"{request.path}?{request.query}" if request.query else request.path


def _unreached(name: str, why: str) -> HttpResponse:
    _log.info("unreached", extra={"event": "site-unreached", "site": name, "why": why})
    return HttpResponse(502, [("content-type", "text/plain")], _UNREACHED)


def _handed_on(request: HttpRequest, way: Way) -> list[tuple[str, str]]:
    """A request's headers as the server gets them."""
    named = {one.strip().lower() for value in request.headers.all("connection") for one in value.split(",")}
    dropped = _HOP | _OURS | named
    found = [(name, value) for name, value in request.headers.items() if name not in dropped]
    cookies = "; ".join(filter(None, map(sites.kept_cookies, request.headers.all("cookie"))))
    found += [("cookie", cookies)] if cookies else []
    return [
        *found,
        ("authorization", f"token {way.token}"),
        ("x-forwarded-for", request.client),
        ("x-forwarded-proto", request.scheme),
    ]


def _brought_back(world: World, response: aiohttp.ClientResponse) -> list[tuple[str, str]]:
    """An answer's headers as the browser gets them: no page but Studio may frame it, none of another origin read it."""
    found, policies = [], []
    headers = Headers((name, value) for name, value in response.headers.items())
    named = {one.strip().lower() for value in headers.all("connection") for one in value.split(",")}
    for name, value in headers.items():
        if name == "content-security-policy":
            policies.append(value)
        elif name in _HOP or name in named or name == "x-frame-options" or name.startswith("access-control-"):
            continue
        elif name != "set-cookie" or sites.settable(value):
            found.append((name, value))
    return [*found, ("content-security-policy", sites.policy(world, policies)), ("x-content-type-options", "nosniff")]


async def _body(session: aiohttp.ClientSession, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """As it comes."""
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    finally:
        response.close()
        await session.close()
