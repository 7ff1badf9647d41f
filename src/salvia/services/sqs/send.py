"""SendMessage and SendMessageBatch. Source: their pages of the API reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from salvia.control.call import Call, operation
from salvia.core import ids
from salvia.core.errors import ServiceError
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import attributes, content, messages, queues
from .errors import invalid

_MOST = 10
_LONGEST = 1 << 20
Entry = Mapping[str, Any]


@operation("SendMessage")
async def send_message(call: Call) -> dict[str, Any]:
    """Put a message into a queue; when this returns, it is safe."""
    queue = queues.find(call, call.db.read())
    made = content.made(call.request, attributes.number(queue.spec, "MaximumMessageSize"))
    (identity,) = await _send(call, [(call.request, made)])
    return _answer(identity, made)


@operation("SendMessageBatch")
async def send_message_batch(call: Call) -> dict[str, Any]:
    """Up to ten messages; what is wrong with one is said of that one."""
    queue = queues.find(call, call.db.read())
    most = attributes.number(queue.spec, "MaximumMessageSize")
    made, failed = each(call.request["Entries"], lambda entry: content.made(entry, most))
    if sum(content.size(one) for _, one in made) > _LONGEST:
        raise ServiceError("BatchRequestTooLong", f"Batch requests cannot be longer than {_LONGEST} bytes.")
    identities = await _send(call, made) if made else []
    successful = [
        {"Id": entry["Id"], **_answer(identity, one)} for (entry, one), identity in zip(made, identities, strict=True)
    ]
    return {"Successful": successful, "Failed": failed}


def each(entries: list[Entry], do: Callable[[Entry], Any]) -> tuple[list[tuple[Entry, Any]], list[dict[str, Any]]]:
    """What `do` makes of each entry of a batch, and what it refuses. Raises what SQS says of a batch as a whole."""
    names = [entry["Id"] for entry in entries]
    if not entries:
        raise ServiceError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > _MOST:
        raise ServiceError(
            "TooManyEntriesInBatchRequest", f"Maximum number of entries per request are {_MOST}. You have sent more."
        )
    if len(set(names)) < len(names):
        raise ServiceError("BatchEntryIdsNotDistinct", "Two or more batch entries have the same Id.")
    done: list[tuple[Entry, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            done.append((entry, do(entry)))
        except ServiceError as error:
            failed.append({"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True})
    return done, failed


async def _send(call: Call, made: list[tuple[Entry, dict[str, Any]]]) -> list[str]:
    """Keep messages; returns their ids."""
    sent, wall = call.clock.now(), call.clock.wall()
    moments = [wall + number / 1e6 for number in range(len(made))]  # those of a batch are received in its order
    identities = [ids.event_id(wall) for _ in made]
    delays = [entry.get("DelaySeconds") for entry, _ in made]
    for delay in delays:
        if delay is not None and not 0 <= delay <= 900:
            raise invalid(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900.")

    def work(tx: Transaction) -> None:
        queue: Document = queues.find(call, tx)
        usual = attributes.number(queue.spec, "DelaySeconds")
        messages.add(
            tx,
            (
                (identity, queue.id, at + (usual if delay is None else delay), sent, {**one, "Sender": _sender(call)})
                for at, identity, delay, (_, one) in zip(moments, identities, delays, made, strict=True)
            ),
        )

    await call.db.write(work)
    return identities


def _sender(call: Call) -> str:
    return call.caller.user_id or call.caller.account


def _answer(identity: str, made: dict[str, Any]) -> dict[str, Any]:
    answer = {"MessageId": identity, "MD5OfMessageBody": content.digest(made["Body"])}
    for member, found in (
        ("MD5OfMessageAttributes", made["MessageAttributes"]),
        ("MD5OfMessageSystemAttributes", made["System"]),
    ):
        if found:
            answer[member] = content.digest_of_attributes(found)
    return answer
