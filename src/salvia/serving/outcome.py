"""How a request to an asynchronous endpoint ends: its answer or its failure in S3, and the row says so; who is told.

Source: SageMaker developer guide, "Asynchronous inference", "Check prediction results".
"""

from __future__ import annotations

import logging
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Protocol

from salvia.core.errors import ServiceError
from salvia.store import backlog
from salvia.store.backlog import Claimed, Taken
from salvia.store.db import Transaction

from . import exchange, notices
from .exchange import Said
from .objects import Objects, Owner, place

if TYPE_CHECKING:
    from salvia.control.world import World

_log = logging.getLogger("salvia.serving")
Result = dict[str, Any]


class Again(Exception):
    """It is to be done once more, later. `counts`: not for ever."""

    def __init__(self, cause: str, *, counts: bool) -> None:
        super().__init__(cause)
        self.counts = counts


class Failure(Exception):
    """It failed for good; `metric` counts the kind of failure, `line` is what the log has instead of the reason."""

    def __init__(
        self, reason: str, metric: str = "", said: bytes | None = None, content_type: str = "", line: str = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.metric = metric
        self.body = reason.encode() if said is None else said
        self.content_type = content_type if said is not None else "text/plain"
        self.line = line or reason


class Count(Protocol):
    """Counts values, by the names of their metrics."""

    def __call__(self, **values: float) -> None: ...


class Outcome:
    """That of one claimed request."""

    def __init__(self, world: World, claimed: Claimed, owner: Owner, objects: Objects, count: Count) -> None:
        self._world = world
        self._claimed = claimed
        self._request = claimed.request
        self._owner = owner
        self._objects = objects
        self._count = count

    async def succeed(self, said: Said) -> Result:
        """Write the output and, with it, that it is written."""
        output, location = self._request["Output"], self._request.get("OutputLocation")
        result: Result = {"Status": "Completed", "At": self._world.clock.now(), "ContentType": said.content_type}
        assert said.length is not None
        kept: list[bytes] | None = [] if notices.includes(output, "Completed") else None
        if said.length > notices.LARGEST_INCLUDED:
            kept = None
        flow = _Flow(said.body, kept)

        def answered(tx: Transaction) -> None:
            if kept is not None:
                result["Body"] = b64encode(b"".join(kept)).decode()
            backlog.answered(tx, self._claimed, result)

        if location is None:
            async for _ in flow.blocks():
                pass
            await self._world.db.write(answered)
            return result
        begun = time.monotonic()
        try:
            await self._objects.put(
                self._owner, place(location), said.content_type, flow.blocks(), said.length, answered
            )
        except ServiceError as error:
            if flow.broken is not None:
                raise flow.broken from error
            if error.code == Taken.CODE:
                raise Taken from error
            if error.status >= 500:
                raise Again(error.message, counts=True) from error
            reason = f"ClientError: The response could not be uploaded to {location}: {error.message}"
            raise Failure(reason, "ResponseUploadFailures") from error
        self._count(ResponseUploadLatency=1e6 * (time.monotonic() - begun))
        return result

    async def fail(self, failure: Failure) -> Result:
        """Write the failure and, with it, that it is written."""
        output, location = self._request["Output"], self._request.get("FailureLocation")
        result: Result = {"Status": "Failed", "At": self._world.clock.now(), "Reason": failure.reason}
        if notices.includes(output, "Failed") and len(failure.body) <= notices.LARGEST_INCLUDED:
            result["Body"] = b64encode(failure.body).decode()

        def answered(tx: Transaction) -> None:
            backlog.answered(tx, self._claimed, result)

        if location is not None:
            where, body = place(location), failure.body
            try:
                await self._objects.put(self._owner, where, failure.content_type, body, len(body), answered)
                return result
            except ServiceError as error:
                if error.code == Taken.CODE:
                    raise Taken from error
                if error.status >= 500:
                    raise Again(error.message, counts=True) from error
                self._count(ResponseUploadFailures=1)
                extra = {"event": "failure-not-written", "at": location, "cause": error.message}
                _log.warning("a failure could not be written", extra=extra)
        await self._world.db.write(answered)
        return result

    async def tell(self, result: Result) -> None:
        """Publish how it ended and, with that, forget the request."""
        claimed, ended = self._claimed, False

        def end(tx: Transaction) -> None:
            nonlocal ended
            backlog.end(tx, claimed)
            ended = True

        topic = notices.topic(self._request["Output"], result["Status"])
        if topic:
            message = notices.message(self._owner.region, self._request, claimed.row["received_at"], result)
            try:
                await notices.publish(self._world, self._owner.region, self._owner.role, topic, message, end)
            except Taken:
                raise
            except ServiceError as error:
                self._count(NotificationFailures=1)
                extra = {"event": "notification-failed", "topic": topic, "cause": error.message}
                _log.warning("a topic could not be told", extra=extra)
        if not ended:
            await self._world.db.write(end)


class _Flow:
    """A body on its way into S3. `broken` is what ended it early: S3 has other words for that."""

    def __init__(self, body: AsyncIterator[bytes], kept: list[bytes] | None) -> None:
        self._body = body
        self._kept = kept
        self.broken: exchange.Broken | None = None

    async def blocks(self) -> AsyncIterator[bytes]:
        try:
            async for block in self._body:
                if self._kept is not None:
                    self._kept.append(block)
                yield block
        except exchange.Broken as problem:
            self.broken = problem
            raise ServiceError("IncompleteBody", str(problem)) from problem
