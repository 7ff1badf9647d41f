"""The engine: what is due is worked on, once at a time, and again when it should be."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.control.rig import ACCOUNT, REGION, THING, Rig

from salvia.control import reconcile, timekeeping
from salvia.control.reconcile import Outcome, Worker
from salvia.control.world import World
from salvia.settings import Settings
from salvia.store import documents, leases
from salvia.store.documents import Document

Run = Callable[[Any], Any]
Handler = Callable[[Document, World], Awaitable[Outcome]]


@pytest.fixture
def rig(tmp_path: Path) -> Any:
    made = Rig(tmp_path, wall=time.time)
    yield made
    made.close()


async def put(world: World, name: str = "a", **more: Any) -> Document:
    document = Document(THING.kind, ACCOUNT, REGION, name, due_at=world.clock.wall(), **more)
    await world.db.write(lambda tx: documents.insert(tx, document))
    return document


def worker(world: World, handler: Handler) -> Worker:
    world.dispatch.reconcilers[THING.kind] = handler
    return Worker(world)


async def until(check: Callable[[], Any], timeout: float = 10) -> None:
    async with asyncio.timeout(timeout):
        while not check():
            await asyncio.sleep(0.005)


async def working(worker: Worker, check: Callable[[], Any]) -> None:
    """Let a worker work until `check` is true."""
    running = asyncio.create_task(worker.run())
    try:
        await until(check)
    finally:
        await worker.stop()
        await running


def stored(world: World, document: Document) -> Document | None:
    return documents.by_id(world.db.read(), document.id)


def at_rest(world: World, document: Document) -> Callable[[], bool]:
    def check() -> bool:
        row = world.db.read().one("SELECT due_at, lock_token FROM documents WHERE id = :id", {"id": document.id})
        return row is not None and row["due_at"] is None and row["lock_token"] is None

    return check


def test_what_is_due_is_reconciled_and_written_back(world: World, run: Run) -> None:
    async def handler(document: Document, world: World) -> Outcome:
        document.state = "Done"
        return Outcome()

    async def scene() -> Document:
        document = await put(world)
        await working(worker(world, handler), at_rest(world, document))
        return document

    assert stored(world, run(scene())).state == "Done"  # type: ignore[union-attr]


def test_requeue_looks_again(world: World, run: Run) -> None:
    async def handler(document: Document, world: World) -> Outcome:
        steps = document.status["steps"] = document.status.get("steps", 0) + 1
        return Outcome(requeue=0.02 if steps < 4 else None)

    async def scene() -> Document:
        document = await put(world)
        await working(worker(world, handler), at_rest(world, document))
        return document

    assert stored(world, run(scene())).status == {"steps": 4}  # type: ignore[union-attr]


def test_what_is_worked_on_while_the_clock_is_moved_does_not_wait_by_the_old_one(rig: Rig, run: Run) -> None:
    """It asks for an hour, of which somebody in another process lets two pass meanwhile."""
    here, there = (replace(rig.world(), settings=Settings(rig.folder, clock="virtual")) for _ in range(2))
    seen: list[float] = []

    async def handler(document: Document, world: World) -> Outcome:
        seen.append(world.clock.ahead)
        if len(seen) > 1:
            return Outcome()
        await timekeeping.advance(there, 7200)
        return Outcome(requeue=3600)

    async def scene() -> None:
        document = await put(here)
        await working(worker(here, handler), at_rest(here, document))

    run(scene())
    assert seen == [0.0, 7200.0]


def test_a_handler_that_raises_is_tried_again_later_and_later(
    world: World, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    times: list[float] = []

    async def handler(document: Document, world: World) -> Outcome:
        times.append(time.monotonic())
        if len(times) < 3:
            raise OSError("no disk")
        return Outcome()

    async def scene() -> Document:
        document = await put(world)
        await working(worker(world, handler), at_rest(world, document))
        return document

    with caplog.at_level(logging.ERROR):
        assert "_failures" not in stored(world, run(scene())).status  # type: ignore[union-attr]
    assert times[1] - times[0] >= 0.5
    assert times[2] - times[1] >= 1.0
    assert "no disk" in caplog.text


def test_a_document_that_changes_under_its_handler_is_looked_at_again_at_once(world: World, run: Run) -> None:
    seen: list[str] = []

    async def handler(document: Document, world: World) -> Outcome:
        seen.append(document.state)
        if len(seen) == 1:

            def change(tx: Any) -> None:
                fresh = documents.by_id(tx, document.id)
                assert fresh is not None
                fresh.state = "Stopping"
                documents.update(tx, fresh)

            await world.db.write(change)
            document.state = "overwritten?"
        return Outcome()

    async def scene() -> tuple[Document, float]:
        document = await put(world, state="Running")
        began = time.monotonic()
        await working(worker(world, handler), at_rest(world, document))
        return document, time.monotonic() - began

    document, took = run(scene())
    assert seen == ["Running", "Stopping"]
    assert stored(world, document).state == "Stopping"  # type: ignore[union-attr]
    assert took < 5


def test_also_and_delete_happen_in_one_transaction(world: World, run: Run) -> None:
    async def handler(document: Document, world: World) -> Outcome:
        other = Document(THING.kind, ACCOUNT, REGION, "other")
        return Outcome(also=lambda tx: documents.insert(tx, other) and None, delete=True)

    async def scene() -> Document:
        document = await put(world)
        await working(worker(world, handler), lambda: stored(world, document) is None)
        return document

    run(scene())
    assert documents.find(world.db.read(), THING.kind, ACCOUNT, REGION, "other") is not None


def test_also_is_not_written_when_the_lease_is_lost(rig: Rig, world: World, run: Run) -> None:
    async def handler(document: Document, world: World) -> Outcome:
        def steal(tx: Any) -> None:
            tx.run(
                "UPDATE documents SET lock_token = 'theirs', locked_until = :until WHERE id = :id",
                {"id": document.id, "until": world.clock.wall() + 60},
            )

        await world.db.write(steal)
        other = Document(THING.kind, ACCOUNT, REGION, "other")
        return Outcome(also=lambda tx: documents.insert(tx, other) and None)

    async def scene() -> Document:
        document = await put(world)
        made = worker(world, handler)
        (claimed,) = await made._claim()
        await made._work(claimed)
        return document

    document = run(scene())
    assert documents.find(world.db.read(), THING.kind, ACCOUNT, REGION, "other") is None
    row = world.db.read().one("SELECT lock_token FROM documents WHERE id = :id", {"id": document.id})
    assert row["lock_token"] == "theirs"  # type: ignore[index]


def test_a_long_handler_keeps_its_lease_and_one_that_lost_it_is_broken_off(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "_RENEW", 0.02)
    ended: list[str] = []

    async def handler(document: Document, world: World) -> Outcome:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.append("broken off")
            raise
        return Outcome()

    def until_of(document: Document) -> float:
        row = world.db.read().one("SELECT locked_until FROM documents WHERE id = :id", {"id": document.id})
        return float(row["locked_until"] or 0)  # type: ignore[index]

    async def scene() -> None:
        document = await put(world)
        made = worker(world, handler)
        (claimed,) = await made._claim()
        first = until_of(document)
        task = asyncio.create_task(made._work(claimed))
        await until(lambda: until_of(document) > first)
        await world.db.write(
            lambda tx: tx.run("UPDATE documents SET lock_token = 'theirs' WHERE id = :id", {"id": document.id})
        )
        await asyncio.wait({task}, timeout=10)
        assert task.cancelled()

    run(scene())
    assert ended == ["broken off"]


def test_stop_waits_for_what_runs(world: World, run: Run) -> None:
    begun = asyncio.Event()

    async def handler(document: Document, world: World) -> Outcome:
        begun.set()
        await asyncio.sleep(0.2)
        document.state = "Finished"
        return Outcome()

    async def scene() -> Document:
        document = await put(world)
        made = worker(world, handler)
        running = asyncio.create_task(made.run())
        await begun.wait()
        await made.stop()
        await running
        return document

    assert stored(world, run(scene())).state == "Finished"  # type: ignore[union-attr]


def test_stop_breaks_off_what_takes_long_and_lets_go_of_it(
    world: World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor waits for 12 seconds: an image that is being built takes minutes. The next one repeats it."""
    monkeypatch.setattr(reconcile, "_ENDING", 0.05)
    begun = asyncio.Event()

    async def handler(document: Document, world: World) -> Outcome:
        begun.set()
        await asyncio.sleep(60)
        return Outcome()

    async def scene() -> Document:
        document = await put(world)
        made = worker(world, handler)
        running = asyncio.create_task(made.run())
        await begun.wait()
        await made.stop()
        await running
        return document

    document = run(scene())
    now = world.clock.wall()
    assert [found.id for found in run(world.db.write(lambda tx: leases.claim(tx, now, 15, 9)))] == [document.id]


def test_two_controllers_never_work_on_one_document_at_once(rig: Rig, run: Run) -> None:
    worlds = [rig.world(), rig.world()]
    inside: set[str] = set()
    steps: list[str] = []

    async def handler(document: Document, world: World) -> Outcome:
        assert document.id not in inside
        inside.add(document.id)
        await asyncio.sleep(0.002)
        inside.discard(document.id)
        steps.append(document.id)
        document.status["n"] = document.status.get("n", 0) + 1
        return Outcome(requeue=0 if document.status["n"] < 5 else None)

    async def scene() -> None:
        made = [await put(worlds[0], f"{n}") for n in range(20)]
        workers = [worker(world, handler) for world in worlds]
        running = [asyncio.create_task(one.run()) for one in workers]
        await until(lambda: all(at_rest(worlds[0], document)() for document in made), 30)
        for one in workers:
            await one.stop()
        await asyncio.gather(*running)

    run(scene())
    assert len(steps) == 100


def test_a_worker_that_is_full_waits_rather_than_spins(world: World, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconcile, "_AT_ONCE", 1)
    looks = 0
    done: list[str] = []

    async def handler(document: Document, world: World) -> Outcome:
        await asyncio.sleep(0.2)
        done.append(document.name)
        return Outcome()

    async def scene() -> None:
        nonlocal looks
        await put(world, "a")
        await put(world, "b")
        made = worker(world, handler)
        claim = made._claim

        async def counted() -> list[Document]:
            nonlocal looks
            looks += 1
            return await claim()

        monkeypatch.setattr(made, "_claim", counted)
        await working(made, lambda: len(done) == 2)

    run(scene())
    assert looks < 10


def test_a_kind_without_a_reconciler_harms_no_other(world: World, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def handler(document: Document, world: World) -> Outcome:
        return Outcome()

    async def scene() -> None:
        stray = Document("sagemaker:Stray", ACCOUNT, REGION, "s", due_at=0)
        await world.db.write(lambda tx: documents.insert(tx, stray))
        document = await put(world)
        await working(worker(world, handler), at_rest(world, document))

    run(scene())
    assert "no reconciler" in caplog.text


def test_what_cannot_be_written_back_is_logged_and_harms_no_other(
    world: World, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(document: Document, world: World) -> Outcome:
        if document.name == "poison":
            document.status["x"] = object()
        return Outcome()

    async def scene() -> None:
        await put(world, "poison")
        document = await put(world)
        await working(worker(world, handler), at_rest(world, document))

    run(scene())
    assert "write-back failed" in caplog.text
