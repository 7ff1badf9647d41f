"""Serverless variants: a request waits here for a replica of its own, and the lifecycle is told to start one.

::

    enter ─▶ beyond MaxConcurrency? ThrottlingException
      └─▶ a free replica? go ─▶ leave
            └─ none: wait ─▶ demand (store/demand) ─▶ the endpoint's lifecycle ─▶ routes ─▶ go

A replica has one request at a time, as a function of AWS Lambda has, which serverless inference is built on. How many
are under way is counted by the variant's gate, nowhere else: whoever has the gate decides. Source: SageMaker developer
guide, "Deploy models with Amazon SageMaker Serverless Inference", "Concurrent invocations".
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from salvia.core.errors import ServiceError
from salvia.store import demand
from salvia.store.db import Transaction
from salvia.store.demand import Demand

from . import errors
from .endpoint import Endpoint, Replica, Variant

if TYPE_CHECKING:
    from salvia.control.world import World

    from .invocation import Invocation
    from .traffic import Traffic

_log = logging.getLogger("salvia.serving")
_HELD = 50.0  # seconds that a request waits for a replica; botocore gives up reading after 60
_LOOK = 0.02  # seconds between looks at the route while somebody waits
_TELL = 5.0  # seconds between tellings of what is in use


class _Held(NamedTuple):
    """A request that waits; `failures` is how many replicas had failed to start when it came."""

    invocation: Invocation
    until: float
    failures: int


class Gate:
    """The requests of one serverless variant."""

    def __init__(self, world: World, traffic: Traffic, endpoint: Endpoint, variant: Variant) -> None:
        self._world, self._traffic = world, traffic
        self._endpoint, self._variant = endpoint, variant
        self._inside: set[Invocation] = set()
        self._waiting: deque[_Held] = deque()
        self._used: list[float] = []  # when so many and more were last under way: see `store.demand`
        self._peak = 0  # the most at once since that was told
        self._told = 0.0
        self._urgent = False
        self._news = asyncio.Event()
        self._attending: asyncio.Task[None] | None = None

    def enter(self, invocation: Invocation) -> None:
        """Send a request to a replica of its own, now or when there is one. One that is inside already, whose replica
        died, is not counted again."""
        serverless = self._variant.serverless
        if invocation not in self._inside:
            if serverless is not None and len(self._inside) >= serverless.most:
                invocation.refuse(errors.throttled())
                return
            self._inside.add(invocation)
            self._peak = max(self._peak, len(self._inside))
            invocation.place = len(self._inside)
        failures = serverless.failures if serverless is not None else 0
        self._waiting.append(_Held(invocation, invocation.began + _HELD, failures))
        self._hand_out()
        if self._waiting:
            self._urgent = True
            self._news.set()
        if self._attending is None or self._attending.done():
            self._attending = asyncio.get_running_loop().create_task(self._attend())

    def leave(self, invocation: Invocation) -> None:
        """A request is over: its replica is the next one's."""
        self._inside.discard(invocation)
        if self._waiting:
            self._hand_out()

    def renew(self, endpoint: Endpoint) -> None:
        """The variant as of this version of the endpoint."""
        if endpoint.version > self._endpoint.version:
            for variant in endpoint.variants:
                if variant.name == self._variant.name:
                    self._endpoint, self._variant = endpoint, variant

    def close(self) -> None:
        """Look after nobody any more."""
        if self._attending is not None:
            self._attending.cancel()

    def _free(self) -> Replica | None:
        """The first replica that is idle: the last ones are those that grow cold."""
        for fleet in self._variant.fleets:
            for replica in fleet.replicas if fleet.share > 0 else ():
                if not replica.outstanding and not replica.down:
                    return replica
        return None

    def _hand_out(self) -> None:
        while self._waiting and (replica := self._free()) is not None:
            self._waiting.popleft().invocation.go(replica)

    async def _attend(self) -> None:
        """Tell and look for as long as there are requests, and a little longer."""
        while self._inside or self._peak:
            try:
                if self._urgent or time.monotonic() - self._told >= _TELL:
                    await self._tell()
                self._look()
            except Exception:
                _log.exception("looking after a serverless variant failed", extra={"event": "serving-failed"})
            self._news.clear()
            try:
                async with asyncio.timeout(_LOOK if self._waiting else _TELL):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _tell(self) -> None:
        """Write what is needed; whoever starts replicas is woken when somebody waits."""
        count, now = max(self._peak, len(self._inside)), self._world.clock.now()
        self._used[:count] = [now] * count
        waking = self._world.clock.wall() if self._waiting else None
        told = Demand(self._variant.name, self._traffic.id, list(self._used))

        def work(tx: Transaction) -> None:
            demand.tell(tx, self._endpoint.id, told, waking)

        self._peak, self._urgent = 0, False
        try:
            await (self._world.db.write if waking is None else self._world.write)(work)
        except BaseException:
            self._peak, self._urgent = max(self._peak, count), bool(self._waiting)
            raise
        self._told = time.monotonic()

    def _look(self) -> None:
        """Hand out replicas that are new; let go of whoever has waited long enough, or in vain."""
        if not self._waiting:
            return
        own = self._endpoint
        found = self._traffic.endpoint(own.account, own.region, own.name)
        if found is None or found.id != own.id:
            self._refuse(list(self._waiting), errors.no_endpoint(own.account, own.name))
            return
        self.renew(found)
        self._hand_out()
        if self._world.closing.is_set():
            self._refuse(list(self._waiting), errors.unavailable("The service is about to restart. Try again."))
        serverless, now = self._variant.serverless, time.monotonic()
        if serverless is not None and not self._variant.size:
            failed = [held for held in self._waiting if held.failures < serverless.failures]
            container = self._variant.names[0] or "primary"
            self._refuse(failed, errors.model_error(self._endpoint, container, 0, serverless.failure))
        late = [held for held in self._waiting if held.until <= now]
        self._refuse(late, errors.not_ready())

    def _refuse(self, refused: list[_Held], error: ServiceError) -> None:
        for held in refused:
            self._waiting.remove(held)
        for held in refused:
            held.invocation.refuse(error)
