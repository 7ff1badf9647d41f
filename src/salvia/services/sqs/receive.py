"""ReceiveMessage, and what is done with a message that was received: it is deleted, or kept longer, or given back.

Source: API_ReceiveMessage, API_DeleteMessage, API_ChangeMessageVisibility.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Collection, Mapping
from typing import Any

from salvia.control.call import Call, operation
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store.db import Row, Transaction
from salvia.store.documents import Document, decode

from . import attributes, content, messages, queues
from .errors import invalid
from .send import each

_LOOK = (0.01, 0.1)  # seconds between looks, doubling


@operation("ReceiveMessage")
async def receive_message(call: Call) -> dict[str, Any]:
    """Up to ten messages that nobody else has, as soon as there are any within WaitTimeSeconds."""
    request = call.request
    if request.get("ReceiveRequestAttemptId"):
        raise invalid(request["ReceiveRequestAttemptId"], "ReceiveRequestAttemptId", "It is for FIFO queues.")
    most = _within(request, "MaxNumberOfMessages", 1, 10, 1)
    queue = queues.find(call, call.db.read())
    wait = _within(request, "WaitTimeSeconds", 0, 20, attributes.number(queue.spec, "ReceiveMessageWaitTimeSeconds"))
    seconds = _within(request, "VisibilityTimeout", 0, 43_200, attributes.number(queue.spec, "VisibilityTimeout"))
    deadline, pause = time.monotonic() + wait, _LOOK[0]
    while True:
        rows = await _take(call, queue, most, seconds)
        left = deadline - time.monotonic()
        if rows or left <= 0 or call.world.closing.is_set():
            return {"Messages": [_shown(call, row) for row in rows]} if rows else {}
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, _LOOK[1])


def _within(request: Mapping[str, Any], member: str, low: int, high: int, default: int) -> int:
    value = request.get(member)
    if value is None:
        return default
    if not low <= value <= high:
        raise invalid(value, member, f"Must be between {low} and {high}, if provided.")
    return int(value)


async def _take(call: Call, queue: Document, most: int, seconds: int) -> list[Row]:
    kept = attributes.number(queue.spec, "MessageRetentionPeriod")
    oldest = call.clock.now() - kept
    if not messages.any_visible(call.db.read(), queue.id, call.clock.wall(), oldest):
        return []
    return await call.db.write(
        lambda tx: messages.take(tx, queue.id, call.clock.wall(), oldest, most, seconds, call.clock.now())
    )


def _shown(call: Call, row: Row) -> dict[str, Any]:
    kept = decode(row["content"])
    handle = base64.urlsafe_b64encode(f"{row['id']}/{row['receipt']}".encode()).decode()
    shown = {
        "MessageId": row["id"],
        "ReceiptHandle": handle,
        "Body": kept["Body"],
        "MD5OfBody": content.digest(kept["Body"]),
    }
    wanted = {*call.request.get("AttributeNames", ()), *call.request.get("MessageSystemAttributeNames", ())}
    system = {
        "SenderId": kept["Sender"],
        "SentTimestamp": str(int(row["sent_at"] * 1000)),
        "ApproximateReceiveCount": str(row["receives"]),
        "ApproximateFirstReceiveTimestamp": str(int(row["received_at"] * 1000)),
        **{name: value["StringValue"] for name, value in kept["System"].items()},
    }
    asked = {name: value for name, value in system.items() if "All" in wanted or name in wanted}
    found = _selected(kept["MessageAttributes"], call.request.get("MessageAttributeNames", ()))
    if asked:
        shown["Attributes"] = asked
    if found:
        shown["MessageAttributes"] = content.shown(found)
        shown["MD5OfMessageAttributes"] = content.digest_of_attributes(found)
    return shown


def _selected(found: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The attributes that are asked for: by name, by how they begin (`a.*`), or all of them (`All`, `.*`)."""
    whole = "All" in names or ".*" in names
    heads = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {name: value for name, value in found.items() if whole or name in names or name.startswith(heads)}


def _handle(handle: str) -> tuple[str, str]:
    """The message and the receipt of a handle. Raises ReceiptHandleIsInvalid."""
    try:
        message, found, receipt = base64.urlsafe_b64decode(handle.encode()).decode().partition("/")
    except (binascii.Error, UnicodeError):
        found = ""
    if not found:
        raise ServiceError(
            "ReceiptHandleIsInvalid", f'The input receipt handle "{handle:.200}" is not a valid receipt handle.'
        )
    return message, receipt


@operation("DeleteMessage")
async def delete_message(call: Call) -> dict[str, Any]:
    """Delete a message, by the last handle that it was received with; another does nothing, as AWS says."""
    message, receipt = _handle(call.request["ReceiptHandle"])
    await call.db.write(lambda tx: messages.delete(tx, queues.find(call, tx).id, message, receipt))
    return {}


@operation("DeleteMessageBatch")
async def delete_message_batch(call: Call) -> dict[str, Any]:
    """Delete up to ten."""
    handles, failed = each(call.request["Entries"], lambda entry: _handle(entry["ReceiptHandle"]))

    def work(tx: Transaction) -> None:
        queue = queues.find(call, tx)
        for _, (message, receipt) in handles:
            messages.delete(tx, queue.id, message, receipt)

    await call.db.write(work)
    return {"Successful": [{"Id": entry["Id"]} for entry, _ in handles], "Failed": failed}


@operation("ChangeMessageVisibility")
async def change_message_visibility(call: Call) -> dict[str, Any]:
    """Say for how long, from now, a message stays with whoever received it.

    Raises MessageNotInflight for one that anybody can receive.
    """
    message, receipt = _handle(call.request["ReceiptHandle"])
    seconds = _within(call.request, "VisibilityTimeout", 0, 43_200, 0)
    now = call.clock.wall()

    def work(tx: Transaction) -> None:
        row = messages.received(tx, queues.find(call, tx).id, message, receipt)
        if row is None or row["visible_at"] <= now:
            raise ServiceError("MessageNotInflight", "The specified message isn't in flight.")
        messages.show_at(tx, message, now + seconds)

    await call.db.write(work)
    return {}


async def sweep(world: World) -> None:
    """Forget what is older than its queue keeps messages."""
    for row in await world.db.scan("SELECT * FROM documents WHERE kind = :kind", {"kind": queues.QUEUE.kind}):
        queue = Document.of(row)
        oldest = world.clock.now() - attributes.number(queue.spec, "MessageRetentionPeriod")
        await messages.expire(world, queue.id, oldest)
