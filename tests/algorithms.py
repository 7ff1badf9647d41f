"""An algorithm that runs the tests' programs, and its validation by real jobs."""

from __future__ import annotations

import base64
from typing import Any

from tests.conftest import PROBE, ROLE, eventually
from tests.transforms import LINES, Transforms

ARN = "arn:aws:sagemaker:us-east-1:123456789012:algorithm/"
TRAINING: dict[str, Any] = {
    "TrainingImage": PROBE,
    "SupportedHyperParameters": [
        {"Name": "code", "Type": "FreeText", "IsRequired": True, "IsTunable": False},
        {
            "Name": "rounds",
            "Type": "Integer",
            "Range": {"IntegerParameterRangeSpecification": {"MinValue": "1", "MaxValue": "10"}},
            "IsTunable": True,
            "DefaultValue": "5",
        },
    ],
    "SupportedTrainingInstanceTypes": ["ml.m5.large", "ml.m5.xlarge"],
    "SupportsDistributedTraining": False,
    "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*?);"}],
    "SupportedTuningJobObjectiveMetrics": [{"Type": "Minimize", "MetricName": "loss"}],
    "TrainingChannels": [
        {
            "Name": "train",
            "IsRequired": True,
            "SupportedContentTypes": ["text/csv"],
            "SupportedCompressionTypes": ["None"],
            "SupportedInputModes": ["File", "FastFile"],
        },
        {"Name": "test", "SupportedContentTypes": [], "SupportedInputModes": ["File"]},
    ],
}
INFERENCE: dict[str, Any] = {
    "Containers": [{"Image": LINES, "Environment": {"NAME": "+"}}],
    "SupportedTransformInstanceTypes": ["ml.m5.large"],
    "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
# The model of the job is the number of rounds that it was given.
CODE = """
print('loss=0.25;', flush=True)
given = json.loads((base / 'input/config/hyperparameters.json').read_text())
(base / 'model' / 'rounds').write_text(given['rounds'])
"""


def encoded(code: str) -> str:
    return base64.b64encode(code.encode()).decode()


def channel(transforms: Transforms, name: str = "train", **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{transforms.bucket}/train/"}
    return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}, **more}


def profile(transforms: Transforms, code: str, transform: bool = False, role: str = ROLE) -> dict[str, Any]:
    """A ValidationSpecification, whose transform job reads what its training job read."""
    place = {"InstanceType": "ml.m5.large", "InstanceCount": 1}
    found: dict[str, Any] = {
        "ProfileName": "first",
        "TrainingJobDefinition": {
            "TrainingInputMode": "File",
            "HyperParameters": {"code": encoded(code)},
            "InputDataConfig": [channel(transforms)],
            "OutputDataConfig": {"S3OutputPath": f"s3://{transforms.bucket}/models"},
            "ResourceConfig": {**place, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        },
    }
    if transform:
        found["TransformJobDefinition"] = {
            "TransformInput": {**without(channel(transforms), "ChannelName"), "SplitType": "Line"},
            "TransformOutput": {"S3OutputPath": f"s3://{transforms.bucket}/scored", "Accept": "text/csv"},
            "TransformResources": place,
        }
    return {"ValidationRole": role, "ValidationProfiles": [found]}


def without(mapping: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name not in names}


def created(transforms: Transforms, **more: Any) -> str:
    """The name of a new algorithm."""
    name = transforms.name("algorithm")
    answer = transforms.sagemaker.create_algorithm(AlgorithmName=name, **{"TrainingSpecification": TRAINING, **more})
    assert answer["AlgorithmArn"] == ARN + name
    return name


def ended(transforms: Transforms, name: str, timeout: float = 60) -> dict[str, Any]:
    """Its description, once its validation is over."""
    describe = transforms.sagemaker.describe_algorithm
    return eventually(
        lambda: (d := describe(AlgorithmName=name))["AlgorithmStatus"] in {"Completed", "Failed"} and d, timeout, name
    )
