"""An agent reduced to what a runtime sees of one: `python -m salvia.testing.stand_in SPEC.json`.

It appends to the file that SPEC's `record` names: `agent PID`, `program PID`, `ended CODE OOM_KILLS`; what
the program prints goes to `RECORD.HOST.log`. SIGTERM is passed on to the program, as the real agent does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from salvia.agent.descendants import main_process
from salvia.agent.program import oom_kills


def main() -> None:
    """One instance, from SPEC to end."""
    spec: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    program, record = spec["program"], Path(spec["record"])
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    note(record, f"agent {os.getpid()}")
    with record.with_name(f"{record.name}.{spec['host']}.log").open("ab") as output:
        outside, words = program.get("outside"), 9
        if outside is not None:
            os.dup2(environment(program["environment"]), words)
        child = subprocess.Popen(
            program["argv"],
            env=program["environment"] if outside is None else outside,
            pass_fds=() if outside is None else (words,),
            cwd=program["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    note(record, f"program {child.pid}")
    while child.poll() is None:
        if stopping and (main := main_process(child.pid)) is not None:
            stopping = False
            os.kill(main, signal.SIGTERM)
        time.sleep(0.005)
    events = program["cgroup_events"]
    note(record, f"ended {child.returncode} {oom_kills(events[0] if events else None)}")


def environment(variables: dict[str, str]) -> int:
    """A descriptor with the program's variables, as `agent.spec.Program` says."""
    with tempfile.TemporaryFile() as file:
        file.write(b"".join(b"--setenv\0%b\0%b\0" % (os.fsencode(n), os.fsencode(v)) for n, v in variables.items()))
        file.seek(0)
        return os.dup(file.fileno())


def note(record: Path, line: str) -> None:
    """Add a line in one write, so that several agents can share a record."""
    with record.open("ab", buffering=0) as file:
        file.write(line.encode() + b"\n")


if __name__ == "__main__":
    main()
