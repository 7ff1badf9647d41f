"""`/_live`: what changes, as server-sent events, of what the session may describe.

::

    event: change
    data: {"Noun":"TrainingJob","Name":"a","Arn":"arn:…","Status":"Completed"}

A page asks anew for what it shows. An event without a name says that some of a noun changed, or are gone, and goes to
whoever may list them. Source of the format: HTML standard, "Server-sent events".
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import orjson

from salvia.control.authorize import permits
from salvia.control.call import Call
from salvia.control.resource import Resource
from salvia.core.errors import ServiceError, validation_error
from salvia.core.http import HttpResponse

from . import sessions
from .visit import Visit
from .watch import Change, Listener, Place, Watch

_READS = {"sagemaker": "Describe", "iam": "Get"}  # services whose nouns there are, and what reading one is called
_COMMENT = 15.0  # seconds after which silence says that the stream is there
_MOST_NOUNS, _MOST_PAGES, _MOST_OWN = 30, 5000, 50
_HEADERS = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no")]


async def stream(visit: Visit) -> HttpResponse:
    """Begin a stream of changes of the `nouns` of the query. Raises ValidationException for one that there is not."""
    query = parse_qs(visit.request.query)
    nouns = [noun for noun in ",".join(query.get("nouns", [])).split(",") if noun]
    if not 0 < len(nouns) <= _MOST_NOUNS:
        raise validation_error(
            f"nouns are those of the page, TrainingJob,Endpoint: at least one, at most {_MOST_NOUNS}."
        )
    watch = visit.world.part(Watch)
    every, own = watch.listening(visit.session.token)
    if every >= _MOST_PAGES or own >= _MOST_OWN:
        raise ServiceError("ServiceUnavailable", f"{own if own >= _MOST_OWN else every} pages listen already.", 503)
    account, region = visit.session.caller.account, visit.region
    resources = {_place(resource, account, region): resource for resource in (_resource(visit, noun) for noun in nouns)}
    return HttpResponse(200, list(_HEADERS), _events(visit, watch, resources))


def _resource(visit: Visit, noun: str) -> Resource:
    for service in _READS:
        found = visit.world.dispatch.resources.get(f"{service}:{noun}")
        if found is not None:
            return found
    raise validation_error(f"'{noun[:64]}' is no noun that one can listen to. One is TrainingJob.")


def _place(resource: Resource, account: str, region: str) -> Place:
    return Place(resource.kind, *resource.place(account, region))


async def _events(visit: Visit, watch: Watch, resources: dict[Place, Resource]) -> AsyncIterator[bytes]:
    """Bursts of changes, and comments, until the session ends or the gateway does."""
    listener = Listener(visit.session.token, resources)
    watch.join(listener)
    try:
        yield b"retry: 2000\n\n"
        while True:
            changes = await listener.take(_COMMENT)
            if visit.world.closing.is_set():
                return
            visit.known = await sessions.find(visit.world, visit.session.token, used=False)
            if visit.known is None or (visit.known.role_arn and visit.known.role is None):
                return
            told = [_event(resources[change.place], change) for change in _allowed(visit, resources, changes)]
            if told or not changes:
                yield b"".join(told) or b":\n\n"
    finally:
        watch.leave(listener)


def _allowed(visit: Visit, resources: dict[Place, Resource], changes: list[Change]) -> list[Change]:
    """Those that the session may describe, or list. Policies are asked now: what was taken back, is."""
    caller = visit.session.caller
    call = Call("sagemaker", "", {}, caller, caller.account, visit.region, "", visit.world, visit.request)
    return [change for change in changes if _may(call, resources[change.place], change)]


def _may(call: Call, resource: Resource, change: Change) -> bool:
    if change.arn:
        return permits(call, f"{resource.service}:{_READS[resource.service]}{resource.noun}", change.arn)
    return permits(call, f"{resource.service}:List{resource.plural or resource.noun + 's'}", "*")


def _event(resource: Resource, change: Change) -> bytes:
    data = {"Noun": resource.noun, "Name": change.name, "Arn": change.arn, "Status": change.state}
    return b"event: change\ndata: " + orjson.dumps(data) + b"\n\n"
