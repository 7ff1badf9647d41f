"""An instance of a batch transform in a world that fails. Expectations without another source: developer guide, "Batch
transform for inference"."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path
from typing import Any

from .test_serving import SERVER, model
from .world import World, eventually, python


def transform(request: dict | None = None, code: str = SERVER, **more: Any) -> dict:
    """The members of a job whose model turns payloads round."""
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}
    whole = {
        "TransformInput": {"DataSource": {"S3DataSource": source}, "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://bucket/out", "AssembleWith": "Line"},
        "BatchStrategy": "SingleRecord",
        **(request or {}),
    }
    return {
        "argv": python(code),
        "kind": "transform",
        "model": model(),
        "transform": {"request": whole, "place": [0, 1], "further": [], "began": time.time()},
        "log_group": "/aws/sagemaker/TransformJobs",
        "log_stream": "job/i-1-1",
        "stop_grace": 5,
        **more,
    }


def stored(world: World) -> dict[str, bytes]:
    return {key[4:]: data for key, data in world.buckets["bucket"].items() if key.startswith("out/")}


def test_objects_go_through_the_model(world, instance):
    """In order, each whole; the model server is ended, and that is success."""
    lines = [b"%d" % number for number in range(100, 160)]
    world.buckets["bucket"] = {"in/a": b"\n".join(lines), "in/sub/b": b"12\n34\n", "in/c/": b""}
    ended = instance(**transform({"MaxConcurrentTransforms": 4})).start().wait()
    assert (ended["code"], ended["signal"], ended["error"], ended["stopped"]) == (0, None, None, False)
    assert stored(world) == {"a.out": b"".join(line[::-1] + b"\n" for line in lines), "sub/b.out": b"21\n43\n"}
    assert world.phases == ["Starting", "Downloading", "Loading", "InService", "Exited"]
    assert ("/aws/sagemaker/TransformJobs", "job/i-1-1/data-log") in world.streams


def test_a_share_is_every_so_manyth_object(world, instance):
    """Source: same page, "partitions the Amazon S3 objects in the input by key"."""
    world.buckets["bucket"] = {f"in/{name}": b"12" for name in "abcde"}
    for number in range(2):
        job = transform()
        job["transform"]["place"] = [number, 2]
        world.reports.clear()
        instance(**job).start().wait()
        names = {0: ["a.out", "c.out", "e.out"], 1: ["a.out", "b.out", "c.out", "d.out", "e.out"]}
        assert sorted(stored(world)) == names[number]


def test_what_is_captured_is_the_same_when_it_is_done_anew(world, instance):
    """Guide, "Capture data from batch transform job": two manifests, below the hour in which the job began; an ID (a
    random UUID) and the job's start for each record. An instance that is lost is started again."""
    objects = {"in/data/a.jsonl": b'{"x": 1}\n[2]\n', "in/data.csv": b"3\n"}
    request = {
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/data"}},
            "SplitType": "Line",
        },
        "TransformOutput": {"S3OutputPath": "s3://bucket/out", "Accept": "application/jsonlines"},
        "DataCaptureConfig": {"DestinationS3Uri": "s3://bucket/seen/", "GenerateInferenceId": True},
    }
    found = []
    for _ in range(2):
        world.buckets["bucket"] = dict(objects)
        job = transform(request, SERVER.replace("body[::-1]", "body"))
        job["transform"]["began"] = 1661561355.5
        assert instance(**job).start().wait()["error"] is None
        found.append({key: data for key, data in world.buckets["bucket"].items() if key not in objects})
    assert found[0] == found[1]
    hour, name = "2022/08/27/00", "job-0.jsonl"
    manifests = {key: json.loads(data) for key, data in found[0].items() if key.startswith("seen/")}
    assert manifests == {
        f"seen/input/{hour}/{name}": [{"prefix": "s3://bucket/in/"}, "data.csv", "data/a.jsonl"],
        f"seen/output/{hour}/{name}": [{"prefix": "s3://bucket/out/"}, "data.csv.out", "a.jsonl.out"],
    }
    lines = [json.loads(line) for name in ("a.jsonl", "data.csv") for line in stored(world)[f"{name}.out"].splitlines()]
    assert {line.pop("SageMakerInferenceTime") for line in lines} == {"2022-08-27T00:49:15Z"}
    assert len({str(uuid.UUID(line.pop("SageMakerInferenceId"))) for line in lines}) == 3
    assert lines == [{"x": 1}, {"SageMakerOutput": [2]}, {"SageMakerOutput": 3}]


def test_a_gateway_that_goes_away(world, instance):
    """While an object is stored: it is stored when the gateway is back."""
    world.buckets["bucket"] = {f"in/{number}": b"12\n" * 5 for number in range(5)}
    world.falls_at = ("PutObject", 1.0)
    assert instance(**transform()).start().wait()["error"] is None
    assert stored(world) == {f"{number}.out": b"21\n" * 5 for number in range(5)}


def test_an_object_that_is_replaced_meanwhile(world, instance):
    """What was made of its beginning is dropped: an output is of one version."""
    old, new = b"11111111\n" * 300_000, b"12345678\n" * 300_000
    world.buckets["bucket"] = {"in/a": old, "in/b": b"12\n"}
    world.cut["GetObject"] = 1
    job = instance(**transform({"BatchStrategy": "MultiRecord", "MaxPayloadInMB": 1})).start()
    eventually(lambda: world.calls["GetObject"] >= 1)
    world.buckets["bucket"]["in/a"] = new
    assert job.wait()["error"] is None
    assert world.calls["GetObject"] >= 3
    assert stored(world)["a.out"].count(b"1") == 300_000
    assert stored(world)["b.out"] == b"\n21\n"


def test_a_stop_leaves_no_half(world, instance):
    """ "SageMaker doesn't store the job's output"; and the model server has its grace, which breaks off a request."""
    slow = SERVER.replace(
        "self.send_response(200)", "print('asked', flush=True); time.sleep(3); self.send_response(200)"
    )
    world.buckets["bucket"] = {"in/a": b"12\n" * 500}
    job = instance(**transform(code=slow)).start()
    eventually(lambda: "asked" in world.lines)
    began = time.monotonic()
    job.terminate()
    ended = job.wait()
    assert (ended["stopped"], ended["error"]) == (True, None)
    assert time.monotonic() - began < 8
    assert stored(world) == {}


def test_requests_of_several_objects_are_made_at_once(world, instance):
    """MaxConcurrentTransforms holds for objects that are one request each, too; empty ones hold up nothing."""
    together = """
import threading
meeting = threading.Barrier(4)
class Many(socketserver.ThreadingMixIn):
    daemon_threads = True
"""
    code = SERVER.replace("print('model", f"{together}\nprint('model")
    code = code.replace("self.send_response(200)", "meeting.wait(10); self.send_response(200)")
    code = code.replace("class Local(socket", "class Local(Many, socket")
    objects = {f"in/{number}": b"12" for number in range(8)} | {f"in/empty-{number}": b"" for number in range(1100)}
    world.buckets["bucket"] = objects
    request = {"MaxConcurrentTransforms": 4, "ModelClientConfig": {"InvocationsMaxRetries": 0}}
    assert instance(**transform(request, code)).start().wait(60)["error"] is None
    assert list(stored(world).values()).count(b"21\n") == 8
    assert len(stored(world)) == 1108


def test_a_key_that_has_no_output_of_its_own(world, instance):
    """`a//b` and `a/b`: one of them fails, and says why."""
    world.buckets["bucket"] = {"in/a/b": b"12", "in/a//b": b"34"}
    error = instance(**transform()).start().wait()["error"]
    assert "s3://bucket/in/a//b: its key has a part without a name" in error["message"]
    assert stored(world) == {"a/b.out": b"21\n"}


def test_a_large_object_is_never_held_whole(world, instance):
    """A window of requests is: with 1 MB a request, far less than the object's 100 MB."""
    world.buckets["bucket"] = {"in/a": b"0123456789abcde\n" * (100 << 16)}
    request = {"BatchStrategy": "MultiRecord", "MaxPayloadInMB": 1, "MaxConcurrentTransforms": 2}
    job = instance(**transform(request)).start()
    most = 0
    assert job.process is not None
    while job.process.poll() is None:
        try:
            status = Path(f"/proc/{job.process.pid}/status").read_text()
        except OSError:
            break
        most = max(most, *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)
        time.sleep(0.02)
    assert job.wait()["error"] is None
    assert len(stored(world)["a.out"]) >= 100 << 20
    assert most < 80 << 10  # KiB


def test_a_role_that_may_not_store(world, instance):
    """The failure names the permission, and the member of the request."""
    world.buckets["bucket"] = {"in/a": b"12\n"}
    world.denied = {"s3:PutObject"}
    error = instance(**transform()).start().wait()["error"]
    assert error["code"] == "ClientError"
    assert "Allow s3:PutObject on arn:aws:s3:::bucket/out/*" in error["message"]
