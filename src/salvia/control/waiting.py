"""A waiter's call is answered when there is something to say, so that `aws sagemaker wait` returns with the event.

A waiter asks, sleeps for up to two minutes, and asks again. Its call is known by the feature `B` in the
User-Agent's `m/` list (botocore's user agent specification, version 2): it is held until an answer ends one of
the operation's waiters, as AWS's models define them, or a minute of the client's patience is nearly over. Plain
calls are never held.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from salvia import protocol
from salvia.core.errors import ServiceError

from .call import Call, Handler, Reply

_LONGEST = 50.0  # botocore gives up reading after 60 s
_LOOK = (0.02, 0.15)  # seconds between looks, doubling
_WAITER = re.compile(r"(?:^| )m/(?:[^ ]*,)?B(?:,|$| )")


async def held(call: Call, handler: Handler) -> dict[str, Any] | Reply:
    """What the handler answers, now or as soon as a waiter would take it for an end."""
    over = protocol.ends_waiting(call.service, call.operation) if _WAITER.search(call.user_agent) else None
    if over is None:
        return await handler(call)
    deadline, pause = time.monotonic() + _LONGEST, _LOOK[0]
    while True:
        late = time.monotonic() > deadline or call.world.closing.is_set()
        try:
            result = await handler(call)
        except ServiceError as error:
            if late or over(None, error):
                raise
        else:
            if late or over(result.result if isinstance(result, Reply) else result, None):
                return result
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LOOK[1])
