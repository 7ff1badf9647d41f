"""Signing in, by a link or a password, and out."""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import Any

import orjson

from salvia.control import audit
from salvia.core.errors import ServiceError
from salvia.core.http import HttpResponse
from salvia.store import signed_in
from salvia.store.db import Transaction

from . import account, cookies, links, sessions
from .links import Grant, digest
from .visit import Visit

_WINDOW = 300.0  # seconds in which tries are counted
_TRIES = {"user": 10, "address": 50}


async def sign_in(visit: Visit) -> HttpResponse:
    """Open a session, and end the one that the browser had: what it had before it signed in opens nothing afterwards.

    Raises SignInFailed, TooManyTries.
    """
    given = await visit.json()
    before = cookies.read(visit.request, secure=visit.secure)
    grant = None if "Token" in given else await _by_password(visit, given)
    now = visit.world.clock.wall()

    def work(tx: Transaction) -> str | None:
        granted = grant or links.take(tx, _text(given, "Token"), now)
        if granted is None:
            return None
        if before:
            signed_in.end(tx, digest(before))
        return sessions.begin(tx, visit.world, granted)

    token = await visit.world.db.write(work)
    visit.known = await sessions.find(visit.world, token) if token else None
    if token is None or visit.known is None:
        raise ServiceError(
            "SignInFailed",
            "This link was used before, or is more than a few minutes old. `salvia studio --link` prints another one.",
            401,
        )
    await audit.signed_in(visit.world, visit.request, visit.known.own, visit.known.own.account)
    lasts = visit.known.expires_at - now
    body = orjson.dumps(account.described(visit))
    headers = [("Content-Type", "application/json"), cookies.given(token, lasts, secure=visit.secure)]
    return HttpResponse(200, headers, body)


async def sign_out(visit: Visit) -> HttpResponse:
    """End the session, wherever its cookie may be."""
    session = digest(visit.session.token)
    await visit.world.db.write(lambda tx: signed_in.end(tx, session))
    return HttpResponse(204, [cookies.taken(secure=visit.secure)])


async def _by_password(visit: Visit, given: dict[str, Any]) -> Grant:
    """What a user's name and password grant, a `NewPassword` along with them where one is wanted."""
    world, settings = visit.world, visit.world.settings
    name, password = _text(given, "UserName"), _text(given, "Password")
    new = _text(given, "NewPassword") if given.get("NewPassword") else ""
    where = str(given.get("Account") or settings.account)
    if not re.fullmatch("[0-9]{12}", where):
        raise ServiceError("ValidationException", "Account is the account's number, of twelve digits.")
    now = world.clock.wall()
    counted = {"user": f"user:{where}/{name.lower()}", "address": f"address:{visit.request.client}"}
    counted = {kind: hmac.new(world.secret, who.encode(), sha256).hexdigest() for kind, who in counted.items()}

    def work(tx: Transaction) -> bool:
        tries = {kind: signed_in.tried(tx, who, now, now - _WINDOW) for kind, who in counted.items()}
        return all(tries[kind] <= most for kind, most in _TRIES.items())

    # Counted before it is looked at: those who try many at once get no more looks.
    if not await world.db.write(work):
        raise ServiceError("TooManyTries", "Too many tries to sign in. Wait for five minutes.", 429)
    found = await world.providers.sign_in(where, name, password, new)
    if found.caller is None:
        await audit.signed_in(world, visit.request, None, where, name)
        raise ServiceError("PasswordChangeRequired" if found.change else "SignInFailed", found.why, 401)
    await world.db.write(lambda tx: signed_in.succeeded(tx, **counted))
    return links.of_caller(world, found.caller)


def _text(given: dict[str, Any], member: str) -> str:
    value = given.get(member)
    if not isinstance(value, str) or not value:
        raise ServiceError("ValidationException", "Sign in with UserName and Password, or with the Token of a link.")
    return value
