"""The quotas of notebook instances, by AWS's names: what runs counts, what is stopped does not.

Source: AWS general reference, "Amazon SageMaker endpoints and quotas".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from salvia.control.quotas import Quota
from salvia.runtimes import instance_types

_GENEROUS = 1_000_000.0  # the machine is its owner's; whoever shares it lowers nothing, but may raise


def quotas() -> Iterator[Quota]:
    """One for each type."""
    for name in instance_types.names():
        yield _of(name)


def claims(spec: Mapping[str, Any]) -> dict[Quota, int]:
    """What one takes while it runs."""
    return {_of(spec["InstanceType"]): 1}


def _of(kind: str) -> Quota:
    return Quota("sagemaker", f"{kind} for notebook instance usage", _GENEROUS)
