"""What PutLogEvents accepts of a batch. Expectations: CloudWatch Logs API reference, PutLogEvents."""

import pytest

from salvia.core.errors import ServiceError
from salvia.services.logs.batches import DAY, Window, pack, unpack

NOW = 1_750_000_000_000
WINDOW = Window.at(NOW, NOW, 0)
HOUR = DAY // 24


def events(*times: int) -> list[dict[str, object]]:
    return [{"timestamp": time, "message": f"at {time}"} for time in times]


def refused(batch: list[dict[str, object]]) -> str:
    with pytest.raises(ServiceError) as error:
        pack(batch, WINDOW)
    assert error.value.code == "InvalidParameterException"
    return error.value.message


def test_a_batch_comes_back_as_it_went_in() -> None:
    assert unpack(pack(events(NOW, NOW + 1), WINDOW).packed) == (
        [NOW, NOW + 1],
        [f"at {NOW}", f"at {NOW + 1}"],
    )


def test_any_text_is_kept() -> None:
    message = 'ünïcödé 😀 "quoted"\n\ttab \x00 end'
    packed = pack([{"timestamp": NOW, "message": message}], WINDOW).packed
    assert unpack(packed)[1] == [message]


def test_a_lone_surrogate_does_not_lose_the_batch() -> None:
    """It has no UTF-8, in which AWS stores messages."""
    assert unpack(pack([{"timestamp": NOW, "message": "a\ud800b"}], WINDOW).packed)[1] == ["a?b"]


def test_size_is_utf8_bytes_and_26_an_event() -> None:
    """PutLogEvents: 'the sum of all event messages in UTF-8, plus 26 bytes for each log event'."""
    assert pack([{"timestamp": NOW, "message": "é"}, {"timestamp": NOW, "message": "x"}], WINDOW).size == 55


def test_a_batch_of_1048576_bytes_is_accepted() -> None:
    assert pack([{"timestamp": NOW, "message": "x" * (1_048_576 - 26)}], WINDOW).size == 1_048_576


def test_a_larger_batch_is_refused() -> None:
    batch = [{"timestamp": NOW, "message": "x" * (1_048_576 - 25)}]
    assert refused(batch) == "Upload too large: 1048577 bytes exceeds limit of 1048576"


def test_events_must_be_in_chronological_order() -> None:
    assert "chronological order" in refused(events(NOW, NOW - 1))


def test_a_batch_spans_24_hours_at_most() -> None:
    assert pack(events(NOW - DAY, NOW), WINDOW).count == 2
    assert "cannot span more than 24 hours" in refused(events(NOW - DAY - 1, NOW))


def test_events_older_than_14_days_are_rejected_and_the_rest_kept() -> None:
    """RejectedLogEventsInfo: tooOldLogEventEndIndex is exclusive."""
    batch = pack(events(NOW - 15 * DAY, NOW - 14 * DAY - 1, NOW), WINDOW)
    assert (batch.count, batch.rejected) == (1, {"tooOldLogEventEndIndex": 2})


def test_events_more_than_2_hours_ahead_are_rejected_and_the_rest_kept() -> None:
    """RejectedLogEventsInfo: tooNewLogEventStartIndex is inclusive."""
    batch = pack(events(NOW, NOW + 2 * HOUR, NOW + 2 * HOUR + 1), WINDOW)
    assert (batch.count, batch.rejected) == (2, {"tooNewLogEventStartIndex": 2})


def test_events_before_the_groups_retention_are_rejected_as_expired() -> None:
    batch = pack(events(NOW - 2 * DAY, NOW), Window.at(NOW, NOW, NOW - DAY))
    assert (batch.count, batch.rejected) == (1, {"expiredLogEventEndIndex": 1})


def test_the_span_counts_only_what_is_accepted() -> None:
    """PutLogEvents: 'For valid events (…), the time span in a single batch cannot exceed 24 hours'."""
    assert pack(events(NOW - 20 * DAY, NOW), WINDOW).count == 1


def test_a_client_on_world_time_is_in_time_when_the_service_is_a_month_ahead() -> None:
    window = Window.at(NOW, NOW + 30 * DAY, 0)
    assert pack(events(NOW), window).rejected == {}
