"""What the API's model cannot check of a CreateProcessingJob, and what it leaves to defaults.

Sources: API_CreateProcessingJob, API_ProcessingInput, API_ProcessingS3Input, API_ProcessingS3Output; the guide, "Build
Your Own Processing Container".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from salvia.core.errors import validation_error

Request = dict[str, Any]
_ROOT = "/opt/ml/processing/"
_DAY = 86_400  # seconds: the most that MaxRuntimeInSeconds is, where a request says nothing
_INPUT = {"S3InputMode": "File", "S3DataDistributionType": "FullyReplicated", "S3CompressionType": "None"}


def check(request: Request) -> None:
    """Raise ValidationException that says what is wrong, or cannot be done yet."""
    unsupported = list(_unsupported(request))
    if unsupported:
        raise validation_error(f"Salvia cannot do this yet: {'; '.join(unsupported)}. Leave it out of the request.")
    for problem in _problems(request):
        raise validation_error(problem)


def with_defaults(request: Request) -> Request:
    """The request as Describe shows it, and processingjobconfig.json."""
    inputs = [
        {"AppManaged": False, **one, "S3Input": {**_INPUT, **one["S3Input"]}}
        for one in request.get("ProcessingInputs") or ()
    ]
    found = {"StoppingCondition": {"MaxRuntimeInSeconds": _DAY}, **request}
    if inputs:
        found["ProcessingInputs"] = inputs
    if request.get("ProcessingOutputConfig"):
        outputs = [{"AppManaged": False, **one} for one in _outputs(request)]
        found["ProcessingOutputConfig"] = {**request["ProcessingOutputConfig"], "Outputs": outputs}
    return found


def _outputs(request: Request) -> list[Request]:
    return (request.get("ProcessingOutputConfig") or {}).get("Outputs") or []


def _unsupported(request: Request) -> Iterator[str]:
    for one in request.get("ProcessingInputs") or ():
        if one.get("DatasetDefinition"):
            yield f"input '{one['InputName']}': DatasetDefinition, which needs Athena or Redshift"
    for one in _outputs(request):
        if one.get("FeatureStoreOutput"):
            yield f"output '{one['OutputName']}': FeatureStoreOutput"
    if (request.get("ProcessingOutputConfig") or {}).get("KmsKeyId"):
        yield "ProcessingOutputConfig.KmsKeyId"
    cluster = request["ProcessingResources"]["ClusterConfig"]
    for member in ("VolumeKmsKeyId", "InstancePreferences"):
        if cluster.get(member):
            yield f"ClusterConfig.{member}"
    network = request.get("NetworkConfig") or {}
    for member in ("VpcConfig", "EnableInterContainerTrafficEncryption"):
        if network.get(member):
            yield f"NetworkConfig.{member}"


def _problems(request: Request) -> Iterator[str]:
    cluster = request["ProcessingResources"]["ClusterConfig"]
    if not cluster.get("InstanceType") or not cluster.get("InstanceCount"):
        yield "ProcessingResources.ClusterConfig needs an InstanceType and an InstanceCount."
    inputs, outputs = request.get("ProcessingInputs") or [], _outputs(request)
    for what, key, every in (("input", "InputName", inputs), ("output", "OutputName", outputs)):
        names = [one[key] for one in every]
        for name in dict.fromkeys(names):
            if names.count(name) > 1:
                yield f"Duplicate {what} name '{name}'. The names of {what}s must be unique."
    taken: dict[str, str] = {}
    for one in inputs:
        label, told = f"Input '{one['InputName']}'", one.get("S3Input")
        if not told:
            yield f"{label} needs an S3Input."
            continue
        yield from _place(label, one, told, taken)
        if told.get("S3CompressionType") == "Gzip" and told.get("S3InputMode") != "Pipe":
            yield f"{label}: S3CompressionType Gzip can only be used when Pipe mode is specified as the S3InputMode."
        if told["S3DataType"] == "ManifestFile" and not urlsplit(told["S3Uri"]).path.strip("/"):
            yield f"{label}: S3DataType ManifestFile needs the S3Uri of an object, the manifest."
    for one in outputs:
        label, told = f"Output '{one['OutputName']}'", one.get("S3Output")
        if not told:
            yield f"{label} needs an S3Output."
            continue
        yield from _place(label, one, told, taken)


def _place(label: str, one: Request, told: Request, taken: dict[str, str]) -> Iterator[str]:
    """What is wrong with where it is in S3, and in the container; `taken` are the folders that others have."""
    parts = urlsplit(told["S3Uri"])
    if not one.get("AppManaged") and (parts.scheme != "s3" or not parts.netloc):
        yield f"{label}: S3Uri '{told['S3Uri']}' is not an S3 URI. It reads s3://bucket/prefix."
    path = told.get("LocalPath")
    if path is None:
        if not one.get("AppManaged"):
            yield f"{label} needs a LocalPath below {_ROOT}."
        return
    names = [name for name in path.split("/") if name]
    if not path.startswith(_ROOT) or len(names) < 4 or {".", ".."} & set(names) or "\0" in path:
        yield f"{label}: LocalPath '{path}' must begin with {_ROOT}, and name a folder below it."
    other = taken.setdefault("/".join(names), label)
    if other != label:
        yield f"{label} has the LocalPath of {other[0].lower()}{other[1:]}, {path}. Give it one of its own."
