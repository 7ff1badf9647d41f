"""The notebook itself, in the environment that the job's scripts left: papermill, then nbconvert."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
from jupyter_client.kernelspec import KernelSpecManager
from papermill.exceptions import PapermillExecutionError
from salvia_toolkit import config

from . import failure
from . import told as variables
from .failure import JobError
from .told import Told

_LINES = 8


def main(base: Path) -> int:
    """Run the job's notebook; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    told = variables.read(base)
    try:
        _execute(told)
    except JobError as problem:
        print(problem, flush=True)
        failure.write(base, told.output.name, problem)
        return 1
    finally:
        _convert(told)
    return 0


def _execute(told: Told) -> None:
    """Raises JobError when a cell fails, or there is no such kernel."""
    specs = KernelSpecManager()
    if told.kernel not in specs.find_kernel_specs():
        has = ", ".join(sorted(specs.find_kernel_specs()))
        raise JobError("executing notebook", f"This image has no kernel '{told.kernel}'. It has {has}.")
    language = nbformat.read(told.notebook, nbformat.NO_CONVERT).metadata.get("language_info", {}).get("name")
    try:
        papermill.execute_notebook(
            told.notebook,
            told.output,
            parameters=config.document(told.base / "input" / "config" / "hyperparameters.json"),
            kernel_name=told.kernel,
            language=None if language else specs.get_kernel_spec(told.kernel).language,
            progress_bar=False,
            log_output=True,
        )
    except PapermillExecutionError as error:
        raise JobError("executing notebook", _cell(error)) from error


def _cell(error: PapermillExecutionError) -> str:
    """Which cell failed, of what, and how it begins."""
    source = "\n".join((error.source or "").strip().splitlines()[:_LINES])
    return f'Exception encountered at "In [{error.exec_count}]": {error.ename}: {error.evalue}\nThe cell:\n{source}'


def _convert(told: Told) -> None:
    if told.output.exists():  # a cell that fails leaves all before it
        for form in told.formats:
            subprocess.run([sys.executable, "-m", "nbconvert", "--to", form, str(told.output)], check=True)


if __name__ == "__main__":
    sys.exit(main(config.base_directory()))
