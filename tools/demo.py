"""`make demo`: a new user's first quarter of an hour, in half a minute.

Starts Salvia in `.demo`, uploads scikit-learn's diabetes data (label first, no header) with the AWS CLI, runs the
training example of AWS's documentation character for character, follows its log, and compares the model with the same
XGBoost run directly, on rows that neither has seen. Then deploys the model, asks its endpoint for those rows, and says
what all of it cost.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from datetime import datetime
from pathlib import Path

from salvia.core.archives import unpack
from salvia.images import image
from salvia.images.builder import Builder

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".demo"
DATA = ROOT / "tests" / "data" / "diabetes.csv"
EXAMPLE = """\
aws sagemaker create-training-job \\
  --training-job-name my-ml-training-job \\
  --algorithm-specification TrainingImage=811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest,TrainingInputMode=File \\
  --role-arn arn:aws:iam::123456789012:role/SageMakerExecutionRole \\
  --input-data-config '[{"ChannelName":"train","DataSource":{"S3DataSource":{"S3DataType":"S3Prefix","S3Uri":"s3://my-bucket/train/","AttributeNames":["label"]}},"ContentType":"text/csv"}]' \\
  --output-data-config S3OutputPath=s3://my-bucket/output/ \\
  --resource-config InstanceType=ml.m5.xlarge,InstanceCount=2,VolumeSizeInGB=50
"""  # noqa: E501
DEPLOY = """\
aws sagemaker create-model --model-name my-model \\
  --primary-container Image=811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest,ModelDataUrl={model} \\
  --execution-role-arn arn:aws:iam::123456789012:role/SageMakerExecutionRole
aws sagemaker create-endpoint-config --endpoint-config-name my-config \\
  --production-variants VariantName=AllTraffic,ModelName=my-model,InstanceType=ml.m5.large,InitialInstanceCount=1
aws sagemaker create-endpoint --endpoint-name my-endpoint --endpoint-config-name my-config
"""
INVOKE = """\
aws sagemaker-runtime invoke-endpoint --endpoint-name my-endpoint --content-type text/csv \\
  --body fileb://row.csv prediction.csv
"""


def main() -> int:
    began = time.monotonic()
    environment = {**os.environ, "SALVIA_HOME": str(HOME)}
    clean()
    say("Starting Salvia")
    subprocess.run(["salvia", "up", "--detach", "--port", str(free_port())], env=environment, check=True)
    try:
        subprocess.run(["salvia", "images", "build", "xgboost"], env=environment, check=True)
        model = train(environment)
        serve(environment, model)
        say("What all of it cost, and would have cost on AWS (salvia cost)")
        shell(environment, "salvia cost")
    finally:
        subprocess.run(["salvia", "down"], env=environment, check=True)
    print(f"\nAll in {time.monotonic() - began:.1f} s. To go on by yourself:\n")
    print('    . .venv/bin/activate && salvia up --detach && eval "$(salvia env)"\n')
    return 0


def train(environment: dict[str, str]) -> str:
    """Returns where the model is."""
    work = HOME / "work"
    work.mkdir()
    unseen = split(work)
    say("Uploading 4 files of label-first CSV to s3://my-bucket/train/")
    shell(environment, "aws s3 mb s3://my-bucket")
    shell(environment, f"aws s3 cp --recursive --quiet {work}/train s3://my-bucket/train/")
    say("The example of AWS's documentation, as it stands there")
    print(EXAMPLE)
    submitted = time.monotonic()
    shell(environment, EXAMPLE)
    say("Its log, as it is written (salvia logs -f; `aws logs` shows the same)")
    followed = subprocess.run(["salvia", "logs", "-f", "my-ml-training-job"], env=environment, check=False)
    took = time.monotonic() - submitted
    described = json.loads(
        shell(
            environment,
            "aws sagemaker describe-training-job --training-job-name my-ml-training-job",
            quiet=True,
        )
    )
    say(f"{described['TrainingJobStatus']} after {took:.1f} s")
    for transition in described["SecondaryStatusTransitions"]:
        start, end = when(transition["StartTime"]), when(transition.get("EndTime", transition["StartTime"]))
        print(f"  {transition['Status']:12} {start:%H:%M:%S.%f}  {end - start}  {transition['StatusMessage']}")
    if followed.returncode:
        sys.exit(f"The job failed: {described.get('FailureReason')}")
    for metric in described.get("FinalMetricDataList", []):
        print(f"  metric       {metric['MetricName']} = {metric['Value']:.4f}")
    model = described["ModelArtifacts"]["S3ModelArtifacts"]
    print(f"  billable     {described['BillableTimeInSeconds']} s on each of 2 instances")
    print(f"  model        {model}")
    say(f"Its score on {unseen} rows that it never saw, and that of XGBoost run directly")
    shell(environment, f"aws s3 cp --quiet {model} {work}/model.tar.gz")
    with tarfile.open(work / "model.tar.gz") as archive:
        unpack(archive, str(work / "model"), archive)
    stands = Builder(HOME / "images").built(image.read(ROOT / "containers" / "xgboost"))
    assert stands is not None
    subprocess.run([stands.python, ROOT / "tools" / "score.py", work], check=True)
    return str(model)


def serve(environment: dict[str, str], model: str) -> None:
    """Deploy the model, ask it through the AWS CLI and boto3, and delete the endpoint."""
    work = HOME / "work"
    say("The model, deployed")
    began = time.monotonic()
    shell(environment, DEPLOY.format(model=model))
    shell(environment, "aws sagemaker wait endpoint-in-service --endpoint-name my-endpoint")
    print(f"  InService after {time.monotonic() - began:.1f} s, the AWS CLI's own start four times among them")
    (work / "row.csv").write_text((work / "unseen.csv").read_text().splitlines()[0].partition(",")[2])
    say("One row through the AWS CLI")
    print(INVOKE)
    shell(environment, f"cd {work}\n{INVOKE}cat prediction.csv")
    say("Every unseen row through boto3")
    shell(environment, f"{sys.executable} {ROOT}/tools/invoke.py my-endpoint {work}/unseen.csv")
    shell(environment, "aws sagemaker delete-endpoint --endpoint-name my-endpoint")


def split(work: Path) -> int:
    """Two thirds to train, in 4 files as AWS's guide advises for several instances; returns the unseen rows."""
    rows = [row for row in DATA.read_text().splitlines() if row]
    random.Random(7).shuffle(rows)
    cut = len(rows) * 2 // 3
    (work / "train").mkdir()
    for part in range(4):
        (work / "train" / f"part-{part}.csv").write_text("\n".join(rows[part:cut:4]) + "\n")
    (work / "unseen.csv").write_text("\n".join(rows[cut:]) + "\n")
    return len(rows) - cut


def shell(environment: dict[str, str], command: str, *, quiet: bool = False) -> str:
    """Run a command as a user types it, after `eval "$(salvia env)"`."""
    done = subprocess.run(
        ["bash", "-c", f'eval "$(salvia env)"\n{command}'],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"That ended with code {done.returncode}.")
    if not quiet and done.stdout:
        print(done.stdout, end="")
    return done.stdout


def clean() -> None:
    """Begin anew, but for the environment of the image."""
    if HOME.exists():
        subprocess.run(
            ["salvia", "down"], env={**os.environ, "SALVIA_HOME": str(HOME)}, check=False, capture_output=True
        )
    for entry in HOME.glob("*"):
        if entry.name == "images":
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    HOME.mkdir(exist_ok=True)


def free_port() -> int:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 7258))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def when(text: str | float) -> datetime:
    return datetime.fromisoformat(text) if isinstance(text, str) else datetime.fromtimestamp(text).astimezone()


def say(line: str) -> None:
    print(f"\n── {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
