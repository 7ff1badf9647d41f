"""`serve`: from start to end."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import uvloop

from ..config import base_directory
from ..cores import usable_cores
from .handler import Handler, Loader
from .listener import Listener
from .models import Models
from .predictor import Predictor, failure
from .routes import Routes
from .worker import Worker

_LIMIT = 100 << 20  # bytes of a body, if nobody says otherwise: what a batch transform sends at most


def serve(load: Loader, workers: int = 1) -> int:
    """Serve the model in /opt/ml/model until SIGTERM; returns the exit code. Failing to load it is in the log.

    `workers` is how many processes have the model each, unless SAGEMAKER_MODEL_SERVER_WORKERS says it; a single one
    has it in the server's own process.
    """
    told = os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS", "")
    return uvloop.run(_serve(load, base_directory() / "model", int(told) if told.isdecimal() else workers))


def serve_many(load: Loader) -> int:
    """Serve what POST /models names, of a multi-model endpoint (SAGEMAKER_MULTI_MODEL)."""
    return uvloop.run(_serve_many(load))


async def _serve(load: Loader, directory: Path, workers: int) -> int:
    predictor = Predictor(asyncio.get_running_loop(), _makers(load, directory, workers))
    try:
        await predictor.loaded
    except Exception as problem:
        failure(problem)
        print(f"ERROR: the model cannot be loaded: {problem}", file=sys.stderr, flush=True)
        return 1
    return await _listen(Routes(predictor, _parameters()), predictor.abreast)


async def _serve_many(load: Loader) -> int:
    loop, models = asyncio.get_running_loop(), Models(load)
    predictor = Predictor(loop, [lambda: models.predicting])
    loader = Predictor(loop, [lambda: models.loading], heed=False)  # what is reserved is loaded
    await asyncio.gather(predictor.loaded, loader.loaded)
    routes = Routes(predictor, _parameters())
    routes.serve_many(models, predictor, loader)
    return await _listen(routes)


async def _listen(routes: Routes, abreast: int = 1) -> int:
    limit = int(os.environ.get("SAGEMAKER_MAX_REQUEST_SIZE") or os.environ.get("MAX_CONTENT_LENGTH") or _LIMIT)
    await Listener(routes, limit, abreast).run()
    return 0


def _parameters() -> dict[str, object]:
    """What /execution-parameters says: as AWS's XGBoost container."""
    return {"MaxConcurrentTransforms": usable_cores(), "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}


def _makers(load: Loader, directory: Path, workers: int) -> list[Callable[[], Handler]]:
    if workers <= 1:
        return [lambda: load(directory)]
    threads = max(1, usable_cores() // workers)
    return [lambda: Worker(load, directory, threads)] * workers
