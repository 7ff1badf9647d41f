"""InvokeEndpointWithResponseStream: each piece of an answer as it comes, as an event.

Source: SageMaker API reference, InvokeEndpointWithResponseStream.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from salvia.control.call import Call, Reply, operation
from salvia.core.errors import ServiceError
from salvia.protocol import eventstream
from salvia.serving.forward import invocation
from salvia.serving.invocation import Answer
from salvia.serving.traffic import Traffic
from salvia.serving.wire import How, Wire

_AHEAD = 1 << 20  # bytes that a model may be ahead of its client
_BROKEN = "StreamBroken"
_CODES = {"late": "ModelInvocationTimeExceeded", "broken": _BROKEN, "closed": _BROKEN, "malformed": _BROKEN}


@operation("InvokeEndpointWithResponseStream")
async def invoke_endpoint_with_response_stream(call: Call) -> Reply:
    """What the model answers, from its first byte on. Raises as InvokeEndpoint does, until then.

    What goes wrong later is an event of the stream: ModelStreamError, InternalStreamFailure.
    """
    traffic = call.world.part(Traffic)
    endpoint = traffic.require(call.account, call.region, call.request["EndpointName"])
    stream = _Stream()
    invocation(traffic, endpoint, call.request, stream, pieces=True).start()
    answer = await stream.head
    return Reply({"Body": stream.events(), **answer.members}, headers=[("Content-Type", eventstream.CONTENT_TYPE)])


class _Stream:
    """Whoever takes an answer in pieces: a queue between the model and the client, which holds the model up."""

    def __init__(self) -> None:
        self.head: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._wire: Wire | None = None
        self._events: deque[bytes] = deque()
        self._size = 0
        self._over = False
        self._news = asyncio.Event()

    def begun(self, answer: Answer, wire: Wire) -> bool:
        self._wire = wire
        if not self.head.done():
            self.head.set_result(answer)
        return True

    def piece(self, data: bytes) -> None:
        self._put(eventstream.event("PayloadPart", data))
        assert self._wire is not None
        if self._size > _AHEAD:
            self._wire.pause()

    def done(self, answer: Answer) -> None:
        self._over = True
        self._news.set()

    def failed(self, error: ServiceError, how: How | None) -> None:
        if not self.head.done():
            self.head.set_exception(error)
            return
        if how in _CODES:
            said = str(error.fields.get("OriginalMessage") or error.message)
            self._put(eventstream.exception("ModelStreamError", {"Message": said, "ErrorCode": _CODES[how]}))
        else:
            self._put(eventstream.exception("InternalStreamFailure", {"Message": error.message}))
        self._over = True

    def _put(self, event: bytes) -> None:
        self._events.append(event)
        self._size += len(event)
        self._news.set()

    async def events(self) -> AsyncIterator[bytes]:
        """The events, as they come. Left early, it lets go of the model."""
        assert self._wire is not None
        try:
            while True:
                while self._events:
                    event = self._events.popleft()
                    self._size -= len(event)
                    yield event
                if self._over:
                    return
                self._wire.resume()
                self._news.clear()
                await self._news.wait()
        finally:
            if not self._over:
                self._over = True
                self._wire.fail("left", "the client hung up")
