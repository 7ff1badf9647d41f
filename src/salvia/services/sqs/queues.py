"""Queues: CreateQueue, GetQueueUrl, ListQueues, DeleteQueue, PurgeQueue, their attributes and policies."""

from __future__ import annotations

import re
from typing import Any

from salvia.control import crud, listing
from salvia.control.call import Call, operation
from salvia.control.providers import NamedPolicy
from salvia.control.resource import Resource
from salvia.control.world import World
from salvia.core.arns import queue_arn
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from . import attributes, messages
from .errors import invalid, missing, not_yet

QUEUE = Resource(
    noun="Queue",
    service="sqs",
    key="QueueName",
    arn="{QueueName}",
    operations=frozenset(),
    missing=lambda name: missing(),
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_PAGE = 1000
_LIST = """
SELECT name FROM documents WHERE kind = :kind AND account = :account AND region = :region AND name > :after
AND SUBSTR(name, 1, :length) = :prefix ORDER BY name LIMIT :size"""


def provide(world: World) -> None:
    """Let authorisation see the policies of queues."""

    def attached(arn: str) -> NamedPolicy | None:
        queue = documents.by_arn(world.db.read(), arn) if arn.startswith("arn:aws:sqs:") else None
        if queue is None or queue.kind != QUEUE.kind or not queue.spec.get("Policy"):
            return None
        return NamedPolicy(f"queue policy of {queue.name}", queue.spec["Policy"])

    world.providers.resource_policies["sqs"] = attached


def find(call: Call, reader: Reader) -> Document:
    """The queue that a request is for. Raises InvalidAddress for what is no URL of one, QueueDoesNotExist."""
    url = call.request["QueueUrl"]
    arn = queue_arn(url, call.region)
    if arn is None:
        raise ServiceError("InvalidAddress", f"The address {url} is not valid for this endpoint.")
    queue = documents.by_arn(reader, arn)
    if queue is None or queue.kind != QUEUE.kind:
        raise missing()
    return queue


def _url(call: Call, account: str, name: str) -> str:
    return f"{call.world.settings.url}/{account}/{name}"


@operation("CreateQueue")
async def create_queue(call: Call) -> dict[str, Any]:
    """Make a queue, or find the one that is there and is as asked. Source: API_CreateQueue."""
    request = call.request
    name = request["QueueName"]
    if name.endswith(".fifo"):
        raise not_yet("FIFO queues")
    if not _NAME.fullmatch(name):
        raise invalid(
            name, "QueueName", "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    given = attributes.checked(request.get("Attributes", {}))
    tags = [{"Key": key, "Value": value} for key, value in request.get("tags", {}).items()]
    queue = crud.new(call, QUEUE, {"QueueName": name, "Tags": tags})
    queue.spec = given

    def work(tx: Transaction) -> None:
        if documents.insert(tx, queue):
            return
        known = documents.find(tx, QUEUE.kind, call.account, call.region, name)
        assert known is not None, name
        for member, value in given.items():
            if _attributes(known).get(member) != value:
                raise ServiceError(
                    "QueueNameExists",
                    f"A queue already exists with the same name and a different value for attribute {member}",
                )

    await call.db.write(work)
    return {"QueueUrl": _url(call, call.account, name)}


@operation("GetQueueUrl")
async def get_queue_url(call: Call) -> dict[str, Any]:
    """The URL of a queue, of another account's too. Source: API_GetQueueUrl."""
    account = call.request.get("QueueOwnerAWSAccountId") or call.account
    name = call.request["QueueName"]
    if documents.find(call.db.read(), QUEUE.kind, account, call.region, name) is None:
        raise missing()
    return {"QueueUrl": _url(call, account, name)}


@operation("ListQueues")
async def list_queues(call: Call) -> dict[str, Any]:
    """A page of queues, by name. NextToken is for who set MaxResults. Source: API_ListQueues."""
    request = call.request
    size, prefix = request.get("MaxResults"), request.get("QueueNamePrefix", "")
    if size is not None and not 1 <= size <= _PAGE:
        raise invalid(size, "MaxResults", f"Must be an integer from 1 to {_PAGE}.")
    after = listing.decode_token(request["NextToken"]) if request.get("NextToken") else ""
    if not isinstance(after, str):
        raise invalid(request["NextToken"], "NextToken", "It is not the token of an answer.")
    values = {"kind": QUEUE.kind, "account": call.account, "region": call.region, "after": after, "prefix": prefix}
    rows = await call.db.scan(_LIST, {**values, "length": len(prefix), "size": (size or _PAGE) + 1})
    shown = rows[: size or _PAGE]
    answer: dict[str, Any] = {"QueueUrls": [_url(call, call.account, row["name"]) for row in shown]} if shown else {}
    if size is not None and len(rows) > size:
        answer["NextToken"] = listing.encode_token(shown[-1]["name"])
    return answer


@operation("DeleteQueue")
async def delete_queue(call: Call) -> dict[str, Any]:
    """Delete a queue, with what waits in it. Source: API_DeleteQueue."""

    def work(tx: Transaction) -> None:
        queue = find(call, tx)
        messages.purge(tx, queue.id)
        documents.delete(tx, queue.id)

    await call.db.write(work)
    return {}


@operation("PurgeQueue")
async def purge_queue(call: Call) -> dict[str, Any]:
    """Delete all that waits in a queue. Source: API_PurgeQueue."""
    await call.db.write(lambda tx: messages.purge(tx, find(call, tx).id))
    return {}


@operation("GetQueueAttributes")
async def get_queue_attributes(call: Call) -> dict[str, Any]:
    """What a queue is like, as texts. Source: API_GetQueueAttributes."""
    queue = find(call, call.db.read())
    wanted = set(call.request.get("AttributeNames", ()))
    found = _attributes(queue)
    if "All" in wanted or any(name.startswith("Approximate") for name in wanted):
        found |= await messages.counted(call.db, queue.id, call.clock.wall())
    return {"Attributes": {name: value for name, value in found.items() if "All" in wanted or name in wanted}}


@operation("SetQueueAttributes")
async def set_queue_attributes(call: Call) -> dict[str, Any]:
    """Change attributes. Source: API_SetQueueAttributes."""
    given = attributes.checked(call.request["Attributes"])

    def work(tx: Transaction) -> None:
        queue = find(call, tx)
        queue.spec |= given
        queue.modified_at = crud.moment(call)
        documents.update(tx, queue)

    await call.db.write(work)
    return {}


def _attributes(queue: Document) -> dict[str, str]:
    return {
        "QueueArn": queue.arn,
        "CreatedTimestamp": str(int(queue.created_at)),
        "LastModifiedTimestamp": str(int(queue.modified_at)),
        "SqsManagedSseEnabled": "false",
        **{name: str(default) for name, (_, _, default) in attributes.NUMBERS.items()},
        **{name: value for name, value in queue.spec.items() if value},
    }
