"""What a channel in Pipe mode sends: objects of S3 one after the other, wrapped in RecordIO where asked.

Sources: API reference, Channel (CompressionType, RecordWrapperType, ShuffleConfig); developer guide, "Augmented
Manifest File Format for Pipe Mode Training"; MXNet's documentation of RecordIO.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from ..core.client import ClientError
from .channels import not_gzip
from .failure import JobError
from .inflate import Inflater
from .sources import Found, Source, Storage, attributes, objects, records, unreadable

_MAGIC = (0xCED7230A).to_bytes(4, "little")
_LONGEST_RECORD = (1 << 29) - 1  # bytes; RecordIO has 29 bits for them
_IN_MEMORY = 8 << 20
_BLOCK = 1 << 18

_Item = Found | tuple[int, bytes]


class Stream:
    """One channel's data; records that are not to be held in memory are kept in the folder `spool`."""

    def __init__(self, storage: Storage, source: Source, spool: str) -> None:
        self._storage, self.source, self._spool = storage, source, spool
        self._items: list[_Item] = []

    def prepare(self) -> None:
        """Find out what there is. Raises JobError for what is not there or malformed."""
        if self.source.kind == "AugmentedManifestFile":
            self._items += records(self._storage, self.source)
        else:
            self._items += objects(self._storage, self.source)

    def epoch(self, number: int) -> Iterator[bytes]:
        """The bytes that the host gets in an epoch. Raises JobError, or StoppedError."""
        for item in self.source.share(self._items, number):
            parts = (item,) if isinstance(item, Found) else attributes(self.source, *item)
            for part in parts:
                content = self._object(part) if isinstance(part, Found) else (part,)
                if self.source.wrapped:
                    yield from self._record(content, part)
                else:
                    yield from self._once(content, part)

    def _object(self, item: Found) -> Iterator[bytes]:
        """Its bytes, decompressed where they are to be; an empty chunk: from its beginning again."""
        gzip = self.source.gzip
        inflater = Inflater()
        try:
            for data in self._storage.read(item.bucket, item.key):
                if not data:
                    inflater = Inflater()
                    yield b""
                elif gzip:
                    yield from filter(None, inflater.feed(data))
                else:
                    yield data
        except ClientError as error:
            raise unreadable(error, self._storage, self.source, item) from error
        except zlib.error as error:
            raise not_gzip(self.source, item, str(error)) from error
        if gzip and not inflater.complete:
            raise not_gzip(self.source, item, "it ends too early")

    def _once(self, content: Iterable[bytes], item: Found | bytes) -> Iterator[bytes]:
        begun = False
        for data in content:
            if begun and not data:
                raise self._failure(item, "was replaced while it was streamed. Keep a channel's objects as they are")
            begun = begun or bool(data)
            yield data

    def _record(self, content: Iterable[bytes], item: Found | bytes) -> Iterator[bytes]:
        """One RecordIO record: magic, length, the bytes, zeros up to a multiple of four."""
        from tempfile import SpooledTemporaryFile  # 10 ms, and hardly ever needed

        with SpooledTemporaryFile(_IN_MEMORY, dir=self._spool) as whole:
            size = 0
            for data in content:
                if not data:
                    whole.seek(0)
                    whole.truncate()
                    size = 0
                size += len(data)
                if size > _LONGEST_RECORD:
                    raise self._failure(
                        item, f"has more than {_LONGEST_RECORD} bytes, the longest record of RecordIO. Divide it"
                    )
                whole.write(data)
            yield _MAGIC + size.to_bytes(4, "little")
            whole.seek(0)
            while data := whole.read(_BLOCK):
                yield data
            yield bytes(-size % 4)

    def _failure(self, item: Found | bytes, what: str) -> JobError:
        name = item.text if isinstance(item, Found) else "a value of the manifest"
        return JobError("ClientError", f"Data download failed: {self.source.label}: {name} {what}.")
