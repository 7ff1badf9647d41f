"""Callback steps through boto3. Expectations: the guide, "Callback step"; API_SendPipelineExecutionStepSuccess,
API_SendPipelineExecutionStepFailure, API_StopPipelineExecution."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Server
from tests.pipelines import Json, Pipelines, callback, compare, condition, defined, fail, get, parameter


@pytest.fixture(scope="module")
def pipelines(salvia: Server) -> Pipelines:
    found = Pipelines(salvia)
    found.may_send("callback-*")
    return found


class Queue:
    """A queue, and whoever works for it."""

    def __init__(self, server: Server) -> None:
        self.sqs = server.client("sqs")
        self.name = f"callback-{uuid.uuid4().hex[:8]}"
        self.url = str(self.sqs.create_queue(QueueName=self.name)["QueueUrl"])

    def next(self) -> Json:
        """The next message's body."""
        (message,) = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=20)["Messages"]
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return dict(json.loads(message["Body"]))

    def empty(self) -> bool:
        return "Messages" not in self.sqs.receive_message(QueueUrl=self.url)


@pytest.fixture(scope="module")
def queue(pipelines: Pipelines) -> Queue:
    return Queue(pipelines.server)


def refused(code: str, call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])


def test_a_callback_succeeds_with_outputs(pipelines: Pipelines, queue: Queue) -> None:
    """The message is as the guide's own handler reads it; outputs have types, and other steps use them."""
    outputs = {"where": "String", "rows": "Integer", "good": "Boolean", "score": "Float"}
    ask = callback(
        "Ask", queue.url, {"path": get("Parameters.Path"), "deep": {"n": [1, get("Execution.PipelineName")]}}, outputs
    )
    decide = condition(
        "Decide",
        compare("GreaterThan", get("Steps.Ask.OutputParameters['rows']"), 9),
        compare("Equals", get("Steps.Ask.OutputParameters['good']"), True),
        compare("LessThan", get("Steps.Ask.OutputParameters['score']"), 0.75),
        then=[callback("Tell", queue.url, {"found": get("Steps.Ask.OutputParameters['where']")})],
        other=[fail("Never", "the outputs are not of their types")],
    )
    pipeline = pipelines.create(defined([decide, ask], [parameter("Path")]))
    execution = pipelines.start(pipeline, {"Path": "s3://in"})
    message = queue.next()
    assert message.pop("arguments") == {"path": "s3://in", "deep": {"n": [1, pipeline]}}
    token = message.pop("token")
    assert re.fullmatch("[a-zA-Z0-9]{10}", token)
    assert message == {"pipelineExecutionArn": execution, "status": "Executing"}
    waiting = pipelines.steps(execution)["Ask"]
    assert waiting["StepStatus"] == "Executing"
    assert waiting["Metadata"] == {"Callback": {"CallbackToken": token, "SqsQueueUrl": queue.url}}
    success = pipelines.sagemaker.send_pipeline_execution_step_success
    given = {"where": "s3://out", "rows": "10", "good": "true", "score": "0.5"}
    sent = [{"Name": name, "Value": value} for name, value in given.items()]
    for name, value, why in (
        ("rows", "ten", "of type Integer, and 'ten' is none"),
        ("other", "1", "has no output 'other'"),
    ):
        said = refused(
            "ValidationException", success, CallbackToken=token, OutputParameters=[{"Name": name, "Value": value}]
        )
        assert why in said
    once = str(uuid.uuid4())
    answer = success(CallbackToken=token, OutputParameters=sent, ClientRequestToken=once)
    assert answer["PipelineExecutionArn"] == execution
    again = queue.next()
    assert again["arguments"] == {"found": "s3://out"} and again["token"] != token
    same = success(CallbackToken=token, OutputParameters=sent, ClientRequestToken=once)
    assert same["PipelineExecutionArn"] == execution  # "completes no more than one time"
    refused("ConflictException", success, CallbackToken=token)
    refused("ResourceNotFound", success, CallbackToken="a" * 10)
    success(CallbackToken=again["token"])
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Succeeded"
    done = pipelines.steps(execution)
    assert list(done) == ["Ask", "Decide", "Tell"]
    assert done["Ask"]["Metadata"]["Callback"]["OutputParameters"] == sent
    assert queue.empty()


def test_a_callback_fails_and_is_asked_for_again(pipelines: Pipelines, queue: Queue) -> None:
    execution = pipelines.start(pipelines.create(defined([callback("Ask", queue.url)])))
    first = queue.next()
    failure = pipelines.sagemaker.send_pipeline_execution_step_failure
    assert failure(CallbackToken=first["token"], FailureReason="no disk")["PipelineExecutionArn"] == execution
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Failed"
    assert pipelines.steps(execution)["Ask"]["FailureReason"] == "no disk"
    pipelines.sagemaker.retry_pipeline_execution(PipelineExecutionArn=execution)
    second = queue.next()
    assert second["token"] != first["token"]
    refused("ConflictException", failure, CallbackToken=first["token"])
    pipelines.sagemaker.send_pipeline_execution_step_success(CallbackToken=second["token"])
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Succeeded"
    assert pipelines.steps(execution)["Ask"]["AttemptCount"] == 2


def test_a_callback_that_never_comes(pipelines: Pipelines, queue: Queue) -> None:
    """An execution does not stop while a callback runs: the queue is told, and an answer waited for."""
    execution = pipelines.start(pipelines.create(defined([callback("Ask", queue.url, {"a": 1})])))
    begun = queue.next()
    pipelines.sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution)
    told = queue.next()
    assert told == {**begun, "status": "Stopping"}
    assert pipelines.describe(execution)["PipelineExecutionStatus"] == "Stopping"
    assert pipelines.statuses(execution) == {"Ask": "Stopping"}
    pipelines.sagemaker.send_pipeline_execution_step_failure(CallbackToken=told["token"], FailureReason="cleaned up")
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Stopped"
    assert pipelines.statuses(execution) == {"Ask": "Stopped"}
    # Where the queue is gone nobody can be told, and nobody need be waited for.
    lost = Queue(pipelines.server)
    execution = pipelines.start(pipelines.create(defined([callback("Ask", lost.url)])))
    lost.next()
    lost.sqs.delete_queue(QueueUrl=lost.url)
    pipelines.sagemaker.stop_pipeline_execution(PipelineExecutionArn=execution)
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Stopped"


def test_a_job_that_is_deleted_before_others_use_it(pipelines: Pipelines, queue: Queue) -> None:
    """What refers to it fails, and says why; what has its results already is none the worse."""
    made = pipelines.processing("Make", "pass")
    name = get("Steps.Make.ProcessingJobName")
    steps = [
        made,
        callback("Wait", queue.url, {"job": name}),
        condition("Later", compare("Equals", name, "x"), DependsOn=["Wait"]),
    ]
    execution = pipelines.start(pipelines.create(defined(steps)))
    message = queue.next()
    pipelines.sagemaker.delete_processing_job(ProcessingJobName=message["arguments"]["job"])
    pipelines.sagemaker.send_pipeline_execution_step_success(CallbackToken=message["token"])
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Failed"
    assert pipelines.statuses(execution) == {"Make": "Succeeded", "Wait": "Succeeded", "Later": "Failed"}
    assert pipelines.steps(execution)["Later"]["FailureReason"] == "ClientError: what step 'Make' made was deleted."


def test_many_callbacks_at_once(pipelines: Pipelines, queue: Queue) -> None:
    """Each has one message and one token; MaxParallelExecutionSteps counts them."""
    steps = [callback(f"C{number}", queue.url) for number in range(8)]
    execution = pipelines.start(
        pipelines.create(defined(steps)), ParallelismConfiguration={"MaxParallelExecutionSteps": 5}
    )
    begun = [queue.next()["token"] for _ in range(5)]
    assert queue.empty() and len(pipelines.steps(execution)) == 5
    for token in begun:
        pipelines.sagemaker.send_pipeline_execution_step_success(CallbackToken=token)
    rest = [queue.next()["token"] for _ in range(3)]
    for token in rest:
        pipelines.sagemaker.send_pipeline_execution_step_success(CallbackToken=token)
    assert len({*begun, *rest}) == 8
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Succeeded"
    assert queue.empty()


def test_a_queue_that_cannot_be_reached(pipelines: Pipelines, queue: Queue) -> None:
    """The message is the execution's role's; whoever answers needs to be allowed to, on that execution."""
    away = queue.url.replace("callback-", "other-")
    queue.sqs.create_queue(QueueName=away.rpartition("/")[2])
    for url, why in ((away, "sqs:SendMessage on resource"), (f"{queue.url}-gone", "queue does not exist")):
        execution = pipelines.start(pipelines.create(defined([callback("Ask", url)])))
        assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Failed"
        assert why in pipelines.steps(execution)["Ask"]["FailureReason"]
    execution = pipelines.start(pipelines.create(defined([callback("Ask", queue.url)])))
    token = queue.next()["token"]
    iam, name = pipelines.server.client("iam"), f"answers-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    theirs = pipelines.server.client("sagemaker", (key["AccessKeyId"], key["SecretAccessKey"], None))
    said = refused("AccessDeniedException", theirs.send_pipeline_execution_step_success, CallbackToken=token)
    assert f"sagemaker:SendPipelineExecutionStepSuccess on resource: {execution}" in said
    allow = {"Effect": "Allow", "Action": "sagemaker:SendPipelineExecutionStep*", "Resource": execution}
    iam.put_user_policy(
        UserName=name, PolicyName="own", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    theirs.send_pipeline_execution_step_success(CallbackToken=token)
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Succeeded"
