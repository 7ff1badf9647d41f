"""What a notebook job is told: variables that begin with SM_."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .failure import JobError

_VERSION = "1.0"
_CHANNEL = "sagemaker_headless_execution"  # that of jobs which name no SM_EXECUTION_INPUT_PATH


@dataclass(frozen=True, slots=True)
class Told:
    """`folder` holds the notebook and what else was uploaded with it; the notebook runs there.

    `lifecycle` is a script that runs by itself, `script` one whose variables the notebook sees. `formats` are those of
    nbconvert in which the output is written, too.
    """

    base: Path
    folder: Path
    notebook: Path
    kernel: str
    output: Path
    lifecycle: str
    script: str
    formats: tuple[str, ...]

    @property
    def results(self) -> Path:
        """What becomes output.tar.gz."""
        return self.output.parent


def read(base: Path, environment: Mapping[str, str] = os.environ) -> Told:
    """What the environment says. Raises JobError."""
    version = environment.get("SM_JOB_DEF_VERSION")
    if version != _VERSION:
        raise JobError(
            "checking sagemaker job definition version",
            f"SM_JOB_DEF_VERSION is {version!r}; this image knows version {_VERSION}.",
        )
    needed = {}
    for name in ("SM_INPUT_NOTEBOOK_NAME", "SM_OUTPUT_NOTEBOOK_NAME", "SM_KERNEL_NAME"):
        needed[name] = environment.get(name, "")
        if not needed[name]:
            raise JobError("Prepare the input notebook", f"The job's Environment lacks {name}.")
    # A job whose base is elsewhere than /opt/ml finds its channels there, too.
    where = environment.get("SM_EXECUTION_INPUT_PATH") or f"/opt/ml/input/data/{_CHANNEL}"
    folder = base / Path(where).relative_to("/opt/ml") if where.startswith("/opt/ml/") else Path(where)
    notebook = folder / needed["SM_INPUT_NOTEBOOK_NAME"]
    if not notebook.is_file():
        raise JobError("Prepare the input notebook", f"Cannot find input notebook: {notebook}")
    return Told(
        base=base,
        folder=folder,
        notebook=notebook,
        kernel=needed["SM_KERNEL_NAME"],
        output=base / "output" / "data" / output_name(needed["SM_OUTPUT_NOTEBOOK_NAME"]),
        lifecycle=environment.get("SM_LCC_INIT_SCRIPT", ""),
        script=environment.get("SM_INIT_SCRIPT", ""),
        formats=tuple(filter(None, environment.get("SM_OUTPUT_FORMATS", "").split(","))),
    )


def output_name(name: str) -> str:
    """As AWS's image names it, since a pipeline's variables bring times: no point or colon but the extension's."""
    return re.sub(r"-*ipynb$", ".ipynb", re.sub(r"[.:/]", "-", name))
