"""Roles and whom they trust. Source: IAM API reference, CreateRole and its neighbours."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.store import documents, keys
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import attachments
from .entities import ROLE, checked, encoded, find, insert, listed, new, shown, tag_list

_TRUST_QUOTA = 2048
_TRUST = "AssumeRolePolicyDocument"


def _trust(text: str) -> str:
    return checked(text, "trust", _TRUST_QUOTA, f"Cannot exceed quota for ACLSizePerRole: {_TRUST_QUOTA}")


def listed_role(role: Document) -> dict[str, Any]:
    """A role as ListRoles shows it."""
    description = shown(ROLE, role, ("Description", "MaxSessionDuration"))
    return {**description, _TRUST: encoded(role.spec[_TRUST])}


def described(call: Call, role: Document) -> dict[str, Any]:
    """A role as GetRole shows it."""
    role_tags = {"Tags": tag_list(role.tags)} if role.tags else {}
    return {**listed_role(role), **role_tags, **attachments.boundary(call.db.read(), role)}


@operation("CreateRole")
async def create_role(call: Call) -> dict[str, Any]:
    """Create a role that its trust policy lets others assume."""
    role = new(call, ROLE, ("RoleName", "Description", "MaxSessionDuration", _TRUST))
    role.spec.setdefault("MaxSessionDuration", 3600)
    _trust(role.spec[_TRUST])

    def work(tx: Transaction) -> None:
        insert(tx, ROLE, role)
        attachments.bound(tx, role, call.request.get("PermissionsBoundary"))

    await call.db.write(work)
    return {"Role": described(call, role)}


@operation("GetRole")
async def get_role(call: Call) -> dict[str, Any]:
    """Describe a role."""
    return {"Role": described(call, find(call.db.read(), ROLE, call.account, call.request["RoleName"]))}


@operation("ListRoles")
async def list_roles(call: Call) -> dict[str, Any]:
    """A page of the account's roles."""
    roles, more = listed(call, ROLE)
    return {"Roles": [listed_role(role) for role in roles], **more}


async def _change(call: Call, members: tuple[str, ...]) -> Document:
    def work(tx: Transaction) -> Document:
        role = find(tx, ROLE, call.account, call.request["RoleName"])
        role.spec |= {member: call.request[member] for member in members if member in call.request}
        role.modified_at = call.clock.now()
        documents.update(tx, role)
        return role

    return await call.db.write(work)


@operation("UpdateRole")
async def update_role(call: Call) -> dict[str, Any]:
    """Change a role's description, or how long its sessions may last."""
    await _change(call, ("Description", "MaxSessionDuration"))
    return {}


@operation("UpdateRoleDescription")
async def update_role_description(call: Call) -> dict[str, Any]:
    """Change a role's description."""
    return {"Role": described(call, await _change(call, ("Description",)))}


@operation("UpdateAssumeRolePolicy")
async def update_assume_role_policy(call: Call) -> dict[str, Any]:
    """Replace a role's trust policy."""
    text = _trust(call.request["PolicyDocument"])

    def work(tx: Transaction) -> None:
        role = find(tx, ROLE, call.account, call.request["RoleName"])
        role.spec[_TRUST] = text
        role.modified_at = call.clock.now()
        documents.update(tx, role)

    await call.db.write(work)
    return {}


@operation("DeleteRole")
async def delete_role(call: Call) -> dict[str, Any]:
    """Delete a role without policies; its sessions end at once."""

    def work(tx: Transaction) -> None:
        role = find(tx, ROLE, call.account, call.request["RoleName"])
        attachments.release(tx, role)
        keys.end_sessions(tx, role.id)
        documents.delete(tx, role.id)

    await call.db.write(work)
    return {}
