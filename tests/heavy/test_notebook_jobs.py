"""Notebook jobs: by SageMaker's own SDKs, unmodified, and as Studio sends them.

Sources: the guide, "SageMaker Notebook Jobs" with "Constraints and considerations"; NotebookJobStep of the SDKs and the
tests that it has at AWS; the distribution image's own variables.
"""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from tests.conftest import Jobs, Server, eventually
from tests.e2e.test_sdk import run
from tests.heavy.test_base_images import DISTRIBUTION

INPUT = "sagemaker_headless_execution"


@pytest.mark.timeout(420)
@pytest.mark.parametrize("version", [2, 3])
def test_steps_of_a_pipeline(salvia: Server, version: int) -> None:
    """Parameters, variables, script, files beside it; what one step was is the next one's parameter; HTML on demand."""
    found, printed = run(salvia, version, "notebook_jobs.py", str(version))
    first, second = found["good"]["First"], found["good"]["Second"]
    assert (first["status"], second["status"]) == ("Succeeded", "Succeeded"), printed
    assert first["printed"] == ["whole salvia 7 salvia\n", "part prepared salvia\n"]
    assert first["job"].startswith("first-job-")
    assert first["files"] == ["first-job.html", "first-job.ipynb", "first.ipynb", "sagemaker_job_execution.log"]
    assert "whole salvia 7 salvia" in first["html"]
    assert first["where"].split("/")[-4:] == ["First", first["job"], "output", "output.tar.gz"]
    assert first["tags"]["team"] == "notebooks" and first["tags"]["sagemaker:notebook-name"] == "first.ipynb"
    assert second["printed"] == [f"{first['job']} Completed first-job.ipynb\n"]
    broken = found["bad"]["Broken"]
    assert broken["status"] == "Failed"
    assert broken["reason"].startswith("AlgorithmError: [SM-111] Error with executing notebook")
    assert 'at "In [2]": IndexError: list index out of range' in broken["reason"] and "values[3]" in broken["reason"]
    assert broken["printed"] == ["before\n"]


class NotebookJobs(Jobs):
    """Training jobs as the scheduler of Studio makes them."""

    def begin(self, *cells: str, scripts: dict[str, str] | None = None, **variables: str) -> str:
        """Start a job that runs a notebook of these cells."""
        code = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
        notebook = {"cells": [{**code, "source": one} for one in cells], "metadata": {}, "nbformat": 4}
        files = {"some.ipynb": json.dumps({**notebook, "nbformat_minor": 4}), **(scripts or {})}
        prefix = f"input/{self.count}/"
        for name, text in files.items():
            self.s3.put_object(Bucket=self.bucket, Key=f"{prefix}{name}", Body=text.encode())
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{prefix}"}
        specification = {
            "TrainingImage": f"{DISTRIBUTION}:3.2.0-cpu",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["amazon_sagemaker_scheduler"],
        }
        environment = {
            "SM_JOB_DEF_VERSION": "1.0",
            "SM_KERNEL_NAME": "python3",
            "SM_SKIP_EFS_SIMULATION": "true",
            "SM_INPUT_NOTEBOOK_NAME": "some.ipynb",
            "SM_OUTPUT_NOTEBOOK_NAME": "some-2026.11.26-10:30.ipynb",
            **variables,
        }
        return self.start(
            "",
            AlgorithmSpecification=specification,
            InputDataConfig=[{"ChannelName": INPUT, "DataSource": {"S3DataSource": source}}],
            Environment=environment,
            HyperParameters={},
        )

    def output(self, name: str) -> dict[str, str]:
        """The files of its output.tar.gz."""
        key = f"output/{name}/output/output.tar.gz"
        body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            return {
                file.name.removeprefix("./"): part.read().decode()
                for file in archive
                if (part := archive.extractfile(file)) is not None
            }


@pytest.fixture(scope="module")
def jobs(salvia: Server) -> NotebookJobs:
    return NotebookJobs(salvia)


@pytest.mark.timeout(420)
def test_what_goes_wrong_is_named(jobs: NotebookJobs) -> None:
    """No such kernel, notebook or version; a script that fails; each names its step, as the scheduler reads it."""
    script = {"bad.sh": "echo here\nfalse\necho not here\n"}
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"SM_KERNEL_NAME": "ir"}, ["[SM-101] Error with executing notebook", "no kernel 'ir'", "python3"]),
        ({"SM_INPUT_NOTEBOOK_NAME": "other.ipynb"}, ["[SM-001] Error with Prepare", "other.ipynb"]),
        ({"SM_JOB_DEF_VERSION": "2.0"}, ["checking sagemaker job definition version", "2.0"]),
        ({"scripts": script, "SM_INIT_SCRIPT": "bad.sh"}, ["[SM-101] Error with running init script", "here"]),
        ({"scripts": script, "SM_LCC_INIT_SCRIPT": "no.sh"}, ["Error with running LCC script", "no.sh"]),
    ]
    started = [(jobs.begin("1", **case), says) for case, says in cases]
    for name, says in started:
        ended = jobs.ended(name, 300)
        assert ended["TrainingJobStatus"] == "Failed"
        assert all(part in ended["FailureReason"] for part in says), ended["FailureReason"]
    assert "not here" not in ended["FailureReason"]


@pytest.mark.timeout(420)
def test_a_stopped_notebook_keeps_what_it_has(jobs: NotebookJobs) -> None:
    """StopTrainingJob: cells that ran are in the output, under the name that AWS's image gives it."""
    name = jobs.begin("print('early')", "import time\ntime.sleep(600)", "print('late')")
    eventually(lambda: "early" in jobs.lines(name), 300, "the first cell's output in the log")
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    assert jobs.ended(name, 120)["TrainingJobStatus"] == "Stopped"
    written = jobs.output(name)["some-2026-11-26-10-30.ipynb"]
    assert "early" in written and '"late\\n"' not in written
