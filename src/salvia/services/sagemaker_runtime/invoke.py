"""InvokeEndpoint: one request, one answer. Source: SageMaker API reference, InvokeEndpoint."""

from __future__ import annotations

import asyncio
from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.serving.forward import invocation
from salvia.serving.invocation import Answer
from salvia.serving.traffic import Traffic
from salvia.serving.wire import How, Wire


@operation("InvokeEndpoint")
async def invoke_endpoint(call: Call) -> dict[str, Any]:
    """What the model answers.

    Raises ValidationError, ModelError with what a container answered instead, and ServiceUnavailable when no
    instance can be reached. `serving.fast` answers most requests before they come here, in the same words.
    """
    traffic = call.world.part(Traffic)
    endpoint = traffic.require(call.account, call.region, call.request["EndpointName"])
    waiting = _Waiting()
    invocation(traffic, endpoint, call.request, waiting).start()
    answer = await waiting.answer
    return {"Body": answer.body, **answer.members}


class _Waiting:
    """Whoever waits for a whole answer."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def begun(self, answer: Answer, wire: Wire) -> bool:
        return False

    def piece(self, data: bytes) -> None:
        raise AssertionError("Nobody asked for pieces.")

    def done(self, answer: Answer) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)

    def failed(self, error: ServiceError, how: How | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
