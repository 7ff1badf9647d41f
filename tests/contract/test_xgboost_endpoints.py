"""An XGBoost model from its training to its predictions, through boto3.

Sources: the guide, "XGBoost algorithm" and "Invoke Models for Real-time Inference"; the
SageMaker Python SDK's environment of a model with an entry_point.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Jobs, Server
from tests.contract.test_script_mode import XGBOOST
from tests.contract.test_training_input import channel, put
from tests.endpoints import Endpoints, archive

SCRIPT = b"""
import os, xgboost
def model_fn(model_dir):
    booster = xgboost.Booster()
    booster.load_model(os.path.join(model_dir, "xgboost-model"))
    return booster
def predict_fn(data, model):
    for score in model.predict(data):
        yield {"score": float(score)}
"""


@pytest.fixture(scope="module")
def endpoints(salvia: Server) -> Iterator[Endpoints]:
    return Endpoints(salvia)


@pytest.fixture(scope="module")
def trained(endpoints: Endpoints) -> str:
    """The S3 URI of a model that learned to double."""
    jobs = Jobs(endpoints.server)
    uri = put(jobs, **{"rows/rows.csv": "".join(f"{2 * n},{n},1\n" for n in range(200))})
    name = jobs.start(
        "",
        AlgorithmSpecification={"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
        HyperParameters={"num_round": "20"},
        InputDataConfig=[{**channel("train", f"{uri}/rows/"), "ContentType": "text/csv"}],
    )
    described = jobs.ended(name, 110)
    assert described["TrainingJobStatus"] == "Completed", described
    return str(described["ModelArtifacts"]["S3ModelArtifacts"])


def deployed(endpoints: Endpoints, url: str, **environment: str) -> str:
    name = endpoints.name("model")
    container = {"Image": XGBOOST, "ModelDataUrl": url, "Environment": environment}
    endpoints.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    endpoint = endpoints.create(endpoints.config(endpoints.variant(name)))
    described = endpoints.describe(endpoint)
    assert described["EndpointStatus"] == "InService", described
    return endpoint


def test_a_trained_model_predicts(endpoints: Endpoints, trained: str) -> None:
    """text/csv as AWS's container answers it, JSON as the guide's "Common Data Formats for Inference"; a wrong row is
    the container's own 400, which InvokeEndpoint passes on as a ModelError."""
    endpoint = deployed(endpoints, trained)
    runtime = endpoints.server.client("sagemaker-runtime")

    def invoke(body: str, **more: Any) -> Any:
        return runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=body, **more)

    answer = invoke("10,1\n100,1")
    assert answer["ContentType"] == "text/csv"
    first, second = (float(score) for score in answer["Body"].read().split(b","))
    assert first == pytest.approx(20, abs=8) and second == pytest.approx(200, abs=8)
    scores = json.loads(invoke("10,1", Accept="application/json")["Body"].read())
    assert scores == {"predictions": [{"score": first}]}
    with pytest.raises(ClientError) as caught:
        invoke("10,1,1")
    assert caught.value.response["Error"]["Code"] == "ModelError"
    assert caught.value.response["OriginalStatusCode"] == 400
    assert "has 3 columns; the model was trained with 2 features" in caught.value.response["OriginalMessage"]


def test_a_script_streams_its_predictions(endpoints: Endpoints, trained: str) -> None:
    """InvokeEndpointWithResponseStream: a PayloadPart for each piece. The script comes from S3, in the role's name, as
    the SDK's XGBoostModel has it."""
    endpoints.s3.put_object(Bucket=endpoints.bucket, Key="sourcedir.tar.gz", Body=archive(**{"inference.py": SCRIPT}))
    source = f"s3://{endpoints.bucket}/sourcedir.tar.gz"
    told = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": source}
    endpoint = deployed(endpoints, trained, **told)
    runtime = endpoints.server.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint_with_response_stream(
        EndpointName=endpoint, ContentType="text/csv", Accept="application/jsonlines", Body="10,1\n100,1"
    )
    parts = b"".join(event["PayloadPart"]["Bytes"] for event in answer["Body"])
    scores = [json.loads(line)["score"] for line in parts.splitlines()]
    assert scores == [pytest.approx(20, abs=8), pytest.approx(200, abs=8)]
