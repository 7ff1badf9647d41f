"""What a training job may ask for at AWS and not here yet: refused, never ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from salvia.core.errors import validation_error

Request = dict[str, Any]


def _channels(request: Request) -> Iterator[tuple[str, Request]]:
    for channel in request.get("InputDataConfig") or ():
        yield channel["ChannelName"], channel


def _sources(request: Request) -> Iterator[str]:
    for name, channel in _channels(request):
        source = channel["DataSource"]
        for kind in source:
            if kind != "S3DataSource":
                yield f"channel '{name}': {kind}; only S3DataSource is supported yet"
        s3 = source.get("S3DataSource") or {}
        if s3.get("S3DataType") == "Converse":
            yield f"channel '{name}': S3DataType Converse"
        for member in ("ModelAccessConfig", "HubAccessConfig"):
            if s3.get(member):
                yield f"channel '{name}': {member}"


def _members(request: Request) -> Iterator[str]:
    for member in (
        "VpcConfig",
        "RemoteDebugConfig",
        "InfraCheckConfig",
        "SessionChainingConfig",
        "TensorBoardOutputConfig",
        "DebugRuleConfigurations",
        "ProfilerRuleConfigurations",
        "MlflowConfig",
        "ModelPackageConfig",
        "ServerlessJobConfig",
    ):
        if request.get(member):
            yield member
    if request.get("EnableInterContainerTrafficEncryption") and _several(request["ResourceConfig"]):
        yield "EnableInterContainerTrafficEncryption of several instances"


def _several(config: Request) -> bool:
    """Whether there is any traffic between instances; notebook jobs of the SDKs, which have one, ask to encrypt it."""
    groups = config.get("InstanceGroups") or [config]
    return bool(sum(group.get("InstanceCount", 1) for group in groups) > 1)


def _resources(request: Request) -> Iterator[str]:
    config = request["ResourceConfig"]
    for member in (
        "InstancePreferences",
        "TrainingPlanArn",
        "VolumeKmsKeyId",
        "InstancePlacementConfig",
    ):
        if config.get(member):
            yield f"ResourceConfig.{member}"
    if (request.get("OutputDataConfig") or {}).get("KmsKeyId"):
        yield "OutputDataConfig.KmsKeyId"


def _algorithm(request: Request) -> Iterator[str]:
    if request["AlgorithmSpecification"].get("TrainingImageConfig"):
        yield "AlgorithmSpecification.TrainingImageConfig"


_CHECKS: tuple[Callable[[Request], Iterator[str]], ...] = (
    _algorithm,
    _sources,
    _resources,
    _members,
)


def refuse(request: Request) -> None:
    """Raise ValidationException that names everything in `request` that Salvia cannot do yet."""
    found = [problem for check in _CHECKS for problem in check(request)]
    if found:
        raise validation_error(f"Salvia cannot do this yet: {'; '.join(found)}. Leave it out of the request.")
