"""PyTorch scripts, on one instance and two, as SageMaker's SDKs and its toolkit start them.

Expectations: the SDK's documentation, "Use PyTorch with the SageMaker Python SDK", "Distributed PyTorch Training",
"ModelTrainer"; README of AWS's SageMaker Training Toolkit.
"""

from __future__ import annotations

import re
import statistics
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROLE, Jobs, Server
from tests.contract.test_script_mode import start
from tests.contract.test_training_input import channel, put
from tests.e2e.test_sdk import DATA, run

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6.0-cpu-py312"
SCRIPT = (Path(__file__).parents[1] / "e2e" / "sdk" / "pytorch_source" / "train.py").read_text()
DYING = """
import os, signal, time
import torch, torch.distributed as dist

dist.init_process_group("gloo")
for step in range(1_000_000):
    if step == 20 and os.environ["SM_CURRENT_HOST"] == "algo-2":
        print("dying at", time.time(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    dist.all_reduce(torch.ones(8))
"""
SCRIPTED = """
import os, torch

class Double(torch.nn.Module):
    def forward(self, rows: torch.Tensor):
        return rows.sum(1) * 2

torch.jit.script(Double()).save(os.environ["SM_MODEL_DIR"] + "/model.pth")
print(os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"].isdecimal())
"""
pytestmark = pytest.mark.timeout(600)  # the first of them builds the image


def job(jobs: Jobs, script: str, distribution: str, count: int = 2, **hyperparameters: Any) -> str:
    """A job as SDK v2's PyTorch estimator creates it; returns its name."""
    uri = put(jobs, **{"diabetes/diabetes.csv": DATA.read_bytes()})
    return start(
        jobs,
        script,
        {f"sagemaker_{distribution}_enabled": True, "sagemaker_instance_type": "ml.m5.large", **hyperparameters},
        instances=count,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        InputDataConfig=[channel("train", f"{uri}/diabetes/")],
    )


def test_version_2_trains_by_torchrun_and_serves(salvia: Server) -> None:
    """PyTorch(distribution={"torch_distributed": …}).fit(), deploy(), predict(): one model on two instances."""
    found, printed = run(salvia, 2, "v2_pytorch.py", str(DATA))
    assert found["image"].endswith("/pytorch-training:2.6.0-cpu-py312")
    assert "pytorch 2.13.0 runs here; the image's tag 2.6.0-cpu-py312 asks for 2.6.0." in printed
    said = dict(re.findall(r"rank (\d) of 2 on algo-\d: weights (-?[0-9.]+)", printed))
    assert said.keys() == {"0", "1"}
    assert said["0"] == said["1"]  # though each began with weights of its own
    correlated = statistics.correlation(found["labels"], found["predictions"])
    assert correlated > 0.6  # one process gets 0.666 with as many epochs, a line 0.72


def test_version_3_trains_by_torchrun(jobs: Jobs) -> None:
    """ModelTrainer(distributed=Torchrun()): its driver calls `torchrun` on each instance."""
    found, _ = run(jobs.server, 3, "v3_pytorch.py", str(DATA))
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    printed = "\n".join(jobs.lines(found["TrainingJobName"]))
    assert "pytorch 2.13.0 runs here; the image's tag 2.10-cpu-py313 asks for 2.10." in printed
    said = re.findall(r"rank \d of 2 on algo-\d: weights (-?[0-9.]+)", printed)
    assert len(said) == 2
    assert len(set(said)) == 1


def test_jobs_side_by_side_meet_apart(jobs: Jobs) -> None:
    """Each at its own algo-1, though all at port 7777; one by AWS's own backend, smddp, imported as its guide says."""
    names = [
        job(jobs, SCRIPT, "distributed_dataparallel", epochs=5, backend="smddp"),
        job(jobs, SCRIPT, "torch_distributed", epochs=5),
    ]
    for name in names:
        assert jobs.ended(name, 300)["TrainingJobStatus"] == "Completed", jobs.describe(name)
        assert len([line for line in jobs.lines(name) if re.match(r"rank \d of 2 on algo-\d", line)]) == 2


def test_a_worker_that_dies_in_a_collective_fails_the_job(jobs: Jobs) -> None:
    """Nobody waits for it: the job fails within a minute, and its reason names the host."""
    name = job(jobs, DYING, "torch_distributed")
    described = jobs.ended(name, 300)
    assert described["TrainingJobStatus"] == "Failed"
    assert "algo-2" in described["FailureReason"], described["FailureReason"]
    died = next(float(line.split()[-1]) for line in jobs.lines(name) if line.startswith("dying at"))
    assert described["TrainingEndTime"].timestamp() - died < 60


def test_a_distribution_that_the_image_does_not_have_is_refused(jobs: Jobs) -> None:
    """By its name, with those that there are."""
    reason = jobs.ended(job(jobs, SCRIPT, "mpi", count=1), 300)["FailureReason"]
    assert reason.startswith("ClientError: This image has no distribution mpi; it has torch_distributed, smddp")


def test_a_torchscript_module_serves_without_a_script(jobs: Jobs) -> None:
    """Trained without a distribution, too; a tensor of what comes, and the result as it is accepted."""
    name = job(jobs, SCRIPTED, "no_distribution", count=1)
    trained = jobs.ended(name, 300)
    assert trained["TrainingJobStatus"] == "Completed", trained
    assert "algo-1 True" in jobs.lines(name)
    url = trained["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": IMAGE.replace("training", "inference"), "ModelDataUrl": url}
    jobs.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    jobs.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    jobs.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    jobs.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
    runtime = jobs.server.client("sagemaker-runtime")
    for kind, body, accept, answer in (
        ("application/json", "[[1, 2], [3, 4.5]]", "application/json", b"[6.0, 15.0]"),
        ("text/csv", "1,2\n3,4.5\n", "text/csv", b"6.0\n15.0\n"),
    ):
        said = runtime.invoke_endpoint(EndpointName=name, ContentType=kind, Accept=accept, Body=body)
        assert said["Body"].read().split() == answer.split()
    jobs.sagemaker.delete_endpoint(EndpointName=name)
