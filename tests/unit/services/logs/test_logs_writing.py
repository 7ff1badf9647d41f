"""Putting events once, from several processes, and letting them expire."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from salvia.core.errors import ServiceError
from salvia.services.logs.retention import sweep

DAY = 86_400


def texts(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


def count(room: Any, table: str) -> int:
    return int(room.world.db.read().one(f"SELECT COUNT(*) AS n FROM {table}")["n"])


def test_a_numbered_batch_sent_again_is_told_and_not_doubled(room: Any) -> None:
    """An agent whose answer was lost sends the batch again."""
    room.put("s", (0, "once"), token="salvia-1")
    with pytest.raises(ServiceError) as error:
        room.put("s", (0, "once"), token="salvia-1")
    assert error.value.code == "DataAlreadyAcceptedException"
    assert error.value.fields == {"expectedSequenceToken": "salvia-2"}
    assert texts(room.get("s")) == ["once"]


def test_an_accepted_batch_names_the_next_number(room: Any) -> None:
    assert room.put("s", (0, "x"), token="salvia-7")["nextSequenceToken"] == "salvia-8"


def test_numbers_do_not_count_other_writers_batches(room: Any) -> None:
    room.put("s", (0, "somebody"))
    room.put("s", (0, "agent"), token="salvia-1")
    assert texts(room.get("s")) == ["somebody", "agent"]


def test_a_wholly_rejected_batch_keeps_its_number(room: Any) -> None:
    """Sent again it would be rejected again; the agent goes on with the next."""
    room.put("s", (-30 * DAY * 1000, "too old"), token="salvia-1")
    with pytest.raises(ServiceError, match="DataAlreadyAcceptedException"):
        room.put("s", (0, "x"), token="salvia-1")


@pytest.mark.parametrize("token", ["49590302349032", "salvia-0", "salvia-x", "x"])
def test_other_sequence_tokens_are_ignored(room: Any, token: str) -> None:
    """PutLogEvents: 'The sequence token is now ignored'."""
    room.put("s", (0, "a"), token=token)
    room.put("s", (0, "b"), token=token)
    assert texts(room.get("s")) == ["a", "b"]


def test_two_processes_writing_one_stream_lose_and_double_nothing(make_room: Callable[[], Any], room: Any) -> None:
    other = make_room()

    async def write(writer: Any, name: str) -> None:
        for batch in range(40):
            await writer.call(
                "PutLogEvents",
                logGroupName="g",
                logStreamName="s",
                logEvents=[{"timestamp": room.now, "message": f"{name}{batch}"}],
            )

    async def both() -> None:
        await asyncio.gather(write(room, "a"), write(other, "b"), write(other, "c"))

    room.run(both())
    seen = texts(room.get("s", startFromHead=True))
    assert sorted(seen) == sorted(f"{name}{batch}" for name in "abc" for batch in range(40))
    for name in "abc":
        assert [text for text in seen if text[0] == name] == [f"{name}{batch}" for batch in range(40)]


def test_one_numbered_batch_from_two_processes_is_kept_once(make_room: Callable[[], Any], room: Any) -> None:
    other = make_room()
    request = {"logGroupName": "g", "logStreamName": "s", "sequenceToken": "salvia-1"}
    events = [{"timestamp": room.now, "message": "once"}]

    async def both() -> list[Any]:
        return await asyncio.gather(
            *(writer.call("PutLogEvents", logEvents=events, **request) for writer in (room, other, room, other)),
            return_exceptions=True,
        )

    answers = room.run(both())
    assert sum(isinstance(answer, ServiceError) for answer in answers) == 3
    assert texts(room.get("s")) == ["once"]


def test_expired_events_are_not_returned(room: Any) -> None:
    room.put("s", (0, "old"))
    room("PutRetentionPolicy", logGroupName="g", retentionInDays=7)
    room.world.clock.advance(8 * DAY)
    room.put("s", (7 * DAY * 1000, "new"))
    assert texts(room.get("s")) == ["new"]
    assert texts(room.filter()) == ["new"]


def test_a_put_says_which_events_have_expired(room: Any) -> None:
    room("PutRetentionPolicy", logGroupName="g", retentionInDays=1)
    answer = room.put("s", (-2 * DAY * 1000, "old"), (0, "new"))
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


def test_a_sweep_deletes_expired_batches_alone(room: Any) -> None:
    room("CreateLogGroup", logGroupName="kept")
    room("CreateLogStream", logGroupName="kept", logStreamName="s")
    room.put("s", (0, "old"))
    room.put("s", (0, "for ever"), group="kept")
    room("PutRetentionPolicy", logGroupName="g", retentionInDays=7)
    room.world.clock.advance(8 * DAY)
    room.put("s", (7 * DAY * 1000, "new"))
    assert room.run(sweep(room.world)) == 1
    assert texts(room.get("s")) == ["new"]
    assert texts(room.get("s", group="kept")) == ["for ever"]


def test_a_sweep_takes_expired_bytes_off_the_group(room: Any) -> None:
    """DescribeLogGroups, storedBytes: events marked for deletion 'are also not included'."""
    room.put("s", (0, "old"))
    room("PutRetentionPolicy", logGroupName="g", retentionInDays=1)
    room.world.clock.advance(2 * DAY)
    room.run(sweep(room.world))
    assert room("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 0


def test_a_sweep_removes_what_deleted_streams_held(room: Any) -> None:
    for n in range(250):
        room.put("s", (n, "x"))
    room("DeleteLogStream", logGroupName="g", logStreamName="s")
    assert room.run(sweep(room.world)) == 250
    assert (count(room, "log_events"), count(room, "log_streams")) == (0, 0)


def test_a_stream_created_again_starts_empty(room: Any) -> None:
    room.put("s", (0, "before"), token="salvia-1")
    room("DeleteLogStream", logGroupName="g", logStreamName="s")
    room("CreateLogStream", logGroupName="g", logStreamName="s")
    room.put("s", (0, "after"), token="salvia-1")
    assert texts(room.filter()) == ["after"]


def test_a_group_created_again_starts_empty(room: Any) -> None:
    room.put("s", (0, "before"))
    room("DeleteLogGroup", logGroupName="g")
    room("CreateLogGroup", logGroupName="g")
    assert room.filter()["events"] == []
    assert room("DescribeLogStreams", logGroupName="g")["logStreams"] == []
    room.run(sweep(room.world))
    assert count(room, "log_events") == 0
