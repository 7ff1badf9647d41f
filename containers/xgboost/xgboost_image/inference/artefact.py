"""The boosters of a model's folder.

XGBoost's own formats are data. A pickle is a program, which whoever made it chose: of those only a bare Booster is
read, as AWS's container of versions 0.72 to 1.2 left it, and nothing that it names besides is imported.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import xgboost

from ..model import NAME

_PICKLE = b"\x80"  # the first byte of protocol 2 and later
_CLASSES = {("xgboost.core", "Booster"): xgboost.Booster, ("builtins", "bytearray"): bytearray}


class ArtefactError(Exception):
    """A folder that cannot be served; the text says which file, and what to do."""


def load(directory: Path) -> list[Any]:
    """The booster, or the several of a cross-validation. Raises ArtefactError."""
    files = sorted(file for file in directory.iterdir() if file.is_file() and not file.name.startswith("."))
    named = [file for file in files if file.name.startswith(NAME)]
    chosen = named or (files if len(files) == 1 else [])
    if not chosen:
        held = ", ".join(file.name for file in files[:10]) or "no file"
        raise ArtefactError(
            f"The model must hold a file {NAME} (or a single file); it holds {held}. Save it as "
            f"booster.save_model('{NAME}'), or bring an inference script with a model_fn."
        )
    return [_booster(file) for file in chosen]


def _booster(file: Path) -> Any:
    content = file.read_bytes()
    if content.startswith(_PICKLE):
        return _unpickled(file, content)
    try:
        booster = xgboost.Booster()
        booster.load_model(bytearray(content))
    except xgboost.core.XGBoostError as problem:
        raise _unreadable(file, problem) from problem
    return booster


def _unpickled(file: Path, content: bytes) -> Any:
    import io

    try:
        found = _Unpickler(io.BytesIO(content)).load()
    except ArtefactError:
        raise
    except Exception as problem:
        raise _unreadable(file, problem) from problem
    if not isinstance(found, xgboost.Booster):
        raise ArtefactError(f"{file.name} is a pickle of {type(found).__name__}, not of a Booster.")
    return found


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _CLASSES[module, name]
        except KeyError:
            raise ArtefactError(
                f"The model is a pickle that asks for {module}.{name}; a pickle can be any program, so only a bare "
                f"xgboost.Booster is read from one. Save the model with booster.save_model('{NAME}'), or bring an "
                "inference script with a model_fn that loads it."
            ) from None


def _unreadable(file: Path, problem: Exception) -> ArtefactError:
    said = str(problem).split("Stack trace")[0].strip().splitlines() or [""]
    return ArtefactError(
        f"{file.name} is not a model that XGBoost {xgboost.__version__} reads: {said[-1].strip()[:300]} A model of "
        "version 1.7 or older must be saved anew by that version: booster.save_model('model.json')."
    )
