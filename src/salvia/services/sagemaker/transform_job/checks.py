"""What the API's model cannot check of a CreateTransformJob.

Sources: API_CreateTransformJob, API_TransformInput, API_DataProcessing; the guide, "Associate prediction results with
input records".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from salvia.core.errors import validation_error
from salvia.core.jsonpath import JsonPath

Request = dict[str, Any]
_MOST_MB = 100
_CSV, _JSON = "text/csv", frozenset({"application/json", "application/jsonlines"})
_KNOWN = ", ".join((_CSV, *sorted(_JSON)))


def check(request: Request) -> None:
    """Raise ValidationException that says what is wrong, or cannot be done yet."""
    unsupported = list(_unsupported(request))
    if unsupported:
        raise validation_error(f"Salvia cannot do this yet: {'; '.join(unsupported)}. Leave it out of the request.")
    for problem in _problems(request):
        raise validation_error(problem)


def _unsupported(request: Request) -> Iterator[str]:
    if request.get("MaxPayloadInMB") == 0:
        yield "MaxPayloadInMB 0, for payloads without an end"
    if request["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        yield "S3DataType " + request["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"]
    for member in ("VolumeKmsKeyId", "TransformAmiVersion"):
        if request["TransformResources"].get(member):
            yield f"TransformResources.{member}"
    for member in ("TransformOutput", "DataCaptureConfig"):
        if (request.get(member) or {}).get("KmsKeyId"):
            yield f"{member}.KmsKeyId"


def _problems(request: Request) -> Iterator[str]:
    source, output = request["TransformInput"]["DataSource"]["S3DataSource"], request["TransformOutput"]
    for where, text in (("S3Uri", source["S3Uri"]), ("S3OutputPath", output["S3OutputPath"])):
        parts = urlsplit(text)
        if parts.scheme not in ("s3", "https") or not parts.netloc:
            yield f"{where}: '{text}' is not an S3 URI. It reads s3://bucket/prefix."
    if source["S3DataType"] == "ManifestFile" and not urlsplit(source["S3Uri"]).path.strip("/"):
        yield "S3DataType ManifestFile needs the S3Uri of an object, the manifest."
    megabytes, concurrent = request.get("MaxPayloadInMB") or 0, request.get("MaxConcurrentTransforms") or 0
    if megabytes > _MOST_MB or megabytes * concurrent > _MOST_MB:
        yield (
            f"MaxPayloadInMB ({megabytes}), and MaxConcurrentTransforms * MaxPayloadInMB "
            f"({concurrent} * {megabytes}), cannot exceed {_MOST_MB} MB."
        )
    split = request["TransformInput"].get("SplitType") or "None"
    if request.get("BatchStrategy") and split == "None":
        yield "BatchStrategy needs a SplitType of Line, RecordIO or TFRecord."
    yield from _processing(request, split)
    after = _kind(output.get("Accept"))
    if (request.get("DataCaptureConfig") or {}).get("GenerateInferenceId") and after not in {_CSV, *_JSON}:
        yield f"GenerateInferenceId: Accept must be one of {_KNOWN}; it is {after or 'not given'}."


def _processing(request: Request, split: str) -> Iterator[str]:
    processing = request.get("DataProcessing") or {}
    joined = processing.get("JoinSource") == "Input"
    before = _kind(request["TransformInput"].get("ContentType"))
    after = _kind(request["TransformOutput"].get("Accept"))
    filters = {
        member: text for member in ("InputFilter", "OutputFilter") if (text := processing.get(member, "$")) != "$"
    }
    for member, which, kind in (("InputFilter", "ContentType", before), ("OutputFilter", "Accept", after)):
        if (joined or member in filters) and kind not in {_CSV, *_JSON}:
            yield f"DataProcessing: {which} must be one of {_KNOWN}; it is {kind or 'not given'}."
        if member in filters:
            yield from _path(member, filters[member], kind)
    if joined and (before == _CSV) != (after == _CSV):
        yield f"JoinSource Input needs the same format of ContentType and Accept; they are {before} and {after}."
    if (joined or filters) and split in ("RecordIO", "TFRecord"):
        yield f"DataProcessing is for {_CSV} and JSON, and not for SplitType {split}."
    alone = before == "application/json" and (joined or "InputFilter" in filters)
    if alone and request.get("BatchStrategy") == "MultiRecord":
        yield "Documents of application/json are sent one by one. Leave BatchStrategy out, or use JSON Lines."


def _path(member: str, text: str, kind: str) -> Iterator[str]:
    try:
        path = JsonPath(text)
    except ValueError as error:
        yield f'Invalid {member}: "{text}": {error}.'
        return
    if kind == _CSV and not path.positional:
        yield f'Invalid {member}: "{text}": a row of {_CSV} is an array; it has indexes, and no attributes.'


def _kind(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()
