"""CreateModel: what the API's model cannot check of containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from salvia.control import crud
from salvia.control.authorize import pass_role
from salvia.control.call import Call, operation
from salvia.core.errors import validation_error

from . import MODEL, packages

Request = dict[str, Any]


@operation("CreateModel")
async def create_model(call: Call) -> dict[str, Any]:
    """Keep a model's containers. Source: API_CreateModel, API_ContainerDefinition, API_S3ModelDataSource.

    Raises ValidationException for containers that contradict themselves, when the role cannot be passed or does not
    trust SageMaker, and for what Salvia cannot do yet.
    """
    request = call.request
    named = _containers(request)
    containers = packages.resolved(call, named)
    found = [what for container in containers for what in _unsupported(container)]
    if request.get("VpcConfig"):
        found.append("VpcConfig")
    if found:
        raise validation_error(f"Salvia cannot do this yet: {'; '.join(found)}. Leave it out of the request.")
    for number, container in enumerate(containers, 1):
        _check(container, f"container {container.get('ContainerHostname') or number}")
    _check_together(request, containers)
    role = request.get("ExecutionRoleArn")
    if not role:
        raise validation_error("ExecutionRoleArn is required: SageMaker reads the model's data in its name.")
    pass_role(call, role, to="sagemaker.amazonaws.com")
    spec = {"EnableNetworkIsolation": False, **request}
    if request.get("PrimaryContainer"):
        spec["PrimaryContainer"] = _with_defaults(request["PrimaryContainer"])
    else:
        spec["Containers"] = [_with_defaults(container) for container in named]
        spec["InferenceExecutionConfig"] = {"Mode": "Serial", **(request.get("InferenceExecutionConfig") or {})}
    status = {} if containers == named else {"_Containers": [_with_defaults(container) for container in containers]}
    model = await crud.create(call, MODEL, crud.new(call, MODEL, spec, status=status))
    return {"ModelArn": model.arn}


def _containers(request: Request) -> list[Request]:
    one, several = request.get("PrimaryContainer"), request.get("Containers")
    if (one is None) == (not several):
        raise validation_error("Exactly one of PrimaryContainer and Containers must be specified.")
    return [one] if one is not None else list(several or ())


def _unsupported(container: Request) -> Iterator[str]:
    if container.get("ContainerMetricsConfig"):
        yield "ContainerMetricsConfig"
    config = container.get("ImageConfig") or {}
    if config.get("RepositoryAccessMode") == "Vpc":
        yield "ImageConfig.RepositoryAccessMode Vpc"
    if config.get("RepositoryAuthConfig"):
        yield "ImageConfig.RepositoryAuthConfig"
    for which, source in _sources(container):
        for member in ("ModelAccessConfig", "HubAccessConfig", "ManifestS3Uri", "ManifestEtag", "ETag"):
            if source.get(member):
                yield f"{which}.S3DataSource.{member}"


def _sources(container: Request) -> Iterator[tuple[str, Request]]:
    """Each S3ModelDataSource, and the member that it is of."""
    if (container.get("ModelDataSource") or {}).get("S3DataSource"):
        yield "ModelDataSource", container["ModelDataSource"]["S3DataSource"]
    for one in container.get("AdditionalModelDataSources") or ():
        yield "AdditionalModelDataSources", one["S3DataSource"]


def _check(container: Request, where: str) -> None:
    if not container.get("Image"):
        raise validation_error(f"The {where} needs an Image.")
    if container.get("ModelDataUrl") and container.get("ModelDataSource"):
        raise validation_error(
            f"The {where} has a ModelDataUrl and a ModelDataSource. Only one of them can be specified."
        )
    if container.get("Mode") == "MultiModel":
        _check_many(container, where)
    elif container.get("MultiModelConfig"):
        raise validation_error(f"The {where} has a MultiModelConfig, which needs the Mode MultiModel.")
    elif container.get("ModelDataUrl"):
        _check_uri(f"{where}: ModelDataUrl", container["ModelDataUrl"])
    channels = [one["ChannelName"] for one in container.get("AdditionalModelDataSources") or ()]
    if len(set(channels)) < len(channels) or {".", ".."} & set(channels):
        raise validation_error(f"The {where}: each ChannelName is unique, and the name of a folder.")
    for _, source in _sources(container):
        _check_uri(f"{where}: S3Uri", source["S3Uri"])
        if source["S3DataType"] == "S3Prefix" and not source["S3Uri"].endswith("/"):
            raise validation_error(f"The {where}: an S3Uri of S3DataType S3Prefix always ends with a forward slash.")
        if source["S3DataType"] == "S3Prefix" and source["CompressionType"] == "Gzip":
            raise validation_error(f"The {where}: CompressionType Gzip needs the S3DataType S3Object.")


def _check_many(container: Request, where: str) -> None:
    """API_ContainerDefinition: no ModelDataSource; the guide, "Create a Multi-Model Endpoint": the URL is a prefix."""
    if container.get("ModelDataSource"):
        raise validation_error(f"The {where}: a ModelDataSource cannot be used with the Mode MultiModel.")
    url = container.get("ModelDataUrl") or ""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or url.endswith(".tar.gz"):
        raise validation_error(
            f"The {where}: '{url}' is no prefix of S3. With the Mode MultiModel, ModelDataUrl is what the keys of all "
            "models begin with, such as s3://bucket/models/."
        )


def _check_uri(where: str, text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
        raise validation_error(f"The {where}: '{text}' names no object of S3. Write s3://bucket/key.")


def _check_together(request: Request, containers: list[Request]) -> None:
    names = [container["ContainerHostname"] for container in containers if container.get("ContainerHostname")]
    if len(set(names)) < len(names):
        raise validation_error("Each ContainerHostname of a model must be unique.")
    many = sum(container.get("Mode") == "MultiModel" for container in containers)
    if many > 1:
        raise validation_error("Only one container of an inference pipeline can have the Mode MultiModel.")
    direct = (request.get("InferenceExecutionConfig") or {}).get("Mode") == "Direct"
    if direct and len(names) < len(containers):
        raise validation_error("ContainerHostname is required for each container of a model of Mode Direct.")
    if direct and len(containers) < 2:
        raise validation_error("InferenceExecutionConfig with Mode Direct needs more than one container.")
    if direct and many:
        raise validation_error("A container of the Mode MultiModel cannot be invoked directly: use the Mode Serial.")


def _with_defaults(container: Request) -> Request:
    return {"Mode": "SingleModel", "Environment": {}, **container}
