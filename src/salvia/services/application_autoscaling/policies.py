"""PutScalingPolicy, DescribeScalingPolicies, DeleteScalingPolicy."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from . import capacity, pages, tracking
from .targets import POLICY, check, find, missing, name_of

STEP, TRACKING = "StepScaling", "TargetTrackingScaling"
CONFIGS = {STEP: "StepScalingPolicyConfiguration", TRACKING: "TargetTrackingScalingPolicyConfiguration"}
_TOLD = """
SELECT r.arn AS policy, d.name AS name, d.arn AS arn FROM alarm_references r JOIN documents d ON d.id = r.alarm
WHERE r.arn IN ({}) ORDER BY d.name"""
_MOST_STEPS = 20
_MOST_POLICIES = 50


def find_policy(call: Call, request: Mapping[str, Any], reader: Reader) -> Document | None:
    """The policy of a request."""
    name = name_of(request, request["PolicyName"])
    return documents.find(reader, POLICY.kind, call.account, call.region, name)


@operation("PutScalingPolicy")
async def put_scaling_policy(call: Call) -> dict[str, Any]:
    """Create a policy, or give one another configuration.

    A target tracking policy has alarms of its own, which are made before it. Source: PutScalingPolicy.
    """
    request = call.request
    check(request)
    target = find(call, request, call.db.read())
    known = find_policy(call, request, call.db.read())
    kind = request.get("PolicyType") or (known.spec["PolicyType"] if known is not None else STEP)
    if kind not in CONFIGS:
        raise validation_error(f"Salvia does not forecast: PolicyType is {' or '.join(CONFIGS)}, not {kind}.")
    config = _config(request, kind)
    now, name = crud.moment(call), request["PolicyName"]
    arn = known.arn if known is not None else _arn(call, target, name)
    alarms: dict[str, str] = {}
    if kind == TRACKING:
        alarms = tracking.names(target, name, config)
        await tracking.put(call.world, target, arn, alarms, config)
    shared = {member: request[member] for member in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    spec = {"PolicyName": name, "PolicyType": kind, **shared, CONFIGS[kind]: config}
    made = Document(POLICY.kind, call.account, call.region, name_of(request, name), arn)
    made.created_at = made.modified_at = now

    def work(tx: Transaction) -> dict[str, str]:
        owner = find(call, request, tx)
        policy = find_policy(call, request, tx)
        before: dict[str, str] = {} if policy is None else policy.status.get("Alarms", {})
        if policy is None:
            policy, made.owner = made, owner.id
            if len(documents.owned(tx, owner.id, POLICY.kind)) >= _MOST_POLICIES:
                raise ServiceError("LimitExceededException", f"A target has at most {_MOST_POLICIES} policies.")
        policy.spec, policy.status, policy.modified_at = spec, {"Alarms": alarms}, now
        if policy is made:
            documents.insert(tx, policy)
        else:
            documents.update(tx, policy)
        return {side: alarm for side, alarm in before.items() if alarm not in alarms.values()}

    gone = await call.db.write(work)
    await tracking.delete(call.world, made, gone)
    return {"PolicyARN": arn, "Alarms": _alarms(call.account, call.region, alarms)}


def _config(request: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The configuration for a kind of policy. Raises ValidationException."""
    for other, member in (*CONFIGS.items(), ("PredictiveScaling", "PredictiveScalingPolicyConfiguration")):
        if other != kind and request.get(member) is not None:
            raise validation_error(f"{member} is not for policies of the type {kind}.")
    config: dict[str, Any] | None = request.get(CONFIGS[kind])
    if config is None:
        raise validation_error(f"A policy of the type {kind} needs {CONFIGS[kind]}.")
    if kind == TRACKING:
        tracking.check(config, request["ScalableDimension"])
        return config
    steps = config.get("StepAdjustments", [])
    if config.get("AdjustmentType") is None or not steps:
        raise validation_error("A step scaling policy needs AdjustmentType and StepAdjustments.")
    if len(steps) > _MOST_STEPS:
        raise validation_error(f"A step scaling policy has at most {_MOST_STEPS} step adjustments.")
    if capacity.overlapping(steps):
        raise validation_error("The intervals of step adjustments must not be empty, nor overlap.")
    if "MinAdjustmentMagnitude" in config and config["AdjustmentType"] != "PercentChangeInCapacity":
        raise validation_error("MinAdjustmentMagnitude is for PercentChangeInCapacity alone.")
    if config["AdjustmentType"] == "ExactCapacity" and any(step["ScalingAdjustment"] < 0 for step in steps):
        raise validation_error("With ExactCapacity, ScalingAdjustment must not be negative.")
    return config


def _arn(call: Call, target: Document, name: str) -> str:
    """The same whenever it is made: alarms that were made before a process died belong to the next one's policy."""
    unique = uuid.uuid5(uuid.UUID(target.id), name)
    namespace, resource = target.spec["ServiceNamespace"], target.spec["ResourceId"]
    return (
        f"arn:aws:autoscaling:{call.region}:{call.account}:scalingPolicy:{unique}:resource/{namespace}/{resource}:"
        f"policyName/{name}"
    )


def _alarms(account: str, region: str, alarms: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"AlarmName": name, "AlarmARN": f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"}
        for name in alarms.values()
    ]


def _told(call: Call, arns: list[str]) -> dict[str, list[dict[str, str]]]:
    """The alarms that carry out policies, by the policy's ARN."""
    told: dict[str, list[dict[str, str]]] = {arn: [] for arn in arns}
    marks = {f"a{number}": arn for number, arn in enumerate(arns)}
    rows = call.db.read().all(_TOLD.format(", ".join(f":{mark}" for mark in marks)), marks) if marks else []
    for row in rows:
        told[row["policy"]].append({"AlarmName": row["name"], "AlarmARN": row["arn"]})
    return told


@operation("DescribeScalingPolicies")
async def describe_scaling_policies(call: Call) -> dict[str, Any]:
    """A page of policies. Source: DescribeScalingPolicies."""
    request = call.request
    resources = [request["ResourceId"]] if request.get("ResourceId") else []
    found, more = await pages.page(call, POLICY, resources, request.get("PolicyNames", ()))
    told = _told(call, [policy.arn for policy in found])
    shown = [
        {
            **policy.spec,
            "PolicyARN": policy.arn,
            "CreationTime": policy.created_at,
            "Alarms": _alarms(policy.account, policy.region, policy.status.get("Alarms", {})) or told[policy.arn],
        }
        for policy in found
    ]
    return {"ScalingPolicies": shown, **more}


@operation("DeleteScalingPolicy")
async def delete_scaling_policy(call: Call) -> dict[str, Any]:
    """Delete a policy, and the alarms that the service made for it. Raises ObjectNotFoundException."""
    request = call.request
    check(request)
    absent = missing(request, f"scaling policy {request['PolicyName']}")
    policy = find_policy(call, request, call.db.read())
    if policy is None:
        raise absent
    await tracking.delete(call.world, policy)

    def work(tx: Transaction) -> None:
        policy = find_policy(call, request, tx)
        if policy is None:
            raise absent
        documents.delete(tx, policy.id)

    await call.db.write(work)
    return {}
