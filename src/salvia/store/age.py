"""Whether what a process remembers of the database may be out of date, told by a number in shared memory.

Commits that change what is remembered make it odd before, and even again after: whoever finds the even number that
they know need not ask the database, which takes thirty times as long. A process that is killed amid its commit leaves
the number odd, and everybody asks until the next transaction begins: then what became of the commit is certain.
"""

from __future__ import annotations

import mmap
import os

_SIZE = 8


class Age:
    """The number, in a file that the processes share; one of them commits at a time."""

    def __init__(self, file: int) -> None:
        if os.fstat(file).st_size < _SIZE:
            os.ftruncate(file, _SIZE)
        self._number = memoryview(mmap.mmap(file, _SIZE)).cast("Q")

    def now(self) -> int:
        """The number; odd: somebody commits."""
        return self._number[0]

    def settle(self) -> None:
        """Whoever may commit now knows that nobody else does."""
        if self._number[0] % 2:
            self._number[0] += 1

    def begin(self) -> None:
        """Before a commit."""
        self._number[0] += 1

    def end(self) -> None:
        """After it, whatever became of it."""
        self._number[0] += 1
