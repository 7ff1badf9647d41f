"""PutScheduledAction, DescribeScheduledActions, DeleteScheduledAction; and carrying them out.

Source: Application Auto Scaling user guide, "Scheduled scaling".
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core import schedule
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from . import activities, pages
from .targets import ACTION, BOUNDS, check, find, missing, name_of

RECONCILES = ACTION
_MEMBERS = ("Schedule", "Timezone", "ScalableTargetAction", "StartTime", "EndTime")


async def reconcile(action: Document, world: World) -> Outcome:
    """Carry an action out when its time has come; one that was missed is carried out late, once."""
    now = world.clock.now()
    due = action.status.get("NextAt")
    if due is None:
        return Outcome()
    if due > now:
        return Outcome(requeue=due - now)
    action.status["NextAt"] = following = _next(action.spec, now, action.created_at)
    requeue = None if following is None else max(following - now, 0.0)
    return Outcome(requeue=requeue, also=lambda tx: _apply(tx, action, now, world.clock.wall()))


def _next(spec: Mapping[str, Any], now: float, created: float) -> float | None:
    start, end = spec.get("StartTime"), spec.get("EndTime")
    find_next = schedule.parse(spec["Schedule"], schedule.zone(spec.get("Timezone", "UTC")), start or created)
    at = find_next(max(now, (start or 0.0) - 0.001))
    return None if at is None or (end is not None and at > end) else at


def _apply(tx: Transaction, action: Document, now: float, wall: float) -> None:
    """Set the target's bounds, and have it looked at."""
    target = documents.by_id(tx, action.owner)
    if target is None or target.spec["SuspendedState"]["ScheduledScalingSuspended"]:
        return
    wanted = action.spec["ScalableTargetAction"]
    low, high = wanted.get("MinCapacity"), wanted.get("MaxCapacity")
    words = [f"{word} capacity to {value}" for word, value in (("min", low), ("max", high)) if value is not None]
    what = " and ".join(words)
    cause = f"scheduled action name {action.spec['ScheduledActionName']} was triggered"
    activity = activities.begun(now, f"Setting {what}", cause)
    bounds = {**target.spec, **wanted}
    if bounds["MinCapacity"] > bounds["MaxCapacity"]:
        message = f"Failed to set {what}. Reason: Maximum capacity cannot be less than minimum capacity."
        activity |= {"StatusCode": "Failed", "StatusMessage": message, "EndTime": now}
    else:
        activity |= {"StatusCode": "Successful", "StatusMessage": f"Successfully set {what}", "EndTime": now}
        target.spec |= wanted
        target.status[BOUNDS] = True
        target.due_at = wall
        documents.update(tx, target)
    activities.write(tx, target, activity)


@operation("PutScheduledAction")
async def put_scheduled_action(call: Call) -> dict[str, Any]:
    """Create a scheduled action, or change one: what is left out stays. Source: PutScheduledAction."""
    request = call.request
    check(request)
    now, name = crud.moment(call), name_of(request, request["ScheduledActionName"])
    given = {member: request[member] for member in _MEMBERS if member in request}
    for member in ("StartTime", "EndTime"):
        if member in given:
            given[member] = given[member].timestamp()
    shared = {member: request[member] for member in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    made = Document(ACTION.kind, call.account, call.region, name)
    made.created_at = made.modified_at = now

    def work(tx: Transaction) -> None:
        target = find(call, request, tx)
        action = documents.find(tx, ACTION.kind, call.account, call.region, name)
        if action is None:
            action, made.owner = made, target.id
            made.arn = _arn(call, target, request["ScheduledActionName"])
            made.spec = {"ScheduledActionName": request["ScheduledActionName"], **shared}
        action.spec |= given
        action.status["NextAt"] = _checked(action, now)
        action.due_at, action.modified_at = call.clock.wall(), now
        if action is made:
            documents.insert(tx, action)
        else:
            documents.update(tx, action)

    await call.world.write(work)
    return {}


def _checked(action: Document, now: float) -> float | None:
    """When an action comes first. Raises ValidationException."""
    spec = action.spec
    if "Schedule" not in spec or not spec.get("ScalableTargetAction"):
        raise validation_error("A scheduled action needs Schedule, and ScalableTargetAction with a capacity.")
    wanted = spec["ScalableTargetAction"]
    if any(value < 0 for value in wanted.values()):
        raise validation_error("MinCapacity and MaxCapacity must not be negative.")
    if wanted.get("MinCapacity", 0) > wanted.get("MaxCapacity", wanted.get("MinCapacity", 0)):
        raise validation_error("Maximum capacity cannot be less than minimum capacity.")
    if spec.get("EndTime") is not None and spec["EndTime"] <= spec.get("StartTime", now):
        raise validation_error("EndTime must be after StartTime, and in the future.")
    try:
        first = _next(spec, now, action.created_at)
    except ValueError as error:
        raise validation_error(f"Schedule: {error}") from None
    if first is None and spec["Schedule"].startswith("at("):
        raise validation_error(f"Schedule: {spec['Schedule']} is in the past, or after EndTime.")
    return first


def _arn(call: Call, target: Document, name: str) -> str:
    namespace, resource = target.spec["ServiceNamespace"], target.spec["ResourceId"]
    return (
        f"arn:aws:autoscaling:{call.region}:{call.account}:scheduledAction:{uuid.uuid4()}:"
        f"resource/{namespace}/{resource}:scheduledActionName/{name}"
    )


@operation("DescribeScheduledActions")
async def describe_scheduled_actions(call: Call) -> dict[str, Any]:
    """A page of scheduled actions. Source: DescribeScheduledActions."""
    request = call.request
    resources = [request["ResourceId"]] if request.get("ResourceId") else []
    found, more = await pages.page(call, ACTION, resources, request.get("ScheduledActionNames", ()))
    shown = [{**each.spec, "ScheduledActionARN": each.arn, "CreationTime": each.created_at} for each in found]
    return {"ScheduledActions": shown, **more}


@operation("DeleteScheduledAction")
async def delete_scheduled_action(call: Call) -> dict[str, Any]:
    """Delete a scheduled action. Raises ObjectNotFoundException."""
    request = call.request
    check(request)

    def work(tx: Transaction) -> None:
        action = _find(call, request, tx)
        if action is None:
            raise missing(request, f"scheduled action {request['ScheduledActionName']}")
        documents.delete(tx, action.id)

    await call.db.write(work)
    return {}


def _find(call: Call, request: Mapping[str, Any], reader: Reader) -> Document | None:
    name = name_of(request, request["ScheduledActionName"])
    return documents.find(reader, ACTION.kind, call.account, call.region, name)
