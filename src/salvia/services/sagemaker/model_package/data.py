"""Whether the data that a package names are there, as whoever registers it sees them.

Source: the guide, "Register a Model Version": the package refers to the artifacts in S3, it does not copy them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salvia.control import errand
from salvia.control.call import Call
from salvia.core.errors import ServiceError, validation_error

_SERVICE = "sagemaker.amazonaws.com"


async def check(call: Call, request: dict[str, Any]) -> None:
    """Raise ValidationException for data that are not there, or that the caller may not read."""
    specifications = [request.get("InferenceSpecification"), *(request.get("AdditionalInferenceSpecifications") or ())]
    containers = [container for one in specifications if one for container in one["Containers"]]
    for uri, prefix in dict.fromkeys(found for container in containers for found in _named(container)):
        try:
            there = await _there(call, uri, prefix=prefix)
        except ServiceError as error:
            if error.status >= 500:
                raise
            if error.status != 404:
                raise validation_error(
                    f"Could not access model data at {uri}: {error.code}: {error.message} Whoever registers a model "
                    "package needs s3:GetObject (s3:ListBucket for a prefix) for its data."
                ) from None
            there = False
        if not there:
            raise validation_error(f"Could not find model data at {uri}.")


async def _there(call: Call, uri: str, *, prefix: bool) -> bool:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    request = {"Bucket": bucket, "Prefix": key, "MaxKeys": 1} if prefix else {"Bucket": bucket, "Key": key}
    operation = "ListObjectsV2" if prefix else "HeadObject"
    answer = await errand.run(call.world, call.caller, _SERVICE, call.region, "s3", operation, request)
    return not prefix or bool(answer.get("Contents"))


def _named(container: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    if container.get("ModelDataUrl"):
        yield container["ModelDataUrl"], False
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    if source:
        yield source["S3Uri"], source["S3DataType"] == "S3Prefix"
