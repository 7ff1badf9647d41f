"""Folders that a program had its hands on, read without following anything that it may have laid there.

The agent is outside the program's sandbox: a link that the program made leads, for the agent, to the machine's
own files. So every step from /opt/ml on is one name, opened below the descriptor of the folder before it and
never through a link, and what was opened is looked at, not what had been seen of its name.
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from .failure import JobError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe must not make us wait for its other end.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST = 100
_MOST = 1_000_000

Say = Callable[[str], None]


class Entry(NamedTuple):
    """One thing below a folder: its path there, and the target if it is a link within the folder.

    `parent` is the descriptor of the folder it is in, open until the next entry is asked for.
    """

    name: str
    parent: int
    status: os.stat_result
    link: str | None

    def open(self) -> BinaryIO:
        """The regular file that the entry still is. Raises OSError when it has become something else."""
        return open_file(self.parent, self.name.rpartition("/")[2])


def open_folder(parent: int | str, *names: str, create: bool = False) -> int:
    """The descriptor of a folder below `parent`, to close; with `create` it is made where it is missing.

    `parent` is a descriptor, or a path that can be trusted. Raises OSError: ELOOP or ENOTDIR when one of
    `names` is a link or a file.
    """
    descriptor = os.open(parent, _FOLDER) if isinstance(parent, str) else os.dup(parent)
    for name in names:
        try:
            if create:
                try:  # noqa: SIM105  contextlib is slow to import
                    os.mkdir(name, dir_fd=descriptor)
                except FileExistsError:
                    pass
            below = os.open(name, _FOLDER, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = below
    return descriptor


def open_file(parent: int, name: str) -> BinaryIO:
    """The regular file `name` of a folder. Raises OSError for what is none."""
    descriptor = os.open(name, _FILE, dir_fd=parent)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", name)
    return open(descriptor, "rb")


def members(ml: str, names: tuple[str, ...], say: Say) -> Iterator[Entry]:
    """What may be taken from below the folder `names` of `ml`, in the order of names; nothing if it is gone.

    A link stays if it leads to within the folder (an absolute one becomes relative), and is left out, as
    `say` is told, otherwise, as are sockets, pipes and devices. Raises JobError when the folder itself was
    replaced, or holds more than can be uploaded.
    """
    inside = "/".join(("/opt/ml", *names))
    try:
        folder = open_folder(ml, *names)
    except FileNotFoundError:
        return
    except OSError as error:
        raise JobError(
            "AlgorithmError",
            f"Upload failed: {inside} is no folder any more, but a link or a file ({error.strerror}). Write "
            "below it, and do not replace it.",
        ) from error
    try:
        disk = os.fstatvfs(folder)
        yield from _Walk(inside, disk.f_blocks * disk.f_frsize, say).below(folder, "", 1)
    except OSError as error:
        raise JobError(
            "ClientError", f"Upload failed: {inside} could not be read: {error.strerror or error}."
        ) from error
    finally:
        os.close(folder)


def has_files(ml: str, names: tuple[str, ...]) -> bool:
    """Whether anything but folders is below the folder `names` of `ml`."""
    return any(not stat.S_ISDIR(entry.status.st_mode) for entry in members(ml, names, lambda _: None))


def shown(name: str) -> str:
    """A file's name as text for people: whatever is no plain character of one line is escaped."""
    return name if name.isprintable() else ascii(name)[1:-1]


def is_text(name: str) -> bool:
    """Whether a file's name can be a key, which is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Walk:
    """One walk, with what it has seen so far; `room` is the size of the disk in bytes."""

    def __init__(self, inside: str, room: int, say: Say) -> None:
        self._inside, self._room, self._say = inside, room, say
        self._count = self._size = 0

    def below(self, folder: int, path: str, depth: int) -> Iterator[Entry]:
        folders = []
        for name in self._names(folder):
            entry = self._entry(folder, f"{path}/{name}" if path else name, name)
            if entry is None:
                continue
            if stat.S_ISDIR(entry.status.st_mode):
                folders.append(name)
            yield entry
        for name in folders:
            if depth == _DEEPEST:
                raise self._too_much(f"folders more than {_DEEPEST} levels deep. Save it flatter")
            child = os.open(name, _FOLDER, dir_fd=folder)
            try:
                yield from self.below(child, f"{path}/{name}" if path else name, depth + 1)
            finally:
                os.close(child)

    def _names(self, folder: int) -> list[str]:
        names = []
        with os.scandir(folder) as found:
            for entry in found:
                self._count += 1
                if self._count > _MOST:
                    raise self._too_much(f"more than {_MOST} files. Pack them into fewer")
                names.append(entry.name)
        return sorted(names)

    def _entry(self, folder: int, path: str, name: str) -> Entry | None:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            link = _link(path, os.readlink(name, dir_fd=folder), self._inside)
            if link is None:
                self._leave(path, f"it links to outside {self._inside}")
                return None
            return Entry(path, folder, status, link)
        if stat.S_ISREG(status.st_mode):
            self._size += status.st_size
            if self._size > self._room:  # sparse files: reading their holes would take for ever
                raise self._too_much(
                    f"files of {self._size} bytes in all, more than its disk of {self._room} has. Save no "
                    "files with holes"
                )
        elif not stat.S_ISDIR(status.st_mode):
            self._leave(path, "it is neither file nor folder")
            return None
        return Entry(path, folder, status, None)

    def _leave(self, path: str, reason: str) -> None:
        self._say(f"{self._inside}/{shown(path)} is not uploaded: {reason}.")

    def _too_much(self, what: str) -> JobError:
        return JobError("ClientError", f"Upload failed: {self._inside} holds {what}.")


def _link(name: str, target: str, inside: str) -> str | None:
    """The relative target of the link `name`, or None when it leads, or might lead, out of the folder.

    Once its first names are behind, a target may not climb again: `a/..` is elsewhere if `a` is a link.
    """
    here = name.split("/")[:-1]
    parts = [part for part in target.split("/") if part not in ("", ".")]
    climbs = 0
    while climbs < len(parts) and parts[climbs] == "..":
        climbs += 1
    if ".." in parts[climbs:]:
        return None
    if not target.startswith("/"):
        return target if climbs <= len(here) else None
    folder = inside.strip("/").split("/")
    if climbs or parts[: len(folder)] != folder:
        return None
    below = parts[len(folder) :]
    return "/".join([".."] * len(here) + below) or "."
