"""What an algorithm lets a training job ask for, and brings to it; and to a package of the model that it made.

Sources: API_TrainingSpecification, API_ChannelSpecification, API_HyperParameterSpecification,
API_AlgorithmSpecification, API_SourceAlgorithm.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salvia.core.errors import validation_error
from salvia.images import hyperparameters

from . import crud
from .call import Call

Request = dict[str, Any]
# Beside the hyperparameters that it declares, an algorithm is given what the tuner adds.
_RESERVED = ("_tuning",)


def chosen(call: Call, name: str) -> Request:
    """The spec of the algorithm of that name, or ARN. Raises ValidationException while it is not Completed."""
    algorithm = crud.find(call, call.world.dispatch.resources["sagemaker:Algorithm"], name)
    if algorithm.state != "Completed":
        raise validation_error(
            f"The algorithm {algorithm.arn} cannot be used: its AlgorithmStatus is {algorithm.state}, and must be "
            "Completed. DescribeAlgorithm says why, in AlgorithmStatusDetails."
        )
    return algorithm.spec


def packaged(call: Call, source: Request) -> Request:
    """The InferenceSpecification of a SourceAlgorithm: the algorithm's own, with the data of the model that it made.

    Raises ValidationException for an algorithm without one, and when it is not said where the data are.
    """
    specification: Request | None = chosen(call, source["AlgorithmName"]).get("InferenceSpecification")
    if specification is None:
        raise validation_error(f"The algorithm {source['AlgorithmName']} has no InferenceSpecification.")
    if source.get("ModelDataETag"):
        raise validation_error("Salvia cannot do this yet: ModelDataETag. Leave it out of the request.")
    data = {member: source[member] for member in ("ModelDataUrl", "ModelDataSource") if source.get(member)}
    if not data:
        raise validation_error("SourceAlgorithms needs the ModelDataUrl or ModelDataSource of a model.")
    (container,) = specification["Containers"]
    return {**specification, "Containers": [{**container, **data}]}


def applied(specification: Request, request: Request) -> Request:
    """A CreateTrainingJob with what the algorithm brings: its metrics, and defaults of hyperparameters.

    Raises ValidationException that names everything which the algorithm does not support.
    """
    declared = [hyperparameters.specified(one) for one in specification.get("SupportedHyperParameters") or ()]
    defaults = {one.name: one.default for one in declared if one.default is not None}
    given = {**defaults, **(request.get("HyperParameters") or {})}
    problems = [
        *hyperparameters.check(declared, given, _RESERVED),
        *_channels(specification, request),
        *_resources(specification, request["ResourceConfig"]),
    ]
    if problems:
        raise validation_error(f"The algorithm does not support this: {'; '.join(problems)}.")
    metrics = specification.get("MetricDefinitions")
    brought = {"MetricDefinitions": metrics} if metrics else {}
    filled = {**request, "AlgorithmSpecification": {**brought, **request["AlgorithmSpecification"]}}
    return {**filled, "HyperParameters": given} if given else filled


def _channels(specification: Request, request: Request) -> Iterator[str]:
    supported = {one["Name"]: one for one in specification["TrainingChannels"]}
    channels = {one["ChannelName"]: one for one in request.get("InputDataConfig") or ()}
    for name, one in supported.items():
        if one.get("IsRequired") and name not in channels:
            yield f"it requires the channel '{name}'"
    for name, channel in channels.items():
        if name not in supported:
            yield f"it has no channel '{name}', but {_any_of(supported)}"
            continue
        one = supported[name]
        mode = channel.get("InputMode") or request["AlgorithmSpecification"]["TrainingInputMode"]
        if mode not in one["SupportedInputModes"]:
            yield f"channel '{name}': the input mode is {mode}, not {_any_of(one['SupportedInputModes'])}"
        kind = channel.get("ContentType")
        kinds = one["SupportedContentTypes"]
        # A parameter (`text/csv;label_size=0`) says more of a type that is supported.
        if kind and kinds and not {kind, kind.partition(";")[0].strip()} & set(kinds):
            yield f"channel '{name}': the ContentType is {kind}, not {_any_of(kinds)}"
        compression = channel.get("CompressionType") or "None"
        if compression != "None" and compression not in (one.get("SupportedCompressionTypes") or ()):
            yield f"channel '{name}': CompressionType {compression}"


def _resources(specification: Request, config: Request) -> Iterator[str]:
    groups = config.get("InstanceGroups") or [config]
    supported = specification["SupportedTrainingInstanceTypes"]
    for kind in sorted({str(group.get("InstanceType")) for group in groups} - set(supported)):
        yield f"the instance type {kind}; it runs on {', '.join(supported)}"
    count = sum(group.get("InstanceCount", 1) for group in groups)
    if count > 1 and specification.get("SupportsDistributedTraining") is False:
        yield f"{count} instances; it has no distributed training"


def _any_of(names: Any) -> str:
    return " or ".join(names) or "any"
