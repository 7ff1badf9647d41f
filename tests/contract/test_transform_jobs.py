"""Batch transform through boto3. Expectations without another source: developer guide, "Batch transform for
inference" and "Use Your Own Inference Code with Batch Transform"; API_CreateTransformJob and what it is made of."""

from __future__ import annotations

import gzip
import json
import uuid
from datetime import datetime
from typing import Any

import botocore.exceptions
import pytest
from tests.conftest import Server, eventually
from tests.transforms import LINES, Transforms


@pytest.fixture(scope="module")
def transforms(salvia: Server) -> Transforms:
    return Transforms(salvia)


@pytest.fixture(scope="module")
def marks(transforms: Transforms) -> str:
    """A model that puts a + before each line."""
    return transforms.model(NAME="+")


def test_each_object_becomes_one_in_the_same_order(transforms: Transforms, marks: str) -> None:
    """KEY.out below S3OutputPath, also of several instances; AssembleWith Line; requests overtake each other."""
    lines = [b"%d" % number for number in range(300)]
    prefix = transforms.put(**{"a.csv": b"\n".join(lines), "sub__b.csv": b"1\n2\n", "c.csv": b"x\r\n\r\ny\r\n"})
    slow = transforms.model(NAME="+", DELAY="0.02")
    name = transforms.start(
        prefix,
        slow,
        instances=2,
        BatchStrategy="SingleRecord",
        MaxConcurrentTransforms=8,
        MaxPayloadInMB=1,
        output={"AssembleWith": "Line"},
        Tags=[{"Key": "team", "Value": "blue"}],
    )
    waiter = transforms.sagemaker.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    described = transforms.describe(name)
    assert described["TransformJobStatus"] == "Completed"
    assert described["CreationTime"] <= described["TransformStartTime"] <= described["TransformEndTime"]
    assert described["BatchStrategy"] == "SingleRecord"
    assert described["TransformJobArn"].endswith(f":transform-job/{name}")
    assert not {key for key in described if key.startswith("_")} | {"FailureReason"} & set(described)
    assert transforms.outputs(name) == {
        "a.csv.out": b"".join(b"+%s\n" % line for line in lines),
        "sub/b.csv.out": b"+1\n+2\n",
        "c.csv.out": b"+x\r\n+y\r\n",  # a line ends with \n, whatever is before it
    }
    tags = transforms.sagemaker.list_tags(ResourceArn=described["TransformJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "blue"}]
    cost = transforms.server.client("salvia").get_cost(GroupBy=[{"Type": "RESOURCE"}, {"Type": "COMPONENT"}])
    billed = {tuple(group["Keys"]): group["InstanceSeconds"] for group in cost["Groups"]}
    began, ended = (int(described[f"Transform{moment}Time"].timestamp()) for moment in ("Start", "End"))
    assert billed[described["TransformJobArn"], "Transform"] == 2 * max(1, ended - began)


def test_lines_go_together_up_to_the_largest_payload(transforms: Transforms) -> None:
    """MultiRecord is the default, and MaxPayloadInMB the most that one request carries; without AssembleWith what comes
    back is put together as it is. Source besides: log of a job, aws/amazon-sagemaker-examples, issue 1620."""
    line = b"x" * 99_999 + b"\n"
    prefix = transforms.put(big=line * 25)
    assert transforms.done(prefix, transforms.model(MODE="count"), MaxPayloadInMB=1) == {
        "big.out": b"1000000" * 2 + b"500000"
    }
    whole = transforms.done(prefix, transforms.model(MODE="count"), input={"SplitType": "None"})
    assert whole == {"big.out": b"2500000"}


def test_empty_objects_and_folders(transforms: Transforms, marks: str) -> None:
    """An object without records makes one without answers; a folder of the console is none."""
    prefix = transforms.put(nothing=b"", blank=b"\n\n", folder__=b"", last=b"no newline")
    assert transforms.done(prefix, marks) == {"nothing.out": b"", "blank.out": b"", "last.out": b"+no newline\n"}


def test_a_manifest_names_the_objects(transforms: Transforms, marks: str) -> None:
    """API_TransformS3DataSource, ManifestFile; CompressionType Gzip."""
    prefix = transforms.put(one=gzip.compress(b"a\nb\n"), deep__two=gzip.compress(b"c\n"), three=b"d")
    manifest = [{"prefix": f"s3://{transforms.bucket}/{prefix}"}, "one", "deep/two"]
    listed = transforms.put(manifest=json.dumps(manifest).encode())
    source = {"S3DataType": "ManifestFile", "S3Uri": f"s3://{transforms.bucket}/{listed}manifest"}
    given = {"DataSource": {"S3DataSource": source}, "CompressionType": "Gzip"}
    assert transforms.done("", marks, input=given) == {"one.out": b"+a\n+b\n", "deep/two.out": b"+c\n"}


def test_what_the_container_is_told(transforms: Transforms) -> None:
    """Only what the request says is passed; ContentType and Accept are headers of each request."""
    prefix = transforms.put(one=b"1\n")
    model = transforms.model(MODE="told")
    assert json.loads(transforms.done(prefix, model)["one.out"]) == {"SAGEMAKER_BATCH": "true"}
    told = transforms.done(
        prefix,
        model,
        BatchStrategy="SingleRecord",
        MaxPayloadInMB=2,
        MaxConcurrentTransforms=3,
        Environment={"SAGEMAKER_BATCH_OF": "mine"},
        input={"ContentType": "text/csv"},
        output={"Accept": "application/json"},
    )
    assert json.loads(told["one.out"]) == {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_OF": "mine",
        "SAGEMAKER_BATCH_STRATEGY": "SINGLE_RECORD",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "2",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": "3",
        "Content-Type": "text/csv",
        "Accept": "application/json",
    }


def test_the_container_may_choose_what_the_request_leaves_open(transforms: Transforms) -> None:
    """GET /execution-parameters: after the request's own values, before the defaults; the data log says which."""
    asked = {"MaxConcurrentTransforms": 4, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 9}
    model = transforms.model(MODE="count", PARAMETERS=json.dumps(asked))
    name = transforms.start(transforms.put(one=b"ab\ncd\n"), model, MaxPayloadInMB=2)
    assert transforms.ended(name)["TransformJobStatus"] == "Completed"
    assert transforms.outputs(name) == {"one.out": b"22"}
    logs = transforms.server.client("logs")
    group = "/aws/sagemaker/TransformJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
    lines = {
        stream["logStreamName"].endswith("/data-log"): [
            event["message"]
            for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
        ]
        for stream in streams
    }
    assert "lines starts" in lines[False]
    (said,) = lines[True]
    assert said.endswith(":[sagemaker logs]: MaxConcurrentTransforms=4, MaxPayloadInMB=2, BatchStrategy=SINGLE_RECORD")


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_a_wrong_record_is_named_and_the_other_objects_are_done(
    transforms: Transforms, marks: str, strategy: str
) -> None:
    """ "If an input file contains a bad record, the transform job doesn't create an output file for that input file …
    a transform job continues to process input files even if it fails to process one"."""
    prefix = transforms.put(a=b"1\n2\n", b=b"1\n2\nbad\n4\n5\n", c=b"3\n")
    reason, stored = transforms.failed(prefix, marks, BatchStrategy=strategy)
    assert stored == {"a.out": b"+1\n+2\n", "c.out": b"+3\n"}
    assert reason == (
        f"ClientError: s3://{transforms.bucket}/{prefix}b: record 3: Bad HTTP status received from algorithm: 400. "
        "Message: cannot read a line that is bad"
    )


def test_what_fails_is_tried_again(transforms: Transforms, marks: str) -> None:
    """InvocationsMaxRetries, 3 by default."""
    prefix = transforms.put(a=b"flaky\n")
    assert transforms.done(prefix, transforms.model(NAME="+")) == {"a.out": b"+flaky\n"}
    reason, _ = transforms.failed(prefix, transforms.model(NAME="+"), ModelClientConfig={"InvocationsMaxRetries": 0})
    assert "record 1: Bad HTTP status received from algorithm: 503. Message: not yet" in reason
    assert reason.startswith("AlgorithmError: ")


def test_a_model_that_answers_too_late(transforms: Transforms) -> None:
    """InvocationsTimeoutInSeconds."""
    config = {"InvocationsTimeoutInSeconds": 1, "InvocationsMaxRetries": 0}
    model = transforms.model(NAME="+", DELAY="600")
    reason, stored = transforms.failed(transforms.put(a=b"1\n"), model, ModelClientConfig=config)
    assert "record 1: Unable to get response from algorithm: no answer within 1 seconds" in reason
    assert not stored


def test_a_model_server_that_dies(transforms: Transforms, marks: str) -> None:
    """Its last lines are in the FailureReason."""
    reason, stored = transforms.failed(transforms.put(a=b"die\n"), marks)
    assert "The model server ended with exit code 3, before all objects were transformed." in reason
    assert "the model gives up" in reason
    assert not stored


def test_records_that_are_too_large(transforms: Transforms, marks: str) -> None:
    """ "Exceeding the MaxPayloadInMB limit causes an error", by a record or by an object that is not split."""
    prefix = transforms.put(a=b"1\n" + b"x" * (2 << 20))
    reason, _ = transforms.failed(prefix, marks, MaxPayloadInMB=1)
    assert "Too much data for max payload size: record 2 is larger than 1 MB" in reason
    reason, _ = transforms.failed(prefix, marks, MaxPayloadInMB=1, input={"SplitType": "None"})
    assert "Too much data for max payload size: The object is larger than 1 MB" in reason


def test_nothing_to_transform(transforms: Transforms, marks: str) -> None:
    """The prefix is named, and what was found near it."""
    transforms.put(a=b"1")
    reason, _ = transforms.failed("in-nowhere/", marks)
    assert f"no objects under s3://{transforms.bucket}/in-nowhere/" in reason


CSV = {"input": {"ContentType": "text/csv"}, "output": {"Accept": "text/csv", "AssembleWith": "Line"}}
JSONL = {
    "input": {"ContentType": "application/jsonlines"},
    "output": {"Accept": "application/jsonlines", "AssembleWith": "Line"},
}


@pytest.mark.parametrize(
    ("processing", "expected"),
    [
        ({"InputFilter": "$[1:]"}, b"5.0\n9.0\n"),
        ({"InputFilter": "$[0:-1]"}, b"3.0\n24.0\n"),
        ({"InputFilter": "$[1:]", "JoinSource": "Input"}, b"1,2,3,5.0\n20,4,5,9.0\n"),
        ({"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}, b"1,5.0\n20,9.0\n"),
    ],
)
def test_rows_beside_their_predictions(transforms: Transforms, processing: dict[str, str], expected: bytes) -> None:
    """Developer guide, "Associate prediction results with input records", example with an ID column."""
    prefix = transforms.put(rows=b"1,2,3\r\n20,4,5")
    assert transforms.done(prefix, transforms.model(MODE="sum"), DataProcessing=processing, **CSV) == {
        "rows.out": expected
    }


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_documents_beside_their_predictions(transforms: Transforms, strategy: str) -> None:
    """Same page, example with an ID attribute: "output_filter = $['id','SageMakerOutput']"."""
    documents = b'{"id": 1, "features": [1, 2]}\n{"id": 2, "features": [3]}\n'
    processing = {"InputFilter": "$.features", "JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"}
    stored = transforms.done(
        transforms.put(docs=documents),
        transforms.model(MODE="features"),
        DataProcessing=processing,
        BatchStrategy=strategy,
        **JSONL,
    )
    assert [json.loads(line) for line in stored["docs.out"].splitlines()] == [
        {"id": 1, "SageMakerOutput": {"label": 2}},
        {"id": 2, "SageMakerOutput": {"label": 1}},
    ]


def test_an_index_that_a_row_has_not(transforms: Transforms) -> None:
    """ "If you specify indexes that aren't within the dimension size of the joined dataset, you get an error"."""
    reason, _ = transforms.failed(
        transforms.put(rows=b"1,2\n1\n"), transforms.model(MODE="sum"), DataProcessing={"InputFilter": "$[1]"}, **CSV
    )
    assert "record 2: InputFilter $[1]: there is no index 1: there are 1 elements" in reason


def test_a_serial_inference_pipeline(transforms: Transforms) -> None:
    """What one container answers, the next is asked; the guide, "Run batch transforms with inference pipelines"."""
    model = transforms.model({"NAME": "first-"}, {"NAME": "second-"}, {"NAME": "third-"})
    stored = transforms.done(transforms.put(a=b"1\n2\n"), model, instances=2)
    assert stored == {"a.out": b"third-second-first-1\nthird-second-first-2\n"}


def test_what_a_job_captures_is_in_the_bucket(transforms: Transforms) -> None:
    """The guide, "Capture data from batch transform job": a manifest of what was read and one of what was written, by
    each instance; the last two columns of an answer are its ID, "a random UUID", and when the job began."""
    prefix = transforms.put(a=b"1,2\n3,4\n", b=b"5\n")
    capture = {"DestinationS3Uri": f"s3://{transforms.bucket}/seen", "GenerateInferenceId": True}
    name = transforms.start(
        prefix,
        transforms.model(MODE="sum"),
        instances=2,
        DataCaptureConfig=capture,
        BatchStrategy="SingleRecord",
        **CSV,
    )
    described = transforms.ended(name)
    assert described["TransformJobStatus"] == "Completed", described.get("FailureReason")
    assert described["DataCaptureConfig"] == capture
    rows = [row.split(",") for data in transforms.outputs(name).values() for row in data.decode().splitlines()]
    assert sorted(row[0] for row in rows) == ["3.0", "5.0", "7.0"]
    assert len({uuid.UUID(row[1]) for row in rows}) == 3
    (at,) = {row[2] for row in rows}
    began = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S%z")
    assert abs((described["TransformStartTime"] - began).total_seconds()) < 60
    outputs = f"s3://{transforms.bucket}/out/{name}/"
    for kind, below, ending in (("input", f"s3://{transforms.bucket}/{prefix}", ""), ("output", outputs, ".out")):
        hour = f"seen/{kind}/{began:%Y/%m/%d/%H}/{name}-"
        found = transforms.s3.list_objects_v2(Bucket=transforms.bucket, Prefix=f"seen/{kind}/")["Contents"]
        assert [one["Key"] for one in found] == [f"{hour}0.jsonl", f"{hour}1.jsonl"]
        manifests = [
            json.loads(transforms.s3.get_object(Bucket=transforms.bucket, Key=one["Key"])["Body"].read())
            for one in found
        ]
        assert manifests == [[{"prefix": below}, f"a{ending}"], [{"prefix": below}, f"b{ending}"]]


def test_a_job_is_stopped(transforms: Transforms) -> None:
    """ "When you stop a batch transform job before it is completed, SageMaker doesn't store the job's output"."""
    model = transforms.model(NAME="+", DELAY="600")
    name = transforms.start(transforms.put(a=b"1\n2\n"), model)
    eventually(lambda: "TransformStartTime" in transforms.describe(name), what="it starts")
    transforms.sagemaker.stop_transform_job(TransformJobName=name)
    assert transforms.describe(name)["TransformJobStatus"] in {"Stopping", "Stopped"}
    described = transforms.ended(name)
    assert described["TransformJobStatus"] == "Stopped"
    assert "FailureReason" not in described
    assert not transforms.outputs(name)
    with pytest.raises(botocore.exceptions.ClientError, match="in status Stopped"):
        transforms.sagemaker.stop_transform_job(TransformJobName=name)


def test_lists(transforms: Transforms, marks: str) -> None:
    """Filters, order and pages of ListTransformJobs."""
    prefix = transforms.put(a=b"1\n")
    names = [transforms.start(prefix, marks) for _ in range(3)]
    for name in names:
        transforms.ended(name)
    found = transforms.sagemaker.list_transform_jobs(NameContains=names[0], StatusEquals="Completed")
    assert [job["TransformJobName"] for job in found["TransformJobSummaries"]] == [names[0]]
    assert "TransformEndTime" in found["TransformJobSummaries"][0]
    pages = transforms.sagemaker.get_paginator("list_transform_jobs").paginate(
        SortBy="CreationTime", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    listed = [job["TransformJobName"] for page in pages for job in page["TransformJobSummaries"]]
    assert [name for name in listed if name in names] == names


def refused(transforms: Transforms, said: str, model: str = "", code: str = "ValidationException", **more: Any) -> None:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        transforms.start("in/", model, **more)
    assert caught.value.response["Error"]["Code"] == code
    assert said in caught.value.response["Error"]["Message"]


def test_requests_that_cannot_be(transforms: Transforms, marks: str) -> None:
    """What contradicts itself, does not exist, or is not built."""
    refused(transforms, 'Could not find model "arn:aws:sagemaker:us-east-1:123456789012:model/none".', "none")
    refused(transforms, "cannot exceed 100 MB", marks, MaxPayloadInMB=60, MaxConcurrentTransforms=2)
    refused(transforms, "needs a SplitType", marks, BatchStrategy="MultiRecord", input={"SplitType": "None"})
    refused(transforms, "MaxPayloadInMB 0", marks, MaxPayloadInMB=0)
    capture = {"DestinationS3Uri": "s3://a/b", "GenerateInferenceId": True}
    refused(transforms, "GenerateInferenceId: Accept must be one of", marks, DataCaptureConfig=capture)
    refused(transforms, "DataCaptureConfig.KmsKeyId", marks, DataCaptureConfig={**capture, "KmsKeyId": "key"}, **CSV)
    refused(transforms, "ContentType must be one of", marks, DataProcessing={"JoinSource": "Input"})
    refused(transforms, "Accept must be one of", marks, DataProcessing={"JoinSource": "Input"}, input=CSV["input"])
    refused(transforms, 'Invalid InputFilter: "[1]"', marks, DataProcessing={"InputFilter": "[1]"}, **CSV)
    refused(transforms, "no attributes", marks, DataProcessing={"InputFilter": "$.a"}, **CSV)
    mixed = {"input": CSV["input"], "output": JSONL["output"]}
    refused(transforms, "the same format", marks, DataProcessing={"JoinSource": "Input"}, **mixed)
    direct = transforms.name("model")
    containers = [{"Image": LINES, "ContainerHostname": name} for name in ("a", "b")]
    transforms.sagemaker.create_model(
        ModelName=direct,
        Containers=containers,
        ExecutionRoleArn="arn:aws:iam::123456789012:role/SageMakerExecutionRole",
        InferenceExecutionConfig={"Mode": "Direct"},
    )
    refused(transforms, "invoked directly", direct)
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        transforms.describe("none")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        transforms.sagemaker.stop_transform_job(TransformJobName="none")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"


def test_an_image_that_cannot_serve_and_one_that_there_is_not(transforms: Transforms) -> None:
    """The job fails, and says which image."""
    for repository, said in (("probe", "cannot serve"), ("nobody", "nobody")):
        name = transforms.name("model")
        image = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{repository}:latest"
        transforms.sagemaker.create_model(
            ModelName=name,
            PrimaryContainer={"Image": image},
            ExecutionRoleArn="arn:aws:iam::123456789012:role/SageMakerExecutionRole",
        )
        reason, _ = transforms.failed(transforms.put(a=b"1"), name)
        assert reason.startswith("ClientError")
        assert said in reason
