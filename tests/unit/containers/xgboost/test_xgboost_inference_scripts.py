"""Models with an inference script. Sources: the README of AWS's inference toolkit; the SageMaker Python SDK's "Use
XGBoost with the SageMaker Python SDK", "Deploy Open Source XGBoost Models"; the SDK's environment of a Model."""

from __future__ import annotations

import json
import os
import signal
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Server, Servers
from .conftest import SERVE, near
from .test_xgboost_scripts import archive, wheel

ONE = {"SAGEMAKER_MODEL_SERVER_WORKERS": "1"}
ECHO = """
import json, os
def model_fn(model_dir):
    return sorted(os.listdir(model_dir))
def input_fn(data, content_type):
    return [type(data).__name__, content_type]
def predict_fn(data, model):
    return {"model": model, "data": data}
def output_fn(prediction, accept):
    return json.dumps({**prediction, "accept": accept})
"""


@pytest.fixture
def servers(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Those of one test: each has its own script."""
    made = Servers(environment, tmp_path_factory.mktemp("s"))
    yield made
    made.close()


def scripted(servers: Servers, script: str, files: dict[str, bytes | str] | None = None, **environment: str) -> Server:
    """A model whose archive holds code/inference.py."""
    given: dict[str, bytes | str] = {"code/inference.py": script, **(files or {})}
    return servers.start(SERVE, given, **{**ONE, **environment})


def test_the_four_functions(servers: Servers) -> None:
    """model_fn(model_dir), input_fn(data, content_type), predict_fn(data, model), output_fn(prediction, accept); text
    and JSON come as str, the rest as bytes; Accept is JSON where nothing is asked for."""
    server = scripted(servers, ECHO, {"weights": "1"}).ready()
    answer = server.invoke("1,2", "text/csv", accept="text/csv")
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.json == {"model": [".keep", "code", "weights"], "data": ["str", "text/csv"], "accept": "text/csv"}
    assert server.invoke("{}", "application/json; charset=utf-8").json["data"][0] == "str"
    binary = server.invoke(b"\xff", "application/octet-stream", accept="*/*")
    assert binary.json["data"] == ["bytes", "application/octet-stream"]
    assert (binary.json["accept"], binary.headers["Content-Type"]) == ("application/json", "application/json")
    bad = server.invoke(b"\xff", "text/csv")
    assert (bad.status, "not UTF-8" in bad.text) == (400, True)


def npy(rows: list[list[float]]) -> bytes:
    """NPY 1.0 of float64, by hand. Source: NumPy's documentation, "NPY format"."""
    head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}".ljust(117) + "\n"
    numbers = [value for row in rows for value in row]
    return (
        b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head.encode() + struct.pack(f"<{len(numbers)}d", *numbers)
    )


def test_what_a_script_leaves_out_xgboost_does(servers: Servers, models: dict[str, Any]) -> None:
    """Every content type in, and out; the booster is what training left."""
    server = scripted(servers, "def unused(): pass", {"xgboost-model": models["file"]("reg:squarederror")}).ready()
    rows, expected = models["rows"][2:], near(models["reg:squarederror"][2:])
    full = [[float(value) for value in row.split(",")] for row in rows]
    for body, content_type in (
        ("\n".join(rows), "text/csv"),
        ("\n".join(" ".join(f"{at}:{v}" for at, v in enumerate(row.split(","))) for row in rows), "text/libsvm"),
        (json.dumps(full), "application/json"),
        (npy(full), "application/x-npy"),
    ):
        assert server.invoke(body, content_type).json == expected, content_type
    body = "\n".join(rows)
    assert [float(line) for line in server.invoke(body, accept="text/csv").text.splitlines()] == expected
    assert [float(line) for line in server.invoke(body, accept="application/jsonlines").text.splitlines()] == expected
    written = server.invoke(body, accept="application/x-npy").body
    assert b"'<f4'" in written and f"({len(rows)},)".encode() in written
    assert list(struct.unpack(f"<{len(rows)}f", written[-4 * len(rows) :])) == expected
    parquet = server.invoke(body, accept="application/x-parquet").body
    assert parquet[:4] == parquet[-4:] == b"PAR1"
    refused = server.invoke(body, accept="image/png")
    assert (refused.status, "image/png" in refused.text) == (406, True)
    assert server.invoke("1,2,x", "text/csv").status == 400
    assert server.invoke("1", "text/foo").status == 415


def test_a_script_of_aws_s_documentation(servers: Servers, models: dict[str, Any]) -> None:
    """The SDK's guide, "Process Model Input" for XGBoost: a pickled or saved booster, and the container's encoders."""
    script = """
import json, os
import numpy as np
import xgboost as xgb
from sagemaker_xgboost_container import encoder as xgb_encoders

def model_fn(model_dir):
    booster = xgb.Booster()
    booster.load_model(os.path.join(model_dir, "my-model"))
    return booster

def input_fn(request_body, request_content_type):
    if request_content_type == "text/libsvm":
        return xgb_encoders.libsvm_to_dmatrix(request_body)
    raise ValueError("Content type {} is not supported.".format(request_content_type))

def predict_fn(input_data, model):
    return np.column_stack((model.predict(input_data), model.predict(input_data, pred_contribs=True)))

def output_fn(predictions, content_type):
    return ",".join(str(x) for x in predictions[0])
"""
    server = scripted(servers, script, {"my-model": models["file"]("json")}).ready()
    libsvm = " ".join(f"{at}:{value}" for at, value in enumerate(models["rows"][2].split(",")))
    answer = server.invoke(libsvm, "text/libsvm", accept="text/csv")
    score, *contributions = (float(value) for value in answer.text.split(","))
    assert score == near(models["reg:squarederror"][2])
    assert sum(contributions) == pytest.approx(score, rel=1e-3)
    assert server.invoke("1", "text/csv").status == 500


@pytest.mark.parametrize("content_type", ["application/x-npy", "application/x-parquet", "text/csv"])
def test_rows_come_back_as_they_went(servers: Servers, models: dict[str, Any], content_type: str) -> None:
    """Predictions written in a format are rows when they are read in it."""
    script = "def predict_fn(data, model): return data.get_data().toarray()"
    server = scripted(servers, script, {"xgboost-model": models["file"]("reg:squarederror")}).ready()
    rows = [[1.5, 2.0, -3.25], [2.5, 4.0, 7.0]]
    written = server.invoke(json.dumps(rows), "application/json", accept=content_type).body
    assert server.invoke(written, content_type, accept="application/json").json == rows


def test_transform_fn_does_everything(servers: Servers) -> None:
    """transform_fn(model, data, content_type, accept), which may answer (data, content type), and take a context."""
    script = """
def model_fn(model_dir, context):
    return context.system_properties["model_dir"]
def transform_fn(model, data, content_type, accept, context):
    name = "X-Amzn-SageMaker-Custom-Attributes"
    context.set_response_header(0, name, context.get_request_header(0, name))
    context.set_response_status(code=202, phrase="Accepted")
    return data.upper() + model[-5:], "text/plain"
"""
    answer = scripted(servers, script).ready().invoke("a", X_Amzn_SageMaker_Custom_Attributes="mine")
    assert (answer.status, answer.text, answer.headers["Content-Type"]) == (202, "Amodel", "text/plain")
    assert answer.headers["X-Amzn-SageMaker-Custom-Attributes"] == "mine"


STREAMS = {
    "output_fn": """
import time
def model_fn(model_dir): pass
def input_fn(data, content_type): return int(data)
def predict_fn(data, model): return data
def output_fn(n, accept):
    for number in range(n):
        yield f"token {number} "
        time.sleep(0.2)
""",
    "predict_fn": """
import time
def model_fn(model_dir): pass
def input_fn(data, content_type): return int(data)
def predict_fn(n, model):
    for number in range(n):
        yield {"token": number}
        time.sleep(0.2)
""",
}


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("function", STREAMS)
def test_a_generator_is_an_answer_in_pieces(servers: Servers, function: str, workers: str) -> None:
    """Each piece goes out before the next is made."""
    server = scripted(servers, STREAMS[function], SAGEMAKER_MODEL_SERVER_WORKERS=workers).ready()
    raw = server.connect()
    accept = b"text/plain" if function == "output_fn" else b"application/jsonlines"
    raw.sendall(
        b"POST /invocations HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: 1\r\nAccept: "
        + accept
        + b"\r\n\r\n3"
    )
    received, times = b"", []
    while not received.endswith(b"0\r\n\r\n"):
        received += raw.recv(65536)
        times.append(time.monotonic())
    assert times[-1] - times[0] > 0.3
    piece = b"token 1 " if function == "output_fn" else b'{"token": 1}\n'
    assert b"%x\r\n%b\r\n" % (len(piece), piece) in received


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_a_script_raises(servers: Servers, workers: str) -> None:
    """500 with the exception, 4xx where it has a status as the errors of AWS's toolkit have; even sys.exit() ends
    nothing but the request."""
    script = """
import sys
def model_fn(model_dir): pass
class Bad(Exception):
    status_code, message = 422, "too many rows"
def transform_fn(model, data, content_type, accept):
    if data == "exit": sys.exit(3)
    if data == "late":
        return (b"%d" % (1 // x) for x in range(2))
    raise Bad() if data == "bad" else ValueError("no such column")
"""
    server = scripted(servers, script, SAGEMAKER_MODEL_SERVER_WORKERS=workers).ready()
    answers = {body: server.invoke(body, "text/csv") for body in ("value", "bad", "late", "exit", "value")}
    assert (answers["value"].status, answers["value"].text) == (500, "ValueError: no such column")
    assert (answers["bad"].status, answers["bad"].text) == (422, "too many rows")
    assert (answers["late"].status, "ZeroDivisionError" in answers["late"].text) == (500, True)
    assert answers["exit"].status == 500
    assert "Traceback" in server.log


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("def model_fn(d): pass\ndef transform_fn(*a): pass\ndef predict_fn(*a): pass", "takes the place of these"),
        ("import absent", "No module named 'absent'"),
        ("def model_fn(d): raise ValueError('no weights')", "no weights"),
        ("def model_fn(): pass", "model_fn takes 0 arguments"),
        ("def model_fn(d): return next(iter([]))", "StopIteration"),
        ("import sys\ndef model_fn(d): sys.exit(0)", "SystemExit"),
        ("", "it holds no file"),
    ],
)
def test_a_script_that_cannot_be_used_ends_the_program(servers: Servers, script: str, words: str) -> None:
    server = scripted(servers, script, SAGEMAKER_MODEL_SERVER_WORKERS="2" if words == "no weights" else "1")
    assert server.process.wait(60) == 1
    last = server.log.splitlines()[-1]
    assert last.startswith("ERROR: the model cannot be loaded: ") and words in last, server.log


def test_the_sdk_s_way_to_name_a_script(servers: Servers, tmp_path: Path) -> None:
    """SAGEMAKER_PROGRAM in SAGEMAKER_SUBMIT_DIRECTORY: an archive, or a folder below /opt/ml."""
    packed = archive(tmp_path / "sourcedir.tar.gz", **{"serve_it.py": ECHO, "more.py": ""})
    told = {"SAGEMAKER_PROGRAM": "serve_it.py", **ONE}
    server = servers.start(SERVE, {}, SAGEMAKER_SUBMIT_DIRECTORY=str(packed), **told).ready()
    assert server.invoke("1").json["model"] == [".keep"]
    folder = "/opt/ml/model/code"
    server = servers.start(SERVE, {"code/serve_it.py": ECHO}, SAGEMAKER_SUBMIT_DIRECTORY=folder, **told).ready()
    assert server.invoke("1").json["model"] == [".keep", "code"]


def test_a_script_that_is_not_there(servers: Servers, models: dict[str, Any]) -> None:
    for source, words in (("/opt/ml/model/code", "does not hold: it has other.py"), ("/nowhere", "nothing is there")):
        server = servers.start(
            SERVE, {"code/other.py": ""}, SAGEMAKER_PROGRAM="inference.py", SAGEMAKER_SUBMIT_DIRECTORY=source
        )
        assert server.process.wait(30) == 1
        assert words in server.log.splitlines()[-1]


def test_requirements_are_installed_above_the_image(servers: Servers) -> None:
    """code/requirements.txt, by pip, before the model is loaded; what cannot be had ends the program, saying so."""
    script = """
import threadpoolctl, xgboost
def model_fn(model_dir): return threadpoolctl.__version__
def transform_fn(model, data, content_type, accept): return model
"""
    files: dict[str, bytes | str] = {
        "code/requirements.txt": "--no-index\n--find-links .\nthreadpoolctl==99.0\n",
        "code/threadpoolctl-99.0-py3-none-any.whl": wheel("99.0"),
    }
    assert scripted(servers, script, files).ready().invoke("").text == "99.0"
    files["code/requirements.txt"] = "--no-index\nno-such-package\n"
    server = scripted(servers, script, files)
    assert server.process.wait(60) == 1
    assert "InstallRequirementsError" in server.log and "no-such-package" in server.log


SLOW = """
import os, time
def model_fn(model_dir): return os.getpid()
def transform_fn(model, data, content_type, accept):
    if data == "die": os.kill(os.getpid(), 9)
    time.sleep(float(data))
    return str(model)
"""


def test_workers_work_at_the_same_time(servers: Servers) -> None:
    """SAGEMAKER_MODEL_SERVER_WORKERS processes, each with the model; one for each core if nobody says."""
    server = scripted(servers, SLOW, SAGEMAKER_MODEL_SERVER_WORKERS="3").ready()
    with ThreadPoolExecutor(3) as pool:
        began = time.monotonic()
        seen = {answer.text for answer in pool.map(lambda _: server.invoke("0.5"), range(3))}
        assert time.monotonic() - began < 1.4
    assert len(seen) == 3 and str(server.process.pid) not in seen
    assert server.stop() == 0
    for pid in seen:
        assert gone(int(pid))


def test_a_worker_that_dies_fails_its_request_alone(servers: Servers) -> None:
    """Killed for memory, say: the others go on, and another takes its place."""
    server = scripted(servers, SLOW, SAGEMAKER_MODEL_SERVER_WORKERS="2").ready()
    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(server.invoke, "0.5")
        died = server.invoke("die")
        assert (died.status, "was killed by SIGKILL (out of memory, perhaps)" in died.text) == (500, True)
        assert other.result().status == 200
        seen = {answer.text for answer in pool.map(lambda _: server.invoke("0.3"), range(2))}
    assert len(seen) == 2


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_a_batch_transform_has_a_process_for_each_core(servers: Servers, models: dict[str, Any]) -> None:
    """Parsing holds the interpreter: two cores need two of it. The answers are those of one."""
    files = {"xgboost-model": models["file"]("reg:squarederror")}
    server = servers.start(SERVE, files, SAGEMAKER_BATCH="true", OMP_NUM_THREADS="2").ready()
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    tasks = children.parent.parent.glob("*/children")
    assert sum(len(task.read_text().split()) for task in tasks) == 2
    with ThreadPoolExecutor(4) as pool:
        for answer in pool.map(lambda _: server.invoke("\n".join(models["rows"] * 50)), range(8)):
            scores = [float(score) for score in answer.text.splitlines()]
            assert scores == near(models["reg:squarederror"] * 50)
