"""Under `--capacity strict`: who has how much of a runtime's machine, first come first served.

Nobody overtakes: a small job does not slip past a large one that waits, so none waits for ever. Whoever hands out
changes the runtime's turn first, in the same transaction: two controllers never hand out the same cores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from salvia.core.errors import ServiceError
from salvia.runtimes.base import Capacity, Runtime
from salvia.runtimes.instance_types import instance_type
from salvia.store import leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .world import World

_TURN = """
INSERT INTO capacity_turns (runtime, turn) VALUES (:runtime, 1)
ON CONFLICT (runtime) DO UPDATE SET turn = capacity_turns.turn + 1"""
_ASK = """
INSERT INTO capacity_claims (owner, runtime, asked_at, cpus, memory, granted)
VALUES (:owner, :runtime, :asked_at, :cpus, :memory, 0) ON CONFLICT (owner) DO NOTHING"""
_EARLIER = """
SELECT COUNT(*) AS number FROM capacity_claims
WHERE runtime = :runtime AND granted = 0 AND (asked_at, owner) < (:asked_at, :owner)"""
_GRANTED = """
SELECT COALESCE(SUM(cpus), 0) AS cpus, COALESCE(SUM(memory), 0) AS memory FROM capacity_claims
WHERE runtime = :runtime AND granted = 1"""
_FIRST = """
SELECT owner FROM capacity_claims WHERE runtime = :runtime AND granted = 0 ORDER BY asked_at, owner LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Wait:
    """`before` is how many others are served first, `free` what nobody has at this moment."""

    before: int
    free: Capacity


class Wanted(NamedTuple):
    """Room for `what`, in words."""

    what: str
    need: Capacity


def instances(kinds: Mapping[str, int]) -> Wanted:
    """What so many instances of each type take together. What AWS does not publish of a type counts nothing."""
    known = [(kind, count) for name, count in kinds.items() if (kind := instance_type(name)) is not None]
    cpus = sum(count * (kind.vcpu or 0.0) for kind, count in known)
    memory = sum(count * (kind.memory or 0) for kind, count in known)
    return Wanted(", ".join(f"{count} × {kind}" for kind, count in kinds.items()), Capacity(cpus, memory))


async def wait(
    document: Document,
    world: World,
    runtime: Runtime,
    wanted: Wanted,
    owner: str = "",
    asked_at: float | None = None,
) -> str:
    """What `document` waits for until it has the room that is `wanted`; empty once it has.

    It stays on this node from now on. `owner` is whose the room is, where it is one of its instances' and not its own.
    Raises ServiceError for what never fits.
    """
    if world.settings.capacity != "strict":
        return ""
    owner, asked_at = owner or document.id, document.created_at if asked_at is None else asked_at
    (what, need), whole, now = wanted, runtime.capacity(), world.clock.wall()
    wants = f"{what}: {_words(need)}"
    if need.cpus > whole.cpus or need.memory > whole.memory:
        raise ServiceError(
            "CapacityError",
            "Unable to provision requested ML compute capacity. Please retry using a different ML instance type. It "
            f"takes {wants}; this machine has {_words(whole)} in all.",
        )
    machine = f"{runtime.name} {world.node}".strip()

    def work(tx: Transaction) -> Wait | None:
        if document.node not in {"", world.node}:  # it waited for a node that died
            give_back(tx, owner, now)
        leases.pin(tx, document, world.node)
        return ask(tx, machine, owner, asked_at, need, whole, now)

    waiting = await world.write(work)
    if waiting is None:
        return ""
    before = f"{waiting.before} before it" if waiting.before else "it is the next"
    return f"Waiting for capacity for {wants}; {_words(waiting.free)} free, {before}."


def ask(
    tx: Transaction, runtime: str, owner: str, asked_at: float, need: Capacity, whole: Capacity, now: float
) -> Wait | None:
    """Give `owner`, a document, what it needs; None once it has it. Asking again keeps its place."""
    tx.run(_TURN, {"runtime": runtime})
    here = {"runtime": runtime, "owner": owner, "asked_at": asked_at}
    tx.run(_ASK, {**here, "cpus": need.cpus, "memory": need.memory})
    own = tx.one("SELECT granted FROM capacity_claims WHERE owner = :owner", {"owner": owner})
    if own is not None and own["granted"]:
        return None
    earlier, granted = tx.one(_EARLIER, here), tx.one(_GRANTED, {"runtime": runtime})
    assert earlier is not None and granted is not None
    free = Capacity(whole.cpus - granted["cpus"], whole.memory - int(granted["memory"]))
    if earlier["number"] or need.cpus > free.cpus or need.memory > free.memory:
        return Wait(earlier["number"], free)
    tx.run("UPDATE capacity_claims SET granted = 1 WHERE owner = :owner", {"owner": owner})
    _wake_first(tx, runtime, now)  # there may be room for one more
    return None


def give_back(tx: Transaction, owner: str, now: float) -> None:
    """`owner` needs nothing any more, or no longer waits: whoever is first by now looks again."""
    row = tx.one("SELECT runtime FROM capacity_claims WHERE owner = :owner", {"owner": owner})
    if row is None:
        return
    tx.run(_TURN, {"runtime": row["runtime"]})
    tx.run("DELETE FROM capacity_claims WHERE owner = :owner", {"owner": owner})
    _wake_first(tx, row["runtime"], now)


def hand_over(tx: Transaction, owner: str, to: str) -> None:
    """What `owner` has goes to `to`, which no longer waits for any."""
    if tx.one("SELECT owner FROM capacity_claims WHERE owner = :owner", {"owner": owner}):
        tx.run("DELETE FROM capacity_claims WHERE owner = :to", {"to": to})
        tx.run("UPDATE capacity_claims SET owner = :to WHERE owner = :owner", {"owner": owner, "to": to})


def _words(amount: Capacity) -> str:
    return f"{amount.cpus:g} cores and {amount.memory / 2**30:.1f} GiB"


def _wake_first(tx: Transaction, runtime: str, now: float) -> None:
    first = tx.one(_FIRST, {"runtime": runtime})
    if first is not None:
        leases.wake(tx, first["owner"], now)
