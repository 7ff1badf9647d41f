"""CloudWatch alarms through boto3. Expectations: CloudWatch API reference and user guide, "Alarm evaluation"."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Server, eventually

TOPIC = "arn:aws:sns:us-east-1:123456789012:nobody"


@pytest.fixture(scope="module")
def cloudwatch(salvia: Server) -> Any:
    return salvia.client("cloudwatch")


class Watched:
    """A metric of its own, and an alarm on it."""

    def __init__(self, server: Server, **alarm: Any) -> None:
        self.server = server
        self.cloudwatch = server.client("cloudwatch")
        self.name = f"alarm-{uuid.uuid4()}"
        self.namespace = f"Tests/{uuid.uuid4()}"
        self.put_alarm(**alarm)

    def put_alarm(self, **alarm: Any) -> None:
        self.cloudwatch.put_metric_alarm(
            **{
                "AlarmName": self.name,
                "Namespace": self.namespace,
                "MetricName": "load",
                "Statistic": "Maximum",
                "Period": 10,
                "EvaluationPeriods": 1,
                "Threshold": 1.0,
                "ComparisonOperator": "GreaterThanThreshold",
                **alarm,
            }
        )

    def put(self, *values: float, at: datetime | None = None, resolution: int = 1) -> None:
        stamp = {} if at is None else {"Timestamp": at}
        data = [{"MetricName": "load", "Value": value, "StorageResolution": resolution, **stamp} for value in values]
        self.cloudwatch.put_metric_data(Namespace=self.namespace, MetricData=data)

    def now(self) -> datetime:
        return self.server.client("salvia").describe_clock()["Now"]

    def pass_(self, seconds: float) -> None:
        self.server.client("salvia").advance_clock(Seconds=seconds)

    def shown(self) -> dict[str, Any]:
        (alarm,) = self.cloudwatch.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return alarm

    def becomes(self, state: str, timeout: float = 60) -> dict[str, Any]:
        return eventually(lambda: (a := self.shown())["StateValue"] == state and a, timeout, f"{self.name}: {state}")

    def period(self, state: str, *values: float) -> dict[str, Any]:
        """A period with these values, and what it leads to; once more where a busy server looked too late."""

        def tried() -> dict[str, Any] | None:
            self.put(*values)
            self.pass_(10)
            until = time.monotonic() + 10
            while (found := self.shown())["StateValue"] != state and time.monotonic() < until:
                time.sleep(0.05)
            return found if found["StateValue"] == state else None

        return eventually(tried, 60, f"{self.name}: {state}")

    def history(self, item: str) -> list[dict[str, Any]]:
        pages = self.cloudwatch.get_paginator("describe_alarm_history").paginate(
            AlarmName=self.name, HistoryItemType=item, PaginationConfig={"PageSize": 2}
        )
        return [line for page in pages for line in page["AlarmHistoryItems"]]


def refused(code: str, call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])


def test_an_alarm_is_described_as_it_was_put(cloudwatch: Any) -> None:
    name = f"alarm-{uuid.uuid4()}"
    request = {
        "AlarmName": name,
        "AlarmDescription": "too slow",
        "ActionsEnabled": False,
        "OKActions": [],
        "AlarmActions": [TOPIC],
        "InsufficientDataActions": [],
        "MetricName": "ModelLatency",
        "Namespace": "AWS/SageMaker",
        "ExtendedStatistic": "p99.9",
        "Dimensions": [{"Name": "EndpointName", "Value": "e"}, {"Name": "VariantName", "Value": "v"}],
        "Period": 60,
        "Unit": "Microseconds",
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "Threshold": 250.5,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    cloudwatch.put_metric_alarm(**request, Tags=[{"Key": "team", "Value": "a"}])
    (shown,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert {member: shown[member] for member in request} == request
    assert shown["AlarmArn"] == f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}"
    assert abs(shown["AlarmConfigurationUpdatedTimestamp"] - datetime.now(UTC)) < timedelta(minutes=1)
    (found,) = cloudwatch.describe_alarms_for_metric(
        Namespace="AWS/SageMaker",
        MetricName="ModelLatency",
        Dimensions=request["Dimensions"][::-1],
        ExtendedStatistic="p99.9",
    )["MetricAlarms"]
    assert found["AlarmName"] == name
    assert cloudwatch.describe_alarms_for_metric(Namespace="AWS/SageMaker", MetricName="x")["MetricAlarms"] == []
    arn = shown["AlarmArn"]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "stage", "Value": "b"}])
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "stage", "Value": "b"}]
    cloudwatch.get_waiter("alarm_exists").wait(AlarmNames=[name], WaiterConfig={"Delay": 1, "MaxAttempts": 2})
    cloudwatch.delete_alarms(AlarmNames=[name])
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []
    assert refused("ResourceNotFound", cloudwatch.delete_alarms, AlarmNames=[name])
    assert refused("ResourceNotFoundException", cloudwatch.list_tags_for_resource, ResourceARN=arn)


def test_lists_are_paged_and_filtered(cloudwatch: Any) -> None:
    prefix = f"many-{uuid.uuid4()}-"
    common = {
        "Namespace": prefix,
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "LessThanThreshold",
    }
    names = [f"{prefix}{number}" for number in range(5)]
    for number, name in enumerate(names):
        cloudwatch.put_metric_alarm(AlarmName=name, **common, AlarmActions=[TOPIC] if number % 2 else [])
    cloudwatch.set_alarm_state(AlarmName=names[3], StateValue="OK", StateReason="by hand")
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, PaginationConfig={"PageSize": 2}
    )
    listed = [[alarm["AlarmName"] for alarm in page["MetricAlarms"]] for page in pages]
    assert listed == [names[:2], names[2:4], names[4:]]

    def found(**filters: Any) -> list[str]:
        answer = cloudwatch.describe_alarms(AlarmNamePrefix=prefix, **filters)
        return [alarm["AlarmName"] for alarm in answer["MetricAlarms"]]

    assert found(StateValue="OK") == [names[3]]
    assert found(ActionPrefix="arn:aws:sns:") == [names[1], names[3]]
    assert found(AlarmTypes=["CompositeAlarm"]) == []
    message = refused("InvalidNextToken", cloudwatch.describe_alarms, NextToken="x")
    assert message == "The next token specified is invalid."
    cloudwatch.delete_alarms(AlarmNames=names)


@pytest.mark.parametrize(
    ("changed", "code", "message"),
    [
        ({"Period": 15}, "ValidationError", "Period must be 10, 20, 30 or a multiple of 60."),
        ({"DatapointsToAlarm": 2}, "ValidationError", "DatapointsToAlarm must not be greater than EvaluationPeriods."),
        ({"EvaluationPeriods": 1441, "Period": 60}, "ValidationError", "across more than a day"),
        ({"TreatMissingData": "so"}, "ValidationError", "Option so is not supported for TreatMissingData"),
        ({"ExtendedStatistic": "p90"}, "InvalidParameterCombination", "Exactly one of"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "ValidationError", "anomaly detection"),
        ({"ThresholdMetricId": "t"}, "ValidationError", "not ignored"),
        ({"AlarmActions": ["so"]}, "ValidationError", "Invalid arn syntax: so"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "ValidationError", "does not act on automate"),
    ],
)
def test_what_an_alarm_may_not_be(cloudwatch: Any, changed: dict[str, Any], code: str, message: str) -> None:
    request = {
        "AlarmName": "no",
        "Namespace": "n",
        "MetricName": "m",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "LessThanThreshold",
    }
    assert message in refused(code, cloudwatch.put_metric_alarm, **{**request, **changed})
    assert cloudwatch.describe_alarms(AlarmNames=["no"])["MetricAlarms"] == []


def test_it_alarms_when_a_period_ends_and_says_why(unhurried: Server) -> None:
    """Then it is OK again when the next one is within the threshold, and in the end has no data."""
    watched = Watched(unhurried)
    alarm = watched.period("ALARM", 1.0, 5.0)
    assert alarm["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoint [5.0 (")
    assert alarm["StateReason"].endswith(
        ")] was greater than the threshold (1.0) (minimum 1 datapoint for INSUFFICIENT_DATA -> ALARM transition)."
    )
    data = json.loads(alarm["StateReasonData"])
    assert (data["statistic"], data["period"], data["recentDatapoints"]) == ("Maximum", 10, [5.0])
    watched.period("OK", 0.5)
    watched.pass_(60)
    assert watched.becomes("INSUFFICIENT_DATA")["StateReason"] == "Insufficient Data: 1 datapoint was unknown."
    lines = [line["HistorySummary"] for line in watched.history("StateUpdate")]
    assert lines == [
        "Alarm updated from OK to INSUFFICIENT_DATA",
        "Alarm updated from ALARM to OK",
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
    ]
    change = json.loads(watched.history("StateUpdate")[-1]["HistoryData"])
    assert change["newState"]["stateValue"] == "ALARM"
    assert change["oldState"]["stateReason"] == "Unchecked: Initial alarm creation"


def test_two_of_three_minutes(unhurried: Server) -> None:
    """DatapointsToAlarm of EvaluationPeriods: standard resolution, evaluated every minute."""
    watched = Watched(unhurried, Period=60, EvaluationPeriods=3, DatapointsToAlarm=2, Statistic="Sum")
    now = watched.now()
    at_once = [
        {"MetricName": "load", "Value": value, "Timestamp": now - timedelta(minutes=minutes)}
        for minutes, value in ((3, 9.0), (2, 0.0), (1, 9.0))
    ]  # the first one by itself is reason enough: "all other more recent data points are breaching or missing"
    watched.cloudwatch.put_metric_data(Namespace=watched.namespace, MetricData=at_once)
    alarm = watched.becomes("ALARM")
    assert "2 out of the last 3 datapoints [9.0 (" in alarm["StateReason"]


def test_a_percentile(unhurried: Server) -> None:
    """Of three values, the middle one counts."""
    namespace = f"Tests/{uuid.uuid4()}"
    cloudwatch = unhurried.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=namespace,
        Namespace=namespace,
        MetricName="m",
        ExtendedStatistic="p50",
        Period=60,
        EvaluationPeriods=1,
        Threshold=4.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    at = unhurried.client("salvia").describe_clock()["Now"] - timedelta(minutes=1)
    cloudwatch.put_metric_data(
        Namespace=namespace,
        MetricData=[{"MetricName": "m", "Timestamp": at, "Values": [1.0, 5.0, 9.0], "Counts": [1, 1, 1]}],
    )
    eventually(
        lambda: cloudwatch.describe_alarms(AlarmNames=[namespace])["MetricAlarms"][0]["StateValue"] == "ALARM", 10
    )


def test_what_comes_late_is_looked_at_soon(salvia: Server) -> None:
    """A datum of a period that has ended: "within about 1–2 s", on a clock that nobody moves."""
    watched = Watched(salvia)
    watched.put(5.0, at=datetime.now(UTC) - timedelta(seconds=12))
    began = time.monotonic()
    watched.becomes("ALARM", 10)
    assert time.monotonic() - began < 5, "an alarm looked at its metric late"


def test_a_state_that_was_set_stands_until_the_next_evaluation(unhurried: Server) -> None:
    """SetAlarmState: "the alarm returns to its actual state"."""
    watched = Watched(unhurried, Period=60)
    cloudwatch = watched.cloudwatch
    cloudwatch.set_alarm_state(
        AlarmName=watched.name, StateValue="ALARM", StateReason="a drill", StateReasonData='{"by":"hand"}'
    )
    alarm = watched.shown()
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "a drill")
    assert json.loads(alarm["StateReasonData"]) == {"by": "hand"}
    watched.pass_(61)
    watched.becomes("INSUFFICIENT_DATA")
    wrong = {"AlarmName": watched.name, "StateValue": "OK", "StateReason": "", "StateReasonData": "{"}
    assert refused("InvalidFormat", cloudwatch.set_alarm_state, **wrong) == "StateReasonData was not valid JSON"
    assert refused("ResourceNotFound", cloudwatch.set_alarm_state, **{**wrong, "AlarmName": "x", "StateReasonData": ""})


def test_what_an_action_came_to_is_in_the_history(salvia: Server) -> None:
    """Nothing checks that a topic exists; an alarm whose actions are disabled only changes its state."""
    watched = Watched(salvia, AlarmActions=[TOPIC], Period=60)
    cloudwatch = watched.cloudwatch
    cloudwatch.set_alarm_state(AlarmName=watched.name, StateValue="ALARM", StateReason="a drill")
    (line,) = eventually(lambda: watched.history("Action"), 10)
    assert line["HistorySummary"] == f"Failed to execute action {TOPIC}"
    cloudwatch.disable_alarm_actions(AlarmNames=[watched.name])
    assert not watched.shown()["ActionsEnabled"]
    cloudwatch.set_alarm_state(AlarmName=watched.name, StateValue="OK", StateReason="")
    cloudwatch.set_alarm_state(AlarmName=watched.name, StateValue="ALARM", StateReason="")
    cloudwatch.enable_alarm_actions(AlarmNames=[watched.name])
    assert watched.shown()["ActionsEnabled"]
    assert len(watched.history("StateUpdate")) == 3
    assert len(watched.history("Action")) == 1
    kinds = [line["HistorySummary"].split()[-1] for line in watched.history("ConfigurationUpdate")]
    assert kinds == ["updated", "updated", "created"]


def test_a_configuration_may_change_and_the_state_stays(salvia: Server) -> None:
    watched = Watched(salvia, Period=60)
    watched.cloudwatch.set_alarm_state(AlarmName=watched.name, StateValue="OK", StateReason="by hand")
    watched.put_alarm(Period=60, Threshold=7.0)
    assert (watched.shown()["StateValue"], watched.shown()["Threshold"]) == ("OK", 7.0)


def test_a_composite_alarm_follows_its_children(salvia: Server) -> None:
    """PutCompositeAlarm: AND, OR and NOT over the states of other alarms, composite ones among them."""
    slow, few = Watched(salvia, Period=60), Watched(salvia, Period=60)
    cloudwatch, name = slow.cloudwatch, f"both-{uuid.uuid4()}"

    def state() -> Any:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        return alarm

    def child(watched: Watched, state: str) -> None:
        cloudwatch.set_alarm_state(AlarmName=watched.name, StateValue=state, StateReason="a drill")

    rule = f'ALARM("{slow.name}") AND NOT OK({few.name})'
    cloudwatch.put_composite_alarm(
        AlarmName=name, AlarmRule=rule, AlarmActions=[TOPIC], Tags=[{"Key": "team", "Value": "a"}]
    )
    assert (state()["AlarmRule"], state()["AlarmActions"]) == (rule, [TOPIC])
    eventually(lambda: state()["StateValue"] == "OK", 10)
    child(slow, "ALARM")
    alarm = eventually(lambda: (s := state())["StateValue"] == "ALARM" and s, 10)
    arn = slow.shown()["AlarmArn"]
    assert alarm["StateReason"].startswith(f"{arn} transitioned to ALARM at ")
    (triggering,) = json.loads(alarm["StateReasonData"])["triggeringAlarms"]
    assert (triggering["arn"], triggering["state"]["value"]) == (arn, "ALARM")
    child(few, "OK")
    eventually(lambda: state()["StateValue"] == "OK", 10)
    above = f"above-{uuid.uuid4()}"
    cloudwatch.put_composite_alarm(AlarmName=above, AlarmRule=f"OK({name}) OR FALSE")

    def above_is(value: str) -> Any:
        found = cloudwatch.describe_alarms(AlarmNames=[above], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        return found[0]["StateValue"] == value

    eventually(lambda: above_is("ALARM"), 10)
    cloudwatch.set_alarm_state(AlarmName=above, StateValue="OK", StateReason="until a child changes")
    child(few, "ALARM")
    eventually(lambda: state()["StateValue"] == "ALARM", 10)
    child(few, "OK")
    eventually(lambda: above_is("ALARM"), 10)
    family = cloudwatch.describe_alarms(ChildrenOfAlarmName=name)
    assert {alarm["AlarmName"] for alarm in family["MetricAlarms"]} == {slow.name, few.name}
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName=name)["CompositeAlarms"]
    assert [parent["AlarmName"] for parent in parents] == [above]
    lines = cloudwatch.describe_alarm_history(AlarmName=name, AlarmTypes=["CompositeAlarm"])["AlarmHistoryItems"]
    assert {line["AlarmType"] for line in lines} == {"CompositeAlarm"}
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []
    for rule, said in (
        (f"ALARM({above})", "would follow from itself"),
        ("ALARM(none)", "do not exist: none"),
        ("ALARM(", "goes wrong at character 1"),
        (f"ALARM({slow.name}) AND", "is no expression"),
        ("TRUE", "1 to 100 alarms"),
    ):
        assert said in refused("ValidationError", cloudwatch.put_composite_alarm, AlarmName=name, AlarmRule=rule)
    policy = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:x"
    request = {"AlarmName": name, "AlarmRule": f"OK({slow.name})"}
    assert "does not act on autoscaling" in refused(
        "ValidationError", cloudwatch.put_composite_alarm, **request, AlarmActions=[policy]
    )
    assert "is the name of a composite alarm" in refused(
        "ValidationError",
        cloudwatch.put_metric_alarm,
        AlarmName=name,
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="LessThanThreshold",
    )
    cloudwatch.delete_alarms(AlarmNames=[above, name])
