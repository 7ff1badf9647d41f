"""An endpoint's life: what runs is compared with what is wanted, and the difference is started, or ended.

Creating ─▶ InService ⇄ Updating (─▶ RollingBack) ─▶ InService
    └─▶ Failed            Deleting, from anywhere ─▶ gone

Every look does the same, whatever the status: see what is there, decide what is wanted, start what is missing, let what
is too much leave the route, and write the route in the same transaction as the status that goes with it. Only a replica
that has left the route is stopped.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable

from salvia.control import instances
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import demand, documents, routes
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import ENDPOINT, asynchronous, billing, deployment, launch, limits, room, serverless, shown, traffic
from .fleets import SERVERLESS, Replica, Variant, fleets, replicas, required, variants, wanted
from .replicas import Seen, State, end, leave, look, watch

RECONCILES = ENDPOINT
_POLL, _REST = 2.0, 15.0  # seconds between looks at the agents' processes: while something is under way, and else
_PAUSE = (1.0, 60.0)  # seconds before an instance that died is replaced once more, doubling


async def reconcile(endpoint: Document, world: World) -> Outcome:
    """One look at an endpoint."""
    found = await look(endpoint, world)
    if endpoint.state == "Deleting":
        return await _delete(endpoint, world, found)
    await serverless.prepare(endpoint, world)
    ends, forget = serverless.aim(endpoint, world)
    again = await _decide(endpoint, world, found)
    _replace(endpoint, world, found)
    _balance(endpoint, world, found)
    unheard = await asynchronous.introduce(endpoint, world)
    failed = await _start(endpoint, world, found) or unheard
    route = _route(endpoint, world, found)
    leaving = await end(endpoint, world, [seen for seen in found if seen.replica.get("out")])
    for seen in found:
        if not seen.up and not seen.replica.get("out"):
            seen.replica["out"] = True  # of the route, once this is written
            leaving = 0.0
    await serverless.measure(endpoint, world, found)
    shown.show(endpoint, found)
    measured = await asynchronous.measure(endpoint, world, found)
    retry = 0.0 if failed else _retry_in(endpoint, world)
    pauses = [pause for pause in (again, leaving, measured, retry, ends) if pause is not None]
    resting = endpoint.state == "Failed" and not pauses
    claims = limits.surplus(endpoint)
    meter = billing.meter(endpoint, found, world.clock.now())
    provisions = serverless.meter(endpoint, world.clock.now())

    def also(tx: Transaction) -> None:
        limits.release(tx, endpoint, claims)
        meter(tx)
        provisions(tx)
        forget(tx)
        if route is not None:
            route(tx)

    watch(endpoint, world, found)
    settled = endpoint.state == "InService" and all(seen.state is State.SERVING for seen in found)
    return Outcome(requeue=None if resting else min([_REST if settled else _POLL, *pauses]), also=also)


async def _decide(endpoint: Document, world: World, found: list[Seen]) -> float | None:
    """What the status becomes; when to look again."""
    if "_Update" in endpoint.status:
        return await deployment.go_on(endpoint, world, found)
    if endpoint.state not in ("Creating", "Updating"):
        return None
    reason = _failure(endpoint, found)
    complete = all(
        _serving(found)[fleet["name"], variant["name"]] >= required(variant) for fleet, variant in variants(endpoint)
    )
    if reason and endpoint.state == "Creating":
        _fail(endpoint, world, reason)
    elif reason:
        _undo(endpoint, reason)
    elif not complete:
        return None
    if endpoint.state != "Failed":
        endpoint.state = "InService"
        for _, variant in variants(endpoint):
            variant["in_force"] = variant["weight"]
            variant.pop("before", None)
    endpoint.modified_at = world.clock.now()
    return None


def _failure(endpoint: Document, found: list[Seen]) -> str:
    """Why an instance that is waited for never came up."""
    stillborn = [
        seen.reason for seen in found if seen.state is State.DEAD and not seen.replica.get("served") and seen.up
    ]
    troubles = [str(fleet["trouble"]) for fleet in fleets(endpoint) if fleet.get("trouble")]
    return next(iter([*stillborn, *troubles]), "")


def _fail(endpoint: Document, world: World, reason: str) -> None:
    endpoint.state = "Failed"
    endpoint.status["FailureReason"] = reason[:1024]
    for _, variant in variants(endpoint):
        variant["target"] = 0


def _undo(endpoint: Document, reason: str) -> None:
    """A change of weights and capacities that failed: as it was before."""
    for fleet, variant in variants(endpoint):
        fleet.pop("trouble", None)
        if "before" in variant:
            variant |= variant.pop("before")
    endpoint.status["FailureReason"] = reason[:1024]


def _replace(endpoint: Document, world: World, found: list[Seen]) -> None:
    """What died leaves; another takes its place, later each time if it does not live long."""
    now, serving = world.clock.wall(), _serving(found)
    for fleet, variant in variants(endpoint):
        long_ago = "crashes" in variant and variant["crashes"]["next"] + _PAUSE[1] < now
        if long_ago and serving[fleet["name"], variant["name"]] >= wanted(variant):
            del variant["crashes"]
        for seen in found:
            if seen.up and seen.state is State.DEAD and _key(seen) == (fleet["name"], variant["name"]):
                _crashed(variant, seen.replica, seen.reason, world)


def _crashed(variant: Variant, replica: Replica, reason: str, world: World) -> None:
    leave(replica, world)
    if variant["type"] == SERVERLESS and not replica.get("served"):
        serverless.failed(variant, reason, world)
    count = variant.get("crashes", {"count": 0})["count"]
    pause = 0.0 if replica.get("served") and not count else min(_PAUSE[0] * 2**count, _PAUSE[1])
    variant["crashes"] = {"count": count + 1, "next": world.clock.wall() + pause, "reason": reason}


def _retry_in(endpoint: Document, world: World) -> float | None:
    """When the next instance may be started that had to wait."""
    now = world.clock.wall()
    left = [variant["crashes"]["next"] - now for _, variant in variants(endpoint) if "crashes" in variant]
    return min((moment + 0.01 for moment in left if moment > 0), default=None)


def _balance(endpoint: Document, world: World, found: list[Seen]) -> None:
    """What is too much leaves: of fleets that are no more, and the newest of a variant that has too many."""
    keep: set[int] = set()
    for fleet, variant in variants(endpoint):
        own = [seen for seen in found if seen.up and _key(seen) == (fleet["name"], variant["name"])]
        own.sort(key=lambda seen: (seen.state is not State.SERVING, seen.number))
        keep |= {seen.number for seen in own[: wanted(variant)]}
    for seen in found:
        if seen.up and seen.number not in keep:
            leave(seen.replica, world)


async def _start(endpoint: Document, world: World, found: list[Seen]) -> bool:
    """Begin what is missing, durably, then start whatever was begun; whether something could not be."""
    now = world.clock.wall()
    up = Counter(_key(seen) for seen in found if seen.up)
    more = [
        (fleet, variant)
        for fleet, variant in variants(endpoint)
        if variant.get("crashes", {"next": 0.0})["next"] <= now and not fleet.get("trouble")
        for _ in range(_startable(variant) - up[fleet["name"], variant["name"]])
    ]
    begun = [str(seen.number) for seen in found if seen.up and seen.state is State.BEGUN]
    if more:
        begun += await launch.begin(endpoint, world, more)
    known = {(fleet["name"], variant["name"]): (fleet, variant) for fleet, variant in variants(endpoint)}
    failed = False
    for number in begun:
        replica = replicas(endpoint)[number]
        fleet, variant = known[replica["fleet"], replica["variant"]]
        try:
            variant["waits"] = await room.wait(endpoint, world, int(number), variant)
            if not variant["waits"]:
                await launch.start(endpoint, world, int(number), variant)
        except (ServiceError, OSError) as error:
            failed = True
            reason = launch.words(error)
            _crashed(variant, replica, reason, world)
            if endpoint.state != "InService":
                fleet["trouble"] = reason
    return failed


def _startable(variant: Variant) -> int:
    """How many there may be by starting some: of a serverless variant, not for requests that were failed."""
    return min(wanted(variant), int(variant.get("startable", wanted(variant))))


def _route(endpoint: Document, world: World, found: list[Seen]) -> Callable[[Transaction], None] | None:
    """What writes the route together with the status; None while it stands as it should."""
    if endpoint.state == "Creating":
        return None
    place = endpoint.account, endpoint.region, endpoint.name
    if endpoint.state == "Failed":
        return lambda tx: routes.delete(tx, *place)
    route = traffic.route(endpoint, world, found)
    digest = hashlib.sha256(documents.encode(route).encode()).hexdigest()
    if endpoint.status.get("_Route") == digest:
        return None
    endpoint.status["_Route"] = digest
    return lambda tx: routes.write(tx, *place, endpoint.id, route)


async def _delete(endpoint: Document, world: World, found: list[Seen]) -> Outcome:
    """The route first, then what it led to, then the endpoint itself."""
    place = endpoint.account, endpoint.region, endpoint.name
    if not endpoint.status.get("_Unrouted"):
        endpoint.status["_Unrouted"] = True
        for seen in found:
            if seen.up:
                leave(seen.replica, world)
            seen.replica["out"] = True
        claims = limits.surplus(endpoint)
        meter = billing.meter(endpoint, found, world.clock.now())
        provisions = serverless.meter(endpoint, world.clock.now())

        def leave_route(tx: Transaction) -> None:
            routes.delete(tx, *place)
            meter(tx)
            provisions(tx)
            demand.forget(tx, endpoint.id)
            limits.release(tx, endpoint, claims)

        return Outcome(requeue=0, also=leave_route)
    again = await end(endpoint, world, found, settle=0.0)
    if again is not None:
        return Outcome(requeue=again)

    def also(tx: Transaction) -> None:
        instances.forget(tx, endpoint.id)
        demand.forget(tx, endpoint.id)

    return Outcome(delete=True, also=also)


def _serving(found: list[Seen]) -> Counter[tuple[str, str]]:
    return Counter(_key(seen) for seen in found if seen.up and seen.state is State.SERVING)


def _key(seen: Seen) -> tuple[str, str]:
    return str(seen.replica["fleet"]), str(seen.replica["variant"])
