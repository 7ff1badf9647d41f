"""A disk that loses its power: what a program wrote, and what of it was certain to be there at any moment.

`Disk` stands in for the module `os` of code under test. It does what it is told, and keeps a record; `survivors` then
makes the files as a power cut could have left them. The promises are those of POSIX, and no more:

    a write         is certain once an fsync or fdatasync of its file, begun later, has returned; until then it may be
                    there, or not, or in part, whatever became of writes before it
    a name          created, renamed or removed is certain once an fsync of its folder, begun later, has returned;
                    until then it may be there or not, whatever became of others
"""

from __future__ import annotations

import os
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SECTOR = 512


@dataclass
class Written:
    """A piece of a file."""

    at: int  # when, as an index into the record
    offset: int
    data: bytes


@dataclass
class Named:
    """A change of a folder: `gone` is a name that goes, `name` one that comes, for the inode."""

    at: int
    gone: str | None = None
    name: str | None = None
    inode: int | str = ""  # a number for a file, a path for a folder


@dataclass
class Thing:
    """A file or a folder: what was done to it, and which syncs returned: (returned at, begun at)."""

    changes: list[Any] = field(default_factory=list)
    synced: list[tuple[int, int]] = field(default_factory=list)

    def certain(self, cut: int) -> int:
        """Changes before this moment are certain at the moment `cut`."""
        return max((begun for returned, begun in self.synced if returned <= cut), default=-1)

    def surviving(self, cut: int, chance: random.Random) -> list[Any]:
        """What of it a power cut leaves."""
        certain = self.certain(cut)
        return [c for c in self.changes if c.at < certain or (c.at < cut and chance.random() < 0.5)]


class Disk:
    """`os`, recorded. `honest=False`: a disk that only says that it has synced."""

    def __init__(self, root: Path, *, honest: bool = True) -> None:
        self.root = str(root)
        self.now = 0
        self.files: dict[int, Thing] = {}
        self.folders: dict[str, Thing] = {}
        self._honest = honest
        self._lock = threading.Lock()
        self._open: dict[int, int | str] = {}  # inode or folder, by descriptor
        self._names: dict[str, int] = {}  # inode, by path
        self._ends: dict[int, int] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def tick(self) -> int:
        """Another moment."""
        with self._lock:
            self.now += 1
            return self.now

    # What the code under test calls

    def open(self, path: str, flags: int, mode: int = 0o777) -> int:
        descriptor = os.open(path, flags, mode)
        if flags & os.O_DIRECTORY:
            self._open[descriptor] = str(path)
        elif flags & os.O_CREAT:
            inode = len(self.files) + 1
            self.files[inode] = Thing()
            self._open[descriptor] = self._names[path] = inode
            self._ends[inode] = 0
            self._rename(path, name=path, inode=inode)
        return descriptor

    def writev(self, descriptor: int, buffers: list[Any]) -> int:
        written = os.writev(descriptor, buffers)
        inode = self._open[descriptor]
        assert isinstance(inode, int)
        data = b"".join(buffers)[:written]
        self.files[inode].changes.append(Written(self.tick(), self._ends[inode], data))
        self._ends[inode] += written
        return written

    def fdatasync(self, descriptor: int) -> None:
        self.fsync(descriptor)

    def fsync(self, descriptor: int) -> None:
        begun = self.tick()
        if self._honest:
            what = self._open[descriptor]
            thing = self.files[what] if isinstance(what, int) else self.folders.setdefault(what, Thing())
            thing.synced.append((self.tick(), begun))

    def close(self, descriptor: int) -> None:
        self._open.pop(descriptor, None)
        os.close(descriptor)

    def mkdir(self, path: str, mode: int = 0o777) -> None:
        os.mkdir(path, mode)
        self._rename(path, name=path, inode=path)

    def rename(self, old: str, new: str) -> None:
        os.rename(old, new)
        inode = self._names[new] = self._names.pop(old)
        self._rename(new, gone=old, name=new, inode=inode)

    def unlink(self, path: str) -> None:
        os.unlink(path)
        self._rename(path, gone=path)

    def _rename(self, path: str, gone: str | None = None, name: str | None = None, inode: int | str = "") -> None:
        folder = self.folders.setdefault(str(Path(path).parent), Thing())
        folder.changes.append(Named(self.tick(), gone, name, inode))

    # After the power cut

    def survivors(self, cut: int, chance: random.Random) -> dict[str, bytes]:
        """The files, by path below the root, as a power cut at the moment `cut` could leave them."""
        found: dict[str, bytes] = {}
        for path, inode in self._listed(self.root, cut, chance).items():
            if isinstance(inode, str):
                for below, file in self._listed(inode, cut, chance).items():
                    assert isinstance(file, int)
                    found[os.path.relpath(below, self.root)] = self._content(file, cut, chance)
            else:
                found[os.path.relpath(path, self.root)] = self._content(inode, cut, chance)
        return found

    def whole(self) -> dict[str, bytes]:
        """What was written under each name, had the power stayed."""
        found = {}
        for folder in self.folders.values():
            for change in folder.changes:
                if isinstance(change.inode, int) and change.name:
                    found[os.path.relpath(change.name, self.root)] = b"".join(
                        piece.data for piece in self.files[change.inode].changes
                    )
        return found

    def _listed(self, folder: str, cut: int, chance: random.Random) -> dict[str, int | str]:
        names: dict[str, int | str] = {}
        for change in self.folders.get(folder, Thing()).surviving(cut, chance):
            names.pop(change.gone, None)
            if change.name is not None:
                names[change.name] = change.inode
        return names

    def _content(self, inode: int, cut: int, chance: random.Random) -> bytes:
        file = self.files[inode]
        certain = file.certain(cut)
        content = bytearray()
        for piece in file.surviving(cut, chance):
            data = piece.data
            if piece.at >= certain and chance.random() < 0.5:  # torn
                data = data[: chance.randrange(0, len(data) + 1) // _SECTOR * _SECTOR]
            content.extend(bytes(max(0, piece.offset + len(data) - len(content))))
            content[piece.offset : piece.offset + len(data)] = data
        return bytes(content)
