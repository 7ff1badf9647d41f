"""Pipe mode: a source as named pipes, its folder's name with _0, _1, …, one an epoch.

Source: SageMaker developer guide, "How Amazon SageMaker Provides Training Information".
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import fcntl
import os
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from .channels import write_all
from .failure import JobError, StoppedError
from .stream import Stream
from .tree import open_folder

_BUFFER = 1 << 20  # bytes of a pipe; the kernel's own is 64 KiB
_PATIENCE = 5.0  # seconds for a feeder to notice that nobody reads any more


class Pipes:
    """The sources in Pipe mode of one host.

    `fail(error)` is called, from another thread, when data cannot be read on.
    """

    def __init__(self, streams: Sequence[Stream], ml: str, fail: Callable[[JobError], None]) -> None:
        self._feeders = [_Feeder(stream, ml, fail) for stream in streams]

    def open(self) -> None:
        """Make the first pipes; from now on they are fed."""
        for feeder in self._feeders:
            feeder.start()

    def close(self) -> None:
        """Remove the pipes; for when the program has ended, and nothing reads from storage any more."""
        for feeder in self._feeders:
            feeder.close()


class _Feeder:
    """Feeds one source's pipes, one after the other, each to its end or as far as its reader wants."""

    def __init__(self, stream: Stream, ml: str, fail: Callable[[JobError], None]) -> None:
        self._stream, self._fail = stream, fail
        *above, self._name = stream.source.folder
        self._label, self._inside = stream.source.label, "/".join(("/opt/ml", *above))
        # Open from before the program runs: it can lay no link on the way to its pipes.
        self._folder = open_folder(ml, *above, create=True)
        self._epoch = 0
        self._over = False
        self._thread = threading.Thread(target=self._run, name=f"pipe {self._name}", daemon=True)

    def start(self) -> None:
        self._make(0)
        self._thread.start()

    def close(self) -> None:
        self._over = True
        with suppress(OSError):  # a feeder waits for a reader: be one
            os.close(os.open(self._path(self._epoch), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW, dir_fd=self._folder))
        self._thread.join(_PATIENCE)
        for epoch in (self._epoch, self._epoch + 1):
            self._remove(epoch)
        os.close(self._folder)

    def _run(self) -> None:
        try:
            while not self._over:
                # Before its predecessor ends: who has read one to its end finds the next.
                self._make(self._epoch + 1)
                pipe = self._open(self._epoch)
                if self._over:
                    return
                with suppress(BrokenPipeError):  # its reader has enough
                    for data in self._stream.epoch(self._epoch):
                        write_all(pipe, data)
                # Removed before its end shows, or a program that opens it again would wait for ever.
                self._remove(self._epoch)
                os.close(pipe)
                self._epoch += 1
        except (StoppedError, FileNotFoundError):
            pass  # nobody wants more
        # The pipe stays open: what the program got must not look like all there is.
        except JobError as error:
            self._fail(error)
        except Exception as error:
            self._fail(JobError("InternalError", f"{self._label} cannot be streamed on: {error}."))

    def _path(self, epoch: int) -> str:
        return f"{self._name}_{epoch}"

    def _make(self, epoch: int) -> None:
        path = self._path(epoch)
        try:
            os.mkfifo(path, 0o644, dir_fd=self._folder)
        except FileExistsError:
            raise JobError(
                "AlgorithmError",
                f"{self._label}: its pipe {self._inside}/{path} cannot be made, since something has "
                "that name. Let the program write elsewhere.",
            ) from None

    def _open(self, epoch: int) -> int:
        """The writing end, once a reader is there. Raises FileNotFoundError when the program removed the pipe."""
        try:
            pipe = os.open(self._path(epoch), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._folder)
        except FileNotFoundError:
            raise
        except OSError:  # a link, a folder, a socket
            raise self._replaced(epoch) from None
        if not stat.S_ISFIFO(os.fstat(pipe).st_mode):
            os.close(pipe)
            raise self._replaced(epoch)
        with suppress(OSError, AttributeError):  # a matter of speed alone
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _BUFFER)
        return pipe

    def _replaced(self, epoch: int) -> JobError:
        return JobError(
            "AlgorithmError",
            f"{self._label}: the program replaced {self._inside}/{self._path(epoch)}, its pipe.",
        )

    def _remove(self, epoch: int) -> None:
        with suppress(OSError):
            os.unlink(self._path(epoch), dir_fd=self._folder)
