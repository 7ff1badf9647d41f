"""What an alarm does in a new state: it publishes to topics, and tells scaling policies.

Each action is done at least once: who dies before its line of history is written does it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from salvia.control import errand
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.arns import parse_arn
from salvia.core.caller import service_caller
from salvia.core.errors import ServiceError
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import history, reasons, states, statistic

SERVICE = "cloudwatch.amazonaws.com"
_REGIONS = {"us-east-1": "US East (N. Virginia)", "us-west-2": "US West (Oregon)", "eu-west-1": "EU (Ireland)"}
_LONGEST_SUBJECT = 99
_log = logging.getLogger("salvia.cloudwatch")


async def perform(alarm: Document, world: World) -> Outcome:
    """Do all that is to be done. What a topic or a policy refuses is said in the alarm's history, as AWS does."""
    now = world.clock.now()
    lines: list[Callable[[Transaction], None]] = []
    for pending in alarm.status[states.PENDING]:
        action = pending["Action"]
        try:
            await _do(alarm, action, pending["Before"], world)
            summary, state, error = f"Successfully executed action {action}", "Succeeded", None
        except ServiceError as refused:
            summary, state, error = f"Failed to execute action {action}", "Failed", refused.message
            _log.warning("action failed", extra={"event": "action-failed", "arn": alarm.arn, "code": refused.code})
        data = {"actionState": state, "notificationResource": action, "stateUpdateTimestamp": int(now * 1000)}
        lines.append(_line(alarm, now, summary, {**data, "error": error}))

    del alarm.status[states.PENDING]

    def also(tx: Transaction) -> None:
        for line in lines:
            line(tx)

    return Outcome(requeue=0, also=also)


def _line(alarm: Document, now: float, summary: str, data: dict[str, Any]) -> Callable[[Transaction], None]:
    return lambda tx: history.add(tx, alarm, "Action", now, summary, data)


async def _do(alarm: Document, action: str, before: str, world: World) -> None:
    service = parse_arn(action).service
    if service != "sns":
        await world.providers.alarm_actions[service](action, alarm)
        return
    caller = replace(
        service_caller(SERVICE, alarm.account),
        context={
            "aws:sourcearn": alarm.arn,
            "aws:sourceaccount": alarm.account,
            "aws:sourceowner": alarm.account,
        },
    )
    region = _REGIONS.get(alarm.region, alarm.region)
    request = {
        "TopicArn": action,
        "Subject": f'{alarm.state}: "{alarm.name}" in {region}'[:_LONGEST_SUBJECT],
        "Message": orjson.dumps(_message(alarm, before, region)).decode(),
    }
    await errand.run(world, caller, SERVICE, parse_arn(action).region, "sns", "Publish", request)


def _message(alarm: Document, before: str, region: str) -> dict[str, Any]:
    """What topics are told, as AWS's alarms write it."""
    spec, status = alarm.spec, alarm.status
    if "AlarmRule" in spec:
        data = orjson.loads(status.get("StateReasonData") or "{}")
        children = data.get("triggeringAlarms", []) if isinstance(data, dict) else []
        about: dict[str, Any] = {"AlarmRule": spec["AlarmRule"], "TriggeringChildren": children}
    else:
        about = {"Trigger": _trigger(spec)}
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": spec.get("AlarmDescription"),
        "AWSAccountId": alarm.account,
        "AlarmConfigurationUpdatedTimestamp": reasons.moment(status["AlarmConfigurationUpdatedTimestamp"]),
        "NewStateValue": alarm.state,
        "NewStateReason": status["StateReason"],
        "StateChangeTime": reasons.moment(status["StateUpdatedTimestamp"]),
        "Region": region,
        "AlarmArn": alarm.arn,
        "OldStateValue": before,
        "OKActions": spec.get("OKActions", []),
        "AlarmActions": spec.get("AlarmActions", []),
        "InsufficientDataActions": spec.get("InsufficientDataActions", []),
        **about,
    }


def _trigger(spec: dict[str, Any]) -> dict[str, Any]:
    percentile = {} if spec.get("Statistic") else {"ExtendedStatistic": spec["ExtendedStatistic"]}
    return {
        "MetricName": spec["MetricName"],
        "Namespace": spec["Namespace"],
        "StatisticType": "ExtendedStatistic" if percentile else "Statistic",
        **(percentile or {"Statistic": statistic(spec).upper()}),
        "Unit": spec.get("Unit"),
        "Dimensions": [{"value": pair["Value"], "name": pair["Name"]} for pair in spec.get("Dimensions", [])],
        "Period": spec["Period"],
        "EvaluationPeriods": spec["EvaluationPeriods"],
        "DatapointsToAlarm": spec["DatapointsToAlarm"],
        "ComparisonOperator": spec["ComparisonOperator"],
        "Threshold": spec["Threshold"],
        "TreatMissingData": spec.get("TreatMissingData", "missing"),
        "EvaluateLowSampleCountPercentile": "",
    }
