"""What a user of the SDK's version 2 does with steps that are functions of their own: `python v2_step.py`.

Prints one line of JSON.
"""

import json
from pathlib import Path

from sagemaker.image_uris import get_base_python_image_uri
from sagemaker.remote_function import RemoteExecutor
from sagemaker.session import Session
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionGreaterThan
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.function_step import step
from sagemaker.workflow.parameters import ParameterInteger
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
machine = {"role": ROLE, "image_uri": get_base_python_image_uri("us-east-1"), "instance_type": "ml.m5.large"}


@step(name="Numbers", keep_alive_period_in_seconds=60, **machine)
def numbers(count):
    return list(range(count))


@step(name="Total", pre_execution_commands=["echo prepared > /tmp/prepared"], **machine)
def total(values):
    assert Path("/tmp/prepared").read_text() == "prepared\n"
    return sum(values)


found = {}
with RemoteExecutor(max_parallel_jobs=2, sagemaker_session=Session(), **machine) as executor:
    futures = [executor.submit(pow, 2, power) for power in (3, 4)]
    found["powers"] = [future.result() for future in futures]

count = ParameterInteger("Count", default_value=3)
summed = total(numbers(count))
decide = ConditionStep(
    name="Decide",
    conditions=[ConditionGreaterThan(left=summed, right=10)],
    if_steps=[FailStep("TooMuch", error_message="It is too much.")],
    else_steps=[],
)
pipeline = Pipeline("functions2", parameters=[count], steps=[decide], sagemaker_session=PipelineSession())
pipeline.upsert(role_arn=ROLE)


def run(**parameters):
    execution = pipeline.start(parameters=parameters)
    try:
        execution.wait(delay=1, max_attempts=300)
    except Exception as error:
        print(error)
    return execution


execution, much = run(Count=4), run(Count=8)
found["steps"] = {one["StepName"]: one["StepStatus"] for one in execution.list_steps()}
found["total"] = execution.result(step_name="Total")
found["much"] = {one["StepName"]: one["StepStatus"] for one in much.list_steps()}
print()
print(json.dumps(found))
