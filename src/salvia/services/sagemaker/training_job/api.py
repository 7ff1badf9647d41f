"""The operations on training jobs: what the model cannot check."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from salvia.control import crud, instances
from salvia.control.authorize import pass_role
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import TRAINING_JOB, transitions, unsupported

_DAY = 86_400  # the default of MaxRuntimeInSeconds; API_StoppingCondition
_LISTED = ("Completed", "Failed", "Stopped")


@operation("CreateTrainingJob")
async def create_training_job(call: Call) -> dict[str, Any]:
    """Accept a training job; `lifecycle` does the work.

    Raises ValidationException when the role does not trust sagemaker or may not be passed, when two channels share a
    name, or for what Salvia cannot do yet; ResourceInUse when the name is taken. Source: API_CreateTrainingJob.
    """
    request = call.request
    if "AlgorithmSpecification" not in request or "ResourceConfig" not in request:
        raise validation_error("A training job needs an AlgorithmSpecification and a ResourceConfig.")
    unsupported.refuse(request)
    if not request["AlgorithmSpecification"].get("TrainingImage"):
        raise validation_error("AlgorithmSpecification needs a TrainingImage.")
    _check_channels(request)
    output = request["OutputDataConfig"]["S3OutputPath"]
    _check_uri("OutputDataConfig.S3OutputPath", output)
    resources = request["ResourceConfig"]
    if not resources.get("InstanceType") or resources.get("InstanceCount", 1) < 1:
        raise validation_error("ResourceConfig needs an InstanceType and an InstanceCount of at least 1.")
    pass_role(call, request["RoleArn"], to="sagemaker.amazonaws.com")

    name = request["TrainingJobName"]
    model = f"{output.rstrip('/')}/{name}/output/model.tar.gz"
    now = call.clock.now()
    spec = {
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        **request,
        "AlgorithmSpecification": {**_metrics(call), **request["AlgorithmSpecification"]},
        # SDK v2's `attach` reads the key though it is empty.
        "OutputDataConfig": {"KmsKeyId": "", "CompressionType": "GZIP", **request["OutputDataConfig"]},
        "ResourceConfig": {"InstanceCount": 1, **request["ResourceConfig"]},
        "StoppingCondition": {"MaxRuntimeInSeconds": _DAY, **(request.get("StoppingCondition") or {})},
    }
    status = {**transitions.first(now), "ModelArtifacts": {"S3ModelArtifacts": model}}
    job = crud.new(call, TRAINING_JOB, spec, state="InProgress", status=status, due=True)
    await crud.create(call, TRAINING_JOB, job)
    return {"TrainingJobArn": job.arn}


@operation("StopTrainingJob")
async def stop_training_job(call: Call) -> dict[str, Any]:
    """Ask a job to stop: SIGTERM to its program, 120 s, SIGKILL; what it saved is uploaded.

    Raises ValidationException when it has ended already. Source: API_StopTrainingJob.
    """

    def stop(job: Document) -> None:
        if job.state in TRAINING_JOB.terminal:
            raise validation_error(f"The request was rejected because the training job is in status {job.state}.")
        if job.state != "Stopping":
            job.state = "Stopping"
            job.status["_StopRequestedAt"] = call.clock.now()
            transitions.move(job, "Stopping", call.clock.now())

    await crud.change(call, TRAINING_JOB, call.request["TrainingJobName"], stop, wake=True)
    return {}


@operation("DeleteTrainingJob")
async def delete_training_job(call: Call) -> dict[str, Any]:
    """Forget a job that has ended; its model and its log stay. Source: API_DeleteTrainingJob."""

    def ended(job: Document) -> None:
        if job.state not in TRAINING_JOB.terminal:
            raise validation_error(
                f"The training job {job.name} is in status {job.state}; only one that is Completed, Failed or Stopped "
                "can be deleted. Stop it first."
            )

    def forget(tx: Transaction, job: Document) -> None:
        instances.forget(tx, job.id)

    await crud.remove(call, TRAINING_JOB, call.request["TrainingJobName"], ended, forget)
    return {}


def _metrics(call: Call) -> dict[str, Any]:
    """The definitions of what an algorithm of the catalogue measures: SDK v2's `TrainingJobAnalytics` reads them.

    Source: a description of a job of a built-in algorithm, AWS guide, "Monitor and Analyze Training Jobs".
    """
    try:
        image = call.world.catalogue.find(call.request["AlgorithmSpecification"]["TrainingImage"])
    except ServiceError:
        return {}  # it is the lifecycle's to say that nobody has such an image
    definitions = [{"Name": metric.name, "Regex": metric.regex} for metric in image.metrics]
    return {"MetricDefinitions": definitions} if definitions else {}


def _check_channels(request: dict[str, Any]) -> None:
    seen: set[str] = set()
    for channel in request.get("InputDataConfig") or ():
        name = channel["ChannelName"]
        if name in seen:
            raise validation_error(f"Duplicate channel name '{name}' in InputDataConfig. Channel names must be unique.")
        seen.add(name)
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise validation_error(f"Channel '{name}': DataSource needs an S3DataSource.")
        _check_uri(f"Channel '{name}': S3Uri", source["S3Uri"])


def _check_uri(where: str, uri: str) -> None:
    parts = urlsplit(uri)
    if parts.scheme not in ("s3", "https") or not parts.netloc:
        raise validation_error(f"{where}: '{uri}' is not an S3 URI. It reads s3://bucket/prefix.")
