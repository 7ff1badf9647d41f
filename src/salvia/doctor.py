"""`salvia doctor`: what this machine lacks and what that costs."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `cost` says what its lack means and how to mend it."""

    what: str
    good: bool
    cost: str = ""


def findings(home: Path) -> Iterator[Finding]:
    """Look at this machine."""
    from salvia.agent.fastfile import mountable
    from salvia.runtimes.process import ProcessRuntime

    runtime = ProcessRuntime(home / "runtime", home=home)
    report = runtime.report()
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(f"Python {version}", sys.version_info >= (3, 11))
    yield from _database(home)
    cpus, memory = runtime.capacity()
    yield Finding(f"{cpus} cores, {memory / 2**30:.1f} GiB of memory", True)
    gpus = ", ".join(report["gpus"]) or "none: instances of types that have some run on CPUs"
    yield Finding(f"GPUs: {gpus}", True)
    yield Finding(f"isolation level: {report['isolation']}", report["isolation"] == "bubblewrap")
    for lack in report["missing"]:
        yield Finding(f"{lack['what']}: {lack['why']}", False, f"{lack['cost']} {lack['remedy']}")
    streamed = mountable("/")
    yield Finding(
        f"channels in FastFile mode are {'streamed' if streamed else 'downloaded before their job starts'}",
        streamed,
        "" if streamed else "Streaming them takes root and /dev/fuse. Nothing else depends on it.",
    )
    uv = shutil.which("uv")
    yield Finding(
        "uv builds images" if uv else "uv is not installed",
        uv is not None,
        "" if uv else "Images are built by pip instead: about ten times slower, once an image. `pip install uv`.",
    )
    aws = shutil.which("aws")
    yield Finding(
        "the AWS CLI is installed" if aws else "the AWS CLI is not installed",
        aws is not None,
        "" if aws else "Salvia does not need it; you may. `pip install awscli`.",
    )
    where = home if home.exists() else home.parent
    free = shutil.disk_usage(where if where.exists() else Path("/")).free
    yield Finding(
        f"{free / 2**30:.0f} GiB free below {home}",
        free > 5 * 2**30,
        "" if free > 5 * 2**30 else "Data, models and image environments need room; 5 GiB is little.",
    )


def _database(home: Path) -> Iterator[Finding]:
    """That of the running, or the last, server; there may never have been one."""
    from salvia.settings import Settings
    from salvia.store.schema import current

    try:
        settings = Settings.load(home)
    except (FileNotFoundError, ValueError, TypeError):
        return
    try:
        current(settings.location)
    except Exception as error:
        cost = f"Salvia answers errors while it cannot be reached: {error}."
        yield Finding(f"database {settings.shown_database}", False, cost)
    else:
        yield Finding(f"database {settings.shown_database}", True)
