"""Which managed policies a user, a group or a role has, and which one bounds it.

Source: IAM API reference, AttachRolePolicy, PutRolePermissionsBoundary, ListEntitiesForPolicy.
"""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.control.resource import Resource
from salvia.core.errors import ServiceError
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from . import aws_policies
from .entities import (
    GROUP,
    ROLE,
    USER,
    delete_conflict,
    find,
    limit_exceeded,
    no_such_entity,
    page,
    policy_of,
)

_MOST_ATTACHED = 10
_ADD = (
    "INSERT INTO iam_grants (entity, purpose, policy_arn) VALUES (:entity, :purpose, :arn) "
    "ON CONFLICT (entity, purpose, policy_arn) DO NOTHING"
)


def attached(db: Reader, entity: str) -> list[str]:
    """ARNs of the managed policies of an entity, a document's id."""
    rows = db.all(
        "SELECT policy_arn FROM iam_grants WHERE entity = :entity AND purpose = 'attached' ORDER BY policy_arn",
        {"entity": entity},
    )
    return [row["policy_arn"] for row in rows]


def boundary(db: Reader, entity: Document) -> dict[str, Any]:
    """The PermissionsBoundary member of a description, or nothing."""
    row = db.one(
        "SELECT policy_arn FROM iam_grants WHERE entity = :entity AND purpose = 'boundary'",
        {"entity": entity.id},
    )
    if row is None:
        return {}
    found = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": row["policy_arn"]}
    return {"PermissionsBoundary": found}


def bound(tx: Transaction, entity: Document, arn: str | None) -> None:
    """Set an entity's permissions boundary; None leaves it without one."""
    tx.run("DELETE FROM iam_grants WHERE entity = :entity AND purpose = 'boundary'", {"entity": entity.id})
    if arn is not None:
        _known(tx, entity.account, arn)
        tx.run(_ADD, {"entity": entity.id, "purpose": "boundary", "arn": arn})


def add(tx: Transaction, entity: Document, arn: str) -> None:
    """Attach a managed policy. Raises NoSuchEntity, or LimitExceeded over ten."""
    _known(tx, entity.account, arn)
    others = [one for one in attached(tx, entity.id) if one != arn]
    if len(others) >= _MOST_ATTACHED:
        noun = entity.kind.rpartition(":")[2]
        raise limit_exceeded(f"Cannot exceed quota for PoliciesPer{noun}: {_MOST_ATTACHED}")
    tx.run(_ADD, {"entity": entity.id, "purpose": "attached", "arn": arn})


def release(tx: Transaction, entity: Document) -> None:
    """Make an entity ready to be deleted. Raises DeleteConflict while it has policies."""
    if attached(tx, entity.id):
        raise delete_conflict("Cannot delete entity, must detach all policies first.")
    if tx.one("SELECT 1 FROM iam_inline_policies WHERE entity = :id", {"id": entity.id}):
        raise delete_conflict("Cannot delete entity, must delete policies first.")
    tx.run("DELETE FROM iam_grants WHERE entity = :id", {"id": entity.id})


def _known(db: Reader, account: str, arn: str) -> None:
    if arn in aws_policies.all_policies():
        return
    try:
        policy_of(db, account, arn)
    except ServiceError:
        raise no_such_entity(f"Policy {arn} does not exist or is not attachable.") from None


async def _attach(call: Call, resource: Resource) -> dict[str, Any]:
    def work(tx: Transaction) -> None:
        add(tx, find(tx, resource, call.account, call.request[resource.key]), call.request["PolicyArn"])

    await call.db.write(work)
    return {}


async def _detach(call: Call, resource: Resource) -> dict[str, Any]:
    arn = call.request["PolicyArn"]

    def work(tx: Transaction) -> None:
        entity = find(tx, resource, call.account, call.request[resource.key])
        gone = tx.run(
            "DELETE FROM iam_grants WHERE entity = :entity AND purpose = 'attached' AND policy_arn = :arn",
            {"entity": entity.id, "arn": arn},
        )
        if not gone:
            raise no_such_entity(f"Policy {arn} was not found.")

    await call.db.write(work)
    return {}


def _list(call: Call, resource: Resource) -> dict[str, Any]:
    db = call.db.read()
    entity = find(db, resource, call.account, call.request[resource.key])
    prefix = call.request.get("PathPrefix", "/")
    arns = [arn for arn in attached(db, entity.id) if ("/" + arn.partition("/")[2]).startswith(prefix)]
    items, more = page(arns, call.request, str)
    return {
        "AttachedPolicies": [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in items],
        **more,
    }


async def _bound(call: Call, resource: Resource, arn: str | None) -> dict[str, Any]:
    def work(tx: Transaction) -> None:
        bound(tx, find(tx, resource, call.account, call.request[resource.key]), arn)

    await call.db.write(work)
    return {}


@operation("AttachUserPolicy")
async def attach_user_policy(call: Call) -> dict[str, Any]:
    """Attach a managed policy to a user."""
    return await _attach(call, USER)


@operation("DetachUserPolicy")
async def detach_user_policy(call: Call) -> dict[str, Any]:
    """Detach a managed policy from a user."""
    return await _detach(call, USER)


@operation("ListAttachedUserPolicies")
async def list_attached_user_policies(call: Call) -> dict[str, Any]:
    """A page of the managed policies of a user."""
    return _list(call, USER)


@operation("AttachRolePolicy")
async def attach_role_policy(call: Call) -> dict[str, Any]:
    """Attach a managed policy to a role."""
    return await _attach(call, ROLE)


@operation("DetachRolePolicy")
async def detach_role_policy(call: Call) -> dict[str, Any]:
    """Detach a managed policy from a role."""
    return await _detach(call, ROLE)


@operation("ListAttachedRolePolicies")
async def list_attached_role_policies(call: Call) -> dict[str, Any]:
    """A page of the managed policies of a role."""
    return _list(call, ROLE)


@operation("AttachGroupPolicy")
async def attach_group_policy(call: Call) -> dict[str, Any]:
    """Attach a managed policy to a group."""
    return await _attach(call, GROUP)


@operation("DetachGroupPolicy")
async def detach_group_policy(call: Call) -> dict[str, Any]:
    """Detach a managed policy from a group."""
    return await _detach(call, GROUP)


@operation("ListAttachedGroupPolicies")
async def list_attached_group_policies(call: Call) -> dict[str, Any]:
    """A page of the managed policies of a group."""
    return _list(call, GROUP)


@operation("PutUserPermissionsBoundary")
async def put_user_permissions_boundary(call: Call) -> dict[str, Any]:
    """Bound what a user's policies can give."""
    return await _bound(call, USER, call.request["PermissionsBoundary"])


@operation("DeleteUserPermissionsBoundary")
async def delete_user_permissions_boundary(call: Call) -> dict[str, Any]:
    """Take a user's permissions boundary away."""
    return await _bound(call, USER, None)


@operation("PutRolePermissionsBoundary")
async def put_role_permissions_boundary(call: Call) -> dict[str, Any]:
    """Bound what a role's policies can give."""
    return await _bound(call, ROLE, call.request["PermissionsBoundary"])


@operation("DeleteRolePermissionsBoundary")
async def delete_role_permissions_boundary(call: Call) -> dict[str, Any]:
    """Take a role's permissions boundary away."""
    return await _bound(call, ROLE, None)


@operation("ListEntitiesForPolicy")
async def list_entities_for_policy(call: Call) -> dict[str, Any]:
    """A page of the users, groups and roles that a managed policy is attached to, or bounds."""
    request = call.request
    db = call.db.read()
    arn = request["PolicyArn"]
    if arn not in aws_policies.all_policies():
        policy_of(db, call.account, arn)
    purpose = "boundary" if request.get("PolicyUsageFilter") == "PermissionsBoundary" else "attached"
    rows = db.all(
        "SELECT d.* FROM iam_grants g JOIN documents d ON d.id = g.entity "
        "WHERE g.policy_arn = :arn AND g.purpose = :purpose AND d.account = :account ORDER BY d.kind, d.name",
        {"arn": arn, "purpose": purpose, "account": call.account},
    )
    wanted = request.get("EntityFilter", "")
    prefix = request.get("PathPrefix", "/")
    found = [Document.of(row) for row in rows]
    found = [
        one for one in found if (not wanted or one.kind == f"iam:{wanted}") and one.spec["Path"].startswith(prefix)
    ]
    items, more = page(found, request, lambda one: f"{one.kind}/{one.name}")
    return {
        "PolicyUsers": [_member(USER, one) for one in items if one.kind == USER.kind],
        "PolicyRoles": [_member(ROLE, one) for one in items if one.kind == ROLE.kind],
        "PolicyGroups": [_member(GROUP, one) for one in items if one.kind == GROUP.kind],
        **more,
    }


def _member(resource: Resource, one: Document) -> dict[str, Any]:
    return {member: one.spec[member] for member in (f"{resource.noun}Name", f"{resource.noun}Id")}
