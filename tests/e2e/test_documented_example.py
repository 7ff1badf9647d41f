"""The example of AWS's documentation, as typed: two instances train one model."""

from __future__ import annotations

import json
import runpy
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server, eventually

from salvia.core.archives import unpack

ROOT = Path(__file__).resolve().parents[2]
NAME = "my-ml-training-job"


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("example")


@pytest.fixture(scope="module")
def ended(salvia: Server, work: Path) -> dict[str, Any]:
    """The description of the documented job, once it has ended."""
    demo = runpy.run_path(str(ROOT / "tools" / "demo.py"))
    demo["split"](work)
    salvia.aws("aws s3 mb s3://my-bucket")
    salvia.aws(f"aws s3 cp --recursive --quiet {work}/train s3://my-bucket/train/")
    answer = json.loads(salvia.aws(demo["EXAMPLE"]).stdout)
    assert answer["TrainingJobArn"] == f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{NAME}"
    sagemaker = salvia.client("sagemaker")
    return eventually(
        lambda: (d := sagemaker.describe_training_job(TrainingJobName=NAME))["TrainingJobStatus"] != "InProgress" and d,
        110,
    )


def test_it_completes(ended: dict[str, Any]) -> None:
    """Status, timed transitions, billable seconds, model: API_DescribeTrainingJob."""
    assert ended["TrainingJobStatus"] == "Completed", ended.get("FailureReason")
    assert ended["SecondaryStatus"] == "Completed"
    statuses = [transition["Status"] for transition in ended["SecondaryStatusTransitions"]]
    assert statuses == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all(t["StartTime"] <= t["EndTime"] for t in ended["SecondaryStatusTransitions"])
    assert ended["BillableTimeInSeconds"] >= 1
    assert ended["TrainingStartTime"] <= ended["TrainingEndTime"]
    assert ended["ModelArtifacts"]["S3ModelArtifacts"] == f"s3://my-bucket/output/{NAME}/output/model.tar.gz"
    assert ended["StoppingCondition"]["MaxRuntimeInSeconds"] == 86400
    assert ended["OutputDataConfig"]["KmsKeyId"] == ""
    source = ended["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    assert source["AttributeNames"] == ["label"]


def test_both_instances_write_a_log_stream(salvia: Server, ended: dict[str, Any]) -> None:
    """Streams are JOB/algo-N-TIME in /aws/sagemaker/TrainingJobs."""
    streams = salvia.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{NAME}/"
    )["logStreams"]
    assert [stream["logStreamName"].rpartition("-")[0] for stream in streams] == [
        f"{NAME}/algo-1",
        f"{NAME}/algo-2",
    ]
    printed = salvia.salvia("logs", NAME).stdout
    assert "train-rmse" in printed


def test_its_metric_is_in_the_description_and_in_cloudwatch(salvia: Server, ended: dict[str, Any]) -> None:
    """FinalMetricDataList, and the namespace that SDK v2's TrainingJobAnalytics reads."""
    final = {metric["MetricName"]: metric["Value"] for metric in ended["FinalMetricDataList"]}
    assert final["train:rmse"] > 0
    found = salvia.client("cloudwatch").list_metrics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="train:rmse",
        Dimensions=[{"Name": "TrainingJobName", "Value": NAME}],
    )["Metrics"]
    assert found


def test_the_model_is_as_good_as_direct_xgboost_s(salvia: Server, ended: dict[str, Any], work: Path) -> None:
    """Promised: its score equal to direct XGBoost's with the same parameters within noise."""
    salvia.client("s3").download_file("my-bucket", f"output/{NAME}/output/model.tar.gz", str(work / "model.tar.gz"))
    with tarfile.open(work / "model.tar.gz") as archive:
        unpack(archive, str(work / "model"), archive)
    python = salvia.python("xgboost")
    scores = json.loads(
        subprocess.check_output([str(python), str(ROOT / "tools" / "score.py"), str(work), "--json"], text=True)
    )
    assert scores["salvia"] < 0.95 * scores["baseline"]
    assert abs(scores["salvia"] - scores["direct"]) < 0.1 * scores["direct"]


def test_a_second_job_of_that_name_is_refused(salvia: Server, ended: dict[str, Any]) -> None:
    """API_CreateTrainingJob: ResourceInUse."""
    demo = runpy.run_path(str(ROOT / "tools" / "demo.py"))
    again = salvia.aws(demo["EXAMPLE"], check=False)
    assert again.returncode != 0
    assert "ResourceInUse" in again.stderr
