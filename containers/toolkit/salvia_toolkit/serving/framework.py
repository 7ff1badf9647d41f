"""`serve` of a framework's image: the model that a script brings along."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..config import base_directory
from ..cores import usable_cores
from ..script.told import ScriptError
from . import script
from .handler import Handler, Loader
from .main import serve, serve_many


def main(load: Loader, alone: bool = False, parallel: bool = False) -> int:
    """Serve until SIGTERM, and return the exit code: a process for each core, as scripts hold the interpreter.

    `alone`: whether the framework can serve a model that comes without a script, and so many of them; `parallel`:
    whether it has all cores work on a request then, in one process.
    """
    wanted = script.wanted(base_directory())
    if os.environ.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true":
        if alone and not wanted:
            return serve_many(lambda directory: _plain(load, directory))
        return _end("Multi model not supported in script mode. Remove SAGEMAKER_PROGRAM.")
    if not wanted and not alone:
        return _end(
            "The model brings no inference script: put code/inference.py into its archive, or name it by "
            "SAGEMAKER_PROGRAM and SAGEMAKER_SUBMIT_DIRECTORY."
        )
    try:
        if wanted:
            script.prepare(base_directory())
    except ScriptError as problem:
        return _end(str(problem), problem.code)
    return serve(load, 1 if parallel and not wanted else usable_cores())


def _plain(load: Loader, directory: Path) -> Handler:
    """One of many models, which share a process: none of them has a script."""
    if script.brought(directory):
        raise ValueError("A model of a multi-model endpoint is served without its code/inference.py. Leave it out.")
    return load(directory)


def _end(reason: str, code: int = 1) -> int:
    print(f"ERROR: {reason}", file=sys.stderr, flush=True)
    return code
