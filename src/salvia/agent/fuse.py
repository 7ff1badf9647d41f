"""A read-only file system, served to Linux's kernel over /dev/fuse: no more of the protocol than that takes.

Source: the kernel's include/uapi/linux/fuse.h, version 7.31; mount(2), unshare(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from .fastfile import Node, OpenFile, Tree
from .sources import Found

_NEWNS = 0x20000
_RDONLY, _NOSUID, _NODEV, _REC, _PRIVATE = 1, 2, 4, 0x4000, 0x40000
_DETACH, _NOFOLLOW = 2, 8  # of umount2(2)
_VERSION = 7, 31
_LOOKUP, _FORGET, _GETATTR, _OPEN, _READ, _STATFS, _RELEASE = 1, 2, 3, 14, 15, 17, 18
_FLUSH, _INIT, _OPENDIR, _READDIR, _RELEASEDIR, _INTERRUPT, _BATCH_FORGET = 25, 26, 27, 28, 29, 36, 42
_KEEP_CACHE, _CACHE_DIR = 2, 8  # what was read stays true: a channel does not change
_REQUEST = 1 << 18  # bytes; larger than any request without data
_WORKERS = 8
_FOREVER = 1 << 30  # seconds
_BLOCK = 512

_HEAD = struct.Struct("<IIQQIIII")  # length, opcode, unique, node, uid, gid, pid, padding
_ANSWER = struct.Struct("<IiQ")  # length, error, unique
_ATTRIBUTES = struct.Struct("<6Q10I")
_READ_IN = struct.Struct("<QQI")


def separate() -> None:
    """Give this thread, and what it starts, mounts of their own. Raises OSError.

    Nobody else sees what it mounts from then on; when its last process is gone, the mounts are, even after kill -9.
    """
    _must(_libc().unshare(_NEWNS))
    _must(_libc().mount(None, b"/", None, ctypes.c_ulong(_REC | _PRIVATE), None))


def mount(folder: str) -> int:
    """Mount on `folder`; the descriptor to serve. Raises OSError. Call it only after `separate`."""
    descriptor = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={descriptor},rootmode=40555,user_id=0,group_id=0,allow_other,default_permissions"
    flags = ctypes.c_ulong(_RDONLY | _NOSUID | _NODEV)
    try:
        _must(_libc().mount(b"fastfile", os.fsencode(folder), b"fuse.salvia", flags, options.encode()))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def unmount(folder: str) -> None:
    """Take away what this thread mounted; a link there is not followed."""
    _libc().umount2(os.fsencode(folder), _DETACH | _NOFOLLOW)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _must(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Server:
    """Serves `tree` on the descriptor of a mount, on threads of its own, until the mount or the process ends."""

    def __init__(self, descriptor: int, tree: Tree, opened: Callable[[Found], OpenFile]) -> None:
        self._descriptor, self._tree, self._opened = descriptor, tree, opened
        self._files: dict[int, OpenFile] = {}
        self._next = 1
        self._lock = threading.Lock()
        self._now = int(time.time())
        self._operations: dict[int, Callable[[Node, bytes], bytes]] = {
            _INIT: self._init,
            _LOOKUP: self._look_up,
            _GETATTR: lambda node, _: struct.pack("<QII", _FOREVER, 0, 0) + self._attributes(node),
            _OPEN: self._open,
            _READ: self._read,
            _RELEASE: self._release,
            _OPENDIR: lambda node, _: struct.pack("<QII", 0, _KEEP_CACHE | _CACHE_DIR, 0),
            _READDIR: self._read_folder,
            _RELEASEDIR: lambda node, _: b"",
            _FLUSH: lambda node, _: b"",
            _STATFS: self._statfs,
        }

    def start(self) -> None:
        """Serve from now on."""
        for _ in range(_WORKERS):
            threading.Thread(target=self._run, name="fastfile", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                request = os.read(self._descriptor, _REQUEST)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR):  # the request was withdrawn
                    continue
                return  # unmounted
            _, opcode, unique, number, *_ = _HEAD.unpack_from(request)
            if opcode not in (_FORGET, _BATCH_FORGET, _INTERRUPT):
                self._answer(unique, *self._outcome(opcode, number, request[_HEAD.size :]))

    def _outcome(self, opcode: int, number: int, body: bytes) -> tuple[int, bytes]:
        operation = self._operations.get(opcode)
        if operation is None:
            return errno.ENOSYS, b""
        try:
            return 0, operation(self._tree.nodes[max(number, 1) - 1], body)
        except OSError as error:
            return error.errno or errno.EIO, b""
        except Exception:
            return errno.EIO, b""

    def _answer(self, unique: int, error: int, content: bytes) -> None:
        with suppress(OSError):  # nobody waits for it any more
            os.write(self._descriptor, _ANSWER.pack(_ANSWER.size + len(content), -error, unique) + content)

    def _init(self, _: Node, body: bytes) -> bytes:
        read_ahead = struct.unpack_from("<4I", body)[2]
        return struct.pack("<4IHHIIHHI7I", *_VERSION, read_ahead, 0, _WORKERS, _WORKERS, 4096, 1, 0, 0, *(0,) * 8)

    def _look_up(self, node: Node, body: bytes) -> bytes:
        found = node.children.get(body.rstrip(b"\0"))
        if found is None:
            raise FileNotFoundError(errno.ENOENT, "")
        return struct.pack("<QQQQII", found.number, 0, _FOREVER, _FOREVER, 0, 0) + self._attributes(found)

    def _attributes(self, node: Node) -> bytes:
        mode = stat.S_IFREG | 0o444 if node.item else stat.S_IFDIR | 0o555
        links, owner, group, device, block, flags = 1 if node.item else 2, 0, 0, 0, 4096, 0
        times = self._now, self._now, self._now
        blocks = -(-node.size // _BLOCK)
        return _ATTRIBUTES.pack(
            node.number, node.size, blocks, *times, 0, 0, 0, mode, links, owner, group, device, block, flags
        )

    def _open(self, node: Node, _: bytes) -> bytes:
        if node.item is None:
            raise IsADirectoryError(errno.EISDIR, "")
        file = self._opened(node.item)
        with self._lock:
            handle, self._next = self._next, self._next + 1
            self._files[handle] = file
        return struct.pack("<QII", handle, _KEEP_CACHE, 0)

    def _read(self, _: Node, body: bytes) -> bytes:
        handle, offset, size = _READ_IN.unpack_from(body)
        return self._files[handle].read(offset, size)

    def _release(self, _: Node, body: bytes) -> bytes:
        with self._lock:
            self._files.pop(struct.unpack_from("<Q", body)[0], None)
        return b""

    def _read_folder(self, node: Node, body: bytes) -> bytes:
        _, offset, size = _READ_IN.unpack_from(body)
        content = b""
        for position, (name, child) in enumerate(list(node.children.items())[offset:], offset + 1):
            kind = stat.S_IFREG if child.item else stat.S_IFDIR
            entry = struct.pack("<QQII", child.number, position, len(name), kind >> 12) + name
            entry += bytes(-len(entry) % 8)
            if len(content) + len(entry) > size:
                break
            content += entry
        return content

    def _statfs(self, _: Node, __: bytes) -> bytes:
        used = sum(-(-node.size // _BLOCK) for node in self._tree.nodes)
        return struct.pack("<5Q10I", used, 0, 0, len(self._tree.nodes), 0, _BLOCK, 255, _BLOCK, *(0,) * 7)
