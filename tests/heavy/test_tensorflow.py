"""TensorFlow scripts on one instance and two, and SavedModels served, as SageMaker's SDKs and AWS's containers do it.

Expectations: the SDK's documentation, "Use TensorFlow with the SageMaker Python SDK", "Deploying to TensorFlow Serving
Endpoints"; README of AWS's TensorFlow Serving container; TensorFlow's guide, "RESTful API".
"""

from __future__ import annotations

import json
import re
import statistics
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import ROLE, Jobs, Server
from tests.contract.test_script_mode import start
from tests.contract.test_training_input import put
from tests.e2e.test_sdk import DATA, run
from tests.heavy.archives import packed, unpacked

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.19.0-cpu-py312-ubuntu22.04-sagemaker"
DYING = """
import os, signal, time
import tensorflow as tf

strategy = tf.distribute.MultiWorkerMirroredStrategy()

@tf.function
def total():
    return strategy.reduce("SUM", strategy.run(lambda: tf.ones([8])), axis=None)

for step in range(1_000_000):
    if step == 20 and os.environ["SM_CURRENT_HOST"] == "algo-2":
        print("dying at", time.time(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    total()
"""
MODELS = """
import os, pathlib
import tensorflow as tf

class Line(tf.Module):
    def __init__(self, slope):
        self.slope = tf.Variable(slope)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def one(self, x):
        return x * self.slope + 2

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.string)])
    def two(self, x, name):
        return {"y": x * self.slope, "name": name, "raw_bytes": name}

root = pathlib.Path(os.environ["SM_MODEL_DIR"])
for place, slope in (("half/1", 0.5), ("third/00000001", 0.25), ("third/2", 1 / 3)):
    line = Line(slope)
    signatures = {"serving_default": line.one, "both": line.two}
    tf.saved_model.save(line, str(root / place), signatures=signatures)
"""
HANDLERS = b"""
import json

def input_handler(data, context):
    return json.dumps({"instances": json.loads(data.read())["numbers"]})

def output_handler(response, context):
    if response.status_code != 200:
        raise ValueError(response.content.decode("utf-8"))
    return json.dumps({"of": context.model_name, "numbers": response.json()["predictions"]}), context.accept_header
"""
pytestmark = pytest.mark.timeout(600)  # the first of them builds the image


def job(jobs: Jobs, script: str, count: int = 1, **hyperparameters: Any) -> str:
    """A job as SDK v2's TensorFlow estimator creates it; returns its name."""
    return start(
        jobs,
        script,
        {"model_dir": "s3://somewhere/model", **hyperparameters},
        instances=count,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
    )


def artefact(jobs: Jobs, name: str) -> str:
    """The URL of the model of a job, once it has ended."""
    trained = jobs.ended(name, 300)
    assert trained["TrainingJobStatus"] == "Completed", trained
    url: str = trained["ModelArtifacts"]["S3ModelArtifacts"]
    return url


def served(jobs: Jobs, name: str, container: dict[str, Any]) -> str:
    """The name of an endpoint, which is in service."""
    container["Image"] = IMAGE.replace("training", "inference").replace("-py312", "")
    jobs.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    jobs.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    jobs.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    jobs.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    return name


def ask(jobs: Jobs, endpoint: str, body: str, kind: str = "application/json", attributes: str = "", **more: str) -> Any:
    """What an endpoint answers."""
    more |= {"CustomAttributes": attributes} if attributes else {}
    runtime = jobs.server.client("sagemaker-runtime")
    said = runtime.invoke_endpoint(EndpointName=endpoint, ContentType=kind, Body=body, **more)
    return json.loads(said["Body"].read())


def test_version_2_trains_mirrored_and_serves(salvia: Server) -> None:
    """TensorFlow(distribution={"multi_worker_mirrored_strategy": …}).fit(), deploy(), predict() in three of the
    documented forms, TensorFlowModel with a handler, transformer(): one model on two instances."""
    found, printed = run(salvia, 2, "v2_tensorflow.py", str(DATA))
    image = found["job"]["AlgorithmSpecification"]["TrainingImage"]
    assert image.endswith("/tensorflow-training:2.19.0-cpu-py312")
    assert "tensorflow 2.21.0 runs here; the image's tag 2.19.0-cpu-py312 asks for 2.19.0." in printed
    said = dict(re.findall(r"(algo-\d), one of 2: (weights \S+, loss \S+), s3://\S+/model", printed))
    assert said.keys() == {"algo-1", "algo-2"}
    assert said["algo-1"] == said["algo-2"]
    predicted = found["instances"]["predictions"]
    assert found["inputs"] == {"outputs": predicted}
    assert found["simple"] == {"predictions": predicted}
    assert found["handled"] == pytest.approx([100 * row[0] for row in predicted], rel=1e-5)
    transformed = json.loads(found["transformed"])["predictions"]
    assert [row[0] for row in transformed] == pytest.approx([row[0] for row in predicted], rel=1e-5)
    assert statistics.correlation(found["labels"], [row[0] for row in predicted]) > 0.5  # of a line: 0.72


def test_version_3_trains(jobs: Jobs) -> None:
    """ModelTrainer with SourceCode."""
    found, _ = run(jobs.server, 3, "v3_tensorflow.py", str(DATA))
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    printed = "\n".join(jobs.lines(found["TrainingJobName"]))
    assert "tensorflow 2.21.0 runs here; the image's tag 2.16.2-cpu-py310 asks for 2.16.2." in printed
    assert "algo-1, one of 1: weights " in printed


def test_a_worker_that_dies_in_a_collective_fails_the_job(jobs: Jobs) -> None:
    """Nobody waits for it: the job fails within a minute, and its reason names the host."""
    name = job(jobs, DYING, 2, sagemaker_multi_worker_mirrored_strategy_enabled=True)
    described = jobs.ended(name, 300)
    assert described["TrainingJobStatus"] == "Failed"
    assert "algo-2" in described["FailureReason"], described["FailureReason"]
    died = next(float(line.split()[-1]) for line in jobs.lines(name) if line.startswith("dying at"))
    assert described["TrainingEndTime"].timestamp() - died < 60


def test_parameter_servers_are_refused(jobs: Jobs) -> None:
    """By their name, with what there is: they are tf.estimator's, which TensorFlow has no more."""
    reason = jobs.ended(job(jobs, MODELS, sagemaker_parameter_server_enabled=True), 300)["FailureReason"]
    expected = "ClientError: This image has no distribution parameter_server; it has multi_worker_mirrored_strategy"
    assert reason.startswith(expected)


@pytest.fixture(scope="module")
def models(jobs: Jobs) -> str:
    """A job whose model is several."""
    return job(jobs, MODELS)


def test_models_are_served_by_their_names_and_versions(jobs: Jobs, models: str) -> None:
    """tfs-model-name and tfs-model-version; JSON Lines, CSV, several inputs and outputs, bytes as base64."""
    environment = {"SAGEMAKER_TFS_DEFAULT_MODEL_NAME": "half"}
    name = served(jobs, models, {"ModelDataUrl": artefact(jobs, models), "Environment": environment})
    assert ask(jobs, name, '{"instances": [1.0, 2.0, 5.0]}') == {"predictions": [2.5, 3.0, 4.5]}  # of the README
    assert ask(jobs, name, "1.0\n2.0\n", "text/csv") == {"predictions": [2.5, 3.0]}
    assert ask(jobs, name, "1.0\n2.0\n", "application/jsonlines") == {"predictions": [2.5, 3.0]}
    newest = ask(jobs, name, "3.0", attributes="tfs-model-name=third,tfs-method=predict")
    assert newest == {"predictions": pytest.approx([3.0])}
    oldest = ask(jobs, name, "3.0", attributes="tfs-model-name=third,tfs-model-version=1")
    assert oldest == {"predictions": [2.75]}
    both = {"signature_name": "both", "instances": [{"x": 2, "name": "a"}, {"x": 4, "name": {"b64": "/w=="}}]}
    assert ask(jobs, name, json.dumps(both))["predictions"] == [
        {"y": 1.0, "name": "a", "raw_bytes": {"b64": "YQ=="}},
        {"y": 2.0, "name": "\ufffd", "raw_bytes": {"b64": "/w=="}},
    ]
    for body, kind, attributes, reason in (
        ('{"instances": ["a"]}', "application/json", "", "Input x is no array of float32"),
        ("[[1, 2]]", "application/json", "", r"Input x has shape \(1, 2\) where the model takes \(None,\)"),
        ("[1]", "application/json", "tfs-model-name=tenth", "There is no model tenth; there are half, third"),
        ("[1]", "application/json", "tfs-method=classify", "Method classify is not served here; there is predict"),
        ("1", "image/png", "", "Content type 'image/png' is not read here"),
    ):
        with pytest.raises(ClientError, match=reason):
            ask(jobs, name, body, kind, attributes)
    jobs.sagemaker.delete_endpoint(EndpointName=name)


def test_many_models_share_an_endpoint(jobs: Jobs, models: str) -> None:
    """Mode MultiModel, each of them an archive of SavedModels; README, "Deploying to Multi-Model Endpoint"."""
    source = artefact(jobs, models).removeprefix("s3://")
    for key in ("many/one.tar.gz", "many/other.tar.gz"):
        jobs.s3.copy_object(Bucket=jobs.bucket, Key=key, CopySource=source)
    name = served(jobs, f"{models}-many", {"ModelDataUrl": f"s3://{jobs.bucket}/many/", "Mode": "MultiModel"})
    for target in ("one.tar.gz", "other.tar.gz"):
        answer = ask(jobs, name, "4.0", attributes="tfs-model-name=half", TargetModel=target)
        assert answer == {"predictions": [4.0]}
    jobs.sagemaker.delete_endpoint(EndpointName=name)


def test_a_script_has_handlers_before_and_behind_the_model(jobs: Jobs, models: str) -> None:
    """code/inference.py with input_handler and output_handler."""
    archive = packed({**unpacked(jobs, artefact(jobs, models)), "code/inference.py": HANDLERS})
    url = put(jobs, **{"handled/model.tar.gz": archive}) + "/handled/model.tar.gz"
    name = served(jobs, f"{models}-handled", {"ModelDataUrl": url})
    body = '{"numbers": [2.0, 4.0]}'
    assert ask(jobs, name, body, attributes="tfs-model-name=half") == {"of": "half", "numbers": [3.0, 4.0]}
    with pytest.raises(ClientError, match="There is no model tenth"):
        ask(jobs, name, body, attributes="tfs-model-name=tenth")
    jobs.sagemaker.delete_endpoint(EndpointName=name)
