"""One request to a container whose bodies are too large to be held: both flow through.

Unlike `wire`, which keeps connections for the many small ones, each has a connection of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

CONNECT_SECONDS = 5.0
_BLOCK = 1 << 20


class Unreachable(Exception):
    """Nobody listens there: the container has not seen the request."""


class Broken(Exception):
    """The connection ended before the answer did."""


@dataclass(slots=True)
class Said:
    """An answer whose head is here; `length` is None when the container did not announce it."""

    status: int
    content_type: str
    length: int | None
    body: AsyncIterator[bytes]

    async def start(self, most: int) -> bytes:
        """At most the first `most` bytes of the body."""
        found = b""
        async for block in self.body:
            found += block
            if len(found) >= most:
                break
        return found[:most]


@contextlib.asynccontextmanager
async def ask(
    address: Mapping[str, Any], headers: Mapping[str, str], body: AsyncIterator[bytes], length: int
) -> AsyncIterator[Said]:
    """POST /invocations. Raises Unreachable, Broken; also while the answer's body is read."""
    import aiohttp  # a tenth of a second, which most processes can do without

    connector: aiohttp.BaseConnector
    if "socket" in address:
        connector, url = aiohttp.UnixConnector(address["socket"]), "http://model/invocations"
    else:
        connector, url = aiohttp.TCPConnector(), f"http://{address['host']}:{address['port']}/invocations"
    session = aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("Content-Type", "User-Agent", "Accept", "Accept-Encoding"),
        read_bufsize=_BLOCK,
    )
    async with session:
        try:
            sent = {**headers, "Content-Length": str(length)}
            response = await session.post(url, data=body, headers=sent, allow_redirects=False)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as problem:
            raise Unreachable(str(problem)) from problem
        except (aiohttp.ClientError, ConnectionError) as problem:
            raise Broken(str(problem) or type(problem).__name__) from problem
        async with response:
            announced = response.headers.get("Content-Length")
            yield Said(
                response.status,
                response.headers.get("Content-Type", ""),
                int(announced) if announced is not None else None,
                _blocks(response),
            )


async def _blocks(response: Any) -> AsyncIterator[bytes]:
    import aiohttp

    try:
        async for block in response.content.iter_any():
            yield block
    except (aiohttp.ClientError, ConnectionError) as problem:
        raise Broken(str(problem) or type(problem).__name__) from problem
