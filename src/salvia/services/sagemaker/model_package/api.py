"""The operations on model packages: what the model cannot check.

Sources: API_CreateModelPackage, API_ListModelPackages, API_UpdateModelPackage, API_BatchDescribeModelPackage; the
guide, "Model Registry".
"""

from __future__ import annotations

from typing import Any

from salvia.control import algorithms, crud, records
from salvia.control.call import Call, operation
from salvia.control.listing import Within
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import MODEL_PACKAGE, MODEL_PACKAGE_GROUP, checks, data
from .lifecycle import VALIDATION

_LAST = "_LastVersion"  # of a group's status
_TYPES = {"Unversioned": "owner = ''", "Versioned": "owner <> ''", "Both": "1 = 1"}
_BRIEF = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
)


@operation("CreateModelPackage")
async def create_model_package(call: Call) -> dict[str, Any]:
    """Register a model: a version of a group, or a package of its own. The same ClientToken registers it once.

    Raises ValidationException for a group that does not exist, a specification that cannot be used, data that are not
    there, and what Salvia cannot do yet; ConflictException when the name is taken.
    """
    request = _with_algorithm(call)
    name, group = request.get("ModelPackageName"), request.get("ModelPackageGroupName")
    if (name is None) == (group is None):
        raise validation_error("Exactly one of ModelPackageName and ModelPackageGroupName must be specified.")
    checks.check(call, request)
    VALIDATION.check(call)
    await data.check(call, request)
    if name is not None:
        package = _draft(call, request)
        return {"ModelPackageArn": (await call.db.write(lambda tx: _alone(tx, package))).arn}

    def version(tx: Transaction) -> Document:
        owner = crud.look_up(call, MODEL_PACKAGE_GROUP, str(group), tx)
        token = request.get("ClientToken")
        for other in documents.owned(tx, owner.id, MODEL_PACKAGE.kind) if token else ():
            if other.status.get("_ClientToken") == token:
                return other
        number = owner.status[_LAST] = owner.status.get(_LAST, 0) + 1
        documents.update(tx, owner)
        given = {"ModelApprovalStatus": "PendingManualApproval", **request, "ModelPackageGroupName": owner.name}
        package = _draft(call, {**given, "ModelPackageName": f"{owner.name}/{number}"})
        package.name = f"{owner.name}/{number:09}"  # versions sort as text
        package.owner = owner.id
        del package.spec["ModelPackageName"]
        package.status |= {"ModelPackageVersion": number, "_ClientToken": token}
        documents.insert(tx, package)
        return package

    return {"ModelPackageArn": (await call.db.write(version)).arn}


def _with_algorithm(call: Call) -> dict[str, Any]:
    """The request, with the InferenceSpecification that it takes from an algorithm instead of giving one."""
    request = call.request
    if not request.get("SourceAlgorithmSpecification"):
        return request
    if request.get("InferenceSpecification"):
        raise validation_error("Only one of InferenceSpecification and SourceAlgorithmSpecification can be specified.")
    (source,) = request["SourceAlgorithmSpecification"]["SourceAlgorithms"]
    return {**request, "InferenceSpecification": algorithms.packaged(call, source)}


def _draft(call: Call, request: dict[str, Any]) -> Document:
    package = records.draft(call, MODEL_PACKAGE, request)
    package.status[VALIDATION.details] = {"ImageScanStatuses": []}
    VALIDATION.begin(call, package)
    return package


def _alone(tx: Transaction, package: Document) -> Document:
    if documents.by_arn(tx, package.arn) is not None or not documents.insert(tx, package):
        raise ServiceError("ConflictException", f"Model package already exists: {package.arn}")
    return package


@operation("ListModelPackages")
async def list_model_packages(call: Call) -> dict[str, Any]:
    """Packages without a group, unless a group, or a type, is named."""
    request = call.request
    kind = request.get("ModelPackageType") or ("Versioned" if request.get("ModelPackageGroupName") else "Unversioned")
    sql, values = _TYPES[kind], {}
    if request.get("ModelPackageGroupName"):
        sql += " AND owner = :owner"
        values = {"owner": crud.find(call, MODEL_PACKAGE_GROUP, request["ModelPackageGroupName"]).id}
    return await records.answer(call, MODEL_PACKAGE, within=Within(sql, values))


@operation("UpdateModelPackage")
async def update_model_package(call: Call) -> dict[str, Any]:
    """Approve or reject a version, tell its stage, change what is said of it."""
    request = call.request
    added = request.get("AdditionalInferenceSpecificationsToAdd") or []
    left_out = ("ModelPackageArn", "AdditionalInferenceSpecificationsToAdd", "ClientToken")
    changes = {member: value for member, value in request.items() if member not in left_out}
    changed = {**changes, "AdditionalInferenceSpecifications": added}
    checks.specifications(call, changed)
    await data.check(call, changed)

    def edit(package: Document) -> None:
        if "ModelApprovalStatus" in changes and not package.owner:
            raise validation_error("ModelApprovalStatus is for versions of a model package group.")
        existing = package.spec.get("AdditionalInferenceSpecifications") or []
        names = {one["Name"] for one in existing} & {one["Name"] for one in added}
        if names:
            raise validation_error(f"AdditionalInferenceSpecifications has {', '.join(sorted(names))} already.")
        records.merge(MODEL_PACKAGE, package.spec, changes)
        if added:
            package.spec["AdditionalInferenceSpecifications"] = [*existing, *added]
        package.status["LastModifiedBy"] = records.user_context(call)

    package = await crud.change(call, MODEL_PACKAGE, request["ModelPackageArn"], edit)
    return {"ModelPackageArn": package.arn}


@operation("DeleteModelPackage")
async def delete_model_package(call: Call) -> dict[str, Any]:
    """Forget a package; one that is being validated goes when its jobs have stopped.

    Raises ConflictException when it is being deleted already.
    """
    await VALIDATION.remove(call, call.request["ModelPackageName"])
    return {}


@operation("BatchDescribeModelPackage")
async def batch_describe_model_package(call: Call) -> dict[str, Any]:
    """Up to a hundred versions at once; what is not there is told apart."""
    found, wrong = {}, {}
    for arn in call.request["ModelPackageArnList"]:
        try:
            description = crud.describe(MODEL_PACKAGE, crud.find(call, MODEL_PACKAGE, arn))
        except ServiceError as error:
            wrong[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
            continue
        found[arn] = {member: description[member] for member in _BRIEF if member in description}
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": wrong}
