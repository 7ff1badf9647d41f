"""An invocation on its way to the gateway that has its endpoint, and the answer on its way back.

One gateway is to the other what a container is to both: HTTP/1.1 over a pool of kept-alive connections. The request was
authenticated and authorised before; what it is, and whether its answer is wanted in pieces, is a header of JSON::

    POST /invocations                               200                          500
    Authorization: Bearer …                         X-Salvia-Variant: AllTraffic
    X-Salvia-Invocation: {"endpoint": [account,     (a container's headers)      {"code": "ModelError", …}
      region, name], "pieces": false, "request":
      {all members but the body}}

An answer that breaks off says why in the trailer X-Salvia-Failure. A gateway on which nobody listens, or that hangs up
before an answer is whole, is passed over for the next, as an instance would be (`invocation`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import orjson

from salvia.core.errors import ServiceError

from . import errors
from .endpoint import Endpoint, Variant
from .gateways import Peer
from .invocation import SECONDS, STREAM_SECONDS, Answer, Client, Invocation
from .wire import Headers, How, Wire

if TYPE_CHECKING:
    from .traffic import Traffic

INVOCATION, VARIANT, FAILURE = b"x-salvia-invocation", b"x-salvia-variant", b"x-salvia-failure"
_MARGIN = 5.0  # seconds that the other may take longer than its containers


def invocation(
    traffic: Traffic,
    endpoint: Endpoint,
    request: Mapping[str, Any],
    client: Client,
    began: float | None = None,
    *,
    pieces: bool = False,
) -> Invocation | Forwarded:
    """A request to be started, here or at the endpoint's owner; `pieces`: its client takes the answer in pieces.

    Raises ValidationError for one that this endpoint cannot take.
    """
    if endpoint.owned:
        owners = traffic.gateways.owners(endpoint)
        if owners and owners[0] is not None:
            return Forwarded(traffic, endpoint, request, client, owners, pieces=pieces)
    return Invocation(traffic, endpoint, request, client, began, pieces=pieces)


class Forwarded:
    """A request under way to another gateway, or by now here, where all before us do not answer."""

    __slots__ = ("_again", "_begun", "_client", "_endpoint", "_owners", "_peer", "_pieces", "_request", "_traffic")

    def __init__(
        self,
        traffic: Traffic,
        endpoint: Endpoint,
        request: Mapping[str, Any],
        client: Client,
        owners: tuple[Peer | None, ...],
        *,
        pieces: bool,
    ) -> None:
        self._traffic = traffic
        self._endpoint = endpoint
        self._request = request
        self._client = client
        self._pieces = pieces
        # Who did not listen a moment ago is asked last: it may by now.
        self._owners = iter(sorted(owners, key=lambda one: one is not None and one.down))
        self._peer: Peer | None = None
        self._again = True
        self._begun = False

    def start(self) -> None:
        """Send it to the first that answers."""
        for peer in self._owners:
            if peer is None:
                self._here()
            else:
                self._peer = peer
                peer.pool.send(self._message(), self, time.monotonic() + self._seconds)
            return
        self._client.failed(errors.unavailable("No gateway that reaches the endpoint's instances answers."), None)

    def _here(self) -> None:
        try:
            Invocation(self._traffic, self._endpoint, self._request, self._client, pieces=self._pieces).start()
        except ServiceError as error:
            self._client.failed(error, None)

    @property
    def _seconds(self) -> float:
        longest = max((len(variant.names) for variant in self._endpoint.variants), default=1)
        return SECONDS * longest + _MARGIN

    def _message(self) -> bytes:
        body = self._request.get("Body", b"")
        return self._traffic.gateways.head + b"%b: %b\r\nContent-Length: %d\r\n\r\n%b" % (
            INVOCATION,
            encoded(self._endpoint, self._request, pieces=self._pieces),
            len(body),
            body,
        )

    # The wire's

    def begun(self, status: int, headers: Headers, wire: Wire) -> bool:
        if status != 200 or not self._pieces:
            return False
        self._begun = True
        wire.deadline = time.monotonic() + STREAM_SECONDS + _MARGIN
        return self._client.begun(self._answer(headers), wire)

    def piece(self, data: bytes) -> None:
        self._client.piece(data)

    def answered(self, status: int, headers: Headers, body: bytes) -> None:
        told = headers.get(FAILURE) if status == 200 else body
        if told is None:
            self._client.done(self._answer(headers, body))
        else:
            self._client.failed(*failure(told))

    def lost(self, how: How, why: str) -> None:
        assert self._peer is not None
        if how == "refused":
            self._traffic.lose(self._peer)
            self.start()
        elif how in ("closed", "broken") and self._again and not self._begun:
            self._again = False
            self.start()
        elif how != "left":
            said = f"The gateway that has endpoint {self._endpoint.name} gave no answer: {why}. Try again."
            self._client.failed(errors.unavailable(said), how)

    def _answer(self, headers: Headers, body: bytes = b"") -> Answer:
        return Answer(_named(self._endpoint, headers[VARIANT].decode()), headers, body)


def encoded(endpoint: Endpoint, request: Mapping[str, Any], *, pieces: bool) -> bytes:
    """What an invocation is, but for its body, as one line of ASCII."""
    members = {name: value for name, value in request.items() if name != "Body"}
    where = [endpoint.account, endpoint.region, endpoint.name]
    return json.dumps({"endpoint": where, "pieces": pieces, "request": members}).encode()


def told(error: ServiceError, how: How | None) -> bytes:
    """What became of an invocation, as one line of ASCII."""
    content = {"code": error.code, "message": error.message, "status": error.status, "fields": error.fields, "how": how}
    return json.dumps(content).encode()


def failure(content: bytes) -> tuple[ServiceError, How | None]:
    """What `told` wrote."""
    try:
        read = orjson.loads(content)
        error = ServiceError(read["code"], read["message"], read["status"], **read["fields"])
        return error, read["how"] if read["how"] in get_args(How) else None
    except (ValueError, KeyError, TypeError):
        return errors.unavailable("One gateway does not understand another. Are all of one version?"), None


def _named(endpoint: Endpoint, name: str) -> Variant:
    """The variant that the other asked, which may be of a version of the endpoint that is not known here yet."""
    found = next((variant for variant in endpoint.variants if variant.name == name), None)
    return found or replace(endpoint.variants[0], name=name)
