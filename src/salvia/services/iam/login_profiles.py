"""Login profiles: the passwords with which users sign in to Studio.

Source: IAM API reference, CreateLoginProfile, ChangePassword and their neighbours; IAM user guide, "Manage passwords
for IAM users".
"""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from . import password_policy, passwords
from .entities import USER, find, no_such_entity
from .users import implied

_MOST_PREVIOUS = 24  # the most that PasswordReusePrevention asks for
_RESET = "PasswordResetRequired"


def _missing(name: str) -> ServiceError:
    return no_such_entity(f"Login Profile for User {name} cannot be found.")


def _profile(db: Reader, account: str, name: str) -> Document:
    found = passwords.of(db, find(db, USER, account, name))
    if found is None:
        raise _missing(name)
    return found


def _shown(user: Document, profile: Document) -> dict[str, Any]:
    return {
        "UserName": user.spec["UserName"],
        "CreateDate": profile.created_at,
        _RESET: profile.spec[_RESET],
    }


@operation("CreateLoginProfile")
async def create_login_profile(call: Call) -> dict[str, Any]:
    """Give a user a password.

    Raises EntityAlreadyExists where it has one, PasswordPolicyViolation, ValidationError without a password: AWS takes
    none in sessions of AssumeRoot alone.
    """
    name, password, now = implied(call), call.request.get("Password"), call.clock.now()
    user = find(call.db.read(), USER, call.account, name)
    if password is None:
        raise ServiceError("ValidationError", "A login profile needs a Password.")
    password_policy.check(password_policy.of(call.db.read(), call.account), password)
    profile = Document(passwords.KIND, call.account, "", user.id, owner=user.id, created_at=now, modified_at=now)
    profile.spec = {_RESET: call.request.get(_RESET, False)}
    profile.status = {"Hash": await passwords.hashed(password), "Previous": [], "ChangedAt": now}

    def work(tx: Transaction) -> None:
        if find(tx, USER, call.account, name).id != user.id or not documents.insert(tx, profile):
            raise ServiceError("EntityAlreadyExists", f"Login Profile for user {name} already exists.", 409)

    await call.db.write(work)
    return {"LoginProfile": _shown(user, profile)}


@operation("GetLoginProfile")
async def get_login_profile(call: Call) -> dict[str, Any]:
    """Whether a user has a password, and since when."""
    name, db = implied(call), call.db.read()
    return {"LoginProfile": _shown(find(db, USER, call.account, name), _profile(db, call.account, name))}


@operation("UpdateLoginProfile")
async def update_login_profile(call: Call) -> dict[str, Any]:
    """Give a user another password, or say whether it must choose one of its own at the next sign-in."""
    profile = _profile(call.db.read(), call.account, call.request["UserName"])
    await _replace(call, profile, call.request.get("Password"), call.request.get(_RESET))
    return {}


@operation("DeleteLoginProfile")
async def delete_login_profile(call: Call) -> dict[str, Any]:
    """Take a user's password: it signs in no more, and its access keys work on."""
    name = implied(call)
    await call.db.write(lambda tx: documents.delete(tx, _profile(tx, call.account, name).id))
    return {}


@operation("ChangePassword")
async def change_password(call: Call) -> dict[str, Any]:
    """Let the caller choose another password, who knows the one that it has.

    Raises InvalidUserType for whoever is no user, AccessDenied for a wrong old password, NoSuchEntity for a user
    without a password, PasswordPolicyViolation.
    """
    if call.caller.kind != "user":
        raise ServiceError("InvalidUserType", "Only a user has a password of its own to change.")
    profile = _profile(call.db.read(), call.account, implied(call))
    if not await passwords.matches(profile.status["Hash"], call.request["OldPassword"]):
        raise ServiceError("AccessDenied", "The old password was incorrect.", 403)
    await _replace(call, profile, call.request["NewPassword"], reset=False)
    return {}


async def _replace(call: Call, profile: Document, password: str | None, reset: bool | None) -> None:
    """Write what changes. Raises EntityTemporarilyUnmodifiable where somebody else changed the password meanwhile."""
    seen, now = profile.status, call.clock.now()
    kept = None if password is None else await _acceptable(call, seen, password)

    def work(tx: Transaction) -> None:
        current = documents.by_id(tx, profile.id)
        if current is None or current.status["Hash"] != seen["Hash"]:
            raise ServiceError("EntityTemporarilyUnmodifiable", "The password is being changed. Try again.", 409)
        if kept is not None:
            previous = [seen["Hash"], *seen["Previous"]][:_MOST_PREVIOUS]
            current.status |= {"Hash": kept, "Previous": previous, "ChangedAt": now}
        if reset is not None:
            current.spec[_RESET] = reset
        current.modified_at = now
        documents.update(tx, current)

    await call.db.write(work)


async def _acceptable(call: Call, status: dict[str, Any], password: str) -> str:
    """What to keep of a new password. Raises PasswordPolicyViolation."""
    policy = password_policy.of(call.db.read(), call.account)
    password_policy.check(policy, password)
    barred = (policy or {}).get("PasswordReusePrevention", 0)
    for kept in [status["Hash"], *status["Previous"]][:barred]:
        if await passwords.matches(kept, password):
            raise password_policy.violation(f"it is one of the last {barred}, which may not be used again.")
    return await passwords.hashed(password)
