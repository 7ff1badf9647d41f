"""CloudWatch Logs through boto3: a round trip for every operation, and every paginator.

Expectations: CloudWatch Logs API reference, unless a test says otherwise.
"""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

NOTHING: dict[str, Any] = {}


def milliseconds() -> int:
    return int(time.time() * 1000)


def shown(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what is about the transport."""
    return {member: value for member, value in answer.items() if member != "ResponseMetadata"}


def texts(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    said = error.value.response["Error"]
    return said["Code"], said["Message"]


@pytest.fixture(scope="module")
def logs(salvia: Any) -> Any:
    return salvia.client("logs")


@pytest.fixture
def group(logs: Any) -> str:
    """A log group of the test's own."""
    name = f"/tests/{uuid.uuid4()}"
    logs.create_log_group(logGroupName=name, tags={"team": "ml"})
    return name


@pytest.fixture
def stream(logs: Any, group: str) -> str:
    """A stream `job/algo-1` in the group."""
    logs.create_log_stream(logGroupName=group, logStreamName="job/algo-1")
    return "job/algo-1"


def put(logs: Any, group: str, stream: str, *messages: str, start: int | None = None, **more: Any) -> dict[str, Any]:
    start = milliseconds() if start is None else start
    events = [{"timestamp": start + n, "message": message} for n, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events, **more)


def describe(logs: Any, group: str) -> dict[str, Any]:
    return logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]


def test_a_group_is_described_as_it_was_created(logs: Any, group: str) -> None:
    found = describe(logs, group)
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"
    assert abs(found.pop("creationTime") - milliseconds()) < 60_000
    assert found == {
        "logGroupName": group,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        "deletionProtectionEnabled": False,
    }


def test_a_group_is_created_once(logs: Any, group: str) -> None:
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException) as error:
        logs.create_log_group(logGroupName=group)
    assert refusal(error)[1] == "The specified log group already exists"


def test_a_bad_group_name_is_an_invalid_parameter(logs: Any) -> None:
    with pytest.raises(logs.exceptions.InvalidParameterException) as error:
        logs.create_log_group(logGroupName="no spaces")
    assert "1 validation error detected: Value 'no spaces' at 'logGroupName'" in refusal(error)[1]


def test_a_kms_key_is_refused_and_not_ignored(logs: Any) -> None:
    with pytest.raises(logs.exceptions.InvalidParameterException, match="without kmsKeyId"):
        logs.create_log_group(logGroupName=f"/{uuid.uuid4()}", kmsKeyId="arn:aws:kms:us-east-1:123456789012:key/k")


def test_a_deleted_group_is_gone_with_its_streams(logs: Any, group: str, stream: str) -> None:
    logs.delete_log_group(logGroupName=group)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    with pytest.raises(logs.exceptions.ResourceNotFoundException) as error:
        logs.get_log_events(logGroupName=group, logStreamName=stream)
    assert refusal(error)[1] == "The specified log group does not exist."


def test_a_missing_group_cannot_be_deleted(logs: Any) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName="/nowhere")


def test_a_protected_group_cannot_be_deleted_until_it_is_not(logs: Any, group: str) -> None:
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=True)
    assert describe(logs, group)["deletionProtectionEnabled"] is True
    with pytest.raises(ClientError, match="ValidationException"):
        logs.delete_log_group(logGroupName=group)
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=group)


def test_groups_are_paged_by_name(logs: Any, group: str) -> None:
    names = [f"{group}/{n}" for n in range(7)]
    for name in names:
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=f"{group}/", PaginationConfig={"PageSize": 3}
    )
    assert [[found["logGroupName"] for found in page["logGroups"]] for page in pages] == [
        names[:3],
        names[3:6],
        names[6:],
    ]


def test_groups_are_found_by_a_part_of_their_name(logs: Any, group: str) -> None:
    """'logGroupNamePattern: (…) a case-sensitive substring search'."""
    part = group[-20:]
    assert [found["logGroupName"] for found in logs.describe_log_groups(logGroupNamePattern=part)["logGroups"]] == [
        group
    ]
    assert logs.describe_log_groups(logGroupNamePattern=f"{part}X")["logGroups"] == []


def test_prefix_and_pattern_exclude_each_other(logs: Any) -> None:
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.describe_log_groups(logGroupNamePrefix="a", logGroupNamePattern="b")


def test_groups_are_listed_by_class_and_identifier(logs: Any, group: str) -> None:
    rare = f"{group}/rare"
    logs.create_log_group(logGroupName=rare, logGroupClass="INFREQUENT_ACCESS")
    found = logs.describe_log_groups(logGroupNamePrefix=group, logGroupClass="INFREQUENT_ACCESS")["logGroups"]
    assert [entry["logGroupName"] for entry in found] == [rare]
    found = logs.describe_log_groups(logGroupIdentifiers=[group])["logGroups"]
    assert [entry["logGroupName"] for entry in found] == [group]


def test_retention_is_set_and_taken_away(logs: Any, group: str) -> None:
    logs.put_retention_policy(logGroupName=group, retentionInDays=14)
    assert describe(logs, group)["retentionInDays"] == 14
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in describe(logs, group)


def test_only_some_retentions_are_allowed(logs: Any, group: str) -> None:
    with pytest.raises(logs.exceptions.InvalidParameterException, match="retentionInDays"):
        logs.put_retention_policy(logGroupName=group, retentionInDays=2)


def test_tags_by_group_name(logs: Any, group: str) -> None:
    logs.tag_log_group(logGroupName=group, tags={"stage": "test"})
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"team": "ml", "stage": "test"}
    logs.untag_log_group(logGroupName=group, tags=["team"])
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"stage": "test"}


def test_tags_by_arn(logs: Any, group: str) -> None:
    arn = describe(logs, group)["logGroupArn"]
    logs.tag_resource(resourceArn=arn, tags={"stage": "test"})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "ml", "stage": "test"}
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "test"}


def test_more_than_fifty_tags_are_too_many(logs: Any, group: str) -> None:
    arn = describe(logs, group)["logGroupArn"]
    with pytest.raises(logs.exceptions.TooManyTagsException):
        logs.tag_resource(resourceArn=arn, tags={f"k{n}": "" for n in range(50)})


def test_tags_of_a_missing_group_are_not_found(logs: Any) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.list_tags_for_resource(resourceArn="arn:aws:logs:us-east-1:123456789012:log-group:/nowhere")


def test_a_stream_is_described_as_it_was_created(logs: Any, group: str, stream: str) -> None:
    (found,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert found["logStreamName"] == stream
    assert found["arn"] == f"arn:aws:logs:us-east-1:123456789012:log-group:{group}:log-stream:{stream}"
    assert found["storedBytes"] == 0
    assert "lastEventTimestamp" not in found


def test_a_stream_is_created_once(logs: Any, group: str, stream: str) -> None:
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException) as error:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    assert refusal(error)[1] == "The specified log stream already exists"


def test_a_stream_needs_its_group(logs: Any) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException) as error:
        logs.create_log_stream(logGroupName="/nowhere", logStreamName="s")
    assert refusal(error)[1] == "The specified log group does not exist."


def test_a_deleted_stream_is_gone(logs: Any, group: str, stream: str) -> None:
    logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    with pytest.raises(logs.exceptions.ResourceNotFoundException) as error:
        put(logs, group, stream, "late")
    assert refusal(error)[1] == "The specified log stream does not exist."


def test_streams_tell_of_their_events(logs: Any, group: str, stream: str) -> None:
    start = milliseconds()
    put(logs, group, stream, "one", "two", start=start)
    (found,) = logs.describe_log_streams(logGroupIdentifier=group)["logStreams"]
    assert (found["firstEventTimestamp"], found["lastEventTimestamp"]) == (start, start + 1)
    assert found["lastIngestionTime"] >= start


def test_groups_count_stored_bytes(logs: Any, group: str, stream: str) -> None:
    put(logs, group, stream, "one", "two")
    assert describe(logs, group)["storedBytes"] == 6 + 2 * 26


@pytest.mark.parametrize("descending", [False, True])
def test_streams_are_paged_by_name(logs: Any, group: str, descending: bool) -> None:
    names = [f"algo-{n}" for n in range(5)]
    for name in names:
        logs.create_log_stream(logGroupName=group, logStreamName=name)
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, descending=descending, PaginationConfig={"PageSize": 2}
    )
    seen = [found["logStreamName"] for page in pages for found in page["logStreams"]]
    assert seen == (names[::-1] if descending else names)


def test_streams_are_paged_by_their_last_event(logs: Any, group: str) -> None:
    start = milliseconds()
    for n in (3, 1, 2, 0):
        logs.create_log_stream(logGroupName=group, logStreamName=f"s{n}")
        put(logs, group, f"s{n}", "x", start=start - n)
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, orderBy="LastEventTime", descending=True, PaginationConfig={"PageSize": 3}
    )
    assert [found["logStreamName"] for page in pages for found in page["logStreams"]] == [
        "s0",
        "s1",
        "s2",
        "s3",
    ]


def test_streams_are_found_as_sdk_v2_does(logs: Any, group: str) -> None:
    """Recorded: prefix "<job>/", orderBy LogStreamName, limit = InstanceCount."""
    for name in ("job/algo-1-17", "job/algo-2-17", "job-2/algo-1-17", "job"):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
    found = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="job/", orderBy="LogStreamName", limit=2)[
        "logStreams"
    ]
    assert [entry["logStreamName"] for entry in found] == ["job/algo-1-17", "job/algo-2-17"]


def test_streams_by_prefix_cannot_be_ordered_by_time(logs: Any, group: str) -> None:
    with pytest.raises(logs.exceptions.InvalidParameterException) as error:
        logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="a", orderBy="LastEventTime")
    assert refusal(error)[1] == "Cannot order by LastEventTime with a logStreamNamePrefix."


def test_events_come_back_as_they_were_put(logs: Any, group: str, stream: str) -> None:
    start = milliseconds()
    answer = put(logs, group, stream, "första", "second\nline", start=start)
    assert answer["nextSequenceToken"]
    assert "rejectedLogEventsInfo" not in answer
    events = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True)["events"]
    assert [(event["timestamp"], event["message"]) for event in events] == [
        (start, "första"),
        (start + 1, "second\nline"),
    ]
    assert all(event["ingestionTime"] >= start for event in events)


def test_old_and_early_events_are_rejected_by_index(logs: Any, group: str, stream: str) -> None:
    now, day = milliseconds(), 86_400_000
    times = [now - 15 * day, now, now + 3 * 3_600_000]
    answer = logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": moment, "message": "x"} for moment in times],
    )
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}


def test_events_out_of_order_are_refused(logs: Any, group: str, stream: str) -> None:
    now = milliseconds()
    with pytest.raises(logs.exceptions.InvalidParameterException) as error:
        logs.put_log_events(
            logGroupName=group,
            logStreamName=stream,
            logEvents=[{"timestamp": now, "message": "b"}, {"timestamp": now - 1, "message": "a"}],
        )
    assert refusal(error)[1] == "Log events in a single PutLogEvents request must be in chronological order."


def test_more_than_ten_thousand_events_are_refused(logs: Any, group: str, stream: str) -> None:
    with pytest.raises(logs.exceptions.InvalidParameterException, match="less than or equal to 10000"):
        put(logs, group, stream, *["x"] * 10_001)


def test_ten_thousand_events_are_accepted(logs: Any, group: str, stream: str) -> None:
    put(logs, group, stream, *["x"] * 10_000)
    assert len(logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]) == 10_000


def test_a_batch_numbered_by_an_agent_is_kept_once(logs: Any, group: str, stream: str) -> None:
    """Salvia's own: `salvia-<n>` numbers the batches of a stream, so that a retry never doubles lines."""
    put(logs, group, stream, "once", sequenceToken="salvia-1")
    with pytest.raises(logs.exceptions.DataAlreadyAcceptedException) as error:
        put(logs, group, stream, "once", sequenceToken="salvia-1")
    assert error.value.response["expectedSequenceToken"] == "salvia-2"
    assert texts(logs.get_log_events(logGroupName=group, logStreamName=stream)) == ["once"]


def test_a_log_is_followed_as_sdk_v2_does(logs: Any, group: str, stream: str) -> None:
    """Recorded: GetLogEvents {startTime 0, startFromHead} until the forward token repeats."""
    seen: list[str] = []
    token: dict[str, str] = {}

    def drain() -> None:
        while True:
            answer = logs.get_log_events(
                logGroupName=group, logStreamName=stream, startTime=0, startFromHead=True, limit=2, **token
            )
            seen.extend(texts(answer))
            if token.get("nextToken") == answer["nextForwardToken"]:
                return
            token["nextToken"] = answer["nextForwardToken"]

    put(logs, group, stream, "1", "2", "3", start=milliseconds() - 10)
    drain()
    put(logs, group, stream, "4", "5")
    drain()
    assert seen == ["1", "2", "3", "4", "5"]


def test_group_and_identifier_exclude_each_other(logs: Any, group: str, stream: str) -> None:
    for names in (NOTHING, {"logGroupName": group, "logGroupIdentifier": group}):
        with pytest.raises(logs.exceptions.InvalidParameterException):
            logs.get_log_events(logStreamName=stream, **names)


def test_a_group_is_known_by_its_arn(logs: Any, group: str, stream: str) -> None:
    put(logs, group, stream, "x")
    arn = describe(logs, group)["logGroupArn"]
    assert texts(logs.get_log_events(logGroupIdentifier=arn, logStreamName=stream)) == ["x"]


def test_filtered_events_are_paged(logs: Any, group: str, stream: str) -> None:
    logs.create_log_stream(logGroupName=group, logStreamName="job/algo-2")
    start = milliseconds()
    put(logs, group, stream, *[f"{n} train:rmse=1" for n in range(5)], "noise", start=start)
    put(logs, group, "job/algo-2", *[f"{n} train:rmse=2" for n in range(5)], start=start)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group,
        logStreamNamePrefix="job/",
        filterPattern='"train:rmse"',
        PaginationConfig={"PageSize": 4},
    )
    events = [event for page in pages for event in page["events"]]
    assert sorted(event["message"] for event in events) == sorted(
        f"{n} train:rmse={m}" for n in range(5) for m in (1, 2)
    )
    assert [event["timestamp"] for event in events] == sorted(event["timestamp"] for event in events)
    assert len({event["eventId"] for event in events}) == 10


def test_filtering_understands_json(logs: Any, group: str, stream: str) -> None:
    put(logs, group, stream, '{"level":"error","code":7}', '{"level":"info"}', "level error")
    found = logs.filter_log_events(logGroupName=group, filterPattern='{ $.level = "error" && $.code > 6 }')
    assert texts(found) == ['{"level":"error","code":7}']
    assert found["searchedLogStreams"] == []


def test_the_command_line_reads_a_group(salvia: Any, logs: Any, group: str, stream: str) -> None:
    """It pages by itself, 10,000 events at a time."""
    put(logs, group, stream, *["line"] * 6000, start=milliseconds() - 20_000)
    put(logs, group, stream, *["line"] * 6000, start=milliseconds() - 10_000)
    command = ["logs", "filter-log-events", "--log-group-name", group, "--query", "length(events)"]
    assert sum(int(page) for page in salvia.aws(command).stdout.split()) == 12_000


def test_live_tail_is_refused_by_name(logs: Any, salvia: Any, group: str) -> None:
    """It is not built yet; the error says so."""
    client = salvia.client("logs", inject_host_prefix=False)
    with pytest.raises(ClientError) as error:
        client.start_live_tail(logGroupIdentifiers=[describe(logs, group)["logGroupArn"]])
    assert refusal(error)[0] == "NotImplemented"
