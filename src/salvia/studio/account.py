"""Who one is, and whom one becomes: a session as its page sees it, and switching role."""

from __future__ import annotations

import re
from typing import Any

from salvia.control.authenticate import Identity
from salvia.core.errors import ServiceError
from salvia.store import documents, signed_in

from . import sessions
from .links import digest
from .regions import REGIONS
from .visit import Visit

_KINDS = {"user": "user", "assumed-role": "role", "root": "root"}
_ROLE = re.compile(r"arn:aws:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}", re.ASCII)
_CHAINED, _SHORTEST = 3600, 900  # seconds of a role's session. Source: API_AssumeRole, DurationSeconds


async def show(visit: Visit) -> dict[str, Any]:
    """Who is signed in. Raises NotSignedIn for a page that did not sign in: its cookie may be another host's planting,
    with a session of somebody else's, and cookies do not say who set them. Source: RFC 6265, section 8.6.
    """
    if not visit.proven:
        raise ServiceError("NotSignedIn", "This page did not sign in: X-Salvia-Csrf is not the session's.", 401)
    return described(visit)


def described(visit: Visit) -> dict[str, Any]:
    """The session, as its page is told."""
    session = visit.session
    switched = bool(session.role_arn)
    arn = session.role_arn or session.own.arn
    region = visit.world.settings.region
    return {
        "Arn": arn,
        "Account": session.own.account,
        "Name": arn.partition("assumed-role/")[2] or arn.rpartition("/")[2] if "/" in arn else "root",
        "Kind": "role" if switched else _KINDS[session.own.kind],
        "Region": region,
        "Regions": sorted({region, *REGIONS}),
        "Csrf": session.csrf,
        "ExpiresAt": session.expires_at,
        "SwitchedFrom": session.own.arn if switched else None,
    }


async def switch_role(visit: Visit) -> dict[str, Any]:
    """Become a session of a role, by AssumeRole and the right of who signed in. Raises AccessDenied."""
    arn = (await visit.json()).get("RoleArn")
    session = visit.session
    if not isinstance(arn, str) or not _ROLE.fullmatch(arn):
        raise ServiceError(
            "ValidationException", "RoleArn is the ARN of the role to switch to: arn:aws:iam::ACCOUNT:role/NAME."
        )
    name = session.own.arn.rpartition("/")[2].ljust(2, "_")  # the model: two characters at least
    request = {"RoleArn": arn, "RoleSessionName": name, "DurationSeconds": _seconds(visit, arn)}
    answer = await visit.ask("sts.AssumeRole", request, Identity(session.own, visit.region))
    key, role_arn = answer["Credentials"]["AccessKeyId"], answer["AssumedRoleUser"]["Arn"]
    await _become(visit, key, role_arn)
    return described(visit)


async def switch_back(visit: Visit) -> dict[str, Any]:
    """Be who signed in again."""
    await _become(visit, "", "")
    return described(visit)


async def _become(visit: Visit, role_key: str, role_arn: str) -> None:
    token = visit.session.token
    await visit.world.db.write(lambda tx: signed_in.switch(tx, digest(token), role_key, role_arn))
    visit.known = await sessions.find(visit.world, token)


def _seconds(visit: Visit, role_arn: str) -> int:
    """As long as the role allows, and the session lasts. Source: IAM user guide, "Switch from a user to a role"."""
    session = visit.session
    role = documents.by_arn(visit.world.db.read(), role_arn)
    longest = role.spec.get("MaxSessionDuration", _CHAINED) if role is not None else _CHAINED
    if session.own.kind == "assumed-role":
        longest = min(longest, _CHAINED)
    return max(_SHORTEST, int(min(longest, session.ends_at - visit.world.clock.wall())))
