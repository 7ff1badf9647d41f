"""Users. Source: IAM API reference, CreateUser and its neighbours."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store import documents, keys
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import attachments, passwords
from .entities import USER, delete_conflict, find, insert, listed, new, renamed, shown, tag_list


def implied(call: Call) -> str:
    """The user that a request means, which is the caller where it names none."""
    name: str | None = call.request.get("UserName")
    if name:
        return name
    if call.caller.kind != "user":
        raise ServiceError("ValidationError", "Must specify userName when calling with non-User credentials", 400)
    return call.caller.entity.rpartition("/")[2]


def described(call: Call, user: Document) -> dict[str, Any]:
    """A user as GetUser shows it."""
    user_tags = {"Tags": tag_list(user.tags)} if user.tags else {}
    used = passwords.last_used(call.db.read(), [user]).get(user.id, {})
    return {**shown(USER, user, ()), **used, **user_tags, **attachments.boundary(call.db.read(), user)}


@operation("CreateUser")
async def create_user(call: Call) -> dict[str, Any]:
    """Create a user without keys or permissions."""
    user = new(call, USER, ("UserName",))

    def work(tx: Transaction) -> None:
        insert(tx, USER, user)
        attachments.bound(tx, user, call.request.get("PermissionsBoundary"))

    await call.db.write(work)
    return {"User": described(call, user)}


@operation("GetUser")
async def get_user(call: Call) -> dict[str, Any]:
    """Describe a user, the caller where none is named."""
    caller = call.caller
    if "UserName" not in call.request and caller.kind == "root":
        return {"User": {"Path": "/", "UserId": caller.user_id, "Arn": caller.arn, "CreateDate": 0}}
    return {"User": described(call, find(call.db.read(), USER, call.account, implied(call)))}


@operation("ListUsers")
async def list_users(call: Call) -> dict[str, Any]:
    """A page of the account's users."""
    users, more = listed(call, USER)
    used = passwords.last_used(call.db.read(), users)
    return {"Users": [{**shown(USER, user, ()), **used.get(user.id, {})} for user in users], **more}


@operation("UpdateUser")
async def update_user(call: Call) -> dict[str, Any]:
    """Give a user another name or path; its keys, policies and id stay."""
    await renamed(call, USER)
    return {}


@operation("DeleteUser")
async def delete_user(call: Call) -> dict[str, Any]:
    """Delete a user that has neither keys, password nor policies left, and belongs to no group."""

    def work(tx: Transaction) -> None:
        user = find(tx, USER, call.account, call.request["UserName"])
        if keys.long_term(tx, user.id):
            raise delete_conflict("Cannot delete entity, must delete access keys first.")
        if passwords.of(tx, user) is not None:
            raise delete_conflict("Cannot delete entity, must delete login profile first.")
        if tx.one("SELECT 1 FROM iam_members WHERE user_id = :id", {"id": user.id}):
            raise delete_conflict("Cannot delete entity, must remove users from group first.")
        attachments.release(tx, user)
        keys.end_sessions(tx, user.id)
        documents.delete(tx, user.id)

    await call.db.write(work)
    return {}
