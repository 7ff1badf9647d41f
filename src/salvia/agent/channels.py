"""A job's input: objects of S3 as files below /opt/ml/input/data.

Sources: SageMaker API reference, Channel and S3DataSource; developer guide, "Access Training Data".
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import errno
import os
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from queue import Queue
from typing import Any, NamedTuple, Protocol

from ..core.client import ClientError
from .contract import channel_directory
from .failure import JobError, StoppedError
from .inflate import Inflater
from .keys import relative_path, split_uri

_WORKERS = 8
_QUEUE = 256
_NEAR = 1000  # objects that are looked at for a prefix that was meant
_EXPANSION, _EXPANSION_FLOOR = 200, 64 << 20
"""How many times its size, and how many bytes at least, an object may decompress to: a bomb ends there."""


class Storage(Protocol):
    """S3 as the job's role sees it. Both raise ClientError with S3's code."""

    @property
    def role(self) -> str:
        """The ARN of the role."""

    def objects(self, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
        """Keys and sizes below a prefix, in the order of their bytes."""

    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        """The bytes of one object; it is begun anew when it fails half-way, which an empty chunk tells."""


class _Item(NamedTuple):
    channel: str
    bucket: str
    key: str
    size: int
    path: str
    gzip: bool

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class Download:
    """Brings all channels at once, a few objects at a time."""

    def __init__(
        self, storage: Storage, ml: str, host: str, hosts: Sequence[str], stopping: Callable[[], bool]
    ) -> None:
        self._storage, self._ml, self._stopping = storage, ml, stopping
        self._mode = "File"
        self._index, self._count = list(hosts).index(host), len(hosts)
        self._queue: Queue[_Item | None] = Queue(_QUEUE)
        self._workers: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    def run(self, channels: Sequence[Mapping[str, Any]], mode: str = "File") -> None:
        """Return when every file is there; `mode` is that of a channel that names none.

        Raises JobError, or StoppedError when the job is to stop.
        """
        self._mode = mode
        for channel in channels:
            if channel["ChannelName"] in (".", ".."):  # which the model's pattern allows
                raise JobError(
                    "ClientError",
                    f"Data download failed: Channel '{channel['ChannelName']}': no folder can have that name. "
                    "Give the channel another.",
                )
            os.makedirs(channel_directory(self._ml, channel["ChannelName"]), exist_ok=True)
        listers = [
            threading.Thread(target=self._guarded, args=(self._list, channel), name="list", daemon=True)
            for channel in channels
        ]
        for thread in listers:
            thread.start()
        for thread in listers:
            thread.join()
        for _ in self._workers:
            self._queue.put(None)
        for thread in self._workers:
            thread.join()
        if self._error is not None:
            raise self._error
        if self._stopping():
            raise StoppedError

    @property
    def _over(self) -> bool:
        return self._error is not None or self._stopping()

    def _guarded(self, work: Callable[[Any], None], argument: object) -> None:
        try:
            work(argument)
        except BaseException as error:
            with self._lock:
                self._error = self._error or error

    def _list(self, channel: Mapping[str, Any]) -> None:
        name = channel["ChannelName"]
        source = _source(channel, self._mode)
        bucket, prefix = split_uri(source["S3Uri"])
        gzip = channel.get("CompressionType") == "Gzip"
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        directory = channel_directory(self._ml, name)
        index, count = channel.get("Shard") or (self._index, self._count)
        number = 0
        try:
            for key, size in self._storage.objects(bucket, prefix):
                if self._over:
                    return
                if key.endswith("/") and size == 0:
                    continue  # a folder of the console's, no data
                if not sharded or number % count == index:
                    path = os.path.join(directory, relative_path(name, bucket, prefix, key))
                    if gzip:
                        path = path.removesuffix(".gz")
                    self._queue.put(_Item(name, bucket, key, size, path, gzip))
                    self._employ()
                number += 1
        except ClientError as error:
            raise self._refused(
                error, name, f"s3://{bucket}/{prefix}", "s3:ListBucket", f"arn:aws:s3:::{bucket}"
            ) from error
        if number == 0:
            raise JobError("ClientError", self._nothing(name, bucket, prefix))

    def _employ(self) -> None:
        with self._lock:
            if len(self._workers) < _WORKERS:
                worker = threading.Thread(target=self._work, name="download", daemon=True)
                self._workers.append(worker)
                worker.start()

    def _work(self) -> None:
        # After a failure the queue is emptied all the same, or a lister would wait at it for ever.
        while (item := self._queue.get()) is not None:
            if not self._over:
                self._guarded(self._fetch, item)

    def _fetch(self, item: _Item) -> None:
        try:
            os.makedirs(os.path.dirname(item.path), exist_ok=True)
            # O_EXCL: two keys that are one path (`a//b` and `a/b`), or a file where a folder is, are found
            # out here.
            descriptor = os.open(item.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
            try:
                self._copy(item, descriptor)
            finally:
                os.close(descriptor)
        except ClientError as error:
            resource = f"arn:aws:s3:::{item.bucket}/{item.key}"
            raise self._refused(error, item.channel, item.uri, "s3:GetObject", resource) from error
        except OSError as error:
            raise JobError("ClientError", _unwritable(item, error)) from error

    def _copy(self, item: _Item, descriptor: int) -> None:
        limit = max(item.size * _EXPANSION, _EXPANSION_FLOOR)
        written, inflater = 0, Inflater() if item.gzip else None
        for data in self._storage.read(item.bucket, item.key):
            if self._over:
                return
            if not data:  # from the beginning again
                os.ftruncate(descriptor, 0)
                os.lseek(descriptor, 0, os.SEEK_SET)
                written, inflater = 0, Inflater() if item.gzip else None
            try:
                pieces: Iterable[bytes] = (data,) if inflater is None else inflater.feed(data)
                for piece in pieces:
                    written += len(piece)
                    if inflater is not None and written > limit:
                        raise JobError(
                            "ClientError",
                            f"Data download failed: Channel '{item.channel}': {item.uri} decompresses to "
                            f"more than {limit} bytes, {_EXPANSION} times its size. Leave CompressionType "
                            "out and decompress it in the program.",
                        )
                    _write(descriptor, piece)
            except zlib.error as error:
                raise _not_gzip(item, str(error)) from error
        if inflater is not None and not inflater.complete:
            raise _not_gzip(item, "it ends too early")

    def _nothing(self, channel: str, bucket: str, prefix: str) -> str:
        text = f"Data download failed: Channel '{channel}': no objects under s3://{bucket}/{prefix}."
        try:
            near = self._near(bucket, prefix)
        except ClientError:
            near = []
        if near:
            text += " The bucket holds " + ", ".join(f"s3://{bucket}/{name}" for name in near) + "."
        return text + " Check S3Uri."

    def _near(self, bucket: str, prefix: str) -> list[str]:
        """What the bucket holds beside the prefix, the likeliest first."""
        from difflib import SequenceMatcher

        parent = prefix.rstrip("/").rpartition("/")[0]
        while True:
            start = f"{parent}/" if parent else ""
            names: dict[str, None] = {}
            for number, (key, _) in enumerate(self._storage.objects(bucket, start)):
                if number == _NEAR:
                    break
                first, slash, _ = key[len(start) :].partition("/")
                names[start + first + slash] = None
            if names or not parent:
                break
            parent = parent.rpartition("/")[0]
        return sorted(names, key=lambda name: -SequenceMatcher(None, name, prefix).ratio())[:3]

    def _refused(self, error: ClientError, channel: str, uri: str, action: str, resource: str) -> JobError:
        where = f"Data download failed: Channel '{channel}': "
        if error.code == "NoSuchBucket":
            bucket = uri.removeprefix("s3://").partition("/")[0]
            return JobError("ClientError", f"{where}there is no bucket '{bucket}'. Create it, or check S3Uri.")
        if error.code in ("AccessDenied", "AccessDeniedException") or error.status == 403:
            return JobError(
                "ClientError",
                f"{where}{self._storage.role} may not read {uri}: {error.message} Allow {action} on "
                f"{resource} in the role's policies and the bucket's.",
            )
        if error.status >= 500:
            return JobError("InternalError", f"{where}{uri} could not be read: {error.code}: {error.message}")
        return JobError("ClientError", f"{where}{uri} could not be read: {error.code}: {error.message}")


def _source(channel: Mapping[str, Any], mode: str) -> Mapping[str, Any]:
    name = channel["ChannelName"]
    source: Mapping[str, Any] = channel.get("DataSource", {}).get("S3DataSource", {})
    data_type = source.get("S3DataType", "S3Prefix")
    mode = channel.get("InputMode") or mode
    if not source or data_type != "S3Prefix" or mode != "File":
        what = f"input mode {mode}" if mode != "File" else f"S3DataType {data_type}" if source else "its data source"
        raise JobError(
            "ClientError",
            f"Channel '{name}': {what} is not available here. Use S3DataType S3Prefix in File mode.",
        )
    return source


def _unwritable(item: _Item, error: OSError) -> str:
    text = f"Data download failed: Channel '{item.channel}': {item.uri} ({item.size} bytes) "
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return text + "does not fit: the disk of the instance is full. Free space there, or use less data."
    if error.errno in (errno.EEXIST, errno.ENOTDIR, errno.EISDIR):
        return (
            text + "needs the path that another object of the channel has, as a file or a folder. Files cannot be "
            "folders as keys can: rename one of them."
        )
    if error.errno == errno.ENAMETOOLONG:
        return text + "has a key too long for a file name (255 bytes a part). Copy it to a shorter key."
    return text + f"could not be written: {error}."


def _not_gzip(item: _Item, reason: str) -> JobError:
    return JobError(
        "ClientError",
        f"Data download failed: Channel '{item.channel}': {item.uri} is not gzip ({reason}), but "
        "CompressionType says so. Leave CompressionType out, or compress every object.",
    )


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
