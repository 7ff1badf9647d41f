"""Who is admitted to the proxy: docs/clients.md. What an address elsewhere would see, no test can be."""

from __future__ import annotations

import pytest

from salvia.control import guests, instances
from salvia.control.instances import Instance
from salvia.control.world import World
from salvia.core.passes import ADMINISTRATOR, password
from salvia.store.db import Transaction


@pytest.mark.parametrize(
    ("peer", "here", "admitted"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.3.4.10", "127.0.0.1", True),
        ("::1", "::1", True),
        ("192.0.2.7", "192.0.2.7", True),  # this machine, at the address that it listens on
        ("192.0.2.8", "192.0.2.7", False),
        ("203.0.113.9", "127.0.0.1", False),
        ("", "127.0.0.1", False),
    ],
)
def test_the_administrator_comes_from_this_machine_alone(world: World, peer: str, here: str, admitted: bool) -> None:
    given = password(world.secret, ADMINISTRATOR)
    assert bool(guests.admit(world, ADMINISTRATOR, given, peer, here)) is admitted


async def _instance(world: World) -> str:
    def begin(tx: Transaction) -> None:
        token = instances.hash_of(instances.bearer(world.secret, "job", 0, 0))
        instances.intend(tx, Instance("job", 0, 0, "role", "session", token))

    await world.db.write(begin)
    return "job.0.0"


def test_a_job_comes_from_anywhere_while_it_runs(world: World, run) -> None:  # type: ignore[no-untyped-def]
    name = run(_instance(world))
    given = password(world.secret, name)
    guest = guests.admit(world, name, given, "203.0.113.9", "192.0.2.7")
    assert guest is not None
    assert not guest.anywhere
    assert guests.admit(world, "job.0.1", password(world.secret, "job.0.1"), "127.0.0.1", "127.0.0.1") is None
    run(world.db.write(lambda tx: instances.revoke(tx, "job")))
    assert guests.admit(world, name, given, "127.0.0.1", "127.0.0.1") is None
