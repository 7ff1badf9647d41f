"""Deployment guardrails through boto3, on a clock that is moved: canary, linear and rolling updates, what they show.

Source: developer guide, "Deployment guardrails for updating models in production"; API_DeploymentConfig.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Server, eventually
from tests.endpoints import Endpoints


@pytest.fixture(scope="module")
def endpoints(make_server: Callable[..., Server]) -> Endpoints:
    """Endpoints of a server whose time is moved."""
    return Endpoints(make_server("--clock", "virtual"))


def blue_green(kind: str, wait: int = 600, keep: int = 0, **size: Any) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **size},
            "TerminationWaitInSeconds": keep,
        }
    }


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


def shares(endpoints: Endpoints, name: str) -> list[float]:
    """Of the traffic, by fleet, oldest first."""
    return [round(fleet["share"], 4) for fleet in endpoints.route(name)["variants"][0]["fleets"]]


def counts(endpoints: Endpoints, name: str) -> list[int]:
    """Instances that serve, by fleet."""
    return [len(fleet["replicas"]) for fleet in endpoints.route(name)["variants"][0]["fleets"]]


def advance(endpoints: Endpoints, seconds: int) -> None:
    endpoints.server.advance(f"{seconds}s")


def update(endpoints: Endpoints, name: str, config: dict[str, Any], *, count: int = 1, **environment: str) -> str:
    new = endpoints.config(endpoints.variant(endpoints.model(**environment), count=count))
    endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=new, DeploymentConfig=config)
    return new


def test_a_canary_bakes_before_the_rest_follows(endpoints: Endpoints) -> None:
    """One part of the traffic, WaitIntervalInSeconds, the rest, the wait again, TerminationWaitInSeconds, the end."""
    name = endpoints.create()
    config = blue_green("CANARY", keep=300, CanarySize=percent(20))
    new = update(endpoints, name, config)
    eventually(lambda: shares(endpoints, name) == [0.8, 0.2])
    described = endpoints.describe(name)
    assert described["EndpointStatus"] == "Updating"
    assert described["LastDeploymentConfig"] == config
    pending = described["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == new
    eventually(
        lambda: (
            endpoints.describe(name)["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"][0]["Status"]
            == "Baking"
        )
    )
    advance(endpoints, 601)
    eventually(lambda: shares(endpoints, name) == [0.0, 1.0])
    advance(endpoints, 601)
    advance(endpoints, 200)
    assert endpoints.describe(name)["EndpointStatus"] == "Updating"
    assert counts(endpoints, name) == [1, 1]
    advance(endpoints, 101)
    described = endpoints.settled(name)
    assert described["EndpointConfigName"] == new
    assert (shares(endpoints, name), counts(endpoints, name)) == ([1.0], [1])
    endpoints.delete(name)


def test_a_linear_update_moves_equal_steps(endpoints: Endpoints) -> None:
    """Three steps of 40, 80, 100 percent."""
    name = endpoints.create()
    update(endpoints, name, blue_green("LINEAR", LinearStepSize=percent(40)))
    for share in (0.4, 0.8, 1.0):
        eventually(lambda share=share: shares(endpoints, name) == [round(1 - share, 4), share])
        advance(endpoints, 601)
    assert endpoints.settled(name)["EndpointStatus"] == "InService"
    endpoints.delete(name)


def test_a_rolling_update_never_has_many_more_instances(endpoints: Endpoints) -> None:
    """Batches of half of the fleet: each is up, gets its traffic, bakes; then as much of the old fleet ends."""
    name = endpoints.create(endpoints.config(endpoints.variant(endpoints.model(), count=2)))
    policy = {"RollingUpdatePolicy": {"MaximumBatchSize": percent(50), "WaitIntervalInSeconds": 600}}
    update(endpoints, name, policy, count=2)
    eventually(lambda: (shares(endpoints, name), counts(endpoints, name)) == ([0.5, 0.5], [2, 1]))
    advance(endpoints, 601)
    eventually(lambda: (shares(endpoints, name), counts(endpoints, name)) == ([0.0, 1.0], [1, 2]))
    advance(endpoints, 601)
    assert endpoints.settled(name)["EndpointStatus"] == "InService"
    assert counts(endpoints, name) == [2]
    endpoints.delete(name)


def test_a_deployment_that_takes_too_long_goes_back(endpoints: Endpoints) -> None:
    """MaximumExecutionTimeoutInSeconds: here while the canary bakes."""
    name = endpoints.create()
    config = blue_green("CANARY", wait=500, CanarySize=percent(50))
    config["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 700
    update(endpoints, name, config)
    eventually(lambda: shares(endpoints, name) == [0.5, 0.5])
    advance(endpoints, 501)
    eventually(lambda: shares(endpoints, name) == [0.0, 1.0])
    advance(endpoints, 201)
    described = endpoints.settled(name)
    assert "MaximumExecutionTimeoutInSeconds" in described["FailureReason"]
    assert described["EndpointStatus"] == "InService"
    assert (shares(endpoints, name), counts(endpoints, name)) == ([1.0], [1])
    endpoints.delete(name)


def test_a_rolling_update_that_fails_restores_what_it_had_ended(endpoints: Endpoints) -> None:
    """RollingBack until the old fleet is whole again, then all traffic is back."""
    name = endpoints.create(endpoints.config(endpoints.variant(endpoints.model(), count=2)))
    policy = {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": percent(50),
            "WaitIntervalInSeconds": 500,
            "MaximumExecutionTimeoutInSeconds": 700,
        }
    }
    update(endpoints, name, policy, count=2)
    eventually(lambda: (shares(endpoints, name), counts(endpoints, name)) == ([0.5, 0.5], [2, 1]))
    advance(endpoints, 501)
    eventually(lambda: (shares(endpoints, name), counts(endpoints, name)) == ([0.0, 1.0], [1, 2]))
    advance(endpoints, 201)
    described = endpoints.settled(name)
    assert "rolled back" in described["FailureReason"]
    assert (shares(endpoints, name), counts(endpoints, name)) == ([1.0], [2])
    endpoints.delete(name)


def test_an_alarm_rolls_a_deployment_back(endpoints: Endpoints) -> None:
    """AutoRollbackConfiguration: within 5 s of the alarm all traffic is back; an alarm that is none is refused."""
    cloudwatch = endpoints.server.client("cloudwatch")
    alarm = endpoints.name("alarm")
    config = {
        **blue_green("CANARY", CanarySize=percent(10)),
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }
    name = endpoints.create()
    with pytest.raises(ClientError, match=f"there is no alarm {alarm}"):
        update(endpoints, name, config)
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": name}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    before = endpoints.describe(name)["EndpointConfigName"]
    update(endpoints, name, config)
    eventually(lambda: shares(endpoints, name) == [0.9, 0.1])
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="errors")
    eventually(lambda: shares(endpoints, name) == [1.0], timeout=5)
    described = endpoints.settled(name)
    assert alarm in described["FailureReason"]
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", before)
    endpoints.delete(name)


def test_an_endpoint_is_deleted_in_the_middle_of_a_deployment(endpoints: Endpoints) -> None:
    """Both fleets end with it."""
    name = endpoints.create()
    update(endpoints, name, blue_green("CANARY", CanarySize=percent(20)))
    eventually(lambda: shares(endpoints, name) == [0.8, 0.2])
    endpoints.delete(name)
    assert endpoints.route(name) is None


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (blue_green("CANARY"), "needs a CanarySize"),
        (blue_green("CANARY", CanarySize=percent(60)), "from 1 to 50"),
        (blue_green("LINEAR", LinearStepSize=percent(5)), "from 10 to 50"),
        (blue_green("ALL_AT_ONCE", CanarySize=percent(5)), "has no CanarySize"),
        (
            {
                **blue_green("ALL_AT_ONCE"),
                "RollingUpdatePolicy": {"MaximumBatchSize": percent(50), "WaitIntervalInSeconds": 0},
            },
            "exclude each other",
        ),
    ],
)
def test_a_policy_that_cannot_be_is_refused(endpoints: Endpoints, config: dict[str, Any], said: str) -> None:
    """API_TrafficRoutingConfig, API_RollingUpdatePolicy: their sizes and limits."""
    with pytest.raises(ClientError, match=said):
        endpoints.sagemaker.create_endpoint(
            EndpointName="wrong", EndpointConfigName=endpoints.config(), DeploymentConfig=config
        )
