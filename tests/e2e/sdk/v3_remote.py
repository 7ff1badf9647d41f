"""What a user of the SDK's version 3 does with functions of their own, unmodified: `python v3_remote.py REQUIREMENTS`.

Prints one line of JSON.
"""

import json
import os
import sys

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.remote_function import RemoteExecutor, remote
from sagemaker.core.workflow.conditions import ConditionGreaterThan
from sagemaker.core.workflow.parameters import ParameterInteger
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.function_step import step
from sagemaker.mlops.workflow.pipeline import Pipeline

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
machine = {
    "role": ROLE,
    "image_uri": image_uris.retrieve("sklearn", "us-east-1", "1.4-2", image_scope="training"),
    "instance_type": "ml.m5.large",
    "dependencies": sys.argv[1],
    "environment_variables": {"PIP_NO_COMPILE": "1"},
}


@remote(sagemaker_session=Session(), **machine)
def scaled(values, factor):
    return {"values": [value * factor for value in values], "job": os.environ["TRAINING_JOB_NAME"]}


@step(name="Numbers", **machine)
def numbers(count):
    return list(range(count))


@step(name="Total", **machine)
def total(values):
    return sum(values)


count = ParameterInteger("Count", default_value=3)
summed = total(numbers(count))
decide = ConditionStep(
    name="Decide",
    conditions=[ConditionGreaterThan(left=summed, right=10)],
    if_steps=[FailStep("TooMuch", error_message="It is too much.")],
    else_steps=[],
)
pipeline = Pipeline(name="functions3", parameters=[count], steps=[decide], sagemaker_session=PipelineSession())
pipeline.upsert(role_arn=ROLE)
execution = pipeline.start(parameters={"Count": 4})  # all at once: what each job does most of its time is install
with RemoteExecutor(max_parallel_jobs=2, sagemaker_session=Session(), **machine) as executor:
    power, quotient = executor.submit(pow, 2, 3), executor.submit(divmod, 1, 0)
    found = scaled([1, 2, 3], factor=2)
    found["power"] = power.result()
    try:
        quotient.result()
    except ZeroDivisionError as error:
        found["raised"] = str(error)
execution.wait(delay=1, max_attempts=300)
found["steps"] = {one["StepName"]: one["StepStatus"] for one in execution.list_steps()}
found["total"] = execution.result(step_name="Total")
print()
print(json.dumps(found))
