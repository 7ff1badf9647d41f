"""The quotas of processing jobs."""

from __future__ import annotations

from typing import Any

from salvia.control.instance_limits import InstanceLimits
from salvia.control.quotas import Quota

_LIMITS = InstanceLimits("processing")
quotas = _LIMITS.quotas


def claims(request: dict[str, Any]) -> dict[Quota, int]:
    """What a processing job takes while it runs."""
    resources = request["ProcessingResources"]["ClusterConfig"]
    return _LIMITS.claims(resources["InstanceType"], resources["InstanceCount"])
