"""Where a container finds what it is told: /opt/ml and the files of input/config.

Source: SageMaker developer guide, "How Amazon SageMaker Provides Training Information".
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def base_directory() -> Path:
    """/opt/ml, or what SAGEMAKER_BASE_DIR puts in its place, as in AWS's own toolkits."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")


def document(file: Path) -> dict[str, Any]:
    """The JSON object in a file, empty if there is no file. Raises ValueError for anything else, naming the file."""
    try:
        found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except ValueError as problem:
        raise ValueError(f"{file.name} is not JSON: {problem}.") from problem
    if not isinstance(found, dict):
        raise ValueError(f"{file.name} must hold a JSON object, not {type(found).__name__}.")
    return found
