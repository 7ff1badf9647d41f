"""Notes of what was allowed: each once, many of a kind as one, and none of nobody's."""

from __future__ import annotations

import asyncio
from typing import Any

from salvia.core.caller import ANONYMOUS, Caller
from salvia.services.iam import accesses as notes
from salvia.store import accesses

ARN = "arn:aws:iam::123456789012:user/bob"
BOB = Caller("user", "123456789012", ARN, "AIDA", ARN)


def written(rooms: Any, *pairs: tuple[str, str], caller: Caller = BOB) -> list[tuple[str, str]]:
    """What is in the table once `pairs` were allowed."""

    async def work() -> None:
        made = notes.Notes(rooms.world)
        for action, resource in pairs:
            made.accessed(caller, action, resource)
        while made._task is not None:
            await asyncio.wait([made._task])

    rooms.run(work())
    return [(one.action, one.resource) for one in accesses.of(rooms.world.db.read(), entity=ARN)]


def test_each_thing_is_noted_once(rooms: Any) -> None:
    pair = ("s3:GetObject", "arn:aws:s3:::b/k")
    assert written(rooms, pair, pair, ("s3:PutObject", pair[1])) == [pair, ("s3:PutObject", pair[1])]
    assert written(rooms, pair) == [pair, ("s3:PutObject", pair[1])]  # another process


def test_many_of_a_kind_become_what_stands_for_all(rooms: Any) -> None:
    keys = [("s3:GetObject", f"arn:aws:s3:::b/data/{n:04}") for n in range(1000)]
    found = written(rooms, *keys)
    assert len(found) == 101
    assert ("s3:GetObject", "arn:aws:s3:::b/data/*") in found
    apart = [("s3:PutObject", f"arn:aws:s3:::b/{n:04}/x") for n in range(1000)]
    found = [resource for action, resource in written(rooms, *apart) if action == "s3:PutObject"]
    assert "arn:aws:s3:::b/*" in found and len(found) == 201


def test_nobody_is_not_noted(rooms: Any) -> None:
    assert written(rooms, ("s3:GetObject", "arn:aws:s3:::b/k"), caller=ANONYMOUS) == []


def test_notes_are_forgotten_after_90_days(rooms: Any) -> None:
    assert written(rooms, ("s3:GetObject", "arn:aws:s3:::b/k"))
    rooms.run(notes.sweep(rooms.world))
    assert accesses.of(rooms.world.db.read(), entity=ARN)
    rooms.wall += 91 * 86_400
    rooms.run(notes.sweep(rooms.world))
    assert not accesses.of(rooms.world.db.read(), entity=ARN)
