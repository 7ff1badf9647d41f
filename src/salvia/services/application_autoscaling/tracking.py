"""The alarms of a target tracking policy: made, owned and deleted by the service.

Source: Application Auto Scaling user guide, "How target tracking scaling works"; SageMaker developer guide, "Define a
scaling policy", "Fast scaling with high-resolution metrics".
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple

from salvia.control.world import World
from salvia.core.errors import ServiceError, validation_error
from salvia.store.documents import Document

from . import variants
from .targets import CONCURRENCY, INSTANCES, variant_of

_IN_AT = 0.9  # of the target: below it, capacity is taken back
_OUT, _IN = 3, 15 * 60  # periods above, seconds below the target


class _Metric(NamedTuple):
    name: str
    statistic: str
    period: int
    dimension: str


_PREDEFINED: Mapping[str, _Metric] = {
    "SageMakerVariantInvocationsPerInstance": _Metric("InvocationsPerInstance", "Sum", 60, INSTANCES),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": _Metric(
        "ConcurrentRequestsPerModel", "Maximum", 10, INSTANCES
    ),
    "SageMakerVariantProvisionedConcurrencyUtilization": _Metric(
        "ServerlessProvisionedConcurrencyUtilization", "Maximum", 60, CONCURRENCY
    ),
}


def check(config: Mapping[str, Any], dimension: str) -> None:
    """Raise ValidationException for what cannot be tracked."""
    predefined, own = config.get("PredefinedMetricSpecification"), config.get("CustomizedMetricSpecification")
    if (predefined is None) == (own is None):
        raise validation_error(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified."
        )
    if config["TargetValue"] <= 0:
        raise validation_error("TargetValue must be greater than 0.")
    for member in ("ScaleOutCooldown", "ScaleInCooldown"):
        if config.get(member, 0) < 0:
            raise validation_error(f"{member} must not be negative.")
    if predefined is not None:
        known = _PREDEFINED.get(predefined["PredefinedMetricType"])
        if known is None or known.dimension != dimension:
            served = ", ".join(name for name, metric in _PREDEFINED.items() if metric.dimension == dimension)
            raise validation_error(
                f"PredefinedMetricType {predefined['PredefinedMetricType']} is not one of {dimension}: {served}."
            )
        if predefined.get("ResourceLabel"):
            raise validation_error("ResourceLabel belongs to load balancers' metrics: leave it out.")
        return
    assert own is not None
    if own.get("Metrics"):
        raise validation_error(
            "Salvia does not evaluate metric math yet: CustomizedMetricSpecification names one metric, without Metrics."
        )
    for member in ("MetricName", "Namespace", "Statistic"):
        if not own.get(member):
            raise validation_error(f"CustomizedMetricSpecification needs {member}.")


def names(target: Document, policy: str, config: Mapping[str, Any]) -> dict[str, str]:
    """The alarms of a policy, high and low: always the same, so that who begins again makes no others."""
    sides = ("High",) if config.get("DisableScaleIn") else ("High", "Low")
    made = {side: uuid.uuid5(uuid.UUID(target.id), f"{policy}|{side}") for side in sides}
    return {side: f"TargetTracking-{target.spec['ResourceId']}-Alarm{side}-{unique}" for side, unique in made.items()}


async def put(world: World, target: Document, arn: str, alarms: Mapping[str, str], config: Mapping[str, Any]) -> None:
    """Make the alarms, or give them the policy's new values."""
    own = config.get("CustomizedMetricSpecification")
    if own is not None:
        period = 60
        metric = dict(own)
    else:
        known = _PREDEFINED[config["PredefinedMetricSpecification"]["PredefinedMetricType"]]
        endpoint, variant = variant_of(target.spec["ResourceId"])
        period = known.period
        metric = {
            "MetricName": known.name,
            "Namespace": "AWS/SageMaker",
            "Statistic": known.statistic,
            "Dimensions": [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": variant}],
        }
    for side, name in alarms.items():
        high = side == "High"
        request = {
            "AlarmName": name,
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {arn}.",
            "AlarmActions": [arn],
            "Period": period,
            "EvaluationPeriods": _OUT if high else _IN // period,
            "Threshold": float(config["TargetValue"]) * (1.0 if high else _IN_AT),
            "ComparisonOperator": "GreaterThanThreshold" if high else "LessThanThreshold",
            **metric,
        }
        await variants.ask(world, target.account, target.region, "cloudwatch", "PutMetricAlarm", request)


async def delete(world: World, policy: Document, sides: Mapping[str, str] | None = None) -> None:
    """Delete alarms of a policy, all unless `sides` names some. Those that somebody else deleted are no trouble."""
    for name in (policy.status.get("Alarms", {}) if sides is None else sides).values():
        try:
            request = {"AlarmNames": [name]}
            await variants.ask(world, policy.account, policy.region, "cloudwatch", "DeleteAlarms", request)
        except ServiceError as error:
            if error.code != "ResourceNotFound":
                raise


async def low(world: World, policy: Document) -> bool:
    """Whether a policy, too, would take capacity back."""
    name = policy.status["Alarms"]["Low"]
    request = {"AlarmNames": [name]}
    shown = await variants.ask(world, policy.account, policy.region, "cloudwatch", "DescribeAlarms", request)
    return any(alarm["StateValue"] == "ALARM" for alarm in shown["MetricAlarms"])
