"""Transform jobs of one server whose model answers line by line."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from tests.conftest import ROLE, Server, eventually
from tests.endpoints import archive

LINES = "123456789012.dkr.ecr.us-east-1.amazonaws.com/lines:latest"
ENDED = {"Completed", "Failed", "Stopped"}


@dataclass
class Transforms:
    """Models, objects and jobs, made with few words."""

    server: Server
    count: int = 0

    def __post_init__(self) -> None:
        self.sagemaker = self.server.client("sagemaker")
        self.s3 = self.server.client("s3")
        self.bucket = f"transforms-{secrets.token_hex(6)}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_object(Bucket=self.bucket, Key="model.tar.gz", Body=archive(weights=b"1"))

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}-{self.bucket[-6:]}"

    def model(self, *environments: dict[str, str], **environment: str) -> str:
        """A model of one container, or of one for each of `environments`."""
        name = self.name("model")
        containers = [
            {"Image": LINES, "ModelDataUrl": f"s3://{self.bucket}/model.tar.gz", "Environment": one}
            for one in environments or (environment,)
        ]
        of = {"PrimaryContainer": containers[0]} if len(containers) == 1 else {"Containers": containers}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, **of)
        return name

    def put(self, **objects: bytes) -> str:
        """Objects below a prefix of their own, which is returned; `__` in a name stands for a slash."""
        prefix = f"in-{self.name('x')}/"
        for key, data in objects.items():
            self.s3.put_object(Bucket=self.bucket, Key=prefix + key.replace("__", "/"), Body=data)
        return prefix

    def start(self, prefix: str, model: str = "", *, instances: int = 1, **more: Any) -> str:
        """A job over the objects below a prefix. `input` and `output` add to those structures."""
        name = self.name("job")
        given, kept = more.pop("input", {}), more.pop("output", {})
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{prefix}"}
        self.sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=model or self.model(NAME="+"),
            TransformInput={"DataSource": {"S3DataSource": source}, "SplitType": "Line", **given},
            TransformOutput={"S3OutputPath": f"s3://{self.bucket}/out/{name}", **kept},
            TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": instances},
            **more,
        )
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_transform_job(TransformJobName=name)

    def ended(self, name: str, timeout: float = 60) -> dict[str, Any]:
        return eventually(
            lambda: (d := self.describe(name))["TransformJobStatus"] in ENDED and d, timeout, f"{name} ends"
        )

    def outputs(self, name: str) -> dict[str, bytes]:
        """What a job stored, by key below its output path."""
        prefix = f"out/{name}/"
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return {
            one["Key"].removeprefix(prefix): self.s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read()
            for one in found
        }

    def done(self, prefix: str, model: str = "", **more: Any) -> dict[str, bytes]:
        """What a job stored that must succeed."""
        name = self.start(prefix, model, **more)
        described = self.ended(name)
        assert described["TransformJobStatus"] == "Completed", described.get("FailureReason")
        return self.outputs(name)

    def failed(self, prefix: str, model: str = "", **more: Any) -> tuple[str, dict[str, bytes]]:
        """Why a job failed that must, and what it stored."""
        name = self.start(prefix, model, **more)
        described = self.ended(name)
        assert described["TransformJobStatus"] == "Failed"
        return described["FailureReason"], self.outputs(name)
