"""InvokeEndpoint and InvokeEndpointWithResponseStream through boto3, with model servers that do what they are told."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError
from tests.conftest import Server, eventually
from tests.endpoints import Endpoints
from tests.routed import Routed, variant


@pytest.fixture(scope="module")
def endpoints(salvia: Server) -> Iterator[Routed]:
    made = Routed(salvia)
    yield made
    made.close()


@pytest.fixture(scope="module")
def plain(endpoints: Routed) -> str:
    """An endpoint of one replica."""
    endpoints.route("plain", variant("AllTraffic", endpoints.replica("primary").content()))
    return "plain"


@pytest.fixture
def runtime(salvia: Server) -> Any:
    return salvia.client("sagemaker-runtime")


def ask(runtime: Any, endpoint: str, _told: dict[str, Any] | bytes, **more: Any) -> dict[str, Any]:
    body = _told if isinstance(_told, bytes) else json.dumps(_told).encode()
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, **more)
    return {**answer, "Body": answer["Body"].read()}


def told(runtime: Any, endpoint: str, **more: Any) -> dict[str, Any]:
    """What the model saw."""
    return json.loads(ask(runtime, endpoint, {"do": "tell"}, **more)["Body"])


def refused(call: Any, *arguments: Any, **more: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **more)
    return caught.value.response


def test_a_body_goes_through_untouched_and_the_answer_names_its_variant(runtime: Any, plain: str) -> None:
    """API reference, InvokeEndpoint, response elements."""
    body = bytes(range(256)) * 3
    answer = ask(runtime, plain, body, ContentType="application/x-recordio-protobuf")
    assert answer["Body"] == body
    assert answer["ContentType"] == "application/x-recordio-protobuf"
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_a_container_sees_the_headers_of_the_api_and_no_others(runtime: Any, plain: str) -> None:
    """InvokeEndpoint: "Amazon SageMaker strips all POST headers except those supported by the API"."""
    seen = told(
        runtime,
        plain,
        ContentType="text/csv",
        Accept="application/json",
        CustomAttributes="c000b4f9-df62-4c85-a0bf-7c525f9104a4",
        InferenceId="my-id",
        EnableExplanations="`true`",
        TargetVariant="AllTraffic",
    )
    assert seen["line"] == "POST /invocations HTTP/1.1"
    assert {name: value for name, value in seen["headers"].items() if name not in {"host", "content-length", ""}} == {
        "content-type": "text/csv",
        "accept": "application/json",
        "x-amzn-sagemaker-custom-attributes": "c000b4f9-df62-4c85-a0bf-7c525f9104a4",
        "x-amzn-sagemaker-inference-id": "my-id",
        "x-amzn-sagemaker-enable-explanations": "`true`",
        "x-amzn-sagemaker-target-variant": "AllTraffic",
    }


def test_custom_attributes_of_a_model_come_back(runtime: Any, plain: str) -> None:
    """API reference, InvokeEndpoint, CustomAttributes of the response."""
    headers = {"X-Amzn-SageMaker-Custom-Attributes": "from-model", "Content-Type": "text/plain", "X-Other": "stays"}
    answer = ask(runtime, plain, {"do": "answer", "body": "hello", "headers": headers})
    assert (answer["Body"], answer["CustomAttributes"], answer["ContentType"]) == (b"hello", "from-model", "text/plain")
    assert "x-other" not in answer["ResponseMetadata"]["HTTPHeaders"]


@pytest.mark.parametrize(("status", "party"), [(400, "client"), (404, "client"), (500, "server"), (503, "server")])
def test_what_a_container_refuses_is_a_model_error(runtime: Any, plain: str, status: int, party: str) -> None:
    """Model, ModelError: 424, with the original status and message, and the log stream."""
    error = refused(ask, runtime, plain, {"do": "answer", "status": status, "body": "it was a bad row"})
    assert error["Error"]["Code"] == "ModelError"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert error["OriginalStatusCode"] == status
    assert error["OriginalMessage"] == "it was a bad row"
    assert error["LogStreamArn"] == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/plain"
    said = f'Received {party} error ({status}) from primary with message "it was a bad row"'
    assert error["Error"]["Message"].startswith(said)


def test_an_endpoint_that_is_not_there(runtime: Any) -> None:
    """In AWS's words, as users quote them."""
    error = refused(ask, runtime, "nobody", b"1")
    assert error["Error"] == {
        "Code": "ValidationError",
        "Message": "Endpoint nobody of account 123456789012 not found.",
    }
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_what_the_model_does_not_allow_is_refused(runtime: Any, plain: str) -> None:
    """Model: BodyBlob at most 6,291,456 bytes, InferenceId at most 64 characters."""
    assert len(ask(runtime, plain, b"x" * 6_291_456)["Body"]) == 6_291_456
    error = refused(ask, runtime, plain, b"x" * 6_291_457)
    assert error["Error"]["Code"] == "ValidationError"
    assert "'body' failed to satisfy constraint: Member must have length less than or equal to 6291456" in str(error)
    error = refused(ask, runtime, plain, b"1", InferenceId="x" * 65)
    assert (error["Error"]["Code"], "'inferenceId'" in error["Error"]["Message"]) == ("ValidationError", True)


@pytest.mark.parametrize(
    "more",
    [
        {"InferenceComponentName": "component"},
        {"SessionId": "NEW_SESSION"},
        {"PrefixAwareId": "one"},
        {"TargetModel": "a.tar.gz"},
        {"TargetContainerHostname": "second"},
        {"TargetVariant": "nobody"},
    ],
)
def test_what_an_endpoint_does_not_have_is_refused(runtime: Any, plain: str, more: dict[str, str]) -> None:
    """Nothing that a request asks for is ignored."""
    assert refused(ask, runtime, plain, b"1", **more)["Error"]["Code"] == "ValidationError"


def test_variants_get_their_weights_and_are_found_by_name(endpoints: Routed, runtime: Any) -> None:
    """Developer guide, "Test models in production": traffic by weight, or by TargetVariant."""
    one, two, three = (endpoints.replica(name).content() for name in ("one", "two", "three"))
    endpoints.route(
        "weighted", variant("A", one, weight=3.0), variant("B", two, weight=1.0), variant("C", three, weight=0.0)
    )
    counted = Counter(ask(runtime, "weighted", b"1")["InvokedProductionVariant"] for _ in range(200))
    assert counted["C"] == 0
    assert 20 <= counted["B"] <= 85  # 50 expected; six standard deviations are 37
    assert told(runtime, "weighted", TargetVariant="C")["name"] == "three"


def test_a_fleet_gets_its_share(endpoints: Routed, runtime: Any) -> None:
    """A canary: two fleets of one variant. A write of the row is the switch of traffic."""
    old, new = endpoints.replica("old"), endpoints.replica("new")

    def shares(canary: float) -> list[dict[str, Any]]:
        return [
            {"name": "blue", "share": 1 - canary, "replicas": [old.content()]},
            {"name": "green", "share": canary, "replicas": [new.content()]},
        ]

    endpoints.route("canary", variant("AllTraffic", fleets=shares(0.25)))
    counted = Counter(told(runtime, "canary")["name"] for _ in range(200))
    assert 15 <= counted["new"] <= 87
    endpoints.route("canary", variant("AllTraffic", fleets=shares(1.0)))
    assert {told(runtime, "canary")["name"] for _ in range(20)} == {"new"}


def test_a_pipeline_chains_its_containers(endpoints: Routed, runtime: Any) -> None:
    """Developer guide, "Host models along with pre-processing logic": each one's answer is the next one's request."""
    first, second = endpoints.replica("first"), endpoints.replica("second")
    chain = {
        "id": "chain-1",
        "containers": [
            {"name": "first", "address": first.address()},
            {"name": "second", "address": second.address()},
        ],
    }
    endpoints.route("pipeline", variant("AllTraffic", chain))
    inner = json.dumps({"do": "tell"})
    asked = {"do": "answer", "body": inner, "headers": {"Content-Type": "application/x-features"}}
    seen = json.loads(ask(runtime, "pipeline", asked, ContentType="text/csv", Accept="text/plain")["Body"])
    assert seen["name"] == "second"
    assert seen["headers"]["content-type"] == "application/x-features"
    assert seen["headers"]["accept"] == "text/plain"
    error = refused(ask, runtime, "pipeline", {"do": "answer", "status": 418, "body": "no"})
    assert "Received client error (418) from first" in error["Error"]["Message"]


def test_a_container_is_found_by_its_host_name(endpoints: Routed, runtime: Any) -> None:
    """Developer guide, "Invoke a multi-container endpoint with direct invocation", its validation errors too."""
    first, second = endpoints.replica("first"), endpoints.replica("second")
    both = {
        "id": "direct-1",
        "containers": [
            {"name": "first", "address": first.address()},
            {"name": "second", "address": second.address()},
        ],
    }
    endpoints.route("direct", variant("AllTraffic", both, invocation="Direct"))
    for name in ("first", "second"):
        seen = told(runtime, "direct", TargetContainerHostname=name)
        assert (seen["name"], seen["headers"]["x-amzn-sagemaker-target-container-hostname"]) == (name, name)
    assert refused(ask, runtime, "direct", b"1")["Error"]["Code"] == "ValidationError"
    assert refused(ask, runtime, "direct", b"1", TargetContainerHostname="third")["Error"]["Code"] == "ValidationError"


def test_a_multi_model_endpoint_is_told_which_model(endpoints: Routed, runtime: Any) -> None:
    """Developer guide, "Invoke a multi-model endpoint": the header is passed to the container."""
    replica = endpoints.replica()
    endpoints.route("many", variant("AllTraffic", replica.content(), invocation="MultiModel"))
    assert told(runtime, "many", TargetModel="a/b.tar.gz")["headers"]["x-amzn-sagemaker-target-model"] == "a/b.tar.gz"
    assert refused(ask, runtime, "many", b"1")["Error"]["Code"] == "ValidationError"


def test_an_instance_says_that_its_model_is_not_ready(endpoints: Routed, runtime: Any, plain: str) -> None:
    """API reference, InvokeEndpoint: ModelNotReadyException, 429. Of a single model it is a ModelError."""
    endpoints.route("slow", variant("AllTraffic", endpoints.replica().content(), invocation="MultiModel"))
    header = {"X-Salvia-Error": "ModelNotReadyException"}
    said = {"do": "answer", "status": 429, "body": "not yet", "headers": header}
    error = refused(ask, runtime, "slow", said, TargetModel="a.tar.gz")
    assert error["Error"] == {"Code": "ModelNotReadyException", "Message": "not yet"}
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert refused(ask, runtime, plain, said)["Error"]["Code"] == "ModelError"


def test_requests_go_where_the_fewest_are(endpoints: Routed, runtime: Any, salvia: Server) -> None:
    """API reference, RoutingConfig: LEAST_OUTSTANDING_REQUESTS."""
    busy, free = endpoints.replica("busy"), endpoints.replica("free")
    endpoints.route("least", variant("AllTraffic", busy.content(), strategy="LEAST_OUTSTANDING_REQUESTS"))
    waiting = threading.Thread(target=lambda: ask(runtime, "least", {"do": "sleep", "seconds": 3}))
    waiting.start()
    time.sleep(0.3)  # it is with the one replica that there is
    endpoints.route(
        "least", variant("AllTraffic", busy.content(), free.content(), strategy="LEAST_OUTSTANDING_REQUESTS")
    )
    assert {told(runtime, "least")["name"] for _ in range(20)} == {"free"}
    waiting.join()
    assert {told(runtime, "least")["name"] for _ in range(60)} == {"busy", "free"}


def test_a_dead_replica_is_taken_out_and_comes_back(endpoints: Routed, runtime: Any) -> None:
    """Promised: taken out before a second request meets it; the request in flight is retried."""
    one, two = endpoints.replica("one"), endpoints.replica("two")
    endpoints.route("dying", variant("AllTraffic", one.content(), two.content()))
    assert {told(runtime, "dying")["name"] for _ in range(40)} == {"one", "two"}
    one.kill()
    assert {told(runtime, "dying")["name"] for _ in range(40)} == {"two"}
    two.kill()
    error = refused(ask, runtime, "dying", b"1")
    assert (error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]) == ("ServiceUnavailable", 503)
    one.again()
    eventually(lambda: _answers(runtime, "dying"), 10, "the replica is back")


def _answers(runtime: Any, endpoint: str) -> bool:
    try:
        return bool(told(runtime, endpoint))
    except ClientError:
        return False


def test_a_request_whose_replica_dies_is_asked_once_more(endpoints: Routed, runtime: Any) -> None:
    """Promised: "the request in flight is retried once where that is safe": no byte of an answer had come."""
    one, two = endpoints.replica("one"), endpoints.replica("two")
    endpoints.route("killed", variant("AllTraffic", one.content(), two.content()))
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: answers.append(ask(runtime, "killed", {"do": "sleep", "seconds": 1})["Body"]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    one.kill()
    for thread in threads:
        thread.join()
    assert Counter(answers) == {b"two": 8}


def test_a_request_that_kills_its_model_kills_no_more_than_two(endpoints: Routed, runtime: Any) -> None:
    """Once more is once: a request that no model survives is a model error."""
    replicas = [endpoints.replica(str(n)) for n in range(4)]
    endpoints.route("poisoned", variant("AllTraffic", *(one.content() for one in replicas)))
    error = refused(ask, runtime, "poisoned", {"do": "die"})
    assert (error["Error"]["Code"], error["OriginalStatusCode"]) == ("ModelError", 0)
    eventually(lambda: sum(one.process.poll() is not None for one in replicas) == 2, 10)
    assert told(runtime, "poisoned")


def test_a_stale_connection_is_no_error(endpoints: Routed, runtime: Any) -> None:
    """A server may close a kept-alive connection at any time."""
    replica = endpoints.replica()
    endpoints.route("stale", variant("AllTraffic", replica.content()))
    for _ in range(5):
        assert ask(runtime, "stale", b"1")["Body"] == b"1"
        replica.kill()
        replica.again()


@pytest.mark.parametrize(
    ("act", "what"),
    [
        ({"do": "hang up"}, "closed the connection before it answered"),
        ({"do": "half"}, "closed the connection within its answer"),
        ({"do": "garbage"}, "does not speak HTTP/1.1"),
        ({"do": "big", "bytes": 6 * 1024 * 1024 + 1}, "larger than 6291456 bytes"),
    ],
)
def test_what_is_no_answer_is_a_model_error(runtime: Any, plain: str, act: dict[str, Any], what: str) -> None:
    """CloudWatch metrics, InvocationModelErrors: socket errors and malformed responses are the model's."""
    error = refused(ask, runtime, plain, act)
    assert (error["Error"]["Code"], error["OriginalStatusCode"]) == ("ModelError", 0)
    assert what in error["Error"]["Message"]
    assert told(runtime, plain)  # and nobody else is disturbed


def test_an_answer_may_end_with_its_connection(runtime: Any, plain: str) -> None:
    """HTTP/1.0 servers say so; RFC 9112, section 6.3."""
    assert ask(runtime, plain, {"do": "until closed"})["Body"] == b"to the end"


def test_a_model_may_be_on_another_machine(endpoints: Routed, runtime: Any) -> None:
    """Host and port instead of a socket."""
    endpoints.route("remote", variant("AllTraffic", endpoints.replica("far", port=True).content()))
    assert told(runtime, "remote")["name"] == "far"


def test_a_deleted_endpoint_is_gone_at_once(endpoints: Routed, runtime: Any) -> None:
    """No answer is older than the last commit."""
    endpoints.route("brief", variant("AllTraffic", endpoints.replica().content()))
    assert told(runtime, "brief")
    endpoints.forget("brief")
    assert "not found" in refused(ask, runtime, "brief", b"1")["Error"]["Message"]


def test_an_endpoint_that_was_created_answers_until_it_is_deleted(salvia: Server, runtime: Any) -> None:
    """From CreateModel to DeleteEndpoint, instances and all."""
    made = Endpoints(salvia)
    name = made.create(made.config(made.variant(made.model(name="through-the-front-door"), count=2)))
    seen = [json.loads(ask(runtime, name, b"hello", ContentType="text/plain")["Body"]) for _ in range(20)]
    assert {one["name"] for one in seen} == {"through-the-front-door"}
    assert {one["body"] for one in seen} == {"hello"}
    made.delete(name)
    assert "not found" in refused(ask, runtime, name, b"1")["Error"]["Message"]


# InvokeEndpointWithResponseStream


def pieces(runtime: Any, endpoint: str, _told: dict[str, Any]) -> Iterator[tuple[float, bytes]]:
    """When each piece came, and it."""
    answer = runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=json.dumps(_told).encode())
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    with contextlib.closing(answer["Body"]) as body:
        for event in body:
            yield time.monotonic(), event["PayloadPart"]["Bytes"]


def test_pieces_come_as_the_model_says_them(runtime: Any, plain: str) -> None:
    """API reference, InvokeEndpointWithResponseStream: "as a stream of payload parts", the first before the last."""
    came = list(pieces(runtime, plain, {"do": "pieces", "pieces": ["a", "b", "c"], "seconds": 0.4}))
    assert [piece for _, piece in came] == [b"a", b"b", b"c"]
    assert came[1][0] - came[0][0] > 0.2
    assert came[2][0] - came[1][0] > 0.2


def test_a_stream_that_breaks_ends_with_an_error(runtime: Any, plain: str) -> None:
    """Model, ModelStreamError: StreamBroken."""
    found = []
    with pytest.raises(EventStreamError) as caught:
        for _, piece in pieces(runtime, plain, {"do": "pieces", "pieces": ["a"], "broken": True}):
            found.append(piece)
    assert found == [b"a"]
    assert caught.value.response["Error"]["Code"] == "ModelStreamError"
    assert "closed the connection" in str(caught.value)


def test_a_stream_refused_before_it_begins_is_an_error(runtime: Any, plain: str) -> None:
    """ModelError, as InvokeEndpoint's."""
    error = refused(
        runtime.invoke_endpoint_with_response_stream,
        EndpointName=plain,
        Body=json.dumps({"do": "answer", "status": 429, "body": "slow down"}),
    )
    assert (error["Error"]["Code"], error["OriginalStatusCode"]) == ("ModelError", 429)


def test_a_long_stream_is_whole_though_its_client_is_slow(runtime: Any, plain: str) -> None:
    """More than the gateway and the sockets hold: the model is held up, and nothing is lost."""
    read = 0
    for _, piece in pieces(runtime, plain, {"do": "pieces", "size": 500_000, "count": 40}):
        if read < 2_000_000:
            time.sleep(0.01)
        read += len(piece)
    assert read == 20_000_000
    assert told(runtime, plain)


def test_a_client_that_leaves_a_stream_disturbs_nobody(runtime: Any, plain: str) -> None:
    """The model's connection is closed, others are answered."""
    for _, _piece in pieces(runtime, plain, {"do": "pieces", "size": 100_000, "count": 100, "seconds": 0.05}):
        break
    assert told(runtime, plain)


# Who may


def test_a_policy_decides_who_may_invoke(salvia: Server, plain: str) -> None:
    """Service authorization reference: sagemaker:InvokeEndpoint on the endpoint, sagemaker:TargetModel."""
    iam = salvia.client("iam")
    name = f"invoker-{os.getpid()}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    runtime = salvia.client("sagemaker-runtime", (key["AccessKeyId"], key["SecretAccessKey"], None))

    def allow(resource: str, **condition: Any) -> None:
        statement = {"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint*", "Resource": resource, **condition}
        document = {"Version": "2012-10-17", "Statement": statement}
        iam.put_user_policy(UserName=name, PolicyName="invoke", PolicyDocument=json.dumps(document))

    def denied(**more: Any) -> bool:
        error = refused(ask, runtime, plain, b"1", **more)
        if error["Error"]["Code"] == "AccessDeniedException":
            assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
            return True
        return False

    arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint"
    assert denied()
    allow(f"{arn}/other")
    assert denied()
    allow(f"{arn}/plain")
    assert ask(runtime, plain, b"1")["Body"] == b"1"
    allow(f"{arn}/plain", Condition={"StringEquals": {"sagemaker:TargetModel": "mine.tar.gz"}})
    assert denied()
    assert denied(TargetModel="yours.tar.gz")
    assert not denied(TargetModel="mine.tar.gz")  # it gets as far as the endpoint, which is none of many models
    iam.delete_user_policy(UserName=name, PolicyName="invoke")
    assert denied()


# Figures


def test_invocations_are_counted_under_awss_names(endpoints: Routed, runtime: Any, salvia: Server) -> None:
    """Developer guide, "Monitor SageMaker with CloudWatch": names, dimensions, units."""
    one, two = endpoints.replica(), endpoints.replica()
    endpoints.route("counted", variant("V", one.content(), two.content()))
    for _ in range(6):
        ask(runtime, "counted", b"1")
    refused(ask, runtime, "counted", {"do": "answer", "status": 400})
    refused(ask, runtime, "counted", {"do": "answer", "status": 500})
    ask(runtime, "counted", {"do": "sleep", "seconds": 0.2})
    cloudwatch = salvia.client("cloudwatch")
    dimensions = [{"Name": "EndpointName", "Value": "counted"}, {"Name": "VariantName", "Value": "V"}]

    def read(name: str, unit: str = "None") -> dict[str, float]:
        now = time.time()
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=name,
            Dimensions=dimensions,
            StartTime=now - 3600,
            EndTime=now + 3600,
            Period=86400,
            Statistics=["Sum", "SampleCount", "Maximum", "Minimum"],
            Unit=unit,
        )["Datapoints"]
        return {
            "Sum": sum(one["Sum"] for one in found),
            "SampleCount": sum(one["SampleCount"] for one in found),
            "Maximum": max((one["Maximum"] for one in found), default=0),
            "Minimum": min((one["Minimum"] for one in found), default=0),
        }

    eventually(lambda: read("Invocations")["Sum"] == 9, 20, "all are counted")
    assert read("Invocation4XXErrors") == {"Sum": 1, "SampleCount": 9, "Maximum": 1, "Minimum": 0}
    assert read("Invocation5XXErrors")["Sum"] == 1
    assert read("InvocationModelErrors")["Sum"] == 2
    assert read("InvocationsPerInstance")["Sum"] == pytest.approx(4.5)
    latency = read("ModelLatency", "Microseconds")
    assert latency["SampleCount"] == 9
    assert 190_000 <= latency["Maximum"] < 2_000_000
    overhead = read("OverheadLatency", "Microseconds")
    assert overhead["SampleCount"] == 9
    assert 0 < overhead["Maximum"] < 1_000_000


def test_prometheus_reads_the_same_figures(endpoints: Routed, runtime: Any, salvia: Server) -> None:
    """Prometheus' text format: counters and histograms, their buckets summed up."""
    endpoints.route("scraped", variant("V", endpoints.replica().content()))
    for _ in range(4):
        ask(runtime, "scraped", b"1")
    refused(ask, runtime, "scraped", {"do": "answer", "status": 400})
    with urllib.request.urlopen(f"{salvia.url}/_metrics") as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4"
        lines = dict(line.rsplit(" ", 1) for line in response.read().decode().splitlines() if line[0] != "#")
    labels = 'account="123456789012",region="us-east-1",endpoint="scraped",variant="V"'
    assert lines[f"salvia_invocations_total{{{labels}}}"] == "5"
    assert lines[f"salvia_invocation_4xx_errors_total{{{labels}}}"] == "1"
    assert lines[f"salvia_invocation_model_errors_total{{{labels}}}"] == "1"
    assert lines[f'salvia_model_latency_seconds_bucket{{{labels},le="60.0"}}'] == "5"
    assert lines[f"salvia_model_latency_seconds_count{{{labels}}}"] == "5"
    assert 0 < float(lines[f"salvia_overhead_latency_seconds_sum{{{labels}}}"]) < 5


def test_a_bucket_named_endpoints_keeps_its_objects(salvia: Server) -> None:
    """The path of an invocation is one of S3's, too: the signature's scope tells them apart."""
    s3 = salvia.client("s3")
    s3.create_bucket(Bucket="endpoints")
    s3.put_object(Bucket="endpoints", Key="plain/invocations", Body=b"an object")
    assert s3.get_object(Bucket="endpoints", Key="plain/invocations")["Body"].read() == b"an object"
    upload = s3.create_multipart_upload(Bucket="endpoints", Key="plain/invocations")  # a POST
    s3.abort_multipart_upload(Bucket="endpoints", Key="plain/invocations", UploadId=upload["UploadId"])


def test_the_trail_that_selects_endpoints_records_invocations(salvia: Server, runtime: Any, plain: str) -> None:
    """CloudTrail user guide, "Logging data events": AWS::SageMaker::Endpoint, by advanced event selectors."""
    s3, trails = salvia.client("s3"), salvia.client("cloudtrail")
    bucket = f"invocations-{os.getpid()}"
    s3.create_bucket(Bucket=bucket)
    allow = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": ["s3:GetBucketAcl", "s3:PutObject"],
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            }
        ],
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(allow))
    trails.create_trail(Name="invocations", S3BucketName=bucket)
    selector = {
        "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::SageMaker::Endpoint"]},
        ]
    }
    trails.put_event_selectors(TrailName="invocations", AdvancedEventSelectors=[selector])
    trails.start_logging(Name="invocations")
    ask(runtime, plain, b"1,2,3", CustomAttributes="secret")
    trails.stop_logging(Name="invocations")  # which delivers what there is

    def records() -> list[dict[str, Any]]:
        found = []
        for one in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            text = s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
            found += json.loads(gzip.decompress(text)).get("Records", []) if "/CloudTrail/" in one["Key"] else []
        return [one for one in found if one["eventName"] == "InvokeEndpoint"]

    (record,) = eventually(records, 30, "the invocation is delivered")
    assert record["requestParameters"]["endpointName"] == plain
    assert "secret" not in json.dumps(record)
    assert record["resources"][0]["ARN"] == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/plain"
    trails.delete_trail(Name="invocations")


# Data capture


def captured(salvia: Server, bucket: str, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Keys and lines, once there are as many."""
    s3 = salvia.client("s3")

    def read() -> list[tuple[str, dict[str, Any]]]:
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        bodies = [(key, s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys]
        return [(key, json.loads(line)) for key, body in bodies for line in body.splitlines()]

    return eventually(lambda: (found := read()) and len(found) >= count and found, 20, f"{count} lines are captured")


def test_captured_data_are_awss_json_lines(endpoints: Routed, runtime: Any, salvia: Server) -> None:
    """Developer guide, "Interpret captured data": layout and lines; DataCaptureConfig: options and content types."""
    bucket = f"captured-{os.getpid()}"
    salvia.client("s3").create_bucket(Bucket=bucket)
    config = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/some/where",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }
    endpoints.route("captured", variant("V", endpoints.replica().content(), capture=config))
    ask(runtime, "captured", b"1,2", ContentType="text/csv; charset=utf-8", InferenceId="mine", CustomAttributes="a=b")
    told = {"do": "answer", "body": "{}", "headers": {"Content-Type": "application/json"}}
    ask(runtime, "captured", told, ContentType="application/x-other")
    ask(runtime, "captured", b"\xff", ContentType="text/csv")
    (key, first), (_, second), (_, third) = sorted(
        captured(salvia, bucket, 3), key=lambda one: "inferenceId" not in one[1]["eventMetadata"]
    )
    moment = datetime.fromisoformat(first["eventMetadata"]["inferenceTime"])
    name = rf"some/where/captured/V/{moment:%Y/%m/%d/%H}/\d\d-\d\d-\d\d\d-[0-9a-f-]{{36}}\.jsonl"
    assert re.fullmatch(name, key), key
    assert first["captureData"] == {
        "endpointInput": {
            "observedContentType": "text/csv; charset=utf-8",
            "mode": "INPUT",
            "data": "1,2",
            "encoding": "CSV",
        },
        "endpointOutput": {
            "observedContentType": "text/csv; charset=utf-8",
            "mode": "OUTPUT",
            "data": "1,2",
            "encoding": "CSV",
        },
    }
    assert first["eventVersion"] == "0"
    assert first["eventMetadata"]["inferenceId"] == "mine"
    assert first["eventMetadata"]["customAttributes"] == ["a=b"]
    assert second["captureData"]["endpointInput"]["encoding"] == "BASE64"
    assert second["captureData"]["endpointOutput"]["data"] == "{}"
    assert second["captureData"]["endpointOutput"]["encoding"] == "JSON"
    assert third["captureData"]["endpointInput"]["data"] == "/w=="


def test_capture_takes_a_sample_and_only_what_is_asked_for(endpoints: Routed, runtime: Any, salvia: Server) -> None:
    """DataCaptureConfig: InitialSamplingPercentage, CaptureMode; and not what failed, nor where it is off."""
    bucket = f"sampled-{os.getpid()}"
    salvia.client("s3").create_bucket(Bucket=bucket)
    config = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 50,
        "DestinationS3Uri": f"s3://{bucket}",
        "CaptureOptions": [{"CaptureMode": "Output"}],
    }
    replica = endpoints.replica().content()
    endpoints.route("sampled", variant("V", replica, capture=config))
    for _ in range(100):
        ask(runtime, "sampled", b"1", ContentType="text/csv")
    endpoints.route("sampled", variant("V", replica, capture={**config, "EnableCapture": False}))
    for _ in range(20):
        ask(runtime, "sampled", b"1")
    lines = captured(salvia, bucket, 20)
    time.sleep(2.5)  # whatever else there is would be there, too
    lines = captured(salvia, bucket, 20)
    assert 20 <= len(lines) <= 80
    assert all(set(line["captureData"]) == {"endpointOutput"} for _, line in lines)
    assert lines[0][1]["captureData"]["endpointOutput"]["encoding"] == "BASE64"


def test_captured_data_are_written_with_the_roles_rights(endpoints: Routed, runtime: Any, salvia: Server) -> None:
    """DestinationS3Uri is written to by the execution role: a role that may not, does not."""
    iam, bucket, role = salvia.client("iam"), f"barred-{os.getpid()}", f"barred-{os.getpid()}"
    salvia.client("s3").create_bucket(Bucket=bucket)
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    config = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/x",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    endpoints.route("barred", variant("V", endpoints.replica().content(), capture=config, role=arn))
    assert ask(runtime, "barred", b"1")["Body"] == b"1"
    time.sleep(3)
    assert "Contents" not in salvia.client("s3").list_objects_v2(Bucket=bucket)
    allow = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}}
    iam.put_role_policy(RoleName=role, PolicyName="put", PolicyDocument=json.dumps(allow))
    assert ask(runtime, "barred", b"2")["Body"] == b"2"
    assert len(captured(salvia, bucket, 1)) == 1
