"""What an endpoint's document keeps of its fleets and replicas; the lifecycle changes it, nobody else reads it.

A fleet is its configuration and models *as they were* when the endpoint took them: either may be deleted meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salvia.control import containers, crud
from salvia.control.call import Call
from salvia.core.errors import validation_error
from salvia.runtimes.instance_types import InstanceType, instance_type
from salvia.store.db import Reader
from salvia.store.documents import Document

Fleet = dict[str, Any]
Variant = dict[str, Any]
Replica = dict[str, Any]

# API_ProductionVariant has no defaults for them; the guide: "healthy within 4 minutes". A download has its longest.
_DOWNLOAD, _STARTUP = 3600, 240
# Of a serverless variant's. The guide, "Adapt your own inference container": /ping must answer within 3 minutes.
_SERVERLESS_STARTUP = 180
# How long a container may take for an answer. "must respond to requests within 60 seconds"; an asynchronous one's
# longest, API_runtime_InvokeEndpointAsync, InvocationTimeoutSeconds.
_ANSWER, _ASYNC_ANSWER = 60, 3600
SERVERLESS = "serverless"  # in place of an instance type


def take(call: Call, reader: Reader, config_name: str, number: int) -> Fleet:
    """The fleet of a configuration as it is now. Raises ValidationException when it, or a model, does not exist."""
    resources = call.world.dispatch.resources
    config = crud.look_up(call, resources["sagemaker:EndpointConfig"], config_name, reader)
    variants = []
    asynchronous = config.spec.get("AsyncInferenceConfig")
    for variant in config.spec["ProductionVariants"]:
        model = crud.look_up(call, resources["sagemaker:Model"], variant["ModelName"], reader)
        variants.append({**_variant(variant, model), "answer_timeout": _ASYNC_ANSWER if asynchronous else _ANSWER})
    apart = [variant["name"] for variant in variants if variant["invocation"] != "Serial"]
    if asynchronous and apart:
        raise validation_error(
            f"Variant {apart[0]} of {config.name} cannot be asynchronous: InvokeEndpointAsync names no container and "
            "no model, as its requests would have to."
        )
    return {
        "name": f"{config.name}/{number}",
        "config": config.name,
        "capture": config.spec.get("DataCaptureConfig"),
        "async": asynchronous,
        "variants": variants,
    }


def fleets(endpoint: Document) -> list[Fleet]:
    """Its fleets: the one that serves, and the one that is to take over."""
    found: list[Fleet] = endpoint.status["_Fleets"]
    return found


def variants(endpoint: Document) -> Iterator[tuple[Fleet, Variant]]:
    """Every variant of every fleet."""
    for fleet in fleets(endpoint):
        for variant in fleet["variants"]:
            yield fleet, variant


def replicas(endpoint: Document) -> dict[str, Replica]:
    """Its replicas, by their number; a number is never used again."""
    found: dict[str, Replica] = endpoint.status["_Replicas"]
    return found


def wanted(variant: Variant) -> int:
    """How many instances it shall have at this moment: all that are asked for, unless an update goes step by step."""
    target: int | None = variant.get("target")
    return variant["desired"] if target is None else target


def required(variant: Variant) -> int:
    """How many must serve before a change is complete; a serverless variant's others come with the requests."""
    return wanted(variant) if variant["type"] != SERVERLESS else provisioned(variant)


def provisioned(variant: Variant) -> int:
    """How many replicas of a serverless variant are kept warm."""
    return int(variant["serverless"].get("ProvisionedConcurrency", 0)) if variant.get("target") != 0 else 0


def hardware(variant: Variant) -> InstanceType | None:
    """What its instances are made of. A serverless variant's have a core a GB: the guide says that its compute is
    "proportional to the memory you select", and not by which factor."""
    if variant["type"] != SERVERLESS:
        return instance_type(variant["type"])
    gigabytes = variant["serverless"]["MemorySizeInMB"] // 1024
    return InstanceType(SERVERLESS, gigabytes, gigabytes, 0, None, None, None, None)


def _variant(variant: dict[str, Any], model: Document) -> Variant:
    weight, serverless = variant["InitialVariantWeight"], variant.get("ServerlessConfig")
    startup = _SERVERLESS_STARTUP if serverless else _STARTUP
    return {
        "name": variant["VariantName"],
        "type": SERVERLESS if serverless else variant["InstanceType"],
        "serverless": serverless,
        "volume_gb": variant.get("VolumeSizeInGB", 0),
        "desired": 0 if serverless else variant["InitialInstanceCount"],
        "weight": weight,  # that is asked for
        "in_force": weight,
        "strategy": (variant.get("RoutingConfig") or {}).get("RoutingStrategy", "LEAST_OUTSTANDING_REQUESTS"),
        "routing": variant.get("RoutingConfig"),
        "download_timeout": variant.get("ModelDataDownloadTimeoutInSeconds", _DOWNLOAD),
        "provision_timeout": variant.get("VariantInstanceProvisionTimeoutInSeconds"),
        "startup_timeout": variant.get("ContainerStartupHealthCheckTimeoutInSeconds", startup),
        **containers.of(model),
    }
