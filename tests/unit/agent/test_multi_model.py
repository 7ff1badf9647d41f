"""An instance of a multi-model endpoint, as its gateways reach it. Expectations without another source are AWS's:
developer guide, "Host Multiple Models with Multi-Model Endpoints" and "Invoke a Multi-Model Endpoint"."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .test_serving import archive, model
from .world import eventually, python

MANY = (Path(__file__).parents[2] / "images" / "many" / "many_image" / "serve.py").read_text()


class Caller(http.client.HTTPConnection):
    """A gateway's connection to an instance."""

    def __init__(self, path: str) -> None:
        super().__init__("model", timeout=20)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def invoke(self, target: str, body: str = "x") -> tuple[int, dict[str, str], Any]:
        """Status, headers, and what was said."""
        self.request("POST", "/invocations", body, {"X-Amzn-SageMaker-Target-Model": target})
        answer = self.getresponse()
        said = answer.read().decode()
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, headers, json.loads(said) if said.startswith("{") else said


def serving(world, instance, memory=1 << 30, environment=None, **many):
    """An instance in service whose models are those of the bucket."""
    job = instance(
        python(MANY),
        kind="serving",
        environment={"SAGEMAKER_MULTI_MODEL": "true", **(environment or {})},
        model={**model(), "memory": memory, "many": {"prefix": "s3://bucket/", **many}},
        log_group="/aws/sagemaker/Endpoints/demo",
        log_stream="AllTraffic/i-1",
        stop_grace=5,
    ).start()
    eventually(lambda: "InService" in world.phases)
    return job


@pytest.fixture
def caller():
    """Connections to instances, `caller(job)`; closed when the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda job: stack.enter_context(contextlib.closing(Caller(str(job.run / "serve.sock"))))


def put(world, **models: bytes) -> None:
    world.buckets["bucket"] |= {name: archive(weights=weights) for name, weights in models.items()}


def test_what_was_done_for_a_request_is_told(world, instance, caller):
    """Once, in AWS's names; of a model that is loaded there is nothing to tell."""
    put(world, a=b"1", b=b"2")
    job = serving(world, instance, environment={"CAPACITY": "1"})
    connection = caller(job)
    told = connection.invoke("a")[1]["x-salvia-figures"]
    assert [word.partition("=")[0] for word in told.split(",")] == [
        "ModelDownloadingTime",
        "ModelLoadingTime",
        "ModelLoadingWaitTime",
    ]
    assert "x-salvia-figures" not in connection.invoke("a")[1]
    assert "ModelUnloadingTime=" in connection.invoke("b")[1]["x-salvia-figures"]
    assert "ModelDownloadingTime" not in connection.invoke("a")[1]["x-salvia-figures"]  # it is on disk
    counted = ("LoadedModelCount", 1, "None")
    eventually(lambda: counted in [(one["MetricName"], one["Value"], one["Unit"]) for one in world.metrics])
    job.terminate()
    assert job.wait()["error"] is None


def test_a_model_that_takes_long_is_loaded_on(world, instance, caller):
    """ModelNotReadyException, "and the model continues to download and load"."""
    put(world, slow=b"slow 1")
    job = serving(world, instance, patience=0.3)
    connection = caller(job)
    status, headers, said = connection.invoke("slow")
    assert (status, headers["x-salvia-error"]) == (429, "ModelNotReadyException")
    assert "Model slow is still being downloaded or loaded" in said
    eventually(lambda: connection.invoke("slow")[0] == 200)
    assert connection.invoke("slow", "loads")[2]["loads"] == {"slow": 1}


def test_models_leave_the_disk_when_it_is_short(world, instance, caller):
    """ "deletes any unused models from the storage volume": the one that was used longest ago."""
    put(world, a=b"a" * 400, b=b"b" * 400, c=b"c" * 400)
    job = serving(world, instance, disk=1000)
    connection = caller(job)
    for target in ("a", "b", "a", "c"):
        assert connection.invoke(target)[0] == 200
    seen = connection.invoke("a", "loads")[2]
    assert (seen["disk"], seen["loaded"], seen["loads"]) == (2, 2, {"a": 1, "b": 1, "c": 1})


def test_models_leave_memory_when_the_instance_is_short_of_it(world, instance, caller):
    """Though the container never says 507."""
    put(world, **dict.fromkeys("abcdef", b"1" * (1 << 18)))
    job = serving(world, instance, memory=1 << 20)
    connection = caller(job)
    for target in "abcdef":
        assert connection.invoke(target, "x")[0] == 200
    assert connection.invoke("f", "loads")[2]["most"] == 1
    put(world, large=b"1" * (2 << 20))
    status, _, said = connection.invoke("large")
    assert (status, "more than the instance's memory" in said) == (507, True)
    assert connection.invoke("f", "loads")[2]["loads"]["f"] == 1  # it did not leave for what has no room anyway


def test_a_model_that_nothing_makes_room_for_is_refused(world, instance, caller):
    """The container's own words; one that is in use is waited for."""
    put(world, a=b"1", b=b"2")
    job = serving(world, instance, environment={"CAPACITY": "0"})
    assert caller(job).invoke("a")[::2] == (507, "no room")
    job.terminate()
    job.wait()


def test_a_model_in_use_is_not_unloaded(world, instance, caller):
    """The next one waits for it."""
    put(world, a=b"1", b=b"2")
    job = serving(world, instance, environment={"CAPACITY": "1"})
    assert caller(job).invoke("a")[0] == 200
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(caller(job).invoke, "a", "wait2")
        eventually(lambda: "waits" in world.lines)
        assert caller(job).invoke("b")[0] == 200
        assert busy.result(0.5)[0] == 200


def test_a_link_that_the_program_lays_leads_no_model_out(world, instance, caller, tmp_path):
    """It runs while models are brought: nothing is unpacked where it has a hand in it."""
    put(world, a=b"1")
    lay = f"import os; os.symlink({str(tmp_path)!r}, os.environ['ML'] + '/models')\n"
    job = instance(
        python(lay + MANY),
        kind="serving",
        environment={"SAGEMAKER_MULTI_MODEL": "true"},
        model={**model(), "many": {"prefix": "s3://bucket/"}},
        log_group="/aws/sagemaker/Endpoints/demo",
        log_stream="AllTraffic/i-1",
    ).start()
    eventually(lambda: "InService" in world.phases)
    status, headers, said = caller(job).invoke("a")
    assert (status, headers["x-salvia-error"]) == (400, "ValidationError")
    assert "Model a could not be kept" in said
    assert os.listdir(job.folder / "incoming") == []
    assert [path.name for path in tmp_path.iterdir() if path.name != "instance-0"] == []


def test_a_server_that_closes_its_connections_is_given_lost_models_again(world, instance, caller):
    """As one does that speaks HTTP/1.0, and has restarted itself."""
    put(world, a=b"1", refuses=b"refuses")
    job = serving(world, instance, environment={"CLOSES": "0.3"})
    assert caller(job).invoke("a", "forget")[0] == 200
    assert caller(job).invoke("a", "loads")[2]["loads"] == {"a": 2}
    assert caller(job).invoke("refuses")[::2] == (404, "not here")


def test_nobody_answers_for_a_container_that_has_ended(world, instance, caller):
    """A gateway then asks another instance, as it does when nobody is in between."""
    put(world, a=b"1")
    job = serving(world, instance)
    connection = caller(job)
    os.kill(connection.invoke("a")[2]["pid"], signal.SIGKILL)
    with pytest.raises((OSError, http.client.HTTPException)):
        connection.invoke("a")
    assert job.wait()["signal"] == signal.SIGKILL
