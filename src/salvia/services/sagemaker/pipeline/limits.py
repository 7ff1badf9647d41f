"""The quotas of pipelines. Source: AWS general reference, "Amazon SageMaker endpoints and quotas"."""

from __future__ import annotations

from collections.abc import Iterator

from salvia.control.quotas import Quota, values
from salvia.store.db import Reader

from .checks import MOST_STEPS

_STEPS = Quota("sagemaker", MOST_STEPS, 50, "Steps")


def quotas() -> Iterator[Quota]:
    """How many steps a definition may have."""
    yield _STEPS


def most_steps(db: Reader, account: str, region: str) -> int:
    """The same, of an account."""
    return int(values(db, account, region).get(_STEPS.code, _STEPS.default))
