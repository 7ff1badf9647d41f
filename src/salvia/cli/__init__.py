"""The command `salvia`: one module for each group of commands, in the order of a first day."""

from __future__ import annotations

import signal

from . import clients, clock, cost, coverage, iam, images, jobs, server, studio
from .group import cli

__all__ = ["cli", "clients", "clock", "cost", "coverage", "iam", "images", "jobs", "main", "server", "studio"]


def main() -> None:
    """The entry point."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    cli()
