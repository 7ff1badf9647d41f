"""A job from its specification to its exit. Expectations without another source are the container contract:
SageMaker developer guide, "How Amazon SageMaker Runs Your Training Image"."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from .world import ROLE, SOURCE, channel, eventually, python, shell


def test_a_job_runs_from_its_data_to_its_model(world, instance):
    """The whole way, phases in AWS's order (API_DescribeTrainingJob, SecondaryStatusTransitions)."""
    world.buckets["bucket"] = {"train/a.csv": b"1,2\n", "validation/b.csv": b"3,4\n"}
    job = instance(
        shell(
            "cd $ML; cat input/data/train/a.csv input/data/validation/b.csv > model/m;echo done; echo n > output/data/n"
        ),
        channels=[channel("train", "s3://bucket/train/"), channel("validation", "s3://bucket/validation/")],
    )
    ended = job.start().wait()
    assert (ended["code"], ended["signal"], ended["error"], ended["stopped"]) == (0, None, None, False)
    assert world.phases == ["Starting", "Downloading", "Training", "Uploading", "Exited"]
    assert world.lines == ["done"] == ended["log_tail"]
    assert ended["artifacts"] == {
        "model": "s3://bucket/out/job/output/model.tar.gz",
        "output": "s3://bucket/out/job/output/output.tar.gz",
    }
    with tarfile.open(fileobj=io.BytesIO(world.buckets["bucket"]["out/job/output/model.tar.gz"])) as archive:
        assert archive.extractfile("m").read() == b"1,2\n3,4\n"


def test_the_configuration_files_have_aws_shapes(world, instance):
    """Shapes: developer guide, "How Amazon SageMaker Provides Training Information"."""
    world.buckets["bucket"] = {"train/a": b"1"}
    resources = {
        "current_host": "algo-1",
        "current_instance_type": "ml.m5.xlarge",
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "instance_groups": [
            {
                "instance_group_name": "homogeneousCluster",
                "instance_type": "ml.m5.xlarge",
                "hosts": ["algo-1"],
            }
        ],
        "network_interface_name": "lo",
    }
    job = instance(
        shell("true"),
        channels=[
            channel("train", "s3://bucket/train/", ContentType="text/csv", S3DataDistributionType="ShardedByS3Key")
        ],
        hyperparameters={"num_round": "10"},
        resource_config=resources,
    )
    job.start().wait()
    read = {path.name: json.loads(path.read_text()) for path in (job.ml / "input" / "config").iterdir()}
    assert read == {
        "hyperparameters.json": {"num_round": "10"},
        "inputdataconfig.json": {
            "train": {
                "ContentType": "text/csv",
                "TrainingInputMode": "File",
                "S3DistributionType": "ShardedByS3Key",
                "RecordWrapperType": "None",
            }
        },
        "resourceconfig.json": resources,
    }
    assert (job.ml / "checkpoints").is_dir() and (job.ml / "output" / "data").is_dir()


def test_the_program_finds_what_sdks_need_in_its_environment(world, instance):
    """Wire facts: AWS_ENDPOINT_URL, region, credentials endpoint; nothing of the agent's own environment."""
    job = instance(
        python("import json, os; print(json.dumps(dict(os.environ)))"),
        environment={"MINE": "1", "AWS_REGION": "eu-west-1", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    job.start().wait()
    found = json.loads(world.lines[0])
    assert found["TRAINING_JOB_NAME"] == "job"
    assert found["TRAINING_JOB_ARN"].endswith(":training-job/job")
    assert found["AWS_ENDPOINT_URL"] == world.url
    assert found["AWS_DEFAULT_REGION"] == "us-east-1"
    assert found["AWS_REGION"] == "eu-west-1", "the request's Environment wins"
    assert found["AWS_EC2_METADATA_DISABLED"] == "true"
    assert found["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] == str(job.run / "token")
    assert found["AWS_CONTAINER_CREDENTIALS_FULL_URI"].startswith("http://127.0.0.1:")
    assert found["MINE"] == "1"
    assert not {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"} & set(found)


def test_the_credentials_endpoint_answers_who_shows_the_token(world, instance):
    """AWS SDKs guide, "Container credential provider"; the shape is what botocore reads."""
    job = instance(shell("echo $AWS_CONTAINER_CREDENTIALS_FULL_URI; sleep 30"), stop_grace=5).start()
    eventually(lambda: world.lines)
    token = (job.run / "token").read_text()
    assert (job.run / "token").stat().st_mode & 0o777 == 0o600
    request = urllib.request.Request(world.lines[0], headers={"Authorization": token})
    with urllib.request.urlopen(request) as reply:
        answer = json.load(reply)
    assert set(answer) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "RoleArn"}
    assert answer["RoleArn"] == ROLE
    for headers in ({}, {"Authorization": "guessed"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(world.lines[0], headers=headers))
        assert refused.value.code == 403
        refused.value.close()
    job.terminate()
    job.wait()


def test_botocore_in_the_program_finds_its_credentials(world, instance):
    """The client that matters most: it accepts a full URI over http on loopback only, and sends the token."""
    script = "import botocore.session as b; print(b.get_session().get_credentials().access_key)"
    instance([sys.executable, "-c", script]).start().wait()
    assert world.lines[0].startswith("ASIA")


def test_credentials_are_renewed_before_they_expire(world, instance):
    """Sessions of one hour must carry jobs of days."""
    world.lifetime = 2
    job = instance(shell("for i in 1 2 3; do sleep 0.7; echo $i; done")).start()
    job.wait()
    assert world.lines == ["1", "2", "3"]
    assert world.calls["credentials"] >= 2


def test_network_isolation_gives_no_way_to_aws(world, instance):
    """API_CreateTrainingJob, EnableNetworkIsolation: no credentials are available to the container."""
    job = instance(shell("env"), network_isolation=True)
    job.start().wait()
    assert not [line for line in world.lines if line.startswith(("AWS_ENDPOINT_URL", "AWS_CONTAINER"))]
    assert not (job.run / "token").exists()


def test_a_failed_program_reports_code_and_failure_file(world, instance):
    """Developer guide: the first 1,024 characters of /opt/ml/output/failure become the FailureReason."""
    script = """
import os, sys
os.chdir(os.environ["ML"])
open("output/failure", "w").write("é" * 2000)
open("model/m", "w")
sys.exit(3)
"""
    ended = instance(python(script)).start().wait()
    assert (ended["code"], ended["signal"], ended["failure"]) == (3, None, "é" * 1024)
    assert ended["artifacts"] == {}


def test_a_failure_file_that_links_elsewhere_is_not_read(world, instance, tmp_path):
    """The program must not make the agent show it what it may not see."""
    (tmp_path / "secret").write_text("secret")
    ended = instance(shell(f"ln -s {tmp_path}/secret $ML/output/failure; exit 1")).start().wait()
    assert ended["failure"] is None


def test_a_failed_program_still_uploads_its_output_data(world, instance):
    """What it wrote for its user may say why it failed."""
    ended = instance(shell("echo why > $ML/output/data/why; exit 1")).start().wait()
    assert set(ended["artifacts"]) == {"output"}


def test_a_killed_program_reports_the_signal(world, instance):
    """FailureReason has to say with which signal it died."""
    ended = instance(shell("kill -SEGV $$")).start().wait()
    assert (ended["code"], ended["signal"], ended["oom"]) == (None, signal.SIGSEGV, False)


@pytest.mark.parametrize("name, first", [("memory.events", "low 0\n"), ("memory.oom_control", "under_oom 0\n")])
def test_memory_exhaustion_is_told_from_other_kills(world, instance, tmp_path, name, first):
    """The kernel counts in memory.events (v2) or memory.oom_control (v1); the program plays the kernel."""
    events = tmp_path / name
    events.write_text(f"{first}oom_kill 2\n")
    script = f"printf '{first.strip()}\\noom_kill 3\\n' > {events}; kill -KILL $$"
    ended = instance(shell(script), cgroup_events=[str(events)]).start().wait()
    assert (ended["signal"], ended["oom"]) == (signal.SIGKILL, True)


def test_a_program_that_cannot_be_started_says_so(world, instance):
    """A wrong entry point is the algorithm's error."""
    ended = instance(["/nowhere/train"]).start().wait()
    assert ended["error"]["code"] == "AlgorithmError"
    assert "/nowhere/train" in ended["error"]["message"]


def test_sigterm_stops_the_program_and_uploads_what_there_is(world, instance):
    """API_StopTrainingJob: SIGTERM, and the model that was saved is not lost."""
    script = 'trap "echo saved > $ML/model/m; exit 0" TERM; echo ready; while :; do sleep 0.05; done'
    job = instance(shell(script)).start()
    eventually(lambda: "ready" in world.lines)
    job.terminate()
    ended = job.wait()
    assert (ended["code"], ended["stopped"]) == (0, True)
    assert "out/job/output/model.tar.gz" in world.buckets["bucket"]


def test_a_stop_in_the_gateways_reply_is_a_sigterm(world, instance):
    """Level-based: whoever misses the signal is told with the next report."""
    job = instance(shell('trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done')).start()
    eventually(lambda: "ready" in world.lines)
    world.stop = True
    ended = job.wait()
    assert (ended["code"], ended["stopped"]) == (7, True)


def test_a_program_that_ignores_sigterm_is_killed_after_its_grace(world, instance):
    """API_StopTrainingJob: the algorithm has 120 seconds; here 0.5."""
    job = instance(shell('trap "echo no" TERM; echo ready; while :; do sleep 0.05; done'), stop_grace=0.5).start()
    eventually(lambda: "ready" in world.lines)
    told = time.monotonic()
    job.terminate()
    ended = job.wait()
    assert ended["signal"] == signal.SIGKILL
    assert "no" in world.lines
    assert time.monotonic() - told < 5


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_a_program_in_a_sandbox_gets_sigterm_itself(world, instance):
    """bubblewrap dies of SIGTERM and takes the program along (seen with 0.8): one must reach past it."""
    sandbox = [
        "bwrap",
        "--bind",
        "/",
        "/",
        "--dev",
        "/dev",
        "--proc",
        "/proc",
        "--unshare-pid",
        "--die-with-parent",
    ]
    script = 'trap "echo asked; exit 5" TERM; echo ready; while :; do sleep 0.05; done'
    job = instance([*sandbox, "--new-session", *shell(script)]).start()
    eventually(lambda: "ready" in world.lines)
    job.terminate()
    assert job.wait()["code"] == 5
    assert "asked" in world.lines


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_a_signal_in_a_sandbox_is_told_from_its_exit_code(world, instance):
    """bubblewrap exits with 128 + n."""
    sandbox = ["bwrap", "--bind", "/", "/", "--unshare-pid", "--die-with-parent"]
    ended = instance([*sandbox, *shell("kill -KILL $$")]).start().wait()
    assert (ended["code"], ended["signal"]) == (137, signal.SIGKILL)


def test_a_stop_during_the_download_ends_without_the_program(world, instance):
    """Nothing ran, so there is neither code nor model."""
    world.buckets["bucket"] = {"train/a": b"1"}
    world.falls_at = ("GetObject", 0.5)
    job = instance(shell("touch $ML/model/ran"), channels=[channel("train", "s3://bucket/train/")]).start()
    eventually(lambda: world.is_down)
    job.terminate()
    ended = job.wait()
    assert (ended["code"], ended["signal"], ended["error"], ended["stopped"]) == (None, None, None, True)
    assert not (job.ml / "model" / "ran").exists()


def test_a_program_that_leaves_a_daemon_behind_holds_nobody_up(world, instance):
    """The container ends with its first process; a daemon that holds the pipe must not keep the job."""
    script = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(600)
    os._exit(0)
time.sleep(0.3)
"""
    ended = instance(python(script)).start().wait(15)
    assert ended["code"] == 0
    left = next(int(line) for line in world.lines if line.isdigit())
    with pytest.raises(ProcessLookupError):
        os.kill(left, 0)


def test_an_unwanted_instance_ends_itself(world, instance):
    """410 from the gateway: the job was deleted, and nothing of it may go on."""
    job = instance(shell("echo ready; sleep 600")).start()
    eventually(lambda: "ready" in world.lines)
    world.gone = True
    assert job.process.wait(20) == 0


def test_an_unreadable_specification_is_one_clear_line(tmp_path):
    """Whoever starts agents sees what is wrong."""
    (tmp_path / "SPEC.json").write_text('{"url": "x"}')
    done = subprocess.run(
        [sys.executable, "-S", "-m", "salvia.agent", str(tmp_path / "SPEC.json")],
        env={"PYTHONPATH": SOURCE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "SPEC.json lacks the member" in done.stderr


def test_the_program_inherits_no_descriptor_of_its_runtime(world, instance, tmp_path):
    """A lock that the runtime hands to the agent must fall when the agent does."""
    lock = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(lock, True)
    job = instance(shell("ls -l /proc/self/fd"))
    job.spec["job"]["name"] = "job"
    job.start(pass_fds=(lock,)).wait()
    os.close(lock)
    assert not [line for line in world.lines if line.endswith(str(tmp_path / "lock"))]


def test_the_heartbeat_carries_metrics_and_state(world, instance):
    """Sent without a change too (here every 0.2 s): by it an instance is known to live."""
    job = instance(shell("echo loss=0.5; sleep 0.8"), metrics=[{"Name": "loss", "Regex": "loss=([0-9.]+)"}]).start()
    job.wait()
    training = [report for report in world.reports if report["phase"] == "Training"]
    assert len(training) >= 2
    assert training[-1]["metrics"][0]["Value"] == 0.5


def test_a_ca_bundle_reaches_the_program(world, instance, tmp_path):
    """Wire facts: AWS_CA_BUNDLE and REQUESTS_CA_BUNDLE for SDKs, SSL_CERT_FILE for everything else."""
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    if not bundle.exists():
        pytest.skip("no CA bundle on this machine")
    job = instance(shell("cmp $AWS_CA_BUNDLE " + str(bundle) + " && echo same $REQUESTS_CA_BUNDLE $SSL_CERT_FILE"))
    job.spec["ca"] = str(bundle)
    job.start().wait()
    assert world.lines == [f"same {job.run}/ca.pem {job.run}/ca.pem"]


def test_an_address_that_the_machine_lacks_falls_back_to_localhost(world, instance):
    """macOS has 127.0.0.1 alone."""
    job = instance(shell("echo $AWS_CONTAINER_CREDENTIALS_FULL_URI"))
    job.spec["address"] = "192.0.2.1"
    job.start().wait()
    assert world.lines[0].startswith("http://127.0.0.1:")
