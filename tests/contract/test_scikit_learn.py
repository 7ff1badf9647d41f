"""The scikit-learn image through boto3: a script trains on two instances, and serves what they left.

Sources: the SageMaker Python SDK's "Using Scikit-learn with the SageMaker Python SDK"; README of AWS's SageMaker
Training Toolkit.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Jobs
from tests.contract.test_script_mode import start
from tests.contract.test_training_input import channel, put

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn"
IMAGE = f"{REGISTRY}:1.2-1-cpu-py3"
DATA = Path(__file__).parents[1] / "data" / "diabetes.csv"
SCRIPT = (Path(__file__).parents[1] / "e2e" / "sdk" / "sklearn_source" / "train.py").read_text()


def forest(jobs: Jobs, **hyperparameters: object) -> str:
    """A job of the script on two instances; returns its name."""
    uri = put(jobs, **{"diabetes/diabetes.csv": DATA.read_bytes()})
    return start(
        jobs,
        SCRIPT,
        {"n-estimators": 20, **hyperparameters},
        instances=2,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        InputDataConfig=[channel("train", f"{uri}/diabetes/")],
    )


def test_a_script_trains_and_serves(jobs: Jobs) -> None:
    """On both instances; the log says which version there is; model_fn is the script's, the rest the image's."""
    name = forest(jobs)
    described = jobs.ended(name, 240)  # the first one builds the image
    assert described["TrainingJobStatus"] == "Completed", described
    lines = jobs.lines(name)
    assert lines.count("scikit-learn 1.9.1 runs here; the image's tag 1.2-1-cpu-py3 asks for 1.2.") == 2
    said = [line.partition(" R²")[0] for line in lines if " R² " in line]
    assert said == [f'algo-{host} of ["algo-1","algo-2"]:' for host in (1, 2)]
    jobs.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": described["ModelArtifacts"]["S3ModelArtifacts"],
            "Environment": {
                "SAGEMAKER_PROGRAM": "train.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{jobs.bucket}/source/sourcedir.tar.gz",
            },
        },
    )
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    jobs.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    jobs.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    jobs.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    runtime = jobs.server.client("sagemaker-runtime")
    row = DATA.read_text().splitlines()[0].split(",")
    answers = [
        runtime.invoke_endpoint(EndpointName=name, ContentType=kind, Accept=accept, Body=body)["Body"].read()
        for kind, accept, body in (
            ("text/csv", "text/csv", ",".join(row[1:])),
            ("application/json", "application/json", json.dumps([[float(value) for value in row[1:]]])),
        )
    ]
    jobs.sagemaker.delete_endpoint(EndpointName=name)
    assert float(answers[0]) == pytest.approx(json.loads(answers[1])[0])
    assert float(answers[0]) == pytest.approx(float(row[0]), abs=60)  # the target's own deviation is 77


def test_a_distribution_of_another_framework_is_refused(jobs: Jobs) -> None:
    """Nothing that a job asks for is silently ignored."""
    reason = jobs.ended(forest(jobs, sagemaker_mpi_enabled=True), 240)["FailureReason"]
    assert reason.startswith("ClientError: This image has no distribution mpi; it has none.")


@pytest.mark.parametrize(
    ("tag", "says"),
    [
        ("0.20.0-cpu-py3", "The version of '.*:0.20.0-cpu-py3' is retired.*sagemaker-scikit-learn:"),
        ("1.2-1-gpu-py3", r"built for an accelerator \(gpu\)"),
    ],
)
def test_a_tag_that_nobody_has_is_refused_by_name(jobs: Jobs, tag: str, says: str) -> None:
    """Retired ones, and those for accelerators; the sentence names what there is."""
    algorithm = {"TrainingImage": f"{REGISTRY}:{tag}", "TrainingInputMode": "File"}
    try:
        reason = jobs.ended(jobs.start("", AlgorithmSpecification=algorithm))["FailureReason"]
    except ClientError as error:
        reason = str(error)
    assert re.search(says, reason), reason
