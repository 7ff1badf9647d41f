"""What the API's model cannot check of a CreateAlgorithm.

Sources: API_CreateAlgorithm, API_TrainingSpecification, API_HyperParameterSpecification, API_InferenceSpecification;
the guide, "Create an Algorithm Resource".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from salvia.core.errors import validation_error
from salvia.images import hyperparameters
from salvia.images.catalogue import Catalogue

from . import profile

Request = dict[str, Any]
# Of an inference container: where a model comes from that no training makes, and what needs a registry.
_NOT_YET = (
    "ImageDigest",
    "ModelDataUrl",
    "ModelDataSource",
    "ProductId",
    "AdditionalModelDataSources",
    "AdditionalS3DataSource",
    "ModelDataETag",
    "IsCheckpoint",
    "BaseModel",
)


def check(request: Request, catalogue: Catalogue) -> None:
    """Raise ValidationException that says what is wrong, or cannot be done yet."""
    unsupported = list(_unsupported(request))
    if unsupported:
        raise validation_error(f"Salvia cannot do this yet: {'; '.join(unsupported)}. Leave it out of the request.")
    training, inference = request["TrainingSpecification"], request.get("InferenceSpecification")
    problems = [*_training(training), *(_inference(inference) if inference else ())]
    if problems:
        raise validation_error(" ".join(problems))
    catalogue.find(training["TrainingImage"])
    for container in inference["Containers"] if inference else ():
        catalogue.find(container["Image"])
    if request.get("ValidationSpecification"):
        _profile(request)


def _unsupported(request: Request) -> Iterator[str]:
    if request.get("CertifyForMarketplace"):
        yield "CertifyForMarketplace, since there is no marketplace here"
    for member in ("TrainingImageDigest", "AdditionalS3DataSource"):
        if request["TrainingSpecification"].get(member):
            yield f"TrainingSpecification.{member}"
    containers = (request.get("InferenceSpecification") or {}).get("Containers") or ()
    if len(containers) > 1:
        yield "an InferenceSpecification of several containers"
    for container in containers:
        for member in _NOT_YET:
            if container.get(member):
                yield f"InferenceSpecification.Containers: {member}"


def _training(specification: Request) -> Iterator[str]:
    declared = specification.get("SupportedHyperParameters") or ()
    metrics = [one["Name"] for one in specification.get("MetricDefinitions") or ()]
    for what, names in (
        ("SupportedHyperParameters", [one["Name"] for one in declared]),
        ("TrainingChannels", [one["Name"] for one in specification["TrainingChannels"]]),
        ("MetricDefinitions", metrics),
    ):
        for name in _repeated(names):
            yield f"{what}: each Name must be unique; '{name}' is there twice."
    for one in declared:
        try:
            hyperparameters.specified(one)
        except ValueError as error:
            yield f"SupportedHyperParameters: {error}."
    if not specification["SupportedTrainingInstanceTypes"]:
        yield "SupportedTrainingInstanceTypes is empty: no job could use the algorithm."
    for objective in specification.get("SupportedTuningJobObjectiveMetrics") or ():
        if objective["MetricName"] not in metrics:
            yield f"SupportedTuningJobObjectiveMetrics: '{objective['MetricName']}' is none of MetricDefinitions."


def _inference(specification: Request) -> Iterator[str]:
    for container in specification["Containers"]:
        if not container.get("Image"):
            yield "InferenceSpecification: its container needs an Image."


def _profile(request: Request) -> None:
    """The jobs must be such as the algorithm supports: else they would fail, and later."""
    profile.training(request, "")
    transform, inference = profile.of(request).get("TransformJobDefinition"), request.get("InferenceSpecification")
    if not transform:
        return
    if not inference:
        raise validation_error("TransformJobDefinition needs an InferenceSpecification, whose container it runs.")
    for member, value, supported in (
        ("InstanceType", transform["TransformResources"]["InstanceType"], "SupportedTransformInstanceTypes"),
        ("ContentType", transform["TransformInput"].get("ContentType"), "SupportedContentTypes"),
        ("Accept", transform["TransformOutput"].get("Accept"), "SupportedResponseMIMETypes"),
    ):
        allowed = inference.get(supported)
        if value and allowed and not {value, value.partition(";")[0].strip()} & set(allowed):
            raise validation_error(
                f"TransformJobDefinition: the {member} is {value}; {supported} has {', '.join(allowed)}."
            )


def _repeated(names: Iterable[str]) -> list[str]:
    names = list(names)
    return sorted({name for name in names if names.count(name) > 1})
