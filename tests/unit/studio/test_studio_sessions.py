"""When links and sessions end, by the clock; and that a link has one winner in two processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.control.rig import ACCOUNT, Rig

from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.services.iam import provided
from salvia.store import documents, keys, signed_in
from salvia.studio import links, sessions
from salvia.studio.links import Grant, digest

Run = Callable[[Any], Any]


def ann(world: World, **more: Any) -> Grant:
    found = documents.find(world.db.read(), "iam:User", ACCOUNT, "", "ann")
    assert found is not None
    return Grant(ACCOUNT, found.id, **more)


def begin(world: World, run: Run, grant: Grant) -> str:
    return run(world.db.write(lambda tx: sessions.begin(tx, world, grant)))


def taken(world: World, run: Run, url: str) -> Grant | None:
    token = url.partition("#")[2]
    return run(world.db.write(lambda tx: links.take(tx, token, world.clock.wall())))


def test_a_link_is_good_once(world: World, rig: Rig, run: Run) -> None:
    url = run(links.make(world, ann(world)))
    other = rig.world()
    assert taken(other, run, url) == ann(world)
    assert taken(world, run, url) is None


def test_a_link_is_good_for_five_minutes(world: World, rig: Rig, run: Run) -> None:
    """Source: API_CreatePresignedDomainUrl, ExpiresInSeconds."""
    early, late = run(links.make(world, ann(world))), run(links.make(world, ann(world)))
    rig.now += 299.5
    assert taken(world, run, early) == ann(world)
    rig.now += 1
    assert taken(world, run, late) is None


def test_a_session_ends_after_twelve_hours_in_use(world: World, rig: Rig, run: Run) -> None:
    """Source: IAM user guide, on the length of console sessions."""
    token = begin(world, run, ann(world))
    for _ in range(43_200 // 3600 - 1):
        rig.now += 3600
        assert run(sessions.find(world, token)) is not None
    rig.now += 3599
    assert run(sessions.find(world, token)) is not None
    rig.now += 1
    assert run(sessions.find(world, token)) is None


def test_a_session_ends_two_hours_after_it_was_last_used(world: World, rig: Rig, run: Run) -> None:
    token = begin(world, run, ann(world))
    rig.now += 7199
    assert run(sessions.find(world, token)) is not None
    rig.now += 7199
    assert run(sessions.find(world, token)) is not None
    rig.now += 7200
    assert run(sessions.find(world, token)) is None


def test_use_is_noted_once_a_minute(world: World, rig: Rig, run: Run) -> None:
    """A page that asks for something every second writes next to nothing."""
    token = begin(world, run, ann(world))
    began = rig.now

    def seen() -> float:
        row = signed_in.find(world.db.read(), digest(token))
        assert row is not None
        return float(row["seen_at"])

    rig.now += 60
    run(sessions.find(world, token))
    assert seen() == began
    rig.now += 1
    run(sessions.find(world, token))
    assert seen() == rig.now


def test_a_session_lasts_no_longer_than_it_was_granted(world: World, rig: Rig, run: Run) -> None:
    short = begin(world, run, ann(world, seconds=1800.0))
    limited = begin(world, run, ann(world, until=rig.now + 60))
    rig.now += 60
    assert run(sessions.find(world, limited)) is None
    rig.now += 1739
    assert run(sessions.find(world, short)) is not None
    rig.now += 1
    assert run(sessions.find(world, short)) is None


def test_a_session_acts_as_its_user_with_keys_that_end_with_it(world: World, rig: Rig, run: Run) -> None:
    token = begin(world, run, ann(world, policies=('{"Statement":[]}',)))
    session = run(sessions.find(world, token))
    assert session.caller.arn == f"arn:aws:iam::{ACCOUNT}:user/ann"
    assert session.caller.session_policies == ('{"Statement":[]}',)
    assert session.caller.context["aws:tokenissuetime"] == str(rig.now)
    key = session.caller.access_key
    run(world.db.write(lambda tx: signed_in.end(tx, digest(token))))
    assert keys.find(world.db.read(), key) is None
    assert run(sessions.find(world, token)) is None


def test_when_a_roles_session_ends_nothing_may_be_done_but_to_go_back(world: World, rig: Rig, run: Run) -> None:
    token = begin(world, run, ann(world))
    role = documents.find(world.db.read(), "iam:Role", ACCOUNT, "", "auditor")
    assert role is not None
    lasts = keys.Session("ann", rig.now + 900)
    key, _, _ = run(world.db.write(lambda tx: keys.issue(tx, role.id, role.spec["RoleId"], rig.now, lasts)))
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/auditor/ann"
    run(world.db.write(lambda tx: signed_in.switch(tx, digest(token), key, arn)))
    session = run(sessions.find(world, token))
    assert (session.caller.arn, session.expires_at) == (arn, rig.now + 900)
    rig.now += 900
    session = run(sessions.find(world, token))
    with pytest.raises(ServiceError, match="Switch back"):
        _ = session.caller
    run(world.db.write(lambda tx: signed_in.switch(tx, digest(token), "", "")))
    assert run(sessions.find(world, token)).caller.arn == f"arn:aws:iam::{ACCOUNT}:user/ann"


def test_an_ended_session_and_an_old_link_are_forgotten(world: World, rig: Rig, run: Run) -> None:
    begin(world, run, ann(world))
    run(links.make(world, ann(world)))
    rig.now += 43_201
    begin(world, run, ann(world))
    count = "SELECT (SELECT count(*) FROM studio_sessions), (SELECT count(*) FROM studio_links)"
    row = world.db.read().one(count)
    assert row is not None and tuple(row) == (1, 0)


def test_tries_are_counted_by_windows(world: World, rig: Rig, run: Run) -> None:
    def tried(who: str) -> int:
        return run(world.db.write(lambda tx: signed_in.tried(tx, who, rig.now, rig.now - 300)))

    assert [tried("ann"), tried("ann"), tried("bob")] == [1, 2, 1]
    rig.now += 300
    assert tried("ann") == 3
    rig.now += 1
    assert tried("ann") == 1
    tried("here")
    assert tried("here") == 2
    run(world.db.write(lambda tx: signed_in.succeeded(tx, "ann", "here")))
    assert (tried("ann"), tried("here")) == (1, 2)


def test_a_deleted_user_opens_nothing(world: World, run: Run) -> None:
    grant = ann(world)
    run(world.db.write(lambda tx: documents.delete(tx, grant.entity)))
    with pytest.raises(ServiceError, match="deleted meanwhile"):
        begin(world, run, grant)


def test_another_process_finds_a_session(world: World, rig: Rig, run: Run) -> None:
    token = begin(world, run, ann(world))
    other = rig.world()
    provided.provide(other)
    session = run(sessions.find(other, token))
    assert session.csrf == run(sessions.find(world, token)).csrf
