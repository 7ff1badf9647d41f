"""What the API's model cannot check of a model package.

Sources: API_CreateModelPackage, API_ModelPackageContainerDefinition.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from salvia.control.call import Call
from salvia.core.errors import validation_error

Request = dict[str, Any]
_LATER = ("ProductId", "AdditionalS3DataSource", "IsCheckpoint", "BaseModel")


def check(call: Call, request: Request) -> None:
    """Raise ValidationException for a package that could never be used, or not here yet."""
    alone = "ModelPackageName" in request
    if alone and not request.get("InferenceSpecification"):
        raise validation_error("A model package without a group needs an InferenceSpecification.")
    if alone and request.get("ModelApprovalStatus"):
        raise validation_error("ModelApprovalStatus is for versions of a model package group.")
    if request.get("ValidationSpecification") and not request.get("InferenceSpecification"):
        raise validation_error("ValidationSpecification needs an InferenceSpecification, whose containers it runs.")
    specifications(call, request)


def specifications(call: Call, request: Request) -> None:
    """Each InferenceSpecification of a request: its images are known, its data are named."""
    several = request.get("AdditionalInferenceSpecifications") or []
    names = [one["Name"] for one in several]
    if len(set(names)) < len(names):
        raise validation_error("AdditionalInferenceSpecifications: each Name must be unique.")
    every = {"InferenceSpecification": request.get("InferenceSpecification"), **dict(zip(names, several, strict=True))}
    for where, one in every.items():
        for number, container in enumerate(one["Containers"] if one else (), 1):
            for problem in _problems(call, container):
                raise validation_error(f"{where}, container {number}: {problem}")


def _problems(call: Call, container: Request) -> Iterator[str]:
    for member in _LATER:
        if container.get(member):
            yield f"Salvia cannot do this yet: {member}. Leave it out of the request."
    if not container.get("Image"):
        yield "it needs an Image."
    else:
        call.world.catalogue.find(container["Image"])
    if container.get("ModelDataUrl") and container.get("ModelDataSource"):
        yield "it has a ModelDataUrl and a ModelDataSource. Only one of them can be specified."
    url = container.get("ModelDataUrl")
    if url and (urlsplit(url).scheme != "s3" or not urlsplit(url).path.strip("/")):
        yield f"'{url}' names no object of S3. Write s3://bucket/key."
