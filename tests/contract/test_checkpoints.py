"""CheckpointConfig, through boto3. Sources: API_CheckpointConfig; the guide, "Use Checkpoints in Amazon SageMaker"."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conftest import Jobs, eventually
from tests.contract.test_training_jobs import refused, request


def config(jobs: Jobs, name: str, **more: str) -> dict[str, Any]:
    return {"S3Uri": f"s3://{jobs.bucket}/checkpoints/{name}", **more}


def stored(jobs: Jobs, name: str) -> dict[str, bytes]:
    prefix = f"checkpoints/{name}/"
    listed = jobs.s3.list_objects_v2(Bucket=jobs.bucket, Prefix=prefix).get("Contents", [])
    return {
        entry["Key"].removeprefix(prefix): jobs.s3.get_object(Bucket=jobs.bucket, Key=entry["Key"])["Body"].read()
        for entry in listed
    }


def test_a_checkpoint_reaches_s3_while_the_job_runs_and_the_next_job_begins_with_it(jobs: Jobs) -> None:
    """ "stored in real time", and restored to LocalPath of a job with the same S3Uri."""
    code = """
import time
folder = base / 'output' / 'state'
found = sorted(p.name for p in folder.iterdir())
print('found', *found)
(folder / f'epoch-{len(found)}').write_text('weights')
while not found: time.sleep(0.1)
"""
    checkpoint = config(jobs, "resumed", LocalPath="/opt/ml/output/state")
    first = jobs.start(code, CheckpointConfig=checkpoint)
    eventually(lambda: stored(jobs, "resumed") == {"epoch-0": b"weights"}, 30)
    assert jobs.describe(first)["SecondaryStatus"] == "Training"
    assert jobs.describe(first)["CheckpointConfig"] == checkpoint
    jobs.sagemaker.stop_training_job(TrainingJobName=first)
    jobs.ended(first)
    second = jobs.start(code, CheckpointConfig=checkpoint, wait=True)
    assert jobs.lines(second) == ["found epoch-0"]
    assert set(stored(jobs, "resumed")) == {"epoch-0", "epoch-1"}


@pytest.mark.parametrize("end, status", [("raise SystemExit(1)", "Failed"), ("os.kill(os.getpid(), 9)", "Failed")])
def test_a_failed_job_leaves_its_last_checkpoint(jobs: Jobs, end: str, status: str) -> None:
    """Written at its last instant; nobody waits for it to rest."""
    code = f"import os; (base / 'checkpoints' / 'last').write_text('1'); {end}"
    ended = jobs.run(code, CheckpointConfig=config(jobs, f"failed-{len(end)}"))
    assert ended["TrainingJobStatus"] == status
    assert stored(jobs, f"failed-{len(end)}") == {"last": b"1"}


def test_two_instances_have_one_place(jobs: Jobs) -> None:
    """ "a single Amazon S3 location without additional suffixes": all that S3 has is restored to each."""
    code = """
import json
host = json.loads((base / 'input/config/resourceconfig.json').read_text())['current_host']
print(host, *sorted(p.name for p in (base / 'checkpoints').iterdir()))
(base / 'checkpoints' / host).write_text(host)
"""
    for lines in (["algo-1", "algo-2"], ["algo-1 algo-1 algo-2", "algo-2 algo-1 algo-2"]):
        name = jobs.start(code, instances=2, wait=True, CheckpointConfig=config(jobs, "both"))
        assert jobs.lines(name) == lines
    assert stored(jobs, "both") == {"algo-1": b"algo-1", "algo-2": b"algo-2"}


def test_a_missing_bucket_fails_the_job_before_its_program(jobs: Jobs) -> None:
    """ClientError, with what to do."""
    ended = jobs.run("", CheckpointConfig={"S3Uri": "s3://no-such-bucket-for-checkpoints/x"})
    assert "there is no bucket 'no-such-bucket-for-checkpoints'" in ended["FailureReason"]


@pytest.mark.parametrize(
    "path", ["/tmp/checkpoints", "/opt/ml", "/opt/ml/", "checkpoints", "/opt/ml/../x", "/opt/ml/input/data/train"]
)
def test_a_path_that_cannot_be_offered_is_refused(jobs: Jobs, path: str) -> None:
    """Said at once: a job whose checkpoints go nowhere must not start."""
    bad = request("refused", CheckpointConfig={"S3Uri": "s3://bucket/x", "LocalPath": path})
    error = refused(jobs.sagemaker.create_training_job, **bad)
    assert error["Code"] == "ValidationException"
    assert f"CheckpointConfig.LocalPath: '{path}' cannot be offered" in error["Message"]
