"""Links that sign in: `http://studio.DOMAIN/link#TOKEN`, good once, for a few minutes.

The token is behind a '#', which browsers send to nobody: the page posts it, so that nothing that fetches links in
advance uses one up, and no log has it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from urllib.parse import quote

from salvia.control.world import World
from salvia.core import ids
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError
from salvia.store import documents, signed_in
from salvia.store.db import Transaction

SECONDS = 300.0  # a link's life; the most that CreatePresignedDomainUrl gives. Source: API_CreatePresignedDomainUrl
LONGEST = 43_200.0  # a session's; source: IAM user guide, "Signing in to the AWS Management Console"


@dataclass(frozen=True, slots=True)
class Grant:
    """Whose session a sign-in opens: the `entity` is the document's id of a user or a role, empty for the account's
    root. A role's session has a `name`; `policies` limit it further. It lasts for `seconds`, and not beyond `until`.
    """

    account: str
    entity: str
    name: str = ""
    policies: tuple[str, ...] = ()
    seconds: float = LONGEST
    until: float | None = None


def of_caller(world: World, caller: Caller) -> Grant:
    """What lets somebody sign in as whom they are already, with no more rights and for no longer."""
    if caller.kind == "root":
        return Grant(caller.account, "")
    found = documents.by_arn(world.db.read(), caller.entity)
    if found is None or caller.kind not in ("user", "assumed-role"):
        raise ServiceError(
            "AccessDeniedException", f"{caller.arn} is no user and no session of a role: sign in as one."
        )
    name = caller.arn.rpartition("/")[2] if caller.kind == "assumed-role" else ""
    key = world.providers.key(caller.access_key) if caller.access_key else None
    return Grant(caller.account, found.id, name, caller.session_policies, until=key.expires_at if key else None)


async def make(world: World, grant: Grant, seconds: float = SECONDS, to: str = "") -> str:
    """The URL of a new link, which is good for `seconds`, and leads to the page `to`."""
    token = ids.token()
    expires, content = world.clock.wall() + seconds, json.dumps(asdict(grant))
    await world.db.write(lambda tx: signed_in.add_link(tx, digest(token), content, expires))
    query = f"?to={quote(to, safe='')}" if to else ""
    return f"{world.settings.studio}/link{query}#{token}"


def take(tx: Transaction, token: str, now: float) -> Grant | None:
    """What a link grants, which can be used no more; None for one that was used, has expired or never was."""
    content = signed_in.take_link(tx, digest(token), now)
    if content is None:
        return None
    values = json.loads(content)
    return Grant(**{**values, "policies": tuple(values["policies"])})


def digest(token: str) -> str:
    """By what the database knows a token."""
    return sha256(token.encode()).hexdigest()
