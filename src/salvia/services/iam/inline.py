"""Policies that live inside a user, a group or a role. Source: IAM API reference, PutRolePolicy and its neighbours."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.control.resource import Resource
from salvia.core.errors import ServiceError
from salvia.store.db import Reader, Transaction

from .entities import GROUP, ROLE, USER, checked, encoded, find, limit_exceeded, no_such_entity, page

# Bytes of all inline policies together, whitespace not counted.
_QUOTAS = {"User": 2048, "Group": 5120, "Role": 10_240}


def _key(call: Call, resource: Resource) -> str:
    return str(call.request[resource.key])


def _missing(resource: Resource, name: str) -> ServiceError:
    return no_such_entity(f"The {resource.noun.lower()} policy with name {name} cannot be found.")


async def _put(call: Call, resource: Resource) -> dict[str, Any]:
    quota = _QUOTAS[resource.noun]
    owner, name = _key(call, resource), call.request["PolicyName"]
    sentence = f"Maximum policy size of {quota} bytes exceeded for {resource.noun.lower()} {owner}"
    text = checked(call.request["PolicyDocument"], "identity", quota, sentence)

    def work(tx: Transaction) -> None:
        entity = find(tx, resource, call.account, owner)
        others = sum(
            len("".join(row["document"].split()))
            for row in tx.all("SELECT name, document FROM iam_inline_policies WHERE entity = :id", {"id": entity.id})
            if row["name"] != name
        )
        if others + len("".join(text.split())) > quota:
            raise limit_exceeded(sentence)
        tx.run(
            "INSERT INTO iam_inline_policies (entity, name, document) VALUES (:entity, :name, :document) "
            "ON CONFLICT (entity, name) DO UPDATE SET document = excluded.document",
            {"entity": entity.id, "name": name, "document": text},
        )

    await call.db.write(work)
    return {}


def _get(call: Call, resource: Resource) -> dict[str, Any]:
    owner, name = _key(call, resource), call.request["PolicyName"]
    db: Reader = call.db.read()
    entity = find(db, resource, call.account, owner)
    row = db.one(
        "SELECT document FROM iam_inline_policies WHERE entity = :entity AND name = :name",
        {"entity": entity.id, "name": name},
    )
    if row is None:
        raise _missing(resource, name)
    shown = entity.spec[resource.key]
    return {resource.key: shown, "PolicyName": name, "PolicyDocument": encoded(row["document"])}


async def _delete(call: Call, resource: Resource) -> dict[str, Any]:
    owner, name = _key(call, resource), call.request["PolicyName"]

    def work(tx: Transaction) -> None:
        entity = find(tx, resource, call.account, owner)
        gone = tx.run(
            "DELETE FROM iam_inline_policies WHERE entity = :entity AND name = :name",
            {"entity": entity.id, "name": name},
        )
        if not gone:
            raise _missing(resource, name)

    await call.db.write(work)
    return {}


def _list(call: Call, resource: Resource) -> dict[str, Any]:
    db = call.db.read()
    entity = find(db, resource, call.account, _key(call, resource))
    rows = db.all("SELECT name FROM iam_inline_policies WHERE entity = :id ORDER BY name", {"id": entity.id})
    names, more = page([row["name"] for row in rows], call.request, str)
    return {"PolicyNames": names, **more}


@operation("PutUserPolicy")
async def put_user_policy(call: Call) -> dict[str, Any]:
    """Add or replace an inline policy of a user."""
    return await _put(call, USER)


@operation("GetUserPolicy")
async def get_user_policy(call: Call) -> dict[str, Any]:
    """An inline policy of a user."""
    return _get(call, USER)


@operation("DeleteUserPolicy")
async def delete_user_policy(call: Call) -> dict[str, Any]:
    """Delete an inline policy of a user."""
    return await _delete(call, USER)


@operation("ListUserPolicies")
async def list_user_policies(call: Call) -> dict[str, Any]:
    """A page of the names of a user's inline policies."""
    return _list(call, USER)


@operation("PutRolePolicy")
async def put_role_policy(call: Call) -> dict[str, Any]:
    """Add or replace an inline policy of a role."""
    return await _put(call, ROLE)


@operation("GetRolePolicy")
async def get_role_policy(call: Call) -> dict[str, Any]:
    """An inline policy of a role."""
    return _get(call, ROLE)


@operation("DeleteRolePolicy")
async def delete_role_policy(call: Call) -> dict[str, Any]:
    """Delete an inline policy of a role."""
    return await _delete(call, ROLE)


@operation("ListRolePolicies")
async def list_role_policies(call: Call) -> dict[str, Any]:
    """A page of the names of a role's inline policies."""
    return _list(call, ROLE)


@operation("PutGroupPolicy")
async def put_group_policy(call: Call) -> dict[str, Any]:
    """Add or replace an inline policy of a group."""
    return await _put(call, GROUP)


@operation("GetGroupPolicy")
async def get_group_policy(call: Call) -> dict[str, Any]:
    """An inline policy of a group."""
    return _get(call, GROUP)


@operation("DeleteGroupPolicy")
async def delete_group_policy(call: Call) -> dict[str, Any]:
    """Delete an inline policy of a group."""
    return await _delete(call, GROUP)


@operation("ListGroupPolicies")
async def list_group_policies(call: Call) -> dict[str, Any]:
    """A page of the names of a group's inline policies."""
    return _list(call, GROUP)
