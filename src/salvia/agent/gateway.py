"""The agent's way to the gateway: `/_instance` with its own token, AWS's services as the job's role."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ..core.client import Client, ClientError
from .credentials import RoleCredentials
from .failure import StoppedError
from .spec import Spec

T = TypeVar("T")
_LONGEST_PAUSE = 2.0
_PATIENCE = 300.0  # seconds for which a service may fail that is there
_REPLACED = 5  # times that an object may be replaced while it is read
_BLOCK = 1 << 18
# service → the name it is signed for, target prefix, version of JSON
_TARGETS = {
    "logs": ("logs", "Logs_20140328", "1.1"),
    "cloudwatch": ("monitoring", "GraniteServiceVersion20100801", "1.0"),
}
_EXPIRED = ("ExpiredToken", "ExpiredTokenException")


class Gateway:
    """Every request of an instance; for any thread.

    A gateway that does not answer is waited for, as long as it takes: it is being restarted, and the job
    goes on. Downloads alone end when `stop_reading` is called, by `StoppedError`; everything ends after
    `abandon`. What a service answers raises `core.client.ClientError` with AWS's code.
    """

    def __init__(self, spec: Spec) -> None:
        self._token = spec.token
        self._reading_over, self._abandoned = threading.Event(), threading.Event()
        self.credentials = RoleCredentials(self._issue)
        # A heartbeat that hangs is worth less than the next one.
        self._reporter = Client(spec.url, spec.region, None, spec.ca, timeout=15.0, retry_for=0.0)
        # Two, since downloads are given up when the job is to stop, and nothing else is.
        self._client = Client(spec.url, spec.region, self.credentials.current, spec.ca, retry_for=2.0)
        self._reader = Client(spec.url, spec.region, self.credentials.current, spec.ca, retry_for=60.0)

    @property
    def role(self) -> str:
        """The ARN of the job's role."""
        return self.credentials.role

    def stop_reading(self) -> None:
        """The job is to stop: its input is of no use any more."""
        self._reading_over.set()
        self._reader.close()

    def abandon(self) -> None:
        """Nobody wants anything of this instance any more: wait for nothing."""
        self._abandoned.set()
        self.stop_reading()
        self._client.close()

    def report(self, state: dict[str, Any]) -> dict[str, Any]:
        """Send the state, once; the reporter has its own patience."""
        return self._reporter.post("/_instance/report", state, self._token)

    def service(self, name: str) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
        """`call(operation, payload)` of a json service: `logs` or `cloudwatch`."""
        scope, prefix, version = _TARGETS[name]

        def call(operation: str, payload: dict[str, Any]) -> dict[str, Any]:
            return self._persist(lambda: self._client.json(scope, f"{prefix}.{operation}", payload, version))

        return call

    def objects(self, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
        """Keys and sizes of a bucket's objects below `prefix`, in the order of their bytes."""
        patience, last = _Patience(self._reading_over), b""
        while True:
            try:
                for entry in self._reader.list_objects(bucket, prefix):
                    if entry.key.encode() > last:  # a listing that broke off is begun again
                        last = entry.key.encode()
                        yield entry.key, entry.size
                return
            except ClientError as error:
                self._bear(error, patience)

    def read(self, bucket: str, key: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from `start`; an empty chunk: it was replaced, and comes from there again."""
        patience, position, etag, replaced = _Patience(self._reading_over), start, None, 0
        while True:
            try:
                with self._reader.get_object(bucket, key, start=position, etag=etag) as source:
                    etag = source.etag
                    while block := source.read(_BLOCK):
                        position += len(block)
                        yield block
                    return
            except ClientError as error:
                replaced += error.status == 412
                if error.status == 412 and replaced <= _REPLACED:
                    position, etag = start, None
                    yield b""
                else:
                    self._bear(error, patience)

    def put(self, bucket: str, key: str, path: str) -> None:
        """Upload a file, in parts when it is large."""
        self._persist(lambda: self._client.put_file(bucket, key, path))

    def _issue(self) -> dict[str, Any]:
        return self._persist(lambda: self._client.post("/_instance/credentials", {}, self._token))

    def _persist(self, call: Callable[[], T]) -> T:
        patience = _Patience(self._abandoned)
        while True:
            try:
                return call()
            except ClientError as error:
                self._bear(error, patience)

    def _bear(self, error: ClientError, patience: _Patience) -> None:
        """Return, after a pause, to have the request repeated; else raise the error or StoppedError."""
        if error.code in _EXPIRED and not patience.renewed:
            patience.renewed = True
            self.credentials.discard()
            return
        if self._abandoned.is_set():
            raise error
        patience.bear(error)


class _Patience:
    """How long one request is repeated: for ever while nobody answers, minutes while the service fails."""

    def __init__(self, over: threading.Event) -> None:
        self._over = over
        self._pause = 0.1
        self._failing_since: float | None = None
        self.renewed = False

    def bear(self, error: ClientError) -> None:
        now = time.monotonic()
        if error.status == 0:
            self._failing_since = None
        elif not (error.status == 429 or (error.status >= 500 and error.status != 501) or "Throttl" in error.code):
            raise error
        elif self._failing_since is None:
            self._failing_since = now
        elif now - self._failing_since > _PATIENCE:
            raise error
        if self._over.wait(self._pause):
            raise StoppedError from error
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
