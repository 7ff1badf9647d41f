"""What a job may fail of, told apart by whose affair it is."""

from __future__ import annotations

import traceback

CLIENT, OTHER = 1, 2  # exit codes: the request or its data is wrong; anything else


class ClientError(Exception):
    """The request or its data is wrong; the text says what, where, and what to do about it."""


class PeerLostError(Exception):
    """Another host of the job failed or vanished, so this one cannot go on."""


def verdict(problem: Exception) -> tuple[int, str]:
    """The exit code and the text of output/failure; what nobody expected is printed with where it happened."""
    if isinstance(problem, ClientError):
        return CLIENT, f"ClientError: {problem}"
    if isinstance(problem, PeerLostError):
        return OTHER, str(problem)
    if isinstance(problem, MemoryError):
        return OTHER, "AlgorithmError: Out of memory. Use a larger instance, or more of them with ShardedByS3Key."
    traceback.print_exception(problem)
    return OTHER, f"AlgorithmError: {type(problem).__name__}: {problem}"
