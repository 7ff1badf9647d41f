"""Groups, and who belongs to them. Source: IAM API reference, CreateGroup and its neighbours."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import attachments
from .entities import GROUP, USER, delete_conflict, find, insert, limit_exceeded, listed, new, page, renamed, shown

_MOST_GROUPS = 10  # of one user
_MEMBERS = "SELECT d.* FROM iam_members m JOIN documents d ON d.id = m.user_id WHERE m.group_id = :id ORDER BY d.name"
_GROUPS = "SELECT d.* FROM iam_members m JOIN documents d ON d.id = m.group_id WHERE m.user_id = :id ORDER BY d.name"


@operation("CreateGroup")
async def create_group(call: Call) -> dict[str, Any]:
    """Create a group without members or permissions."""
    group = new(call, GROUP, ("GroupName",))
    await call.db.write(lambda tx: insert(tx, GROUP, group))
    return {"Group": shown(GROUP, group, ())}


@operation("GetGroup")
async def get_group(call: Call) -> dict[str, Any]:
    """A group, and a page of its users."""
    db = call.db.read()
    group = find(db, GROUP, call.account, call.request["GroupName"])
    rows = await call.db.scan(_MEMBERS, {"id": group.id})
    users, more = page([Document.of(row) for row in rows], call.request, lambda user: user.name)
    return {"Group": shown(GROUP, group, ()), "Users": [shown(USER, user, ()) for user in users], **more}


@operation("ListGroups")
async def list_groups(call: Call) -> dict[str, Any]:
    """A page of the account's groups."""
    groups, more = listed(call, GROUP)
    return {"Groups": [shown(GROUP, group, ()) for group in groups], **more}


@operation("UpdateGroup")
async def update_group(call: Call) -> dict[str, Any]:
    """Give a group another name or path; its members, policies and id stay."""
    await renamed(call, GROUP)
    return {}


@operation("DeleteGroup")
async def delete_group(call: Call) -> dict[str, Any]:
    """Delete a group that has neither users nor policies left."""

    def work(tx: Transaction) -> None:
        group = find(tx, GROUP, call.account, call.request["GroupName"])
        if tx.one("SELECT 1 FROM iam_members WHERE group_id = :id", {"id": group.id}):
            raise delete_conflict("Cannot delete entity, must remove users from group first.")
        attachments.release(tx, group)
        documents.delete(tx, group.id)

    await call.db.write(work)
    return {}


def _both(call: Call, tx: Transaction) -> dict[str, str]:
    group = find(tx, GROUP, call.account, call.request["GroupName"])
    return {"group": group.id, "user": find(tx, USER, call.account, call.request["UserName"]).id}


@operation("AddUserToGroup")
async def add_user_to_group(call: Call) -> dict[str, Any]:
    """Make a user a member: what the group may do, it may do. Nothing changes for one who is a member already."""

    def work(tx: Transaction) -> None:
        both = _both(call, tx)
        others = tx.all("SELECT 1 FROM iam_members WHERE user_id = :user AND group_id <> :group", both)
        if len(others) >= _MOST_GROUPS:
            raise limit_exceeded(f"Cannot exceed quota for GroupsPerUser: {_MOST_GROUPS}")
        tx.run(
            "INSERT INTO iam_members (user_id, group_id) VALUES (:user, :group) "
            "ON CONFLICT (user_id, group_id) DO NOTHING",
            both,
        )

    await call.db.write(work)
    return {}


@operation("RemoveUserFromGroup")
async def remove_user_from_group(call: Call) -> dict[str, Any]:
    """End a membership. Removing one who is no member is no error, as at AWS."""
    await call.db.write(
        lambda tx: tx.run("DELETE FROM iam_members WHERE user_id = :user AND group_id = :group", _both(call, tx))
    )
    return {}


@operation("ListGroupsForUser")
async def list_groups_for_user(call: Call) -> dict[str, Any]:
    """A page of the groups that a user belongs to."""
    db = call.db.read()
    user = find(db, USER, call.account, call.request["UserName"])
    found = [Document.of(row) for row in db.all(_GROUPS, {"id": user.id})]
    groups, more = page(found, call.request, lambda group: group.name)
    return {"Groups": [shown(GROUP, group, ()) for group in groups], **more}
