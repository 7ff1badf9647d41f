"""Whole operations, from a noun's declaration: Create, Describe, List, Update and Delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from salvia.core.errors import ServiceError, validation_error
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import crud, listing, shapes
from .authorize import pass_role
from .call import Call, Handler
from .resource import Resource


def handlers(resource: Resource) -> Iterator[tuple[str, Handler]]:
    """The operations that `control` provides for a noun."""

    async def create_one(call: Call) -> dict[str, Any]:
        document = await create(call, resource)
        return {f"{resource.noun}Arn": document.arn}

    async def describe_one(call: Call) -> dict[str, Any]:
        return crud.describe(resource, crud.find(call, resource, resource.name_of(call.request)))

    async def list_all(call: Call) -> dict[str, Any]:
        return await answer(call, resource)

    async def update_one(call: Call) -> dict[str, Any]:
        document = await update(call, resource)
        return {f"{resource.noun}Arn": document.arn}

    async def delete_one(call: Call) -> dict[str, Any]:
        document = await delete(call, resource, resource.name_of(call.request))
        return {f"{resource.noun}Arn": document.arn}

    provided: dict[str, tuple[str, Handler]] = {
        "Create": (f"Create{resource.noun}", create_one),
        "Describe": (f"Describe{resource.noun}", describe_one),
        "List": (f"List{resource.plural or resource.noun + 's'}", list_all),
        "Update": (f"Update{resource.noun}", update_one),
        "Delete": (f"Delete{resource.noun}", delete_one),
    }
    for verb in sorted(resource.operations):
        yield provided[verb]


async def create(call: Call, resource: Resource) -> Document:
    """Keep a request as a record."""
    return await crud.create(call, resource, draft(call, resource, call.request))


def draft(call: Call, resource: Resource, request: dict[str, Any]) -> Document:
    """A record of a request, not stored yet. A role that it names must exist, and be the caller's to pass."""
    asked = [member for member in resource.unsupported if request.get(member)]
    if asked:
        raise validation_error(f"Salvia cannot do this yet: {', '.join(asked)}. Leave it out of the request.")
    if "RoleArn" in request:
        pass_role(call, request["RoleArn"], to="sagemaker.amazonaws.com")
    status = {"CreatedBy": user_context(call)} if "CreatedBy" in shapes.members(resource, "Describe") else {}
    kept = {member: value for member, value in request.items() if member != "ClientToken"}
    return crud.new(call, resource, kept, state=resource.initial, status=status)


async def update(call: Call, resource: Resource) -> Document:
    """Change a record's spec by a request, as `merge` says."""
    if "RoleArn" in call.request:
        pass_role(call, call.request["RoleArn"], to="sagemaker.amazonaws.com")

    def edit(document: Document) -> None:
        merge(resource, document.spec, call.request)
        if "LastModifiedBy" in shapes.members(resource, "Describe"):
            document.status["LastModifiedBy"] = user_context(call)

    return await crud.change(call, resource, resource.name_of(call.request), edit)


def merge(resource: Resource, spec: dict[str, Any], request: dict[str, Any]) -> None:
    """Update a spec: members given replace those there, others stay.

    A map whose keys can be removed (`ParametersToRemove`) keeps those that are not given, as do structures that the
    noun declares as merged. `DeleteProperties` names members to forget.
    """
    removable = shapes.members(resource, "Update", "input")
    for member, value in request.items():
        whole = member.removesuffix("ToRemove")
        if member == "DeleteProperties":
            for name in value:
                spec.pop(name, None)
        elif whole != member:
            gone = set(value)
            spec[whole] = {key: old for key, old in (spec.get(whole) or {}).items() if key not in gone}
    for member, value in request.items():
        if member in (resource.key, "DeleteProperties") or member.endswith("ToRemove"):
            continue
        if f"{member}ToRemove" in removable or member in resource.merged:
            value = {**(spec.get(member) or {}), **value}
        spec[member] = value


async def delete(call: Call, resource: Resource, name: str) -> Document:
    """Delete a record that has ended and that nothing depends on; what lives with it goes with it."""

    def settled(document: Document) -> None:
        if resource.terminal and document.state not in resource.terminal:
            raise ServiceError(
                "ValidationException",
                f"Cannot delete {document.arn}: its {resource.state} is {document.state}. Stop it first, "
                f"and wait until it is one of {', '.join(sorted(resource.terminal))}.",
            )

    def free(tx: Transaction, document: Document) -> None:
        for words, table, column in resource.ties:
            if tx.one(f"SELECT 1 FROM {table} WHERE {column} = :id LIMIT 1", {"id": document.id}):  # noqa: S608
                raise shapes.in_use(resource, document.arn, words)
        for row in tx.all("SELECT DISTINCT kind FROM documents WHERE owner = :id", {"id": document.id}):
            child = call.world.dispatch.resources[row["kind"]]
            if not child.with_parent:
                raise shapes.in_use(resource, document.arn, child.plural or f"{child.noun}s")
        for table, column in (("documents", "owner"), *resource.purges):
            tx.run(f"DELETE FROM {table} WHERE {column} = :id", {"id": document.id})  # noqa: S608

    return await crud.remove(call, resource, name, settled, free)


async def answer(
    call: Call,
    resource: Resource,
    *,
    within: listing.Within | None = None,
    summarize: Callable[[Document], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The answer of a List operation: a page of summaries, and NextToken when there is more.

    `within` narrows the list in SQL; a parent that the request names does so by itself.
    """
    parent = resource.parent
    if within is None and parent is not None and parent.key in call.request:
        owner = crud.find(call, parent, call.request[parent.key])
        within = listing.Within("owner = :owner", {"owner": owner.id})
    filters = [
        (path.split("."), call.request[member])
        for member, path in resource.filters.items()
        if call.request.get(member) is not None
    ]

    part = (call.request.get(f"{resource.key}Contains") or "").lower() if resource.name else ""

    def wanted(document: Document) -> bool:
        description = document.description()
        return part in str(description.get(resource.key, "")).lower() and all(
            _at(description, path) == value for path, value in filters
        )

    summary = summarize or partial(crud.summary, resource)
    if summarize is None and not filters and not part:
        shown, token = await listing.entries(call, resource, call.request, summary, within=within)
    else:
        where = wanted if filters or part else None
        found, token = await listing.page(call, resource, call.request, where=where, within=within)
        shown = [summary(document) for document in found]
    result: dict[str, Any] = {shapes.entries(resource)[0]: shown}
    if token:
        result["NextToken"] = token
    return result


def user_context(call: Call) -> dict[str, Any]:
    """Who created or changed something. Source: API_UserContext."""
    return {"IamIdentity": {"Arn": call.caller.arn, "PrincipalId": call.caller.user_id}}


def _at(description: Any, path: list[str]) -> Any:
    for member in path:
        description = (description or {}).get(member)
    return description
