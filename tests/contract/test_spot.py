"""Managed spot training and RetryStrategy, through boto3 and the command line, with real programs.

Expectations: the guide, "Managed spot training lifecycle"; API_RetryStrategy; API_StopTrainingJob for the 120 seconds.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Jobs, Server, eventually

SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
}
# Says when it is told to end, takes its time over it, and otherwise trains for some seconds. Each attempt is billed for
# a second at least: what lies between two has to be longer than what that adds.
PROGRAM = """
import signal, sys, time
def end(*_):
    print('told to end', flush=True)
    time.sleep(3)
    print('saved', flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print('training', flush=True)
time.sleep(6)
print('trained', flush=True)
(base / 'model' / 'weights').write_text('w')
"""


@pytest.fixture(scope="module")
def server(make_server: Callable[..., Server]) -> Server:
    """A server whose agents are killed."""
    return make_server()


@pytest.fixture(scope="module")
def jobs(server: Server) -> Jobs:
    return Jobs(server)


def lines(jobs: Jobs, name: str) -> list[str]:
    try:
        return jobs.lines(name)
    except jobs.server.client("logs").exceptions.ResourceNotFoundException:
        return []


def statuses(description: dict[str, Any]) -> list[str]:
    return [entry["Status"] for entry in description["SecondaryStatusTransitions"]]


def test_an_interrupted_job_is_told_and_started_again(jobs: Jobs) -> None:
    """… Training, Interrupted, Starting, Downloading, Training …; what lay between is not billed."""
    name = jobs.start(PROGRAM, name="spot", **SPOT)
    eventually(lambda: "training" in lines(jobs, name), 60)
    assert "spot is interrupted" in jobs.server.salvia("interrupt", name).stdout
    ended = jobs.ended(name, timeout=90)
    assert ended["TrainingJobStatus"] == "Completed"
    seen = statuses(ended)
    assert seen[seen.index("Interrupted") + 1] == "Starting"
    assert seen.count("Training") == 2
    printed = lines(jobs, name)
    assert [printed.count(line) for line in ("training", "told to end", "saved", "trained")] == [2, 1, 1, 1]
    assert ended["BillableTimeInSeconds"] < ended["TrainingTimeInSeconds"]
    assert "is not interrupted: its status is Completed" in jobs.server.salvia("interrupt", name, check=False).stderr


def test_a_job_is_interrupted_before_its_first_instance(jobs: Jobs) -> None:
    """It starts later, and only what then ran is billed."""
    stopped = jobs.server.pids("controller")
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        name = jobs.start("(base / 'model' / 'weights').write_text('w')", name="early-spot", **SPOT)
        jobs.server.client("salvia").interrupt_training_job(TrainingJobName=name)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    ended = jobs.ended(name)
    assert ended["TrainingJobStatus"] == "Completed", ended.get("FailureReason")
    seen = statuses(ended)
    assert (seen.count("Interrupted"), seen.count("Training")) == (1, 1)


def test_whoever_may_not_interrupt_a_job_does_not(jobs: Jobs) -> None:
    """`salvia:InterruptTrainingJob` is an action like any other: allowed by a policy, or not at all."""
    iam = jobs.server.client("iam")
    name = jobs.start(PROGRAM, name="guarded-spot", **SPOT)
    iam.create_user(UserName="meddler")
    key = iam.create_access_key(UserName="meddler")["AccessKey"]
    keys = (key["AccessKeyId"], key["SecretAccessKey"], None)
    policy: dict[str, Any] = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}],
    }
    iam.put_user_policy(UserName="meddler", PolicyName="p", PolicyDocument=json.dumps(policy))
    own = jobs.server.client("salvia", keys)
    with pytest.raises(ClientError, match="not authorized to perform: salvia:InterruptTrainingJob"):
        own.interrupt_training_job(TrainingJobName=name)
    policy["Statement"][0] |= {
        "Action": "salvia:InterruptTrainingJob",
        "Resource": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}",
    }
    iam.put_user_policy(UserName="meddler", PolicyName="p", PolicyDocument=json.dumps(policy))
    assert own.interrupt_training_job(TrainingJobName=name)["TrainingJobArn"].endswith(name)
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    assert jobs.ended(name)["TrainingJobStatus"] == "Stopped"


def test_a_killed_agent_is_one_more_attempt(jobs: Jobs) -> None:
    """RetryStrategy: a lost instance is an InternalServerError, and started again."""
    name = jobs.start(PROGRAM, name="retried", RetryStrategy={"MaximumRetryAttempts": 1})
    eventually(lambda: "training" in lines(jobs, name), 60)
    for pid in jobs.server.pids("agent"):
        os.kill(pid, signal.SIGKILL)
    ended = jobs.ended(name, timeout=90)
    assert ended["TrainingJobStatus"] == "Completed", ended.get("FailureReason")
    assert statuses(ended).count("Restarting") == 1
    assert ended["RetryStrategy"] == {"MaximumRetryAttempts": 1}
    assert lines(jobs, name).count("trained") == 1


def test_a_heterogeneous_cluster_knows_its_groups(jobs: Jobs) -> None:
    """InstanceGroups: resourceconfig.json of the guide; a channel goes to the groups that it names, shared by them."""
    for number in range(4):
        jobs.s3.put_object(Bucket=jobs.bucket, Key=f"data/{number}", Body=b"x")
    code = """
import json, os
config = json.loads((base / 'input/config/resourceconfig.json').read_text())
data = {c: sorted(os.listdir(base / 'input/data' / c)) for c in sorted(os.listdir(base / 'input/data'))}
keys = ('current_host', 'current_instance_type', 'current_group_name', 'hosts', 'instance_groups')
print(json.dumps([*(config[key] for key in keys), data]), flush=True)
"""

    def channel(name: str, *groups: str) -> dict[str, Any]:
        source = {
            "S3DataType": "S3Prefix",
            "S3Uri": f"s3://{jobs.bucket}/data/",
            "S3DataDistributionType": "ShardedByS3Key",
        }
        if groups:
            source["InstanceGroupNames"] = list(groups)  # type: ignore[assignment]
        return {"ChannelName": name, "DataSource": {"S3DataSource": source}}

    groups = [
        {"InstanceGroupName": "cpu", "InstanceType": "ml.m5.large", "InstanceCount": 2},
        {"InstanceGroupName": "big", "InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
    ]
    name = jobs.start(
        code,
        name="groups",
        ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 1},
        InputDataConfig=[channel("both"), channel("cpu-only", "cpu")],
    )
    ended = jobs.ended(name)
    assert ended["TrainingJobStatus"] == "Completed", ended.get("FailureReason")
    assert ended["ResourceConfig"] == {"InstanceGroups": groups, "VolumeSizeInGB": 1}
    found = {said[0]: said for said in map(json.loads, lines(jobs, name))}
    described = [
        {"instance_group_name": "cpu", "instance_type": "ml.m5.large", "hosts": ["algo-1", "algo-2"]},
        {"instance_group_name": "big", "instance_type": "ml.m5.xlarge", "hosts": ["algo-3"]},
    ]
    hosts = ["algo-1", "algo-2", "algo-3"]
    assert found == {
        "algo-1": ["algo-1", "ml.m5.large", "cpu", hosts, described, {"both": ["0", "3"], "cpu-only": ["0", "2"]}],
        "algo-2": ["algo-2", "ml.m5.large", "cpu", hosts, described, {"both": ["1"], "cpu-only": ["1", "3"]}],
        "algo-3": ["algo-3", "ml.m5.xlarge", "big", hosts, described, {"both": ["2"]}],
    }


@pytest.mark.parametrize(
    ("resources", "sentence"),
    [
        ({"InstanceType": "ml.m5.large"}, "mutually exclusive"),
        ({"InstanceGroups": "twice"}, "must be unique"),
    ],
)
def test_groups_are_checked(jobs: Jobs, resources: dict[str, Any], sentence: str) -> None:
    """The guide: InstanceType and InstanceCount, or InstanceGroups; names are unique."""
    group = {"InstanceGroupName": "a", "InstanceType": "ml.m5.large", "InstanceCount": 1}
    config = {**resources, "InstanceGroups": [group] * (2 if "InstanceGroups" in resources else 1)}
    with pytest.raises(ClientError, match=sentence):
        jobs.start("pass", ResourceConfig={**config, "VolumeSizeInGB": 1})


# Ten steps; each is written down before the next, so that a start goes on where the last one ended.
RESUMING = """
import pathlib, signal, sys, time
step = base / 'checkpoints' / 'step'
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
done = int(step.read_text()) if step.exists() else 0
print('from', done, flush=True)
for n in range(done, 10):
    time.sleep(0.5)
    step.write_text(str(n + 1))
    print('step', n, flush=True)
"""


def test_an_interrupted_job_resumes_from_its_checkpoint(jobs: Jobs) -> None:
    """The guide, "Use checkpoints in Amazon SageMaker": saved when it is interrupted, restored when it starts again."""
    checkpoints = {"CheckpointConfig": {"S3Uri": f"s3://{jobs.bucket}/checkpoints/resuming"}}
    name = jobs.start(RESUMING, name="resuming", **SPOT, **checkpoints)
    eventually(lambda: "step 3" in lines(jobs, name), 60)
    jobs.server.salvia("interrupt", name)
    ended = jobs.ended(name, timeout=90)
    assert ended["TrainingJobStatus"] == "Completed", ended.get("FailureReason")
    printed = lines(jobs, name)
    begun = [int(line.split()[1]) for line in printed if line.startswith("from")]
    assert begun[0] == 0
    assert begun[1] >= 4, "what was done is not done again"
    assert sorted(line for line in printed if line.startswith("step")) == [f"step {n}" for n in range(10)]
