"""What every noun gets from its declaration."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.control.rig import THING, Rig, call

from salvia.control import crud, listing, records
from salvia.control.resource import Resource, Scope
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.documents import Document

Run = Callable[[Any], Any]


async def create(world: World, name: str, **more: Any) -> Document:
    made = call(world, ThingName=name, **more)
    return await crud.create(made, THING, crud.new(made, THING, made.request, state="Running"))


def test_a_document_has_the_request_without_its_tags(world: World, run: Run) -> None:
    run(create(world, "A-b", Size=3, Tags=[{"Key": "k", "Value": "v"}]))
    found = crud.find(call(world), THING, "A-b")
    assert (found.spec, found.tags) == ({"ThingName": "A-b", "Size": 3}, {"k": "v"})
    assert found.arn == "arn:aws:sagemaker:us-east-1:123456789012:thing/a-b"


def test_a_taken_name_is_refused(world: World, run: Run) -> None:
    run(create(world, "a"))
    with pytest.raises(ServiceError, match="already exists") as caught:
        run(create(world, "a"))
    assert caught.value.code == "ValidationException"  # no model says more of a Thing


def test_a_name_that_differs_in_case_alone_is_taken_too(world: World, run: Run) -> None:
    """SageMaker writes ARNs in lower case: two of them would share one, and each other's tags."""
    run(create(world, "name"))
    with pytest.raises(ServiceError, match="already exists"):
        run(create(world, "Name"))


def test_a_missing_name_is_refused(world: World, run: Run) -> None:
    for attempt in (
        lambda: crud.find(call(world), THING, "a"),
        lambda: run(crud.change(call(world), THING, "a", lambda document: None)),
        lambda: run(crud.remove(call(world), THING, "a")),
    ):
        with pytest.raises(ServiceError, match="Could not find Thing 'a'"):
            attempt()


def test_change_is_atomic_and_tells_when(rig: Rig, world: World, run: Run) -> None:
    run(create(world, "a"))
    rig.now += 10

    def edit(document: Document) -> None:
        document.state = "Changed"

    changed = run(crud.change(call(world), THING, "a", edit, wake=True))
    found = crud.find(call(world), THING, "a")
    assert (found.state, found.modified_at, found.due_at) == ("Changed", rig.now, rig.now)
    assert changed.version == found.version == 2

    def refuse(document: Document) -> None:
        document.state = "Never"
        raise ServiceError("ValidationException", "no")

    with pytest.raises(ServiceError, match="no"):
        run(crud.change(call(world), THING, "a", refuse))
    assert crud.find(call(world), THING, "a").state == "Changed"


def test_only_what_has_ended_is_deleted(world: World, run: Run) -> None:
    delete = dict(records.handlers(THING))["DeleteThing"]
    run(create(world, "a"))
    with pytest.raises(ServiceError, match="ThingStatus is Running"):
        run(delete(call(world, ThingName="a")))
    run(crud.change(call(world), THING, "a", lambda document: setattr(document, "state", "Failed")))
    assert run(delete(call(world, ThingName="a")))["ThingArn"].endswith(":thing/a")
    run(create(world, "a"))


def test_what_joins_a_removal_is_undone_with_it(world: World, run: Run) -> None:
    run(create(world, "a"))

    def also(tx: Any, document: Document) -> None:
        raise OSError(document.name)

    with pytest.raises(OSError, match="a"):
        run(crud.remove(call(world), THING, "a", also=also))
    assert crud.find(call(world), THING, "a").name == "a"


def test_describe_merges_spec_status_and_state(rig: Rig, world: World, run: Run) -> None:
    run(create(world, "a", Size=3))
    assert run(dict(records.handlers(THING))["DescribeThing"](call(world, ThingName="a"))) == {
        "ThingName": "a",
        "ThingArn": "arn:aws:sagemaker:us-east-1:123456789012:thing/a",
        "Size": 3,
        "ThingStatus": "Running",
        "CreationTime": rig.now,
        "LastModifiedTime": rig.now,
    }


@pytest.mark.parametrize("fraction", [0.1234, 0.1236, 0.9999])
def test_a_time_that_a_client_was_shown_finds_its_resource(rig: Rig, world: World, run: Run, fraction: float) -> None:
    """JSON carries milliseconds; CreationTimeBefore and CreationTimeAfter are inclusive."""
    rig.now += fraction
    shown = datetime.fromtimestamp(round(run(create(world, "a")).created_at, 3), UTC)
    for member in ("CreationTimeBefore", "CreationTimeAfter"):
        assert len(run(listing.page(call(world), THING, {member: shown}))[0]) == 1


@pytest.mark.parametrize(
    ("scope", "columns"),
    [(Scope.PARTITION, ("", "")), (Scope.ACCOUNT, ("1", "")), (Scope.REGION, ("1", "r"))],
)
def test_a_scope_decides_where_a_name_is_unique(scope: Scope, columns: tuple[str, str]) -> None:
    noun = Resource(noun="N", key="Name", arn="n/{Name}", scope=scope, service="iam")
    assert noun.place("1", "r") == columns
    assert noun.arn_of({"Name": "Ab"}, "1", "r") == f"arn:aws:iam:{columns[1]}:{columns[0]}:n/Ab"


def test_a_new_document_that_is_due_wakes_controllers(world: World, run: Run) -> None:
    woken: list[bool] = []

    async def scene() -> None:
        import asyncio

        world.hints.listen(lambda: woken.append(True))
        made = call(world, ThingName="a")
        await crud.create(made, THING, crud.new(made, THING, made.request, due=True))
        async with asyncio.timeout(5):
            while not woken:
                await asyncio.sleep(0.005)
        assert documents.find(world.db.read(), THING.kind, "123456789012", "us-east-1", "a").due_at is not None  # type: ignore[union-attr]
        world.hints.close()
        world.hints = type(world.hints)(world.settings.home / "hints")

    run(scene())
