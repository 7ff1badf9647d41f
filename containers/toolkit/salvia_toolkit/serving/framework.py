"""`serve` of a framework's image: the model that a script brings along."""

from __future__ import annotations

import os
import sys

from ..config import base_directory
from ..cores import usable_cores
from ..script.told import ScriptError
from . import script
from .handler import Loader
from .main import serve


def main(load: Loader, alone: bool = False) -> int:
    """Serve until SIGTERM, and return the exit code: a process for each core, as scripts hold the interpreter.

    `alone`: whether the framework can serve a model that comes without a script.
    """
    if os.environ.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true":
        return _end("Multi model not supported in script mode. Remove SAGEMAKER_PROGRAM.")
    if not script.wanted(base_directory()) and not alone:
        return _end(
            "The model brings no inference script: put code/inference.py into its archive, or name it by "
            "SAGEMAKER_PROGRAM and SAGEMAKER_SUBMIT_DIRECTORY."
        )
    try:
        if script.wanted(base_directory()):
            script.prepare(base_directory())
    except ScriptError as problem:
        return _end(str(problem), problem.code)
    return serve(load, usable_cores())


def _end(reason: str, code: int = 1) -> int:
    print(f"ERROR: {reason}", file=sys.stderr, flush=True)
    return code
