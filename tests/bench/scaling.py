"""How soon an endpoint serves: a new one, one more instance of it, the first of a serverless one. All of XGBoost."""

from __future__ import annotations

import time
from typing import Any

from tests.bench.invoke import DATA, trained
from tests.conftest import Server, eventually
from tests.endpoints import Endpoints

_TIMES = 3


def figures(server: Server) -> dict[str, float]:
    """Seconds, the best of some; the image is warm."""
    made = Endpoints(server)
    model = trained(server)
    new, more, zero = [], [], []
    for _ in range(_TIMES):
        begun = time.monotonic()
        name = made.create(made.config(made.variant(model)))
        new.append(time.monotonic() - begun)
        more.append(_one_more(made, name))
        made.delete(name)
        zero.append(_from_zero(made, model))
    return {
        "CreateEndpoint to InService, s": min(new),
        "ALARM to one more serving instance, s": min(more),
        "serverless, from zero to an answer, s": min(zero),
    }


def _one_more(made: Endpoints, name: str) -> float:
    """Seconds from an alarm's ALARM until a second instance is in the route and answers."""
    scaling, cloudwatch = made.server.client("application-autoscaling"), made.server.client("cloudwatch")
    where: dict[str, Any] = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**where, MinCapacity=1, MaxCapacity=2)
    step = {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}
    policy = scaling.put_scaling_policy(
        **where,
        PolicyName="more",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [step]},
    )["PolicyARN"]
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="bench",
        MetricName="load",
        Statistic="Maximum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=10.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[policy],
    )
    begun = time.monotonic()
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    eventually(lambda: len(made.sockets(name)) == 2, 30, "a second instance serves")
    took = time.monotonic() - begun
    scaling.deregister_scalable_target(**where)
    made.settled(name)
    return took


def _from_zero(made: Endpoints, model: str) -> float:
    """Seconds of the first request to a serverless endpoint, through boto3."""
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 1}
    name = made.create(made.config({"VariantName": "AllTraffic", "ModelName": model, "ServerlessConfig": config}))
    runtime = made.server.client("sagemaker-runtime")
    body = DATA.read_bytes().splitlines()[0].partition(b",")[2]
    begun = time.monotonic()
    runtime.invoke_endpoint(EndpointName=name, Body=body, ContentType="text/csv")
    took = time.monotonic() - begun
    made.delete(name)
    return took
