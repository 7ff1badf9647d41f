"""The backlog of asynchronous endpoints: who works on which request. Expectations: the docstrings of store/backlog."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from salvia.store import backlog, routes
from salvia.store.backlog import NOWHERE, Claimed, Moment, Taken
from salvia.store.db import Database

Run = Callable[[Any], Any]
_LEASE = 15.0


def route(
    database: Database, run: Run, *weights: float, most: int = 2, replicas: int = 2, node: str = "", of: str = "e"
) -> None:
    """An endpoint of variants with these weights."""
    config = {"OutputConfig": {}, "ClientConfig": {"MaxConcurrentInvocationsPerInstance": most}}
    variants = [
        {
            "name": f"v{number}",
            "weight": weight,
            "async": config,
            "fleets": [{"share": 1.0, "replicas": [{"id": f"{of}{number}-{one}"} for one in range(replicas)]}],
        }
        for number, weight in enumerate(weights)
    ]
    content = {"arn": "arn", "node": node, "variants": variants}
    run(database.write(lambda tx: routes.write(tx, "1", "r", of, f"{of}ndpoint", content)))


def add(database: Database, run: Run, *names: str, expires: float = 1e9, of: str = "e") -> None:
    def work(tx: Any) -> None:
        for number, name in enumerate(names):
            row = {"id": name, "account": "1", "region": "r", "name": of, "endpoint": f"{of}ndpoint"}
            row |= {"received_at": 0.0, "expires_at": expires, "due_at": float(number) / 1000}
            backlog.add(tx, row, {"InferenceId": name}, b"body")

    run(database.write(work))


def claim(database: Database, run: Run, token: str = "one", now: float = 10.0, **more: Any) -> list[Claimed]:
    moment = Moment(**{"node": "", "now": now, "virtual": now, "limit": 100, **more})
    due = backlog.any_due(database.read(), moment)
    found: list[Claimed] = run(database.write(lambda tx: backlog.claim(tx, moment, token, now + _LEASE)))
    assert bool(found) == due
    return found


def test_two_gateways_never_have_more_of_an_instance_than_it_may(open_database: Any, run: Run) -> None:
    one, two = open_database(), open_database()
    route(one, run, 1.0)
    add(one, run, *(f"{number:02}" for number in range(20)))
    moment = Moment("", 10.0, 10.0, 100)

    async def scene() -> list[list[Claimed]]:
        return await asyncio.gather(
            *(db.write(lambda tx: backlog.claim(tx, moment, "token", 25.0)) for _ in range(4) for db in (one, two))
        )

    claimed = [found for group in run(scene()) for found in group]
    assert sorted(found.id for found in claimed) == ["00", "01", "02", "03"]
    assert Counter(found.row["replica"] for found in claimed) == {"e0-0": 2, "e0-1": 2}


def test_a_lease_that_ran_out_is_taken_over_and_lost_for_good(database: Database, run: Run) -> None:
    route(database, run, 1.0, most=1, replicas=1)
    add(database, run, "a", "b")
    (dead,) = claim(database, run, "dead")
    assert claim(database, run, "other", now=20.0) == []
    (taken,) = claim(database, run, "other", now=26.0)
    assert (taken.id, taken.row["attempts"]) == ("a", 0)
    for lost in (lambda tx: backlog.answered(tx, dead, {}), lambda tx: backlog.end(tx, dead)):
        with pytest.raises(Taken):
            run(database.write(lost))
    run(database.write(lambda tx: backlog.answered(tx, taken, {"Status": "Completed"})))
    with pytest.raises(Taken):  # its output is written once
        run(database.write(lambda tx: backlog.answered(tx, taken, {"Status": "Failed"})))
    told, left = claim(database, run, "third", now=50.0)
    assert (told.id, told.slot, told.result) == ("a", None, {"Status": "Completed"})
    assert (left.id, left.row["replica"]) == ("b", "e0-0")
    run(database.write(lambda tx: backlog.end(tx, told)))
    assert not claim(database, run, "fourth", now=51.0)


def test_a_renewed_lease_holds_and_a_released_request_waits(database: Database, run: Run) -> None:
    route(database, run, 1.0, most=1, replicas=1)
    add(database, run, "a")
    (held,) = claim(database, run)
    run(database.write(lambda tx: backlog.renew(tx, ["one", "none"], 100.0)))
    assert claim(database, run, "two", now=50.0) == []
    run(database.write(lambda tx: backlog.release(tx, held, 60.0, attempts=1)))
    assert claim(database, run, "two", now=59.0) == []
    (again,) = claim(database, run, "two", now=60.0)
    assert again.row["attempts"] == 1


def test_what_expired_or_lost_its_endpoint_needs_no_instance(database: Database, run: Run) -> None:
    add(database, run, "gone")
    (gone,) = claim(database, run)
    assert (gone.gone, gone.slot, gone.row["replica"]) == (True, None, NOWHERE)
    route(database, run, 1.0, replicas=0)
    add(database, run, "late", expires=11.0)
    assert claim(database, run) == []
    (late,) = claim(database, run, virtual=11.0)
    assert (late.id, late.gone, late.slot) == ("late", False, None)


def test_variants_get_their_weights_and_no_other_machines_instances_are_claimed(database: Database, run: Run) -> None:
    route(database, run, 3.0, 1.0, 0.0, most=100, node="here")
    add(database, run, *(f"{number:03}" for number in range(80)))
    assert claim(database, run, node="there") == []
    counted = Counter(found.slot.variant["name"] for found in claim(database, run, node="here") if found.slot)
    assert 55 <= counted["v0"] <= 65  # three quarters of 80
    assert set(counted) == {"v0", "v1"}


def test_a_look_takes_as_many_queries_for_many_endpoints_as_for_one(database: Database, run: Run) -> None:
    """store/backlog: what is due at any endpoint is found at once, each endpoint's oldest for its own free slots."""

    class Counting:
        """A reader, and how often it was asked."""

        def __init__(self, reader: Any) -> None:
            self._reader, self.asked = reader, 0

        def all(self, *query: Any) -> Any:
            self.asked += 1
            return self._reader.all(*query)

    def asked() -> int:
        reader = Counting(database.read())
        found = [pick.id for pick in backlog._picks(reader, Moment("", 10.0, 10.0, 1000))]  # type: ignore[arg-type]
        assert sorted(found) == sorted(expected)
        return reader.asked

    expected = ["a-0", "a-1"]
    route(database, run, 1.0, of="a", replicas=1)
    add(database, run, *(f"a-{number}" for number in range(5)), of="a")
    few = asked()
    for number in range(40):
        name = f"b{number:02}"
        if number % 4:
            route(database, run, 1.0, of=name, replicas=number % 4 - 1)
        add(database, run, *(f"{name}-{one}" for one in range(5)), of=name)
        due = 5 if number % 4 == 0 else min(5, 2 * (number % 4 - 1))  # those of an endpoint that is gone need no slot
        expected += [f"{name}-{one}" for one in range(due)]
    assert asked() == few
