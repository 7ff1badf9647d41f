"""Requests to a bucket of another S3: signed, repeated where that helps, on kept connections.

::

    async with bucket.answer("GET", key, headers={"Range": …}) as response: …    a body that flows
    answer = await bucket.ask("PUT", key, body=b"…")                            a body that is small

A request whose body is bytes is repeated after a broken connection and after the statuses that ask for it. What is
then still wrong is raised as a ServiceError that says so; what was refused, as Refused.
"""

from __future__ import annotations

import asyncio
import io
import logging
import random
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from salvia.core.canonical import escaped_path
from salvia.core.errors import ServiceError
from salvia.core.sigv4 import EMPTY_SHA256, UNSIGNED_PAYLOAD, sign

from .location import Location

if TYPE_CHECKING:  # imported on first use: most servers keep their bytes themselves
    import aiohttp

_log = logging.getLogger("salvia.objectstore")
_CONNECTIONS = 64  # further requests wait for one: the other side is not asked for more than it can take
_CONNECT = 10.0
_SILENCE = 60.0  # seconds without a byte
_ATTEMPT = 180.0  # for one request with a small body, and its small answer
_TRIES = 6
_PAUSE = (0.1, 5.0)  # between attempts, doubling
_AGAIN = frozenset((429, 500, 502, 503, 504))
_INLINE = 64 << 10  # longer bodies are hashed on a thread
_OWN_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")  # nothing that nobody asked for
BROKEN = (ConnectionError, TimeoutError)


class Refused(Exception):
    """The other S3 answered with an error. Its sentence is for our log: it may tell of its accounts."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that has been read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def xml(self) -> ElementTree.Element:
        """The body's root, tags without their namespace. Raises Refused when it is an error, or no XML."""
        root = document(self.body)
        if root is None:
            raise Refused(self.status, "InvalidResponse", "The answer is not XML.")
        if root.tag == "Error":  # S3 says so with status 200 where it had to begin answering early
            raise Refused(self.status, root.findtext("Code") or "Unknown", root.findtext("Message") or "")
        return root


class RemoteBucket:
    """One bucket of another S3. It belongs to the event loop that first used it."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self._session: aiohttp.ClientSession | None = None
        self._host = location.endpoint.partition("://")[2]

    async def close(self) -> None:
        """Let go of the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def ask(
        self,
        method: str,
        key: str = "",
        query: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send a request until it is answered. Raises Refused, or ServiceError when nobody answers."""
        digest = EMPTY_SHA256
        if body:
            digest = _digest(body) if len(body) <= _INLINE else await asyncio.to_thread(_digest, body)
        failure = ""
        for attempt in range(_TRIES):
            if attempt:
                await pause(attempt)
            try:
                async with asyncio.timeout(_ATTEMPT):
                    response = await self.send(method, self.path(key), query, headers or {}, body, digest)
                    content = await whole(response)
            except BROKEN as problem:
                failure = str(problem) or type(problem).__name__
                continue
            answer = Answer(response.status, response.headers, content)
            if answer.status < 300:
                return answer
            refused = refusal(answer)
            if answer.status not in _AGAIN and refused.code != "RequestTimeout":
                raise refused
            failure = f"{refused.status} {refused.code}"
        raise self.unreachable(failure)

    @asynccontextmanager
    async def answer(self, method: str, key: str, headers: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        """The head of an answer whose body the caller reads. Raises as `ask` does."""
        failure = ""
        for attempt in range(_TRIES):
            if attempt:
                await pause(attempt)
            try:
                response = await self.send(method, self.path(key), "", headers, b"", EMPTY_SHA256)
                if response.status >= 300:
                    content = await whole(response)
            except BROKEN as problem:
                failure = str(problem) or type(problem).__name__
                continue
            if response.status < 300:
                async with response:
                    yield response
                return
            refused = refusal(Answer(response.status, response.headers, content))
            if refused.status not in _AGAIN:
                raise refused
            failure = f"{refused.status} {refused.code}"
        raise self.unreachable(failure)

    async def send(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] = b"",
        payload: str = UNSIGNED_PAYLOAD,
    ) -> aiohttp.ClientResponse:
        """Sign and send one request, once. `path` and `query` are percent-encoded; `payload` is the body's SHA-256.

        Raises what BROKEN names.
        """
        from yarl import URL

        try:
            keys = self.location.keys()
        except ValueError as error:
            _log.error("no keys", extra={"event": "object-store-keys", "cause": str(error)})
            raise self._failed("has no usable keys; the server's log has the details", 500) from None
        given = {name.lower(): value for name, value in headers.items()}
        unsigned = {name: given.pop(name) for name in ("content-length",) if name in given}
        given["host"] = self._host
        location = self.location
        signed = sign(method, path, query, given, keys, location.region, "s3", payload=payload, now=time.time())
        with _broken():
            return await self._open().request(
                method,
                URL(f"{location.endpoint}{path}{f'?{query}' if query else ''}", encoded=True),
                headers={name: _as_text(value) for name, value in (given | unsigned | signed).items()},
                data=io.BytesIO(body) if body and isinstance(body, bytes) else body or None,  # goes out in blocks
                skip_auto_headers=_OWN_HEADERS,
                allow_redirects=False,
            )

    def path(self, key: str = "") -> str:
        """The path of a key, or of the bucket."""
        return f"/{self.location.bucket}" + (f"/{escaped_path(key)}" if key else "")

    def unreachable(self, cause: str) -> ServiceError:
        """Nobody answers, or only that it cannot."""
        _log.error("no answer", extra={"event": "object-store-unreachable", "at": str(self.location), "cause": cause})
        return self._failed("does not answer at present; try again", 503)

    def refused(self, problem: Refused) -> ServiceError:
        """What nobody expected to be refused. Its details are in the log, where the other side's names belong."""
        _log.error("refused", extra={"event": "object-store-refused", "at": str(self.location), "cause": str(problem)})
        return self._failed(f"refused this ({problem.status} {problem.code}); the server's log has the details", 500)

    def _failed(self, what: str, status: int) -> ServiceError:
        code = "ServiceUnavailable" if status == 503 else "InternalError"
        return ServiceError(code, f"The S3 at {self.location.endpoint}, where this server keeps bytes, {what}.", status)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_SILENCE),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=1 << 20,
            )
        return self._session


async def blocks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The body of an answer as it comes. Raises what BROKEN names."""
    async with response:
        with _broken():
            async for block in response.content.iter_any():
                yield block


async def whole(response: aiohttp.ClientResponse) -> bytes:
    """The whole body of an answer. Raises what BROKEN names."""
    return b"".join([block async for block in blocks(response)])


def _as_text(value: str) -> str:
    """A header whose characters are the bytes of the wire, as the text that is UTF-8 there. Raises InvalidArgument."""
    try:
        return value if value.isascii() else value.encode("latin-1").decode()
    except UnicodeError:
        raise ServiceError("InvalidArgument", "A header that is not UTF-8 cannot be passed on.") from None


@contextmanager
def _broken() -> Iterator[None]:
    import aiohttp

    try:
        yield
    except aiohttp.ClientError as problem:
        raise ConnectionError(str(problem) or type(problem).__name__) from problem


def refusal(answer: Answer) -> Refused:
    """The error that an answer tells of; one without a body, by its status alone."""
    root = document(answer.body)
    if root is None or root.tag != "Error":
        return Refused(answer.status, {404: "NotFound", 403: "Forbidden"}.get(answer.status, "Unknown"), "")
    return Refused(answer.status, root.findtext("Code") or "Unknown", root.findtext("Message") or "")


def document(body: bytes) -> ElementTree.Element | None:
    """An answer's XML, tags without their namespace; None when it is none."""
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  the store that holds all our bytes is trusted with XML, too
    except ElementTree.ParseError:
        return None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


async def pause(attempt: int) -> None:
    """Wait before another attempt, longer each time, and not in step with others."""
    await asyncio.sleep(min(_PAUSE[0] * 2 ** (attempt - 1), _PAUSE[1]) * random.uniform(0.5, 1))  # noqa: S311


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()
