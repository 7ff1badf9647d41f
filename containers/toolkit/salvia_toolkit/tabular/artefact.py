"""model.json: what the model is of. Beside it lies the library's own file, which the algorithm writes and reads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..algorithm.artefact import ArtefactError
from .problem import Problem
from .table import Features

_NAME = "model.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Described:
    """A trained model, but for the library's own file."""

    problem: Problem
    features: Features
    settings: dict[str, Any] = field(default_factory=dict)


def write(described: Described, algorithm: str, directory: Path) -> None:
    """Put model.json into `directory`."""
    features = described.features
    document = {
        "algorithm": algorithm,
        "version": _VERSION,
        "problem": {"type": described.problem.kind, "labels": described.problem.labels},
        "features": {
            "count": features.count,
            "categories": {str(place): names for place, names in features.categories.items()},
            "texts": features.texts,
        },
        "settings": described.settings,
    }
    (directory / _NAME).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(directory: Path, algorithm: str) -> Described:
    """What `write` wrote for the same algorithm. Raises ArtefactError."""
    try:
        document = json.loads((directory / _NAME).read_text(encoding="utf-8"))
        named, version = document["algorithm"], document["version"]
        problem, features = document["problem"], document["features"]
        described = Described(
            Problem(problem["type"], tuple(problem["labels"])),
            Features(
                features["count"],
                {int(place): tuple(names) for place, names in features["categories"].items()},
                tuple(features["texts"]),
            ),
            document["settings"],
        )
    except FileNotFoundError as missing:
        held = ", ".join(sorted(path.name for path in directory.iterdir())[:10]) or "no file"
        raise ArtefactError(
            f"The model must hold {_NAME}, as this algorithm's training job leaves it; it holds {held}. Models that "
            "AWS trained are in a format of their own: train again here."
        ) from missing
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise ArtefactError(f"{_NAME} cannot be read: {type(problem).__name__}: {problem}") from problem
    if named != algorithm or version != _VERSION:
        raise ArtefactError(f"{_NAME} is of {named}, version {version}; this image serves {algorithm}, {_VERSION}.")
    return described
