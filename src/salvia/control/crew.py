"""The instances of one attempt of a job: started together, looked for, told to end, removed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from salvia.runtimes.base import Handle, InstanceSpec, InstanceState, Runtime
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import capacity, components, guests, instances, quotas
from .instances import Instance
from .world import World

_LONGEST = 1024  # characters of a FailureReason


@dataclass(frozen=True, slots=True)
class Crew:
    """`name` gives the deterministic name by which a restarted controller finds the instance of a position again."""

    job: Document
    world: World
    attempt: int
    name: Callable[[int], str]

    def members(self) -> list[Instance]:
        """As the database has them."""
        return instances.of(self.world.db.read(), self.job.id, self.attempt)

    def agent(self, position: int, isolated: bool, job: Mapping[str, Any]) -> dict[str, Any]:
        """What the agent of one is told: the way to us, the program's way out, and `job`."""
        world = self.world
        return {
            "url": world.settings.url,
            "token": self._token(position),
            "region": self.job.region,
            "account": self.job.account,
            "ca": str(world.settings.ca_bundle),
            "proxy": None if isolated else guests.way_out(world, self.job.id, position, self.attempt),
            "job": {"name": self.job.name, "arn": self.job.arn, "network_isolation": isolated, **job},
        }

    async def start(
        self, runtime: Runtime, role: str, specs: Sequence[InstanceSpec], also: Callable[[Transaction], None]
    ) -> None:
        """Record each intent, with `also`; start each instance, or adopt it; keep each handle.

        Raises ServiceError when one cannot be started.
        """
        tokens = [self._token(position) for position in range(len(specs))]

        def intend(tx: Transaction) -> None:
            also(tx)
            for position, token in enumerate(tokens):
                instances.intend(
                    tx,
                    Instance(
                        owner=self.job.id,
                        position=position,
                        attempt=self.attempt,
                        role_arn=role,
                        session_name="SageMaker",
                        token_hash=instances.hash_of(token),
                    ),
                )

        await self.world.db.write(intend)
        handles = [await runtime.start(spec) for spec in specs]

        def keep(tx: Transaction) -> None:
            for position, handle in enumerate(handles):
                instances.started(tx, self.job.id, position, self.attempt, handle)

        await self.world.db.write(keep)

    def started(self, members: Sequence[Instance]) -> bool:
        """Whether all were: their handles are kept in one transaction, so that an interrupted start is repeated.

        Those of another node, which died, are lost either way.
        """
        return bool(members) and (self.job.node != self.world.node or all(member.handle for member in members))

    async def lost(self, members: Sequence[Instance]) -> Instance | None:
        """The first whose agent is gone without a word."""
        gone = [member for member in members if not member.exit and not await self._alive(member)]
        if not gone:
            return None
        # An agent that has just reported its end and left is not lost: look at its row once more.
        fresh = {member.id: member for member in self.members()}
        return next((fresh[member.id] for member in gone if not fresh[member.id].exit), None)

    async def end(self, grace: float) -> Callable[[Transaction], None] | None:
        """Ask every agent to end its program, and to say so; None once all have, or are gone.

        What comes back is to be written with the outcome.
        """
        alive = {member.id for member in self.members() if not member.exit and await self._alive(member)}
        open_ones = [member for member in self.members() if member.id in alive and not member.exit]
        for member in open_ones:
            handle = self._handle(member)
            await self.world.runtimes[handle["runtime"]].stop(handle, grace)
        return (lambda tx: instances.ask_to_stop(tx, self.job.id)) if open_ones else None

    async def remove(self) -> str:
        """Remove what there is of each; empty, or what cannot be removed yet, and why."""
        for member in self.members():
            handle = self._handle(member)
            try:
                await self.world.runtimes[handle["runtime"]].remove(handle)
            except OSError as error:  # a process waits in the kernel for a disk, say: the job ends when it does
                return f"Instance {member.position + 1} cannot be removed yet: {error}."
        return ""

    def began(self, members: Sequence[Instance], moment: str) -> bool:
        """Whether it is news that the first instance started; `moment`, a member of the job, then says when."""
        times = [at for each in members if (at := each.report.get("moments", {}).get("Downloading")) is not None]
        if not times or moment in self.job.status:
            return False
        self.job.status[moment] = max(self.job.created_at, min(times))
        return True

    def close(self, state: str, reason: str | None, moment: str) -> Callable[[Transaction], None]:
        """Write the job's end, `moment` the member that says when, and give back what it held.

        What comes back is to be written with the outcome.
        """
        job, world = self.job, self.world
        now = world.clock.now()
        job.state = state
        job.modified_at = max(job.modified_at, now)
        job.status[moment] = now
        if reason:
            job.status["FailureReason"] = reason[:_LONGEST]
        claims = job.status.pop("_Claims", {})

        def also(tx: Transaction) -> None:
            instances.revoke(tx, job.id)
            quotas.give_back(tx, job.account, job.region, claims)
            capacity.give_back(tx, job.id, world.clock.wall())
            components.ended(tx, job, now)

        return also

    async def _alive(self, member: Instance) -> bool:
        handle = self._handle(member)
        return await self.world.runtimes[handle["runtime"]].poll(handle) is InstanceState.RUNNING

    def _handle(self, member: Instance) -> Handle:
        """Its handle; where a controller was killed before it kept one, that which a start has for certain."""
        return member.handle or {"runtime": "process", "name": self.name(member.position)}

    def _token(self, position: int) -> str:
        return instances.bearer(self.world.secret, self.job.id, position, self.attempt)
