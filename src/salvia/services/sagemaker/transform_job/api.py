"""The operations on transform jobs: what the model cannot check."""

from __future__ import annotations

from typing import Any

from salvia.control import components, containers, crud, quotas
from salvia.control.call import Call, operation
from salvia.core.errors import validation_error
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import TRANSFORM_JOB, checks, limits


@operation("CreateTransformJob")
async def create_transform_job(call: Call) -> dict[str, Any]:
    """Accept a transform job; `lifecycle` does the work. Source: API_CreateTransformJob.

    Raises ValidationException for a model that does not exist, a request that contradicts itself or asks for what
    Salvia cannot do yet; ResourceInUse when the name is taken; ResourceLimitExceeded when a quota is used up.
    """
    request = call.request
    checks.check(request)
    job = crud.new(call, TRANSFORM_JOB, request, state="InProgress", due=True)

    def take(tx: Transaction, job: Document) -> None:
        model = crud.look_up(call, call.world.dispatch.resources["sagemaker:Model"], request["ModelName"], tx)
        job.status["_Model"] = containers.of(model)
        if job.status["_Model"]["invocation"] != "Serial":
            raise validation_error(
                f"The containers of the model {model.name} are of the Mode MultiModel, or invoked directly "
                "(InferenceExecutionConfig.Mode). A transform job needs one container of one model, or a serial "
                "inference pipeline of such."
            )
        job.status["_Claims"] = quotas.take(tx, job.account, job.region, limits.claims(request))
        components.join(call, tx, job)

    await crud.create(call, TRANSFORM_JOB, job, take)
    return {"TransformJobArn": job.arn}


@operation("StopTransformJob")
async def stop_transform_job(call: Call) -> dict[str, Any]:
    """Ask a job to stop; what it has not finished is not stored. Source: API_StopTransformJob.

    Raises ValidationException when it has ended already.
    """

    def stop(job: Document) -> None:
        if job.state in TRANSFORM_JOB.terminal:
            raise validation_error(f"The request was rejected because the transform job is in status {job.state}.")
        if job.state != "Stopping":
            job.state = "Stopping"
            job.status["_StopRequestedAt"] = call.clock.now()

    await crud.change(call, TRANSFORM_JOB, call.request["TransformJobName"], stop, wake=True)
    return {}
