"""Why a notebook job failed, in the form of AWS's image."""

from __future__ import annotations

import os
from pathlib import Path

LOG = "sagemaker_job_execution.log"
_LONGEST = 950  # characters; the platform adds some, and shows 1,024


class JobError(Exception):
    """The job cannot go on with `step`; the text says why."""

    def __init__(self, step: str, text: str) -> None:
        super().__init__(text)
        self.step = step


def write(base: Path, output: str, problem: JobError) -> None:
    """Leave it in output/failure, unless the reason is there already.

    Its first word says which of input, output and log there are: AWS's clients offer them for download.
    """
    file, results = base / "output" / "failure", base / "output" / "data"
    if file.exists():
        return
    names = (os.environ.get("SM_INPUT_NOTEBOOK_NAME"), output, LOG)
    there = "".join("1" if name and (results / name).is_file() else "0" for name in names)
    file.write_text(f"[SM-{there}] Error with {problem.step}\n{problem}"[:_LONGEST], encoding="utf-8")
