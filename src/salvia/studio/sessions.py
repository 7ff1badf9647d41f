"""Who is signed in. A session acts with temporary credentials of its user or role, as AWS's console does.

So whatever ends those ends it: the user is deleted, or the role; and whatever is done in it is that principal's, to
policies and to the audit trail. It lives in the database, where every gateway finds it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from hashlib import sha256

from salvia.control.authenticate import root
from salvia.control.world import World
from salvia.core import ids
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError
from salvia.store import documents, keys, signed_in
from salvia.store.db import Transaction

from .links import Grant, digest

IDLE = 7200.0  # seconds without a request after which a session is over
_NOTED = 60.0  # seconds between notes that it is in use
_ID = {"iam:User": "UserId", "iam:Role": "RoleId"}


@dataclass(frozen=True, slots=True)
class Session:
    """A session that has not ended. `own` is who signed in; `role` is whom it has become since, if it switched.

    `role_arn` stays when the role's session has ended: nothing may be done then but to go back. `ends_at` is when all
    of it ends, `expires_at` when what it acts with does.
    """

    token: str = field(repr=False)
    own: Caller
    role: Caller | None
    role_arn: str
    ends_at: float
    expires_at: float
    csrf: str = field(repr=False)

    @property
    def caller(self) -> Caller:
        """Who acts. Raises ExpiredToken when the role's session has ended."""
        if self.role_arn and self.role is None:
            raise ServiceError(
                "ExpiredToken",
                f"The session of {self.role_arn} has ended. Switch back to {self.own.arn}, or switch role again.",
            )
        return self.role or self.own


def begin(tx: Transaction, world: World, grant: Grant) -> str:
    """Open a session; returns its token, which is new and is kept nowhere. Raises SignInFailed."""
    now = world.clock.wall()
    expires = min(now + grant.seconds, grant.until if grant.until is not None else now + grant.seconds)
    key = ""
    if grant.entity:
        entity = documents.by_id(tx, grant.entity)
        if entity is None or entity.kind not in _ID:
            raise ServiceError("SignInFailed", "The user or role of this sign-in was deleted meanwhile.", 401)
        name = grant.name if entity.kind == "iam:Role" else None
        session = keys.Session(name, expires, grant.policies)
        key, _, _ = keys.issue(tx, entity.id, entity.spec[_ID[entity.kind]], now, session)
    token = ids.token()
    signed_in.add(tx, digest(token), grant.account, key, now, expires)
    return token


async def find(world: World, token: str, *, used: bool = True) -> Session | None:
    """The session of a token; None when it has ended, or never was. A look that nobody asked for is no use of it."""
    row = signed_in.find(world.db.read(), digest(token))
    now = world.clock.wall()
    if row is None or now >= row["expires_at"] or now >= row["seen_at"] + IDLE:
        return None
    own = _caller(world, row["access_key"], now) if row["access_key"] else _root(world, row["account"])
    if own is None:
        return None
    if used and now - row["seen_at"] > _NOTED:
        await world.db.write(lambda tx: signed_in.seen(tx, digest(token), now))
    role = _key(world, row["role_key"], now) if row["role_key"] else None
    ends = row["expires_at"]
    expires = min(ends, role[1]) if role else now if row["role_arn"] else ends
    return Session(token, own, role[0] if role else None, row["role_arn"], ends, expires, _csrf(world, token))


def _root(world: World, account: str) -> Caller | None:
    # Nobody has shown to be the root: with `--auth off` everybody is, and not a day longer.
    return root(account) if world.settings.auth == "off" else None


def _caller(world: World, access_key: str, now: float) -> Caller | None:
    found = _key(world, access_key, now)
    return found[0] if found else None


def _key(world: World, access_key: str, now: float) -> tuple[Caller, float] | None:
    key = world.providers.key(access_key)
    if key is None or key.expires_at is None or now >= key.expires_at:
        return None
    return key.caller, key.expires_at


def _csrf(world: World, token: str) -> str:
    """What a page of ours sends with whatever changes something: other origins cannot read it."""
    return hmac.new(world.secret, f"studio-csrf:{token}".encode(), sha256).hexdigest()
