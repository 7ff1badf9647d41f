"""The quotas of jobs that take instances of one type, by AWS's names.

Source: AWS general reference, "Amazon SageMaker endpoints and quotas"; the names as its error messages quote them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from salvia.runtimes import instance_types

from .quotas import Quota

_GENEROUS = 1_000_000.0  # the machine is its owner's; whoever shares it lowers nothing, but may raise


@dataclass(frozen=True, slots=True)
class InstanceLimits:
    """Those of jobs of a `kind`: "transform", "processing"."""

    kind: str

    def quotas(self) -> Iterator[Quota]:
        """One for each type, and one for all together."""
        yield self._total
        for name in instance_types.names():
            yield self._of(name)

    def claims(self, instance_type: str, count: int) -> dict[Quota, int]:
        """What a job takes while it runs."""
        return {self._of(instance_type): count, self._total: count}

    @property
    def _total(self) -> Quota:
        return Quota("sagemaker", f"Number of instances across all {self.kind} jobs", _GENEROUS)

    def _of(self, instance_type: str) -> Quota:
        return Quota("sagemaker", f"{instance_type} for {self.kind} job usage", _GENEROUS)
