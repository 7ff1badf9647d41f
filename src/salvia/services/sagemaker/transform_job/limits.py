"""The quotas of transform jobs, by AWS's names.

Source: AWS general reference, "Amazon SageMaker endpoints and quotas"; the names as its error messages quote them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salvia.control.quotas import Quota
from salvia.runtimes import instance_types

_GENEROUS = 1_000_000.0  # the machine is its owner's; whoever shares it lowers nothing, but may raise
_TOTAL = Quota("sagemaker", "Number of instances across all transform jobs", _GENEROUS)


def quotas() -> Iterator[Quota]:
    """One for each type, and one for all together."""
    yield _TOTAL
    for name in instance_types.names():
        yield _of(name)


def claims(request: dict[str, Any]) -> dict[Quota, int]:
    """What a transform job takes while it runs."""
    resources = request["TransformResources"]
    count = resources["InstanceCount"]
    return {_of(resources["InstanceType"]): count, _TOTAL: count}


def _of(kind: str) -> Quota:
    return Quota("sagemaker", f"{kind} for transform job usage", _GENEROUS)
