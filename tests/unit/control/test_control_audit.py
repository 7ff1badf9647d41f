"""The audit trail where a client cannot look: a change whose process dies before its answer, journals of the dead."""

from __future__ import annotations

import asyncio
import fcntl
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.unit.control.rig import Rig, call

from salvia.control import audit
from salvia.control.audit import Journal
from salvia.protocol import models
from salvia.services.cloudtrail import retention
from salvia.store import documents, events
from salvia.store.documents import Document
from salvia.store.events import Event


@pytest.fixture
def rig(tmp_path: Path) -> Any:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def journal(rig: Rig, world: Any) -> Journal:
    world.journal = Journal(rig.folder / "audit", world.db, lambda db: ())
    return world.journal


def event(number: int = 0) -> Event:
    record = {
        "eventID": f"0190000000{number:02}-0000-7000-a000-000000000000",
        "eventTime": "2027-01-15T08:00:00Z",
        "eventName": "DescribeThing",
        "eventSource": "sagemaker.amazonaws.com",
        "awsRegion": "us-east-1",
        "requestID": f"request-{number}",
        "readOnly": True,
        "managementEvent": True,
        "recipientAccountId": "123456789012",
        "userIdentity": {"type": "Root"},
    }
    return Event(record, [["sagemaker:DescribeThing", "*", True]])


def test_a_change_whose_process_died_is_an_event_once_it_is_given_up(rig: Rig) -> None:
    """The note was committed with the change; nothing followed it."""

    async def die() -> None:
        world = rig.world()
        journal(rig, world)
        under_way = call(world, "CreateTrainingJob", TrainingJobName="lost")
        draft = audit.draft(under_way, models.operation("sagemaker", "CreateTrainingJob"), valid=True)
        with audit.riding(draft):
            await world.db.write(lambda tx: documents.insert(tx, Document("k", "a", "r", "lost")))

    async def later() -> Event | None:
        world = rig.world()
        await retention.sweep(world)
        assert events.by_request_id(world.db.read(), "request") is None  # it may still be answered
        rig.now += 600
        await retention.sweep(world)
        await retention.sweep(world)
        return events.by_request_id(world.db.read(), "request")

    asyncio.run(die())
    found = asyncio.run(later())
    assert found is not None
    assert found.record["eventName"] == "CreateTrainingJob"
    assert found.record["requestParameters"] == {"trainingJobName": "lost"}
    assert found.resources == [("AWS::SageMaker::TrainingJob", "lost")]


def test_a_change_that_is_undone_leaves_no_note(rig: Rig) -> None:
    async def run() -> list[Any]:
        world = rig.world()
        journal(rig, world)
        draft = audit.draft(
            call(world, "StopTrainingJob"), models.operation("sagemaker", "StopTrainingJob"), valid=True
        )

        def refuse(tx: Any) -> None:
            raise ValueError("no")

        with audit.riding(draft), pytest.raises(ValueError, match="no"):
            await world.db.write(refuse)
        await world.db.write(lambda tx: None)  # outside the call
        return world.db.read().all("SELECT * FROM event_intents")

    assert asyncio.run(run()) == []


def test_a_note_that_comes_late_makes_no_second_event(rig: Rig) -> None:
    """A task that outlives its call carries the call's note with what it writes."""

    class Everything:
        id = "a-trail"

        def wants(self, event: Event) -> bool:
            return True

        def wants_data(self, kind: str) -> bool:
            return True

    async def run() -> list[int]:
        rig.now = 0x019000000005 / 1000
        world = rig.world()
        trail = Everything()
        world.providers.trails = lambda db: [trail]
        await world.db.write(lambda tx: events.insert(tx, [event(5)], [trail]))
        await world.db.write(lambda tx: events.take(tx, trail.id, "file"))
        await world.db.write(lambda tx: events.delivered(tx, trail.id, "file"))
        await world.db.write(lambda tx: events.intend(tx, event(5), rig.now))
        rig.now += 600
        await retention.sweep(world)
        tables = ("event_intents", "event_deliveries", "events")
        return [len(world.db.read().all(f"SELECT * FROM {table}")) for table in tables]

    assert asyncio.run(run()) == [0, 0, 1]


def test_the_journal_of_a_dead_process_is_adopted_once(rig: Rig) -> None:
    """By two processes at once, and again after its lines were stored and the file was not yet gone."""
    folder = rig.folder / "audit"
    folder.mkdir()
    lines = [orjson.dumps([one.record, one.checked, False]) + b"\n" for one in (event(1), event(2))]
    content = b"".join(lines) + b'[{"half'
    (folder / "dead.journal").write_bytes(content)

    async def adopt() -> int:
        worlds = [rig.world(), rig.world()]
        journals = [journal(rig, world) for world in worlds]
        await asyncio.gather(*(one.adopt() for one in journals))
        assert not list(folder.glob("*.journal"))
        (folder / "dead.journal").write_bytes(content)
        await journals[0].adopt()
        return len(worlds[0].db.read().all("SELECT * FROM events"))

    assert asyncio.run(adopt()) == 2


def test_the_journal_of_a_living_process_is_its_own(rig: Rig) -> None:
    folder = rig.folder / "audit"
    folder.mkdir()
    path = folder / "alive.journal"
    path.write_bytes(b"")

    async def leave() -> bool:
        await journal(rig, rig.world()).adopt()
        return path.exists()

    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert asyncio.run(leave())


def test_lines_reach_the_database_and_their_file_goes(rig: Rig) -> None:
    async def run() -> Event | None:
        world = rig.world()
        mine = journal(rig, world)
        mine.append(event(3))
        [path] = (rig.folder / "audit").glob("*.journal")
        assert path.stat().st_mode & 0o077 == 0
        await mine.close()
        assert not list((rig.folder / "audit").iterdir())
        return events.by_request_id(world.db.read(), "request-3")

    found = asyncio.run(run())
    assert found is not None
    assert found.checked == [["sagemaker:DescribeThing", "*", True]]


def test_events_expire_after_ninety_days(rig: Rig) -> None:
    async def run() -> int:
        world = rig.world()
        await world.db.write(lambda tx: events.insert(tx, [event(4)], ()))
        rig.now = 0x019000000004 / 1000 + 89 * 86_400
        await retention.sweep(world)
        assert events.by_request_id(world.db.read(), "request-4") is not None
        rig.now += 2 * 86_400
        await retention.sweep(world)
        return len(world.db.read().all("SELECT * FROM events"))

    assert asyncio.run(run()) == 0
