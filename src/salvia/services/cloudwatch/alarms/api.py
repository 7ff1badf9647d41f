"""PutMetricAlarm, DeleteAlarms, SetAlarmState, EnableAlarmActions, DisableAlarmActions."""

from __future__ import annotations

from typing import Any

import orjson

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .. import metrics
from ..errors import not_valid
from ..metrics import Metric
from . import ACTIONS, ALARM, INSUFFICIENT, history, references, states, watch
from .checks import checked
from .evaluation import interval


@operation("PutMetricAlarm")
async def put_metric_alarm(call: Call) -> dict[str, Any]:
    """Create an alarm, or give one another configuration; its state stays what it is until it is evaluated.

    Tags count for a new alarm alone. Raises ValidationError, InvalidParameterCombination, MissingParameter.
    Source: PutMetricAlarm.
    """
    spec = checked(call.request, frozenset({"sns", *call.world.providers.alarm_actions}))
    dimensions = metrics.canonical(spec.get("Dimensions", ()), "Dimensions")
    metric = Metric(spec["Namespace"], spec["MetricName"], dimensions)
    name, now = spec["AlarmName"], crud.moment(call)
    new = crud.new(call, ALARM, call.request, state=INSUFFICIENT, status=states.initial(now))

    def work(tx: Transaction) -> None:
        alarm = documents.find(tx, ALARM.kind, call.account, call.region, name)
        if alarm is not None and "AlarmRule" in alarm.spec:
            raise not_valid(f"{name} is the name of a composite alarm.")
        happened = "created" if alarm is None else "updated"
        alarm = alarm or new
        alarm.spec, alarm.modified_at, alarm.due_at = spec, now, call.clock.wall()
        alarm.status["AlarmConfigurationUpdatedTimestamp"] = now
        if alarm is new:
            documents.insert(tx, alarm)
        else:
            documents.update(tx, alarm)
        watch.watch(tx, alarm, metric)
        actions = [action for member in ACTIONS.values() for action in spec.get(member, [])]
        references.keep(tx, alarm.id, [action for action in actions if action.startswith("arn:aws:autoscaling:")])
        configured(tx, alarm, now, happened)

    await call.world.write(work)
    return {}


@operation("DeleteAlarms")
async def delete_alarms(call: Call) -> dict[str, Any]:
    """Delete alarms, all or none: raises ResourceNotFound when one of them is not there. Source: DeleteAlarms."""
    now = crud.moment(call)

    def work(tx: Transaction) -> None:
        for name in dict.fromkeys(call.request["AlarmNames"]):
            alarm = _find(call, tx, name)
            documents.delete(tx, alarm.id)
            watch.leave(tx, alarm)
            references.keep(tx, alarm.id, ())
            references.wake(tx, alarm.arn)
            configured(tx, alarm, now, "deleted")

    await call.world.write(work)
    return {}


@operation("SetAlarmState")
async def set_alarm_state(call: Call) -> dict[str, Any]:
    """Put an alarm into a state, and have done what that asks for; it is evaluated again one interval later.

    Raises ResourceNotFound, InvalidFormat. Source: SetAlarmState.
    """
    request, now = call.request, crud.moment(call)
    data = request.get("StateReasonData") or None
    if data is not None:
        try:
            orjson.loads(data)
        except ValueError:
            raise ServiceError("InvalidFormat", "StateReasonData was not valid JSON", 400) from None

    def work(tx: Transaction) -> None:
        alarm = _find(call, tx, request["AlarmName"])
        if "Period" in alarm.spec:  # a composite alarm's state stands until one changes that it follows from
            alarm.status[states.HELD] = now + interval(alarm.spec["Period"])
        if alarm.state != request["StateValue"]:
            states.enter(alarm, request["StateValue"], now, request["StateReason"], data)(tx)
        alarm.due_at = call.clock.wall()
        documents.update(tx, alarm)

    await call.world.write(work)
    return {}


@operation("EnableAlarmActions")
async def enable_alarm_actions(call: Call) -> dict[str, Any]:
    """Let alarms act. Source: EnableAlarmActions."""
    await _switch(call, to=True)
    return {}


@operation("DisableAlarmActions")
async def disable_alarm_actions(call: Call) -> dict[str, Any]:
    """Let alarms change their states and do nothing about it. Source: DisableAlarmActions."""
    await _switch(call, to=False)
    return {}


async def _switch(call: Call, *, to: bool) -> None:
    """Of names that are no alarms nothing is said, as in AWS."""
    now = crud.moment(call)

    def work(tx: Transaction) -> None:
        for name in dict.fromkeys(call.request["AlarmNames"]):
            alarm = documents.find(tx, ALARM.kind, call.account, call.region, name)
            if alarm is None or alarm.spec["ActionsEnabled"] == to:
                continue
            alarm.spec["ActionsEnabled"] = to
            alarm.status["AlarmConfigurationUpdatedTimestamp"] = alarm.modified_at = now
            alarm.due_at = call.clock.wall()
            documents.update(tx, alarm)
            configured(tx, alarm, now, "updated")

    await call.world.write(work)


def configured(tx: Transaction, alarm: Document, now: float, happened: str) -> None:
    """Leave a line of a configuration that changed."""
    kind = {"created": "Create", "updated": "Update", "deleted": "Delete"}[happened]
    data = {"type": kind, f"{kind.lower()}dAlarm": {"alarmArn": alarm.arn, **alarm.spec}}
    history.add(tx, alarm, "ConfigurationUpdate", now, f'Alarm "{alarm.name}" {happened}', data)


def _find(call: Call, tx: Transaction, name: str) -> Document:
    alarm = documents.find(tx, ALARM.kind, call.account, call.region, name)
    if alarm is None:
        raise ALARM.missing(name)
    return alarm
