"""Application Auto Scaling through boto3, on endpoints that really serve.

Expectations: Application Auto Scaling API reference and user guide; SageMaker developer guide, "Automatic scaling of
Amazon SageMaker AI models". The clock is advanced, where minutes count.
"""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Server, eventually
from tests.endpoints import Endpoints

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
ROLE = (
    "arn:aws:iam::123456789012:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


class Scaled:
    """An endpoint of one variant, and its scalable target."""

    def __init__(self, server: Server, endpoints: Endpoints) -> None:
        self.server = server
        self.scaling = server.client("application-autoscaling")
        self.cloudwatch = server.client("cloudwatch")
        self.endpoints = endpoints
        self.endpoint = endpoints.create()
        self.resource = f"endpoint/{self.endpoint}/variant/AllTraffic"
        self.where = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": self.resource,
            "ScalableDimension": INSTANCES,
        }

    def register(self, low: int, high: int, **more: Any) -> str:
        answer = self.scaling.register_scalable_target(**self.where, MinCapacity=low, MaxCapacity=high, **more)
        return answer["ScalableTargetARN"]

    def target(self) -> dict[str, Any]:
        answer = self.scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[self.resource])
        (target,) = answer["ScalableTargets"]
        return target

    def step(self, name: str, *steps: dict[str, Any], kind: str = "ChangeInCapacity", **config: Any) -> str:
        answer = self.scaling.put_scaling_policy(
            **self.where,
            PolicyName=name,
            PolicyType="StepScaling",
            StepScalingPolicyConfiguration={"AdjustmentType": kind, "StepAdjustments": list(steps), **config},
        )
        return answer["PolicyARN"]

    def track(self, name: str, value: float, **config: Any) -> dict[str, Any]:
        predefined = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        own = {} if "CustomizedMetricSpecification" in config else {"PredefinedMetricSpecification": predefined}
        return self.scaling.put_scaling_policy(
            **self.where,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={"TargetValue": value, **own, **config},
        )

    def alarm(self, policy: str, **more: Any) -> str:
        name = f"alarm-{uuid.uuid4()}"
        self.cloudwatch.put_metric_alarm(
            **{
                "AlarmName": name,
                "Namespace": self.endpoint,
                "MetricName": "load",
                "Statistic": "Maximum",
                "Period": 10,
                "EvaluationPeriods": 1,
                "Threshold": 10.0,
                "ComparisonOperator": "GreaterThanThreshold",
                "AlarmActions": [policy],
                **more,
            }
        )
        return name

    def drill(self, alarm: str, *data: float) -> None:
        """Put an alarm into the state ALARM by hand, out of whichever state it is in."""
        with_data = {"StateReasonData": json.dumps({"recentDatapoints": data})} if data else {}
        self.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="OK", StateReason="a drill is over")
        self.cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a drill", **with_data)

    def variant(self) -> dict[str, Any]:
        (variant,) = self.endpoints.describe(self.endpoint)["ProductionVariants"]
        return variant

    def reaches(self, count: int, timeout: float = 30) -> None:
        def there() -> bool:
            described = self.endpoints.describe(self.endpoint)
            (variant,) = described["ProductionVariants"]
            settled = described["EndpointStatus"] == "InService"
            return settled and variant["CurrentInstanceCount"] == variant["DesiredInstanceCount"] == count

        eventually(there, timeout, f"{self.endpoint} has {count} instances")

    def activities(self, **more: Any) -> list[dict[str, Any]]:
        pages = self.scaling.get_paginator("describe_scaling_activities").paginate(
            ServiceNamespace="sagemaker", ResourceId=self.resource, PaginationConfig={"PageSize": 2}, **more
        )
        return [activity for page in pages for activity in page["ScalingActivities"]]

    def last(self, status: str = "Successful") -> dict[str, Any]:
        return eventually(
            lambda: (found := self.activities()) and found[0]["StatusCode"] == status and found[0], 20, status
        )

    def pass_(self, seconds: float) -> None:
        self.server.client("salvia").advance_clock(Seconds=seconds)

    def close(self) -> None:
        if self.scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[self.resource])[
            "ScalableTargets"
        ]:
            self.scaling.deregister_scalable_target(**self.where)
        self.endpoints.delete(self.endpoint)


@pytest.fixture(scope="module")
def endpoints(unhurried: Server) -> Endpoints:
    return Endpoints(unhurried)


@pytest.fixture
def scaled(unhurried: Server, endpoints: Endpoints) -> Iterator[Scaled]:
    scaled = Scaled(unhurried, endpoints)
    yield scaled
    scaled.close()


def refused(code: str, call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])


def test_a_target_is_described_changed_tagged_and_deregistered(scaled: Scaled) -> None:
    """The service-linked role is made by the first registration, and RoleARN tells of it."""
    scaling = scaled.scaling
    arn = scaled.register(1, 3, Tags={"team": "a"}, SuspendedState={"DynamicScalingInSuspended": True})
    target = scaled.target()
    assert (target["MinCapacity"], target["MaxCapacity"], target["RoleARN"]) == (1, 3, ROLE)
    assert target["ScalableTargetARN"] == arn
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }
    assert scaled.server.client("iam").get_role(RoleName=ROLE.rpartition("/")[2])["Role"]["Arn"] == ROLE
    scaling.register_scalable_target(**scaled.where, MaxCapacity=2)
    assert (scaled.target()["MinCapacity"], scaled.target()["MaxCapacity"]) == (1, 2)
    scaling.tag_resource(ResourceARN=arn, Tags={"stage": "b"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"stage": "b"}
    pages = scaling.get_paginator("describe_scalable_targets").paginate(
        ServiceNamespace="sagemaker", PaginationConfig={"PageSize": 1}
    )
    assert scaled.resource in [one["ResourceId"] for page in pages for one in page["ScalableTargets"]]
    policy = scaled.track("tracking", 70.0)
    scaling.deregister_scalable_target(**scaled.where)
    message = refused("ObjectNotFoundException", scaling.deregister_scalable_target, **scaled.where)
    assert message == (
        f"No scalable target registered for service namespace: sagemaker, resource ID: {scaled.resource}, "
        f"scalable dimension: {INSTANCES}"
    )
    names = [alarm["AlarmName"] for alarm in policy["Alarms"]]
    assert scaled.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"] == []
    refused("ResourceNotFoundException", scaling.list_tags_for_resource, ResourceARN=arn)


def test_what_cannot_be_registered(scaled: Scaled) -> None:
    register = scaled.scaling.register_scalable_target
    bounds = {"MinCapacity": 1, "MaxCapacity": 2}

    def said(**changed: Any) -> str:
        return refused("ValidationException", register, **{**scaled.where, **bounds, **changed})

    assert "ServiceNamespace sagemaker, not ecs" in said(ServiceNamespace="ecs")
    assert "inference components" in said(ScalableDimension="sagemaker:inference-component:DesiredCopyCount")
    assert "Unsupported service namespace, resource type" in said(ResourceId="endpoint/x")
    assert "endpoint doesn't exist: none" in said(ResourceId="endpoint/none/variant/AllTraffic")
    assert "has no production variant Other" in said(ResourceId=f"endpoint/{scaled.endpoint}/variant/Other")
    assert "is not serverless" in said(ScalableDimension="sagemaker:variant:DesiredProvisionedConcurrency")
    assert said(MinCapacity=3) == "Maximum capacity cannot be less than minimum capacity."
    assert "asynchronous endpoints alone" in said(MinCapacity=0)
    assert "needs both" in refused("ValidationException", register, **scaled.where, MinCapacity=1)
    policy = {"PolicyName": "p", **scaled.where}
    refused("ObjectNotFoundException", scaled.scaling.delete_scaling_policy, **policy)


def test_an_alarm_scales_a_variant_out_and_in(scaled: Scaled) -> None:
    """A metric's datapoint, a step policy; and back by an alarm whose state was set. The service acts in its role."""
    scaled.register(1, 3)
    out = scaled.step("out", {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}, Cooldown=60)
    high = scaled.alarm(out)
    scaled.cloudwatch.put_metric_data(
        Namespace=scaled.endpoint, MetricData=[{"MetricName": "load", "Value": 11.0, "StorageResolution": 1}]
    )
    scaled.pass_(10)
    began = time.monotonic()
    scaled.reaches(2)
    took = time.monotonic() - began
    activity = scaled.last()
    assert activity["Description"] == "Setting desired instance count to 2."
    assert activity["Cause"] == f"monitor alarm {high} in state ALARM triggered policy out"
    assert activity["StatusMessage"] == (
        "Successfully set desired instance count to 2. Change successfully fulfilled by sagemaker."
    )
    assert activity["EndTime"] >= activity["StartTime"]
    assert took < 10, f"scaling out took {took:.1f} s"
    (policy,) = scaled.scaling.describe_scaling_policies(
        ServiceNamespace="sagemaker", ResourceId=scaled.resource, PolicyNames=["out"]
    )["ScalingPolicies"]
    assert [one["AlarmName"] for one in policy["Alarms"]] == [high]
    back = scaled.step("back", {"MetricIntervalUpperBound": 0.0, "ScalingAdjustment": -1}, Cooldown=60)
    low = scaled.alarm(back, ComparisonOperator="LessThanThreshold")
    scaled.pass_(120)
    scaled.drill(low, 1.0)
    scaled.reaches(1)
    events = scaled.server.client("cloudtrail")

    def told() -> Any:
        found = events.lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "UpdateEndpointWeightsAndCapacities"}]
        )["Events"]
        return [json.loads(event["CloudTrailEvent"]) for event in found]

    record = eventually(told, 10)[0]
    assert record["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] == ROLE
    assert record["sourceIPAddress"] == "application-autoscaling.amazonaws.com"


def test_steps_bounds_and_cool_downs(scaled: Scaled) -> None:
    """The step of the breach, within the bounds, once a cool-down unless it is a larger one."""
    scaled.register(1, 3)
    policy = scaled.step(
        "out",
        {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 5.0, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 5.0, "ScalingAdjustment": 9},
        Cooldown=600,
    )
    alarm = scaled.alarm(policy, Period=60)
    scaled.drill(alarm, 12.0)
    scaled.reaches(2)
    scaled.last()
    scaled.drill(alarm, 12.0)  # no larger than what is cooling down
    scaled.drill(alarm, 20.0)
    scaled.reaches(3)
    assert scaled.last()["Description"] == "Setting desired instance count to 3."
    scaled.pass_(700)
    scaled.drill(alarm, 20.0)
    not_scaled = eventually(lambda: scaled.activities(IncludeNotScaledActivities=True)[0].get("NotScaledReasons"), 10)
    assert not_scaled == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3, "CurrentCapacity": 3}]
    assert len(scaled.activities()) == 2
    scaled.scaling.register_scalable_target(**scaled.where, MaxCapacity=1)
    scaled.reaches(1)
    assert scaled.last()["Cause"] == "maximum capacity was set to 1"


def test_target_tracking_owns_its_alarms(scaled: Scaled) -> None:
    """Three minutes above the target, fifteen below nine tenths of it; deleted with the policy."""
    scaled.register(1, 3)
    made = scaled.track("tracking", 70.0, ScaleInCooldown=60, ScaleOutCooldown=0)
    assert made["PolicyARN"].endswith(f":resource/sagemaker/{scaled.resource}:policyName/tracking")
    names = [alarm["AlarmName"] for alarm in made["Alarms"]]
    assert [name.rsplit("-", 5)[0] for name in names] == [
        f"TargetTracking-{scaled.resource}-AlarmHigh",
        f"TargetTracking-{scaled.resource}-AlarmLow",
    ]
    high, low = scaled.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    for alarm, threshold, operator, periods in (
        (high, 70.0, "GreaterThanThreshold", 3),
        (low, 63.0, "LessThanThreshold", 15),
    ):
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SageMaker", "InvocationsPerInstance")
        assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == ("Sum", 60, periods)
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (threshold, operator)
        assert alarm["AlarmActions"] == [made["PolicyARN"]]
        assert alarm["Dimensions"] == [
            {"Name": "EndpointName", "Value": scaled.endpoint},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ]
    scaled.drill(names[0], 140.0)  # twice the target on one instance
    scaled.reaches(2)
    scaled.last()
    scaled.pass_(61)
    scaled.drill(names[1], 1.0)
    scaled.reaches(1)
    pages = scaled.scaling.get_paginator("describe_scaling_policies").paginate(
        ServiceNamespace="sagemaker", ResourceId=scaled.resource, PaginationConfig={"PageSize": 1}
    )
    (policy,) = [policy for page in pages for policy in page["ScalingPolicies"]]
    assert policy["Alarms"] == made["Alarms"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 70.0
    again = scaled.track("tracking", 20.0, DisableScaleIn=True)
    assert again["PolicyARN"] == made["PolicyARN"]
    assert [alarm["AlarmName"] for alarm in again["Alarms"]] == names[:1]
    (left,) = scaled.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert left["Threshold"] == 20.0
    scaled.scaling.delete_scaling_policy(**scaled.where, PolicyName="tracking")
    assert scaled.cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"] == []


def test_target_tracking_follows_a_metric(scaled: Scaled) -> None:
    """A customised metric, three minutes above its target: as many instances as bring it back, at once."""
    scaled.register(1, 3)
    own = {"MetricName": "load", "Namespace": scaled.endpoint, "Statistic": "Average"}
    scaled.track("own", 10.0, CustomizedMetricSpecification=own)
    now = scaled.server.client("salvia").describe_clock()["Now"]
    data = [
        {"MetricName": "load", "Value": 25.0, "Timestamp": now - timedelta(minutes=minutes)} for minutes in (1, 2, 3)
    ]
    scaled.cloudwatch.put_metric_data(Namespace=scaled.endpoint, MetricData=data)
    scaled.reaches(3)
    assert "-AlarmHigh-" in scaled.last()["Cause"]


def test_what_is_suspended_does_not_happen(scaled: Scaled) -> None:
    scaled.register(1, 2, SuspendedState={"DynamicScalingOutSuspended": True})
    alarm = scaled.alarm(scaled.step("out", {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}))
    scaled.drill(alarm)
    eventually(
        lambda: scaled.cloudwatch.describe_alarm_history(AlarmName=alarm, HistoryItemType="Action")[
            "AlarmHistoryItems"
        ],
        10,
    )
    scaled.scaling.register_scalable_target(**scaled.where, SuspendedState={"DynamicScalingOutSuspended": False})
    assert scaled.activities() == []
    scaled.drill(alarm)  # a state that was set carries no value: it is the threshold's
    scaled.reaches(2)


def test_a_schedule_sets_the_bounds(scaled: Scaled) -> None:
    """At its time, on the server's clock, in a time zone; at() comes once, a cron comes again, none while suspended."""
    scaled.register(1, 3)
    scaling = scaled.scaling
    now = scaled.server.client("salvia").describe_clock()["Now"]
    at = (now + timedelta(hours=3)).astimezone(UTC)
    put = scaling.put_scheduled_action
    once = {"ScheduledActionName": "once", **scaled.where}
    put(
        **once,
        Schedule=f"at({at + timedelta(hours=1):%Y-%m-%dT%H:%M:%S})",
        Timezone="Etc/GMT-1",
        ScalableTargetAction={"MinCapacity": 2},
        EndTime=at + timedelta(days=1),
    )
    put(
        **scaled.where,
        ScheduledActionName="nightly",
        Schedule="cron(0 0 * * ? *)",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 1},
        StartTime=at + timedelta(days=3),
    )
    pages = scaling.get_paginator("describe_scheduled_actions").paginate(
        ServiceNamespace="sagemaker", ResourceId=scaled.resource, PaginationConfig={"PageSize": 1}
    )
    shown = {action["ScheduledActionName"]: action for page in pages for action in page["ScheduledActions"]}
    assert shown["once"]["Timezone"] == "Etc/GMT-1"
    assert ":resource/sagemaker/endpoint/" in shown["once"]["ScheduledActionARN"]
    assert abs(shown["nightly"]["StartTime"] - at - timedelta(days=3)) < timedelta(seconds=1)
    scaled.pass_(3 * 3600 + 5)
    scaled.reaches(2)
    scaled.last()
    causes = [activity["Cause"] for activity in scaled.activities()]
    assert causes == ["minimum capacity was set to 2", "scheduled action name once was triggered"]
    assert scaled.activities()[1]["Description"] == "Setting min capacity to 2"
    scaled.pass_(86_400)
    assert (scaled.target()["MinCapacity"], scaled.target()["MaxCapacity"]) == (2, 3)
    scaled.pass_(3 * 86_400)
    scaled.reaches(1)
    assert (scaled.target()["MinCapacity"], scaled.target()["MaxCapacity"]) == (1, 1)
    scaling.delete_scheduled_action(**once)
    refused("ObjectNotFoundException", scaling.delete_scheduled_action, **once)
    action = {"MinCapacity": 1}
    for schedule, said in (
        ("cron(0 0 * * *)", "needs six fields"),
        ("at(2020-01-01T00:00:00)", "in the past"),
        ("daily", "neither at(…), rate(…) nor cron(…)"),
    ):
        assert said in refused("ValidationException", put, **once, Schedule=schedule, ScalableTargetAction=action)
    assert "ScalableTargetAction" in refused("ValidationException", put, **once, Schedule="rate(1 day)")


@pytest.mark.parametrize(
    ("kind", "config", "said"),
    [
        ("PredictiveScaling", {}, "does not forecast"),
        ("StepScaling", {"StepScalingPolicyConfiguration": {"AdjustmentType": "ExactCapacity"}}, "StepAdjustments"),
        (
            "TargetTrackingScaling",
            {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0}},
            "Exactly one of PredefinedMetricSpecification",
        ),
        (
            "TargetTrackingScaling",
            {
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 1.0,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
                }
            },
            "is not one of sagemaker:variant:DesiredInstanceCount",
        ),
        (
            "TargetTrackingScaling",
            {
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 1.0,
                    "CustomizedMetricSpecification": {"Metrics": [{"Id": "e", "Expression": "1"}]},
                }
            },
            "metric math",
        ),
    ],
)
def test_what_cannot_be_a_policy(one: Scaled, kind: str, config: dict[str, Any], said: str) -> None:
    call = one.scaling.put_scaling_policy
    assert said in refused("ValidationException", call, **one.where, PolicyName="p", PolicyType=kind, **config)


@pytest.fixture(scope="module")
def one(unhurried: Server, endpoints: Endpoints) -> Iterator[Scaled]:
    scaled = Scaled(unhurried, endpoints)
    scaled.register(1, 2)
    yield scaled
    scaled.close()


def test_only_who_may_make_the_role_registers_the_first_target(unhurried: Server, one: Scaled) -> None:
    """User guide, "Service-linked roles": iam:CreateServiceLinkedRole is needed; the role is made once."""
    iam = unhurried.client("iam")
    message = refused(
        "InvalidInput",
        iam.create_service_linked_role,
        AWSServiceName="sagemaker.application-autoscaling.amazonaws.com",
    )
    assert message.endswith("has been taken in this account, please try a different suffix.")
    assert "alone, not of x.amazonaws.com" in refused(
        "InvalidInput", iam.create_service_linked_role, AWSServiceName="x.amazonaws.com"
    )
    user = f"u-{uuid.uuid4()}"
    iam.create_user(UserName=user)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    theirs = unhurried.client("application-autoscaling", (key["AccessKeyId"], key["SecretAccessKey"], None))
    message = refused("AccessDeniedException", theirs.register_scalable_target, **one.where, MinCapacity=1)
    assert "not authorized to perform: application-autoscaling:RegisterScalableTarget" in message


def test_whoever_dies_the_capacity_is_reached(scaled: Scaled) -> None:
    """kill -9 of the controller while it scales: what was decided is done, once."""
    scaled.register(1, 3)
    alarm = scaled.alarm(scaled.step("out", {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}))
    scaled.drill(alarm)
    eventually(scaled.activities, 10)
    for pid in scaled.server.pids("controller"):
        os.kill(pid, signal.SIGKILL)
    scaled.reaches(3, 60)
    assert scaled.last()["Description"] == "Setting desired instance count to 3."
    assert len(scaled.activities()) == 1
