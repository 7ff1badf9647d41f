"""How an update moves from the fleet that serves to the one that takes over, step by step.

    step: {"new": of its instances, "old": of its instances, "share": of the traffic to the new, "wait": seconds}
    provision ─▶ the new fleet's part is up ─▶ share moves in one write ─▶ bake for `wait` ─▶ the next step
    … ─▶ the last step has baked ─▶ terminate: the old fleet is kept for TerminationWait ─▶ it ends

Whenever an alarm goes off, an instance of the new fleet cannot be started, or time is over, traffic goes back: at once
if the old fleet is whole, else when it is again, or as it grows, by RollbackMaximumBatchSize.
Sources: API_DeploymentConfig, API_BlueGreenUpdatePolicy, API_RollingUpdatePolicy; developer guide, "Deployment
guardrails for updating models in production".
"""

from __future__ import annotations

import math
from typing import Any

from salvia.control.world import World
from salvia.store.documents import Document

from . import alarms
from .fleets import SERVERLESS, Fleet, fleets, required
from .replicas import Seen, State

Step = dict[str, Any]
_AT_ONCE: dict[str, Any] = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
        "TerminationWaitInSeconds": 0,
    }
}
_ALMOST = 1e-9


def begin(endpoint: Document, new: Fleet, config: dict[str, Any] | None, now: float) -> None:
    """Add the fleet that is to take over; the lifecycle does the rest."""
    config = config or _AT_ONCE
    total = sum(variant["desired"] for variant in new["variants"])
    policy = config.get("BlueGreenUpdatePolicy") or config.get("RollingUpdatePolicy") or {}
    rolling = "RollingUpdatePolicy" in config
    serving = sum(variant["desired"] for variant in fleets(endpoint)[0]["variants"])
    new["share"] = 0.0
    fleets(endpoint).append(new)
    endpoint.status["_Update"] = {
        "steps": _rolling(policy, total) if rolling else _blue_green(policy, total),
        "at": 0,
        "stage": "provision",
        "since": now,
        "began": now,
        "timeout": policy.get("MaximumExecutionTimeoutInSeconds"),
        "keep": policy.get("TerminationWaitInSeconds", 0),
        "retreat": _part(policy.get("RollbackMaximumBatchSize"), serving),
        "alarms": [alarm["AlarmName"] for alarm in (config.get("AutoRollbackConfiguration") or {}).get("Alarms", ())],
    }
    _aim(endpoint)


def _blue_green(policy: dict[str, Any], total: int) -> list[Step]:
    traffic = policy.get("TrafficRoutingConfiguration") or {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    size = traffic.get("CanarySize") if traffic["Type"] == "CANARY" else traffic.get("LinearStepSize")
    part = _part(size, total) if traffic["Type"] != "ALL_AT_ONCE" else 1.0
    count = 2 if traffic["Type"] == "CANARY" and part < 1 else math.ceil(1 / part - _ALMOST)
    shares = [1.0 if number == count else part * number for number in range(1, count + 1)]
    wait = traffic.get("WaitIntervalInSeconds", 0)
    return [{"new": 1.0, "old": 1.0, "share": share, "wait": wait} for share in shares]


def _rolling(policy: dict[str, Any], total: int) -> list[Step]:
    part = _part(policy["MaximumBatchSize"], total)
    count = math.ceil(1 / part - _ALMOST)
    reached = [min(1.0, part * number) for number in range(count + 1)]
    wait = policy.get("WaitIntervalInSeconds", 0)
    return [
        {"new": reached[number], "old": 1 - reached[number - 1], "share": reached[number], "wait": wait}
        for number in range(1, count + 1)
    ]


def _part(size: dict[str, Any] | None, total: int) -> float:
    if size is None:
        return 1.0
    whole = 100 if size["Type"] == "CAPACITY_PERCENT" else max(1, total)
    return float(min(1.0, size["Value"] / whole))


async def go_on(endpoint: Document, world: World, found: list[Seen]) -> float | None:
    """One look at an update that is under way; when to look again. The last look clears `_Update`."""
    update = endpoint.status["_Update"]
    now = world.clock.now()
    trouble = update.get("back") or await _trouble(endpoint, world, found, now)
    if trouble:
        return _back(endpoint, found, trouble, now)
    step, (old, new) = update["steps"][update["at"]], fleets(endpoint)
    if update["stage"] == "provision":
        if not _complete(new, found):
            return alarms.LOOK
        old["share"], new["share"] = 1 - step["share"], step["share"]
        update |= {"stage": "bake", "since": now}
    if update["stage"] == "bake":
        left = update["since"] + step["wait"] - now
        if left > 0:
            return _soon(update, left)
        if update["at"] + 1 < len(update["steps"]):
            update |= {"at": update["at"] + 1, "stage": "provision", "since": now}
            _aim(endpoint)
            return 0.0
        update |= {"stage": "terminate", "since": now}
    left = update["since"] + update["keep"] - now
    if left > 0:
        return _soon(update, left)
    _finish(endpoint, new, now)
    return None


def _soon(update: dict[str, Any], left: float) -> float:
    return min(left, alarms.LOOK) if update["alarms"] else left


async def _trouble(endpoint: Document, world: World, found: list[Seen], now: float) -> str:
    """Why the update cannot go on; empty when it can."""
    update, new = endpoint.status["_Update"], fleets(endpoint)[1]
    for seen in found:
        stillborn = seen.state is State.DEAD and not seen.replica.get("served")
        if stillborn and seen.replica["fleet"] == new["name"]:
            return seen.reason
    if new.get("trouble"):
        return str(new["trouble"])
    if update["timeout"] is not None and now > update["began"] + update["timeout"]:
        return f"The deployment did not end within its MaximumExecutionTimeoutInSeconds of {update['timeout']}."
    ringing = await alarms.ringing(endpoint, world, update["alarms"])
    if ringing:
        return f"One or more configured alarms went off during the deployment: {', '.join(ringing)}."
    return ""


def _back(endpoint: Document, found: list[Seen], trouble: str, now: float) -> float | None:
    """Restore the old fleet where it was made smaller, and send it what it can bear, at last everything."""
    update, (old, new) = endpoint.status["_Update"], fleets(endpoint)
    if "levels" not in update:  # of an update that an older version of Salvia began neither these nor `retreat` are
        held, part = update["steps"][update["at"]]["old"], update.get("retreat", 1.0)
        count = max(1, math.ceil((1 - held) / part - _ALMOST))
        update["levels"] = [min(1.0, held + part * number) for number in range(1, count)] + [1.0]
    if "back" not in update:
        update["back"] = trouble
        endpoint.state = "RollingBack"
        endpoint.modified_at = now
        for variant in new["variants"]:
            if variant["type"] == SERVERLESS:
                continue
            variant["target"] = sum(
                seen.up and seen.state is State.SERVING and _of(seen, new, variant["name"]) for seen in found
            )
        new["trouble"] = trouble
    level = update["levels"][0]
    for variant in old["variants"]:
        variant["target"] = math.ceil(variant["desired"] * level - _ALMOST)
    if not _complete(old, found):
        return 1.0
    if level < 1:
        old["share"], new["share"] = level, 1 - level
        for variant in new["variants"]:
            variant["target"] = min(variant["target"], math.ceil(variant["desired"] * (1 - level) - _ALMOST))
        update["levels"] = update["levels"][1:]
        return 0.0
    _finish(endpoint, old, now)
    endpoint.status["FailureReason"] = f"The update to {new['config']} was rolled back: {trouble}"[:1024]
    return None


def _finish(endpoint: Document, stays: Fleet, now: float) -> None:
    stays["share"] = 1.0
    stays.pop("trouble", None)
    for variant in stays["variants"]:
        variant.pop("target", None)
    endpoint.status["_Fleets"] = [stays]
    endpoint.spec["EndpointConfigName"] = stays["config"]
    del endpoint.status["_Update"]
    endpoint.state = "InService"
    endpoint.modified_at = now


def _aim(endpoint: Document) -> None:
    """Set how many instances each variant shall have while the current step lasts."""
    update = endpoint.status["_Update"]
    step = update["steps"][update["at"]]
    for fleet, part in zip(fleets(endpoint), (step["old"], step["new"]), strict=True):
        for variant in fleet["variants"]:
            if variant["type"] == SERVERLESS:  # it has as many as there are requests
                continue
            variant["target"] = math.ceil(variant["desired"] * part - _ALMOST)


def _complete(fleet: Fleet, found: list[Seen]) -> bool:
    """Whether every variant has as many instances that serve as it shall have."""
    for variant in fleet["variants"]:
        serving = sum(seen.up and seen.state is State.SERVING and _of(seen, fleet, variant["name"]) for seen in found)
        if serving < required(variant):
            return False
    return True


def _of(seen: Seen, fleet: Fleet, variant: str) -> bool:
    return (seen.replica["fleet"], seen.replica["variant"]) == (fleet["name"], variant)
