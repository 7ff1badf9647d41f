"""`serve`: the model server, for the algorithm's own models or with a user's inference script."""

from __future__ import annotations

import os
import sys

from salvia_toolkit.cores import usable_cores
from salvia_toolkit.script.told import ScriptError
from salvia_toolkit.serving import script
from salvia_toolkit.serving.main import base_directory, serve, serve_many

from . import loading


def main() -> int:
    """Serve until SIGTERM, and return the exit code.

    Scripts and batch transforms have a process for each core: they work long on a request, and hold the interpreter.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # see train.py
    many = os.environ.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true"
    if many and os.environ.get("SAGEMAKER_PROGRAM"):
        print("ERROR: Multi model not supported in script mode. Remove SAGEMAKER_PROGRAM.", file=sys.stderr, flush=True)
        return 1
    if many:
        return serve_many(loading.boosters)
    if script.wanted(base_directory()):
        try:
            script.prepare(base_directory())
        except ScriptError as problem:
            print(f"ERROR: {problem}", file=sys.stderr, flush=True)
            return problem.code
        return serve(loading.script, usable_cores())
    return serve(loading.boosters, usable_cores() if os.environ.get("SAGEMAKER_BATCH") else 1)


if __name__ == "__main__":
    sys.exit(main())
