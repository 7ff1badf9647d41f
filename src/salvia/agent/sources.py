"""What a channel's DataSource names: objects of S3, or lines of a manifest, in the order that AWS documents.

Sources: API reference, S3DataSource, Channel, ShuffleConfig; developer guide, "Provide Dataset Metadata to
Training Jobs with an Augmented Manifest File".
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, Protocol, TypeVar

from ..core.client import ClientError
from .failure import JobError, refused
from .keys import relative_path, split_uri

T = TypeVar("T")
_NEAR = 1000  # objects that are looked at for a prefix that was meant
_LARGEST = 256 << 20  # bytes of a manifest, which is held in memory


class Storage(Protocol):
    """S3 as the job's role sees it. Both raise ClientError with S3's code."""

    @property
    def role(self) -> str:
        """The ARN of the role."""

    def objects(self, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
        """Keys and sizes below a prefix, in the order of their bytes."""

    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        """The bytes of one object; it is begun anew when it fails half-way, which an empty chunk tells."""


class Source(NamedTuple):
    """Where data comes from, and the `folder` of /opt/ml that it goes to.

    `label` is what a failure calls it, `member` what its URI is called in the request. `place` is the host's
    number, from 0, among as many as share it. `required`: no object at all is a failure.
    """

    label: str
    member: str
    folder: tuple[str, ...]
    bucket: str
    prefix: str
    kind: str = "S3Prefix"
    mode: str = "File"
    gzip: bool = False
    wrapped: bool = False
    sharded: bool = False
    place: tuple[int, int] = (0, 1)
    seed: int | None = None
    attributes: tuple[str, ...] = ()
    required: bool = True

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def share(self, items: Iterable[T], epoch: int = 0) -> Iterator[T]:
        """The host's share of all `items`, in the order of an epoch.

        Shuffled before they are divided: what one host has in an epoch, another may have in the next
        (ShuffleConfig). Every host must be given the same items.
        """
        if self.seed is not None:
            from random import Random  # 5 ms, and hardly ever needed

            items = list(items)
            Random(f"{self.seed} {epoch}").shuffle(items)  # noqa: S311  an order, no secret
        index, count = self.place
        return islice(items, index, None, count) if self.sharded else iter(items)


class Found(NamedTuple):
    """One object; `path` is where it belongs below its source's folder, `entry` what in a manifest names it."""

    bucket: str
    key: str
    size: int | None
    path: str
    entry: str = ""

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def text(self) -> str:
        """How a failure names it."""
        return f"{self.uri}, {self.entry}," if self.entry else self.uri


def source_of(channel: Mapping[str, Any], mode: str, place: tuple[int, int]) -> Source:
    """The source of one entry of InputDataConfig, for a host; `mode` is that of a channel that names none.

    `place` is the host's number among all; a channel that only some share says its own, as `Shard`. Raises JobError.
    """
    name = channel["ChannelName"]
    label = f"Channel '{name}'"
    if name in (".", ".."):  # which the model's pattern allows
        raise JobError(
            "ClientError", f"Data download failed: {label}: no folder can have that name. Give the channel another."
        )
    data = channel.get("DataSource", {}).get("S3DataSource")
    if not data:
        raise JobError("ClientError", f"{label}: its data source is not available here. Use an S3DataSource.")
    bucket, prefix = split_uri(data["S3Uri"])
    mode = channel.get("InputMode") or mode
    if mode == "FastFile" and prefix and not prefix.endswith("/"):
        prefix += "/"  # "S3Uri prefixes must not correspond to a partial folder name"
    shuffle = channel.get("ShuffleConfig")
    return Source(
        label=label,
        member="S3Uri",
        folder=("input", "data", name),
        bucket=bucket,
        prefix=prefix,
        kind=data.get("S3DataType") or "S3Prefix",
        mode=mode,
        gzip=channel.get("CompressionType") == "Gzip",
        wrapped=channel.get("RecordWrapperType") == "RecordIO",
        sharded=data.get("S3DataDistributionType") == "ShardedByS3Key",
        place=(shard[0], shard[1]) if (shard := channel.get("Shard")) else place,
        seed=None if shuffle is None else int(shuffle["Seed"]),
        attributes=tuple(data.get("AttributeNames") or ()),
    )


def objects(storage: Storage, source: Source) -> Iterator[Found]:
    """Every object of a source, by prefix or manifest. Raises JobError."""
    if source.kind == "ManifestFile":
        yield from _listed(storage, source)
        return
    if source.kind != "S3Prefix":
        raise JobError("ClientError", f"{source.label}: S3DataType {source.kind} is not available here.")
    none = True
    try:
        for key, size in storage.objects(source.bucket, source.prefix):
            if key.endswith("/") and size == 0:
                continue  # a folder of the console's, no data
            none = False
            path = relative_path(source.label, source.bucket, source.prefix, key)
            yield Found(source.bucket, key, size, path)
    except ClientError as error:
        where = f"arn:aws:s3:::{source.bucket}"
        raise refused(error, storage.role, source.label, source.uri, "s3:ListBucket", where) from error
    if none and source.required:
        raise JobError("ClientError", _nothing(storage, source))


def records(storage: Storage, source: Source) -> list[tuple[int, bytes]]:
    """The lines of an augmented manifest, numbered from 1; each is known to be good. Raises JobError."""
    lines = [(number, line) for number, line in enumerate(_manifest(storage, source).split(b"\n"), 1) if line.strip()]
    for number, line in lines:
        attributes(source, number, line)
    if not lines:
        raise JobError("ClientError", f"Data download failed: {source.label}: {source.uri} has no lines.")
    return lines


def attributes(source: Source, number: int, line: bytes) -> Iterable[Found | bytes]:
    """What one line streams, in the order of AttributeNames: an object for `…-ref`, else the value's text.

    Raises JobError that names the line.
    """

    def wrong(what: str) -> JobError:
        return JobError("ClientError", f"Data download failed: {source.label}: line {number} of {source.uri} {what}.")

    try:
        document = json.loads(line)
    except ValueError as error:
        raise wrong(f"is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise wrong("is no JSON object")
    found: list[Found | bytes] = []
    for name in source.attributes:
        if name not in document:
            raise wrong(f"lacks the attribute '{name}' of AttributeNames")
        value = document[name]
        if not name.endswith("-ref"):
            found.append((value if isinstance(value, str) else json.dumps(value)).encode("utf-8", "surrogatepass"))
            continue
        scheme, _, rest = value.partition("://") if isinstance(value, str) else ("", "", "")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket or not key:
            raise wrong(f"has {value!r} as '{name}', which is no URI of an object. Write s3://bucket/key")
        found.append(Found(bucket, key, None, "", f"'{name}' in line {number} of {source.uri}"))
    return found


def unreadable(error: ClientError, storage: Storage, source: Source, item: Found) -> JobError:
    """The failure of a job that may not, or cannot, read one object."""
    resource = f"arn:aws:s3:::{item.bucket}/{item.key}"
    return refused(error, storage.role, source.label, item.text, "s3:GetObject", resource, item.bucket)


def _listed(storage: Storage, source: Source) -> Iterator[Found]:
    """A manifest: `[{"prefix": "s3://bucket/some/"}, "key", …]`, the prefix put before each key."""

    def wrong(what: str) -> JobError:
        example = '[{"prefix": "s3://bucket/folder/"}, "key", ...]'
        return JobError(
            "ClientError", f"Data download failed: {source.label}: {source.uri} {what}. A manifest reads {example}."
        )

    try:
        document = json.loads(_manifest(storage, source))
    except ValueError as error:
        raise wrong(f"is not JSON: {error}") from error
    head = document[0] if isinstance(document, list) and document else None
    if not isinstance(head, dict) or not isinstance(head.get("prefix"), str):
        raise wrong("does not begin with an object with a prefix")
    scheme, _, rest = head["prefix"].partition("://")
    bucket, slash, prefix = rest.partition("/")
    if scheme != "s3" or not bucket or not slash:
        raise wrong(f"has the prefix {head['prefix']!r}, which is none of a bucket: it must begin s3://bucket/")
    if len(document) == 1:
        raise wrong("lists no objects")
    seen = set()
    for number, name in enumerate(document[1:], 1):
        if not isinstance(name, str) or not name:
            raise wrong(f"has {name!r} as entry {number}, which is no text")
        key = prefix + name
        if source.mode == "Pipe" or key not in seen:  # one file, however often it is listed
            seen.add(key)
            entry = f"entry {number} of {source.uri}"
            path = relative_path(f"{source.label}: {entry}", bucket, prefix, key)
            yield Found(bucket, key, None, path, entry)


def _manifest(storage: Storage, source: Source) -> bytes:
    content = bytearray()
    try:
        for block in storage.read(source.bucket, source.prefix):
            if not block:  # from the beginning again
                content.clear()
            content += block
            if len(content) > _LARGEST:
                raise JobError(
                    "ClientError",
                    f"Data download failed: {source.label}: the manifest {source.uri} has more than {_LARGEST >> 20} "
                    "MiB. Divide it over several channels.",
                )
    except ClientError as error:
        manifest = Found(source.bucket, source.prefix, None, "", f"the manifest of S3DataType {source.kind}")
        raise unreadable(error, storage, source, manifest) from error
    return bytes(content)


def _nothing(storage: Storage, source: Source) -> str:
    text = f"Data download failed: {source.label}: no objects under {source.uri}."
    try:
        near = _near(storage, source.bucket, source.prefix)
    except ClientError:
        near = []
    if near:
        text += " The bucket holds " + ", ".join(f"s3://{source.bucket}/{name}" for name in near) + "."
    return text + f" Check {source.member}."


def _near(storage: Storage, bucket: str, prefix: str) -> list[str]:
    """What the bucket holds beside the prefix, the likeliest first."""
    from difflib import SequenceMatcher

    parent = prefix.rstrip("/").rpartition("/")[0]
    while True:
        start = f"{parent}/" if parent else ""
        names: dict[str, None] = {}
        for number, (key, _) in enumerate(storage.objects(bucket, start)):
            if number == _NEAR:
                break
            first, slash, _ = key[len(start) :].partition("/")
            names[start + first + slash] = None
        if names or not parent:
            break
        parent = parent.rpartition("/")[0]
    return sorted(names, key=lambda name: -SequenceMatcher(None, name, prefix).ratio())[:3]
