"""The hosts of a training job: algo-1 … algo-N, over its instance groups.

A job without groups has one, as AWS shows it to programs. Source: the guide, "Train using a heterogeneous cluster";
"How Amazon SageMaker provides training information", resourceconfig.json.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from salvia.store.documents import Document

_ONLY_GROUP = "homogeneousCluster"


@dataclass(frozen=True, slots=True)
class Host:
    """`kind` is its instance type."""

    name: str
    kind: str
    group: str


def hosts(job: Document) -> list[Host]:
    """Every host, in order: group after group."""
    found: list[Host] = []
    for group in groups(job.spec["ResourceConfig"]):
        for _ in range(group["InstanceCount"]):
            found.append(Host(f"algo-{len(found) + 1}", group["InstanceType"], group["InstanceGroupName"]))
    return found


def groups(resources: dict[str, Any]) -> list[dict[str, Any]]:
    """The instance groups of a ResourceConfig, in the model's words."""
    return resources.get("InstanceGroups") or [
        {
            "InstanceGroupName": _ONLY_GROUP,
            "InstanceType": resources["InstanceType"],
            "InstanceCount": resources.get("InstanceCount", 1),
        }
    ]


def counts(resources: dict[str, Any]) -> Counter[str]:
    """How many instances of each type."""
    found: Counter[str] = Counter()
    for group in groups(resources):
        found[group["InstanceType"]] += group["InstanceCount"]
    return found


def resource_config(every: list[Host], host: Host) -> dict[str, Any]:
    """resourceconfig.json of one host."""
    members: dict[str, list[Host]] = {}
    for one in every:
        members.setdefault(one.group, []).append(one)
    return {
        "current_host": host.name,
        "current_instance_type": host.kind,
        "current_group_name": host.group,
        "hosts": [one.name for one in every],
        "instance_groups": [
            {"instance_group_name": name, "instance_type": of[0].kind, "hosts": [one.name for one in of]}
            for name, of in members.items()
        ],
        "network_interface_name": "lo",
    }
