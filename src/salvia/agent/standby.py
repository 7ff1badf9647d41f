"""A kept instance between two jobs: its agent waits as a process that knows nothing of the job before.

After a job the agent executes itself anew: the same process, with the same lock and session, but none of the memory
that held the last job's credentials. Then it imports everything and waits for `next.json`: what is left of a start is
to read it.
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

OPTION = "--stand-by"
_WAKE = {signal.SIGUSR1}
_LOOK = 1.0  # seconds; the signal is what wakes it


def hold() -> None:
    """From now on a signal that says there is a next job waits until it is asked for; also over `renew`."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAKE)


def renew(path: str) -> NoReturn:
    """Become an agent that waits for what comes to stand at `path`."""
    words = [word for word in sys.orig_argv[:-1] if word != OPTION]
    os.execv(sys.executable, [*words, OPTION, path])


def wait(path: str) -> bool:
    """Return once the next job's specification stands at `path`; False when the instance is given up instead."""
    from . import tree, upload  # noqa: F401  # what a job imports late is here before it comes

    fresh = os.path.join(os.path.dirname(os.path.abspath(path)), "next.json")
    while not os.path.exists(fresh):
        try:
            os.getcwd()
        except FileNotFoundError:  # its folder is deleted
            return False
        signal.sigtimedwait(_WAKE, _LOOK)
    os.replace(fresh, path)
    return True
