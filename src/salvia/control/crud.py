"""Documents of a noun, by its declaration; `records` makes whole operations of these."""

from __future__ import annotations

from typing import Any

from salvia.store import documents, usage
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from . import shapes
from .call import Call
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
    """A document for `request`, not stored yet. Its tags leave the spec; `due` asks for reconciling at once: something
    will run, and its creator is kept for the bill.
    """
    account, region = resource.place(call.account, call.region)
    spec = {member: value for member, value in request.items() if member != "Tags"}
    now = moment(call)
    creator = {usage.CREATOR: call.caller.entity} if due else {}
    return Document(
        kind=resource.kind,
        account=account,
        region=region,
        name=resource.name_of(request),
        arn=resource.arn_of(request, call.account, call.region),
        owner=owner,
        state=state,
        spec=spec,
        status={**(status or {}), **creator},
        tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", ())},
        created_at=now,
        modified_at=now,
        due_at=call.clock.wall() if due else None,
    )


async def create(call: Call, resource: Resource, document: Document, also: Any = None) -> Document:
    """Store a new document durably. Raises the noun's own error when its name is taken or its parent is missing.

    `also(tx, document)` joins in before it is stored, and may refuse by raising.
    """

    def insert(tx: Transaction) -> bool:
        if resource.parent is not None:
            document.owner = look_up(call, resource.parent, resource.parent.name_of(document.spec), tx).id
        twin = documents.by_arn(tx, document.arn)
        if twin is not None and twin.kind == document.kind:  # SageMaker's ARNs are in lower case, its names are not
            return False
        if also is not None:
            also(tx, document)
        return documents.insert(tx, document)

    write = call.world.write if document.due_at is not None else call.db.write
    if not await write(insert):
        raise shapes.duplicate(resource, document.arn)
    return document


def find(call: Call, resource: Resource, name: str) -> Document:
    """The document of that name, or ARN. Raises the noun's own error when there is none."""
    return look_up(call, resource, name, call.db.read())


def look_up(call: Call, resource: Resource, name: str, reader: Reader) -> Document:
    """The same, in a transaction."""
    account, region = resource.place(call.account, call.region)
    document = (
        documents.by_arn(reader, name)
        if name.startswith("arn:")
        else documents.find(reader, resource.kind, account, region, name)
    )
    if document is None or (document.kind, document.account, document.region) != (resource.kind, account, region):
        raise shapes.missing(resource, name, account, region)
    return document


async def change(
    call: Call, resource: Resource, name: str, edit: Any, also: Any = None, *, wake: bool = False
) -> Document:
    """Read, edit and write a document in one transaction: `edit(document)` changes it in place, or raises.

    `also(tx, document)` joins in.
    """
    now = moment(call)

    def work(tx: Transaction) -> Document:
        document = look_up(call, resource, name, tx)
        edit(document)
        document.modified_at = now
        if wake:
            document.due_at = call.clock.wall()
        if also is not None:
            also(tx, document)
        documents.update(tx, document)
        return document

    return await (call.world.write if wake else call.db.write)(work)


async def remove(call: Call, resource: Resource, name: str, check: Any = None, also: Any = None) -> Document:
    """Delete a document in one transaction; `check(document)` may refuse by raising, `also(tx, document)` joins in."""

    def work(tx: Transaction) -> Document:
        document = look_up(call, resource, name, tx)
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
    for member, template in resource.defaults.items():
        description.setdefault(member, template.format_map(description))
    if resource.state:
        description[resource.state] = document.state
    return resource.describe(description) if resource.describe else description


def summary(resource: Resource, document: Document) -> dict[str, Any]:
    """A list entry: the declared members of the description."""
    description = describe(resource, document)
    if "Source" in description:  # entries of TrialComponent's list call it TrialComponentSource
        description[f"{resource.noun}Source"] = description["Source"]
    return {member: description[member] for member in shapes.entries(resource)[1] if member in description}


def moment(call: Call) -> float:
    """Now, as precise as clients are shown it: what they saw must compare equal when they filter by it."""
    return round(call.clock.now(), 3)
