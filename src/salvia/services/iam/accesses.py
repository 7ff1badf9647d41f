"""Notes of what was allowed, and why something was not: what policies can be made of, and denials explained from.

A process notes each thing once a day and writes its notes every half second, together: they cost a request little.
What a killed process had not written is noted again when it happens again. Beyond a hundred resources of one action,
what stands for a hundred others is noted in their place (`bucket/folder/*`, `training-job/*`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from salvia.control.call import Call
from salvia.control.policy import Request, Trace
from salvia.control.world import World
from salvia.core.caller import Caller
from salvia.store import accesses
from salvia.store.accesses import Access
from salvia.store.db import Transaction

_log = logging.getLogger("salvia.iam")
_SOON = 0.5  # seconds until notes are written
_MOST = 100  # resources of one action, folders of one action
_REMEMBERED = 20_000
_PENDING = 1000  # denials: a flood of them must not fill the memory
_DAY = 86_400.0
_KEPT = 90 * 86_400.0  # seconds, as CloudTrail's event history


def provide(world: World) -> None:
    """Let authorisation tell what it decided."""
    notes = Notes(world)
    world.providers.accessed = notes.accessed
    world.providers.denied = notes.denied
    world.providers.settled = notes.settled


async def sweep(world: World) -> None:
    """Forget what is older than 90 days."""
    before = world.clock.now() - _KEPT
    await world.db.write(lambda tx: accesses.expire(tx, before))


class Notes:
    """One process's notes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: set[Access] = set()
        self._counts: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        self._allowed: list[Access] = []
        self._denied: dict[str, tuple[str, dict[str, Any]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._forgetting = 0.0
        self._writing = asyncio.Lock()

    def accessed(self, caller: Caller, action: str, resource: str) -> None:
        """Note what was allowed; returns at once."""
        if caller.kind == "anonymous":
            return
        access = Access(caller.entity, caller.owner, action, resource)
        if access in self._seen:
            return
        kind = (caller.entity, caller.owner, action)
        if self._counts[kind] >= _MOST:
            wide = _folder(resource) if self._counts[kind] < 2 * _MOST else _kind(resource)
            access = Access(caller.entity, caller.owner, action, wide)
            if access in self._seen:
                return
        if len(self._seen) >= _REMEMBERED:
            self._forget()
        self._counts[kind] += 1
        self._seen.add(access)
        self._allowed.append(access)
        self._soon()

    def denied(self, call: Call, request: Request, explain: Callable[[], Trace]) -> None:
        """Note why something was denied; whoever is nobody is told enough by the answer."""
        if call.caller.kind == "anonymous" or len(self._denied) >= _PENDING:
            return
        found = explain()
        looked = [
            {
                "PolicyType": look.scope.value,
                "PolicyName": look.policy.name,
                "Statement": look.statement.label,
                "Effect": "Allow" if look.statement.allow else "Deny",
                "Matched": look.matched,
                "Reason": look.because,
            }
            for look in found.looks
            if look.failed != "Action"
        ]
        self._denied[call.request_id] = (
            call.account,
            {
                "Caller": call.caller.arn,
                "Operation": f"{call.service}:{call.operation}",
                "Action": request.action,
                "Resource": request.resource,
                "Message": found.decision.sentence(request),
                "Statements": looked,
                "OtherStatements": len(found.looks) - len(looked),
            },
        )
        self._soon()

    def _soon(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._write())

    def _forget(self) -> None:
        self._seen.clear()
        self._counts.clear()

    async def _write(self) -> None:
        await asyncio.sleep(_SOON)
        self._task = None  # what is noted from now on is for the next
        await self.settled()

    async def settled(self) -> None:
        """Write what was noted until now; returns when it is written."""
        async with self._writing:
            if self._allowed or self._denied:
                await self._flush()

    async def _flush(self) -> None:
        allowed, self._allowed = self._allowed, []
        denied, self._denied = self._denied, {}
        now = self._world.clock.now()
        if now >= self._forgetting:  # a new day: what goes on being done is noted again
            self._forget()
            self._forgetting = now + _DAY

        def work(tx: Transaction) -> None:
            accesses.insert(tx, allowed, now)
            for request_id, (account, denial) in denied.items():
                accesses.deny(tx, request_id, account, now, denial)

        try:
            await self._world.db.write(work)
        except Exception:  # the database is away, say: what goes on being done is noted again
            _log.exception("notes of what was allowed are lost", extra={"event": "notes-failed"})
            self._forget()


def _folder(resource: str) -> str:
    head, slash, _ = resource.rpartition("/")
    return f"{head}/*" if slash else resource


def _kind(resource: str) -> str:
    head, slash, _ = resource.partition("/")
    return f"{head}/*" if slash else f"{resource.rpartition(':')[0]}:*"
