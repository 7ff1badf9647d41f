"""The images that are no framework's: plain Python, and SageMaker's distribution of libraries.

Sources: AWS's guide, "Run your local code as a SageMaker training job", "SageMaker Distribution Images"; the SageMaker
Python SDK, `image_uris.get_base_python_image_uri` and `image_uris.retrieve("sagemaker-distribution")`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.conftest import ROLE, Jobs, Server
from tests.contract.test_script_mode import start
from tests.e2e.test_sdk import ROOT, run

PYTHON = "081325390199.dkr.ecr.us-east-1.amazonaws.com/sagemaker-base-python-310:1.0"
INDEX = "from pip._internal.models.index import PyPI; print(PyPI.netloc, PyPI.file_storage_domain, sep=',')"
DISTRIBUTION = "885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod"


def image(uri: str) -> dict[str, str]:
    return {"TrainingImage": uri, "TrainingInputMode": "File"}


@pytest.fixture(scope="module")
def salvia(make_server: Callable[..., Server]) -> Server:
    """A server whose jobs reach pip's index even where that has a private address: docs/clients.md."""
    server = make_server()
    server.salvia("images", "build", "base-python")
    index = subprocess.check_output([server.python("base-python"), "-c", INDEX], text=True).strip()
    server.down()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, ",".join(filter(None, [os.environ.get(name), index])))
        server.up()
    return server


@pytest.fixture(scope="module")
def jobs(salvia: Server) -> Jobs:
    return Jobs(salvia)


@pytest.mark.timeout(420)
def test_a_remote_function_runs_in_plain_python(salvia: Server) -> None:
    """@remote: what it returns comes back, and what it raises is raised."""
    found, _ = run(salvia, 2, "v2_remote.py")
    assert found["values"] == [2, 4, 6]
    assert found["raised"] == "a factor of one's own"
    job = salvia.client("sagemaker").describe_training_job(TrainingJobName=found["job"])
    assert job["AlgorithmSpecification"]["TrainingImage"] == PYTHON


@pytest.mark.timeout(420)
def test_functions_are_steps(salvia: Server) -> None:
    """The SDK's documentation, "@step decorator", and RemoteExecutor: what one returns is the next one's argument, or
    is compared."""
    found, printed = run(salvia, 2, "v2_step.py")
    assert found["steps"] == dict.fromkeys(("Numbers", "Total", "Decide"), "Succeeded"), printed
    assert found["powers"] == [8, 16] and found["total"] == 6
    assert found["much"] == {"Numbers": "Succeeded", "Total": "Succeeded", "Decide": "Succeeded", "TooMuch": "Failed"}


@pytest.mark.timeout(420)
def test_functions_of_version_3(salvia: Server, tmp_path: Path) -> None:
    """The same of the SDK's version 3: the requirements bring the SDK into an image of the caller's Python."""
    requirements, lock = tmp_path / "requirements.txt", ROOT / "requirements" / "sdk3.lock"
    requirements.write_text("".join(re.findall(r"^sagemaker-core==\S+", lock.read_text(), re.MULTILINE)))
    found, printed = run(salvia, 3, "v3_remote.py", str(requirements))
    assert found["steps"] == dict.fromkeys(("Numbers", "Total", "Decide"), "Succeeded"), printed
    assert found["values"] == [2, 4, 6] and found["total"] == 6
    assert found["power"] == 8 and "zero" in found["raised"]


@pytest.mark.timeout(420)
def test_plain_python_runs_a_script(jobs: Jobs) -> None:
    """As AWS's training toolkit starts it; and a program that is the job's own entrypoint."""
    script = "import boto3, os, sys; print('python', sys.version_info[0], os.environ['SM_HOSTS'])"
    name = start(jobs, script, AlgorithmSpecification=image(PYTHON))
    assert jobs.ended(name, 400)["TrainingJobStatus"] == "Completed", jobs.lines(name)
    assert 'python 3 ["algo-1"]' in jobs.lines(name)
    own = {
        "ContainerEntrypoint": ["python3", "-c"],
        "ContainerArguments": ["import sagemaker; print('own entrypoint')"],
    }
    name = jobs.start("", AlgorithmSpecification={**image(PYTHON), **own}, HyperParameters={})
    assert jobs.ended(name)["TrainingJobStatus"] == "Completed", jobs.lines(name)
    assert "own entrypoint" in jobs.lines(name)


LIBRARIES = """
import boto3, joblib, matplotlib, numpy, pandas, psutil, pyarrow, requests, scipy, seaborn, sklearn, statsmodels
import torch, tqdm, xgboost, yaml
import os
from sklearn.linear_model import LinearRegression

def model_fn(model_dir):
    return joblib.load(f"{model_dir}/model.joblib")

if __name__ == "__main__":
    matplotlib.use("Agg")
    rows = numpy.arange(20.0).reshape(-1, 1)
    model = LinearRegression().fit(torch.tensor(rows).numpy(), 3 * rows[:, 0] + 1)
    figure = seaborn.regplot(x=rows[:, 0], y=3 * rows[:, 0]).figure
    figure.savefig(os.environ["SM_OUTPUT_DATA_DIR"] + "/fit.png")
    boosted = xgboost.XGBRegressor(n_estimators=2).fit(rows, rows[:, 0])
    joblib.dump(model, os.environ["SM_MODEL_DIR"] + "/model.joblib")
    print("trained", pandas.DataFrame(rows).shape, boosted.n_features_in_, torch.cuda.is_available())
"""


@pytest.mark.timeout(420)
def test_the_distribution_trains_and_serves(jobs: Jobs) -> None:
    """With the libraries that docs/frameworks.md names; serving is the script's `model_fn`, the rest the image's."""
    name = start(jobs, LIBRARIES, AlgorithmSpecification=image(f"{DISTRIBUTION}:3.2.0-cpu"))
    ended = jobs.ended(name, 400)
    assert ended["TrainingJobStatus"] == "Completed", jobs.lines(name)
    assert "trained (20, 1) 1 False" in jobs.lines(name)
    jobs.sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": f"{DISTRIBUTION}:3.2.0-cpu",
            "ModelDataUrl": ended["ModelArtifacts"]["S3ModelArtifacts"],
            "Environment": {
                "SAGEMAKER_PROGRAM": "train.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{jobs.bucket}/source/sourcedir.tar.gz",
            },
        },
    )
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    jobs.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    jobs.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    try:
        jobs.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1})
        runtime = jobs.server.client("sagemaker-runtime")
        answer = runtime.invoke_endpoint(EndpointName=name, ContentType="application/json", Body="[[10.0]]")
        assert json.loads(answer["Body"].read()) == [pytest.approx(31)]
    finally:
        jobs.sagemaker.delete_endpoint(EndpointName=name)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        (f"{DISTRIBUTION}:3.2.0-gpu", r"built for an accelerator \(gpu\).*3.2.0-cpu"),
        (PYTHON.replace("-310", "-38"), "is retired.*sagemaker-base-python-310"),
    ],
)
def test_what_nobody_has_is_refused_by_name(jobs: Jobs, uri: str, says: str) -> None:
    """Those for GPUs, and Pythons that are no more."""
    try:
        reason = jobs.ended(jobs.start("", AlgorithmSpecification=image(uri)))["FailureReason"]
    except ClientError as error:
        reason = str(error)
    assert re.search(says, reason), reason
