"""What the API's model cannot check of a DeploymentConfig. Source: API_DeploymentConfig and what it is made of."""

from __future__ import annotations

from typing import Any

from salvia.core.errors import validation_error

from .fleets import SERVERLESS, Fleet

Request = dict[str, Any]


def deployment(config: Request | None) -> None:
    """Raise ValidationException for a policy that lacks, or has too much of, what its type needs."""
    if config is None:
        return
    blue, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if blue and rolling:
        raise validation_error("DeploymentConfig: BlueGreenUpdatePolicy and RollingUpdatePolicy exclude each other.")
    if blue:
        _blue_green(blue)
    if rolling:
        _size("RollingUpdatePolicy.MaximumBatchSize", rolling["MaximumBatchSize"], 5, 50)
        if rolling.get("RollbackMaximumBatchSize"):
            _size("RollingUpdatePolicy.RollbackMaximumBatchSize", rolling["RollbackMaximumBatchSize"], 1, 100)


def kinds(old: Fleet | None, new: Fleet, config: Request | None) -> None:
    """Raise ValidationException for what cannot be done with serverless variants; of an endpoint that is new, `old` is
    None.

    Sources: developer guide, "Deploy models with Amazon SageMaker Serverless Inference", "Feature exclusions": one may
    become real-time, and never serverless again; "Deployment guardrails for updating models in production": they are
    for asynchronous and real-time inference alone.
    """
    was, becomes = (fleet is not None and _serverless(fleet) for fleet in (old, new))
    if becomes and not was and old is not None:
        raise validation_error("You cannot convert your instance-based, real-time endpoint to a serverless endpoint.")
    routing = ((config or {}).get("BlueGreenUpdatePolicy") or {}).get("TrafficRoutingConfiguration") or {}
    policy = "RollingUpdatePolicy" if (config or {}).get("RollingUpdatePolicy") else routing.get("Type", "ALL_AT_ONCE")
    if (was or becomes) and policy != "ALL_AT_ONCE":
        raise validation_error(
            "Deployment guardrails are available for asynchronous and real-time endpoints only: the traffic of a "
            f"serverless endpoint moves ALL_AT_ONCE, and not by {policy}. Leave DeploymentConfig out of the request."
        )


def _serverless(fleet: Fleet) -> bool:
    return any(variant["type"] == SERVERLESS for variant in fleet["variants"])


def alarms(config: Request | None) -> list[str]:
    """The names of the alarms that roll back."""
    rollback = (config or {}).get("AutoRollbackConfiguration") or {}
    return [alarm["AlarmName"] for alarm in rollback.get("Alarms") or ()]


def _blue_green(policy: Request) -> None:
    traffic = policy["TrafficRoutingConfiguration"]
    where = "BlueGreenUpdatePolicy.TrafficRoutingConfiguration"
    needs = {"ALL_AT_ONCE": None, "CANARY": "CanarySize", "LINEAR": "LinearStepSize"}[traffic["Type"]]
    for member in ("CanarySize", "LinearStepSize"):
        if member == needs and not traffic.get(member):
            raise validation_error(f"{where}: Type {traffic['Type']} needs a {member}.")
        if member != needs and traffic.get(member):
            raise validation_error(f"{where}: Type {traffic['Type']} has no {member}.")
    if needs == "CanarySize":
        _size(f"{where}.CanarySize", traffic["CanarySize"], 1, 50)
    if needs == "LinearStepSize":
        _size(f"{where}.LinearStepSize", traffic["LinearStepSize"], 10, 50)
    timeout = policy.get("MaximumExecutionTimeoutInSeconds")
    waits = policy.get("TerminationWaitInSeconds", 0) + traffic["WaitIntervalInSeconds"]
    if timeout is not None and timeout <= waits:
        raise validation_error(
            "BlueGreenUpdatePolicy: MaximumExecutionTimeoutInSeconds must be larger than the total of "
            f"TerminationWaitInSeconds and WaitIntervalInSeconds, {waits}."
        )


def _size(where: str, size: Request, least: int, most: int) -> None:
    if size["Type"] == "CAPACITY_PERCENT" and not least <= size["Value"] <= most:
        raise validation_error(f"{where}: a CAPACITY_PERCENT is from {least} to {most}; {size['Value']} is not.")
