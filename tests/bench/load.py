"""Many requests at once: signed beforehand, so that the clock sees the server and little of the client."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import uvloop

from salvia.core.sigv4 import Credentials, sign


def signed(url: str, keys: tuple[str, str], target: str, payload: dict[str, object]) -> bytes:
    """A request of a JSON service as it goes over the wire."""
    body = json.dumps(payload).encode()
    headers = {
        "Host": urlsplit(url).netloc,
        "X-Amz-Target": target,
        "Content-Type": "application/x-amz-json-1.1",
        "Content-Length": str(len(body)),
    }
    headers |= sign(
        "POST",
        "/",
        "",
        headers,
        Credentials(keys[0], keys[1], None, None),
        "us-east-1",
        target.partition(".")[0].lower(),
        payload=hashlib.sha256(body).hexdigest(),
        now=time.time(),
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{head}\r\n".encode() + body


def invocation(url: str, keys: tuple[str, str], endpoint: str, body: bytes, target: str = "") -> bytes:
    """An InvokeEndpoint as boto3 sends it; `target` is one of many models."""
    path = f"/endpoints/{endpoint}/invocations"
    signed = {"Host": urlsplit(url).netloc, "Content-Type": "text/csv", "Accept": "text/csv"}
    if target:
        signed["X-Amzn-SageMaker-Target-Model"] = target
    added = sign(
        "POST",
        path,
        "",
        signed,
        Credentials(keys[0], keys[1], None, None),
        "us-east-1",
        "sagemaker",
        payload=hashlib.sha256(body).hexdigest(),
        now=time.time(),
    )
    agent = "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.7 md/pyimpl#CPython"
    unsigned = {
        "User-Agent": f"{agent} m/D,Z,b cfg/retry-mode#standard Botocore/1.44.5",
        "Accept-Encoding": "identity",
        "amz-sdk-invocation-id": "54c1dd49-f0f0-4e42-9a1a-f3dbb1b1e4c7",
        "amz-sdk-request": "attempt=1",
        "Content-Length": str(len(body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in (signed | added | unsigned).items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


class _Connection(asyncio.Protocol):
    """Sends one request after the other, not before it is due: `pace` seconds after the one before was.

    An answer is over when its length has come. One that had to wait for the connection has waited since it was due. A
    server that closes connections is connected to again (moto's does, after each object).
    """

    def __init__(
        self,
        connect: Callable[[_Connection], Awaitable[object]],
        requests: Sequence[bytes],
        done: asyncio.Future[list[float]],
        pace: float,
        first: float,
    ) -> None:
        self._connect, self._requests, self._done = connect, iter(requests), done
        self._request = b""
        self._pace, self._due = pace, time.perf_counter() + first
        self._took: list[float] = []
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        if self._request:
            self._transport.write(self._request)  # type: ignore[attr-defined]
        else:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._buffer = b""
            self._connecting = asyncio.ensure_future(self._again())

    async def _again(self) -> None:
        try:
            await self._connect(self)
        except OSError as error:
            self._done.set_exception(error)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._done.set_exception(AssertionError(self._buffer.decode()))
            return
        self._buffer = b""
        self._took.append(time.perf_counter() - self._sent)
        self._request = b""
        if b"connection: close" in head.lower():  # it would not read another
            self._transport.close()  # type: ignore[attr-defined]
        else:
            self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._done.set_result(self._took)
            self._transport.close()
            return
        early = self._due - time.perf_counter()
        if early > 0:
            asyncio.get_running_loop().call_later(early, self._send, request)
        else:
            self._send(request, early if self._pace else 0.0)

    def _send(self, request: bytes, early: float = 0.0) -> None:
        self._due += self._pace
        self._request = request
        self._sent = time.perf_counter() + early
        self._transport.write(request)  # type: ignore[attr-defined]


async def _run(url: str, requests: Sequence[bytes], connections: int, rate: float) -> tuple[float, list[float]]:
    loop = asyncio.get_running_loop()
    target = urlsplit(url)
    futures = []
    pace = connections / rate if rate else 0.0

    async def connect(connection: _Connection) -> None:
        if target.scheme == "unix":
            await loop.create_unix_connection(lambda: connection, target.path)
        else:
            await loop.create_connection(lambda: connection, target.hostname, target.port)

    began = time.perf_counter()
    for n in range(connections):
        future: asyncio.Future[list[float]] = loop.create_future()
        futures.append(future)
        await connect(_Connection(connect, requests[n::connections], future, pace, pace * n / connections))
    took = [one for part in await asyncio.gather(*futures) for one in part]
    return len(requests) / (time.perf_counter() - began), took


def drive(url: str, requests: Sequence[bytes], connections: int, rate: float = 0.0) -> tuple[float, list[float]]:
    """Requests a second, and how long each took in seconds; `unix:PATH` is a socket.

    As fast as they are answered, or `rate` a second.

    Raises AssertionError for an answer that is no 200.
    """
    return uvloop.run(_run(url, requests, connections, rate))
