"""Tags of users, roles and policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salvia.control.call import Call, operation
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from .entities import ROLE, USER, find, limit_exceeded, page, policy_of, tag_list, tags

Finder = Callable[[Reader, Call], Document]


def _user(db: Reader, call: Call) -> Document:
    return find(db, USER, call.account, call.request["UserName"])


def _role(db: Reader, call: Call) -> Document:
    return find(db, ROLE, call.account, call.request["RoleName"])


def _policy(db: Reader, call: Call) -> Document:
    return policy_of(db, call.account, call.request["PolicyArn"])


async def _tag(call: Call, finder: Finder) -> dict[str, Any]:
    given = tags(call.request["Tags"])

    def work(tx: Transaction) -> None:
        found = finder(tx, call)
        replaced = {name.lower() for name in given}
        found.tags = {name: value for name, value in found.tags.items() if name.lower() not in replaced} | given
        if len(found.tags) > 50:
            raise limit_exceeded("The number of tags has reached the maximum limit.")
        documents.update(tx, found)

    await call.db.write(work)
    return {}


async def _untag(call: Call, finder: Finder) -> dict[str, Any]:
    gone = {name.lower() for name in call.request["TagKeys"]}

    def work(tx: Transaction) -> None:
        found = finder(tx, call)
        found.tags = {name: value for name, value in found.tags.items() if name.lower() not in gone}
        documents.update(tx, found)

    await call.db.write(work)
    return {}


def _listed(call: Call, finder: Finder) -> dict[str, Any]:
    found = tag_list(finder(call.db.read(), call).tags)
    items, more = page(found, call.request, lambda tag: tag["Key"])
    return {"Tags": items, **more}


@operation("TagUser")
async def tag_user(call: Call) -> dict[str, Any]:
    """Add or overwrite tags of a user."""
    return await _tag(call, _user)


@operation("UntagUser")
async def untag_user(call: Call) -> dict[str, Any]:
    """Remove tags of a user."""
    return await _untag(call, _user)


@operation("ListUserTags")
async def list_user_tags(call: Call) -> dict[str, Any]:
    """A page of a user's tags."""
    return _listed(call, _user)


@operation("TagRole")
async def tag_role(call: Call) -> dict[str, Any]:
    """Add or overwrite tags of a role."""
    return await _tag(call, _role)


@operation("UntagRole")
async def untag_role(call: Call) -> dict[str, Any]:
    """Remove tags of a role."""
    return await _untag(call, _role)


@operation("ListRoleTags")
async def list_role_tags(call: Call) -> dict[str, Any]:
    """A page of a role's tags."""
    return _listed(call, _role)


@operation("TagPolicy")
async def tag_policy(call: Call) -> dict[str, Any]:
    """Add or overwrite tags of a customer managed policy."""
    return await _tag(call, _policy)


@operation("UntagPolicy")
async def untag_policy(call: Call) -> dict[str, Any]:
    """Remove tags of a customer managed policy."""
    return await _untag(call, _policy)


@operation("ListPolicyTags")
async def list_policy_tags(call: Call) -> dict[str, Any]:
    """A page of a customer managed policy's tags."""
    return _listed(call, _policy)
