"""XGBoost script mode, through boto3, as SDKs ask for it: the source in S3, the program run as AWS's toolkit does.

Sources: README of AWS's SageMaker Training Toolkit; the guide, "Use XGBoost as a framework".
"""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest
from tests.conftest import Jobs
from tests.contract.test_training_input import channel, put

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
SCRIPT = """
import argparse, os
import pandas as pd, xgboost as xgb

parser = argparse.ArgumentParser()
parser.add_argument("--max_depth", type=int)
parser.add_argument("--objective")
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
arguments = parser.parse_args()
rows = pd.read_csv(arguments.train + "/rows.csv", header=None)
print("rows", len(rows), "depth", arguments.max_depth, arguments.objective, os.environ["SM_CURRENT_HOST"])
model = xgb.train({"max_depth": arguments.max_depth}, xgb.DMatrix(rows[[1]], rows[0]), 2)
model.save_model(os.environ["SM_MODEL_DIR"] + "/xgboost-model.json")
"""


def start(jobs: Jobs, script: str, hyperparameters: dict[str, Any] | None = None, **more: Any) -> str:
    """A job as SDK v2's XGBoost estimator creates it; returns its name once it has ended."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        member = tarfile.TarInfo("train.py")
        member.size = len(script)
        archive.addfile(member, io.BytesIO(script.encode()))
    uri = put(jobs, **{"source/sourcedir.tar.gz": made.getvalue(), "rows/rows.csv": "1,2\n2,4\n3,6\n"})
    given = {
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": f"{uri}/source/sourcedir.tar.gz",
        "sagemaker_container_log_level": 20,
        "sagemaker_region": "us-east-1",
        **(hyperparameters or {}),
    }
    return jobs.start(
        "",
        wait=False,
        **{
            "HyperParameters": {name: json.dumps(value) for name, value in given.items()},
            "AlgorithmSpecification": {"TrainingImage": XGBOOST, "TrainingInputMode": "File"},
            "InputDataConfig": [channel("train", f"{uri}/rows/")],
            **more,
        },
    )


def test_a_script_trains_on_each_instance(jobs: Jobs) -> None:
    """Hyperparameters that the algorithm does not know are the script's; the source comes by the job's role."""
    name = start(jobs, SCRIPT, {"max_depth": 3, "objective": "mine:own"}, instances=2)
    described = jobs.ended(name, 110)
    assert described["TrainingJobStatus"] == "Completed", described
    said = sorted(line for line in jobs.lines(name) if line.startswith("rows"))
    assert said == [f"rows 3 depth 3 mine:own algo-{host}" for host in (1, 2)]
    key = described["ModelArtifacts"]["S3ModelArtifacts"].split("/", 3)[3]
    body = jobs.s3.get_object(Bucket=jobs.bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        assert "xgboost-model.json" in [member.name.removeprefix("./") for member in archive]


def test_a_script_that_fails_is_an_algorithm_error_with_its_exception(jobs: Jobs) -> None:
    """FailureReason as AWS's: AlgorithmError: ExecuteUserScriptError, exit code, message, command."""
    reason = jobs.ended(start(jobs, "raise KeyError('colour')", {"eta": 0.5}), 110)["FailureReason"]
    assert reason.startswith('AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage "Traceback')
    assert "KeyError: 'colour'\"\nCommand \"" in reason
    assert reason.endswith('train.py --eta 0.5", exit code: 1')


def test_a_source_that_is_not_there_fails_naming_it(jobs: Jobs) -> None:
    """ClientError, with what to do."""
    missing = f"s3://{jobs.bucket}/absent.tar.gz"
    reason = jobs.ended(start(jobs, SCRIPT, {"sagemaker_submit_directory": missing}), 110)["FailureReason"]
    assert reason.startswith(f"ClientError: sagemaker_submit_directory: {missing} could not be downloaded")


def test_an_isolated_script_comes_in_a_channel(jobs: Jobs) -> None:
    """SDK v2 with enable_network_isolation: the channel `code` holds sourcedir.tar.gz."""
    if jobs.server.isolation == "none":
        pytest.skip("This machine isolates no program; `salvia doctor` says so.")
    uri = f"s3://{jobs.bucket}"
    name = start(
        jobs,
        SCRIPT,
        {"max_depth": 2, "sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz"},
        EnableNetworkIsolation=True,
        InputDataConfig=[channel("train", f"{uri}/rows/"), channel("code", f"{uri}/source/sourcedir.tar.gz")],
    )
    assert jobs.ended(name, 110)["TrainingJobStatus"] == "Completed", jobs.describe(name)


def test_the_form_of_sdk_v3_runs_in_this_image(jobs: Jobs) -> None:
    """ModelTrainer: entrypoint bash, the driver in `sm_drivers`, any hyperparameters; it needs a python and a pip."""
    if jobs.server.isolation == "none":
        pytest.skip("Without a sandbox there is no /opt/ml; `salvia doctor` says so.")
    driver = """#!/bin/bash
set -e
python=$(command -v python3 || command -v python)
pip=$(command -v pip3 || command -v pip)
[ "$(dirname $pip)" = "$(dirname $python)" ] && echo "pip beside python"
echo "export SM_MODEL_DIR=/opt/ml/model" > /opt/ml/input/sm_training.env
source /opt/ml/input/sm_training.env
cd /opt/ml/input/data/code
$python -c 'import xgboost, json; print("told", json.load(open("/opt/ml/input/config/hyperparameters.json")))'
"""
    uri = put(jobs, **{"drivers/sm_train.sh": driver, "code/train.py": ""})
    path = "/opt/ml/input/data/sm_drivers/sm_train.sh"
    name = jobs.start(
        "",
        HyperParameters={"any": '"thing"'},
        AlgorithmSpecification={
            "TrainingImage": XGBOOST,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["/bin/bash"],
            "ContainerArguments": ["-c", f"chmod +x {path} && {path}"],
        },
        InputDataConfig=[channel("code", f"{uri}/code/"), channel("sm_drivers", f"{uri}/drivers/")],
    )
    assert jobs.ended(name, 110)["TrainingJobStatus"] == "Completed", jobs.describe(name)
    notice, *lines = jobs.lines(name)
    assert notice.endswith(" runs here; the image's tag 1.7-1 asks for 1.7.")
    assert lines == ["pip beside python", "told {'any': '\"thing\"'}"]
