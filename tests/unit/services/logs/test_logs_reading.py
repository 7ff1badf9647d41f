"""Reading back what was put. Expectations: CloudWatch Logs API reference, GetLogEvents, FilterLogEvents."""

import random
from typing import Any

import pytest

from salvia.core.errors import ServiceError
from salvia.services.logs import pages


def texts(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_a_batch_in_an_unused_stream_has_the_times_it_was_given(room: Any) -> None:
    room.put("s", (0, "one"), (5, "two"))
    assert room.get("s", startFromHead=True)["events"] == [
        {"timestamp": room.now, "message": "one", "ingestionTime": room.now},
        {"timestamp": room.now + 5, "message": "two", "ingestionTime": room.now},
    ]


def test_events_of_one_millisecond_keep_the_order_in_which_they_were_put(room: Any) -> None:
    for number in range(5):
        room.put("s", (0, f"{number}a"), (0, f"{number}b"))
    assert texts(room.get("s", startFromHead=True)) == [f"{n}{x}" for n in range(5) for x in "ab"]


def test_later_batches_with_earlier_events_are_sorted_in(room: Any) -> None:
    room.put("s", (10, "b"), (30, "d"))
    room.put("s", (0, "a"), (20, "c"))
    assert texts(room.get("s", startFromHead=True)) == ["a", "b", "c", "d"]


def test_the_forward_token_repeats_at_the_end(room: Any) -> None:
    """'If you have reached the end of the stream, it returns the same token you passed in.'"""
    room.put("s", (0, "a"))
    first = room.get("s", startFromHead=True)
    second = room.get("s", startFromHead=True, nextToken=first["nextForwardToken"])
    assert (texts(second), second["nextForwardToken"]) == ([], first["nextForwardToken"])


def test_the_token_of_the_end_finds_what_arrives_later(room: Any) -> None:
    room.put("s", (0, "a"))
    token = room.get("s", startFromHead=True)["nextForwardToken"]
    room.put("s", (0, "b"), (1, "c"))
    assert texts(room.get("s", startFromHead=True, nextToken=token)) == ["b", "c"]


def test_the_token_of_an_empty_stream_finds_the_first_events(room: Any) -> None:
    first = room.get("s", startFromHead=True)
    again = room.get("s", startFromHead=True, nextToken=first["nextForwardToken"])
    assert again["nextForwardToken"] == first["nextForwardToken"]
    room.put("s", (0, "a"))
    assert texts(room.get("s", startFromHead=True, nextToken=first["nextForwardToken"])) == ["a"]


def test_without_start_from_head_the_last_events_come_in_order(room: Any) -> None:
    room.put("s", *[(n, str(n)) for n in range(10)])
    assert texts(room.get("s", limit=3)) == ["7", "8", "9"]


def test_backward_tokens_lead_to_the_head_and_repeat_there(room: Any) -> None:
    for batch in range(4):
        room.put("s", *[(batch * 5 + n, str(batch * 5 + n)) for n in range(5)])
    seen: list[str] = []
    answer = room.get("s", limit=3)
    while texts(answer):
        seen = texts(answer) + seen
        token = answer["nextBackwardToken"]
        answer = room.get("s", limit=3, nextToken=token)
    assert answer["nextBackwardToken"] == token
    assert seen == [str(n) for n in range(20)]


def test_one_can_turn_round(room: Any) -> None:
    room.put("s", *[(n, str(n)) for n in range(6)])
    page = room.get("s", startFromHead=True, limit=4)
    page = room.get("s", startFromHead=True, limit=4, nextToken=page["nextForwardToken"])
    assert texts(room.get("s", nextToken=page["nextBackwardToken"], limit=2)) == ["2", "3"]


def test_start_time_is_inclusive_and_end_time_exclusive(room: Any) -> None:
    room.put("s", *[(n, str(n)) for n in range(5)])
    answer = room.get("s", startFromHead=True, startTime=room.now + 1, endTime=room.now + 3)
    assert texts(answer) == ["1", "2"]


def test_a_page_holds_a_megabyte(room: Any) -> None:
    for n in range(3):
        room.put("s", (n, f"{n}" * 600_000))
    first = room.get("s", startFromHead=True)
    assert [event["message"][0] for event in first["events"]] == ["0"]
    second = room.get("s", startFromHead=True, nextToken=first["nextForwardToken"])
    assert [event["message"][0] for event in second["events"]] == ["1"]


def test_a_page_holds_ten_thousand_events(room: Any) -> None:
    for n in range(3):
        room.put("s", *[(n * 5000 + i, "x") for i in range(5000)])
    first = room.get("s", startFromHead=True)
    assert len(first["events"]) == 10_000
    assert len(room.get("s", startFromHead=True, nextToken=first["nextForwardToken"])["events"]) == 5_000


def test_a_foreign_token_is_refused(room: Any) -> None:
    for token in ("f/nonsense", "x/123", "f/WzEsMl0", "123"):
        with pytest.raises(ServiceError, match="InvalidParameterException: The specified nextToken is invalid"):
            room.get("s", nextToken=token)


def test_pages_of_any_size_in_either_direction_show_every_event_once_in_order(room: Any) -> None:
    """Batches that overlap at random, as those of several writers do; compared with a plain sort."""
    chance = random.Random(7)
    everything: list[tuple[int, int, str]] = []
    for batch in range(300):
        start, width = chance.randrange(5000), chance.choice([0, 1, 10, 1000])
        times = sorted(start + chance.randrange(width + 1) for _ in range(chance.randrange(1, 9)))
        found = [(time, f"{batch}.{n}") for n, time in enumerate(times)]
        everything += [(time, batch, text) for time, text in found]
        room.put("s", *found)
    expected = [text for _, _, text in sorted(everything, key=lambda event: event[:2])]
    for limit in (97, 10_000):
        forwards: list[str] = []
        answer = room.get("s", startFromHead=True, limit=limit)
        while answer["events"]:
            forwards += texts(answer)
            answer = room.get("s", startFromHead=True, limit=limit, nextToken=answer["nextForwardToken"])
        assert forwards == expected
        backwards: list[str] = []
        answer = room.get("s", limit=limit)
        while answer["events"]:
            backwards = texts(answer) + backwards
            answer = room.get("s", limit=limit, nextToken=answer["nextBackwardToken"])
        assert backwards == expected


def test_a_page_is_found_without_unpacking_the_stream(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page deep in a long stream loads the batches that it shows and one that follows."""
    for n in range(300):
        room.put("s", *[(n * 100 + i, f"{n}.{i}") for i in range(100)])
    loaded: list[int] = []
    unpack = pages.unpack
    monkeypatch.setattr(pages, "unpack", lambda packed: loaded.append(1) or unpack(packed))
    assert texts(room.get("s", startFromHead=True, startTime=room.now + 15_000, limit=2)) == [
        "150.0",
        "150.1",
    ]
    assert len(loaded) <= 2


def test_filtering_interleaves_streams_by_time(room: Any) -> None:
    room("CreateLogStream", logGroupName="g", logStreamName="t")
    room.put("s", (0, "s0"), (20, "s20"))
    room.put("t", (10, "t10"), (20, "t20"))
    events = room.filter()["events"]
    assert [(event["logStreamName"], event["message"]) for event in events][:2] == [("s", "s0"), ("t", "t10")]
    assert {event["message"] for event in events[2:]} == {"s20", "t20"}


def test_filtering_shows_what_matches(room: Any) -> None:
    room.put("s", (0, "an ERROR"), (1, "fine"), (2, "ERROR again"))
    assert texts(room.filter(filterPattern="ERROR")) == ["an ERROR", "ERROR again"]


def test_filtering_includes_the_end_time(room: Any) -> None:
    """'Events with a timestamp later than this time are not returned', unlike GetLogEvents."""
    room.put("s", *[(n, str(n)) for n in range(5)])
    assert texts(room.filter(startTime=room.now + 1, endTime=room.now + 3)) == ["1", "2", "3"]


@pytest.mark.parametrize("chosen", [{"logStreamNames": ["a/1", "a/2"]}, {"logStreamNamePrefix": "a/"}])
def test_filtering_can_be_bound_to_streams(room: Any, chosen: dict[str, Any]) -> None:
    for name in ("a/1", "a/2", "b/1"):
        room("CreateLogStream", logGroupName="g", logStreamName=name)
        room.put(name, (0, name))
    assert sorted(texts(room.filter(**chosen))) == ["a/1", "a/2"]


def test_filtering_by_names_and_prefix_is_refused(room: Any) -> None:
    with pytest.raises(ServiceError, match="InvalidParameterException"):
        room.filter(logStreamNames=["s"], logStreamNamePrefix="s")


def test_filtering_an_unknown_stream_is_refused(room: Any) -> None:
    with pytest.raises(ServiceError, match="ResourceNotFoundException: The specified log stream"):
        room.filter(logStreamNames=["nope"])


@pytest.mark.parametrize("many", [False, True])
def test_filtered_pages_cover_a_group_once(room: Any, many: bool) -> None:
    """More than a hundred streams are read by group, fewer one by one: both answer alike."""
    expected = []
    for stream in range(120 if many else 9):
        room("CreateLogStream", logGroupName="g", logStreamName=f"n{stream}")
        room.put(f"n{stream}", *[(stream + 7 * i, f"{stream}.{i} {'odd' if i % 2 else 'even'}") for i in range(6)])
        expected += [f"{stream}.{i} odd" for i in (1, 3, 5)]
    seen: list[str] = []
    times: list[int] = []
    token: dict[str, str] = {}
    while True:
        answer = room.filter(filterPattern="odd", limit=50, **token)
        seen += texts(answer)
        times += [event["timestamp"] for event in answer["events"]]
        if "nextToken" not in answer:
            break
        token = {"nextToken": answer["nextToken"]}
    assert sorted(seen) == sorted(expected)
    assert times == sorted(times)


def test_filtering_a_prefix_of_very_many_streams_leaves_out_the_others(room: Any) -> None:
    for stream in range(105):
        room("CreateLogStream", logGroupName="g", logStreamName=f"job/{stream}")
    room.put("job/3", (0, "mine"))
    room.put("s", (0, "another's"))
    assert texts(room.filter(logStreamNamePrefix="job/")) == ["mine"]


def test_newest_first_when_asked(room: Any) -> None:
    """FilterLogEvents, startFromHead: 'If the value is false, the latest log events are returned first.'"""
    room.put("s", *[(n, str(n)) for n in range(5)])
    first = room.filter(startFromHead=False, startTime=room.now, limit=3)
    assert texts(first) == ["4", "3", "2"]
    assert texts(room.filter(nextToken=first["nextToken"], startTime=room.now)) == ["1", "0"]


def test_a_search_that_finds_nothing_stops_now_and_then(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """'A returned page might only be partially full, or even empty.' A request's work is bounded."""
    monkeypatch.setattr(pages, "_EXAMINE", 20_000)
    monkeypatch.setattr(pages, "_LOAD", 5_000)
    for n in range(50):
        room.put("s", (n, "x" * 2000 + ("needle" if n == 49 else "")))
    answer, pages_seen = room.filter(filterPattern="needle"), 1
    while "nextToken" in answer:
        assert answer["events"] == []
        answer, pages_seen = (
            room.filter(filterPattern="needle", nextToken=answer["nextToken"]),
            pages_seen + 1,
        )
    assert (len(answer["events"]), pages_seen) == (1, 5)


def test_a_search_goes_on_when_every_batch_begins_at_one_moment(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on one request's work must not keep a reader at one place for ever."""
    monkeypatch.setattr(pages, "_EXAMINE", 2_000)
    monkeypatch.setattr(pages, "_LOAD", 1_000)
    for _ in range(30):
        room.put("s", (0, "x" * 500))
    room.put("s", (0, "needle"))
    answer = room.filter(filterPattern="needle", startTime=room.now)
    for _ in range(3):
        if "nextToken" not in answer:
            break
        answer = room.filter(filterPattern="needle", nextToken=answer["nextToken"])
    assert texts(answer) == ["needle"]


def test_event_ids_are_unique_and_stay(room: Any) -> None:
    room("CreateLogStream", logGroupName="g", logStreamName="t")
    for stream in ("s", "t"):
        room.put(stream, (0, "a"), (0, "b"))
        room.put(stream, (0, "c"))
    ids = [event["eventId"] for event in room.filter()["events"]]
    assert len(set(ids)) == 6
    assert ids == [event["eventId"] for event in room.filter()["events"]]


@pytest.mark.parametrize("times", [{"startTime": 2**62}, {"endTime": 2**63 - 1}, {"startTime": 5, "endTime": 1}])
def test_times_at_the_edge_of_the_model_are_no_failure(room: Any, times: dict[str, int]) -> None:
    room.put("s", (0, "a"))
    assert len(room.get("s", **times)["events"]) <= 1
    assert len(room.filter(**times)["events"]) <= 1
