"""One request on its way: to a variant, a replica, each container of a pipeline, and once more where that is safe.

A second try goes to another replica where there is one. It is made when nobody listened, as often as there are
replicas, and once when a connection ended before an answer of which the client has seen nothing was whole: then it was
stale, or the replica is dying.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from salvia.core.errors import ServiceError

from . import balance, errors, loading
from .endpoint import Container, Endpoint, Replica, Variant
from .wire import Headers, How, Wire

if TYPE_CHECKING:
    from .gate import Gate
    from .traffic import Traffic

SECONDS = 60.0  # for a container to answer. Source: developer guide, "How Containers Serve Requests"
SERVERLESS_LARGEST = 4 << 20  # bytes of a serverless endpoint's request. Source: "Endpoints and quotas", payload size
STREAM_SECONDS = 480.0  # for an answer in pieces to end. Source: "Invoke models with response streaming"
# What a container sees of a request, beside its type: everything else is stripped.
# Source: SageMaker API reference, InvokeEndpoint.
PASSED = {
    "CustomAttributes": "X-Amzn-SageMaker-Custom-Attributes",
    "TargetModel": "X-Amzn-SageMaker-Target-Model",
    "TargetVariant": "X-Amzn-SageMaker-Target-Variant",
    "TargetContainerHostname": "X-Amzn-SageMaker-Target-Container-Hostname",
    "InferenceId": "X-Amzn-SageMaker-Inference-Id",
    "EnableExplanations": "X-Amzn-SageMaker-Enable-Explanations",
}
_ANSWERED = {
    b"content-type": "ContentType",
    b"x-amzn-sagemaker-custom-attributes": "CustomAttributes",
    b"x-amzn-sagemaker-new-session-id": "NewSessionId",
    b"x-amzn-sagemaker-closed-session-id": "ClosedSessionId",
}
_NOT_BUILT = {
    "InferenceComponentName": "inference components (InferenceComponentName)",
    "SessionId": "stateful sessions (SessionId)",
    "PrefixAwareId": "prefix-aware routing (PrefixAwareId)",
}


_TELLING = frozenset((*_NOT_BUILT, "TargetModel", "TargetContainerHostname"))


@dataclass(slots=True)
class Answer:
    """What the last container answered; `body` is empty when it was handed over in pieces."""

    variant: Variant
    headers: Headers
    body: bytes

    @property
    def members(self) -> dict[str, str]:
        """The members of the operation's output that are headers."""
        return self.members_of(self.variant.name, self.headers)

    @staticmethod
    def members_of(variant: str, headers: Headers) -> dict[str, str]:
        """The same, of a variant's name and a container's headers."""
        found = {name: headers[wire].decode("latin-1") for wire, name in _ANSWERED.items() if wire in headers}
        found["InvokedProductionVariant"] = variant
        return found


class Client(Protocol):
    """Whoever asked. Exactly one of `done` and `failed` is called, at the end."""

    def begun(self, answer: Answer, wire: Wire) -> bool:
        """A good answer begins: True has its body handed over piece by piece, as fast as `wire` is let read."""

    def piece(self, data: bytes) -> None:
        """A piece of the body."""

    def done(self, answer: Answer) -> None:
        """The answer is whole."""

    def failed(self, error: ServiceError, how: How | None) -> None:
        """There is none, or it broke off; `how` is what became of the connection, if that was it."""


class Invocation:
    """A request under way; connections call it back. `request` holds the members of the operation's input."""

    __slots__ = (
        "_again",
        "_alone",
        "_body",
        "_client",
        "_endpoint",
        "_gate",
        "_pieces",
        "_refused",
        "_replica",
        "_request",
        "_sent",
        "_step",
        "_steps",
        "_traffic",
        "_type",
        "began",
        "bytes_in",
        "bytes_out",
        "ended",
        "loading",
        "model_seconds",
        "place",
        "variant",
    )

    def __init__(
        self,
        traffic: Traffic,
        endpoint: Endpoint,
        request: Mapping[str, Any],
        client: Client,
        began: float | None = None,
        *,
        pieces: bool = False,
    ) -> None:
        """`began` is when the request came; `pieces`: the client may want them. Raises ValidationError for one that
        this endpoint cannot take.
        """
        self.began = began or time.monotonic()
        self.ended = self.began
        self.model_seconds = 0.0
        self.loading: loading.Figures = []
        self.variant = balance.variant(endpoint, request.get("TargetVariant"))
        self._steps = _steps(endpoint, self.variant, request)
        if self.variant.serverless is not None and len(request.get("Body", b"")) > SERVERLESS_LARGEST:
            raise errors.invalid(
                f"A request to a serverless endpoint has at most {SERVERLESS_LARGEST} bytes; {endpoint.name} is one."
            )
        self._traffic = traffic
        self._endpoint = endpoint
        self._request = request
        self._client = client
        self._replica: Replica | None = None
        self._step = 0
        self._body: bytes = request.get("Body", b"")
        self.bytes_in, self.bytes_out = len(self._body), 0  # the client's request; what it gets of the answer
        self._gate: Gate | None = None
        self.place = 0  # of a serverless variant's request: the how-manieth it was at once
        self._type: str | None = request.get("ContentType")
        self._again = True
        self._alone = pieces
        self._pieces = False
        self._refused = 0
        self._sent = 0.0

    def start(self) -> None:
        """Send it to a replica; of a serverless variant, as soon as one is free."""
        if self.variant.serverless is not None:
            self._gate = self._traffic.gate(self._endpoint, self.variant)
            self._gate.enter(self)
            return
        replica = self._replica = balance.replica(self.variant, self._replica, self._request.get("TargetModel"))
        if replica is None:
            self._fail(errors.unavailable(f"No instance of variant {self.variant.name} can be reached. Try again."))
            return
        self._send(replica)

    def go(self, replica: Replica) -> None:
        """The gate's: this replica is free."""
        self._replica = replica
        self._send(replica)

    def refuse(self, error: ServiceError) -> None:
        """The gate's: there will be no replica."""
        self.ended = time.monotonic()
        self._fail(error)

    def _send(self, replica: Replica) -> None:
        position = self._steps[self._step]
        last = self._step == len(self._steps) - 1
        accept = self._request.get("Accept") if last else None
        head = _head(self._request, self._type, accept, len(self._body))
        replica.outstanding += 1
        self._sent = time.monotonic()
        replica.containers[position].pool.send(head + self._body, self, self._sent + SECONDS, alone=self._alone)

    def _settled(self) -> Container:
        """The container that answered, or will not."""
        assert self._replica is not None
        self._replica.outstanding -= 1
        self.ended = time.monotonic()
        self.model_seconds += self.ended - self._sent
        return self._replica.containers[self._steps[self._step]]

    # The wire's

    def begun(self, status: int, headers: Headers, wire: Wire) -> bool:
        if not self._alone or not 200 <= status < 300 or self._step < len(self._steps) - 1:
            return False
        self._pieces = self._client.begun(Answer(self.variant, headers, b""), wire)
        if self._pieces:
            wire.deadline = time.monotonic() + STREAM_SECONDS
        return self._pieces

    def piece(self, data: bytes) -> None:
        self.bytes_out += len(data)
        self._client.piece(data)

    def answered(self, status: int, headers: Headers, body: bytes) -> None:
        container = self._settled()
        if self.variant.target == loading.MULTI_MODEL:
            self._take(loading.figures(headers))
        if not 200 <= status < 300:
            self.bytes_out = len(body)
            said = body.decode("utf-8", "replace")
            error = loading.refused(headers, said) if self.variant.target == loading.MULTI_MODEL else None
            self._fail(error or errors.model_error(self._endpoint, container.name, status, said), status)
        elif self._step < len(self._steps) - 1:
            self._step += 1
            self._body = body
            given = headers.get(b"content-type")
            self._type = given.decode("latin-1") if given is not None else None
            assert self._replica is not None
            self._send(self._replica)
        else:
            variant = self.variant
            answer = Answer(variant, headers, body)
            self.bytes_out += len(body)
            self._traffic.meters.count(self._endpoint, variant, status, self)
            if variant.capture is not None and not self._pieces:
                self._traffic.capture.take(variant.capture, self._endpoint, variant, self._request, headers, body)
            self._client.done(answer)
            self._leave()

    def _take(self, figures: loading.Figures) -> None:
        """What was done about its model, which is no time of the model's own."""
        self.loading += figures
        self.model_seconds -= sum(seconds for name, seconds in figures if name == loading.WAIT)

    def lost(self, how: How, why: str) -> None:
        container = self._settled()
        replica = self._replica
        assert replica is not None
        if how == "refused":
            self._traffic.lose(replica, self._endpoint.id)
            self._refused += 1
            if self._refused <= self.variant.size or self._gate is not None:
                self.start()
                return
            self._fail(errors.unavailable(f"No instance of variant {self.variant.name} can be reached. Try again."))
        elif how == "full":
            self._fail(errors.unavailable(f"Variant {self.variant.name} is asked for more than it can do: {why}."))
        elif how == "left":  # which is not the model's fault
            self._traffic.meters.count(self._endpoint, self.variant, 200, self)
            self._leave()
        elif how in ("closed", "broken") and self._again and not self._pieces:
            self._again = False
            self.start()
        else:
            said = errors.TIMED_OUT.format(container.name) if how == "late" else f"Container {container.name}: {why}."
            self._fail(errors.model_error(self._endpoint, container.name, 0, said), 0, how)

    def _fail(self, error: ServiceError, status: int | None = None, how: How | None = None) -> None:
        if error.code != "ThrottlingException":  # which was never sent to a model
            self._traffic.meters.count(self._endpoint, self.variant, status, self)
        self._client.failed(error, how)
        self._leave()

    def _leave(self) -> None:
        if self._gate is not None:
            self._gate.leave(self)


def _steps(endpoint: Endpoint, variant: Variant, request: Mapping[str, Any]) -> tuple[int, ...]:
    """The positions of the containers that a request visits."""
    if variant.steps and _TELLING.isdisjoint(request):
        return variant.steps
    for member, what in _NOT_BUILT.items():
        if member in request:
            raise errors.not_built(what)
    if variant.mode == "async":
        raise errors.invalid(
            f"Endpoint {endpoint.name} is asynchronous: it takes InvokeEndpointAsync, and no other invocation."
        )
    if variant.mode not in ("instances", "serverless"):
        raise errors.not_built(f"invoking a variant of mode '{variant.mode}'")
    model, host = request.get("TargetModel"), request.get("TargetContainerHostname")
    if (model is None) == (variant.target == loading.MULTI_MODEL):
        raise errors.invalid(
            f"Endpoint {endpoint.name} is not a multi-model endpoint and does not support target model header."
            if model is not None
            else f"The request is missing a target model header: endpoint {endpoint.name} is a multi-model endpoint. "
            "Say which by TargetModel."
        )
    if host is None and variant.target == "Direct":
        raise errors.invalid(
            f"Endpoint {endpoint.name} is invoked directly: say which container by TargetContainerHostname."
        )
    if host is not None and variant.target != "Direct":
        raise errors.invalid(f"Endpoint {endpoint.name} does not support TargetContainerHostname: it is not direct.")
    if host is None:
        return tuple(range(len(variant.names)))
    if host not in variant.names:
        raise errors.invalid(f"Endpoint {endpoint.name} has no container {host}. It has {', '.join(variant.names)}.")
    return (variant.names.index(host),)


def _head(request: Mapping[str, Any], content_type: str | None, accept: str | None, length: int) -> bytes:
    head = _typed(content_type, accept)
    if not PASSED.keys().isdisjoint(request):
        for member, name in PASSED.items():
            if member in request:
                head += f"{name}: {_one_line(request[member])}\r\n".encode("latin-1", "replace")
    return b"%bContent-Length: %d\r\n\r\n" % (head, length)


@lru_cache(maxsize=256)
def _typed(content_type: str | None, accept: str | None) -> bytes:
    """The head of a request as far as most have it in common."""
    head = "POST /invocations HTTP/1.1\r\nHost: model\r\n"
    if content_type:
        head += f"Content-Type: {_one_line(content_type)}\r\n"
    if accept:
        head += f"Accept: {_one_line(accept)}\r\n"
    return head.encode("latin-1", "replace")


def _one_line(text: str) -> str:
    # The model's pattern allows line breaks, and a call within the process may have one: it would be another header.
    return text.replace("\r", " ").replace("\n", " ") if "\n" in text or "\r" in text else text
