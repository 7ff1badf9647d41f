"""A variant's capacity, asked of SageMaker and told to it in the service-linked role, as AWS's service does."""

from __future__ import annotations

from typing import Any, NamedTuple

from salvia.control import errand
from salvia.control.world import World
from salvia.core.errors import ServiceError, validation_error

from .targets import CONCURRENCY, INSTANCES, variant_of

SERVICE = "application-autoscaling.amazonaws.com"
LINKED = "sagemaker.application-autoscaling.amazonaws.com"
_ROLE = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
_SESSION = "AutoScaling-UpdateDesiredCapacity"
NOUNS = {INSTANCES: "desired instance count", CONCURRENCY: "desired provisioned concurrency"}


class Variant(NamedTuple):
    """What SageMaker says of a variant; `busy`: its endpoint is being changed."""

    desired: int
    current: int
    busy: bool
    failed: bool
    asynchronous: bool


def role_arn(account: str) -> str:
    """The service-linked role of an account."""
    return f"arn:aws:iam::{account}:role/aws-service-role/{LINKED}/{_ROLE}"


async def ask(
    world: World, account: str, region: str, service: str, operation: str, request: dict[str, Any]
) -> dict[str, Any]:
    """Call another service in the service-linked role. Raises what that says."""
    caller = errand.in_role(world.db.read(), role_arn(account), _SESSION)
    return await errand.run(world, caller, SERVICE, region, service, operation, request)


async def look(world: World, account: str, region: str, resource: str, dimension: str) -> Variant:
    """The variant of a resource ID. Raises ValidationException when there is none."""
    endpoint, name = variant_of(resource)
    try:
        shown = await ask(world, account, region, "sagemaker", "DescribeEndpoint", {"EndpointName": endpoint})
    except ServiceError as error:
        if error.code != "ValidationException":
            raise
        raise validation_error(f"SageMaker endpoint doesn't exist: {endpoint} ({error.message})") from None
    found = [variant for variant in shown.get("ProductionVariants", ()) if variant["VariantName"] == name]
    if not found:
        raise validation_error(f"SageMaker endpoint {endpoint} has no production variant {name}.")
    variant, status = found[0], shown["EndpointStatus"]
    if dimension == CONCURRENCY:
        if "CurrentServerlessConfig" not in variant:
            raise validation_error(
                f"Variant {name} of endpoint {endpoint} is not serverless: {dimension} is for those."
            )
        current = variant["CurrentServerlessConfig"].get("ProvisionedConcurrency", 0)
        desired = variant.get("DesiredServerlessConfig", {}).get("ProvisionedConcurrency", current)
    else:
        if "CurrentServerlessConfig" in variant:
            raise validation_error(
                f"Variant {name} of endpoint {endpoint} is serverless: it has no instances to count."
            )
        current = variant.get("CurrentInstanceCount", 0)
        desired = variant.get("DesiredInstanceCount", current)
    return Variant(
        desired,
        current,
        status not in ("InService", "Failed", "OutOfService", "UpdateRollbackFailed"),
        status != "InService",
        "AsyncInferenceConfig" in shown,
    )


async def set_capacity(world: World, account: str, region: str, resource: str, dimension: str, to: int) -> None:
    """Tell SageMaker what a variant is to have."""
    endpoint, name = variant_of(resource)
    wanted: dict[str, Any] = {"VariantName": name}
    if dimension == CONCURRENCY:
        wanted["ServerlessUpdateConfig"] = {"ProvisionedConcurrency": to}
    else:
        wanted["DesiredInstanceCount"] = to
    request = {"EndpointName": endpoint, "DesiredWeightsAndCapacities": [wanted]}
    await ask(world, account, region, "sagemaker", "UpdateEndpointWeightsAndCapacities", request)
