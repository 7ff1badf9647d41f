"""What one process knows of the requests that it passes on."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from salvia.core import ids
from salvia.store import leases, routes
from salvia.store.db import Reader

from . import endpoint as endpoints
from . import errors
from .capture import Capture
from .endpoint import Endpoint, Replica, Variant
from .gate import Gate
from .gateways import Gateways
from .meters import Meters
from .wire import Wire

if TYPE_CHECKING:
    from salvia.control.world import World

_log = logging.getLogger("salvia.serving")
_TICK = 0.5  # seconds between looks for what is late, and at what is down
_FORGET = 60.0  # seconds between looks for endpoints that are gone
Key = tuple[str, str, str]


class Traffic:
    """The endpoints that were asked for, their connections, their figures."""

    def __init__(self, world: World) -> None:
        self.id = ids.row_id()  # by which the demand that it tells is known from others'
        self._world = world
        self._endpoints: dict[Key, Endpoint] = {}
        self._gates: dict[tuple[str, str], Gate] = {}
        self._down: dict[str, Replica] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._reviving: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self.meters = Meters(world)
        self.capture = Capture(world)
        self.gateways = Gateways(world)
        world.closers.append(self.close)

    def endpoint(self, account: str, region: str, name: str) -> Endpoint | None:
        """The endpoint as of now: no answer is older than the last commit."""
        key = (account, region, name)
        return self._world.db.recall(("route", key), lambda db: self._read(db, key))

    def require(self, account: str, region: str, name: str) -> Endpoint:
        """The same. Raises ValidationError when there is none."""
        found = self.endpoint(account, region, name)
        if found is None:
            raise errors.no_endpoint(account, name)
        return found

    def gate(self, endpoint: Endpoint, variant: Variant) -> Gate:
        """The one gate of a serverless variant, as of this version of its endpoint."""
        key = (endpoint.id, variant.name)
        found = self._gates.get(key)
        if found is None:
            found = self._gates[key] = Gate(self._world, self, endpoint, variant)
        found.renew(endpoint)
        return found

    def lose(self, replica: Replica, of: str = "") -> None:
        """Send nobody there until somebody listens again. The endpoint's lifecycle, by its id, is told to look."""
        if not replica.down:
            replica.down = True
            self._down[replica.id] = replica
            _log.warning("nobody listens", extra={"event": "replica-down", "replica": replica.id})
            if of:
                self._telling = asyncio.get_running_loop().create_task(self._tell(of))

    async def _tell(self, endpoint: str) -> None:
        try:
            await self._world.write(lambda tx: leases.wake(tx, endpoint, self._world.clock.wall()))
        except Exception:  # it looks by itself every few seconds
            _log.exception("not told", extra={"event": "replica-down-untold", "endpoint": endpoint})

    async def close(self) -> None:
        """Write what was counted; let go of all connections."""
        for task in (self._ticking, self._reviving):
            if task is not None:
                task.cancel()
        await self.gateways.leave()
        for gate in self._gates.values():
            gate.close()
        await self.meters.close()
        await self.capture.close()
        for found in self._endpoints.values():
            for replica in found.replicas.values():
                replica.close()

    def _read(self, db: Reader, key: Key) -> Endpoint | None:
        row = routes.read(db, *key)
        known = self._endpoints.get(key)
        if row is None:
            self._forget(key)
            return None
        if known is None or (known.id, known.version) != (row.endpoint, row.version):
            known = self._endpoints[key] = endpoints.build(*key, row, known, self._world.node)
            if self._ticking is None:
                self._ticking = asyncio.get_running_loop().create_task(self._tick())
        return known

    def _forget(self, key: Key) -> None:
        gone = self._endpoints.pop(key, None)
        if gone is not None:
            for replica in gone.replicas.values():
                replica.close()
            # Whoever waits at one of them is told so by the gate itself, which sees that the endpoint is gone.
            self._gates = {gate: found for gate, found in self._gates.items() if gate[0] != gone.id}

    async def _tick(self) -> None:
        looked = time.monotonic()
        while True:
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            try:
                present = [one for found in self._endpoints.values() for one in found.replicas.values()]
                present += self.gateways.peers
                for replica in present:
                    for container in replica.containers:
                        container.pool.expire(now)
                if self._down and (self._reviving is None or self._reviving.done()):
                    self._reviving = asyncio.create_task(self._revive({replica.id for replica in present}))
                if now - looked > _FORGET:
                    looked = now
                    for key in list(self._endpoints):
                        self.endpoint(*key)
            except Exception:
                _log.exception("looking after connections failed", extra={"event": "serving-failed"})

    async def _revive(self, present: set[str]) -> None:
        for replica in list(self._down.values()):
            if replica.id in present and not await _listens(replica):
                continue
            replica.down = False
            del self._down[replica.id]


async def _listens(replica: Replica) -> bool:
    for container in replica.containers:
        probe = Wire(container.pool)
        try:
            await container.pool.address.connect(probe)
        except (OSError, TimeoutError):
            return False
        probe.transport.close()
    return True
