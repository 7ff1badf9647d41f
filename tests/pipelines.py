"""Pipelines of one server whose jobs are pieces of Python, for tests."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from typing import Any

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
