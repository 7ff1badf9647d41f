"""What DescribeEndpoint shows of an endpoint's fleets. Source: API_DescribeEndpoint, API_ProductionVariantSummary."""

from __future__ import annotations

from typing import Any

from salvia.store.documents import Document

from .fleets import SERVERLESS, Fleet, Variant, fleets, required, wanted
from .replicas import Seen, State

_STAGES = {"provision": "Creating", "bake": "Baking", "terminate": "Deleting"}


def show(endpoint: Document, found: list[Seen]) -> None:
    """Put into its status what a description has."""
    serving, *pending = fleets(endpoint)
    update = endpoint.status.get("_Update")
    endpoint.status["ProductionVariants"] = [
        _summary(endpoint, serving, variant, found, _status(endpoint, variant)) for variant in serving["variants"]
    ]
    capture = serving["capture"]
    if capture is not None:
        endpoint.status["DataCaptureConfig"] = _capture(capture)
    else:
        endpoint.status.pop("DataCaptureConfig", None)
    if serving.get("async"):
        endpoint.status["AsyncInferenceConfig"] = serving["async"]
    if not pending or update is None:
        endpoint.status.pop("PendingDeploymentSummary", None)
        return
    new = pending[0]
    stage = "Deleting" if "back" in update else _STAGES[update["stage"]]
    endpoint.status["PendingDeploymentSummary"] = {
        "EndpointConfigName": new["config"],
        "StartTime": update["began"],
        "ProductionVariants": [
            {**_type(variant), **_summary(endpoint, new, variant, found, stage)} for variant in new["variants"]
        ],
    }


def _status(endpoint: Document, variant: Variant) -> str | None:
    if endpoint.state in ("Creating", "Updating", "RollingBack"):
        return "Creating" if endpoint.state == "Creating" else "Updating"
    return None


def _summary(
    endpoint: Document, fleet: Fleet, variant: Variant, found: list[Seen], status: str | None
) -> dict[str, Any]:
    own = [
        seen for seen in found if (seen.replica["fleet"], seen.replica["variant"]) == (fleet["name"], variant["name"])
    ]
    serving = sum(seen.up and seen.state is State.SERVING for seen in own)
    summary: dict[str, Any] = {
        "VariantName": variant["name"],
        "DeployedImages": [
            {
                "SpecifiedImage": container["image"],
                "ResolvedImage": container["image"],
                "ResolutionTime": fleet["since"],
            }
            for container in variant["containers"]
        ],
        "CurrentWeight": variant["in_force"],
        "DesiredWeight": variant["weight"],
        **_capacity(endpoint, variant, serving),
    }
    if variant["routing"]:
        summary["RoutingConfig"] = variant["routing"]
    if not status and endpoint.state == "InService" and serving < required(variant):
        status = "Updating"  # one that died is being replaced
    if status:
        said = variant.get("waits") or variant.get("crashes", {}).get("reason")
        summary["VariantStatus"] = [
            {"Status": status, "StartTime": endpoint.modified_at, **({"StatusMessage": said[:1024]} if said else {})}
        ]
    return summary


def _type(variant: Variant) -> dict[str, str]:
    return {} if variant["type"] == SERVERLESS else {"InstanceType": variant["type"]}


def _capacity(endpoint: Document, variant: Variant, serving: int) -> dict[str, Any]:
    if variant["type"] == SERVERLESS:
        desired = variant["serverless"]
        return {
            "CurrentServerlessConfig": variant.get("before", variant)["serverless"],
            "DesiredServerlessConfig": desired,
        }
    desired = wanted(variant) if endpoint.state != "Failed" else variant["desired"]
    return {"CurrentInstanceCount": serving, "DesiredInstanceCount": desired}


def _capture(capture: dict[str, Any]) -> dict[str, Any]:
    enabled = bool(capture.get("EnableCapture"))
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
