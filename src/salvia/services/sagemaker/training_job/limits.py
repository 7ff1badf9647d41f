"""The quotas of training jobs, by AWS's names.

Source: AWS general reference, "Amazon SageMaker endpoints and quotas"; the names as its error messages quote them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salvia.control.quotas import Quota
from salvia.runtimes import instance_types

from .hosts import counts

_GENEROUS = 1_000_000.0  # the machine is its owner's; whoever shares it lowers nothing, but may raise
_TOTAL = Quota("sagemaker", "Number of instances across all training jobs", _GENEROUS)


def quotas() -> Iterator[Quota]:
    """One for each type and use, and one for all together."""
    yield _TOTAL
    for name in instance_types.names():
        for usage in ("training job", "spot training job", "training warm pool"):
            yield _of(name, usage)


def claims(request: dict[str, Any]) -> dict[Quota, int]:
    """What a training job takes while it runs."""
    usage = "spot training job" if request.get("EnableManagedSpotTraining") else "training job"
    found = counts(request["ResourceConfig"])
    return {**{_of(kind, usage): count for kind, count in sorted(found.items())}, _TOTAL: found.total()}


def pool_claims(resources: dict[str, Any]) -> dict[Quota, int]:
    """What a warm pool takes while it is kept."""
    return {_of(kind, "training warm pool"): count for kind, count in sorted(counts(resources).items())}


def _of(kind: str, usage: str) -> Quota:
    return Quota("sagemaker", f"{kind} for {usage} usage", _GENEROUS)
