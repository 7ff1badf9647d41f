"""A supervisor that outlives the command that started it."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from salvia.process import CannotStart
from salvia.settings import Settings

if TYPE_CHECKING:
    import ssl


def ready(settings: Settings, timeout: float) -> bool:
    """Poll /_health until it answers."""
    import http.client

    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        # Not where others find us (`advertise`): that may be a proxy which is not up, or knows nothing of us.
        connection = (
            http.client.HTTPSConnection(settings.local, settings.port, timeout=2, context=_trusting(settings))
            if settings.tls
            else http.client.HTTPConnection(settings.local, settings.port, timeout=2)
        )
        try:
            connection.request("GET", "/_health")
            if connection.getresponse().status == 200:
                return True
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    return False


def _trusting(settings: Settings) -> ssl.SSLContext:
    import ssl

    return ssl.create_default_context(cafile=settings.ca_bundle)


def detach(settings: Settings) -> int:
    """Start a supervisor that outlives this process; returns its pid once the gateway answers.

    Raises CannotStart with what the supervisor said.
    """
    log = settings.home / "log" / "supervisor.out"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "salvia.detached", str(settings.home)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    assert started.stdin is not None
    with contextlib.suppress(BrokenPipeError), started.stdin as pipe:  # why it has ended is said below
        pipe.write(settings.json().encode())  # the database's URL has a password; command lines are everybody's to read
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if started.poll() is not None:
            raise CannotStart(_tail(log) or f"The supervisor ended with code {started.returncode}.")
        if _prepared(settings) == started.pid and ready(settings, 0.2):
            return started.pid
        time.sleep(0.02)
    raise CannotStart(f"Salvia did not come up within 60 s. {log.parent} holds the logs.")


def _prepared(settings: Settings) -> int | None:
    try:
        return int((settings.run / "prepared").read_text())
    except (FileNotFoundError, ValueError):
        return None


def _tail(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def main() -> int:
    """`python -m salvia.detached HOME`, settings on standard input: the supervisor that `detach` starts."""
    os.umask(0o077)
    gc.disable()  # nothing of what is loaded until it runs is garbage
    from salvia.supervisor import supervise

    try:
        supervise(Settings.parse(sys.stdin.read()), lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
    except CannotStart as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
