"""Callback steps: a message to a queue, with a token; whoever reads it does the work, and answers by the token.

::

    Executing ─SendPipelineExecutionStepSuccess─▶ Succeeded      Stopping: the queue is told, and the answer waited for
              ─SendPipelineExecutionStepFailure─▶ Failed

The message, the token and the step's row are one commit. An answer is a row of its own, which wakes the execution.

Sources: the guide, "Callback step"; API_SendPipelineExecutionStepSuccess, API_SendPipelineExecutionStepFailure,
API_StopPipelineExecution.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from salvia.control import authorize, errand
from salvia.control.call import Call, operation
from salvia.control.world import World
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents, leases
from salvia.store.db import Transaction
from salvia.store.documents import Document, decode

from . import definition, outputs, steps, tokens
from .scope import SERVICE
from .steps import Begun


async def send(execution: Document, world: World, one: Begun, url: str, arguments: Any, caller: Caller) -> None:
    """Tell the queue that a step is to be done. Raises what SQS would tell the caller."""
    token = tokens.new()

    def begin(tx: Transaction) -> None:
        tokens.keep(tx, token, execution.id, one.name, one.pipeline)
        one.child, one.state = token, "Executing"
        one.result["Metadata"] = {"Callback": {"CallbackToken": token, "SqsQueueUrl": url}}
        for member in ("FailureReason", "_RetryAt"):
            one.result.pop(member, None)

    message = {"token": token, "pipelineExecutionArn": execution.arn, "arguments": arguments, "status": "Executing"}
    await _tell(execution, world, one, url, message, caller, begin)


async def stop(execution: Document, world: World, one: Begun, arguments: Any, caller: Caller) -> None:
    """Tell the queue that a step is to be given up: it ends when that is answered."""

    def begin(tx: Transaction) -> None:
        one.state = "Stopping"

    metadata = one.result["Metadata"]["Callback"]
    message = {"token": one.child, "pipelineExecutionArn": execution.arn, "arguments": arguments, "status": "Stopping"}
    await _tell(execution, world, one, metadata["SqsQueueUrl"], message, caller, begin)


async def _tell(
    execution: Document,
    world: World,
    one: Begun,
    url: str,
    message: dict[str, Any],
    caller: Caller,
    begin: Callable[[Transaction], None],
) -> None:
    def along(tx: Transaction) -> None:
        leases.keep(tx, execution)
        begin(tx)
        steps.put(tx, [one])

    request = {"QueueUrl": url, "MessageBody": orjson.dumps(message).decode()}
    await errand.run(world, caller, SERVICE, execution.region, "sqs", "SendMessage", request, along)


@operation("SendPipelineExecutionStepSuccess")
async def send_pipeline_execution_step_success(call: Call) -> dict[str, Any]:
    """Say that a callback's work is done, with its outputs.

    Raises ResourceNotFound for a token that nobody sent, ConflictException for one that was answered otherwise.
    """
    return await _answer(call, {"OutputParameters": call.request.get("OutputParameters") or []})


@operation("SendPipelineExecutionStepFailure")
async def send_pipeline_execution_step_failure(call: Call) -> dict[str, Any]:
    """Say that a callback's work has failed, and why."""
    return await _answer(call, {"FailureReason": call.request.get("FailureReason") or "The callback step failed."})


async def _answer(call: Call, content: dict[str, Any]) -> dict[str, Any]:
    token, db = call.request["CallbackToken"], call.db.read()
    known = tokens.find(db, token)
    execution = documents.by_id(db, known["execution"]) if known else None
    if execution is None or (execution.account, execution.region) != (call.account, call.region):
        raise ServiceError("ResourceNotFound", f"Callback token {token} does not exist.")
    authorize.check(call, f"sagemaker:{call.operation}", execution.arn)
    assert known is not None
    step = definition.of(db, execution.spec["_Version"]).steps[known["step"]]
    try:
        outputs.values(step.raw, content.get("OutputParameters", ()))
    except ValueError as error:
        raise validation_error(f"OutputParameters: {error}.") from None
    content = {**content, "EndTime": call.clock.now(), "_Token": call.request.get("ClientRequestToken")}

    def work(tx: Transaction) -> None:
        row = tokens.find(tx, token)
        if row is not None and row["state"] != "Open" and _alike(decode(row["answer"]), content):
            return
        if row is None or row["state"] != "Open" or not steps.waits(tx, execution.id, step.name, token):
            raise ServiceError(
                "ConflictException", f"Callback token {token} was answered already, or its step does not wait any more."
            )
        tokens.answer(tx, token, content)
        leases.nudge(tx, execution.id, call.clock.wall())

    await call.world.write(work)
    return {"PipelineExecutionArn": execution.arn}


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return {**one, "EndTime": 0} == {**other, "EndTime": 0}
