"""Checkpoints, both ways. Sources: API_CheckpointConfig; developer guide, "Use Checkpoints in Amazon SageMaker"."""

from __future__ import annotations

import json
import os

import pytest

from .world import ROLE, eventually, python, shell

CONFIG = {"S3Uri": "s3://bucket/ckpt"}


def stored(world) -> dict[str, bytes]:
    """What S3 has of the checkpoints."""
    objects = dict(world.buckets["bucket"])  # at one moment: the agent goes on
    return {key[5:]: content for key, content in objects.items() if key.startswith("ckpt/")}


@pytest.mark.parametrize("local", [None, "/opt/ml/checkpoints", "/opt/ml/output/state/"])
def test_what_s3_has_is_there_before_the_program_starts(world, instance, local):
    """Under LocalPath, /opt/ml/checkpoints by default; what is beside the prefix is not of it."""
    world.buckets["bucket"] = {"ckpt/1/model": b"one", "ckpt/2": b"two", "ckpt-old/3": b"three"}
    folder = (local or "/opt/ml/checkpoints").removeprefix("/opt/ml/").rstrip("/")
    config = {**CONFIG, **({"LocalPath": local} if local else {})}
    job = instance(shell(f"cd $ML/{folder}; cat 1/model 2; echo; find . -type f | wc -l"), checkpoint=config)
    assert job.start().wait()["code"] == 0
    assert world.lines == ["onetwo", "2"]
    written = json.loads((job.ml / "input/config/checkpointconfig.json").read_text())
    assert written == {"S3Uri": CONFIG["S3Uri"], "LocalPath": f"/opt/ml/{folder}"}
    assert world.calls["PutObject"] == 1  # the model: what came from S3 does not go there again


def test_nothing_in_s3_is_a_fresh_start(world, instance):
    """The first run of a job that will be interrupted."""
    job = instance(shell("ls $ML/checkpoints | wc -l"), checkpoint=CONFIG)
    assert job.start().wait()["code"] == 0
    assert world.lines == ["0"]


def test_what_the_program_writes_is_stored_while_it_runs(world, instance):
    """ "stored in real time"; what it deletes stays in S3."""
    script = "cd $ML/checkpoints; mkdir a; echo 1 > a/1; echo 2 > 2; read x < ../go; rm 2; echo 3 > a/1"
    job = instance(shell(f"mkfifo $ML/go; {script}"), checkpoint=CONFIG).start()
    eventually(lambda: stored(world) == {"a/1": b"1\n", "2": b"2\n"})
    (job.ml / "go").write_text("on\n")
    assert job.wait()["code"] == 0
    assert stored(world) == {"a/1": b"3\n", "2": b"2\n"}


def test_a_file_that_is_being_written_is_not_stored(world, instance):
    """Half a checkpoint in S3 is what the next run would begin from."""
    script = """
import os, time
folder = os.environ["ML"] + "/checkpoints/"
with open(folder + "state", "wb", buffering=0) as file:
    for _ in range(20):
        file.write(b"x" * 100_000)
        time.sleep(0.2)
open(folder + "done", "w").close()
time.sleep(60)
"""
    job = instance(python(script), checkpoint=CONFIG, stop_grace=0).start()
    seen = set()
    eventually(lambda: seen.add(len(stored(world).get("state", b""))) or "done" in stored(world), 30)
    assert seen <= {0, 2_000_000}
    assert len(stored(world)["state"]) == 2_000_000
    job.terminate()
    job.wait()


@pytest.mark.parametrize("end", ["exit 3", "kill -9 $$"])
def test_a_failed_program_leaves_its_last_checkpoint(world, instance, end):
    """What it had is what the next run needs most."""
    ended = instance(shell(f"echo last > $ML/checkpoints/1; {end}"), checkpoint=CONFIG).start().wait()
    assert not ended["error"] and ended["code"] != 0
    assert stored(world) == {"1": b"last\n"}


def test_a_stopped_program_leaves_what_it_wrote_in_its_grace(world, instance):
    """A spot interruption: SIGTERM, a last checkpoint, S3."""
    script = "trap 'echo late > $ML/checkpoints/1; exit 0' TERM; echo ready; while :; do sleep 0.1; done"
    job = instance(shell(script), checkpoint=CONFIG).start()
    eventually(lambda: "ready" in world.lines)
    job.terminate()
    assert job.wait()["stopped"]
    assert stored(world) == {"1": b"late\n"}


def test_links_lead_nowhere(world, instance, tmp_path):
    """The agent is outside of the program's sandbox, and must not read for it."""
    (tmp_path / "secret").write_text("secret")
    script = f"cd $ML/checkpoints; ln -s {tmp_path}/secret a; ln -s {tmp_path} b; mkfifo c; echo 1 > d; sleep 2.5"
    instance(shell(script), checkpoint=CONFIG).start().wait()
    assert stored(world) == {"d": b"1\n"}
    assert len([line for line in world.lines if "/opt/ml/checkpoints/a is not uploaded" in line]) == 1


def test_a_folder_that_became_a_link_is_not_followed(world, instance, tmp_path):
    """The whole folder, too."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret").write_text("secret")
    ended = instance(shell(f"rmdir $ML/checkpoints; ln -s {tmp_path}/other $ML/checkpoints"), checkpoint=CONFIG)
    assert "/opt/ml/checkpoints is no folder any more" in ended.start().wait()["error"]["message"]
    assert stored(world) == {}


def test_a_role_that_may_not_write_is_told_at_once_and_fails_at_the_end(world, instance):
    """While it runs there is hope; at its end a job whose checkpoints are lost has not done what was asked."""
    world.denied.add("s3:PutObject")
    job = instance(shell("echo 1 > $ML/checkpoints/1; read x < $ML/go"), checkpoint=CONFIG)
    job.ml.mkdir()
    os.mkfifo(job.ml / "go")
    job.start()
    eventually(lambda: world.reports and "Allow s3:PutObject" in (world.reports[-1].get("message") or ""))
    (job.ml / "go").write_text("on\n")
    ended = job.wait()
    assert ended["error"]["code"] == "ClientError"
    assert ROLE in ended["error"]["message"] and "arn:aws:s3:::bucket/ckpt/*" in ended["error"]["message"]


def test_a_missing_bucket_fails_before_the_program(world, instance):
    """Not after hours of training."""
    ended = instance(shell("true"), checkpoint={"S3Uri": "s3://nowhere/x"}).start().wait()
    assert ended["code"] is None
    assert "CheckpointConfig: there is no bucket 'nowhere'" in ended["error"]["message"]


def test_hosts_share_one_place(world, instance):
    """ "a single Amazon S3 location without additional suffixes or prefixes": their names must differ by themselves."""
    hosts = ["algo-1", "algo-2"]
    jobs = [
        instance(shell(f"echo {host} > $ML/checkpoints/{host}"), checkpoint=CONFIG, host=host, hosts=hosts).start()
        for host in hosts
    ]
    for job in jobs:
        job.wait()
    assert stored(world) == {"algo-1": b"algo-1\n", "algo-2": b"algo-2\n"}
