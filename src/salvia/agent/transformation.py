"""The objects of a batch transform, through the model and back to S3.

    objects ─▶ cut into batches ─▶ a window of requests, in order ─▶ one file an object ─▶ KEY.out, when it is whole

An object that fails leaves none, and does not hold up the others. Nothing is held in memory but the window. Sources:
developer guide, "Batch transform for inference", "Troubleshooting"; API reference, TransformInput, TransformOutput.
"""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from typing import IO, Any, NamedTuple

from ..core.client import ClientError
from .captured import Captured
from .failure import JobError, StoppedError, not_stored
from .filters import Processing
from .gateway import Gateway
from .inference import InvocationError, Models
from .inflate import Inflater
from .keys import split_uri
from .records import CUTTERS, Batch, RecordError
from .sources import Found, Source, objects, unreadable

_MB = 1 << 20
_DEFAULTS: dict[str, Any] = {"MaxConcurrentTransforms": 1, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}
_MOST_MB = 100  # of a payload; API_CreateTransformJob
_STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}
_UPLOADS = 4  # at once
_WAITING = 16  # outputs that wait for theirs
_LOOK = 0.5  # seconds between looks whether the job is to stop


class Parameters(NamedTuple):
    """How requests are made: as the job says, else as the container says, else by default.

    Source: developer guide, "Use Your Own Inference Code with Batch Transform".
    """

    concurrent: int
    strategy: str
    megabytes: int

    @classmethod
    def of(cls, job: Mapping[str, Any], said: Mapping[str, Any]) -> Parameters:
        """Of a job's request, and of what GET /execution-parameters said."""
        asked = {name: job.get(name) for name in _DEFAULTS}
        asked["BatchStrategy"] = _STRATEGIES.get(job.get("BatchStrategy") or "")
        found = {
            name: asked[name] or (said.get(name) if isinstance(said.get(name), type(default)) else None) or default
            for name, default in _DEFAULTS.items()
        }
        strategy = found["BatchStrategy"]
        return cls(
            max(1, found["MaxConcurrentTransforms"]),
            strategy if strategy in _STRATEGIES.values() else "MULTI_RECORD",
            min(max(1, found["MaxPayloadInMB"]), _MOST_MB),
        )


class Output:
    """What becomes of one object: a file, then `KEY.out`. `failed` says why there is none."""

    def __init__(self, item: Found, path: str) -> None:
        self.item, self.path = item, path
        self.failed: JobError | None = None
        self.dropped = False
        self._file: IO[bytes] = open(path, "wb", buffering=_MB)  # noqa: SIM115

    def write(self, data: bytes) -> None:
        """Append."""
        self._file.write(data)

    def fail(self, error: JobError) -> None:
        """It is not to be stored; the first reason counts."""
        self.failed = self.failed or error

    def close(self) -> None:
        """All is written."""
        self._file.close()

    def discard(self) -> None:
        """It is stored, or never will be."""
        self._file.close()
        with suppress(FileNotFoundError):
            os.unlink(self.path)


class _ReplacedError(Exception):
    """The object was replaced while it was read."""


_Pending = tuple[Output, Batch | None, "Future[bytes] | None"]


class Transformation:
    """One instance's share of a job. `job` is the request, `place` which share; `say` writes the job's data log."""

    def __init__(
        self,
        gateway: Gateway,
        models: Models,
        job: Mapping[str, Any],
        place: tuple[int, int],
        folder: str,
        say: Callable[[str], None],
        over: Callable[[], bool],
        captured: Captured | None = None,
    ) -> None:
        self._captured = captured
        self._gateway, self._models, self._folder = gateway, models, folder
        self._say, self._over = say, over
        given, kept = job["TransformInput"], job["TransformOutput"]
        self._gzip = given.get("CompressionType") == "Gzip"
        self._source = _source(given["DataSource"]["S3DataSource"], place)
        self._bucket, prefix = split_uri(kept["S3OutputPath"])
        self._prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        self._by_line = kept.get("AssembleWith") == "Line"
        self._cutter = CUTTERS[given.get("SplitType") or "None"]
        self._processing = Processing(
            job.get("DataProcessing") or {},
            given.get("ContentType") or "",
            kept.get("Accept") or "",
            identified=bool((job.get("DataCaptureConfig") or {}).get("GenerateInferenceId")),
        )
        self._parameters = Parameters.of(job, models.parameters())
        self._pending: deque[_Pending] = deque()
        self._storing: deque[tuple[Found, Future[None]]] = deque()
        self._failed: list[Output] = []
        self._asking = self._made = 0

    def run(self) -> None:
        """Return when every object is stored. Raises JobError once the others are, or StoppedError."""
        parameters = self._parameters
        self._say(
            f"MaxConcurrentTransforms={parameters.concurrent}, MaxPayloadInMB={parameters.megabytes}, "
            f"BatchStrategy={parameters.strategy}"
        )
        with ThreadPoolExecutor(parameters.concurrent) as requests, ThreadPoolExecutor(_UPLOADS) as uploads:
            try:
                for item in self._source.share(objects(self._gateway, self._source)):
                    self._transform(item, requests, uploads)
                while self._pending:
                    self._settle(uploads)
                while self._storing:
                    self._stored()
            finally:
                requests.shutdown(wait=False, cancel_futures=True)
                uploads.shutdown(wait=False, cancel_futures=True)
        if self._captured is not None:
            self._captured.put(self._gateway, f"s3://{self._bucket}/{self._prefix}")
        if self._failed:
            raise self._failure()

    def _transform(self, item: Found, requests: ThreadPoolExecutor, uploads: ThreadPoolExecutor) -> None:
        output = self._output(item)
        if not item.key.endswith(item.path):  # two keys could have one output
            what = "its key has a part without a name, between two slashes. Copy it to another key."
            output.fail(self._wrong(item, "ClientError", what))
        while not output.failed:
            try:
                for batch in self._batches(item):
                    self._append(uploads, output, batch, requests.submit(self._asked, item, batch))
                    if output.failed:
                        break
            except RecordError as error:
                output.fail(self._wrong(item, "ClientError", str(error)))
            except JobError as error:  # it cannot be read
                self._say(f"{item.bucket}/{item.key}: {error.message}")
                output.fail(error)
            except _ReplacedError:
                output.dropped = True
                self._append(uploads, output, None, None)
                output = self._output(item)
                continue
            break
        self._append(uploads, output, None, None)

    def _append(
        self,
        uploads: ThreadPoolExecutor,
        output: Output,
        batch: Batch | None = None,
        future: Future[bytes] | None = None,
    ) -> None:
        """One more batch, or the end of an object; then wait until there are no more requests than may be."""
        self._pending.append((output, batch, future))
        self._asking += future is not None
        while self._pending and (self._asking > self._parameters.concurrent or self._pending[0][2] is None):
            self._settle(uploads)

    def _output(self, item: Found) -> Output:
        self._made += 1
        return Output(item, os.path.join(self._folder, f"out-{self._made}"))

    def _batches(self, item: Found) -> Iterator[Batch]:
        single = self._parameters.strategy == "SINGLE_RECORD" or self._processing.alone
        cutter = self._cutter(self._parameters.megabytes * _MB, single=single)
        for block in self._read(item):
            self._go_on()
            yield from cutter.feed(block)
        yield from cutter.end()

    def _read(self, item: Found) -> Iterator[bytes]:
        inflater = Inflater() if self._gzip else None
        begun = False
        try:
            for block in self._gateway.read(item.bucket, item.key):
                if not block and begun:
                    raise _ReplacedError
                begun = True
                yield from (block,) if inflater is None else inflater.feed(block)
        except ClientError as error:
            raise unreadable(error, self._gateway, self._source, item) from error
        except zlib.error as error:
            raise RecordError(f"the object is not gzip ({error}), but CompressionType says so.") from error
        if inflater is not None and not inflater.complete:
            raise RecordError("the object is not gzip (it ends too early), but CompressionType says so.")

    def _asked(self, item: Found, batch: Batch) -> bytes:
        identify = self._captured.identify(item) if self._captured is not None else None
        return self._processing.kept(batch, self._models.ask(self._processing.payload(batch)), identify)

    def _settle(self, uploads: ThreadPoolExecutor) -> None:
        """Put the oldest answer where it belongs; store its object when it is the last."""
        output, batch, future = self._pending.popleft()
        self._asking -= future is not None
        if output.dropped or output.failed:
            if future is not None:
                future.cancel()
        elif batch is not None and future is not None:
            self._keep(output, batch, future)
        if future is not None:
            return
        output.close()
        if output.dropped:
            output.discard()
        elif output.failed:
            output.discard()
            self._failed.append(output)
        else:
            self._storing.append((output.item, uploads.submit(self._store, output)))
            while len(self._storing) > _WAITING:
                self._stored()

    def _keep(self, output: Output, batch: Batch, future: Future[bytes]) -> None:
        try:
            answer = self._awaited(future)
        except RecordError as error:
            output.fail(self._wrong(output.item, "ClientError", str(error)))
        except InvocationError as error:
            if error.status:
                batch, error = self._culprit(output.item, batch, error)
            code = "ClientError" if 400 <= error.status < 500 else "AlgorithmError"
            what = error.message
            if error.status:
                what = f"Bad HTTP status received from algorithm: {error.status}. Message: {error.message}"
            output.fail(self._wrong(output.item, code, f"{batch.numbers}: {what}"))
        else:
            output.write(answer)
            if self._by_line and not answer.endswith(b"\n"):
                output.write(b"\n")

    def _culprit(self, item: Found, batch: Batch, error: InvocationError) -> tuple[Batch, InvocationError]:
        """The first record of a batch that the model refuses, found by halves."""
        first, records = batch.first, [batch.data]
        if batch.size > 1:
            records = self._cutter(self._parameters.megabytes * _MB, single=False).records(batch)
        while len(records) > 1:
            self._go_on()
            half = len(records) // 2
            try:
                self._asked(item, Batch(b"".join(records[:half]), first, half))
            except InvocationError as found:
                if not found.status:
                    break
                records, error = records[:half], found
            except RecordError:
                break
            else:
                first, records = first + half, records[half:]
        return Batch(b"", first, len(records)), error

    def _store(self, output: Output) -> None:
        key = f"{self._prefix}{output.item.path}.out"
        try:
            self._gateway.put(self._bucket, key, output.path)
        except ClientError as error:
            role = self._gateway.role
            raise not_stored(error, role, self._bucket, key, self._prefix, "S3OutputPath") from error
        finally:
            output.discard()

    def _stored(self) -> None:
        item, future = self._storing.popleft()
        self._awaited(future)
        if self._captured is not None:
            self._captured.stored(item)

    def _awaited(self, future: Future[Any]) -> Any:
        while not wait((future,), _LOOK).done:
            self._go_on()
        return future.result()

    def _go_on(self) -> None:
        if self._over():
            raise StoppedError

    def _wrong(self, item: Found, code: str, what: str) -> JobError:
        for line in what.splitlines():
            self._say(f"{item.bucket}/{item.key}: {line}")
        return JobError(code, f"{item.uri}: {what}")

    def _failure(self) -> JobError:
        first = self._failed[0].failed
        assert first is not None
        more = len(self._failed) - 1
        if not more:
            return first
        return JobError(first.code, f"{first.message} (And {more} further objects failed: see the job's log.)")


def _source(data: Mapping[str, Any], place: tuple[int, int]) -> Source:
    bucket, prefix = split_uri(data["S3Uri"])
    return Source(
        label="TransformInput",
        member="S3Uri",
        folder=(),
        bucket=bucket,
        prefix=prefix,
        kind=data["S3DataType"],
        sharded=True,
        place=place,
    )
