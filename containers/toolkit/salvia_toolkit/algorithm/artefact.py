"""The model's files, of which neither can hold a program: model.json (algorithm, settings) and model.npz (arrays)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..formats.matrix import Array

VERSION = 1
_SETTINGS, _ARRAYS = "model.json", "model.npz"


@dataclass(frozen=True, slots=True)
class Artefact:
    """A trained model as data."""

    arrays: dict[str, Array]
    settings: dict[str, Any] = field(default_factory=dict)


class ArtefactError(Exception):
    """A folder that cannot be served; the text says why, and what to do."""


def write(artefact: Artefact, algorithm: str, directory: Path) -> None:
    """Put the files into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(directory / _ARRAYS, **artefact.arrays)  # type: ignore[arg-type]
    document = {"algorithm": algorithm, "version": VERSION, "settings": artefact.settings}
    (directory / _SETTINGS).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def read(directory: Path, algorithm: str) -> Artefact:
    """What `write` wrote for the same algorithm. Raises ArtefactError."""
    try:
        document = json.loads((directory / _SETTINGS).read_text(encoding="utf-8"))
        named, version, settings = document["algorithm"], document["version"], document["settings"]
        with np.load(directory / _ARRAYS, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    except FileNotFoundError as problem:
        held = ", ".join(sorted(path.name for path in directory.iterdir())[:10]) or "no file"
        raise ArtefactError(
            f"The model must hold {_SETTINGS} and {_ARRAYS}, as this algorithm's training job leaves them; it holds "
            f"{held}. Models that AWS trained are in a format of their own: train again here."
        ) from problem
    except Exception as problem:  # whatever numpy's readers raise of a file that is none
        raise ArtefactError(
            f"{_SETTINGS} or {_ARRAYS} cannot be read: {type(problem).__name__}: {problem}"
        ) from problem
    if named != algorithm or version != VERSION:
        raise ArtefactError(f"{_SETTINGS} is of {named}, version {version}; this image serves {algorithm}, {VERSION}.")
    return Artefact(arrays, settings)
