"""Which gateway has an endpoint: the others send it what is to be counted, or reached, in one place.

A gateway goes to an endpoint's replicas itself where it can. It cannot where they are on another *node*, whose sockets
it does not reach; and where a variant bounds its concurrency there must be one that counts. Then the *owner* does it:
the first, for this endpoint, of the gateways that live on the replicas' node, in the order of a hash that is another
for each endpoint. So nobody claims anything, nothing is written for a request, and no lease of a dead owner has to run
out: whoever finds its socket refused goes to the next, and so does everybody else.

Those who live are known from rows that each renews (`store.gateways`), and are read at each renewal: for so long after
a gateway came or went two may count, and let through as many requests more than a variant's bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from salvia.store import gateways
from salvia.store.gateways import Gateway

from . import trust
from .endpoint import Container, Endpoint, Replica
from .pool import Address, Pool

if TYPE_CHECKING:
    import ssl

    from salvia.control.world import World

_log = logging.getLogger("salvia.serving")
_BEAT = gateways.LEASE / 4
_MOST = 1024  # connections to another gateway: all endpoints share them, and one that hangs must not take all


class Peer(Replica):
    """Another gateway, as the replica of its endpoints that it is to us."""

    __slots__ = ()

    @property
    def pool(self) -> Pool:
        """The connections to it."""
        return self.containers[0].pool


class Gateways:
    """The gateways, as one of them sees them. Of a process that did not `join` there is none beside it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._mine: Gateway | None = None
        self._others: dict[Gateway, Peer] = {}
        self._orders: dict[tuple[str, str], tuple[Peer | None, ...]] = {}
        self._beating: asyncio.Task[None] | None = None
        self._tls: ssl.SSLContext | None = None
        shown = trust.bearer(world.secret)
        self.head = f"POST /invocations HTTP/1.1\r\nHost: {trust.NAME}\r\nAuthorization: Bearer {shown}\r\n".encode()

    @property
    def peers(self) -> list[Replica]:
        """The others."""
        return list(self._others.values())

    def owners(self, endpoint: Endpoint) -> tuple[Peer | None, ...]:
        """Who is to have what is asked of an endpoint: the owner, then its deputies; None stands for this gateway."""
        key = (endpoint.id, endpoint.node)
        found = self._orders.get(key)
        if found is None:
            found = self._orders[key] = self._order(*key)
        return found

    async def join(self, mine: Gateway, tls: ssl.SSLContext | None) -> None:
        """Be one of them, from now on."""
        self._mine, self._tls = mine, tls
        await self._beat()
        self._beating = asyncio.create_task(self._keep_beating())

    async def leave(self) -> None:
        """Be one no more."""
        beating, self._beating = self._beating, None
        if self._mine is None or beating is None:
            return
        beating.cancel()
        with contextlib.suppress(Exception):  # then its lease runs out
            await self._world.db.write(partial(gateways.gone, gateway=self._mine.id))
        for peer in self._others.values():
            peer.close()

    def _order(self, endpoint: str, node: str) -> tuple[Peer | None, ...]:
        if self._mine is None:
            return ()
        # An endpoint that is on no node yet may be anybody's.
        there = [one for one in (self._mine, *self._others) if one.node == node or not node]
        there.sort(key=lambda one: sha256(f"{endpoint}/{one.id}".encode()).digest())
        return tuple(self._others.get(one) for one in there)

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(_BEAT)
            try:
                await self._beat()
            except Exception:
                _log.exception("heartbeat failed", extra={"event": "gateway-heartbeat-failed"})

    async def _beat(self) -> None:
        mine = self._mine
        assert mine is not None
        await self._world.db.write(partial(gateways.seen, gateway=mine))
        living = {one for one in gateways.living(self._world.db.read()) if one.id != mine.id}
        for left in self._others.keys() - living:
            self._others.pop(left).close()
        for came in living - self._others.keys():
            self._others[came] = Peer(came.id, (Container("gateway", Pool(self._address(came), _MOST)),))
        self._orders.clear()  # of endpoints that are gone, too

    def _address(self, other: Gateway) -> Address:
        assert self._mine is not None
        if other.node == self._mine.node:
            return Address(other.socket)
        return Address("", other.host, other.port, self._tls)
