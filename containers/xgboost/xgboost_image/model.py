"""The model artefact: one file, xgboost-model, in XGBoost's own format (UBJSON), which load_model() reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

NAME = "xgboost-model"


def write(booster: Any, file: Path) -> None:
    """Put the booster at `file` in one step: whoever reads it, at any moment, has all of it or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.parent / f".{file.name}.draft"
    with draft.open("wb") as opened:
        opened.write(booster.save_raw("ubj"))
        opened.flush()
        os.fsync(opened.fileno())
    draft.replace(file)


def loaded(content: bytes) -> Any:
    """A booster from what `write` wrote. Raises ValueError when it is not that."""
    import xgboost

    booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(content))
    except xgboost.core.XGBoostError as problem:
        raise ValueError(str(problem).splitlines()[0]) from problem
    return booster
