"""transformers' Trainer and pipelines, as SageMaker's SDK and Hugging Face's images run them.

Expectations: the SDK's documentation, "Hugging Face"; Hugging Face's "Train and deploy models on Amazon SageMaker";
README of its inference toolkit. The model is made in the test: no hub is at hand.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import re
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROLE, Jobs, eventually
from tests.contract.test_script_mode import start
from tests.contract.test_training_input import channel, put
from tests.e2e.test_sdk import run

IMAGE = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-{}:2.6.0-transformers4.51.3-cpu-py312-ubuntu22.04"
)
SCRIPT = (Path(__file__).parents[1] / "e2e" / "sdk" / "huggingface_source" / "train.py").read_text()
WORDS = {
    "positive": ("wonderful", "warm", "brilliant", "moving", "clever", "funny"),
    "negative": ("dull", "tedious", "awful", "flat", "boring", "clumsy"),
}
CODE = b"""
def predict_fn(data, model):
    return [{"text": text, **model(text)[0]} for text in data["inputs"]]
"""
pytestmark = pytest.mark.timeout(600)  # the first of them builds the image


def reviews() -> str:
    """Films, as two adjectives make them."""
    lines = ["text,label"]
    for label, words in WORDS.items():
        for (one, other), noun in itertools.product(itertools.permutations(words, 2), ("film", "story", "comedy")):
            lines.append(f"a {one} and {other} {noun},{label}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def trained(jobs: Jobs) -> dict[str, Any]:
    """A job on two instances that has ended, started by torchrun as an estimator's distribution says."""
    uri = put(jobs, **{"reviews/reviews.csv": reviews()})
    name = start(
        jobs,
        SCRIPT,
        {"sagemaker_torch_distributed_enabled": True, "epochs": 8},
        instances=2,
        AlgorithmSpecification={"TrainingImage": IMAGE.format("training"), "TrainingInputMode": "File"},
        InputDataConfig=[channel("train", f"{uri}/reviews/")],
    )
    described = jobs.ended(name, 300)
    assert described["TrainingJobStatus"] == "Completed", described
    return described


def endpoint(jobs: Jobs, name: str, container: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The description of a new endpoint, once it is decided what becomes of it."""
    primary = {"Image": IMAGE.format("inference"), **container}
    jobs.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=primary, **more)
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    jobs.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    jobs.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    described: dict[str, Any] = eventually(
        lambda: (d := jobs.sagemaker.describe_endpoint(EndpointName=name))["EndpointStatus"] != "Creating" and d, 180
    )
    return described


def files(jobs: Jobs, job: dict[str, Any]) -> dict[str, bytes]:
    """The model of a job: its files."""
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    body = jobs.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return {
            member.name.removeprefix("./"): archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
            if member.isfile()
        }


def ask(jobs: Jobs, name: str, body: str, kind: str = "application/json") -> Any:
    """What an endpoint answers."""
    said = jobs.server.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, ContentType=kind, Body=body)
    return json.loads(said["Body"].read())


def labels(found: list[dict[str, Any]]) -> list[str]:
    return [one["label"] for one in found]


def test_version_2_trains_and_serves(jobs: Jobs, tmp_path: Path) -> None:
    """HuggingFace(…).fit(), HuggingFaceModel(env={"HF_TASK": …}).deploy(), predict(). The SDK names training images
    for GPUs only: they are refused with the name of the one for CPUs."""
    (tmp_path / "reviews.csv").write_text(reviews())
    found, printed = run(jobs.server, 2, "v2_huggingface.py", str(tmp_path / "reviews.csv"))
    assert "huggingface 2.13.0-transformers4.57.6 runs here; the image's tag 2.8.0-transformers4.56.2-cpu" in printed
    assert "algo-1, rank 0 of 1: " in printed
    assert labels(found["plain"]) == ["positive", "negative"]
    assert sorted(labels(found["all"])) == ["negative", "positive"]
    gpus = start(jobs, SCRIPT, AlgorithmSpecification={"TrainingImage": found["gpu"], "TrainingInputMode": "File"})
    reason = jobs.ended(gpus)["FailureReason"]
    assert "is built for an accelerator (gpu)" in reason
    assert ":2.8.0-transformers4.56.2-cpu-py312-ubuntu22.04'" in reason


def test_two_instances_train_one_model(jobs: Jobs, trained: dict[str, Any]) -> None:
    """PyTorch's distributions, for transformers' Trainer."""
    said = re.findall(r"(algo-\d, rank \d) of 2: (\d+ steps)", "\n".join(jobs.lines(trained["TrainingJobName"])))
    assert dict(said).keys() == {"algo-1, rank 0", "algo-2, rank 1"}
    assert len({steps for _, steps in said}) == 1


def test_a_script_replaces_a_part(jobs: Jobs, trained: dict[str, Any]) -> None:
    """predict_fn of code/inference.py; the rest is the image's. The task is the architecture's."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for path, content in {**files(jobs, trained), "code/inference.py": CODE}.items():
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    url = put(jobs, **{"scripted/model.tar.gz": made.getvalue()}) + "/scripted/model.tar.gz"
    described = endpoint(jobs, "scripted", {"ModelDataUrl": url})
    assert described["EndpointStatus"] == "InService", described
    answers = [
        ask(jobs, "scripted", '{"inputs": ["a funny story"]}'),
        ask(jobs, "scripted", "inputs\na funny story\n", "text/csv"),
    ]
    for answer in answers:
        assert answer == [{"text": "a funny story", "label": "positive", "score": pytest.approx(1, abs=0.5)}]
    jobs.sagemaker.delete_endpoint(EndpointName="scripted")


@pytest.fixture
def hub(jobs: Jobs, trained: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """A hub that has the model, as "someone/reviews": its URL, and the tokens that it was shown.

    Source: huggingface_hub's documentation, "Hub API Endpoints"; what its hf_hub_download asks of a file.
    """
    held, tokens = files(jobs, trained), set[str]()
    commit = hashlib.sha1(b"reviews").hexdigest()
    facts = {"id": "someone/reviews", "sha": commit, "siblings": [{"rfilename": name} for name in held]}

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tokens.add(self.headers.get("Authorization", ""))
            path = self.path.partition("?")[0]
            name = path.removeprefix(f"/someone/reviews/resolve/{commit}/")
            if path.startswith("/api/models/someone/reviews"):
                self.say(200, json.dumps(facts).encode())
            elif name in held:
                self.say(200, held[name], ETag=f'"{hashlib.sha256(held[name]).hexdigest()}"')
            else:
                self.say(404, b"")

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *args: Any) -> None:
            """The test says what it saw."""

        def say(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in {**headers, "X-Repo-Commit": commit, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", tokens
        server.shutdown()


def test_a_model_comes_from_a_hub(jobs: Jobs, hub: tuple[str, set[str]]) -> None:
    """HF_MODEL_ID, with HF_API_TOKEN, without ModelDataUrl; several workers have it."""
    url, tokens = hub
    variables = {"HF_MODEL_ID": "someone/reviews", "HF_ENDPOINT": url, "HF_API_TOKEN": "secret"}
    described = endpoint(jobs, "hub", {"Environment": variables})
    assert described["EndpointStatus"] == "InService", described
    assert labels(ask(jobs, "hub", '{"inputs": ["a tedious story"]}')) == ["negative"]
    assert tokens == {"Bearer secret"}
    jobs.sagemaker.delete_endpoint(EndpointName="hub")


def test_network_isolation_has_no_hub(jobs: Jobs, hub: tuple[str, set[str]]) -> None:
    """The endpoint fails with what to do instead."""
    variables = {"HF_MODEL_ID": "someone/reviews", "HF_ENDPOINT": hub[0]}
    described = endpoint(jobs, "isolated", {"Environment": variables}, EnableNetworkIsolation=True)
    assert described["EndpointStatus"] == "Failed"
    assert "HF_MODEL_ID is 'someone/reviews', and " in described["FailureReason"]
    jobs.sagemaker.delete_endpoint(EndpointName="isolated")
