"""A container that names a model package: what it is made of, looked up when the model is created.

Sources: API_ContainerDefinition, ModelPackageName and InferenceSpecificationName; the guide, "Deploy a Model from the
Registry".
"""

from __future__ import annotations

from typing import Any

from salvia.control import crud
from salvia.control.call import Call
from salvia.core.errors import validation_error

Request = dict[str, Any]
_TAKEN = ("Image", "ModelDataUrl", "ModelDataSource", "AdditionalModelDataSources")


def resolved(call: Call, containers: list[Request]) -> list[Request]:
    """The containers themselves, those of a package in the place of the one that names it.

    Raises ValidationException for a package that is not there, not approved, or has nothing to serve with.
    """
    found: list[Request] = []
    for container in containers:
        if not container.get("ModelPackageName"):
            if container.get("InferenceSpecificationName"):
                raise validation_error("InferenceSpecificationName needs a ModelPackageName.")
            found.append(container)
            continue
        if container.get("Image") or container.get("ModelDataUrl") or container.get("ModelDataSource"):
            raise validation_error("A container has either a ModelPackageName or an Image and model data, not both.")
        found += _of_package(call, container)
    return found


def _of_package(call: Call, container: Request) -> list[Request]:
    packages = call.world.dispatch.resources["sagemaker:ModelPackage"]
    package = crud.look_up(call, packages, container["ModelPackageName"], call.db.read())
    if package.state != "Completed":
        raise validation_error(f"ModelPackage {package.arn} has the ModelPackageStatus {package.state}, not Completed.")
    approval = package.spec.get("ModelApprovalStatus", "Approved")
    if approval != "Approved":
        raise validation_error(
            f"ModelPackage {package.arn} has the ModelApprovalStatus {approval}. Approve it first: UpdateModelPackage."
        )
    name, specification = container.get("InferenceSpecificationName"), package.spec.get("InferenceSpecification")
    if name:
        several = package.spec.get("AdditionalInferenceSpecifications") or []
        specification = next((one for one in several if one["Name"] == name), None)
    if not specification:
        missing = f"no additional inference specification '{name}'" if name else "no InferenceSpecification"
        raise validation_error(f"ModelPackage {package.arn} has {missing}.")
    parts = specification["Containers"]
    alone = len(parts) == 1
    return [
        {
            **{member: part[member] for member in _TAKEN if part.get(member)},
            "Environment": {**(part.get("Environment") or {}), **(container.get("Environment") or {})},
            **({"ContainerHostname": hostname} if (hostname := _hostname(part, container, alone)) else {}),
        }
        for part in parts
    ]


def _hostname(part: Request, container: Request, alone: bool) -> str | None:
    found = part.get("ContainerHostname") or (container.get("ContainerHostname") if alone else None)
    return str(found) if found else None
