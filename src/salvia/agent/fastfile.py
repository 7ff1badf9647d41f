"""FastFile mode: a channel whose files are there at once and are streamed when they are read.

Where the agent may mount (root on Linux, with /dev/fuse), the kernel asks it for what a program reads, by
`fuse.py`; elsewhere the channel is downloaded first, as in File mode.

Source: SageMaker developer guide, "Access Training Data" (FastFile mode).
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

from .failure import JobError
from .sources import Found, Source

_GAP = 1 << 20  # bytes that are read and dropped rather than a new request made for what is behind them


class Storage(Protocol):
    """S3 as the job's role sees it."""

    def read(self, bucket: str, key: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of one object from `start`; an empty chunk tells that another object has its key now."""


class Node:
    """A file or a folder; `number` is the kernel's name for it, `item` None for a folder."""

    __slots__ = ("children", "item", "number")

    def __init__(self, number: int, item: Found | None) -> None:
        self.number, self.item = number, item
        self.children: dict[bytes, Node] = {}

    @property
    def size(self) -> int:
        return self.item.size or 0 if self.item else 0


class Tree:
    """A channel's folder. Nodes are numbered from 1, the folder itself, without gaps."""

    def __init__(self) -> None:
        self.nodes = [Node(1, None)]

    def add(self, source: Source, item: Found) -> None:
        """Put a file in its place. Raises JobError when something else is there."""
        *folders, name = (part.encode() for part in item.path.split("/"))
        node = self.nodes[0]
        for folder in folders:
            node = node.children.get(folder) or self._make(node, folder, None)
        if name in node.children or node.item is not None:
            raise JobError(
                "ClientError",
                f"Data download failed: {source.label}: {item.text} needs the path that another object has, as a file "
                "or a folder. Files cannot be folders as keys can: rename one of them.",
            )
        self._make(node, name, item)

    def _make(self, parent: Node, name: bytes, item: Found | None) -> Node:
        node = Node(len(self.nodes) + 1, item)
        self.nodes.append(node)
        parent.children[name] = node
        return node


class OpenFile:
    """One opening of a file: an object, streamed from where it is read. For any thread."""

    def __init__(self, storage: Storage, item: Found, say: Callable[[str], None]) -> None:
        self._storage, self._item, self._say = storage, item, say
        self._lock = threading.Lock()
        self._stream: Iterator[bytes] = iter(())
        self._position = -1  # of `_ahead` in the file
        self._ahead = b""

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset`, fewer at the end. Raises OSError, and says why in the job's log."""
        with self._lock:
            try:
                return self._read(offset, size)
            except Exception as error:
                self._position = -1
                self._say(f"{self._item.uri} cannot be read: {error}")
                raise OSError(errno.EIO, str(error)) from error

    def _read(self, offset: int, size: int) -> bytes:
        size = max(0, min(size, (self._item.size or 0) - offset))
        if not size:
            return b""
        if not (0 <= self._position <= offset <= self._position + len(self._ahead) + _GAP):
            self._stream = self._storage.read(self._item.bucket, self._item.key, offset)
            self._position, self._ahead = offset, b""
        parts, length = [self._ahead], len(self._ahead)
        while length < offset - self._position + size:
            block = next(self._stream, None)
            if not block:
                raise EOFError("it was replaced, or has become shorter. Keep a channel's objects as they are")
            parts.append(block)
            length += len(block)
        whole = b"".join(parts)
        start = offset - self._position
        self._position, self._ahead = offset + size, whole[start + size :]
        return whole[start : start + size]


def mountable(folder: str) -> bool:
    """Whether this process can mount on `folder`: tried on a thread of its own, whose mounts pass with it."""
    from . import fuse

    if os.geteuid() != 0:  # an ordinary user may mount in a user namespace alone, which threads cannot enter
        return False
    mounted = []

    def attempt() -> None:
        with suppress(OSError, AttributeError):  # no Linux, no /dev/fuse, no right to
            fuse.separate()
            mounted.append(fuse.mount(folder))

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    for descriptor in mounted:
        os.close(descriptor)
    return bool(mounted)
