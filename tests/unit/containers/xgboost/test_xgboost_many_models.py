"""A multi-model endpoint's container. Source: the guide, "Contract for Custom Containers to Serve Multiple Models"."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Answer, Server, Servers
from .conftest import SERVE, near

MANY = {"SAGEMAKER_MULTI_MODEL": "true"}


@pytest.fixture(scope="module")
def many(servers: Servers) -> Server:
    return servers.start(SERVE, {}, **MANY).ready()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, models: dict[str, Any]) -> dict[str, Path]:
    """Models as the platform puts them below /opt/ml/models."""
    made = {}
    for name in ("reg:squarederror", "binary:logistic", "other"):
        made[name] = tmp_path_factory.mktemp("models") / "model"
        made[name].mkdir()
        (made[name] / "xgboost-model").write_bytes(models["file"](name))
    return made


def load(server: Server, name: str, folder: Path) -> Answer:
    return server.ask("POST", "/models", json.dumps({"model_name": name, "url": str(folder)}))


def invoke(server: Server, name: str, body: str) -> Answer:
    return server.ask("POST", f"/models/{name}/invoke", body, content_type="text/csv")


def test_a_model_is_loaded_invoked_listed_and_unloaded(
    many: Server, folders: dict[str, Path], models: dict[str, Any]
) -> None:
    shown = {"modelName": "a b/c", "modelUrl": str(folders["other"])}
    quoted = "a%20b%2Fc"
    assert many.ask("GET", f"/models/{quoted}").status == 404
    assert invoke(many, quoted, models["rows"][0]).status == 404
    assert many.ask("DELETE", f"/models/{quoted}").status == 404
    loaded = load(many, "a b/c", folders["other"])
    assert (loaded.status, loaded.json) == (200, shown)
    assert load(many, "a b/c", folders["other"]).status == 409
    assert many.ask("GET", f"/models/{quoted}").json == shown
    assert many.ask("GET", "/models").json == {"models": [shown]}
    assert float(invoke(many, quoted, models["rows"][0]).text) == near(models["other"][0])
    assert many.ask("DELETE", f"/models/{quoted}").status == 200
    assert invoke(many, quoted, models["rows"][0]).status == 404
    assert many.ask("GET", "/models").json == {"models": []}


def test_each_model_answers_for_itself(many: Server, folders: dict[str, Path], models: dict[str, Any]) -> None:
    """Also when requests for several arrive together."""
    for name, folder in folders.items():
        assert load(many, name, folder).status == 200
    asked = [(name, row) for name in folders for row in range(6)] * 4
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda one: invoke(many, one[0], models["rows"][one[1]]), asked))
    for (name, row), answer in zip(asked, answers, strict=True):
        assert float(answer.text) == near(models[name][row])
    assert invoke(many, "other", "1,2").status == 400
    for name in folders:
        assert many.ask("DELETE", f"/models/{name}").status == 200


def test_the_list_comes_in_pages(many: Server, folders: dict[str, Path]) -> None:
    """nextPageToken of one is next_page_token of the next."""
    client = many.client()
    for number in range(101):
        body = json.dumps({"model_name": f"m{number:03}", "url": str(folders["other"])})
        assert client.ask("POST", "/models", body).status == 200
    seen, token = [], ""
    for _ in range(2):
        page = client.ask("GET", "/models" + (f"?next_page_token={token}" if token else "")).json
        seen += [model["modelName"] for model in page["models"]]
        token = page.get("nextPageToken", "")
    assert seen == [f"m{number:03}" for number in range(101)] and not token
    for name in seen:
        assert client.ask("DELETE", f"/models/{name}").status == 200


def test_without_memory_for_it_a_model_is_not_loaded(
    servers: Servers, folders: dict[str, Path], models: dict[str, Any], tmp_path: Path
) -> None:
    """507, "which then initiates unloading unused models": those that are there go on, and its place is free."""
    server = servers.start(SERVE, {}, **MANY, SALVIA_MEMORY_LIMIT=str(400 << 20)).ready()
    assert load(server, "small", folders["other"]).status == 200
    (tmp_path / "xgboost-model").write_bytes(b"\0" * (200 << 20))
    large = load(server, "large", tmp_path)
    assert (large.status, "no memory to load model 'large'" in large.text) == (507, True)
    assert server.ask("GET", "/models/large").status == 404
    assert float(invoke(server, "small", models["rows"][0]).text) == near(models["other"][0])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "must be"),
        ("[]", "must be"),
        ('{"model_name": "x"}', "must be"),
        ('{"model_name": 1, "url": "/tmp"}', "must be texts"),
        ('{"model_name": "x", "url": "/no/such"}', "there is no folder /no/such"),
        (
            json.dumps({"model_name": "x", "url": str(Path(__file__).parent)}),
            "'x' cannot be loaded: The model must hold",
        ),
    ],
)
def test_what_cannot_be_loaded_says_why(many: Server, body: str, words: str) -> None:
    answer = many.ask("POST", "/models", body)
    assert (answer.status, words in answer.text) == (400, True), answer.text
    assert many.ask("GET", "/models/x").status == 404


def test_a_server_of_many_models_has_no_other(many: Server) -> None:
    assert many.invoke("1,2").status == 404
    assert many.ask("PUT", "/models/x").headers["Allow"] == "GET, DELETE"


def test_scripts_have_one_model(servers: Servers) -> None:
    """AWS's XGBoost container: "Multi model not supported in script mode"."""
    server = servers.start(SERVE, {}, **MANY, SAGEMAKER_PROGRAM="inference.py")
    assert server.process.wait(30) == 1
    assert "Multi model not supported in script mode" in server.log
