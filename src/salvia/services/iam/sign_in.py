"""Whether a name and a password are a user's: what Studio's door asks.

Who does not know a password learns nothing: not whether there is such a user, nor whether it has a password, from
neither the words nor the time. Source: IAM user guide, "Set an account password policy for IAM users", on expiry.
"""

from __future__ import annotations

import re

from salvia.control import errand
from salvia.control.providers import SignIn
from salvia.control.world import World
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import password_policy, passwords
from .entities import USER

_BY = "signin.amazonaws.com"
_NAME = re.compile(r"[\w+=,.@-]{1,64}")  # as the model has it; others are not looked up
_LONGEST = 128  # characters of a password
WRONG = "Your authentication information is incorrect. Please try again."
_RESET = "You must change your password before you continue."
_EXPIRED = "Your password has expired. You must change it before you continue."
_HARD = "Your password has expired. Ask an administrator to give you another one."


def provide(world: World) -> None:
    """Fill in the provider of sign-ins."""

    async def sign_in(account: str, name: str, password: str, new: str = "") -> SignIn:
        return await _sign_in(world, account, name, password, new)

    world.providers.sign_in = sign_in


async def _sign_in(world: World, account: str, name: str, password: str, new: str) -> SignIn:
    db = world.db.read()
    user = documents.find(db, USER.kind, account, "", name.lower()) if _NAME.fullmatch(name) else None
    profile = passwords.of(db, user) if user else None
    kept = profile.status["Hash"] if profile else passwords.NOBODYS
    right = await passwords.matches(kept, password[:_LONGEST]) and len(password) <= _LONGEST
    if user is None or profile is None or not right:
        return SignIn(why=WRONG)
    caller = _caller(user)
    policy = password_policy.of(db, account)
    expired = password_policy.expired(policy, profile.status["ChangedAt"], world.clock.now())
    if expired and policy and policy.get("HardExpiry"):
        return SignIn(why=_HARD)
    if new:
        try:  # as the user, by its own right: allowed, checked and audited as from anywhere else
            request = {"OldPassword": password, "NewPassword": new}
            await errand.run(world, caller, _BY, world.settings.region, "iam", "ChangePassword", request)
        except ServiceError as refused:
            return SignIn(why=refused.message, change=True)
    elif expired or profile.spec["PasswordResetRequired"]:
        return SignIn(why=_EXPIRED if expired else _RESET, change=True)
    return (
        SignIn(caller)
        if await world.db.write(lambda tx: _used(tx, profile.id, world.clock.now()))
        else SignIn(why=WRONG)
    )


def _used(tx: Transaction, profile_id: str, now: float) -> bool:
    """Note when a password was last used; False when it has been deleted meanwhile."""
    profile = documents.by_id(tx, profile_id)
    if profile is None:
        return False
    profile.status["UsedAt"] = now
    documents.update(tx, profile)
    return True


def _caller(user: Document) -> Caller:
    context = {f"aws:principaltag/{name.lower()}": value for name, value in user.tags.items()}
    return Caller("user", user.account, user.arn, user.spec["UserId"], user.arn, context=context)
