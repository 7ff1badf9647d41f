"""The operations on algorithms: what the model cannot check."""

from __future__ import annotations

from typing import Any

from salvia.control import crud
from salvia.control.call import Call, operation

from . import ALGORITHM, checks
from .lifecycle import VALIDATION


@operation("CreateAlgorithm")
async def create_algorithm(call: Call) -> dict[str, Any]:
    """Keep an algorithm; one with a validation profile is Completed once the profile's jobs have. API_CreateAlgorithm.

    Raises ValidationException for an image that nobody has, specifications that contradict themselves or each other,
    a role that cannot be passed, and for what Salvia cannot do.
    """
    request = call.request
    checks.check(request, call.world.catalogue)
    VALIDATION.check(call)
    algorithm = crud.new(call, ALGORITHM, request)
    VALIDATION.begin(call, algorithm)
    await crud.create(call, ALGORITHM, algorithm)
    return {"AlgorithmArn": algorithm.arn}


@operation("DeleteAlgorithm")
async def delete_algorithm(call: Call) -> dict[str, Any]:
    """Forget an algorithm; the jobs that used it stay. One that is being validated goes when its jobs have stopped.

    Raises ConflictException when it is being deleted already. Source: API_DeleteAlgorithm.
    """
    await VALIDATION.remove(call, call.request["AlgorithmName"])
    return {}
