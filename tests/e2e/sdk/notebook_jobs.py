"""What a user of the SDK does with notebook job steps, unmodified: `python notebook_jobs.py VERSION`.

Prints one line of JSON.
"""

import io
import json
import sys
import tarfile
import tempfile
from pathlib import Path

if sys.argv[1] == "2":
    from sagemaker.workflow.notebook_job_step import NotebookJobStep
    from sagemaker.workflow.parameters import ParameterString
    from sagemaker.workflow.pipeline import Pipeline
    from sagemaker.workflow.pipeline_context import PipelineSession
else:
    from sagemaker.core.workflow.parameters import ParameterString
    from sagemaker.core.workflow.pipeline_context import PipelineSession
    from sagemaker.mlops.workflow.notebook_job_step import NotebookJobStep
    from sagemaker.mlops.workflow.pipeline import Pipeline

ROLE = "arn:aws:iam::123456789012:role/SageMakerExecutionRole"
IMAGE = "885854791233.dkr.ecr.us-east-1.amazonaws.com/sagemaker-distribution-prod:3.2.0-cpu"
work = Path(tempfile.mkdtemp())
session = PipelineSession()


def notebook(path, *cells, parameters=""):
    tagged = [(source, {}) for source in cells]
    if parameters:
        tagged.insert(0, (parameters, {"tags": ["parameters"]}))
    code = {"cell_type": "code", "execution_count": None, "outputs": []}
    file = work / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        json.dumps(
            {
                "cells": [
                    {**code, "id": f"cell-{number}", "metadata": metadata, "source": source}
                    for number, (source, metadata) in enumerate(tagged)
                ],
                "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
                "nbformat": 4,
                "nbformat_minor": 5,
            }
        )
    )
    return str(file)


def step(name, path, **more):
    return NotebookJobStep(name=name, input_notebook=path, image_uri=IMAGE, kernel_name="python3", role=ROLE, **more)


def start(pipeline, **parameters):
    pipeline.upsert(role_arn=ROLE)
    return pipeline.start(parameters=parameters)


def end(execution):
    try:
        execution.wait(delay=1, max_attempts=300)
    except Exception as error:
        print(error)
    found = {}
    for one in execution.list_steps():
        job = session.sagemaker_client.describe_training_job(
            TrainingJobName=one["Metadata"]["TrainingJob"]["Arn"].split("/")[1]
        )
        bucket, _, prefix = job["OutputDataConfig"]["S3OutputPath"].removeprefix("s3://").partition("/")
        key = f"{prefix}/{job['TrainingJobName']}/output/output.tar.gz"
        body = session.boto_session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            files = {
                file.name.removeprefix("./"): archive.extractfile(file).read() for file in archive if file.isfile()
            }
        output = json.loads(files[job["Environment"]["SM_OUTPUT_NOTEBOOK_NAME"]])
        tags = session.sagemaker_client.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]
        found[one["StepName"]] = {
            "status": one["StepStatus"],
            "reason": job.get("FailureReason"),
            "job": job["TrainingJobName"],
            "where": key,
            "files": sorted(files),
            "html": next((text.decode() for name, text in files.items() if name.endswith(".html")), ""),
            "tags": {tag["Key"]: tag["Value"] for tag in tags},
            "printed": [
                "".join(part["text"]) for cell in output["cells"] for part in cell.get("outputs", ()) if "text" in part
            ],
        }
    return found


notebook("parts/sub.ipynb", "import os\nprint('part', os.environ['FROM_SCRIPT'], company)")
(work / "prepare.sh").write_text("export FROM_SCRIPT=prepared\necho preparing\n")
company = ParameterString("Company", default_value="nobody")
first = step(
    "First",
    notebook(
        "first.ipynb",
        "import os\nprint('whole', company, number, os.environ['GIVEN'])",
        "%run parts/sub.ipynb",
        parameters="company, number = 'unknown', 0",
    ),
    notebook_job_name="first-job",
    parameters={"company": company, "number": "7"},
    environment_variables={"GIVEN": company, "SM_OUTPUT_FORMATS": "html"},
    initialization_script=str(work / "prepare.sh"),
    additional_dependencies=[str(work / "parts")],
    tags={"team": "notebooks"} if sys.argv[1] == "2" else [{"Key": "team", "Value": "notebooks"}],
)
second = step(
    "Second",
    notebook("second.ipynb", "print(job, status, output)"),
    parameters={
        "job": first.properties.ComputingJobName,
        "status": first.properties.ComputingJobStatus,
        "output": first.properties.OutputNotebookName,
    },
)
second.add_depends_on([first])
good = Pipeline(f"notebooks{sys.argv[1]}", parameters=[company], steps=[first, second], sagemaker_session=session)
bad = Pipeline(
    f"broken{sys.argv[1]}",
    steps=[step("Broken", notebook("broken.ipynb", "print('before')", "values = []\nvalues[3]", "print('after')"))],
    sagemaker_session=session,
)
running = {"good": start(good, Company="salvia"), "bad": start(bad)}
found = {name: end(execution) for name, execution in running.items()}
print()
print(json.dumps(found))
