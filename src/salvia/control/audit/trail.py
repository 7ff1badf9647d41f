"""From a call under way to its event."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from salvia import protocol
from salvia.core import ids
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError
from salvia.store import events
from salvia.store.db import RIDER, Transaction
from salvia.store.events import Event

from .. import actions
from ..authorize import situation
from ..call import Call, Reply
from ..world import World
from . import kinds, record

_LONGEST = 4096  # characters of a message
_KEY = re.compile(r"\w{1,128}", re.ASCII)
_DENIALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError")
_REGION = re.compile(r"[a-z0-9-]{1,32}")


@dataclass(slots=True)
class Draft:
    """The event of a call that is not answered yet. `noted`: what it changed is committed, with a note of it."""

    call: Call
    model: Any
    valid: bool
    record: dict[str, Any]
    noted: bool = False

    @property
    def changes(self) -> bool:
        """Whether it may write, and its answer is shown; sessions are, though CloudTrail calls AssumeRole a read."""
        return not self.record["readOnly"] or self.call.service == "sts"

    def event(self) -> Event:
        """The event, with the resources that authorisation has seen so far."""
        found = record.resources(self._arns(), self.call)
        if not self.record["managementEvent"]:
            found = record.data_resources(found, self.call)
        content = {**self.record, "resources": found} if found else self.record
        return record.event(content, list(self.call.checked))

    def _arns(self) -> list[str]:
        call = self.call
        if call.checked or not self.valid:
            return [resource for _, resource, _ in call.checked]
        # Nothing was to be checked, for a service or with `--auth off`: the same table names the resources.
        try:
            needs = actions.required(call.service, call.operation, call.request, situation(call))
        except ServiceError:  # an operation that no table knows
            return []
        return [need.resource for need in needs]


def draft(call: Call, model: Any, *, valid: bool) -> Draft | None:
    """The event of a call; None for what nobody records. A request that is not `valid` is not shown."""
    if not wanted(call.world, call.service, call.operation):
        return None
    if not _REGION.fullmatch(call.region):
        call = replace(call, region=call.world.settings.region)
    now = call.clock.now()
    return Draft(call, model, valid, record.begin(call, model if valid else None, ids.event_id(now), now))


def wanted(world: World, service: str, operation: str) -> bool:
    """Whether anybody records calls of an operation."""
    if world.journal is None or not kinds.recorded(service, operation):
        return False
    data = kinds.data_type(service, operation)
    return data is None or any(trail.wants_data(data) for trail in world.db.recall("trails", world.providers.trails))


def unproved(access_key: str) -> Caller:
    """Whoever claimed a key and did not prove it."""
    return Caller("anonymous", "", "", "", "", access_key if _KEY.fullmatch(access_key) else "")


@contextlib.contextmanager
def riding(draft: Draft | None) -> Iterator[None]:
    """Let every write of the block carry a note of the call: they become durable together."""
    if draft is None or not draft.record["managementEvent"] or not draft.changes:
        yield
        return
    event = draft.event()

    def note(tx: Transaction) -> None:
        events.intend(tx, event, draft.call.clock.wall())
        draft.noted = True

    token = RIDER.set(note)
    try:
        yield
    finally:
        RIDER.reset(token)


async def finish(draft: Draft, result: dict[str, Any] | Reply | None, error: ServiceError | None) -> None:
    """Record how a call was answered, before it is."""
    journal = draft.call.world.journal
    assert journal is not None
    content = draft.record
    if error is not None:
        content["errorCode"] = error.code
        content["errorMessage"] = protocol.without_secrets(draft.model, draft.call.request, error.message)[:_LONGEST]
    elif draft.changes:
        answer = result.result if isinstance(result, Reply) else result
        content["responseElements"] = record.response(draft.model, answer or {})
    event = draft.event()
    if error is not None and error.code in _DENIALS:
        await journal.commit(event)
    else:
        journal.append(event, noted=draft.noted)
