"""The operations on processing jobs: what the model cannot check."""

from __future__ import annotations

from typing import Any

from salvia.control import components, crud, instances, quotas
from salvia.control.authorize import pass_role
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import PROCESSING_JOB, checks, limits


@operation("CreateProcessingJob")
async def create_processing_job(call: Call) -> dict[str, Any]:
    """Accept a processing job; `lifecycle` does the work. Source: API_CreateProcessingJob.

    Raises ValidationException for a role that may not be passed, a request that contradicts itself or asks for what
    Salvia cannot do yet; ResourceInUse when the name is taken; ResourceLimitExceeded when a quota is used up.
    """
    checks.check(call.request)
    pass_role(call, call.request["RoleArn"], to="sagemaker.amazonaws.com")
    spec = checks.with_defaults(call.request)
    job = crud.new(call, PROCESSING_JOB, spec, state="InProgress", due=True)

    def take(tx: Transaction, job: Document) -> None:
        job.status["_Claims"] = quotas.take(tx, job.account, job.region, limits.claims(spec))
        components.join(call, tx, job)

    await crud.create(call, PROCESSING_JOB, job, take)
    return {"ProcessingJobArn": job.arn}


@operation("StopProcessingJob")
async def stop_processing_job(call: Call) -> dict[str, Any]:
    """Ask a job to stop; what is not uploaded continuously is not stored. Source: API_StopProcessingJob.

    Raises ValidationException when it has ended already.
    """

    def stop(job: Document) -> None:
        if job.state in PROCESSING_JOB.terminal:
            raise validation_error(f"The request was rejected because the processing job is in status {job.state}.")
        if job.state != "Stopping":
            job.state = "Stopping"
            job.status["_StopRequestedAt"] = call.clock.now()

    await crud.change(call, PROCESSING_JOB, call.request["ProcessingJobName"], stop, wake=True)
    return {}


@operation("DeleteProcessingJob")
async def delete_processing_job(call: Call) -> dict[str, Any]:
    """Forget a job that has ended; its outputs and its log stay. Source: API_DeleteProcessingJob."""

    def ended(job: Document) -> None:
        if job.state not in PROCESSING_JOB.terminal:
            raise ServiceError(
                "ResourceInUse",
                f"The processing job {job.name} is in status {job.state}; only one that is Completed, Failed or "
                "Stopped can be deleted. Stop it first.",
            )

    await crud.remove(
        call,
        PROCESSING_JOB,
        call.request["ProcessingJobName"],
        ended,
        lambda tx, job: instances.forget(tx, job.id),
    )
    return {}
