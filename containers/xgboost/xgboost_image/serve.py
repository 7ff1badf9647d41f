"""`serve`: the model server, for the algorithm's own models or with a user's inference script."""

from __future__ import annotations

import os
import sys

from salvia_toolkit.config import base_directory
from salvia_toolkit.cores import usable_cores
from salvia_toolkit.serving import framework, script
from salvia_toolkit.serving.main import serve, serve_many

from . import loading


def main() -> int:
    """Serve until SIGTERM, and return the exit code.

    Batch transforms have a process for each core, as scripts do: they work long on a request.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # see train.py
    many = os.environ.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true"
    if many and not os.environ.get("SAGEMAKER_PROGRAM"):
        return serve_many(loading.boosters)
    if many or script.wanted(base_directory()):
        return framework.main(loading.script)
    return serve(loading.boosters, usable_cores() if os.environ.get("SAGEMAKER_BATCH") else 1)


if __name__ == "__main__":
    sys.exit(main())
