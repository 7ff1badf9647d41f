"""The virtual clock, through Salvia's own API and its command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Jobs, Server, eventually


@pytest.fixture(scope="module")
def virtual(make_server: Callable[..., Server]) -> Iterator[Server]:
    server = make_server("--clock", "virtual", "--workers", "2")
    yield server
    server.down()


def test_time_is_the_worlds_where_nobody_asked_for_another(salvia: Server) -> None:
    client = salvia.client("salvia")
    shown = client.describe_clock()
    assert shown["Kind"] == "system"
    assert abs(shown["Now"] - datetime.now(UTC)) < timedelta(seconds=5)
    with pytest.raises(ClientError, match="--clock virtual"):
        client.advance_clock(Seconds=60)


def test_only_who_is_allowed_to_may_advance_it(virtual: Server) -> None:
    """Salvia's own actions are under IAM as AWS's are."""
    iam = virtual.client("iam")
    iam.create_user(UserName="passenger")
    made = iam.create_access_key(UserName="passenger")["AccessKey"]
    theirs = virtual.client("salvia", (made["AccessKeyId"], made["SecretAccessKey"], None))
    with pytest.raises(ClientError, match="not authorized to perform: salvia:AdvanceClock"):
        theirs.advance_clock(Seconds=60)


def test_a_week_passes_at_once_for_every_process(virtual: Server) -> None:
    """Two gateways and a controller; signatures stay on the wall clock, or no request would pass any more."""
    before = virtual.client("salvia").describe_clock()["Now"]
    virtual.salvia("clock", "advance", "7d")
    for _ in range(10):  # whichever gateway answers
        after = virtual.client("salvia", user_agent_extra=f"n{_}").describe_clock()["Now"]
        assert timedelta(days=7) <= after - before < timedelta(days=7, minutes=1)
    virtual.client("sts").get_caller_identity()


def test_a_jobs_time_out_follows_it(virtual: Server) -> None:
    """MaxRuntimeInSeconds of an hour is over when an hour has passed on the server's clock."""
    jobs = Jobs(virtual)
    name = jobs.start("import time; time.sleep(600)", StoppingCondition={"MaxRuntimeInSeconds": 3600})
    jobs.reaches(name, "Training")
    virtual.salvia("clock", "advance", "61m")
    ended = jobs.ended(name)
    assert ended["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert ended["TrainingTimeInSeconds"] >= 3600


def test_it_survives_a_restart(virtual: Server) -> None:
    virtual.salvia("clock", "advance", "1d")
    before = virtual.client("salvia").describe_clock()["Now"]
    virtual.down()
    virtual.up()
    assert virtual.client("salvia").describe_clock()["Now"] >= before


def test_retention_follows_it(virtual: Server) -> None:
    """Events of a group that keeps a day are gone after two. Source: CloudWatch Logs, "Change log data retention"."""
    logs = virtual.client("logs")
    logs.create_log_group(logGroupName="short")
    logs.put_retention_policy(logGroupName="short", retentionInDays=1)
    logs.create_log_stream(logGroupName="short", logStreamName="s")
    now = int(virtual.client("salvia").describe_clock()["Now"].timestamp() * 1000)
    logs.put_log_events(logGroupName="short", logStreamName="s", logEvents=[{"timestamp": now, "message": "x"}])
    virtual.salvia("clock", "advance", "2d")
    eventually(
        lambda: not logs.get_log_events(logGroupName="short", logStreamName="s", startFromHead=True)["events"],
        15,
        "the event is gone",
    )


def test_a_bad_duration_is_said(virtual: Server) -> None:
    refused = virtual.salvia("clock", "advance", "a while", check=False)
    assert refused.returncode == 2
    assert "7d" in refused.stderr
