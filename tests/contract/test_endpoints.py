"""Endpoints through boto3: how they come into service, what they show, how they end. Source: AWS's API reference and
developer guide, "Real-time inference"; the model servers are echoes (tests/images/echo)."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from tests.conftest import PROBE, ROLE, Server, eventually
from tests.endpoints import ECHO, Endpoints


@pytest.fixture(scope="module")
def endpoints(salvia: Server) -> Endpoints:
    """Endpoints on the shared server."""
    return Endpoints(salvia)


@pytest.fixture(scope="module", autouse=True)
def ill(endpoints: Endpoints) -> tuple[str, list[str]]:
    """An endpoint, one of whose two instances falls ill while the other tests run; and their sockets, its first."""
    name = endpoints.create(endpoints.config(endpoints.variant(endpoints.model(), count=2)))
    sockets = endpoints.sockets(name)
    assert endpoints.ask(sockets[0], "sicken")["body"] == "sicken"
    return name, sockets


def refused(call: Any, **request: Any) -> str:
    """What a call is refused with, a ValidationException."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return caught.value.response["Error"]["Message"]


def test_an_endpoint_comes_into_service_and_answers(endpoints: Endpoints) -> None:
    """Create, wait, describe, answer, delete, wait; logs under /aws/sagemaker/Endpoints/NAME."""
    config = endpoints.config(endpoints.variant(endpoints.model(), count=2))
    name = endpoints.create(config, wait=False, Tags=[{"Key": "team", "Value": "a"}])
    assert endpoints.describe(name)["EndpointStatus"] == "Creating"
    endpoints.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    described = endpoints.describe(name)
    assert described["EndpointConfigName"] == config
    (variant,) = described["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (2, 2)
    assert (variant["CurrentWeight"], variant["DesiredWeight"]) == (1.0, 1.0)
    assert variant["DeployedImages"][0]["SpecifiedImage"] == ECHO
    tags = endpoints.sagemaker.list_tags(ResourceArn=described["EndpointArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]
    folders = [Path(path).parents[1] for path in endpoints.sockets(name)]
    answers = [endpoints.ask(path) for path in endpoints.sockets(name)]
    assert [answer["files"] for answer in answers] == [["weights"]] * 2
    route = endpoints.route(name)
    assert route["arn"] == described["EndpointArn"]
    logs = endpoints.server.client("logs")
    group = f"/aws/sagemaker/Endpoints/{name}"
    streams = eventually(lambda: logs.describe_log_streams(logGroupName=group)["logStreams"])
    ids = {replica["id"] for replica in route["variants"][0]["fleets"][0]["replicas"]}
    assert {stream["logStreamName"] for stream in streams} <= {f"AllTraffic/{one}" for one in ids}
    endpoints.delete(name)
    assert endpoints.route(name) is None
    assert "Could not find endpoint" in refused(endpoints.describe, name=name)
    assert not any(folder.exists() for folder in folders)


def test_an_endpoint_is_invoked_and_captured(endpoints: Endpoints) -> None:
    """InvokeEndpoint goes where the endpoint's instances are; its DataCaptureConfig is that of its configuration."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{endpoints.bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    model = endpoints.model()
    name = endpoints.create(endpoints.config(endpoints.variant(model), DataCaptureConfig=capture))
    answer = endpoints.server.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"hello")
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert json.loads(answer["Body"].read())["name"] == model
    shown = endpoints.describe(name)["DataCaptureConfig"]
    assert (shown["CaptureStatus"], shown["CurrentSamplingPercentage"]) == ("Started", 100)
    prefix = f"captured/{name}/AllTraffic/"
    listed = endpoints.s3.list_objects_v2
    eventually(lambda: listed(Bucket=endpoints.bucket, Prefix=prefix)["KeyCount"] == 1, 20)
    endpoints.delete(name)


def test_an_endpoint_is_in_service_within_seconds(endpoints: Endpoints) -> None:
    """With a warm image; the waiter returns with the event (control/waiting)."""
    endpoints.delete(endpoints.create())
    config = endpoints.config()
    begun = time.monotonic()
    name = endpoints.create(config, wait=False)
    endpoints.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name)
    assert time.monotonic() - begun < 10  # botocore would sleep 30 s after one look
    endpoints.delete(name)


def test_an_endpoint_that_never_becomes_healthy_fails(endpoints: Endpoints) -> None:
    """API_DescribeEndpoint: Failed, with a FailureReason; DeleteEndpoint is the only operation on it."""
    model = endpoints.model(BEHAVIOUR="exits")
    name = endpoints.create(endpoints.config(endpoints.variant(model)), wait=False)
    with pytest.raises(WaiterError):
        endpoints.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name)
    described = endpoints.describe(name)
    assert described["EndpointStatus"] == "Failed"
    reason = "The primary container for production variant AllTraffic ended with exit code 7. Its last lines:\n"
    assert described["FailureReason"] == f"{reason}echo starts exits\nthe model cannot be loaded"
    assert endpoints.route(name) is None
    config = described["EndpointConfigName"]
    assert "Failed" in refused(endpoints.sagemaker.update_endpoint, EndpointName=name, EndpointConfigName=config)
    endpoints.delete(name)


def test_an_endpoint_whose_model_is_no_archive_fails(endpoints: Endpoints) -> None:
    """Named, with its place in S3; so is an image that cannot serve, or is unknown."""
    endpoints.s3.put_object(Bucket=endpoints.bucket, Key="none.tar.gz", Body=b"no archive")
    names = []
    for image, url in ((ECHO, "none"), (ECHO, "absent"), (PROBE, "model"), (PROBE.replace("probe", "none"), "model")):
        model = endpoints.name("model")
        container = {"Image": image, "ModelDataUrl": f"s3://{endpoints.bucket}/{url}.tar.gz"}
        endpoints.sagemaker.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        names.append(endpoints.create(endpoints.config(endpoints.variant(model)), wait=False))
    reasons = [endpoints.settled(name)["FailureReason"] for name in names]
    assert f"s3://{endpoints.bucket}/none.tar.gz" in reasons[0]
    assert "valid tar.gz archive" in reasons[0]
    assert f"no object s3://{endpoints.bucket}/absent.tar.gz" in reasons[1]
    assert "cannot serve" in reasons[2]
    assert "No image is known" in reasons[3]


def test_an_endpoint_is_deleted_while_it_is_created(endpoints: Endpoints) -> None:
    """At any moment: its model server hangs, and would for minutes."""
    model = endpoints.model(BEHAVIOUR="hangs")
    name = endpoints.create(endpoints.config(endpoints.variant(model)), wait=False)
    folders = endpoints.server.home / "runtime" / "instances"
    eventually(lambda: any((one / "run" / "token").exists() for one in folders.glob("e*")))
    endpoints.delete(name)
    again = endpoints.sagemaker.create_endpoint
    again(EndpointName=name, EndpointConfigName=endpoints.config())  # its name is free
    assert endpoints.settled(name)["EndpointStatus"] == "InService"


def test_weights_and_capacities_change_in_place(endpoints: Endpoints) -> None:
    """API_UpdateEndpointWeightsAndCapacities: what goes on serving is not started anew."""
    a, b = endpoints.model(), endpoints.model()
    name = endpoints.create(endpoints.config(endpoints.variant(a, "a"), endpoints.variant(b, "b", 2, 3.0)))
    before = endpoints.sockets(name, "a")
    assert [variant["weight"] for variant in endpoints.route(name)["variants"]] == [1.0, 3.0]
    change = endpoints.sagemaker.update_endpoint_weights_and_capacities
    change(
        EndpointName=name,
        DesiredWeightsAndCapacities=[
            {"VariantName": "a", "DesiredWeight": 5.0, "DesiredInstanceCount": 3},
            {"VariantName": "b", "DesiredInstanceCount": 1},
        ],
    )
    assert endpoints.describe(name)["EndpointStatus"] == "Updating"
    assert "in-progress" in refused(change, EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "a"}])
    shown = {variant["VariantName"]: variant for variant in endpoints.settled(name)["ProductionVariants"]}
    assert (shown["a"]["CurrentInstanceCount"], shown["a"]["CurrentWeight"]) == (3, 5.0)
    assert (shown["b"]["DesiredInstanceCount"], shown["b"]["CurrentWeight"]) == (1, 3.0)
    assert [variant["weight"] for variant in endpoints.route(name)["variants"]] == [5.0, 3.0]
    assert set(before) < set(endpoints.sockets(name, "a"))
    assert len(endpoints.sockets(name, "b")) == 1
    wrong = [{"VariantName": "c", "DesiredWeight": 1.0}]
    assert "not present" in refused(change, EndpointName=name, DesiredWeightsAndCapacities=wrong)
    endpoints.delete(name)


@pytest.mark.parametrize("killed", ["program", "agent"])
def test_an_instance_that_dies_is_replaced(endpoints: Endpoints, killed: str) -> None:
    """It leaves the route, and another takes its place, while the endpoint stays InService."""
    name = endpoints.create(endpoints.config(endpoints.variant(endpoints.model(), count=2)))
    first, second = endpoints.sockets(name)
    if killed == "program":
        with pytest.raises((OSError, HTTPException)):
            endpoints.ask(first, "die")
    else:
        os.kill(int((Path(first).parents[1] / "pid").read_text()), signal.SIGKILL)
    eventually(lambda: first not in endpoints.sockets(name), 8)  # before the next look by the clock, in 15 s
    assert second in endpoints.sockets(name)
    eventually(lambda: len(endpoints.sockets(name)) == 2)
    assert endpoints.describe(name)["EndpointStatus"] == "InService"
    assert [endpoints.ask(path)["body"] for path in endpoints.sockets(name)] == ["hello"] * 2
    eventually(lambda: not Path(first).parents[1].exists())
    endpoints.delete(name)


def test_an_update_moves_all_traffic_in_one_write(endpoints: Endpoints) -> None:
    """API_UpdateEndpoint, ALL_AT_ONCE: the new fleet is up, the route switches, the old fleet finishes what it has."""
    old, new = endpoints.model(), endpoints.model()
    name = endpoints.create(endpoints.config(endpoints.variant(old)))
    (before,) = endpoints.sockets(name)
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(endpoints.ask, before, "wait3")
        config = endpoints.config(endpoints.variant(new))
        endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
        described = endpoints.describe(name)
        assert described["EndpointStatus"] == "Updating"
        assert endpoints.settled(name)["EndpointConfigName"] == config
        (after,) = endpoints.sockets(name)
        assert endpoints.ask(after)["name"] == new
        assert slow.result()["name"] == old
    eventually(lambda: not Path(before).exists())
    endpoints.delete(name)


def test_an_update_that_fails_is_rolled_back(endpoints: Endpoints) -> None:
    """The old fleet serves on; InService again, with a FailureReason."""
    model = endpoints.model()
    name = endpoints.create(endpoints.config(endpoints.variant(model)))
    before = endpoints.sockets(name)
    broken = endpoints.config(endpoints.variant(endpoints.model(BEHAVIOUR="exits")))
    config = endpoints.describe(name)["EndpointConfigName"]
    endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=broken)
    described = endpoints.settled(name)
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == config
    assert "exit code 7" in described["FailureReason"]
    assert "PendingDeploymentSummary" not in described
    assert endpoints.sockets(name) == before
    retried = endpoints.config()
    endpoints.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=retried, RetainAllVariantProperties=True)
    assert "FailureReason" not in endpoints.settled(name)
    endpoints.delete(name)


def test_an_update_may_retain_what_was_changed(endpoints: Endpoints) -> None:
    """API_UpdateEndpoint, RetainAllVariantProperties and ExcludeRetainedVariantProperties."""
    model = endpoints.model()
    name = endpoints.create(endpoints.config(endpoints.variant(model)))
    changed = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2, "DesiredWeight": 7.0}]
    endpoints.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=changed)
    endpoints.settled(name)
    endpoints.sagemaker.update_endpoint(
        EndpointName=name,
        EndpointConfigName=endpoints.config(endpoints.variant(model)),
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    (variant,) = endpoints.settled(name)["ProductionVariants"]
    assert (variant["DesiredInstanceCount"], variant["DesiredWeight"]) == (2, 1.0)
    assert len(endpoints.sockets(name)) == 2
    endpoints.delete(name)


def test_containers_of_a_pipeline_are_reached_one_by_one(endpoints: Endpoints) -> None:
    """Inference pipelines: containers of one instance, in their order; ContainerHostname names them in Direct mode."""
    url = f"s3://{endpoints.bucket}/model.tar.gz"
    containers = [
        {"Image": ECHO, "ModelDataUrl": url, "ContainerHostname": host, "Environment": {"NAME": host}}
        for host in ("first", "second")
    ]
    model = endpoints.name("model")
    endpoints.sagemaker.create_model(
        ModelName=model,
        Containers=containers,
        ExecutionRoleArn=ROLE,
        InferenceExecutionConfig={"Mode": "Direct"},
    )
    name = endpoints.create(endpoints.config(endpoints.variant(model)))
    (variant,) = endpoints.route(name)["variants"]
    assert variant["invocation"] == "Direct"
    (replica,) = variant["fleets"][0]["replicas"]
    assert [container["name"] for container in replica["containers"]] == ["first", "second"]
    said = [endpoints.ask(container["address"]["socket"])["name"] for container in replica["containers"]]
    assert said == ["first", "second"]
    with pytest.raises((OSError, HTTPException)):
        endpoints.ask(replica["containers"][1]["address"]["socket"], "die")
    eventually(lambda: (now := _replicas(endpoints, name)) and now != [replica["id"]])  # all of it is replaced
    endpoints.delete(name)


def _replicas(endpoints: Endpoints, name: str) -> list[str]:
    return [one["id"] for one in endpoints.route(name)["variants"][0]["fleets"][0]["replicas"]]


def test_endpoints_are_listed_and_searched(endpoints: Endpoints) -> None:
    """API_ListEndpoints, its paginator and its filters; API_Search knows endpoints."""
    config = endpoints.config()
    names = [endpoints.create(config) for _ in range(3)]
    pages = list(
        endpoints.sagemaker.get_paginator("list_endpoints").paginate(
            NameContains=endpoints.bucket[-6:],
            StatusEquals="InService",
            SortBy="CreationTime",
            SortOrder="Ascending",
            PaginationConfig={"PageSize": 2},
        )
    )
    listed = [one["EndpointName"] for page in pages for one in page["Endpoints"]]
    assert [name for name in listed if name in names] == names
    found = endpoints.sagemaker.search(
        Resource="Endpoint",
        SearchExpression={"Filters": [{"Name": "EndpointConfigName", "Operator": "Equals", "Value": config}]},
    )["Results"]
    assert {one["Endpoint"]["EndpointName"] for one in found} == set(names)
    for name in names:
        endpoints.delete(name)


@pytest.mark.parametrize("isolated", [False, True])
def test_a_server_that_knows_only_its_port_is_bridged(endpoints: Endpoints, isolated: bool) -> None:
    """The contract of the guide, port 8080: as many as there are on one machine, none in another's way. What it may
    reach of AWS it reaches, by the credentials endpoint and AWS_ENDPOINT_URL; an isolated one reaches nothing."""
    model = endpoints.name("model")
    container = {"Image": ECHO.replace("echo", "stranger"), "Environment": {"NAME": model}}
    endpoints.sagemaker.create_model(
        ModelName=model, PrimaryContainer=container, ExecutionRoleArn=ROLE, EnableNetworkIsolation=isolated
    )
    name = endpoints.create(endpoints.config(endpoints.variant(model, count=2)))
    assert endpoints.describe(name)["EndpointStatus"] == "InService", endpoints.describe(name)
    there = {"credentials": "none", "gateway": "unreachable"}
    if not isolated:
        there = {"credentials": "ASIA", "gateway": "reachable"}
    for path in endpoints.sockets(name):
        assert endpoints.ask(path) == {"name": model, **there}
    endpoints.delete(name)


def test_what_an_endpoint_captures_is_in_the_bucket(endpoints: Endpoints) -> None:
    """API_DataCaptureConfig, from the configuration to the object; Describe shows that it goes on."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{endpoints.bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    name = endpoints.create(endpoints.config(DataCaptureConfig=capture))
    assert endpoints.describe(name)["DataCaptureConfig"]["CaptureStatus"] == "Started"
    runtime = endpoints.server.client("sagemaker-runtime")
    runtime.invoke_endpoint(EndpointName=name, Body=b"1,2", ContentType="text/csv", InferenceId="first")["Body"].read()

    def captured() -> list[dict[str, Any]]:
        prefix = f"captured/{name}/AllTraffic/"
        found = endpoints.s3.list_objects_v2(Bucket=endpoints.bucket, Prefix=prefix).get("Contents", ())
        objects = (endpoints.s3.get_object(Bucket=endpoints.bucket, Key=one["Key"])["Body"] for one in found)
        return [json.loads(line) for one in objects for line in one.read().splitlines()]

    (line,) = eventually(captured, 20, "what was asked is captured")
    assert line["eventMetadata"]["inferenceId"] == "first"
    assert line["captureData"]["endpointInput"]["data"] in ("1,2", "MSwy")
    endpoints.delete(name)


def test_an_instance_that_is_not_healthy_any_more_is_replaced(endpoints: Endpoints, ill: tuple[str, list[str]]) -> None:
    """ "SageMaker starts sending periodic GET requests to the /ping endpoint … Replacing unhealthy instances"; the
    guide, "Use Your Own Inference Code with Hosting Services"."""
    name, (first, second) = ill
    eventually(lambda: first not in endpoints.sockets(name), 30, "three pings, five seconds apart")
    eventually(lambda: len(endpoints.sockets(name)) == 2)
    assert second in endpoints.sockets(name)
    assert endpoints.describe(name)["EndpointStatus"] == "InService"
    eventually(lambda: not Path(first).parents[1].exists(), 20, "it is told to stop, and does")
    endpoints.delete(name)
