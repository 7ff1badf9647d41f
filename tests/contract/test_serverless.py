"""Serverless endpoints through boto3: from zero and back, throttling, provisioned concurrency, what they exclude.

Source: SageMaker developer guide, "Deploy models with Amazon SageMaker Serverless Inference" and the pages below it;
API reference, ProductionVariantServerlessConfig. The model servers are echoes (tests/images/echo); the clock is
advanced where minutes count.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Server, eventually
from tests.endpoints import ECHO, Endpoints

IDLE = "6m"  # longer than an idle replica is kept


class Serverless(Endpoints):
    """Endpoints of one serverless variant."""

    def serverless(self, *, memory: int = 1024, most: int = 4, provisioned: int = 0, **environment: str) -> str:
        """A configuration of one echo."""
        config = {"MemorySizeInMB": memory, "MaxConcurrency": most}
        if provisioned:
            config["ProvisionedConcurrency"] = provisioned
        return self.config(self.plain(self.model(**environment), ServerlessConfig=config))

    def plain(self, model: str, **more: Any) -> dict[str, Any]:
        return {"VariantName": "AllTraffic", "ModelName": model, **more}

    def invoke(self, name: str, body: bytes = b"hello", **more: Any) -> dict[str, Any]:
        runtime = self.server.client("sagemaker-runtime", max_pool_connections=50)
        return json.loads(runtime.invoke_endpoint(EndpointName=name, Body=body, **more)["Body"].read())

    def refused(self, name: str, body: bytes = b"hello") -> dict[str, Any]:
        """The error of an invocation."""
        with pytest.raises(ClientError) as caught:
            self.invoke(name, body)
        return caught.value.response

    def warm(self, name: str) -> int:
        """How many replicas its requests may go to."""
        return len(self.sockets(name))

    def folders(self) -> set[str]:
        """Whatever runs, or has run, for an endpoint and was not removed."""
        return {path.name for path in (self.server.home / "runtime" / "instances").glob("e*-*-0")}

    def variant_of(self, name: str) -> dict[str, Any]:
        (variant,) = self.describe(name)["ProductionVariants"]
        return variant


@pytest.fixture(scope="module")
def endpoints(unhurried: Server) -> Serverless:
    """Serverless endpoints on the server whose time is the test's."""
    return Serverless(unhurried)


@pytest.fixture(scope="module", autouse=True)
def hopeless(endpoints: Serverless) -> Iterator[Future[dict[str, Any]]]:
    """What becomes of a request whose replica never answers /ping: it waits while the other tests run."""
    name = endpoints.create(endpoints.serverless(BEHAVIOUR="hangs"))
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(endpoints.refused, name)
    endpoints.delete(name)


def refused(call: Any, **request: Any) -> str:
    """What a call is refused with, a ValidationException."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return caught.value.response["Error"]["Message"]


def test_an_endpoint_serves_from_zero_and_goes_back_to_zero(endpoints: Serverless) -> None:
    """ "launch compute resources and scale them in and out depending on traffic … scales your endpoint down to 0"."""
    name = endpoints.create(endpoints.serverless(memory=2048, most=3))
    variant = endpoints.variant_of(name)
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 3}
    assert variant["DesiredServerlessConfig"] == variant["CurrentServerlessConfig"]
    assert "CurrentInstanceCount" not in variant
    assert variant["DeployedImages"][0]["SpecifiedImage"] == ECHO
    assert endpoints.warm(name) == 0, "nothing runs before somebody asks"
    first = endpoints.invoke(name)
    assert (first["body"], first["files"]) == ("hello", ["weights"])
    used = endpoints.sockets(name)
    assert endpoints.invoke(name)["body"] == "hello"
    assert endpoints.sockets(name) == used, "a warm replica is used again"
    assert len(used) == 1
    too_large = endpoints.refused(name, b"x" * ((4 << 20) + 1))["Error"]  # "Endpoints and quotas", payload size
    assert (too_large["Code"], "4194304 bytes" in too_large["Message"]) == ("ValidationError", True)
    endpoints.server.advance(IDLE)
    eventually(lambda: endpoints.warm(name) == 0, 20, "nothing is left in the route")
    assert endpoints.describe(name)["EndpointStatus"] == "InService"
    assert endpoints.invoke(name)["body"] == "hello"
    assert len(set(used + endpoints.sockets(name))) == 2, "from zero again"
    endpoints.delete(name)


def test_requests_at_once_have_a_replica_each_up_to_the_maximum(endpoints: Serverless) -> None:
    """ "If the endpoint is invoked before it finishes processing the first request, then it handles the second request
    concurrently … any endpoint invocations beyond the maximum are throttled". Throttling: "Common Errors"."""
    name = endpoints.create(endpoints.serverless(most=2))
    with ThreadPoolExecutor(3) as pool:
        begun = [pool.submit(endpoints.invoke, name, b"wait3") for _ in range(2)]
        eventually(lambda: endpoints.warm(name) == 2, 20, "two replicas")
        error = endpoints.refused(name)
        assert error["Error"]["Code"] == "ThrottlingException"
        assert error["Error"]["Message"] == "The request was denied due to request throttling."
        assert [one.result()["body"] for one in begun] == ["wait3"] * 2
    endpoints.invoke(name)
    metrics = endpoints.server.client("cloudwatch")
    where = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "AllTraffic"}]

    def most(metric: str) -> float | None:
        now = datetime.now(UTC)  # the server's is ahead
        found = metrics.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=where,
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(days=30),
            Period=86400,
            Statistics=["Maximum"],
        )["Datapoints"]
        return max((point["Maximum"] for point in found), default=None)

    eventually(lambda: most("ServerlessConcurrentExecutionsUtilization") == 1.0, 20, "as many as there may be")
    assert most("ModelSetupTime") > 10_000  # microseconds
    assert most("OverheadLatency") > 10_000, "a cold start is AWS's overhead, not the model's"
    assert most("InvocationsPerInstance") is None, "not in the guide's exhaustive list"
    endpoints.delete(name)


def test_what_a_configuration_must_not_have(endpoints: Serverless) -> None:
    """ProductionVariantServerlessConfig, and the guide's "Feature exclusions"."""
    create = endpoints.sagemaker.create_endpoint_config
    model = endpoints.model()
    good = {"MemorySizeInMB": 1024, "MaxConcurrency": 2}

    def said(*variants: dict[str, Any], **more: Any) -> str:
        given = list(variants) or [endpoints.plain(model, ServerlessConfig=good)]
        return refused(create, EndpointConfigName=endpoints.name("config"), ProductionVariants=given, **more)

    def config(**more: Any) -> dict[str, Any]:
        return endpoints.plain(model, ServerlessConfig={**good, **more})

    assert "1 GB increments" in said(config(MemorySizeInMB=1500))
    assert "less than or equal to 6144" in said(config(MemorySizeInMB=7168))
    assert "less than or equal to 200" in said(config(MaxConcurrency=201))
    assert "less than or equal to MaxConcurrency" in said(config(ProvisionedConcurrency=3))
    assert "InstanceType" in said({**config(), "InstanceType": "ml.m5.large"})
    assert "InitialInstanceCount" in said({**config(), "InitialInstanceCount": 1})
    assert "multiple production variants" in said(config(), {**config(), "VariantName": "other"})
    capture = {
        "InitialSamplingPercentage": 1,
        "DestinationS3Uri": "s3://bucket/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    assert "data capture" in said(DataCaptureConfig=capture)
    isolated = endpoints.name("model")
    container = {"Image": ECHO, "ContainerHostname": "one"}
    role = endpoints.sagemaker.describe_model(ModelName=model)["ExecutionRoleArn"]
    endpoints.sagemaker.create_model(
        ModelName=isolated, PrimaryContainer=container, ExecutionRoleArn=role, EnableNetworkIsolation=True
    )
    assert "network isolation" in said(endpoints.plain(isolated, ServerlessConfig=good))
    pipeline = endpoints.name("model")
    containers = [container, {**container, "ContainerHostname": "two"}]
    endpoints.sagemaker.create_model(ModelName=pipeline, Containers=containers, ExecutionRoleArn=role)
    assert "inference pipelines" in said(endpoints.plain(pipeline, ServerlessConfig=good))


def test_a_model_whose_data_is_not_there_fails_at_once(endpoints: Serverless) -> None:
    """Not with the first request: it would have nobody to tell."""
    model = endpoints.name("model")
    container = {"Image": ECHO, "ModelDataUrl": f"s3://{endpoints.bucket}/absent.tar.gz"}
    role = endpoints.sagemaker.describe_model(ModelName=endpoints.model())["ExecutionRoleArn"]
    endpoints.sagemaker.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=role)
    config = {"MemorySizeInMB": 1024, "MaxConcurrency": 2}
    name = endpoints.create(endpoints.config(endpoints.plain(model, ServerlessConfig=config)), wait=False)
    described = endpoints.settled(name)
    assert described["EndpointStatus"] == "Failed"
    assert f"Could not find model data at s3://{endpoints.bucket}/absent.tar.gz." in described["FailureReason"]
    endpoints.delete(name)


def test_a_model_that_never_serves_is_told_of_and_not_tried_for_ever(endpoints: Serverless) -> None:
    """ModelError, with the container's last lines; no replica is started that nobody waits for."""
    name = endpoints.create(endpoints.serverless(BEHAVIOUR="exits"))
    error = endpoints.refused(name)
    assert error["Error"]["Code"] == "ModelError"
    assert error["OriginalStatusCode"] == 0
    assert "ended with exit code 7. Its last lines:\necho starts exits" in error["OriginalMessage"]
    assert endpoints.describe(name)["EndpointStatus"] == "InService"
    logs = endpoints.server.client("logs")
    group = f"/aws/sagemaker/Endpoints/{name}"

    def started() -> int:
        return len(logs.describe_log_streams(logGroupName=group)["logStreams"])

    before = started()
    time.sleep(4)  # nobody asks; one that is tried again is after one second, after two more, …
    assert started() <= before + 1
    endpoints.delete(name)


def test_a_request_that_waits_outlives_the_controller(endpoints: Serverless) -> None:
    """What it needs stands in the database: the next controller finds it."""
    name = endpoints.create(endpoints.serverless())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(endpoints.invoke, name)
        for pid in endpoints.server.pids("controller"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert waiting.result()["body"] == "hello"
    endpoints.delete(name)


def test_an_endpoint_is_deleted_while_a_request_waits(endpoints: Serverless) -> None:
    """The request is told that there is no such endpoint; nothing is left of what was started for it."""
    name = endpoints.create(endpoints.serverless(BEHAVIOUR="hangs"))
    before = endpoints.folders()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(endpoints.refused, name)
        eventually(lambda: endpoints.folders() - before, 20, "a replica is started")
        endpoints.delete(name)
        error = waiting.result()
    assert error["Error"]["Code"] == "ValidationError"
    assert f"Endpoint {name} of account 123456789012 not found." in error["Error"]["Message"]
    eventually(lambda: not endpoints.folders() - before, 20, "nothing is left")


def test_provisioned_concurrency_is_kept_warm(endpoints: Serverless) -> None:
    """ "the compute resources are initialized and ready to respond within milliseconds"; changed in place by
    ServerlessUpdateConfig; paid for, used or not."""
    name = endpoints.create(endpoints.serverless(most=3, provisioned=1))
    assert endpoints.warm(name) == 1
    endpoints.server.advance(IDLE)
    update = endpoints.sagemaker.update_endpoint_weights_and_capacities
    wanted = {"MaxConcurrency": 4, "ProvisionedConcurrency": 2}
    asked = {"VariantName": "AllTraffic", "ServerlessUpdateConfig": wanted}
    update(EndpointName=name, DesiredWeightsAndCapacities=[asked])
    assert endpoints.settled(name)["EndpointStatus"] == "InService"
    assert endpoints.warm(name) == 2
    assert endpoints.variant_of(name)["CurrentServerlessConfig"] == {"MemorySizeInMB": 1024, **wanted}
    too_many = {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"ProvisionedConcurrency": 5}}
    assert "MaxConcurrency" in refused(update, EndpointName=name, DesiredWeightsAndCapacities=[too_many])
    count = {"VariantName": "AllTraffic", "DesiredInstanceCount": 2}
    assert "serverless" in refused(update, EndpointName=name, DesiredWeightsAndCapacities=[count])
    endpoints.invoke(name)
    found = eventually(lambda: "ServerlessProvisionedDuration" in (bill := costs(endpoints, name)) and bill, 20)
    assert found["ServerlessProvisioned"] >= 6 * 60 * 0.000005  # a GB second: 0.000005
    assert 0 < found["ServerlessProvisionedDuration"] < 1 * 0.00001165, "less than a second, by the millisecond"
    endpoints.delete(name)


def costs(endpoints: Serverless, name: str) -> dict[str, float]:
    """What an endpoint cost, by component."""
    arn = endpoints.describe(name)["EndpointArn"]
    groups = endpoints.server.client("salvia").get_cost(GroupBy=[{"Type": "RESOURCE"}, {"Type": "COMPONENT"}])["Groups"]
    return {group["Keys"][1]: float(group["Cost"]) for group in groups if group["Keys"][0] == arn}


def test_an_update_takes_over_without_losing_a_request(endpoints: Serverless) -> None:
    """ "The process for updating a serverless endpoint is the same as … a real-time endpoint"; one way only between
    the kinds: "You cannot convert your instance-based, real-time endpoint to a serverless endpoint"."""
    name = endpoints.create(endpoints.serverless())
    first = endpoints.invoke(name)["name"]
    config = endpoints.serverless(memory=2048)
    endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    seen = [endpoints.invoke(name)["name"] for _ in range(3)]
    assert endpoints.settled(name)["EndpointConfigName"] == config
    seen.append(endpoints.invoke(name)["name"])
    assert seen[-1] != first
    assert endpoints.variant_of(name)["CurrentServerlessConfig"]["MemorySizeInMB"] == 2048
    update = endpoints.sagemaker.update_endpoint
    canary = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 1,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            }
        }
    }
    rolling = {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 0,
        }
    }
    # "Deployment guardrails only apply to Asynchronous Inference and Real-time Inference endpoint types"
    for policy, kind in ((canary, "CANARY"), (rolling, "RollingUpdatePolicy")):
        assert kind in refused(update, EndpointName=name, EndpointConfigName=config, DeploymentConfig=policy)
    create = endpoints.sagemaker.create_endpoint
    assert "CANARY" in refused(create, EndpointName="guarded", EndpointConfigName=config, DeploymentConfig=canary)
    instances = endpoints.config()
    update(EndpointName=name, EndpointConfigName=instances)
    assert endpoints.settled(name)["EndpointConfigName"] == instances
    assert endpoints.variant_of(name)["CurrentInstanceCount"] == 1
    endpoints.invoke(name)
    assert "cannot convert" in refused(update, EndpointName=name, EndpointConfigName=config)
    endpoints.delete(name)


def test_application_auto_scaling_sets_provisioned_concurrency(endpoints: Serverless) -> None:
    """The guide, "Automatically scale Provisioned Concurrency for a serverless endpoint"."""
    name = endpoints.create(endpoints.serverless(most=3, provisioned=1))
    scaling = endpoints.server.client("application-autoscaling")
    where = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency",
    }
    scaling.register_scalable_target(**where, MinCapacity=1, MaxCapacity=3)
    predefined = {"PredefinedMetricType": "SageMakerVariantProvisionedConcurrencyUtilization"}
    scaling.put_scaling_policy(
        **where,
        PolicyName="by-use",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 0.5, "PredefinedMetricSpecification": predefined},
    )
    scaling.register_scalable_target(**where, MinCapacity=2, MaxCapacity=3)
    eventually(lambda: endpoints.warm(name) == 2, 30, "two replicas are kept warm")
    assert endpoints.settled(name)["EndpointStatus"] == "InService"
    assert endpoints.variant_of(name)["CurrentServerlessConfig"]["ProvisionedConcurrency"] == 2
    scaling.deregister_scalable_target(**where)
    endpoints.delete(name)


def test_a_request_is_not_held_for_ever(hopeless: Future[dict[str, Any]]) -> None:
    """API_runtime_InvokeEndpoint: ModelNotReadyException, 429, "Wait and try your request again"."""
    error = hopeless.result(60)
    assert error["Error"]["Code"] == "ModelNotReadyException"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_two_gateways_ask_at_once_and_one_of_them_dies(make_server: Callable[..., Server]) -> None:
    """Each tells what it needs; what a dead one needed is forgotten, and its clients ask again (botocore's retries)."""
    server = make_server("--workers", "2", "--clock", "virtual")
    endpoints = Serverless(server)
    name = endpoints.create(endpoints.serverless(most=8))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(endpoints.invoke, name, b"wait0.5") for _ in range(4)]
        assert {one.result()["body"] for one in asked} == {"wait0.5"}
    assert 1 <= endpoints.warm(name) <= 4
    server.advance(IDLE)
    eventually(lambda: endpoints.warm(name) == 0 and not endpoints.folders(), 20, "to zero")
    patient = server.client("sagemaker-runtime", retries={"max_attempts": 5}, max_pool_connections=10)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(patient.invoke_endpoint, EndpointName=name, Body=b"held") for _ in range(4)]
        eventually(endpoints.folders, 20, "a replica is started")
        os.kill(server.pids("gateway")[0], signal.SIGKILL)
        assert {json.loads(one.result()["Body"].read())["body"] for one in asked} == {"held"}
    server.advance(IDLE)
    eventually(lambda: endpoints.warm(name) == 0, 20, "the dead gateway's demand is forgotten")
    endpoints.delete(name)
