"""What has become of an endpoint's replicas: from their agents' reports, and from whether their agents live."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from salvia.control import hosting, instances
from salvia.control.instances import Instance
from salvia.control.world import World
from salvia.runtimes.base import InstanceState
from salvia.store import leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import launch, room
from .fleets import Replica, replicas

_waking: set[asyncio.Task[None]] = set()  # a loop keeps no hold of its tasks
_SETTLE = 1.0  # seconds from when a replica left the route until its program is told: who routes has looked again
_PATIENCE = 10.0  # beyond the grace, before an agent that does not end is ended
_LINES = 5
_REASON = 1024  # FailureReason's maximum length in the model


class State(StrEnum):
    """Of a replica: BEGUN but not started, STARTING until all its containers answer, SERVING, or DEAD: ended, or so ill
    that it is to end."""

    BEGUN = "BEGUN"
    STARTING = "STARTING"
    SERVING = "SERVING"
    DEAD = "DEAD"


@dataclass(slots=True)
class Seen:
    """One replica as it is found. `reason` says why a DEAD one is."""

    number: int
    replica: Replica
    members: list[Instance]
    state: State
    reason: str = ""

    @property
    def up(self) -> bool:
        """Whether it counts: it has not been told to leave."""
        return bool(self.replica["state"] == "up")


async def look(endpoint: Document, world: World) -> list[Seen]:
    """Every replica. One whose agent just reported its end, and is gone, is known by its report."""
    elsewhere = endpoint.node not in ("", world.node)  # its node died, and with it all that ran there
    known = instances.every(world.db.read(), endpoint.id)
    gone = set() if elsewhere else {number for number, members in known.items() if await _lost(members, world)}
    known |= {number: instances.of(world.db.read(), endpoint.id, number) for number in gone}
    found = []
    for text, replica in replicas(endpoint).items():
        number = int(text)
        members = known.get(number, [])
        seen = Seen(number, replica, members, _state(members))
        if seen.state is State.DEAD:
            seen.reason = reason(members, replica["variant"])
        elif elsewhere or number in gone:
            seen.state = State.DEAD
            where = f"production variant {replica['variant']}"
            seen.reason = f"An instance of {where} was lost: its agent ended without reporting how."
        if seen.state is State.SERVING:
            replica["served"] = True
        found.append(seen)
    return found


def watch(endpoint: Document, world: World, found: list[Seen]) -> None:
    """Have the endpoint looked at as soon as an agent of those that serve has ended."""

    async def wake() -> None:
        with suppress(Exception):  # the next look will find it
            await world.write(lambda tx: leases.wake(tx, endpoint.id, world.clock.wall()))

    def ended() -> None:
        task = asyncio.get_running_loop().create_task(wake())
        _waking.add(task)
        task.add_done_callback(_waking.discard)

    for seen in found:
        for member in seen.members if seen.up and seen.state is State.SERVING else ():
            if member.handle:
                world.runtimes[member.handle["runtime"]].watch(member.handle, ended)


def leave(replica: Replica, world: World) -> None:
    """It is to serve no more: first it leaves the route, and only when that is written is it stopped."""
    replica |= {"state": "leaving", "left_at": world.clock.wall()}


async def end(endpoint: Document, world: World, found: list[Seen], settle: float = _SETTLE) -> float | None:
    """Stop those that have left the route, remove those that have ended; when to look again, if any is left."""
    again: float | None = None
    now = world.clock.wall()
    for seen in found:
        if seen.up:
            continue
        left_at = seen.replica["left_at"]
        alive = [member for member in seen.members if await _alive(_handle(endpoint, seen, member), world)]
        stopped_at = seen.replica.get("stopped_at")
        if alive and stopped_at is None and now >= left_at + settle:
            for member in alive:
                at = _handle(endpoint, seen, member)
                await world.runtimes[at["runtime"]].stop(at, hosting.GRACE)
            stopped_at = seen.replica["stopped_at"] = now
        overdue = stopped_at is not None and now > stopped_at + hosting.GRACE + _PATIENCE
        if alive and not overdue:
            soon = any(member.exit for member in alive)
            pause = 0.05 if soon else 1.0 if stopped_at is not None else max(0.05, left_at + settle - now)
        elif await _remove(endpoint, world, seen):
            continue
        else:
            pause = 1.0
        again = pause if again is None else min(again, pause)
    return again


def reason(members: list[Instance], variant: str) -> str:
    """Why a replica died, in AWS's sentence where it has one, with the last lines of its program."""
    over = [member for member in members if _over(member)]
    first = min(over, key=lambda member: member.report.get("times", {}).get(member.phase, 0.0))
    exited: dict[str, Any] = first.exit or {"error": first.report}
    who = "primary container" if len(members) == 1 else f"container {first.position + 1} of {len(members)}"
    text = f"The {who} for production variant {variant} {_what(exited)}"
    lines = [line.rstrip() for line in exited.get("log_tail") or () if line.strip()][-_LINES:]
    if not lines:
        return text[:_REASON]
    last = "\n".join(lines)
    room = _REASON - len(text) - len(" Its last lines:\n")
    return f"{text} Its last lines:\n{last[-room:]}" if room > 0 else text[:_REASON]


def _what(exited: dict[str, Any]) -> str:
    error = exited.get("error")
    if error and "ping health check" in error["message"]:
        return f"{error['message']} Please check CloudWatch logs for this endpoint."
    if error:
        return f"could not be started: {error['message']}"
    if exited.get("oom"):
        return "ran out of memory. Choose an instance type with more."
    if exited.get("signal"):
        name = f" ({signal.Signals(exited['signal']).name})" if exited["signal"] in set(signal.Signals) else ""
        return f"was killed by signal {exited['signal']}{name}."
    if exited.get("code") is None:
        return "was stopped from outside before its program ran."
    return f"ended with exit code {exited['code']}."


def _over(member: Instance) -> bool:
    return member.exit is not None or member.phase == "Unhealthy"


def _state(members: list[Instance]) -> State:
    if any(map(_over, members)):
        return State.DEAD
    if not members or not all(member.handle for member in members):
        return State.BEGUN
    if all(member.phase == "InService" for member in members):
        return State.SERVING
    return State.STARTING


async def _lost(members: list[Instance], world: World) -> bool:
    """Whether an agent that was started and has not reported its end is not there."""
    for member in members:
        if member.handle and not member.exit and not await _alive(member.handle, world):
            return True
    return False


async def _alive(handle: dict[str, Any], world: World) -> bool:
    return await world.runtimes[handle["runtime"]].poll(handle) is InstanceState.RUNNING


def _handle(endpoint: Document, seen: Seen, member: Instance) -> dict[str, Any]:
    return member.handle or launch.handle(endpoint, seen.number, member.position)


async def _remove(endpoint: Document, world: World, seen: Seen) -> bool:
    """Remove what is left of a replica, and forget it; False while something of it cannot be."""
    positions = range(max(len(seen.members), 1))
    handles = [seen.members[at].handle if seen.members else None for at in positions]
    try:
        await asyncio.gather(
            *(
                world.runtimes["process"].remove(known or launch.handle(endpoint, seen.number, at))
                for at, known in zip(positions, handles, strict=True)
            )
        )
    except OSError:  # a process waits in the kernel for a disk, say
        return False

    def forget(tx: Transaction) -> None:
        instances.forget_attempt(tx, endpoint.id, seen.number)
        room.leave(tx, endpoint, seen.number, world.clock.wall())

    await world.db.write(forget)
    del replicas(endpoint)[str(seen.number)]
    return True
