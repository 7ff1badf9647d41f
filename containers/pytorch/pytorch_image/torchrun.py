"""`torchrun`, as torch has it, but for two things: where the hosts meet, and what it says of a process that failed."""

from __future__ import annotations

import signal
import socket
import sys

from torch.distributed import run
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

from .master import listen_on_own_address


def main() -> int:
    """Run the processes of this host; returns the exit code of the first that failed."""
    listen_on_own_address()
    try:
        run.main()
    except ChildFailedError as problem:
        rank, failure = problem.get_first_failure()
        code: int = failure.exitcode
        how = f"ended with exit code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
        print(f"ERROR: rank {rank} on {socket.gethostname()} {how}.", file=sys.stderr, flush=True)
        return code if code > 0 else 128 - code
    return 0


if __name__ == "__main__":
    sys.exit(main())
