"""transformers' Trainer and pipelines, as SageMaker's SDK and Hugging Face's images run them.

Expectations: the SDK's documentation, "Hugging Face"; Hugging Face's "Train and deploy models on Amazon SageMaker";
README of its inference toolkit. The model is made in the test: no hub is at hand.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.conftest import ROLE, Jobs, eventually
from tests.contract.test_script_mode import start
from tests.contract.test_training_input import put
from tests.e2e.test_sdk import run
from tests.heavy.archives import packed, unpacked

IMAGE = (
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/"
    "huggingface-pytorch-inference:2.6.0-transformers4.51.3-cpu-py312-ubuntu22.04"
)
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
def session(jobs: Jobs, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What a user of the SDK's version 2 found, and saw."""
    data = tmp_path_factory.mktemp("data") / "reviews.csv"
    data.write_text(reviews())
    return run(jobs.server, 2, "v2_huggingface.py", str(data))


@pytest.fixture(scope="module")
def model(session: tuple[dict[str, Any], str]) -> str:
    """The URL of the model that was trained."""
    url: str = session[0]["model"]
    return url


def endpoint(jobs: Jobs, name: str, container: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The description of a new endpoint, once it is decided what becomes of it."""
    primary = {"Image": IMAGE, **container}
    jobs.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=primary, **more)
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    jobs.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    jobs.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    described: dict[str, Any] = eventually(
        lambda: (d := jobs.sagemaker.describe_endpoint(EndpointName=name))["EndpointStatus"] != "Creating" and d, 180
    )
    return described


def ask(jobs: Jobs, name: str, body: str, kind: str = "application/json") -> Any:
    """What an endpoint answers."""
    said = jobs.server.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, ContentType=kind, Body=body)
    return json.loads(said["Body"].read())


def labels(found: list[dict[str, Any]]) -> list[str]:
    return [one["label"] for one in found]


def test_version_2_trains_on_two_instances_and_serves(session: tuple[dict[str, Any], str]) -> None:
    """HuggingFace(distribution={"torch_distributed": …}).fit(): transformers' Trainer by PyTorch's torchrun;
    HuggingFaceModel(env={"HF_TASK": …}).deploy(), predict()."""
    found, printed = session
    assert "huggingface 2.13.0-transformers4.57.6 runs here; the image's tag 2.8.0-transformers4.56.2-cpu" in printed
    said = re.findall(r"(algo-\d, rank \d) of 2: (\d+ steps)", printed)
    assert dict(said).keys() == {"algo-1, rank 0", "algo-2, rank 1"}
    assert len({steps for _, steps in said}) == 1
    assert labels(found["plain"]) == ["positive", "negative"]
    assert sorted(labels(found["all"])) == ["negative", "positive"]


def test_images_for_gpus_are_refused_with_those_for_cpus(jobs: Jobs, session: tuple[dict[str, Any], str]) -> None:
    """The SDK names training images for GPUs only."""
    asked = {"TrainingImage": session[0]["gpu"], "TrainingInputMode": "File"}
    reason = jobs.ended(start(jobs, "", AlgorithmSpecification=asked))["FailureReason"]
    assert "is built for an accelerator (gpu)" in reason
    assert ":2.8.0-transformers4.56.2-cpu-py312-ubuntu22.04'" in reason


def test_a_script_replaces_a_part(jobs: Jobs, model: str) -> None:
    """predict_fn of code/inference.py; the rest is the image's. The task is the architecture's."""
    archive = packed({**unpacked(jobs, model), "code/inference.py": CODE})
    url = put(jobs, **{"scripted/model.tar.gz": archive}) + "/scripted/model.tar.gz"
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
def hub(jobs: Jobs, model: str) -> Iterator[tuple[str, set[str]]]:
    """A hub that has the model, as "someone/reviews": its URL, and the tokens that it was shown.

    Source: huggingface_hub's documentation, "Hub API Endpoints"; what its hf_hub_download asks of a file.
    """
    held, tokens = unpacked(jobs, model), set[str]()
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
