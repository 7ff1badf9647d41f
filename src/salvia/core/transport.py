"""Signed requests to one endpoint, repeated until they succeed: what `client.Client` is built on.

Retries, kept connections, renewed credentials and a clock that follows the service's are here; what the
requests mean is there.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from .canonical import http_date
from .connection import BrokenConnectionError, Connection, Response
from .sigv4 import Credentials, sign

if TYPE_CHECKING:
    import ssl

_RENEW_BEFORE = 300.0
_FIRST_DELAY = 0.1
_LONGEST_DELAY = 5.0
_IDLE_CONNECTIONS = 8
_LARGEST_ERROR = 1 << 20
_THROTTLED = frozenset(
    (
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    )
)
_EXPIRED = frozenset(("ExpiredToken", "ExpiredTokenException"))
_BY_STATUS = {400: "BadRequest", 403: "Forbidden", 404: "NotFound", 412: "PreconditionFailed"}


_USUAL_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(https?)://(?:\[([0-9A-Fa-f:.]+)\]|([^/:@\s?#]+))(?::([0-9]{1,5}))?/?")


class ClientError(Exception):
    """What a service answered, or (code `Unreachable`, status 0) that none did.

    `where` is method and path. Neither holds credentials.
    """

    def __init__(self, code: str, message: str, status: int, where: str = "") -> None:
        super().__init__(code, message, status, where)
        self.code = code
        self.message = message
        self.status = status
        self.where = where

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" ({self.where})" if self.where else "")


class FileSlice(NamedTuple):
    """A part of a file as a body, which is opened anew for each attempt."""

    path: str
    start: int
    length: int

    def blocks(self) -> Iterator[bytes]:
        """Its bytes, in blocks. Raises ClientError when the file is gone or has become shorter."""
        left = self.length
        try:
            with open(self.path, "rb", buffering=0) as file:
                file.seek(self.start)
                while left and (block := file.read(min(left, 262144))):
                    left -= len(block)
                    yield block
        except OSError as problem:
            raise ClientError("UnreadableFile", f"{self.path}: {problem.strerror}", 400) from problem
        if left:
            message = f"{self.path} became shorter while it was sent: {left} bytes are missing."
            raise ClientError("IncompleteBody", message, 400)

    def sha256(self) -> str:
        """Its digest, in hex."""
        digest = sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()


class Transport:
    """Requests to the endpoint `url`; may be used by several threads.

    `credentials` is called for credentials when there are none, five minutes before they expire and when the
    service says that they have; `ca` is the path of a bundle of certificates for https. `timeout` is the
    longest wait in seconds for one piece of an answer; `retry_for` how many seconds a request is repeated for
    that met a broken connection, throttling or a 5xx, where the call itself gives no other time.
    """

    def __init__(
        self,
        url: str,
        region: str,
        credentials: Callable[[], Credentials] | None = None,
        ca: str | None = None,
        *,
        timeout: float = 60.0,
        retry_for: float = 60.0,
        wall: Callable[[], float] = time.time,
    ) -> None:
        scheme, self._host, self._port = _endpoint(url)
        self.url = url
        self.region = region
        self._tls_wanted = scheme == "https"
        name = f"[{self._host}]" if ":" in self._host else self._host
        usual = _USUAL_PORTS[scheme]
        self._host_header = name if self._port == usual else f"{name}:{self._port}"
        self._ca = ca
        self._tls: ssl.SSLContext | None = None
        self._timeout = timeout
        self.retry_for = retry_for
        self._wall = wall
        self._ahead = 0.0  # seconds by which the service's clock is ahead of ours
        self._provider = credentials
        self._current: Credentials | None = None
        self._lock = threading.Lock()
        self._renewing = threading.Lock()
        self._idle: list[Connection] = []
        self._closed = threading.Event()

    def close(self) -> None:
        """Close idle connections and let no request be repeated any more."""
        self._closed.set()
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def pause(self, delay: float) -> bool:
        """Wait `delay` seconds, less when the client is closed meanwhile; whether it is."""
        return self._closed.wait(delay)

    def request(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes | FileSlice,
        service: str | None,
        *,
        retry_for: float | None = None,
    ) -> tuple[Response, bytes]:
        """Send one request, signed for `service`, until its whole answer is there; the answer and its body.

        `path` and `query` are percent-encoded. Raises ClientError.
        """
        return self._until_answered(method, path, query, headers, body, service, retry_for, True)

    def open(self, path: str, headers: Mapping[str, str], service: str, *, retry_for: float | None = None) -> Response:
        """GET something large: the response's body is left to be read, and `finish` to be called then."""
        return self._until_answered("GET", path, "", headers, b"", service, retry_for, False)[0]

    def _until_answered(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes | FileSlice,
        service: str | None,
        retry_for: float | None,
        whole: bool,
    ) -> tuple[Response, bytes]:
        give_up = time.monotonic() + (self.retry_for if retry_for is None else retry_for)
        payload = body.sha256() if isinstance(body, FileSlice) else sha256(body).hexdigest()
        # What must not be repeated is not sent over a connection that may be closing just now.
        fresh = retry_for == 0
        where = f"{method} {path}"
        attempt = 0
        renewed = corrected = False
        while True:
            cause: Exception | None = None
            try:
                response = self._once(method, path, query, headers, body, service, payload, fresh)
                if response.status < 300:
                    return response, self._read(response) if whole else b""
                error = self._error(response, where)
            except (OSError, BrokenConnectionError) as problem:
                cause = problem
                error = ClientError("Unreachable", f"{self.url}: {problem or type(problem).__name__}", 0, where)
            else:
                if error.code in _EXPIRED and service and not renewed:
                    renewed = True
                    self._forget()
                    continue
                if not corrected and service and self._correct_clock(error, response):
                    corrected = True
                    continue
            delay = min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(attempt, 10)) * (0.5 + os.urandom(1)[0] / 512)
            attempt += 1
            # A certificate that is not trusted (the only OSError that is a ValueError) will not be so later.
            hopeless = isinstance(cause, ValueError) or not _worth_repeating(error)
            if hopeless or time.monotonic() + delay > give_up or self._closed.wait(delay):
                raise error from cause

    def finish(self, response: Response) -> None:
        """Give back the connection of a response that has been read, or close it."""
        if response.reusable and not self._closed.is_set():
            with self._lock:
                if len(self._idle) < _IDLE_CONNECTIONS:
                    self._idle.append(response.connection)
                    return
        response.connection.close()

    def _read(self, response: Response, limit: int = 64 << 20) -> bytes:
        try:
            return response.read(limit)
        finally:
            self.finish(response)

    def _once(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes | FileSlice,
        service: str | None,
        payload: str,
        fresh: bool,
    ) -> Response:
        sent = {"Host": self._host_header, **headers}
        if service is not None:
            now = self._wall() + self._ahead
            sent |= sign(method, path, query, sent, self._credentials(), self.region, service, payload=payload, now=now)
        target = f"{path}?{query}" if query else path
        length = body.length if isinstance(body, FileSlice) else len(body)
        kept = None if fresh else self._kept()
        while True:
            connection = kept or Connection(self._host, self._port, self._context(), self._timeout)
            blocks = body.blocks() if isinstance(body, FileSlice) else body
            try:
                return connection.request(method, target, sent, blocks, length)
            except BrokenConnectionError as problem:
                connection.close()
                # A kept connection may have been closed by the server at the moment of the request.
                if kept is None or not problem.unanswered:
                    raise
                kept = None
            except BaseException:
                connection.close()
                raise

    def _kept(self) -> Connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.usable():
                return connection
            connection.close()

    def _context(self) -> ssl.SSLContext | None:
        if self._tls_wanted and self._tls is None:
            import ssl

            self._tls = ssl.create_default_context(cafile=self._ca)
        return self._tls

    def _credentials(self) -> Credentials:
        with self._renewing:
            now = self._wall() + self._ahead
            current = self._current
            if current is None or (current.expires is not None and current.expires - now < _RENEW_BEFORE):
                if self._provider is None:
                    raise ValueError("This client has no credentials: it can only `post`.")
                try:
                    self._current = self._provider()
                except (ClientError, OSError):
                    # Five minutes are left in which the next request tries again.
                    if current is None or current.expires is None or current.expires <= now:
                        raise
            assert self._current is not None
            return self._current

    def _forget(self) -> None:
        with self._renewing:
            self._current = None

    def _error(self, response: Response, where: str) -> ClientError:
        body = self._read(response, _LARGEST_ERROR)
        status = response.status
        code = response.headers.get("x-amzn-errortype", "")
        message = ""
        if body[:1] == b"{":
            try:
                parsed = json.loads(body)
            except ValueError:
                parsed = {}
            code = code or str(parsed.get("__type") or parsed.get("code") or "")
            message = str(parsed.get("message") or parsed.get("Message") or "")
        elif body[:1] == b"<":
            code, message = _xml_error(body, code)
        code = code.rpartition("#")[2].partition(":")[0] or _BY_STATUS.get(status, f"HTTP{status}")
        return ClientError(code, message or f"The service answered {status} without a message.", status, where)

    def _correct_clock(self, error: ClientError, response: Response) -> bool:
        """Take over the service's time when it refuses ours."""
        skewed = error.code == "RequestTimeTooSkewed" or error.message.startswith(
            ("Signature expired", "Signature not yet current")
        )
        moment = http_date(response.headers.get("date", "")) if skewed else None
        if moment is None:
            return False
        self._ahead = moment - self._wall()
        return True


def _worth_repeating(error: ClientError) -> bool:
    status = error.status
    return status == 0 or status == 429 or (status >= 500 and status != 501) or error.code in _THROTTLED


def _xml_error(body: bytes, code: str) -> tuple[str, str]:
    from xml.etree import ElementTree  # only S3 and the query services answer with it

    message = ""
    try:
        for element in ElementTree.fromstring(body).iter():  # noqa: S314  our own service's answer
            name = element.tag.rpartition("}")[2]
            if name == "Code":
                code = element.text or code
            elif name == "Message":
                message = element.text or ""
    except ElementTree.ParseError:
        pass  # a proxy's page: the status must do
    return code, message


def _endpoint(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Not `urllib.parse`'s, which takes an agent 6 ms to import."""
    found = _URL.fullmatch(url)
    if not found:
        raise ValueError(f"'{url}' is not the URL of an endpoint: http://host:port or https://host:port.")
    scheme, address, name, port = found.groups()
    return scheme, address or name, int(port) if port else _USUAL_PORTS[scheme]
