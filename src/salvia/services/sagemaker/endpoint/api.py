"""The operations on endpoints: what is asked for is written down, and `lifecycle` does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.core.errors import validation_error
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import ENDPOINT, alarms, checks, deployment, fleets, limits, shown


@operation("CreateEndpoint")
async def create_endpoint(call: Call) -> dict[str, Any]:
    """Accept an endpoint. Source: API_CreateEndpoint.

    Raises ValidationException when the name is taken, the configuration or one of its models does not exist, or
    DeploymentConfig contradicts itself.
    """
    request = call.request
    await _check(call, request.get("DeploymentConfig"))
    spec = {"EndpointName": request["EndpointName"], "EndpointConfigName": request["EndpointConfigName"]}
    status: dict[str, Any] = {"_Replicas": {}, "_Next": 1, "_Generation": 1}
    if request.get("DeploymentConfig"):
        status["LastDeploymentConfig"] = request["DeploymentConfig"]
    tags = {"Tags": request["Tags"]} if request.get("Tags") else {}
    endpoint = crud.new(call, ENDPOINT, {**spec, **tags}, state="Creating", status=status, due=True)

    def take(tx: Transaction, endpoint: Document) -> None:
        fleet = fleets.take(call, tx, request["EndpointConfigName"], 1)
        checks.kinds(None, fleet, request.get("DeploymentConfig"))
        endpoint.status["_Fleets"] = [{**fleet, "share": 1.0, "since": endpoint.created_at}]
        limits.claim(tx, endpoint)
        shown.show(endpoint, [])

    await crud.create(call, ENDPOINT, endpoint, take)
    return {"EndpointArn": endpoint.arn}


@operation("UpdateEndpoint")
async def update_endpoint(call: Call) -> dict[str, Any]:
    """Begin to replace an endpoint's fleet by one of another configuration. Source: API_UpdateEndpoint.

    Raises ValidationException unless the endpoint is InService.
    """
    request = call.request
    if request.get("RetainDeploymentConfig") and request.get("DeploymentConfig"):
        raise validation_error("DeploymentConfig cannot be given together with RetainDeploymentConfig.")
    await _check(call, request.get("DeploymentConfig"))

    def edit(tx: Transaction, endpoint: Document) -> None:
        now = crud.moment(call)
        number = endpoint.status["_Generation"] = endpoint.status["_Generation"] + 1
        new = {**fleets.take(call, tx, request["EndpointConfigName"], number), "since": now}
        if bool(new["async"]) != bool(fleets.fleets(endpoint)[0].get("async")):
            raise validation_error(
                f'Cannot update endpoint "{endpoint.arn}": an asynchronous endpoint stays one, and so does another. '
                "Create an endpoint with that configuration."
            )
        if request.get("RetainAllVariantProperties"):
            excluded = request.get("ExcludeRetainedVariantProperties") or ()
            _retain(fleets.fleets(endpoint)[0], new, {entry["VariantPropertyType"] for entry in excluded})
        config = request.get("DeploymentConfig")
        if request.get("RetainDeploymentConfig"):
            config = endpoint.status.get("LastDeploymentConfig")
        elif config:
            endpoint.status["LastDeploymentConfig"] = config
        checks.kinds(fleets.fleets(endpoint)[0], new, config)
        deployment.begin(endpoint, new, config, now)

    return await _update(call, edit)


@operation("UpdateEndpointWeightsAndCapacities")
async def update_weights_and_capacities(call: Call) -> dict[str, Any]:
    """Change weights and numbers of instances in place. Source: API_UpdateEndpointWeightsAndCapacities.

    Raises ValidationException for a variant that there is not, or unless the endpoint is InService.
    """
    asked = {entry["VariantName"]: entry for entry in call.request["DesiredWeightsAndCapacities"]}

    def edit(tx: Transaction, endpoint: Document) -> None:
        (fleet,) = fleets.fleets(endpoint)
        if not fleet.get("async") and any(entry.get("DesiredInstanceCount") == 0 for entry in asked.values()):
            raise validation_error("DesiredInstanceCount must be at least 1 for a variant of a real-time endpoint.")
        known = {variant["name"]: variant for variant in fleet["variants"]}
        missing = ", ".join(name for name in asked if name not in known)
        if missing:
            raise validation_error(
                f'The variant name(s) "{missing}" is/are not present within endpoint configuration "{fleet["config"]}".'
            )
        for name, entry in asked.items():
            variant = known[name]
            _change(variant, entry)

    return await _update(call, edit)


@operation("DeleteEndpoint")
async def delete_endpoint(call: Call) -> dict[str, Any]:
    """End an endpoint, whatever it is doing; asking again changes nothing. Source: API_DeleteEndpoint."""

    def edit(endpoint: Document) -> None:
        endpoint.state = "Deleting"

    await crud.change(call, ENDPOINT, call.request["EndpointName"], edit, wake=True)
    return {}


async def _update(call: Call, edit: Callable[[Transaction, Document], None]) -> dict[str, Any]:
    """Change an endpoint that is in service; `lifecycle` goes on from there."""

    def begin(tx: Transaction, endpoint: Document) -> None:
        edit(tx, endpoint)
        limits.claim(tx, endpoint)
        endpoint.state = "Updating"
        endpoint.status.pop("FailureReason", None)

    endpoint = await crud.change(call, ENDPOINT, call.request["EndpointName"], _in_service, begin, wake=True)
    return {"EndpointArn": endpoint.arn}


async def _check(call: Call, config: dict[str, Any] | None) -> None:
    checks.deployment(config)
    await alarms.exist(call, checks.alarms(config))


def _in_service(endpoint: Document) -> None:
    if endpoint.state in ("Creating", "Updating", "RollingBack", "SystemUpdating"):
        raise validation_error(f'Cannot update in-progress endpoint "{endpoint.arn}".')
    if endpoint.state != "InService":
        raise validation_error(
            f'Cannot update endpoint "{endpoint.arn}": its status is {endpoint.state}. Delete it, and create it again.'
        )


def _change(variant: fleets.Variant, entry: dict[str, Any]) -> None:
    """Ask for another weight and capacity; what was before is kept in case they cannot be had."""
    of, serverless = f"Variant {variant['name']}", variant["type"] == fleets.SERVERLESS
    if serverless and entry.get("DesiredInstanceCount") is not None:
        raise validation_error(f"{of} is serverless: it has a ServerlessUpdateConfig, and no DesiredInstanceCount.")
    variant["before"] = {name: variant.get(name) for name in ("desired", "weight", "serverless")}
    variant["desired"] = entry.get("DesiredInstanceCount", variant["desired"])
    variant["weight"] = entry.get("DesiredWeight", variant["weight"])
    update = entry.get("ServerlessUpdateConfig")
    if update is None:
        return
    if not serverless:
        raise validation_error(f"{of} has instances: ServerlessUpdateConfig is for serverless variants.")
    config = variant["serverless"] = {**variant["serverless"], **update}
    if config.get("ProvisionedConcurrency", 0) > config["MaxConcurrency"]:
        raise validation_error(
            f"ProvisionedConcurrency of {of.lower()} should be less than or equal to MaxConcurrency: "
            f"{config['ProvisionedConcurrency']} is more than {config['MaxConcurrency']}."
        )


def _retain(old: fleets.Fleet, new: fleets.Fleet, excluded: set[str]) -> None:
    """Variants that go on keep what was changed of them. Source: API_UpdateEndpoint, RetainAllVariantProperties."""
    before = {variant["name"]: variant for variant in old["variants"]}
    for variant in new["variants"]:
        known = before.get(variant["name"])
        if known is None:
            continue
        if "DesiredInstanceCount" not in excluded and fleets.SERVERLESS not in (known["type"], variant["type"]):
            variant["desired"] = known["desired"]
        if "DesiredWeight" not in excluded:
            variant["weight"] = variant["in_force"] = known["weight"]
    if "DataCaptureConfig" not in excluded:
        new["capture"] = old["capture"]
