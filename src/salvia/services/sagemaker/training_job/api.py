"""The operations on training jobs: what the model cannot check."""

from __future__ import annotations

from typing import Any

from salvia.control import algorithms, components, crud, instances, quotas
from salvia.control.authorize import pass_role
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import TRAINING_JOB, attempts, billing, checks, inputs, limits, pools, transitions, unsupported


@operation("CreateTrainingJob")
async def create_training_job(call: Call) -> dict[str, Any]:
    """Accept a training job; `lifecycle` does the work.

    Raises ValidationException when the role does not trust sagemaker or may not be passed, when two channels share a
    name, or for what Salvia cannot do yet; ResourceInUse when the name is taken;
    ResourceLimitExceeded when a quota is used up. Source: API_CreateTrainingJob.
    """
    request = call.request
    if "AlgorithmSpecification" not in request or "ResourceConfig" not in request:
        raise validation_error("A training job needs an AlgorithmSpecification and a ResourceConfig.")
    unsupported.refuse(request)
    checks.program(request["AlgorithmSpecification"])
    checks.channels(request)
    inputs.check(request)
    if request.get("CheckpointConfig"):
        checks.uri("CheckpointConfig.S3Uri", request["CheckpointConfig"]["S3Uri"])
    output = request["OutputDataConfig"]["S3OutputPath"]
    checks.uri("OutputDataConfig.S3OutputPath", output)
    checks.resources(request)
    checks.stopping_condition(request)
    pass_role(call, request["RoleArn"], to="sagemaker.amazonaws.com")

    request, kept = _with_algorithm(call)
    name = request["TrainingJobName"]
    model = f"{output.rstrip('/')}/{name}/output/model.tar.gz"
    now = call.clock.now()
    spec = {
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        **request,
        # SDK v2's `attach` reads the key though it is empty.
        "OutputDataConfig": {"KmsKeyId": "", "CompressionType": "GZIP", **request["OutputDataConfig"]},
        "ResourceConfig": checks.with_defaults(request["ResourceConfig"]),
        "StoppingCondition": {"MaxRuntimeInSeconds": checks.DAY, **(request.get("StoppingCondition") or {})},
    }
    status = {**transitions.first(now), **kept, "ModelArtifacts": {"S3ModelArtifacts": model}}
    job = crud.new(call, TRAINING_JOB, spec, state="InProgress", status=status, due=True)

    def count(tx: Transaction, job: Document) -> None:
        job.status["_Claims"] = quotas.take(tx, job.account, job.region, limits.claims(spec))
        components.join(call, tx, job)

    await crud.create(call, TRAINING_JOB, job, count)
    return {"TrainingJobArn": job.arn}


@operation("UpdateTrainingJob")
async def update_training_job(call: Call) -> dict[str, Any]:
    """Keep a warm pool longer or shorter, or end it with 0. Source: API_UpdateTrainingJob; the guide, "Update a warm
    pool": "When the training job is complete and the warm pool status is Available".

    Raises ValidationException for the rest that AWS can change: there is no profiler here, and no remote debugging.
    """
    for member in ("ProfilerConfig", "ProfilerRuleConfigurations", "RemoteDebugConfig"):
        if member in call.request:
            raise validation_error(f"Salvia cannot do this yet: {member}. Leave it out of the request.")
    if "ResourceConfig" not in call.request:
        raise validation_error("There is nothing to update: the request has no ResourceConfig.")

    def update(job: Document) -> None:
        if "_Pool" not in job.status:
            status = (job.status.get("WarmPoolStatus") or {}).get("Status", "none")
            raise validation_error(
                f"KeepAlivePeriodInSeconds can be updated only while the job's warm pool is Available; that of "
                f"{job.name} is {status}."
            )
        pools.retain(job, call.request["ResourceConfig"]["KeepAlivePeriodInSeconds"], call.clock.now())

    job = await crud.change(call, TRAINING_JOB, call.request["TrainingJobName"], update, wake=True)
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


@operation("InterruptTrainingJob", service="salvia")
async def interrupt_training_job(call: Call) -> dict[str, Any]:
    """Take the instances of a managed spot training job away, as AWS does when it needs them; Salvia's own operation.

    Repeating it while the job is interrupted changes nothing. Raises ValidationException for any other job.
    """

    def interrupt(job: Document) -> None:
        if not job.spec.get("EnableManagedSpotTraining"):
            raise validation_error(f"{job.name} is not interrupted: it has no EnableManagedSpotTraining.")
        if job.state != "InProgress":
            raise validation_error(f"{job.name} is not interrupted: its status is {job.state}.")
        if "_InterruptedAt" not in job.status:
            job.status["_InterruptedAt"] = call.clock.now()
            attempts.pause(job, call.clock.now())
            transitions.move(job, "Interrupted", call.clock.now())

    job = await crud.change(call, TRAINING_JOB, call.request["TrainingJobName"], interrupt, billing.meter, wake=True)
    return {"TrainingJobArn": job.arn}


@operation("DeleteTrainingJob")
async def delete_training_job(call: Call) -> dict[str, Any]:
    """Forget a job that has ended; its model and its log stay. Source: API_DeleteTrainingJob."""

    def ended(job: Document) -> None:
        if job.state not in TRAINING_JOB.terminal:
            raise validation_error(
                f"The training job {job.name} is in status {job.state}; only one that is Completed, Failed or Stopped "
                "can be deleted. Stop it first."
            )
        if "_Pool" in job.status or "_Leaving" in job.status:
            raise ServiceError(
                "ResourceInUse",
                f"The training job {job.name} retains a warm pool. End it first: UpdateTrainingJob with "
                "ResourceConfig.KeepAlivePeriodInSeconds 0.",
            )

    def forget(tx: Transaction, job: Document) -> None:
        instances.forget(tx, job.id)

    await crud.remove(call, TRAINING_JOB, call.request["TrainingJobName"], ended, forget)
    return {}


def _with_algorithm(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    """The request with what its algorithm brings, and what the job keeps of that: algorithms are deleted.

    An algorithm of the catalogue brings the definitions of what it measures: SDK v2's `TrainingJobAnalytics` reads
    them. Source: a description of a job of a built-in algorithm, AWS guide, "Monitor and Analyze Training Jobs".
    """
    request, asked = call.request, call.request["AlgorithmSpecification"]
    if asked.get("AlgorithmName"):
        specification = algorithms.chosen(call, asked["AlgorithmName"])["TrainingSpecification"]
        return algorithms.applied(specification, request), {"_Image": specification["TrainingImage"]}
    image = call.world.catalogue.known(asked["TrainingImage"])  # if there is none, it is the lifecycle's to say so
    definitions = [{"Name": metric.name, "Regex": metric.regex} for metric in image.metrics] if image else []
    brought = {"MetricDefinitions": definitions} if definitions else {}
    return {**request, "AlgorithmSpecification": {**brought, **asked}}, {}
