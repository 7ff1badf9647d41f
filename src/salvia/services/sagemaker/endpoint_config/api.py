"""CreateEndpointConfig: variants that name models there are, and ask for nothing that is not built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salvia.control import crud
from salvia.control.authorize import pass_role
from salvia.control.call import Call, operation
from salvia.core.errors import validation_error
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import ENDPOINT_CONFIG, asynchronous, serverless

Request = dict[str, Any]
_OF_VARIANTS = (
    "AcceleratorType",
    "CoreDumpConfig",
    "InstancePools",
    "EnableSSMAccess",
    "ManagedInstanceScaling",
    "InferenceAmiVersion",
    "CapacityReservationConfig",
    "AcceleratorPartitionLayouts",
)
_OF_CONFIGS = (
    "ShadowProductionVariants",
    "ExplainerConfig",
    "KmsKeyId",
    "VpcConfig",
    "EnableNetworkIsolation",
    "MetricsConfig",
    "CrossRegionTrafficConfig",
)


@operation("CreateEndpointConfig")
async def create_endpoint_config(call: Call) -> dict[str, Any]:
    """Keep a configuration. Source: API_CreateEndpointConfig, API_ProductionVariant.

    Raises ValidationException when two variants share a name, a model does not exist, or for what is not built yet.
    """
    request = call.request
    serverless.check(request)
    found = [*_unsupported(request), *asynchronous.unsupported(request)]
    if found:
        raise validation_error(f"Salvia cannot do this yet: {'; '.join(found)}. Leave it out of the request.")
    names = [variant["VariantName"] for variant in request["ProductionVariants"]]
    if len(set(names)) < len(names):
        raise validation_error("Each VariantName of an endpoint configuration must be unique.")
    for variant in request["ProductionVariants"]:
        _check(variant)
    asynchronous.check(request)
    if request.get("ExecutionRoleArn"):
        pass_role(call, request["ExecutionRoleArn"], to="sagemaker.amazonaws.com")
    spec = {
        **request,
        "ProductionVariants": [{"InitialVariantWeight": 1.0, **variant} for variant in request["ProductionVariants"]],
    }

    def exist(tx: Transaction, config: Document) -> None:
        for variant in request["ProductionVariants"]:
            model = crud.look_up(call, call.world.dispatch.resources["sagemaker:Model"], variant["ModelName"], tx)
            serverless.check_model(variant, model)

    config = await crud.create(call, ENDPOINT_CONFIG, crud.new(call, ENDPOINT_CONFIG, spec), exist)
    return {"EndpointConfigArn": config.arn}


def _unsupported(request: Request) -> Iterator[str]:
    for member in _OF_CONFIGS:
        if request.get(member):
            yield member
    if (request.get("DataCaptureConfig") or {}).get("KmsKeyId"):
        yield "DataCaptureConfig.KmsKeyId"
    for variant in request["ProductionVariants"]:
        for member in _OF_VARIANTS:
            if variant.get(member):
                yield f"{member} of variant {variant['VariantName']}"
        routing = variant.get("RoutingConfig") or {}
        if routing.get("RoutingStrategy") in ("PREFIX_AWARE", "KV_AWARE"):
            yield f"RoutingStrategy {routing['RoutingStrategy']} of variant {variant['VariantName']}"
        if routing.get("PrefixAwareRoutingConfig"):
            yield f"PrefixAwareRoutingConfig of variant {variant['VariantName']}"
        if not variant.get("ModelName"):
            yield f"variant {variant['VariantName']} without a ModelName, for inference components"


def _check(variant: Request) -> None:
    if variant.get("ServerlessConfig"):
        return
    for member in ("InitialInstanceCount", "InstanceType"):
        if not variant.get(member):
            raise validation_error(f"The variant {variant['VariantName']} needs an {member}.")
