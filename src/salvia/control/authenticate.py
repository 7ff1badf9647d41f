"""Who makes this request, proved by its signature."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from salvia.core.authorization import Authorization
from salvia.core.caller import ANONYMOUS, Caller
from salvia.core.http import HttpRequest
from salvia.core.refusals import refusal
from salvia.core.sigv4 import Seed, verify

from .world import World


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, for which region, and the seed of a streamed body's chunk signatures."""

    caller: Caller
    region: str
    seed: Seed | None = None


def authenticate(
    request: HttpRequest, claim: Authorization | None, world: World, bucket: str | None = None
) -> Identity:
    """Prove a claim. Raises what AWS answers in the request's protocol family.

    No claim at all is the anonymous caller, whom a resource policy may still admit. With `--auth off` whoever
    calls is the account's root. `bucket` is what the host names, which Version 2 signs in the path's stead.
    """
    settings = world.settings
    region = (claim.region if claim else "") or settings.region
    if settings.auth == "off":
        return Identity(root(settings.account), region)
    if claim is None:
        return Identity(ANONYMOUS, region)
    if claim.kind.startswith("v4") and "x-amz-target" in request.headers and "x-amz-target" not in claim.signed_headers:
        # Whoever saw the request could send it again as another operation.
        raise refusal("unsigned-headers", claim.family)
    key = world.providers.key(claim.access_key)
    if key is None:
        raise refusal("bad-key", claim.family)
    given, expected = claim.session_token or "", key.session_token or ""
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise refusal("bad-token", claim.family)
    now = world.clock.wall()
    if key.expires_at is not None and key.expires_at <= now:
        raise refusal("expired-token", claim.family)
    return Identity(key.caller, region, verify(request, claim, key.secret, now, bucket=bucket))


def root(account: str) -> Caller:
    """The account itself, which no identity policy limits."""
    arn = f"arn:aws:iam::{account}:root"
    return Caller("root", account, arn, account, arn)
