"""The engine: documents that are due, one idempotent handler a kind, leases.

    due ─▶ claim (lease) ─▶ reconcile(document, world) ─▶ write back under the lease ─▶ due again, or at rest

A handler looks at the world, does at most one thing that can be repeated, and changes the document it was given.
It may be killed at any instruction and is then called again, perhaps by another controller.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from salvia.store import documents, leases
from salvia.store.db import Transaction
from salvia.store.documents import Conflict, Document

from . import timekeeping
from .world import World

_log = logging.getLogger("salvia.reconcile")
_LEASE = 15.0  # seconds until a dead controller's work is taken over
_RENEW = _LEASE / 3
_AT_ONCE = 256  # most of them wait: for a thread, or for an image that one of them builds
_ENDING = 5.0  # seconds for what runs, when the process is to end
_IDLE = (0.5, 5.0)  # polling when nothing is due: hints make it rarely matter
_RETRY = (0.5, 60.0)  # after a handler raised, doubling


@dataclass(slots=True)
class Outcome:
    """`requeue` is when to look again, in seconds; None: only when something about the document changes.

    `also` writes in the same transaction; `delete` removes the document.
    """

    requeue: float | None = None
    also: Callable[[Transaction], None] | None = None
    delete: bool = False

    def along(self, write: Callable[[Transaction], None]) -> Outcome:
        """The same, and `write` in its transaction."""
        also = self.also

        def both(tx: Transaction) -> None:
            write(tx)
            if also is not None:
                also(tx)

        return replace(self, also=both)


Reconciler = Callable[[Document, World], Awaitable[Outcome]]


class Worker:
    """Claims what is due and reconciles it, many at a time, until it is stopped.

    `name`, eight characters, is that of one worker at a time: what the one before left leased, it takes over at once.
    """

    def __init__(self, world: World, name: str = "") -> None:
        self._world = world
        self._name = name
        self._look = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False

    def wake(self) -> None:
        """Look now."""
        self._look.set()

    async def run(self) -> None:
        """Work until `stop`."""
        if self._name:
            await self._world.db.write(lambda tx: leases.abandon(tx, self._name))
        beating = asyncio.create_task(self._beat()) if self._world.node else None
        try:
            await self._run()
        finally:
            if beating is not None:
                beating.cancel()

    async def _beat(self) -> None:
        """Tell the other nodes that this one lives."""
        while True:
            try:
                await self._world.db.write(lambda tx: leases.seen(tx, self._world.node))
            except Exception:
                _log.exception("heartbeat failed", extra={"event": "heartbeat-failed"})
            await asyncio.sleep(leases.DEAD / 6)

    async def _run(self) -> None:
        idle = _IDLE[0]
        while not self._stopping:
            self._look.clear()
            if len(self._running) >= _AT_ONCE:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                continue
            claimed = await self._claim()
            for document in claimed:
                task = asyncio.create_task(self._work(document))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            idle = _IDLE[0] if claimed else min(idle * 2, _IDLE[1])
            if len(claimed) == _AT_ONCE:
                continue
            db = self._world.db.read()
            now = db.now()
            due = leases.next_due(db, now, self._world.node)
            wait = idle * random.uniform(0.8, 1.2)  # noqa: S311
            if due is not None:
                wait = min(wait, max(0.0, due - now) + 0.001)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), wait)

    async def stop(self) -> None:
        """Claim nothing more, let what runs finish, and break off what takes long: it can be repeated."""
        self._stopping = True
        self._look.set()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=_ENDING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _claim(self) -> list[Document]:
        room = _AT_ONCE - len(self._running)
        db, node, name = self._world.db.read(), self._world.node, self._name
        if not leases.any_due(db, db.now(), node):
            return []
        timekeeping.catch_up(self._world)  # what the clock made due must not be told the time of before
        return await self._world.db.write(lambda tx: leases.claim(tx, tx.now(), _LEASE, room, node, name))

    async def _work(self, document: Document) -> None:
        handler: Reconciler | None = self._world.dispatch.reconcilers.get(document.kind)
        task = asyncio.current_task()
        assert task is not None
        renewal = asyncio.create_task(self._renew(document, task))
        ahead = self._world.clock.ahead
        try:
            if handler is None:
                _log.error("no reconciler", extra={"event": "no-reconciler", "kind": document.kind})
                outcome = Outcome(requeue=_RETRY[1])
            else:
                outcome = await handler(document, self._world)
            document.status.pop("_failures", None)
        except Conflict:
            outcome = Outcome(requeue=0)  # somebody changed it under the handler: `_write_back` finds so, too
        except asyncio.CancelledError:
            # Another controller need not wait until the lease runs out.
            await self._world.db.write(lambda tx: leases.release(tx, document))
            raise
        except Exception:
            _log.exception("reconcile failed", extra={"event": "reconcile-failed", "arn": document.arn})
            outcome = self._retry(document)
        finally:
            renewal.cancel()
        try:
            await self._write_back(document, outcome, ahead)
        except Exception:  # the disk is full, say: the lease runs out, and the step is repeated
            _log.exception("write-back failed", extra={"event": "write-back-failed", "arn": document.arn})

    def _retry(self, document: Document) -> Outcome:
        failures = int(document.status.get("_failures", 0)) + 1
        document.status["_failures"] = failures
        return Outcome(requeue=min(_RETRY[0] * 2 ** (failures - 1), _RETRY[1]))

    async def _renew(self, document: Document, work: asyncio.Task[None]) -> None:
        """Hold on to the lease; whoever lost it stops, since another controller does the work by now."""
        while True:
            await asyncio.sleep(_RENEW)
            try:
                held = await self._world.db.write(lambda tx: leases.renew(tx, document, tx.now() + _LEASE))
            except Exception:
                _log.exception("renewal failed", extra={"event": "renewal-failed", "arn": document.arn})
                continue
            if not held:
                _log.warning("lease lost", extra={"event": "lease-lost", "arn": document.arn})
                work.cancel()
                return

    async def _write_back(self, document: Document, outcome: Outcome, ahead: float) -> None:
        document.due_at = None if outcome.requeue is None else self._world.clock.wall() + outcome.requeue

        def apply(tx: Transaction) -> None:
            if document.due_at is not None and timekeeping.moved(self._world, tx, ahead):
                document.due_at = min(document.due_at, tx.now())
            leases.write_back(tx, document)
            if outcome.also is not None:
                outcome.also(tx)
            if outcome.delete:
                documents.delete(tx, document.id)

        try:
            await self._world.db.write(apply)
        except Conflict:
            # The document changed under us (a Stop, a report): let go, so that it is looked at again at once.
            await self._world.db.write(lambda tx: leases.release(tx, document))
        self.wake()
