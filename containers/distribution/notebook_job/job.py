"""One notebook job: its scripts, its notebook, and what it failed of."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from . import failure
from . import told as variables
from .failure import JobError
from .told import Told

# The notebook sees what the script exports. As in AWS's image, the first command that fails ends the job.
_SCRIPT = 'set -e; [ -z "$1" ] || . "./$1"; shift; exec "$@"'
_KEPT = 16_384  # bytes of output to find a script's failure in


def run(base: Path) -> int:
    """Run the job; returns its exit code. Why it failed is in output/failure, what it printed beside the notebook."""
    results = base / "output" / "data"
    results.mkdir(parents=True, exist_ok=True)
    output = ""
    with (results / failure.LOG).open("wb") as log:
        try:
            told = variables.read(base)
            output = told.output.name
            shutil.copy(told.notebook, results)
            if told.lifecycle:
                _do(told, log, "running LCC script as init-script", ["sh", told.lifecycle])
            step = "running init script" if told.script else "executing notebook"
            command = ["bash", "-c", _SCRIPT, "bash", told.script, sys.executable, "-m", "notebook_job.notebook"]
            _do(told, log, step, command)
        except JobError as problem:
            said = f"ERROR: {problem}\n".encode()
            log.write(said)
            log.flush()
            sys.stdout.buffer.write(said)
            sys.stdout.buffer.flush()
            failure.write(base, output, problem)
            return 1
    return 0


def _do(told: Told, log: IO[bytes], step: str, command: list[str]) -> None:
    """Run `command`, and pass on what it prints as it comes. Raises JobError."""
    last = bytearray()
    with subprocess.Popen(command, cwd=told.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        # Who stops the job tells this process alone.
        signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGTERM))
        assert process.stdout is not None
        while block := os.read(process.stdout.fileno(), 65536):
            sys.stdout.buffer.write(block)
            sys.stdout.buffer.flush()
            log.write(block)
            log.flush()
            last += block
            del last[:-_KEPT]
        status = process.wait()
    if status:
        said = last.decode(errors="replace").strip()[-500:]
        raise JobError(step, f"It ended with status {status}. Its last lines:\n{said}" if said else f"Status {status}.")
