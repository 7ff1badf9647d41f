"""The agent's own log: one JSON line an event on its standard error."""

from __future__ import annotations

import json
import sys
import time


class Journal:
    """Structured lines that carry the job and the host; never a credential."""

    def __init__(self, job: str, host: str) -> None:
        self._context = {"job": job, "instance": host}

    def note(self, event: str, **fields: object) -> None:
        """Write one line; a full or closed standard error harms nobody."""
        line = json.dumps({"time": round(time.time(), 3), "event": event, **self._context, **fields}, default=str)
        try:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            pass

    def trouble(self, event: str, error: BaseException) -> None:
        """Write an unexpected exception with all its frames."""
        import traceback  # 2 ms that a start need not wait for

        frames = "".join(traceback.format_exception(error))
        self.note(event, error=f"{type(error).__name__}: {error}", traceback=frames)
