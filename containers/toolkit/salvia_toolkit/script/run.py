"""One run of a script: its source, its requirements, its environment; and what it failed of, in AWS's form."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

from . import told as config
from .requirements import python_for
from .source import bring
from .told import ScriptError, Told
from .variables import arguments, variables

_HOW = "Give it as a hyperparameter, as the SDK's estimators do, or as SAGEMAKER_PROGRAM in Environment."
_FAILURE = 1024  # characters of output/failure that become the FailureReason
_AROUND = len("AlgorithmError: , exit code: 255 on algo-100")  # what the platform puts around them
_COMMAND = 300  # characters of the command among them
_KEPT = 16_384  # bytes of standard error to find the reason in


Launcher = Callable[[Told, list[str]], list[str]]
"""Makes of a script's command the one that starts it on this host as part of all."""


def run(base: Path, launchers: Mapping[str, Launcher] = MappingProxyType({})) -> int:
    """Run the job's script; returns its exit code. What went wrong is in output/failure and in the log.

    `launchers` are the distributions that the image has, by the SDK's names for them.
    """
    try:
        told = config.read(base)
        if not told.program:
            raise ScriptError(f"ClientError: The job names no script: {config.PROGRAM} is missing. {_HOW}")
        code = bring(told.source, told.program, told.base)
        _execute(told, code, python_for(code), launchers)
    except ScriptError as problem:
        print(f"ERROR: {problem}", file=sys.stderr, flush=True)
        _write_failure(base, str(problem))
        return problem.code
    return 0


def _execute(told: Told, code: Path, python: Path, launchers: Mapping[str, Launcher]) -> None:
    command = _command(told, code, python)
    if told.distribution:
        if told.distribution not in launchers:
            has = ", ".join(launchers) or "none"
            raise ScriptError(f"ClientError: This image has no distribution {told.distribution}; it has {has}.")
        command = launchers[told.distribution](told, command)
    paths = [str(code), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, **variables(told), "PYTHONPATH": os.pathsep.join(paths)}
    shown = shlex.join(command)
    print(f"Invoking script with the following command:\n\n{shown}\n", flush=True)
    last = bytearray()
    with subprocess.Popen(command, cwd=code, env=environment, stderr=subprocess.PIPE) as process:
        # The platform tells this process that the job is to stop; the script is the one to act on it.
        signal.signal(signal.SIGTERM, lambda *_: process.send_signal(signal.SIGTERM))
        assert process.stderr is not None
        copier = threading.Thread(target=_copy, args=(process.stderr, last), daemon=True)
        copier.start()
        status = process.wait()
        copier.join(timeout=1)  # a process that it left may hold its standard error
    if status:
        status = status if status > 0 else 128 - status
        raise ScriptError(_reason(status, _named(last.decode(errors="replace"), told), shown), status)


def _command(told: Told, code: Path, python: Path) -> list[str]:
    """A package and a Python program are Python's; anything else is a program of the shell's."""
    words = arguments(told)
    if told.program.endswith(".py"):
        if (code / "setup.py").is_file() and "/" not in told.program:
            return [str(python), "-m", told.program.removesuffix(".py"), *words]
        return [str(python), told.program, *words]
    (code / told.program).chmod(0o755)
    return ["/bin/sh", "-c", shlex.join([f"./{told.program}", *words])]


def _copy(source: IO[bytes], last: bytearray) -> None:
    """Pass on what the script says of itself, and keep its end."""
    while block := os.read(source.fileno(), 65536):
        sys.stderr.buffer.write(block)
        sys.stderr.buffer.flush()
        last += block
        del last[:-_KEPT]


def _reason(status: int, said: str, command: str) -> str:
    """As AWS's toolkit reports it; of a long text the end, where the exception is."""
    head, tail = f'ExecuteUserScriptError:\nExitCode {status}\nErrorMessage "', f'"\nCommand "{command[:_COMMAND]}"'
    room = _FAILURE - _AROUND - len(head) - len(tail)
    return head + said.strip()[-room:] + tail


def _named(said: str, told: Told) -> str:
    """With the hosts' names in place of their addresses: libraries know only by these whom they lost."""
    for host in told.resources["hosts"]:
        with contextlib.suppress(OSError):
            said = re.sub(rf"(?<![0-9.]){re.escape(socket.gethostbyname(host))}(?![0-9])", host, said)
    return said


def _write_failure(base: Path, reason: str) -> None:
    """Unless the script said itself what was wrong."""
    file = base / "output" / "failure"
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        file.write_text(reason[:_FAILURE], encoding="utf-8")
