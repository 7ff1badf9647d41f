"""Pipelines of one server whose jobs are pieces of Python, for tests."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from typing import Any

from salvia.services.sagemaker.pipeline.checks import MOST_STEPS
from tests.conftest import PROBE, ROLE, Server, eventually

Json = dict[str, Any]
ENDED = ("Succeeded", "Failed", "Stopped")


def get(reference: str) -> Json:
    return {"Get": reference}


def join(*values: Any, on: str = "/") -> Json:
    return {"Std:Join": {"On": on, "Values": list(values)}}


def parameter(name: str, kind: str = "String", **more: Any) -> Json:
    return {"Name": name, "Type": kind, **more}


def compare(kind: str, left: Any, right: Any) -> Json:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def condition(name: str, *conditions: Json, then: Sequence[Json] = (), other: Sequence[Json] = (), **more: Any) -> Json:
    """A Condition step."""
    arguments = {"Conditions": list(conditions), "IfSteps": list(then), "ElseSteps": list(other)}
    return {"Name": name, "Type": "Condition", "Arguments": arguments, **more}


def callback(
    name: str, url: Any, inputs: Json | None = None, outputs: dict[str, str] | None = None, **more: Any
) -> Json:
    """A Callback step, as the SDKs write it."""
    listed = [{"OutputName": output, "OutputType": kind} for output, kind in (outputs or {}).items()]
    own = {"SqsQueueUrl": url, "OutputParameters": listed}
    return {"Name": name, "Type": "Callback", "Arguments": inputs or {}, **own, **more}


def conditions(chains: int, length: int) -> str:
    """A definition of chains of Condition steps."""
    return defined(
        [
            condition(
                f"C{chain}-{number}",
                compare("Equals", 1, 1),
                DependsOn=[f"C{chain}-{number - 1}"] if number else [],
            )
            for chain in range(chains)
            for number in range(length)
        ]
    )


def fail(name: str, message: Any, **more: Any) -> Json:
    return {"Name": name, "Type": "Fail", "Arguments": {"ErrorMessage": message}, **more}


def defined(steps: Sequence[Json], parameters: Sequence[Json] = (), **more: Any) -> str:
    """A definition, as SDKs write it."""
    whole = {"Version": "2020-12-01", "Metadata": {}, "Parameters": list(parameters), "Steps": list(steps), **more}
    return json.dumps(whole)


class Pipelines:
    """Pipelines of one server."""

    def __init__(self, server: Server) -> None:
        self.server, self.sagemaker, self.s3 = server, server.client("sagemaker"), server.client("s3")
        self.bucket = f"pipelines-{uuid.uuid4().hex[:8]}"
        self.s3.create_bucket(Bucket=self.bucket)

    def may_send(self, queues: str) -> None:
        """Let the default role send to those queues: AmazonSageMakerFullAccess does not."""
        allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:*:*:{queues}"}
        self.server.client("iam").put_role_policy(
            RoleName=ROLE.rpartition("/")[2],
            PolicyName="queues",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
        )

    def may_have(self, steps: int) -> None:
        """Raise the quota of steps a definition."""
        quotas = self.server.client("service-quotas")
        pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        (quota,) = (one for page in pages for one in page["Quotas"] if one["QuotaName"] == MOST_STEPS)
        quotas.request_service_quota_increase(ServiceCode="sagemaker", QuotaCode=quota["QuotaCode"], DesiredValue=steps)

    def create_from_s3(self, definition: str) -> str:
        """A pipeline of a definition that is too large for a request; returns its name."""
        name = f"Probe-{uuid.uuid4().hex[:8]}"
        self.put(f"{name}.json", definition.encode())
        where = {"Bucket": self.bucket, "ObjectKey": f"{name}.json"}
        self.sagemaker.create_pipeline(PipelineName=name, PipelineDefinitionS3Location=where, RoleArn=ROLE)
        return name

    def put(self, name: str, body: bytes) -> str:
        """Store an object; returns its URI."""
        self.s3.put_object(Bucket=self.bucket, Key=name, Body=body)
        return f"s3://{self.bucket}/{name}"

    def processing(self, name: str, code: str, *, out: str = "", environment: Any = None, **more: Any) -> Json:
        """A Processing step that runs a script; `out` is its one output."""
        script = self.put(f"code/{uuid.uuid4().hex}/script.py", code.encode())
        where = "/opt/ml/processing"
        source = {"S3Uri": script, "LocalPath": f"{where}/input/code", "S3DataType": "S3Prefix", "S3InputMode": "File"}
        arguments: Json = {
            "RoleArn": ROLE,
            "AppSpecification": {
                "ImageUri": PROBE,
                "ContainerEntrypoint": ["python3", f"{where}/input/code/script.py"],
            },
            "ProcessingInputs": [{"InputName": "code", "AppManaged": False, "S3Input": source}],
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
        }
        if environment is not None:
            arguments["Environment"] = environment
        if out:
            prefix = join(f"s3://{self.bucket}/out", get("Execution.PipelineExecutionId"), name)
            target = {"S3Uri": prefix, "LocalPath": f"{where}/output", "S3UploadMode": "EndOfJob"}
            arguments["ProcessingOutputConfig"] = {"Outputs": [{"OutputName": out, "S3Output": target}]}
        return {"Name": name, "Type": "Processing", "Arguments": arguments, **more}

    def training(self, name: str, code: str, **more: Any) -> Json:
        """A Training step that runs a piece of Python."""
        arguments = {
            "AlgorithmSpecification": {"TrainingImage": PROBE, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "HyperParameters": {"code": base64.b64encode(code.encode()).decode()},
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }
        return {"Name": name, "Type": "Training", "Arguments": arguments, **more}

    def create(self, definition: str, **more: Any) -> str:
        """A pipeline of that definition; returns its name."""
        name = f"Probe-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_pipeline(PipelineName=name, PipelineDefinition=definition, RoleArn=ROLE, **more)
        return name

    def start(self, pipeline: str, parameters: dict[str, str] | None = None, **more: Any) -> str:
        """An execution; returns its ARN."""
        given = [{"Name": name, "Value": value} for name, value in (parameters or {}).items()]
        begun = self.sagemaker.start_pipeline_execution(PipelineName=pipeline, PipelineParameters=given, **more)
        return str(begun["PipelineExecutionArn"])

    def describe(self, execution: str) -> Json:
        return dict(self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=execution))

    def steps(self, execution: str) -> dict[str, Json]:
        """What was begun, by name, in the order in which it was."""
        pages = self.sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
            PipelineExecutionArn=execution, SortOrder="Ascending"
        )
        return {step["StepName"]: step for page in pages for step in page["PipelineExecutionSteps"]}

    def ended(self, execution: str, timeout: float = 90) -> Json:
        """Its description once it has ended."""
        eventually(
            lambda: self.describe(execution)["PipelineExecutionStatus"] in ENDED, timeout, f"{self.steps(execution)}"
        )
        return self.describe(execution)

    def run(self, definition: str, parameters: dict[str, str] | None = None) -> str:
        """An execution of that definition that has succeeded."""
        execution = self.start(self.create(definition), parameters)
        described = self.ended(execution)
        assert described["PipelineExecutionStatus"] == "Succeeded", (described, self.steps(execution))
        return execution

    def statuses(self, execution: str) -> dict[str, str]:
        return {name: step["StepStatus"] for name, step in self.steps(execution).items()}
