"""Create, describe, list and delete, from a noun's declaration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import listing
from .call import Call, Handler
from .resource import Resource


def new(
    call: Call,
    resource: Resource,
    request: dict[str, Any],
    *,
    state: str = "",
    status: dict[str, Any] | None = None,
    owner: str = "",
    due: bool = False,
) -> Document:
    """A document for `request`, not stored yet. Its tags leave the spec; `due` asks for reconciling at once."""
    account, region = resource.place(call.account, call.region)
    spec = {member: value for member, value in request.items() if member != "Tags"}
    now = _moment(call)
    return Document(
        kind=resource.kind,
        account=account,
        region=region,
        name=request[resource.key],
        arn=resource.arn_of(request, call.account, call.region),
        owner=owner,
        state=state,
        spec=spec,
        status=status or {},
        tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", ())},
        created_at=now,
        modified_at=now,
        due_at=call.clock.wall() if due else None,
    )


async def create(call: Call, resource: Resource, document: Document) -> Document:
    """Store a new document durably. Raises the noun's own error when its name is taken."""

    def insert(tx: Transaction) -> bool:
        twin = documents.by_arn(tx, document.arn)
        if twin is not None and twin.kind == document.kind:  # SageMaker's ARNs are in lower case, its names are not
            return False
        return documents.insert(tx, document)

    write = call.world.write if document.due_at is not None else call.db.write
    if not await write(insert):
        raise resource.duplicate(document.arn)
    return document


def find(call: Call, resource: Resource, name: str) -> Document:
    """The document of that name. Raises the noun's own error when there is none."""
    account, region = resource.place(call.account, call.region)
    document = documents.find(call.db.read(), resource.kind, account, region, name)
    if document is None:
        raise resource.missing(name)
    return document


async def change(call: Call, resource: Resource, name: str, edit: Any, *, wake: bool = False) -> Document:
    """Read, edit and write a document in one transaction: `edit(document)` changes it in place, or raises."""
    account, region = resource.place(call.account, call.region)
    now = _moment(call)

    def work(tx: Transaction) -> Document:
        document = documents.find(tx, resource.kind, account, region, name)
        if document is None:
            raise resource.missing(name)
        edit(document)
        document.modified_at = now
        if wake:
            document.due_at = call.clock.wall()
        documents.update(tx, document)
        return document

    return await (call.world.write if wake else call.db.write)(work)


async def remove(call: Call, resource: Resource, name: str, check: Any = None, also: Any = None) -> Document:
    """Delete a document in one transaction; `check(document)` may refuse by raising, `also(tx, document)` joins in."""
    account, region = resource.place(call.account, call.region)

    def work(tx: Transaction) -> Document:
        document = documents.find(tx, resource.kind, account, region, name)
        if document is None:
            raise resource.missing(name)
        if check is not None:
            check(document)
        documents.delete(tx, document.id)
        if also is not None:
            also(tx, document)
        return document

    return await call.db.write(work)


def describe(resource: Resource, document: Document) -> dict[str, Any]:
    """What Describe answers: spec and status merged, with name, ARN, state and times."""
    description = {
        resource.key: document.name,
        f"{resource.noun}Arn": document.arn,
        "CreationTime": document.created_at,
        "LastModifiedTime": document.modified_at,
        **document.description(),
    }
    if resource.state:
        description[resource.state] = document.state
    return resource.describe(description) if resource.describe else description


async def answer(call: Call, resource: Resource) -> dict[str, Any]:
    """The answer of `List…s`: summaries, and NextToken when there is more."""
    documents, token = await listing.page(call, resource, call.request, lean=not resource.summary_shows_spec)
    result: dict[str, Any] = {
        resource.summaries or f"{resource.noun}Summaries": [summary(resource, document) for document in documents]
    }
    if token:
        result["NextToken"] = token
    return result


def summary(resource: Resource, document: Document) -> dict[str, Any]:
    """A list entry: the declared members of the description."""
    description = describe(resource, document)
    return {member: description[member] for member in resource.summary if member in description}


def handlers(resource: Resource) -> Iterator[tuple[str, Handler]]:
    """The operations that `control` provides for a noun."""

    async def describe_one(call: Call) -> dict[str, Any]:
        return describe(resource, find(call, resource, call.request[resource.key]))

    async def list_all(call: Call) -> dict[str, Any]:
        return await answer(call, resource)

    async def delete_one(call: Call) -> dict[str, Any]:
        await remove(call, resource, call.request[resource.key], lambda document: _settled(resource, document))
        return {}

    provided: dict[str, tuple[str, Handler]] = {
        "Describe": (f"Describe{resource.noun}", describe_one),
        "List": (f"List{resource.noun}s", list_all),
        "Delete": (f"Delete{resource.noun}", delete_one),
    }
    for verb in sorted(resource.operations):
        yield provided[verb]


def _moment(call: Call) -> float:
    """Now, as precise as clients are shown it: what they saw must compare equal when they filter by it."""
    return round(call.clock.now(), 3)


def _settled(resource: Resource, document: Document) -> None:
    if resource.terminal and document.state not in resource.terminal:
        raise ServiceError(
            "ValidationException",
            f"Cannot delete {document.arn}: its {resource.state} is {document.state}. Stop it first, "
            f"and wait until it is one of {', '.join(sorted(resource.terminal))}.",
        )
