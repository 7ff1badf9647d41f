"""The quotas of apps, by AWS's names.

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
    """What an app takes while it is there."""
    return {_of(spec["ResourceSpec"]["InstanceType"]): 1}


def _of(kind: str) -> Quota:
    return Quota("sagemaker", f"Studio JupyterLab Apps running on {kind} instances", _GENEROUS)
