"""Ways out: a connection to a host that is not ours, through an upstream proxy where one is set."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import socket
import urllib.parse
from collections.abc import Mapping
from typing import NamedTuple
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

_CONNECT_SECONDS = 20.0
_LONGEST_ANSWER = 64 * 1024
_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = tuple[int, tuple[object, ...]]  # family, and what the family's sockets connect to


class _Upstream(NamedTuple):
    """A proxy behind us; `user` is name:password, or empty."""

    host: str
    port: int
    user: str


class Refused(Exception):
    """The proxy's answer to a CONNECT that leads nowhere: a status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Outside:
    """Opens connections. `proxies` are as `urllib.request.getproxies_environment()` gives them.

    A proxy at one of `own` (host, port) is ourselves: whoever starts a server in the shell of `salvia env` sets it.
    `private` are networks that anybody may reach.
    """

    def __init__(self, proxies: Mapping[str, str], own: frozenset[tuple[str, int]], private: str = "") -> None:
        self._proxies = dict(proxies)
        self._private = networks(private)
        self._own = own
        url = proxies.get("https") or proxies.get("all") or ""
        self._upstream = _upstream(url)
        ourselves = self._upstream is not None and (self._upstream.host, self._upstream.port) in own
        self._wanted = bool(url) and not ourselves

    async def open(self, host: str, port: int, *, anywhere: bool) -> tuple[socket.socket, bytes]:
        """A connected socket, and what the other side has said already. Raises Refused.

        Unless `anywhere`, only public addresses are connected to, and never this machine. What is looked up is
        what is connected to: a name that has another address a moment later gains nothing.
        """
        if not anywhere and (host, port) in self._own:
            raise Refused(403, "Salvia itself is no place that a job may reach through its proxy.")
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                if self._wanted and not proxy_bypass_environment(host, self._proxies):
                    return await self._through_upstream(host, port, anywhere=anywhere)
                return await self._direct(host, port, anywhere=anywhere), b""
        except UnicodeError:  # a label that is empty or too long
            raise Refused(400, f"{host} is no host name.") from None
        except TimeoutError:
            raise Refused(504, f"{host}:{port} did not answer within {_CONNECT_SECONDS:.0f} s.") from None
        except OSError as error:
            raise Refused(502, f"{host}:{port} cannot be reached: {error.strerror or error}.") from None

    async def _direct(self, host: str, port: int, *, anywhere: bool) -> socket.socket:
        addresses = await _look_up(host, port)
        if not anywhere:
            self._must_be_public(host, addresses)
        failure: OSError | None = None
        for address in addresses:
            try:
                connected = await _connect(address)
            except OSError as error:
                failure = error
                continue
            peer = connected.getpeername()[0]
            if not anywhere and peer == connected.getsockname()[0] and not self._allowed(peer):
                connected.close()
                raise Refused(403, f"{host} is this machine, which jobs may not reach through the proxy.")
            return connected
        raise failure or OSError(f"{host} has no address")

    async def _through_upstream(self, host: str, port: int, *, anywhere: bool) -> tuple[socket.socket, bytes]:
        upstream = self._upstream
        if upstream is None:
            raise Refused(502, "The server's HTTPS_PROXY is not of the form http://host:port, which Salvia can use.")
        if not anywhere:
            # Behind such a proxy, names from outside often do not resolve: it knows what to let through.
            with contextlib.suppress(OSError):
                self._must_be_public(host, await _look_up(host, port))
        connected = await self._direct(upstream.host, upstream.port, anywhere=True)
        try:
            return connected, await _ask(connected, f"[{host}]" if ":" in host else host, port, upstream.user)
        except BaseException:
            connected.close()
            raise

    def _must_be_public(self, host: str, addresses: list[Address]) -> None:
        for _, where in addresses:
            if not is_public(str(where[0])) and not self._allowed(str(where[0])):
                raise Refused(403, f"{host} has a private address: jobs reach public ones alone through the proxy.")

    def _allowed(self, address: str) -> bool:
        ip = ipaddress.ip_address(address.partition("%")[0])
        return any(ip in network for network in self._private) and not ip.is_link_local


def _upstream(url: str) -> _Upstream | None:
    """The proxy at `url`; None where that is no such URL as can be used."""
    parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:  # its port is no number
        return None
    if parts.scheme != "http" or not host:
        return None
    user = [urllib.parse.unquote(word) for word in (parts.username or "", parts.password or "")]
    return _Upstream(host, port or 80, ":".join(user) if parts.username else "")


async def _ask(upstream: socket.socket, host: str, port: int, user: str) -> bytes:
    """CONNECT through a proxy; returns what came after its answer."""
    loop = asyncio.get_running_loop()
    lines = [f"CONNECT {host}:{port} HTTP/1.1", f"Host: {host}:{port}"]
    if user:
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(user.encode()).decode()}")
    await loop.sock_sendall(upstream, "\r\n".join([*lines, "", ""]).encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = await loop.sock_recv(upstream, 8192)
        if not data or len(answer) > _LONGEST_ANSWER:
            raise Refused(502, "The upstream proxy broke off.")
        answer += data
    head, _, rest = answer.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0].split(b" ")[1:2]
    if status != [b"200"]:
        said = b" ".join(status).decode("latin-1")[:3]
        raise Refused(502, f"The upstream proxy answered {said} for {host}:{port}.")
    return rest


async def _look_up(host: str, port: int) -> list[Address]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, where) for family, _, _, _, where in found]


async def _connect(address: Address) -> socket.socket:
    family, where = address
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, where)
    except BaseException:
        made.close()
        raise
    return made


def networks(text: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """The networks of `10.0.0.0/8,127.0.0.1`. Raises ValueError."""
    return [ipaddress.ip_network(one.strip()) for one in text.split(",") if one.strip()]


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet, in whatever IPv6 clothes an IPv4 address comes."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast
