"""Artifacts: one for each source. Source: API_CreateArtifact; IAM writes them `artifact/${HashOfArtifactSource}`."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from salvia.control import crud, records
from salvia.control.call import Call, operation
from salvia.core.errors import validation_error

from . import ARTIFACT


def _names(source: dict[str, Any]) -> dict[str, str]:
    """What names an artifact: the same for the same URI and the same ids of it, in any order."""
    ids = sorted((entry["SourceIdType"], entry["Value"]) for entry in source.get("SourceTypes") or ())
    name = hashlib.sha256(orjson.dumps([source["SourceUri"], ids])).hexdigest()[:32]
    return {"ArtifactArn": name, "ArtifactId": name}


@operation("CreateArtifact")
async def create_artifact(call: Call) -> dict[str, Any]:
    """Keep an artifact. Raises ValidationException when its source has one already."""
    names = _names(call.request["Source"])
    artifact = records.draft(call, ARTIFACT, {**call.request, **names})
    artifact.spec = {member: value for member, value in artifact.spec.items() if member not in names}
    await crud.create(call, ARTIFACT, artifact)
    return {"ArtifactArn": artifact.arn}


@operation("DeleteArtifact")
async def delete_artifact(call: Call) -> dict[str, Any]:
    """Forget an artifact, named by its ARN or by its source."""
    request = call.request
    if ("ArtifactArn" in request) == ("Source" in request):
        raise validation_error("Either ArtifactArn or Source must be specified.")
    arn = request.get("ArtifactArn") or ARTIFACT.arn_of(_names(request["Source"]), call.account, call.region)
    artifact = await records.delete(call, ARTIFACT, arn)
    return {"ArtifactArn": artifact.arn}
