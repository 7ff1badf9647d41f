"""What the model cannot check of a CreateTrainingJob: what its members mean together."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from salvia.core.errors import validation_error

Request = dict[str, Any]
DAY = 86_400  # seconds: the default of MaxRuntimeInSeconds; API_StoppingCondition


def program(specification: Request) -> None:
    """Either an image or an algorithm. Source: API_AlgorithmSpecification, "mutually exclusive"."""
    if bool(specification.get("TrainingImage")) == bool(specification.get("AlgorithmName")):
        raise validation_error(
            "AlgorithmSpecification needs either a TrainingImage or an AlgorithmName. They are mutually exclusive."
        )


def channels(request: Request) -> None:
    """Channels have names of their own, sources that are URIs, and groups that there are."""
    seen: set[str] = set()
    groups = {group["InstanceGroupName"] for group in request["ResourceConfig"].get("InstanceGroups") or ()}
    for channel in request.get("InputDataConfig") or ():
        name = channel["ChannelName"]
        if name in seen:
            raise validation_error(f"Duplicate channel name '{name}' in InputDataConfig. Channel names must be unique.")
        seen.add(name)
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise validation_error(f"Channel '{name}': DataSource needs an S3DataSource.")
        uri(f"Channel '{name}': S3Uri", source["S3Uri"])
        unknown = sorted(set(source.get("InstanceGroupNames") or ()) - groups)
        if unknown:
            raise validation_error(
                f"Channel '{name}': InstanceGroupNames names {', '.join(unknown)}. ResourceConfig.InstanceGroups has "
                f"{', '.join(sorted(groups)) or 'none'}."
            )


def uri(where: str, text: str) -> None:
    """An S3 URI, as far as can be seen."""
    parts = urlsplit(text)
    if parts.scheme not in ("s3", "https") or not parts.netloc:
        raise validation_error(f"{where}: '{text}' is not an S3 URI. It reads s3://bucket/prefix.")


def resources(request: Request) -> None:
    """Either one type of instance, or groups; and what warm pools cannot be used with.

    Source: the guide, "Train using a heterogeneous cluster", "Train using SageMaker managed warm pools".
    """
    config = request["ResourceConfig"]
    groups = config.get("InstanceGroups")
    if config.get("KeepAlivePeriodInSeconds"):
        if groups:
            raise validation_error("SageMaker Managed Warm Pools cannot be used with heterogeneous cluster training.")
        if request.get("EnableManagedSpotTraining"):
            raise validation_error("SageMaker Managed Warm Pools cannot be used with spot instances.")
    if not groups:
        if not config.get("InstanceType") or config.get("InstanceCount", 1) < 1:
            raise validation_error("ResourceConfig needs an InstanceType and an InstanceCount of at least 1.")
        return
    if config.get("InstanceType") or config.get("InstanceCount"):
        raise validation_error(
            "ResourceConfig has InstanceGroups, and InstanceType or InstanceCount. They are mutually exclusive: use "
            "InstanceGroups for a heterogeneous cluster, the others for a homogeneous one."
        )
    names = [group["InstanceGroupName"] for group in groups]
    if len(set(names)) < len(names):
        raise validation_error("ResourceConfig.InstanceGroups: each InstanceGroupName must be unique.")
    if any(group["InstanceCount"] < 1 for group in groups):
        raise validation_error("ResourceConfig.InstanceGroups: each group needs an InstanceCount of at least 1.")


def with_defaults(config: Request) -> Request:
    """A ResourceConfig as Describe shows it."""
    return dict(config) if config.get("InstanceGroups") else {"InstanceCount": 1, **config}


def stopping_condition(request: Request) -> None:
    """MaxWaitTimeInSeconds belongs to managed spot training. Source: API_StoppingCondition; AWS's own sentences."""
    condition = request.get("StoppingCondition") or {}
    wait = condition.get("MaxWaitTimeInSeconds")
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            raise validation_error(
                "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
            )
    elif wait is None or wait < condition.get("MaxRuntimeInSeconds", DAY):
        raise validation_error(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
        )
