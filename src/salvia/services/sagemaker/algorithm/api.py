"""The operations on algorithms: what the model cannot check."""

from __future__ import annotations

from typing import Any

from salvia.control import crud
from salvia.control.authorize import pass_role
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store.documents import Document

from . import ALGORITHM, checks, profile


@operation("CreateAlgorithm")
async def create_algorithm(call: Call) -> dict[str, Any]:
    """Keep an algorithm; one with a validation profile is Completed once the profile's jobs have. API_CreateAlgorithm.

    Raises ValidationException for an image that nobody has, specifications that contradict themselves or each other,
    a role that cannot be passed, and for what Salvia cannot do.
    """
    request = call.request
    checks.check(request, call.world.catalogue)
    validation = request.get("ValidationSpecification")
    if validation:
        pass_role(call, validation["ValidationRole"], to="sagemaker.amazonaws.com")
    statuses = [{"Name": profile.of(request)["ProfileName"], "Status": "NotStarted"}] if validation else []
    algorithm = crud.new(
        call,
        ALGORITHM,
        request,
        state="Pending" if validation else "Completed",
        status={"AlgorithmStatusDetails": {"ValidationStatuses": statuses}},
        due=bool(validation),
    )
    await crud.create(call, ALGORITHM, algorithm)
    return {"AlgorithmArn": algorithm.arn}


@operation("DeleteAlgorithm")
async def delete_algorithm(call: Call) -> dict[str, Any]:
    """Forget an algorithm; the jobs that used it stay. One that is being validated goes when its jobs have stopped.

    Raises ConflictException when it is being deleted already. Source: API_DeleteAlgorithm.
    """
    name = call.request["AlgorithmName"]
    if crud.find(call, ALGORITHM, name).state in ALGORITHM.terminal:
        await crud.remove(call, ALGORITHM, name)
        return {}

    def begin(algorithm: Document) -> None:
        if algorithm.state == "Deleting":
            raise ServiceError("ConflictException", f"The algorithm {algorithm.arn} is being deleted already.")
        algorithm.state = "Deleting"

    await crud.change(call, ALGORITHM, name, begin, wake=True)
    return {}
