"""The log of an asynchronous endpoint's instances: one line for each request that went wrong.

Source: SageMaker developer guide, "Alarms and logs for tracking metrics from asynchronous endpoints": streams
`VARIANT/INSTANCE/data-log` of the endpoint's log group, whose lines "contain the request's inference ID".
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from salvia.control import errand
from salvia.core.caller import service_caller
from salvia.core.clock import timestamp
from salvia.core.errors import ServiceError

from . import errors
from .meters import Key
from .notices import SERVICE

if TYPE_CHECKING:
    from salvia.control.world import World

_log = logging.getLogger("salvia.serving")
_LONGEST = 4096  # characters of a line


async def write(world: World, key: Key, instance: str, inference: str, said: str) -> None:
    """Append a line. What cannot be logged is no reason to fail."""
    now = world.clock.now()
    group, stream = errors.group_of(key.endpoint), f"{key.variant}/{instance}/data-log"
    line = f"{timestamp(now):%Y-%m-%dT%H:%M:%S}.{int(now * 1000) % 1000:03}:[sagemaker logs] [{inference}] {said}"
    where = {"logGroupName": group, "logStreamName": stream}
    event = {"timestamp": int(now * 1000), "message": line[:_LONGEST]}

    async def ask(operation: str, **request: Any) -> None:
        caller = service_caller(SERVICE, key.account)
        await errand.run(world, caller, SERVICE, key.region, "logs", operation, request)

    try:
        try:
            await ask("PutLogEvents", **where, logEvents=[event])
        except ServiceError as error:
            if error.code != "ResourceNotFoundException":
                raise
            for operation, request in (("CreateLogGroup", {"logGroupName": group}), ("CreateLogStream", where)):
                try:
                    await ask(operation, **request)
                except ServiceError as known:
                    if known.code != "ResourceAlreadyExistsException":
                        raise
            await ask("PutLogEvents", **where, logEvents=[event])
    except ServiceError as error:
        _log.warning("a line is lost", extra={"event": "data-log-failed", "stream": stream, "cause": error.message})
