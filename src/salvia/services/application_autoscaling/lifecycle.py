"""One step of a target: decide on a capacity, tell SageMaker, follow it until it is there.

A decision is stored, with its activity, before SageMaker is told: who takes over tells it again, which changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.documents import Document

from . import activities, capacity, tracking, variants
from .policies import CONFIGS, STEP, TRACKING
from .targets import ACTIVITY, BOUNDS, POLICY, TARGET, TRIGGERS
from .variants import NOUNS, Variant

RECONCILES = TARGET
OUT, IN = "LastOut", "LastIn"  # of its status: when each direction was last gone to its end, and from where
_COOLDOWN = 300.0  # API reference: the default for variants of SageMaker
_LOOK = (0.1, 2.0)  # seconds between looks at an endpoint that changes, doubling
_PATIENCE = 3_600.0  # seconds of a change after which nobody waits for it any more


class Decision(NamedTuple):
    """What a capacity is to become, and who wants it."""

    to: int
    cause: str
    out_cooldown: float = 0.0
    in_cooldown: float = 0.0


async def reconcile(target: Document, world: World) -> Outcome:
    """One step."""
    if ACTIVITY in target.status:
        return await _follow(target, world)
    triggers, bounds = target.status.get(TRIGGERS, {}), target.status.get(BOUNDS)
    if not triggers and not bounds:
        return Outcome()
    now, spec = world.clock.now(), target.spec
    place = (target.account, target.region, spec["ResourceId"], spec["ScalableDimension"])
    try:
        variant = await variants.look(world, *place)
    except ServiceError as error:
        target.status.pop(TRIGGERS, None)
        target.status.pop(BOUNDS, None)
        failed = activities.begun(now, f"Looking at the {_noun(target)}", "the variant could not be described")
        failed |= {"StatusCode": "Failed", "StatusMessage": error.message, "EndTime": now}
        return Outcome(also=lambda tx: activities.write(tx, target, failed))
    if variant.busy:
        return Outcome(requeue=_LOOK[1] / 4)
    target.status.pop(TRIGGERS, None)
    target.status.pop(BOUNDS, None)
    decision = _within(target, variant) if bounds else None
    if decision is None and triggers:
        decision = await _wanted(target, variant, triggers, world)
    if decision is None:
        return Outcome()
    if decision.to == variant.desired:
        return _not_scaled(target, variant, decision, now)
    return _begin(target, variant, decision, now)


def _within(target: Document, variant: Variant) -> Decision | None:
    low, high = target.spec["MinCapacity"], target.spec["MaxCapacity"]
    if variant.desired < low:
        return Decision(low, f"minimum capacity was set to {low}")
    if variant.desired > high:
        return Decision(high, f"maximum capacity was set to {high}")
    return None


async def _wanted(
    target: Document, variant: Variant, triggers: Mapping[str, Mapping[str, Any]], world: World
) -> Decision | None:
    """What policies want together: the most that any wants, and less than now only if none objects."""
    db, low, high = world.db.read(), target.spec["MinCapacity"], target.spec["MaxCapacity"]
    policies = documents.several(db, list(triggers))
    suspended = target.spec["SuspendedState"]
    found: list[Decision] = []
    for policy_id, trigger in triggers.items():
        policy = policies.get(policy_id)
        decision = _of(policy, trigger, target, variant, world.clock.now()) if policy is not None else None
        if decision is not None:
            found.append(decision._replace(to=min(max(decision.to, low), high)))
    out = [decision for decision in found if decision.to > variant.desired]
    if out:
        return None if suspended["DynamicScalingOutSuspended"] else max(out)
    back = [decision for decision in found if decision.to < variant.desired]
    if back and not suspended["DynamicScalingInSuspended"]:
        for policy in documents.owned(db, target.id, POLICY.kind):
            tracks = policy.id not in triggers and "Low" in policy.status.get("Alarms", {})
            if tracks and not await tracking.low(world, policy):
                return None
        return max(back)
    return None if back or not found else max(found)


def _of(
    policy: Document, trigger: Mapping[str, Any], target: Document, variant: Variant, now: float
) -> Decision | None:
    """What one policy wants; None where it wants nothing, or waits for its cool-down."""
    kind = policy.spec["PolicyType"]
    config, status = policy.spec[CONFIGS[kind]], target.status
    if kind == STEP:
        out_cooldown = in_cooldown = float(config.get("Cooldown", _COOLDOWN))
    else:
        out_cooldown = float(config.get("ScaleOutCooldown", _COOLDOWN))
        in_cooldown = float(config.get("ScaleInCooldown", _COOLDOWN))
    cooling_out = now < status.get(OUT, {}).get("At", 0.0) + out_cooldown
    cooling_in = now < status.get(IN, {}).get("At", 0.0) + in_cooldown
    # While a scale-out cools down, what it added counts as part of the next one: only a larger one goes further.
    base = status[OUT]["From"] if cooling_out else variant.desired

    def asked(base: int) -> int | None:
        value, threshold = trigger["Value"], trigger["Threshold"]
        if kind == TRACKING:
            return capacity.tracked(config["TargetValue"], base, value, high=bool(trigger["Above"]))
        breach = 0.0 if value is None else value - threshold
        return capacity.stepped(config, base, breach, above=bool(trigger["Above"]))

    to = asked(base)
    if to is None:
        return None
    if cooling_out and to <= variant.desired:
        to = asked(variant.desired)
        if to is None or to > variant.desired:
            return None
    if to < variant.desired and cooling_in:
        return None
    name = policy.spec["PolicyName"]
    cause = f"monitor alarm {trigger['Alarm']} in state {trigger['State']} triggered policy {name}"
    return Decision(to, cause, out_cooldown, in_cooldown)


def _begin(target: Document, variant: Variant, decision: Decision, now: float) -> Outcome:
    activity = activities.begun(now, f"Setting {_noun(target)} to {decision.to}.", decision.cause)
    target.status[ACTIVITY] = {"Shown": activity, "To": decision.to, "From": variant.desired, "Looks": 0}
    target.status.pop("NotScaled", None)
    return Outcome(requeue=0, also=lambda tx: activities.write(tx, target, activity))


def _not_scaled(target: Document, variant: Variant, decision: Decision, now: float) -> Outcome:
    """Said once, however often the alarm asks."""
    low, high = target.spec["MinCapacity"], target.spec["MaxCapacity"]
    code = "AlreadyAtMaxCapacity" if decision.to == high else "AlreadyAtMinCapacity" if decision.to == low else None
    code = code or "AlreadyAtDesiredCapacity"
    if target.status.get("NotScaled") == code:
        return Outcome()
    target.status["NotScaled"] = code
    reason = {"Code": code, "CurrentCapacity": variant.desired}
    if code == "AlreadyAtMaxCapacity":
        reason["MaxCapacity"] = high
    if code == "AlreadyAtMinCapacity":
        reason["MinCapacity"] = low
    activity = activities.begun(now, "Attempting to scale due to alarm triggered", decision.cause)
    activity |= {"StatusCode": "Successful", "EndTime": now, "NotScaledReasons": [reason]}
    return Outcome(also=lambda tx: activities.write(tx, target, activity))


async def _follow(target: Document, world: World) -> Outcome:
    """Tell SageMaker, then wait until the variant has what it is to have."""
    under_way, spec, now = target.status[ACTIVITY], target.spec, world.clock.now()
    shown, to, noun = under_way["Shown"], under_way["To"], _noun(target)
    place = (target.account, target.region, spec["ResourceId"], spec["ScalableDimension"])
    try:
        variant = await variants.look(world, *place)
        if shown["StatusCode"] == "Pending":
            if variant.desired != to:  # else it was told by somebody who died right afterwards
                if variant.busy:
                    return Outcome(requeue=_LOOK[1] / 4)
                await variants.set_capacity(world, *place, to)
            message = f"Successfully set {noun} to {to}. Waiting for change to be fulfilled by sagemaker."
            shown |= {"StatusCode": "InProgress", "StatusMessage": message}
            return Outcome(requeue=_LOOK[0], also=lambda tx: activities.write(tx, target, shown))
    except ServiceError as error:
        return _end(target, now, "Failed", f"Failed to set {noun} to {to}. Reason: {error.message}")
    if variant.desired == to == variant.current and not variant.busy:
        message = f"Successfully set {noun} to {to}. Change successfully fulfilled by sagemaker."
        return _end(target, now, "Successful", message)
    if variant.desired != to and not variant.busy:
        message = f"The {noun} was set to {to}, and then to {variant.desired} by somebody else."
        return _end(target, now, "Overridden", message)
    if (variant.failed and not variant.busy) or now - shown["StartTime"] > _PATIENCE:
        message = f"The {noun} was set to {to}; the variant has {variant.current}."
        return _end(target, now, "Unfulfilled", message)
    under_way["Looks"] += 1
    return Outcome(requeue=min(_LOOK[0] * 2 ** under_way["Looks"], _LOOK[1]))


def _end(target: Document, now: float, status: str, message: str) -> Outcome:
    done = target.status.pop(ACTIVITY)
    shown = done["Shown"]
    if shown["StatusCode"] == "InProgress":  # a cool-down begins when what was done is there
        target.status[OUT if done["To"] > done["From"] else IN] = {"At": now, "From": done["From"]}
    shown |= {"StatusCode": status, "StatusMessage": message, "EndTime": now}
    # What asked meanwhile is looked at now.
    waiting = bool(target.status.get(TRIGGERS) or target.status.get(BOUNDS))
    return Outcome(requeue=0 if waiting else None, also=lambda tx: activities.write(tx, target, shown))


def _noun(target: Document) -> str:
    return NOUNS[target.spec["ScalableDimension"]]
