"""The XGBoost image's model server.

Sources: the guide, "XGBoost algorithm" (content types), "Common Data Formats for Inference" (JSON, JSON Lines,
RecordIO), "Configure inference output in generated containers"; AWS's XGBoost container's README and its tests, for
the form of text/csv. What is predicted is what XGBoost itself predicts.
"""

from __future__ import annotations

import json
import math
import pickle
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ..conftest import Server, Servers
from .conftest import SERVE, near


@pytest.fixture(scope="module")
def regression(servers: Servers, models: dict[str, Any]) -> Server:
    return served(servers, models, "reg:squarederror")


def served(servers: Servers, models: dict[str, Any], name: str, **environment: str) -> Server:
    return servers.start(SERVE, {"xgboost-model": models["file"](name)}, **environment).ready()


def test_csv_is_answered_with_one_line(regression: Server, models: dict[str, Any]) -> None:
    """AWS's container: all scores of a request, joined by commas; an empty field is a missing value."""
    answer = regression.invoke("\n".join(models["rows"]))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv")
    assert [float(score) for score in answer.text.split(",")] == near(models["reg:squarederror"])
    assert not answer.text.endswith("\n")
    assert regression.invoke(models["rows"][0] + "\n", "text/csv; charset=utf-8").text == answer.text.split(",")[0]


def test_in_a_batch_transform_each_score_has_a_line(servers: Servers, models: dict[str, Any]) -> None:
    """SAGEMAKER_BATCH: "always set to true when the container runs in Batch Transform"."""
    server = served(servers, models, "multi:softprob", SAGEMAKER_BATCH="true")
    lines = server.invoke("\n".join(models["rows"])).text
    assert lines.endswith("]\n")
    for line, expected in zip(lines.splitlines(), models["multi:softprob"], strict=True):
        assert json.loads(line) == near(expected)


@pytest.mark.parametrize("content_type", ["text/libsvm", "text/x-libsvm", "libsvm"])
@pytest.mark.parametrize("label", ["", "1 "])
def test_libsvm_has_a_label_or_none(regression: Server, models: dict[str, Any], content_type: str, label: str) -> None:
    """ "Inference requests for libsvm might not have labels in the libsvm format." """
    rows = [
        label + " ".join(f"{at}:{value}" for at, value in enumerate(row.split(",")) if value) for row in models["rows"]
    ]
    answer = regression.invoke("\n".join(rows), content_type)
    assert [float(score) for score in answer.text.split(",")] == near(models["reg:squarederror"])


def recordio(rows: list[str], sparse: bool = False) -> bytes:
    """Records as SDKs' RecordSerializer writes them; written here by hand."""

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    framed = b""
    for row in rows:
        values = [float(value) if value else math.nan for value in row.split(",")]
        keys = [at for at, value in enumerate(values) if not math.isnan(value)] if sparse else []
        chosen = [values[at] for at in keys] if sparse else values
        tensor = field(1, struct.pack(f"<{len(chosen)}f", *chosen))
        if sparse:
            tensor += field(2, bytes(keys)) + field(3, bytes([len(values)]))
        record = field(1, field(1, b"values") + field(2, field(2, tensor)))
        framed += struct.pack("<II", 0xCED7230A, len(record)) + record + b"\0" * (-len(record) % 4)
    return framed


@pytest.mark.parametrize("sparse", [False, True])
def test_recordio_protobuf(regression: Server, models: dict[str, Any], sparse: bool) -> None:
    answer = regression.invoke(recordio(models["rows"], sparse), "application/x-recordio-protobuf")
    assert [float(score) for score in answer.text.split(",")] == near(models["reg:squarederror"])


def test_json_and_json_lines_in_every_documented_form(regression: Server, models: dict[str, Any]) -> None:
    """ "Common Request Formats for All Algorithms": dense, nested and sparse instances."""
    full = [[float(value) for value in row.split(",")] for row in models["rows"][2:]]
    sparse = {"data": {"features": {"keys": [0, 1, 2, 3, 4], "shape": [5], "values": full[2]}}}
    forms: list[Any] = [
        {"features": full[0]},
        {"data": {"features": {"values": full[1]}}},
        sparse,
        {"features": full[3]},
    ]
    expected = near(models["reg:squarederror"][2:])
    for body, content_type in (
        (json.dumps({"instances": forms}), "application/json"),
        (json.dumps({"instances": [{"features": row} for row in full]}), "application/json"),
        (json.dumps(full), "application/json"),
        ("\n".join(map(json.dumps, forms)), "application/jsonlines"),
    ):
        answer = regression.invoke(body, content_type)
        assert answer.status == 200, answer.text
        assert [float(score) for score in answer.text.split(",")] == expected
    single = regression.invoke(json.dumps(full[0]), "application/json")
    assert float(single.text) == near(models["reg:squarederror"][2])


def test_accept_decides_the_form_of_the_answer(regression: Server, models: dict[str, Any]) -> None:
    """ "Common Data Formats for Inference": {"predictions": [{"score": …}]}, one such object a line, records."""
    body, expected = "\n".join(models["rows"]), models["reg:squarederror"]
    as_json = regression.invoke(body, accept="application/json")
    assert as_json.headers["Content-Type"] == "application/json"
    assert [record["score"] for record in as_json.json["predictions"]] == near(expected)
    lines = regression.invoke(body, accept="image/png, application/jsonlines;q=0.5")
    assert lines.headers["Content-Type"] == "application/jsonlines"
    assert [json.loads(line)["score"] for line in lines.text.splitlines()] == near(expected)
    records = regression.invoke(body, accept="application/x-recordio-protobuf").body
    # A record: label {key "score", value {float32_tensor {values}}}; 4 + 4 bytes of frame, padded to 4.
    record = b"\x12\x11\x0a\x05score\x12\x08\x12\x06\x0a\x04"
    scores = [struct.unpack("<f", part[:4])[0] for part in records.split(record)[1:]]
    assert scores == near(expected)
    assert records.startswith(struct.pack("<II", 0xCED7230A, len(record) + 4))
    assert regression.invoke(body, accept="*/*").headers["Content-Type"] == "text/csv"


def test_the_default_accept_is_the_model_s(servers: Servers, models: dict[str, Any]) -> None:
    """SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT of AWS's containers."""
    server = served(servers, models, "multi:softprob", SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="application/json")
    answer = server.invoke(models["rows"][0])
    assert answer.json["predictions"] == [{"score": near(models["multi:softprob"][0])}]


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "words"),
    [
        ("1,2,3,4,5", "text/html", "text/csv", 415, "'text/html' is not read here"),
        ("1,2,3,4,5", "text/csv", "image/png", 406, "'image/png' is not written here"),
        ("1,2", "text/csv", "text/csv", 400, "has 2 columns; the model was trained with 5 features"),
        ("1,2,3,4,5\n1,2,3,4", "text/csv", "text/csv", 400, "line 2: has 4 columns where the first row has 5"),
        ("a,b,c,d,e\n1,2,3,4,5", "text/csv", "text/csv", 400, "line 1: looks like a header"),
        ("1,2,3,4,x", "text/csv", "text/csv", 400, "line 1: 'x' is not a number"),
        ("1,2,3,4,1e60", "text/csv", "text/csv", 400, "infinite"),
        ("0:1 9:1", "text/libsvm", "text/csv", 400, "has the index 9"),
        ("1 2 3", "text/libsvm", "text/csv", 400, "'2' is not of the form index:value"),
        ("{", "application/json", "text/csv", 400, "is not JSON"),
        ('{"instances": [{"features": ["a"]}]}', "application/json", "text/csv", 400, "instance 1 is not a list"),
        ('{"features": [1,2,3,4,5]}\n[1]', "application/jsonlines", "text/csv", 400, "row 2 has 1 features"),
        ("\0\0\0", "application/x-recordio-protobuf", "text/csv", 400, "cut off"),
    ],
)
def test_bad_requests_name_their_cause(
    regression: Server, body: str, content_type: str, accept: str, status: int, words: str
) -> None:
    answer = regression.invoke(body, content_type, accept=accept)
    assert (answer.status, words in answer.text) == (status, True), answer.text


def test_an_empty_body_has_no_content(regression: Server) -> None:
    """AWS's container answers 204."""
    assert regression.invoke("").status == 204


def test_requests_answered_together_are_answered_alike(servers: Servers, models: dict[str, Any]) -> None:
    """Whatever else arrives at the same moment: the same answer as alone."""
    server = served(servers, models, "reg:squarederror")
    bodies = [
        *models["rows"][2:],
        models["rows"][2] + "\r\n",
        "1,2",
        "1,2,3,4,x",
        "",
        "\n".join(models["rows"]),
        "1e60,2,3,4,5",
    ]
    plain = [models["rows"][2 + at % 4] for at in range(12)]
    for asked in (bodies, plain):
        alone = [server.invoke(body) for body in asked]
        with ThreadPoolExecutor(len(asked)) as pool:
            for _ in range(20):
                together = list(pool.map(server.invoke, asked))
                assert [(a.status, a.body) for a in together] == [(a.status, a.body) for a in alone]


SELECTED = {
    "reg:squarederror": ("predicted_score", lambda p: [p]),
    "binary:logistic": (
        "predicted_label,labels,probability,probabilities,raw_score,raw_scores",
        lambda p: [int(p > 0.5), [0, 1], p, [1 - p, p], p, [1 - p, p]],
    ),
    "binary:logitraw": ("predicted_label,labels,raw_score", lambda p: [int(p > 0), [0, 1], p]),
    "binary:hinge": ("predicted_label, raw_score", lambda p: [p, p]),
    "multi:softmax": ("predicted_label,labels", lambda p: [p, [0, 1, 2]]),
    "multi:softprob": (
        "predicted_label,labels,probability,probabilities,raw_score,raw_scores",
        lambda p: [p.index(max(p)), [0, 1, 2], max(p), p, max(p), p],
    ),
}


@pytest.mark.parametrize("objective", SELECTED)
def test_selected_content(servers: Servers, models: dict[str, Any], objective: str) -> None:
    """SAGEMAKER_INFERENCE_OUTPUT: the keys of the guide, in the order they are given in CSV."""
    keys, of = SELECTED[objective]
    server = served(servers, models, objective, SAGEMAKER_INFERENCE_OUTPUT=keys)
    names = keys.replace(" ", "").split(",")
    expected = [dict(zip(names, of(prediction), strict=True)) for prediction in models[objective]]
    answer = server.invoke("\n".join(models["rows"]), accept="application/json")
    for given, wanted in zip(answer.json["predictions"], expected, strict=True):
        assert list(given) == names
        for name in names:
            assert given[name] == near(wanted[name]), name
    line = server.invoke(models["rows"][0], accept="text/csv").text
    flat = [f'"{value}"' if isinstance(value, list) else str(value) for value in answer.json["predictions"][0].values()]
    assert line == ",".join(flat)
    assert server.invoke(models["rows"][0], accept="application/jsonlines").json == answer.json["predictions"][0]


def test_a_key_that_the_objective_does_not_have_is_nan(servers: Servers, models: dict[str, Any]) -> None:
    """As AWS's container."""
    told = "predicted_score,probability"
    server = served(servers, models, "reg:squarederror", SAGEMAKER_INFERENCE_OUTPUT=told)
    assert server.invoke(models["rows"][0]).text.split(",")[1] == "nan"


@pytest.mark.parametrize("name", ["json", "pickle", "gblinear", "stopped"])
def test_models_of_every_kind(servers: Servers, models: dict[str, Any], name: str) -> None:
    """XGBoost's two formats, a linear booster, a pickled Booster as older containers of AWS left it, and one whose
    early stopping left more rounds than its best."""
    rows = models["rows"][2:] if name == "gblinear" else models["rows"]  # a linear booster has no missing values
    expected = models[name if name in models else "reg:squarederror"][-len(rows) :]
    answer = served(servers, models, name).invoke("\n".join(rows))
    assert [float(score) for score in answer.text.split(",")] == near(expected)


def test_several_models_predict_their_mean(servers: Servers, models: dict[str, Any]) -> None:
    """What k-fold cross-validation leaves; AWS's container averages them."""
    files = {"xgboost-model-0": models["file"]("reg:squarederror"), "xgboost-model-1": models["file"]("other")}
    answer = servers.start(SERVE, files).ready().invoke("\n".join(models["rows"]))
    mean = [(a + b) / 2 for a, b in zip(models["reg:squarederror"], models["other"], strict=True)]
    assert [float(score) for score in answer.text.split(",")] == near(mean)


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("harm done",)


def test_what_is_no_model_is_refused(servers: Servers, models: dict[str, Any]) -> None:
    """Nothing that a pickle names is run."""
    refused = {
        "sklearn": ({"xgboost-model": models["file"]("sklearn")}, "asks for xgboost.sklearn.XGBRegressor"),
        "harmful": ({"xgboost-model": pickle.dumps(Harmful())}, "asks for builtins.print"),
        "text": ({"xgboost-model": "hello"}, "is not a model that XGBoost"),
        "cut": ({"xgboost-model": models["file"]("json")[:500]}, "is not a model that XGBoost"),
        "cut pickle": ({"xgboost-model": models["file"]("pickle")[:500]}, "is not a model that XGBoost"),
        "two": ({"a": "", "b": ""}, "it holds a, b"),
        "none": ({}, "it holds no file"),
    }
    started = {name: servers.start(SERVE, files) for name, (files, _) in refused.items()}
    for name, server in started.items():
        assert server.process.wait(60) == 1, name
        last = server.log.splitlines()[-1]
        assert last.startswith("ERROR: the model cannot be loaded: ") and refused[name][1] in last, server.log
        assert "harm done" not in server.log


def test_what_an_objective_cannot_select_ends_the_program(servers: Servers, models: dict[str, Any]) -> None:
    for objective, told, words in (
        ("count:poisson", "predicted_label", "does not go with objective count:poisson"),
        ("reg:squarederror", "predicted_lable", "'predicted_lable' is none of"),
    ):
        files = {"xgboost-model": models["file"](objective)}
        server = servers.start(SERVE, files, SAGEMAKER_INFERENCE_OUTPUT=told)
        assert server.process.wait(60) == 1
        assert words in server.log


def test_execution_parameters(servers: Servers, models: dict[str, Any]) -> None:
    """The guide, "Use Your Own Inference Code with Batch Transform"; AWS's container's values."""
    server = served(servers, models, "reg:squarederror")
    answer = server.ask("GET", "/execution-parameters")
    assert answer.json == {"MaxConcurrentTransforms": 1, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}
