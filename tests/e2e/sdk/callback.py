"""What a user of either version of the SDK does with callbacks, unmodified: `python callback.py 2` or `3`.

Prints one line of JSON.
"""

import contextlib
import json
import sys

import boto3
import botocore.exceptions

if sys.argv[1] == "2":
    from sagemaker.lambda_helper import Lambda
    from sagemaker.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
    from sagemaker.workflow.condition_step import ConditionStep
    from sagemaker.workflow.conditions import ConditionGreaterThan
    from sagemaker.workflow.fail_step import FailStep
    from sagemaker.workflow.lambda_step import LambdaStep
    from sagemaker.workflow.parameters import ParameterString
    from sagemaker.workflow.pipeline import Pipeline
else:
    from sagemaker.core.lambda_helper import Lambda
    from sagemaker.core.workflow.conditions import ConditionGreaterThan
    from sagemaker.core.workflow.parameters import ParameterString
    from sagemaker.mlops.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
    from sagemaker.mlops.workflow.condition_step import ConditionStep
    from sagemaker.mlops.workflow.fail_step import FailStep
    from sagemaker.mlops.workflow.lambda_step import LambdaStep
    from sagemaker.mlops.workflow.pipeline import Pipeline

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"

sqs, sagemaker = boto3.client("sqs"), boto3.client("sagemaker")
queue = sqs.create_queue(QueueName=f"sdk-{sys.argv[1]}")["QueueUrl"]
table = ParameterString("Table", default_value="taxis")
ask = CallbackStep(
    "Ask",
    sqs_queue_url=queue,
    inputs={"table": table},
    outputs=[CallbackOutput(output_name="rows", output_type=CallbackOutputTypeEnum.Integer)],
)
enough = ConditionStep(
    "Enough",
    conditions=[ConditionGreaterThan(left=ask.properties.Outputs["rows"], right=100)],
    if_steps=[],
    else_steps=[FailStep("TooFew", error_message="there are too few rows")],
)
pipeline = Pipeline(f"callback-{sys.argv[1]}", parameters=[table], steps=[ask, enough])
pipeline.upsert(ROLE)


def run(rows: str) -> list[str]:
    execution = pipeline.start()
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    body = json.loads(message["Body"])
    assert body["arguments"] == {"table": "taxis"}, body
    outputs = [{"Name": "rows", "Value": rows}]
    sagemaker.send_pipeline_execution_step_success(CallbackToken=body["token"], OutputParameters=outputs)
    with contextlib.suppress(botocore.exceptions.WaiterError):
        execution.wait(delay=1, max_attempts=60)
    return [execution.describe()["PipelineExecutionStatus"], *(one["StepName"] for one in execution.list_steps())]


found = {"good": run("1000"), "bad": run("10")}
call = LambdaStep(
    "Call", lambda_func=Lambda(function_arn="arn:aws:lambda:us-east-1:123456789012:function:f"), inputs={}, outputs=[]
)
try:
    Pipeline("lambda", steps=[call]).create(ROLE)
except botocore.exceptions.ClientError as error:
    found["lambda"] = error.response["Error"]["Message"]
print(json.dumps(found))
