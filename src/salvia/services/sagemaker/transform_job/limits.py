"""The quotas of transform jobs."""

from __future__ import annotations

from typing import Any

from salvia.control.instance_limits import InstanceLimits
from salvia.control.quotas import Quota

_LIMITS = InstanceLimits("transform")
quotas = _LIMITS.quotas


def claims(request: dict[str, Any]) -> dict[Quota, int]:
    """What a transform job takes while it runs."""
    resources = request["TransformResources"]
    return _LIMITS.claims(resources["InstanceType"], resources["InstanceCount"])
