"""What a serverless variant may have, and what it excludes.

Sources: API_ProductionVariantServerlessConfig; developer guide, "Deploy models with Amazon SageMaker Serverless
Inference", "Feature exclusions".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salvia.control import containers
from salvia.core.errors import validation_error
from salvia.store.documents import Document

Request = dict[str, Any]
_MEMORY = tuple(1024 * size for size in range(1, 7))
# Of a variant: what says which instances, or how requests are spread over them.
_INSTANCES = ("InitialInstanceCount", "InstanceType", "VolumeSizeInGB", "RoutingConfig", "ManagedInstanceScaling")
_EXCLUDED = {
    "DataCaptureConfig": "data capture",
    "AsyncInferenceConfig": "asynchronous inference",
    "VpcConfig": "VPC configuration",
    "EnableNetworkIsolation": "network isolation",
    "ShadowProductionVariants": "multiple production variants",
}


def check(request: Request) -> None:
    """Raise ValidationException for a configuration with a serverless variant that cannot be."""
    serverless = [variant for variant in request["ProductionVariants"] if variant.get("ServerlessConfig")]
    for problem in (problem for variant in serverless for problem in _problems(request, variant)):
        raise validation_error(problem)


def check_model(variant: Request, model: Document) -> None:
    """Raise ValidationException for a model that a serverless variant cannot have."""
    if variant.get("ServerlessConfig"):
        for what in _unfit(model):
            raise validation_error(_not_supported(f"{what} (model {model.name})"))


def _problems(request: Request, variant: Request) -> Iterator[str]:
    name, config = variant["VariantName"], variant["ServerlessConfig"]
    if config["MemorySizeInMB"] not in _MEMORY:
        sizes = ", ".join(f"{size} MB" for size in _MEMORY)
        yield f"MemorySizeInMB of variant {name}: valid values are in 1 GB increments: {sizes}."
    provisioned = config.get("ProvisionedConcurrency") or 0
    if provisioned > config["MaxConcurrency"]:
        yield (
            f"ProvisionedConcurrency of variant {name} should be less than or equal to MaxConcurrency: {provisioned} "
            f"is more than {config['MaxConcurrency']}."
        )
    for member in _INSTANCES:
        if variant.get(member):
            yield f"The variant {name} has a ServerlessConfig and a {member}. Only one of them can be specified."
    if len(request["ProductionVariants"]) > 1:
        yield _not_supported("multiple production variants")
    for member, what in _EXCLUDED.items():
        if request.get(member):
            yield _not_supported(f"{what} ({member})")


def _unfit(model: Document) -> Iterator[str]:
    if model.spec.get("VpcConfig"):
        yield "VPC configuration"
    if model.spec.get("EnableNetworkIsolation"):
        yield "network isolation"
    parts = containers.of(model)["containers"]
    if len(parts) > 1:
        yield "inference pipelines, or several containers,"
    if any(part["many"] for part in parts):
        yield "multi-model endpoints"


def _not_supported(what: str) -> str:
    return f"Serverless Inference does not support {what}. Leave it out of the request."
