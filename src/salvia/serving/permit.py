"""Who may invoke what, remembered until anything is committed; and the proof that a request comes from them.

`control.authenticate` and `control.authorize` decide; here is what of their decision holds for further requests of the
same signer to the same endpoint. The signature of each is proved, over the same canonical request as `core.sigv4`'s.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256

from salvia.control import audit
from salvia.control.authenticate import root
from salvia.control.authorize import standing
from salvia.control.call import Call
from salvia.control.world import World
from salvia.core.authorization import ALGORITHM, SKEW, read_authorization
from salvia.core.caller import Caller
from salvia.core.canonical import seconds
from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest
from salvia.core.sigv4 import signing_key

from .endpoint import Endpoint
from .head import Head
from .traffic import Traffic

SERVICE, OPERATION = "sagemaker_runtime", "InvokeEndpoint"


@dataclass(slots=True)
class Permit:
    """A signer's key and endpoint. `key` is the signing key; empty with `--auth off`."""

    caller: Caller
    region: str
    endpoint: Endpoint
    key: bytes
    date: bytes
    scope: bytes
    names: tuple[bytes, ...]
    signed: bytes
    token: bytes
    expires: float

    def proves(self, head: Head, body: bytes, now: float) -> bool:
        """Whether a request is its signer's, as it stands, and of now."""
        if not self.key:
            return True
        fields = head.fields
        stamp = fields.get(b"x-amz-date", b"")
        try:
            if abs(seconds(stamp.decode()) - now) > SKEW:
                return False
        except ValueError:
            return False
        if stamp[:8] != self.date or now >= self.expires or fields.get(b"x-amz-security-token", b"") != self.token:
            return False
        headers = b"".join([b"%b:%b\n" % (name, fields.get(name, b"")) for name in self.names])
        if b"  " in headers:  # the canonical form has single spaces
            return False
        canonical = b"POST\n%b\n\n%b\n%b\n%b" % (head.path, headers, self.signed, sha256(body).hexdigest().encode())
        to_sign = b"%b\n%b\n%b" % (stamp, self.scope, sha256(canonical).hexdigest().encode())
        signature = hmac.digest(self.key, _ALGORITHM + to_sign, "sha256").hex().encode()
        return hmac.compare_digest(signature, head.signature)


_ALGORITHM = f"{ALGORITHM}\n".encode()


def permit(world: World, head: Head) -> Permit | None:
    """What stands for a signer and an endpoint; None where each request has to be looked at."""
    return world.db.recall((head.signer, head.path), lambda db: _permit(world, head))


def _permit(world: World, head: Head) -> Permit | None:
    pairs = [(name.decode(), value.decode()) for name, value in head.fields.items()]
    signed = f"{head.signer.decode()}Signature={head.signature.decode()}".partition(": ")
    request = HttpRequest("POST", head.path.decode(), "", Headers([*pairs, (signed[0], signed[2])]))
    try:
        claim = read_authorization(request)
    except ServiceError:
        return None
    if claim is None or claim.service != "sagemaker" or "host" not in claim.signed_headers:
        return None
    open_to_all = world.settings.auth == "off"
    known = None if open_to_all else world.providers.key(claim.access_key)
    if known is None and not open_to_all:
        return None
    caller = root(world.settings.account) if known is None else known.caller
    region = claim.region or world.settings.region
    endpoint = _endpoint(world, caller, region, head.name)
    if endpoint is None:
        return None
    return Permit(
        caller=caller,
        region=region,
        endpoint=endpoint,
        key=b"" if known is None else signing_key(known.secret, claim.date, claim.region, claim.service),
        date=claim.date.encode(),
        scope=f"{claim.date}/{claim.region}/{claim.service}/aws4_request".encode(),
        names=tuple(name.encode() for name in claim.signed_headers),
        signed=";".join(claim.signed_headers).encode(),
        token=((known.session_token if known is not None else None) or "").encode(),
        expires=known.expires_at if known is not None and known.expires_at is not None else float("inf"),
    )


def _endpoint(world: World, caller: Caller, region: str, name: str) -> Endpoint | None:
    """The endpoint that a caller may invoke whatever its request is like, and of which no trail wants to know."""
    if audit.wanted(world, SERVICE, OPERATION):
        return None
    endpoint = world.part(Traffic).endpoint(caller.account, region, name)
    if endpoint is None:
        return None
    call = Call(SERVICE, OPERATION, {"EndpointName": name}, caller, caller.account, region, "", world)
    return endpoint if standing(call) else None
