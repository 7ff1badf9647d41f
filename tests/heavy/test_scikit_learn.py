"""scikit-learn scripts by SageMaker's own SDKs, unmodified.

Expectations: the SDK's documentation, "Using Scikit-learn with the SageMaker Python SDK" and "ModelTrainer".
"""

from __future__ import annotations

import re
import statistics
from pathlib import Path

import pytest

from tests.conftest import ROLE, Jobs, Server
from tests.e2e.test_sdk import DATA, ROOT, run

ONE_ROW = """
import json, numpy
print()  # behind the dots of progress
print(json.dumps(predictor.predict(numpy.zeros((1, 10))).tolist()))
predictor.delete_endpoint()
"""


@pytest.mark.timeout(420)
def test_version_2_trains_and_serves(salvia: Server) -> None:
    """SKLearn(…).fit(), deploy(), predict(); the log says which version runs instead of the one that is asked for."""
    found, printed = run(salvia, 2, "v2_sklearn.py", str(DATA))
    assert found["image"].endswith("/sagemaker-scikit-learn:1.2-1-cpu-py3")
    assert "scikit-learn 1.9.1 runs here; the image's tag 1.2-1-cpu-py3 asks for 1.2." in printed
    assert 'algo-1 of ["algo-1"]: R² 0.' in printed
    assert statistics.correlation(found["labels"], found["predictions"]) > 0.9  # rows that the forest was trained on


@pytest.mark.timeout(420)
def test_version_3_trains_on_two_instances(jobs: Jobs) -> None:
    """ModelTrainer with SourceCode: the channels `code` and `sm_drivers`."""
    found, _ = run(jobs.server, 3, "v3_sklearn.py", str(DATA))
    assert found["TrainingJobStatus"] == "Completed", found.get("FailureReason")
    assert found["AlgorithmSpecification"]["TrainingImage"].endswith("/sagemaker-scikit-learn:1.9-0-cpu-py3")
    lines = jobs.lines(found["TrainingJobName"])
    assert all(any(line.startswith(f"algo-{host} of") for line in lines) for host in (1, 2))


@pytest.mark.timeout(420)
def test_the_documented_example_works_as_it_stands(salvia: Server, tmp_path: Path) -> None:
    """docs/frameworks.md, "A script": train.py, and what trains and deploys it."""
    s3 = salvia.client("s3")
    s3.create_bucket(Bucket="my-bucket")
    s3.upload_file(str(DATA), "my-bucket", "train/rows.csv")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/frameworks.md").read_text(), re.DOTALL)
    script, user = (next(one for one in blocks if word in one) for word in ("# train.py", "import SKLearn"))
    (tmp_path / "train.py").write_text(script)
    python = ROOT / ".venv-sdk2" / "bin" / "python"
    code = f"import os; os.chdir({str(tmp_path)!r}); role = {ROLE!r}\n{user}{ONE_ROW}"
    done = salvia.salvia("exec", "--", str(python), "-c", code, timeout=400)
    (predicted,) = map(float, done.stdout.splitlines()[-1].strip("[]").split(","))
    assert 25 <= predicted <= 346  # the least and the greatest label: a forest predicts none beyond
