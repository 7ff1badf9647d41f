"""Checkpoints: the booster so far, kept where the platform copies it to S3, for a job that is interrupted.

Named as AWS's container names them, xgboost-checkpoint.N after round N (from 0).
Source: SageMaker developer guide, "Use Checkpoints in Amazon SageMaker".
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from salvia_toolkit.algorithm.log import warn

from . import model

_STEM = "xgboost-checkpoint"
_KEPT = 5
_PAUSE = 1.0  # s; a round may take a millisecond, and each checkpoint is copied to S3


class Checkpoints:
    """The checkpoints in one directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._next = 0.0
        directory.mkdir(parents=True, exist_ok=True)

    def newest(self) -> tuple[bytes, int]:
        """The last booster that can be read, and how many rounds it has: 0 when there is none."""
        for number in sorted(self._numbers(), reverse=True):
            file = self._file(number)
            content = file.read_bytes()
            try:
                booster = model.loaded(content)
            except ValueError as problem:
                warn(f"Checkpoint {file.name} cannot be read and is passed over: {problem}")
                continue
            return content, booster.num_boosted_rounds()
        return b"", 0

    def due(self) -> bool:
        """Whether the last one is old enough for another."""
        return time.monotonic() >= self._next

    def save(self, booster: Any, round_number: int) -> None:
        """Keep the booster as it is after `round_number`, and of the earlier ones the last few."""
        model.write(booster, self._file(round_number))
        self._next = time.monotonic() + _PAUSE
        for number in sorted(self._numbers())[:-_KEPT]:
            self._file(number).unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        suffixes = (file.suffix[1:] for file in self._directory.glob(f"{_STEM}.*"))
        return [int(suffix) for suffix in suffixes if suffix.isdecimal()]

    def _file(self, number: int) -> Path:
        return self._directory / f"{_STEM}.{number}"
