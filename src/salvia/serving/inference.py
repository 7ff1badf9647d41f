"""One request of an asynchronous endpoint, from its claim to its end.

::

    input in S3, or in the row ─▶ container ─▶ … ─▶ output in S3 + the row says so: one commit ─▶ notification + no row
                                     └─ an error ─▶ failure in S3 + the row says so ───────────┘

Bodies flow through. Whoever dies on the way lets its lease run out, and another begins again: at the container, unless
the row says that the answer is written.
Source: SageMaker developer guide, "Asynchronous inference"; API reference, InvokeEndpointAsync.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from salvia.control import timekeeping
from salvia.core.errors import ServiceError
from salvia.store import backlog, routes
from salvia.store.backlog import Claimed

from . import datalog, errors, exchange
from .exchange import Said
from .invocation import PASSED
from .meters import Key
from .objects import Got, Objects, Owner, place
from .outcome import Again, Failure, Outcome, Result
from .tally import Tally

if TYPE_CHECKING:
    from salvia.control.world import World

_log = logging.getLogger("salvia.serving")
_LARGEST = 1 << 30  # bytes of an input. Source: "Asynchronous inference": "large payload sizes (up to 1GB)"
_LARGEST_ERROR = 1 << 20  # bytes of a container's error that are kept
_UNTYPED = "binary/octet-stream"  # what S3 calls an object of which nobody said what it is
_TRIES = 3  # of a request whose connection broke


class Inference:
    """The work on one claimed request."""

    def __init__(self, world: World, claimed: Claimed, objects: Objects, tally: Tally) -> None:
        row, slot = claimed.row, claimed.slot
        self._world = world
        self._claimed = claimed
        self._objects = objects
        self._tally = tally
        self._request = request = claimed.request
        role = slot.variant["role"] if slot is not None else request["Role"]
        self._owner = Owner(row["endpoint"], row["region"], role)
        variant = slot.variant["name"] if slot is not None else request["Variant"]
        self._key = Key(row["account"], row["region"], row["name"], variant)
        self._outcome = Outcome(world, claimed, self._owner, objects, self._count)

    async def settle(self) -> None:
        """Bring it to its end. Raises Again, and Taken when that is somebody else's by now."""
        result = self._claimed.result or await self._answer()
        await self._outcome.tell(result)
        now = self._world.clock.now()
        self._count(
            InvocationsProcessed=1,
            InvocationFailures=int(result["Status"] == "Failed"),
            TotalProcessingTime=1e3 * (now - self._claimed.row["received_at"]),
        )

    async def _answer(self) -> Result:
        """Have the request answered, and the answer written."""
        claimed, request = self._claimed, self._request
        waited = self._world.clock.now() - claimed.row["received_at"]
        try:
            if claimed.gone:
                raise Failure(f"ClientError: Endpoint {request['EndpointName']} was deleted before it got to this.")
            if claimed.slot is None:
                raise Failure(
                    f"ClientError: The request expired: it waited for {request['RequestTTLSeconds']} s, which is its "
                    "RequestTTLSeconds.",
                    "ExpiredRequests",
                )
            self._count(TimeInBacklog=1e6 * waited)
            seconds = request["InvocationTimeoutSeconds"]
            try:
                return await _within(self._world, seconds, self._infer(claimed.slot))
            except TimeoutError:
                last = claimed.slot.replica["containers"][-1]["name"]
                raise Failure(f"ClientError: {errors.TIMED_OUT.format(last)}") from None
        except Failure as failure:
            if failure.metric:
                self._count(**{failure.metric: 1})
            if claimed.slot is not None:
                instance = claimed.slot.replica["id"]
                await datalog.write(self._world, self._key, instance, request["InferenceId"], failure.line)
            return await self._outcome.fail(failure)

    async def _infer(self, slot: backlog.Slot) -> Result:
        length, content_type, body = await self._input()
        *_, last = slot.replica["containers"]
        try:
            async with AsyncExitStack() as stack:
                for container in slot.replica["containers"]:
                    headers = self._headers(content_type, final=container is last)
                    begun = time.monotonic()
                    said = await stack.enter_async_context(exchange.ask(container["address"], headers, body, length))
                    await self._judge(container["name"], said)
                    self._count(ModelLatency=1e6 * (time.monotonic() - begun))
                    body, length, content_type = said.body, said.length or 0, said.content_type
                return await self._outcome.succeed(said)
        except exchange.Unreachable as problem:
            raise Again(str(problem), counts=False) from problem
        except exchange.Broken as problem:
            return await self._broken(slot, str(problem))

    async def _input(self) -> Got:
        """The request's body; its type is the object's own where the request has none: so the SDK sends it."""
        given = self._request.get("ContentType")
        inline = self._claimed.row["body"]
        if inline is not None:
            return Got(len(inline), given or "", _inline(bytes(inline)))
        where = self._request["InputLocation"]
        begun = time.monotonic()
        try:
            got = await self._objects.get(self._owner, *place(where))
        except ServiceError as error:
            if error.status >= 500:
                raise Again(error.message, counts=True) from error
            reason = f"ClientError: The request could not be downloaded from {where}: {error.message}"
            raise Failure(reason, "RequestDownloadFailures") from error
        if got.length > _LARGEST:
            raise Failure(
                f"ClientError: The request in {where} is of {got.length} bytes; it may have at most {_LARGEST}.",
                "RequestDownloadFailures",
            )
        self._count(RequestDownloadLatency=1e6 * (time.monotonic() - begun))
        own = got.content_type if got.content_type != _UNTYPED else ""
        return got._replace(content_type=given or own)

    def _headers(self, content_type: str, *, final: bool) -> dict[str, str]:
        headers = {name: str(self._request[member]) for member, name in PASSED.items() if member in self._request}
        if content_type:
            headers["Content-Type"] = content_type
        if final and "Accept" in self._request:
            headers["Accept"] = self._request["Accept"]
        return headers

    async def _judge(self, container: str, said: Said) -> None:
        """Raise what is to be told of an answer that is none."""
        good = 200 <= said.status < 300
        client = 400 <= said.status < 500
        self._count(Invocation4XXErrors=int(client), Invocation5XXErrors=int(not good and not client))
        if not good:
            body = await said.start(_LARGEST_ERROR)
            party = "client" if client else "server"
            reason = (
                f"ClientError: Received {party} error ({said.status}) from model. See the SageMaker Endpoint logs in "
                "your account for more information."
            )
            words = body.decode("utf-8", "replace")
            line = f'Received {party} error ({said.status}) from {container} with message "{words}"'
            raise Failure(reason, said=body, content_type=said.content_type, line=line)
        if said.length is None:
            raise Failure(
                f"ClientError: The response from container {container} did not specify the required Content-Length "
                "header"
            )

    async def _broken(self, slot: backlog.Slot, cause: str) -> Result:
        """The container, or the input, went away: another gets the request, but not for ever."""
        row = self._claimed.row
        route = routes.read(self._world.db.read(), row["account"], row["region"], row["name"])
        variants = route.route["variants"] if route is not None else ()
        there = {replica["id"] for one in variants for fleet in one["fleets"] for replica in fleet["replicas"]}
        left = slot.replica["id"] not in there  # an instance that was to leave: the request has not earned that
        if left or row["attempts"] + 1 < _TRIES:
            raise Again(cause, counts=not left)
        raise Failure(f"ClientError: The connection to the model broke {_TRIES} times, the last time so: {cause}.")

    def _count(self, **values: float) -> None:
        self._tally.add(self._key, **values)


async def _inline(body: bytes) -> AsyncIterator[bytes]:
    yield body


async def _within(world: World, seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """What `work` returns, if it does within so many seconds of virtual time. Raises TimeoutError."""
    working, timing = asyncio.create_task(work), asyncio.create_task(timekeeping.passed(world, seconds))
    try:
        await asyncio.wait({working, timing}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise TimeoutError
        return working.result()
    finally:
        for task in (working, timing):
            task.cancel()
        await asyncio.gather(working, timing, return_exceptions=True)
