"""`serve`: from start to end."""

from __future__ import annotations

import asyncio
import os
import sys
import traceback
from pathlib import Path

import uvloop

from ..cores import usable_cores
from .handler import Loader
from .listener import Listener
from .predictor import Predictor
from .routes import Routes

_LIMIT = 100 << 20  # bytes of a body, if nobody says otherwise: what a batch transform sends at most


def base_directory() -> Path:
    """/opt/ml, or what SAGEMAKER_BASE_DIR puts in its place, as in AWS's own toolkits."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")


def serve(load: Loader) -> int:
    """Serve the model in /opt/ml/model until SIGTERM; returns the exit code. Failing to load it is in the log."""
    return uvloop.run(_serve(load, base_directory() / "model"))


async def _serve(load: Loader, directory: Path) -> int:
    predictor = Predictor(asyncio.get_running_loop(), [lambda: load(directory)])
    try:
        await predictor.loaded
    except Exception as problem:
        traceback.print_exception(problem)
        print(f"ERROR: the model cannot be loaded: {problem}", file=sys.stderr, flush=True)
        return 1
    parameters = {
        "MaxConcurrentTransforms": usable_cores(),
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": 6,
    }
    limit = int(os.environ.get("SAGEMAKER_MAX_REQUEST_SIZE") or os.environ.get("MAX_CONTENT_LENGTH") or _LIMIT)
    await Listener(Routes(predictor, parameters), limit).run()
    predictor.close()
    return 0
