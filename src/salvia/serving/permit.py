"""Who may invoke what, remembered until it may have changed; and the proof that a request comes from them.

`control.authenticate` and `control.authorize` decide; here is what of their decision holds for further requests of the
same signer to the same endpoint. The signature of each is proved (`proof`).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from salvia.control import audit
from salvia.control.authenticate import root
from salvia.control.authorize import standing
from salvia.control.call import Call
from salvia.control.world import World
from salvia.core.authorization import TERMINATOR, read_authorization
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest
from salvia.core.sigv4 import signing_key

from .endpoint import Endpoint
from .head import Head, Shape
from .proof import Proof
from .traffic import Traffic

SERVICE, OPERATION = "sagemaker_runtime", "InvokeEndpoint"


@dataclass(slots=True)
class Permit:
    """A signer's way to an endpoint, until it `expires`. `proof` is None with `--auth off`."""

    caller: Caller
    region: str
    endpoint: Endpoint
    proof: Proof | None
    expires: float
    noted: float = 0.0  # when its use was

    def covers(self, head: Head, body: bytes, now: float) -> bool:
        """Whether a request is its signer's, as it stands, and of now."""
        return self.proof is None or (now < self.expires and self.proof.holds(head, body, now))


def permit(world: World, head: Head) -> Permit | None:
    """What stands for the signer and the endpoint of a shape; None where each request has to be looked at."""
    shape = head.shape
    return world.db.recall(shape, lambda db: _permit(world, shape))


def _permit(world: World, shape: Shape) -> Permit | None:
    pairs = [(name.decode(), value.decode()) for name, value in shape.fields.items()]
    signed = ("authorization", f"{shape.signer.decode()}, Signature={'0' * 64}")
    try:
        claim = read_authorization(HttpRequest("POST", shape.path.decode(), "", Headers([*pairs, signed])))
    except ServiceError:
        return None
    if world.settings.is_studio(shape.fields.get(b"host", b"").decode()):
        return None  # nothing that a model answers is ever a page of that host
    # What changes from request to request is not in the shape: of that, the date alone may be signed.
    changing = {"content-length", "amz-sdk-invocation-id"}
    if claim is None or claim.service != "sagemaker" or not {"host", "x-amz-date"} <= set(claim.signed_headers):
        return None
    if changing & set(claim.signed_headers) or any(b"  " in value for value in shape.fields.values()):
        return None
    open_to_all = world.settings.auth == "off"
    known = None if open_to_all else world.providers.key(claim.access_key)
    if known is None and not open_to_all:
        return None
    if known is not None and not _same(known.session_token, claim.session_token):
        return None
    caller = root(world.settings.account) if known is None else known.caller
    region = claim.region or world.settings.region
    endpoint = _endpoint(world, caller, region, shape.name)
    if endpoint is None:
        return None
    lines = {name: b"%b:%b\n" % (name.encode(), shape.fields.get(name.encode(), b"")) for name in claim.signed_headers}
    order = list(lines)
    at = order.index("x-amz-date")
    proof = None
    if known is not None:
        proof = Proof(
            key=signing_key(known.secret, claim.date, claim.region, claim.service),
            date=claim.date.encode(),
            scope=f"{claim.date}/{claim.region}/{claim.service}/{TERMINATOR}".encode(),
            before=b"POST\n%b\n\n%bx-amz-date:" % (shape.path, b"".join(lines[name] for name in order[:at])),
            behind=b"\n%b\n%b\n" % (b"".join(lines[name] for name in order[at + 1 :]), ";".join(order).encode()),
        )
    return Permit(
        caller=caller,
        region=region,
        endpoint=endpoint,
        proof=proof,
        expires=known.expires_at if known is not None and known.expires_at is not None else float("inf"),
    )


def _same(one: str | None, other: str | None) -> bool:
    return hmac.compare_digest((one or "").encode(), (other or "").encode())


def _endpoint(world: World, caller: Caller, region: str, name: str) -> Endpoint | None:
    """The endpoint that a caller may invoke whatever its request is like, and of which no trail wants to know."""
    if audit.wanted(world, SERVICE, OPERATION):
        return None
    endpoint = world.part(Traffic).endpoint(caller.account, region, name)
    if endpoint is None:
        return None
    call = Call(SERVICE, OPERATION, {"EndpointName": name}, caller, caller.account, region, "", world)
    return endpoint if standing(call) else None
