"""PutLogEvents: a batch goes in whole, once, in a position of its own."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .batches import Batch, Window, pack
from .errors import missing
from .groups import group_of, now, oldest
from .streams import sequence_token

# AWS ignores sequence tokens. These are the exception: an agent numbers its batches, so that one whose
# answer was lost, and which is sent again, is told from a new one that says the same.
_NUMBERED = re.compile(r"salvia-([1-9][0-9]{0,17})")
_INLINE_EVENTS, _INLINE_CHARACTERS = 200, 32_768


@operation("PutLogEvents")
async def put_log_events(call: Call) -> dict[str, Any]:
    """Append a batch of at most 10,000 events and 1 MiB to a stream.

    Raises InvalidParameterException, ResourceNotFoundException; DataAlreadyAcceptedException for a number
    that the stream has. Source: CloudWatch Logs API reference, PutLogEvents.
    """
    request = call.request
    group = group_of(call)
    moment = now(call)
    window = Window.at(int(call.clock.wall() * 1000), moment, oldest(group, moment))
    batch = await _packed(request["logEvents"], window)
    numbered = _NUMBERED.fullmatch(request.get("sequenceToken", ""))
    number = int(numbered[1]) if numbered else 0
    stream, position = await call.db.write(
        lambda tx: _append(tx, group, request["logStreamName"], batch, number, moment)
    )
    answer: dict[str, Any] = {
        "nextSequenceToken": f"salvia-{number + 1}" if number else sequence_token(stream, position)
    }
    if batch.rejected:
        answer["rejectedLogEventsInfo"] = dict(batch.rejected)
    return answer


async def _packed(events: list[dict[str, Any]], window: Window) -> Batch:
    small = len(events) <= _INLINE_EVENTS and sum(len(event["message"]) for event in events) <= _INLINE_CHARACTERS
    return pack(events, window) if small else await asyncio.to_thread(pack, events, window)


def _append(tx: Transaction, group: Document, name: str, batch: Batch, number: int, moment: int) -> tuple[str, int]:
    # The update comes first: it takes the row, so that writers in other processes queue up behind it.
    rows = tx.all(
        "UPDATE log_streams SET position = position + 1 WHERE log_group = :group AND name = :name RETURNING *",
        {"group": group.id, "name": name},
    )
    if not rows:
        raise missing("log stream" if documents.by_id(tx, group.id) else "log group")
    stream = rows[0]
    if number and number <= stream["number"]:
        raise ServiceError(
            "DataAlreadyAcceptedException",
            "The given batch of log events has already been accepted. "
            f"The next batch can be sent with sequenceToken: salvia-{number + 1}",
            expectedSequenceToken=f"salvia-{number + 1}",
        )
    # A stream's ingestion never goes back, whatever two processes' clocks say: readers order by it.
    received_at = max(moment, stream["received_at"])
    empty = not stream["received_at"]
    if batch.count:
        tx.run(
            "INSERT INTO log_events "
            "(stream, first_at, position, log_group, last_at, received_at, count, bytes, events) VALUES "
            "(:stream, :first_at, :position, :group, :last_at, :received_at, :count, :bytes, :events)",
            {
                "stream": stream["id"],
                "first_at": batch.first_at,
                "position": stream["position"],
                "group": group.id,
                "last_at": batch.last_at,
                "received_at": received_at,
                "count": batch.count,
                "bytes": batch.size,
                "events": batch.packed,
            },
        )
        tx.run(
            "UPDATE log_streams SET first_at = :first_at, last_at = :last_at, received_at = :received_at, "
            "span = :span, bytes = bytes + :bytes WHERE id = :stream",
            {
                "stream": stream["id"],
                "first_at": batch.first_at if empty else min(stream["first_at"], batch.first_at),
                "last_at": max(stream["last_at"], batch.last_at),
                "received_at": received_at,
                "span": max(stream["span"], batch.last_at - batch.first_at),
                "bytes": batch.size,
            },
        )
    if number:
        tx.run(
            "UPDATE log_streams SET number = :number WHERE id = :stream",
            {"stream": stream["id"], "number": number},
        )
    return stream["id"], stream["position"]
