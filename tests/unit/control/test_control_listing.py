"""Listing: filter, sort, cut. Expectations: the List requests of the service model, and AWS's paging rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.control.rig import ACCOUNT, REGION, THING, call

from salvia.control import listing, records
from salvia.control.resource import Resource
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.documents import Document

Run = Callable[[Any], Any]
OTHER = Resource(noun="Other", key="OtherName", arn="other/{OtherName}")


class Shelf:
    """Things to list. `put` takes names, with a second between the moments of their creation."""

    def __init__(self, world: World, run: Run) -> None:
        self.world, self.run, self.moment = world, run, 1000.0

    def put(self, *names: str, **more: Any) -> None:
        for name in names:
            self.moment += 1
            times = {"created_at": self.moment, "modified_at": -self.moment}
            thing = Document(THING.kind, ACCOUNT, REGION, name, arn=name, **{**times, **more})
            self.run(self.world.db.write(lambda tx, thing=thing: documents.insert(tx, thing)))  # type: ignore[misc]

    def page(self, where: Any = None, **request: Any) -> tuple[list[str], str | None]:
        found, token = self.run(listing.page(call(self.world), THING, request, where=where))
        return [document.name for document in found], token

    def pages(self, where: Any = None, **request: Any) -> list[list[str]]:
        names, token = self.page(where, **request)
        got = [names]
        while token:
            names, token = self.page(where, **request, NextToken=token)
            got.append(names)
        return got


@pytest.fixture
def shelf(world: World, run: Run) -> Shelf:
    return Shelf(world, run)


def test_the_newest_come_first(shelf: Shelf) -> None:
    shelf.put("a", "b", "c")
    assert shelf.page() == (["c", "b", "a"], None)
    assert shelf.page(SortOrder="Ascending")[0] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("Name", ["a", "b", "c", "d"]),
        ("ThingName", ["a", "b", "c", "d"]),
        ("CreationTime", ["d", "b", "c", "a"]),
        ("LastModifiedTime", ["a", "c", "b", "d"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_every_order_pages_both_ways(shelf: Shelf, by: str, expected: list[str], size: int) -> None:
    shelf.put("d", "b", "c", "a")
    for order, wanted in (("Ascending", expected), ("Descending", expected[::-1])):
        pages = shelf.pages(SortBy=by, SortOrder=order, MaxResults=size)
        assert [name for page in pages for name in page] == wanted
        assert all(len(page) == size for page in pages[:-1])
        assert pages[-1], "the last page is not empty"


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("by", ["Status", "CreationTime"])
def test_equal_values_are_each_listed_once(shelf: Shelf, by: str, order: str) -> None:
    shelf.put(*(f"{n}" for n in range(25)), created_at=5.0, state="Same")
    listed = [name for page in shelf.pages(SortBy=by, SortOrder=order, MaxResults=4) for name in page]
    assert sorted(listed, key=int) == [f"{n}" for n in range(25)]


def test_status_sorts(shelf: Shelf) -> None:
    shelf.put("a", state="Stopped")
    shelf.put("b", state="Completed")
    shelf.put("c", state="Failed")
    assert shelf.page(SortBy="Status", SortOrder="Ascending")[0] == ["b", "c", "a"]
    assert shelf.page(StatusEquals="Failed")[0] == ["c"]


@pytest.mark.parametrize(
    ("order", "expected"), [("Ascending", ["b", "d", "f", "h"]), ("Descending", ["h", "f", "d", "b"])]
)
def test_what_is_inserted_or_deleted_meanwhile_neither_repeats_nor_hides(
    shelf: Shelf, run: Run, order: str, expected: list[str]
) -> None:
    shelf.put("b", "d", "f", "h")
    request = {"SortBy": "Name", "SortOrder": order, "MaxResults": 2}
    first, token = shelf.page(**request)
    shelf.put("a", "z")  # before and after everything
    last = documents.find(shelf.world.db.read(), THING.kind, ACCOUNT, REGION, first[-1])
    run(shelf.world.db.write(lambda tx: documents.delete(tx, last.id)))  # type: ignore[union-attr]
    rest: list[str] = []
    while token:
        names, token = shelf.page(**request, NextToken=token)
        rest += names
    assert [name for name in first + rest if name in expected] == expected


def test_a_page_is_full_though_most_is_filtered_out(shelf: Shelf) -> None:
    shelf.put(*(f"{n:03}" for n in range(60)))

    def where(document: Document) -> bool:
        return int(document.name) % 10 == 0

    pages = shelf.pages(where, SortBy="Name", SortOrder="Ascending", MaxResults=4)
    assert pages == [["000", "010", "020", "030"], ["040", "050"]]
    assert shelf.pages(lambda document: False, MaxResults=4) == [[]]


@pytest.mark.parametrize(
    ("part", "expected"),
    [("%", ["a%b"]), ("_", ["a_b"]), ("\\", ["a\\b"]), ("A", ["axb", "a\\b", "a_b", "a%b"]), ("zz", [])],
)
def test_name_contains_is_literal_and_minds_no_case(shelf: Shelf, part: str, expected: list[str]) -> None:
    shelf.put("a%b", "a_b", "a\\b", "axb")
    assert shelf.page(NameContains=part)[0] == expected


def test_times_are_inclusive(shelf: Shelf) -> None:
    shelf.put("a", "b", "c")  # created at 1001, 1002, 1003
    moment = datetime.fromtimestamp(1002, UTC)
    assert shelf.page(CreationTimeAfter=moment)[0] == ["c", "b"]
    assert shelf.page(CreationTimeBefore=moment)[0] == ["b", "a"]
    assert shelf.page(CreationTimeAfter=moment, CreationTimeBefore=moment)[0] == ["b"]
    assert shelf.page(LastModifiedTimeAfter=datetime.fromtimestamp(-1002, UTC))[0] == ["b", "a"]
    assert shelf.page(LastModifiedTimeBefore=datetime.fromtimestamp(-1002, UTC))[0] == ["c", "b"]


def test_other_accounts_regions_and_kinds_are_not_listed(shelf: Shelf, run: Run) -> None:
    shelf.put("mine")
    for kind, account, region in (
        (OTHER.kind, ACCOUNT, REGION),
        (THING.kind, "2" * 12, REGION),
        (THING.kind, ACCOUNT, "x"),
    ):
        other = Document(kind, account, region, "theirs")
        run(shelf.world.db.write(lambda tx, other=other: documents.insert(tx, other)))  # type: ignore[misc]
    assert shelf.page()[0] == ["mine"]


def test_a_token_of_another_request_is_refused(shelf: Shelf, run: Run) -> None:
    shelf.put("a", "b", "c")
    _, token = shelf.page(MaxResults=1)
    for foreign in ({"SortBy": "Name"}, {"SortOrder": "Ascending"}, {"SortBy": "LastModifiedTime"}):
        with pytest.raises(ServiceError, match="Invalid pagination token"):
            shelf.page(NextToken=token, **foreign)
    with pytest.raises(ServiceError, match="Invalid pagination token"):
        run(listing.page(call(shelf.world), OTHER, {"NextToken": token}))


FORGED = ["x", "e30", "é", "=", "W10", "AAAA", "\0", "a" * 5000]


@pytest.mark.parametrize("token", FORGED)
def test_a_forged_token_is_a_validation_error(shelf: Shelf, token: str) -> None:
    with pytest.raises(ServiceError) as caught:
        shelf.page(NextToken=token)
    assert caught.value.code == "ValidationException"


@pytest.mark.parametrize(
    "end", [[{}, "x"], [None, "x"], ["x", "x"], [1.0, 5], [1.0, None], [1.0], [True, "x"], [[], []]]
)
def test_a_token_of_the_right_form_and_wrong_types_is_a_validation_error(shelf: Shelf, end: list[Any]) -> None:
    """SQLite would fail on them, and the answer be an InternalFailure."""
    with pytest.raises(ServiceError) as caught:
        shelf.page(NextToken=listing.encode_token([THING.kind, "created_at", "DESC", *end]))
    assert caught.value.code == "ValidationException"


def test_the_answer_has_the_declared_members_alone(shelf: Shelf, run: Run) -> None:
    shelf.put("a", state="Running", spec={"ThingName": "a", "Secret": "s"})
    answer = run(records.answer(call(shelf.world), THING))
    assert answer == {
        "ThingSummaries": [{"ThingName": "a", "ThingArn": "a", "CreationTime": 1001.0, "ThingStatus": "Running"}]
    }
