"""Log streams: rows of their own, since a group may have very many and each batch of events changes one."""

from __future__ import annotations

import uuid
from typing import Any

from salvia.control.call import Call, operation
from salvia.control.listing import encode_token
from salvia.core import ids
from salvia.store import documents
from salvia.store.db import Row, Transaction
from salvia.store.documents import Document

from .errors import exists, invalid, missing, read_token
from .groups import BEYOND, group_of, now

_PAGE = 50


@operation("CreateLogStream")
async def create_log_stream(call: Call) -> dict[str, Any]:
    """Create a stream in a log group. Raises ResourceNotFoundException, ResourceAlreadyExistsException.

    Source: CloudWatch Logs API reference, CreateLogStream.
    """
    group = group_of(call)

    def work(tx: Transaction) -> None:
        if documents.by_id(tx, group.id) is None:
            raise missing("log group")
        if not tx.run(
            "INSERT INTO log_streams (id, log_group, name, created_at) VALUES (:id, :group, :name, :now) "
            "ON CONFLICT (log_group, name) DO NOTHING",
            {
                "id": ids.row_id(),
                "group": group.id,
                "name": call.request["logStreamName"],
                "now": now(call),
            },
        ):
            raise exists("log stream")

    await call.db.write(work)
    return {}


@operation("DeleteLogStream")
async def delete_log_stream(call: Call) -> dict[str, Any]:
    """Delete a stream, at once; `retention.sweep` frees the room its events took. Source: DeleteLogStream."""
    group = group_of(call)

    def work(tx: Transaction) -> None:
        if not tx.run(
            "UPDATE log_streams SET log_group = NULL WHERE log_group = :group AND name = :name",
            {"group": group.id, "name": call.request["logStreamName"]},
        ):
            raise missing("log stream")

    await call.db.write(work)
    return {}


@operation("DescribeLogStreams")
async def describe_log_streams(call: Call) -> dict[str, Any]:
    """Streams by name or by their last event, 50 a page at most. Source: DescribeLogStreams."""
    request = call.request
    group = group_of(call)
    prefix = request.get("logStreamNamePrefix", "")
    by_time = request.get("orderBy") == "LastEventTime"
    if by_time and prefix:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    size = request.get("limit", _PAGE)
    direction, beyond = ("DESC", "<") if request.get("descending") else ("ASC", ">")
    columns = "last_at, name" if by_time else "name"
    conditions = ["log_group = :group"]
    values: dict[str, Any] = {"group": group.id, "size": size + 1}
    if prefix:
        conditions.append("name >= :prefix AND name < :beyond")
        values |= {"prefix": prefix, "beyond": prefix + BEYOND}
    if "nextToken" in request:
        values["last_at"], values["name"] = read_token(request["nextToken"], int, str)
        conditions.append(f"({columns}) {beyond} ({':last_at, :name' if by_time else ':name'})")
    rows = call.db.read().all(
        f"SELECT * FROM log_streams WHERE {' AND '.join(conditions)} "  # noqa: S608
        f"ORDER BY {', '.join(f'{column} {direction}' for column in columns.split(', '))} LIMIT :size",
        values,
    )
    page = rows[:size]
    answer: dict[str, Any] = {"logStreams": [_describe(group, row) for row in page]}
    if len(rows) > size:
        answer["nextToken"] = encode_token([page[-1]["last_at"], page[-1]["name"]])
    return answer


def _describe(group: Document, row: Row) -> dict[str, Any]:
    description: dict[str, Any] = {
        "logStreamName": row["name"],
        "creationTime": row["created_at"],
        "arn": f"{group.arn}:log-stream:{row['name']}",
        # Always zero since 2019, as the API reference says; a group's is not.
        "storedBytes": 0,
        "uploadSequenceToken": sequence_token(row["id"], row["position"]),
    }
    if row["received_at"]:
        description |= {
            "firstEventTimestamp": row["first_at"],
            "lastEventTimestamp": row["last_at"],
            "lastIngestionTime": row["received_at"],
        }
    return description


def sequence_token(stream: str, position: int) -> str:
    """A token as CloudWatch Logs still hands out and nobody reads any more: 56 digits."""
    return f"{position:018d}{uuid.UUID(stream).int % 10**38:038d}"
