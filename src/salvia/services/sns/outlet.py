"""Posting to an endpoint of somebody's choosing: public addresses, and those private ones that a setting names.

Never to this server itself, nor to link-local addresses, where machines keep their credentials.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

from salvia.protocol.proxy.outside import Outside, is_public, networks
from salvia.protocol.proxy.outside import Refused as NoWay
from salvia.settings import Settings

_SECONDS = 15.0  # developer guide: an endpoint has 15 seconds to answer
_LONGEST_HEAD = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class Refused(Exception):
    """An address to which nothing is posted. It says why."""


class Unreachable(Exception):
    """Nobody took the message there. It says why."""


def check(settings: Settings, url: str) -> None:
    """Raise Refused for a URL that names, as a number, an address to which nothing is posted."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            _allow(settings, host, "127.0.0.1")
        return
    _allow(settings, host, str(address))


def _allow(settings: Settings, host: str, address: str) -> bool:
    """Whether an address is private and may be posted to. Raises Refused where it may not be."""
    if is_public(address):
        return False
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    ip = mapped or ip
    known = any(ip in network for network in networks(settings.private_targets))
    if not known or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        raise Refused(
            f"{host} has the private address {address}, to which Salvia delivers nothing unless it is started with "
            "--private-targets that names its network"
        )
    return True


async def post(settings: Settings, url: str, headers: Mapping[str, str], body: bytes) -> int:
    """The status with which an endpoint answers. Raises Refused, Unreachable."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await _post(settings, url, headers, body)
    except TimeoutError:
        raise Unreachable(f"{url} did not answer within {_SECONDS:.0f} s") from None
    except NoWay as error:
        raise (Refused if error.status == 403 else Unreachable)(str(error)) from None
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        raise Unreachable(f"{url}: {error or type(error).__name__}") from None


async def _post(settings: Settings, url: str, headers: Mapping[str, str], body: bytes) -> int:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    connected = await _open(settings, host, port)
    tls = {"ssl": _context(str(settings.ca_bundle)), "server_hostname": host} if parts.scheme == "https" else {}
    try:
        reader, writer = await asyncio.open_connection(sock=connected, limit=_LONGEST_HEAD, **tls)  # type: ignore[arg-type]
    except BaseException:
        connected.close()
        raise
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields = {"Host": parts.netloc.rpartition("@")[2], "Content-Length": str(len(body)), "Connection": "close"}
        lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in {**fields, **headers}.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        await writer.drain()
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            word = head.split(b" ", 2)[1:2]
            if not head.startswith(b"HTTP/1.") or not word or not word[0][:3].isdigit():
                raise ValueError("what answers there does not speak HTTP")
            status = int(word[0][:3])
            if status >= 200:
                return status
    finally:
        writer.close()


async def _open(settings: Settings, host: str, port: int) -> socket.socket:
    """A connection to an address that was looked at: what a name leads to a moment later counts for nothing."""
    own = frozenset((name, settings.port) for name in (*settings.names, settings.host))
    private = await _private(settings, host, port)
    if private is None:
        connected, early = await Outside(getproxies_environment(), own).open(host, port, anywhere=False)
    else:
        connected, early = await Outside({}, own).open(private, port, anywhere=True)
        here = connected.getpeername()[0]
        ours = port == settings.port and (here == connected.getsockname()[0] or ipaddress.ip_address(here).is_loopback)
        if ours or (private, port) in own:
            connected.close()
            raise Refused("Salvia does not deliver to itself")
    if early:
        connected.close()
        raise ValueError("what answers there does not speak HTTP")
    return connected


async def _private(settings: Settings, host: str, port: int) -> str | None:
    """The private address of a host, where it may be posted to; None for a public host, or one only a proxy knows."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return None
    addresses = [str(where[0]) for _, _, _, _, where in found]
    private = [address for address in addresses if _allow(settings, host, address)]
    return private[0] if private else None


@cache
def _context(bundle: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=bundle)
