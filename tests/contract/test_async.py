"""InvokeEndpointAsync through boto3: from the request to the object in S3 and the notification.

Expectations: SageMaker API reference, InvokeEndpointAsync, AsyncInferenceConfig; developer guide, "Asynchronous
inference". Model servers do what they are told (`model_server.py`), where no endpoint's life is what is tested. The
clock is advanced, where minutes count.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.asynchronous import Asynchronous
from tests.conftest import ROLE, Server, eventually
from tests.endpoints import Endpoints
from tests.routed import Replica, variant


@pytest.fixture(scope="module")
def asynchronous(unhurried: Server) -> Iterator[Asynchronous]:
    made = Asynchronous(unhurried)
    yield made
    made.close()


@pytest.fixture(scope="module")
def replica(asynchronous: Asynchronous) -> Replica:
    """An instance that lives throughout."""
    return asynchronous.routed.replica("primary")


@pytest.fixture(scope="module")
def plain(asynchronous: Asynchronous, replica: Replica) -> str:
    """An endpoint of one instance."""
    return asynchronous.endpoint(replica)


@pytest.fixture(scope="module")
def heard(asynchronous: Asynchronous, replica: Replica) -> str:
    """One that tells topics of success and of failure, with the responses."""
    config = {
        "SuccessTopic": asynchronous.topic("success"),
        "ErrorTopic": asynchronous.topic("error"),
        "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"],
    }
    return asynchronous.endpoint(replica, output=asynchronous.output(NotificationConfig=config))


def refused(code: str, call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])


def test_a_request_is_answered_in_s3(asynchronous: Asynchronous, plain: str) -> None:
    """The answer names the locations; the container sees the API's headers; its answer is the object, untouched."""
    answer = asynchronous.ask(
        plain, {"do": "tell"}, ContentType="text/csv", Accept="application/json", CustomAttributes="mine"
    )
    assert answer["OutputLocation"].startswith(f"s3://{asynchronous.bucket}/out/")
    assert answer["FailureLocation"].startswith(f"s3://{asynchronous.bucket}/failed/")
    assert answer["InferenceId"]
    seen = json.loads(asynchronous.body(answer["OutputLocation"]))
    assert seen["line"] == "POST /invocations HTTP/1.1"
    assert {name: seen["headers"][name] for name in ("content-type", "accept")} == {
        "content-type": "text/csv",
        "accept": "application/json",
    }
    assert seen["headers"]["x-amzn-sagemaker-custom-attributes"] == "mine"
    key = answer["OutputLocation"].removeprefix(f"s3://{asynchronous.bucket}/")
    head = asynchronous.s3.head_object(Bucket=asynchronous.bucket, Key=key)
    assert head["ContentType"] == "application/json"


def test_an_input_is_of_its_objects_type_where_the_request_names_none(asynchronous: Asynchronous, plain: str) -> None:
    """The SDK's AsyncPredictor relies on it: it uploads with the serializer's type, and sends no ContentType."""
    asynchronous.s3.put_object(
        Bucket=asynchronous.bucket, Key="in/typed", Body=b'{"do": "tell"}', ContentType="text/csv"
    )
    where = f"s3://{asynchronous.bucket}/in/typed"
    for given, seen in (({}, "text/csv"), ({"ContentType": "text/libsvm"}, "text/libsvm")):
        answer = asynchronous.ask(plain, InputLocation=where, **given)
        assert json.loads(asynchronous.body(answer["OutputLocation"]))["headers"]["content-type"] == seen
    untyped = asynchronous.ask(plain, {"do": "tell"})
    assert "content-type" not in json.loads(asynchronous.body(untyped["OutputLocation"]))["headers"]


def test_names_of_outputs_can_be_chosen(asynchronous: Asynchronous, plain: str) -> None:
    """S3OutputPathExtension is appended to the path, Filename names the object."""
    answer = asynchronous.ask(plain, b"x", S3OutputPathExtension="a/b", Filename="mine.json", InferenceId="my-own")
    assert answer["InferenceId"] == "my-own"
    assert answer["OutputLocation"] == f"s3://{asynchronous.bucket}/out/a/b/mine.json"
    assert answer["FailureLocation"] == f"s3://{asynchronous.bucket}/failed/a/b/mine-error.json"
    assert asynchronous.body(answer["OutputLocation"]) == b"x"


def test_the_input_may_be_in_the_request_or_have_an_https_location(asynchronous: Asynchronous, plain: str) -> None:
    """Body and InputLocation exclude each other; InputLocation's pattern allows https."""
    inline = asynchronous.ask(plain, Body=bytes(range(256)), ContentType="application/x-recordio-protobuf")
    assert asynchronous.body(inline["OutputLocation"]) == bytes(range(256))
    asynchronous.put(b"by https", "in/by https")
    host = f"https://{asynchronous.bucket}.s3.us-east-1.amazonaws.com"
    answer = asynchronous.ask(plain, InputLocation=f"{host}/in/by%20https")
    assert asynchronous.body(answer["OutputLocation"]) == b"by https"
    call = asynchronous.runtime.invoke_endpoint_async
    both = {"Body": b"x", "InputLocation": f"s3://{asynchronous.bucket}/in"}
    assert "exactly one" in refused("ValidationError", call, EndpointName=plain, **both)
    assert "exactly one" in refused("ValidationError", call, EndpointName=plain)
    for where in ("https://example.com/a/b", "s3://bucket", "s3://bucket/", "https://s3.amazonaws.com/bucket"):
        assert "no object in S3" in refused("ValidationError", call, EndpointName=plain, InputLocation=where)
    assert "128000" in refused("ValidationError", call, EndpointName=plain, Body=b"x" * 128_001)


def test_either_kind_of_endpoint_refuses_the_other_invocation(
    asynchronous: Asynchronous, plain: str, replica: Replica
) -> None:
    """Developer guide: an endpoint with an AsyncInferenceConfig "can only receive asynchronous invocations"."""
    said = refused("ValidationError", asynchronous.runtime.invoke_endpoint, EndpointName=plain, Body=b"x")
    assert "InvokeEndpointAsync" in said
    asynchronous.routed.route("at-once", variant("AllTraffic", replica.content()))
    call = asynchronous.runtime.invoke_endpoint_async
    assert "not asynchronous" in refused("ValidationError", call, EndpointName="at-once", Body=b"x")
    assert "not found" in refused("ValidationError", call, EndpointName="no-such", Body=b"x")


def test_success_is_published(asynchronous: Asynchronous, heard: str) -> None:
    """The guide's message, "Check prediction results", with the response as IncludeInferenceResponseIn wants it."""
    where = asynchronous.put({"do": "answer", "body": "42", "headers": {"Content-Type": "text/csv"}})
    answer = asynchronous.ask(heard, InputLocation=where, ContentType="application/json", Accept="text/csv")
    notice = asynchronous.notice(answer["InferenceId"])
    assert notice.pop("eventTime") >= notice.pop("receivedTime")
    assert notice == {
        "awsRegion": "us-east-1",
        "invocationStatus": "Completed",
        "requestParameters": {
            "accept": "text/csv",
            "contentType": "application/json",
            "endpointName": heard,
            "inputLocation": where,
        },
        "responseParameters": {"contentType": "text/csv", "outputLocation": answer["OutputLocation"]},
        "responseBody": {"content": base64.b64encode(b"42").decode(), "encoding": "BASE64"},
        "inferenceId": answer["InferenceId"],
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    assert asynchronous.body(answer["OutputLocation"]) == b"42"


def test_a_long_response_is_not_in_the_notification(asynchronous: Asynchronous, heard: str) -> None:
    """API_AsyncInferenceNotificationConfig: "only if the response size is less than or equal to 128 KB"."""
    answer = asynchronous.ask(heard, {"do": "big", "bytes": 128 * 1024 + 1})
    notice = asynchronous.notice(answer["InferenceId"])
    assert notice["invocationStatus"] == "Completed"
    assert "responseBody" not in notice
    assert len(asynchronous.body(answer["OutputLocation"])) == 128 * 1024 + 1


def test_what_a_model_refuses_is_a_failure(asynchronous: Asynchronous, heard: str, replica: Replica) -> None:
    """The model's words are the failure's object; the error topic is told, in the guide's sentence; the instance's data
    log names the request."""
    answer = asynchronous.ask(heard, {"do": "answer", "status": 500, "body": "it hurts"})
    notice = asynchronous.notice(answer["InferenceId"])
    assert notice["invocationStatus"] == "Failed"
    assert notice["failureReason"] == (
        "ClientError: Received server error (500) from model. See the SageMaker Endpoint logs in your account for more "
        "information."
    )
    assert base64.b64decode(notice["responseBody"]["content"]) == b"it hurts"
    assert asynchronous.body(answer["FailureLocation"]) == b"it hurts"
    logs, group = asynchronous.server.client("logs"), f"/aws/sagemaker/Endpoints/{heard}"
    stream = f"AllTraffic/{replica.id}/data-log"
    lines = [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]]
    said = (
        f'[sagemaker logs] [{answer["InferenceId"]}] Received server error (500) from primary with message "it hurts"'
    )
    assert [line.partition(":[")[2] for line in lines if answer["InferenceId"] in line] == [said[1:]]
    assert not asynchronous.versions(answer["OutputLocation"].removeprefix(f"s3://{asynchronous.bucket}/"))


def test_an_answer_without_a_length_is_a_failure(asynchronous: Asynchronous, heard: str) -> None:
    """AWS's own sentence, as its users report it."""
    answer = asynchronous.ask(heard, {"do": "pieces", "pieces": ["a", "b"]})
    said = "The response from container primary did not specify the required Content-Length header"
    assert said in asynchronous.notice(answer["InferenceId"])["failureReason"]


def test_an_input_that_cannot_be_read_is_a_failure(asynchronous: Asynchronous, heard: str) -> None:
    """It is there or not when its turn comes: the call is accepted. RequestDownloadFailures counts it."""
    absent = asynchronous.ask(heard, InputLocation=f"s3://{asynchronous.bucket}/in/absent")
    reason = asynchronous.notice(absent["InferenceId"])["failureReason"]
    assert "NoSuchKey" in reason
    assert asynchronous.body(absent["FailureLocation"]).decode() == reason
    closed = f"closed-{uuid.uuid4()}"
    asynchronous.s3.create_bucket(Bucket=closed)
    asynchronous.s3.put_object(Bucket=closed, Key="input", Body=b"x")
    deny = {
        "Effect": "Deny",
        "Principal": {"AWS": ROLE},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{closed}/*",
    }
    asynchronous.s3.put_bucket_policy(Bucket=closed, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    unread = asynchronous.ask(heard, InputLocation=f"s3://{closed}/input")
    assert "AccessDenied" in asynchronous.notice(unread["InferenceId"])["failureReason"]


def test_an_output_that_cannot_be_written_is_a_failure(asynchronous: Asynchronous, replica: Replica) -> None:
    """Nothing is left behind, nor tried for ever."""
    output = {
        "S3OutputPath": "s3://there-is-no-such-bucket/out",
        "S3FailurePath": f"s3://{asynchronous.bucket}/failed",
        "NotificationConfig": {"ErrorTopic": asynchronous.topic("unwritten")},
    }
    answer = asynchronous.ask(asynchronous.endpoint(replica, output=output), b"x")
    reason = asynchronous.notice(answer["InferenceId"])["failureReason"]
    assert "NoSuchBucket" in reason
    assert asynchronous.body(answer["FailureLocation"]).decode() == reason


def test_a_topic_that_is_gone_loses_no_response(asynchronous: Asynchronous, replica: Replica) -> None:
    """NotificationFailures counts it; the request has ended."""
    absent = "arn:aws:sns:us-east-1:123456789012:SageMaker-absent"
    output = asynchronous.output(NotificationConfig={"SuccessTopic": absent})
    name = asynchronous.endpoint(replica, output=output)
    assert asynchronous.body(asynchronous.ask(name, b"safe")["OutputLocation"]) == b"safe"
    eventually(lambda: total(asynchronous, name, "NotificationFailures") == 1, 30, "NotificationFailures")
    assert total(asynchronous, name, "InvocationFailures") == 0


def total(asynchronous: Asynchronous, endpoint: str, metric: str, statistic: str = "Sum") -> float:
    """A metric of an endpoint's variant, over all times."""
    cloudwatch = asynchronous.server.client("cloudwatch")
    dimensions = {"EndpointName": endpoint, "VariantName": "AllTraffic"}
    now = time.time()
    data = cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - 86_400,
        EndTime=now + 86_400 * 7,
        Period=3600 * 24 * 14,
        Statistics=[statistic],
    )["Datapoints"]
    return data[0][statistic] if data else 0.0


def test_what_is_processed_is_counted(asynchronous: Asynchronous, replica: Replica) -> None:
    """The guide's table of metrics "published with the EndpointName and VariantName dimensions", and their units."""
    name = asynchronous.endpoint(replica)
    good = [asynchronous.ask(name, {"do": "sleep", "seconds": 0.05}) for _ in range(3)]
    bad = asynchronous.ask(name, {"do": "answer", "status": 400, "body": "no"})
    for answer in good:
        asynchronous.body(answer["OutputLocation"])
    asynchronous.body(bad["FailureLocation"])
    eventually(lambda: total(asynchronous, name, "InvocationsProcessed") == 4, 30, "InvocationsProcessed")
    assert total(asynchronous, name, "InvocationFailures") == 1
    assert total(asynchronous, name, "Invocation4XXErrors") == 1
    assert total(asynchronous, name, "Invocation5XXErrors") == 0
    assert total(asynchronous, name, "TimeInBacklog", "SampleCount") == 4
    assert 50_000 <= total(asynchronous, name, "ModelLatency", "Maximum") < 5e6  # µs
    assert 50 <= total(asynchronous, name, "TotalProcessingTime", "Maximum") < 30_000  # ms
    for metric in ("RequestDownloadLatency", "ResponseUploadLatency"):
        assert total(asynchronous, name, metric, "SampleCount") >= 3


def test_an_instance_has_so_many_at_once_and_no_more(asynchronous: Asynchronous) -> None:
    """MaxConcurrentInvocationsPerInstance, over two instances: eight requests of half a second take two rounds."""
    replicas = [asynchronous.routed.replica(f"busy-{number}") for number in range(2)]
    name = asynchronous.endpoint(*replicas, most=2)
    begun = time.monotonic()
    answers = [asynchronous.ask(name, {"do": "sleep", "seconds": 0.5}) for _ in range(8)]
    names = [asynchronous.body(answer["OutputLocation"]).decode() for answer in answers]
    assert time.monotonic() - begun >= 1.0
    assert {one: names.count(one) for one in names} == {"busy-0": 4, "busy-1": 4}


def test_requests_wait_for_an_instance(asynchronous: Asynchronous, replica: Replica) -> None:
    """ "Requests that are received when there are zero instances are queued for processing once the endpoint scales
    up": in the order in which they came."""
    name = asynchronous.endpoint()
    answers = [asynchronous.ask(name, str(number).encode()) for number in range(3)]
    time.sleep(0.5)
    assert not asynchronous.versions(answers[0]["OutputLocation"].removeprefix(f"s3://{asynchronous.bucket}/"))
    asynchronous.reroute(name, replica, most=1)
    for number, answer in enumerate(answers):
        assert asynchronous.body(answer["OutputLocation"], 10) == str(number).encode()


def test_a_request_expires(asynchronous: Asynchronous) -> None:
    """RequestTTLSeconds; the default is six hours. Nobody needs an instance for that."""
    output = asynchronous.output(NotificationConfig={"ErrorTopic": asynchronous.topic("expired")})
    name = asynchronous.endpoint(output=output)
    short, long = asynchronous.ask(name, b"x", RequestTTLSeconds=60), asynchronous.ask(name, b"x")
    asynchronous.pass_(61)
    notice = asynchronous.notice(short["InferenceId"])
    assert (notice["invocationStatus"], "expired" in notice["failureReason"]) == ("Failed", True)
    assert b"expired" in asynchronous.body(short["FailureLocation"])
    assert not asynchronous.told(long["InferenceId"])
    asynchronous.pass_(21_600)
    assert "21600" in asynchronous.notice(long["InferenceId"])["failureReason"]
    eventually(lambda: total(asynchronous, name, "ExpiredRequests") == 2, 30, "ExpiredRequests")


def test_a_model_that_takes_too_long_is_given_up(asynchronous: Asynchronous, heard: str) -> None:
    """InvocationTimeoutSeconds; the connection is closed, so that the slot is free."""
    answer = asynchronous.ask(heard, {"do": "sleep", "seconds": 3600}, InvocationTimeoutSeconds=1)
    assert "timed out" in asynchronous.notice(answer["InferenceId"])["failureReason"]
    assert b"timed out" in asynchronous.body(answer["FailureLocation"])


def test_an_instance_that_dies_has_its_requests_done_elsewhere(asynchronous: Asynchronous) -> None:
    """Nobody's request is lost with it; one that kills every instance ends as a failure, after three."""
    first, second = asynchronous.routed.replica("first"), asynchronous.routed.replica("second")
    name = asynchronous.endpoint(first)
    answer = asynchronous.ask(name, {"do": "sleep", "seconds": 1})
    eventually(lambda: asynchronous.busy(name), 10, "it is under way")
    asynchronous.reroute(name, second)
    first.kill()
    assert asynchronous.body(answer["OutputLocation"]) == b"second"
    output = asynchronous.output(NotificationConfig={"ErrorTopic": asynchronous.topic("deadly")})
    name = asynchronous.endpoint(second, output=output)
    deadly = asynchronous.ask(name, {"do": "hang up"})
    assert "broke 3 times" in asynchronous.notice(deadly["InferenceId"])["failureReason"]


def test_a_deleted_endpoint_leaves_no_request_unanswered(asynchronous: Asynchronous) -> None:
    """Each that was accepted fails, and says why."""
    output = asynchronous.output(NotificationConfig={"ErrorTopic": asynchronous.topic("deleted")})
    name = asynchronous.endpoint(output=output)
    answers = [asynchronous.ask(name, b"x") for _ in range(3)]
    asynchronous.routed.forget(name)
    for answer in answers:
        assert "was deleted" in asynchronous.notice(answer["InferenceId"])["failureReason"]
        assert b"was deleted" in asynchronous.body(answer["FailureLocation"])


def test_large_bodies_flow_through(asynchronous: Asynchronous, plain: str) -> None:
    """32 MB in and out: more than InvokeEndpoint takes; no process holds it whole."""
    content = uuid.uuid4().bytes * (2 << 20)
    answer = asynchronous.ask(plain, content)
    assert asynchronous.body(answer["OutputLocation"]) == content


@pytest.fixture(scope="module")
def endpoints(unhurried: Server) -> Endpoints:
    return Endpoints(unhurried)


def test_an_endpoint_goes_to_zero_and_comes_back_for_its_backlog(
    asynchronous: Asynchronous, endpoints: Endpoints
) -> None:
    """DescribeEndpoint shows the configuration; topics are tested at creation; capacity 0 is asked for by Application
    Auto Scaling with MinCapacity 0, and left by a step policy on HasBacklogWithoutCapacity, within two seconds of its
    alarm. Developer guide, "Autoscale an asynchronous endpoint"."""
    topic = asynchronous.topic("whole")
    before = len(asynchronous.receiver.of("Notification"))
    config = {
        "OutputConfig": asynchronous.output(NotificationConfig={"SuccessTopic": topic}),
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 2},
    }
    name = endpoints.create(endpoints.config(AsyncInferenceConfig=config))
    assert endpoints.describe(name)["AsyncInferenceConfig"] == config
    test = asynchronous.receiver.gets("Notification", before + 1).message
    assert json.loads(test["Message"]) == {
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "TestNotification",
    }
    answer = asynchronous.ask(name, b"hello")
    assert json.loads(asynchronous.body(answer["OutputLocation"]))["body"] == "hello"
    scaling, cloudwatch = (endpoints.server.client(one) for one in ("application-autoscaling", "cloudwatch"))
    where = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**where, MinCapacity=0, MaxCapacity=2)
    none = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 0}]
    endpoints.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=none)
    eventually(
        lambda: (
            (d := endpoints.settled(name))["ProductionVariants"][0]["CurrentInstanceCount"] == 0
            and d["EndpointStatus"] == "InService"
        ),
        30,
        "no instance",
    )
    waiting = asynchronous.ask(name, b"hold on")
    policy = scaling.put_scaling_policy(
        **where,
        PolicyName="from-zero",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "MetricAggregationType": "Average",
            "Cooldown": 0,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
        },
    )["PolicyARN"]
    dimensions = [{"Name": "EndpointName", "Value": name}]
    alarm = f"from-zero-{name}"
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        Namespace="AWS/SageMaker",
        MetricName="HasBacklogWithoutCapacity",
        Statistic="Average",
        Dimensions=dimensions,
        Period=60,
        EvaluationPeriods=2,
        DatapointsToAlarm=2,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="missing",
        AlarmActions=[policy],
    )

    def rings() -> bool:
        (shown,) = cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
        if shown["StateValue"] == "ALARM":
            return True
        asynchronous.pass_(20)
        return False

    eventually(rings, 40, "HasBacklogWithoutCapacity is 1")
    rang = time.monotonic()
    assert json.loads(asynchronous.body(waiting["OutputLocation"], 20))["body"] == "hold on"
    assert time.monotonic() - rang < 8  # two seconds, where the machine is not busy
    listed = cloudwatch.list_metrics(Namespace="AWS/SageMaker", Dimensions=dimensions)["Metrics"]
    assert {metric["MetricName"] for metric in listed if len(metric["Dimensions"]) == 1} == {
        "ApproximateBacklogSize",
        "ApproximateBacklogSizePerInstance",
        "ApproximateAgeOfOldestRequest",
        "HasBacklogWithoutCapacity",
    }
    scaling.deregister_scalable_target(**where)
    endpoints.delete(name)


def test_target_tracking_follows_the_backlog(asynchronous: Asynchronous, endpoints: Endpoints) -> None:
    """The guide's example: a customised metric, ApproximateBacklogSizePerInstance. Six requests for one instance are
    three times its target, so two more are started. Developer guide, "Autoscale an asynchronous endpoint"."""
    config = {
        "OutputConfig": asynchronous.output(),
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 1},
    }
    name = endpoints.create(endpoints.config(AsyncInferenceConfig=config))
    scaling = endpoints.server.client("application-autoscaling")
    where = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**where, MinCapacity=0, MaxCapacity=5)
    high, _ = scaling.put_scaling_policy(
        **where,
        PolicyName="backlog",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 2.0,
            "CustomizedMetricSpecification": {
                "MetricName": "ApproximateBacklogSizePerInstance",
                "Namespace": "AWS/SageMaker",
                "Dimensions": [{"Name": "EndpointName", "Value": name}],
                "Statistic": "Average",
            },
            "ScaleInCooldown": 600,
            "ScaleOutCooldown": 300,
        },
    )["Alarms"]
    for _ in range(6):
        asynchronous.ask(name, b"wait600", InvocationTimeoutSeconds=3600)
    cloudwatch = endpoints.server.client("cloudwatch")

    def rings() -> bool:
        (shown,) = cloudwatch.describe_alarms(AlarmNames=[high["AlarmName"]])["MetricAlarms"]
        if shown["StateValue"] == "ALARM":
            return True
        asynchronous.pass_(20)
        return False

    eventually(rings, 40, "the backlog is above its target for three minutes")
    eventually(
        lambda: endpoints.describe(name)["ProductionVariants"][0]["CurrentInstanceCount"] == 3, 20, "three instances"
    )
    scaling.deregister_scalable_target(**where)
    endpoints.sagemaker.delete_endpoint(EndpointName=name)  # half a minute, for its models work for longer


def test_configurations_that_cannot_be_are_refused(asynchronous: Asynchronous, endpoints: Endpoints) -> None:
    """API_AsyncInferenceConfig; what is not built is named."""
    create = endpoints.sagemaker.create_endpoint_config
    given = {
        "EndpointConfigName": endpoints.name("config"),
        "ProductionVariants": [endpoints.variant(endpoints.model())],
    }

    def said(output: dict[str, Any], **more: Any) -> str:
        return refused("ValidationException", create, **given, AsyncInferenceConfig={"OutputConfig": output}, **more)

    assert "nowhere" in said({})
    assert "S3OutputPath" in said({"S3OutputPath": "https://bucket/out"})
    assert "KmsKeyId" in said(asynchronous.output(KmsKeyId="alias/mine"))
    included = {"IncludeInferenceResponseIn": ["ERROR_NOTIFICATION_TOPIC"]}
    assert "no ErrorTopic" in said(asynchronous.output(NotificationConfig=included))
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{asynchronous.bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    assert "DataCaptureConfig" in said(asynchronous.output(), DataCaptureConfig=capture)


def test_an_endpoint_whose_topic_cannot_be_told_fails(asynchronous: Asynchronous, endpoints: Endpoints) -> None:
    """In AWS's words, which name role and topic. A real-time endpoint does not become an asynchronous one."""
    absent = "arn:aws:sns:us-east-1:123456789012:SageMaker-nobody"
    output = asynchronous.output(NotificationConfig={"ErrorTopic": absent})
    config = endpoints.config(AsyncInferenceConfig={"OutputConfig": output})
    name = endpoints.create(config, wait=False)
    described = endpoints.settled(name)
    assert described["EndpointStatus"] == "Failed"
    assert f'has "sns:Publish" permissions for topic "{absent}"' in described["FailureReason"]
    endpoints.delete(name)
    plain = endpoints.create()
    update = endpoints.sagemaker.update_endpoint
    assert "asynchronous" in refused("ValidationException", update, EndpointName=plain, EndpointConfigName=config)
    endpoints.delete(plain)
