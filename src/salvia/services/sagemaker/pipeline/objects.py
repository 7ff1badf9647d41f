"""Objects of S3, as whoever asks for them may read them."""

from __future__ import annotations

from urllib.parse import urlsplit

from salvia.control import errand
from salvia.control.world import World
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError, validation_error

_SERVICE = "sagemaker.amazonaws.com"


async def read(
    world: World, caller: Caller, region: str, bucket: str, key: str, version: str | None = None, *, most: int
) -> bytes:
    """All of an object. Raises ValidationException, which says why it cannot be read."""
    request = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
    where = f"s3://{bucket}/{key}"
    try:
        answer = await errand.run(world, caller, _SERVICE, region, "s3", "GetObject", request)
    except ServiceError as error:
        if error.status >= 500:
            raise
        raise validation_error(f"Cannot read {where} as {caller.arn}: {error.code}: {error.message}") from None
    body = answer["Body"]
    if isinstance(body, bytes):
        return body
    chunks, size = [], 0
    async for chunk in body:
        size += len(chunk)
        if size > most:
            raise validation_error(f"{where} is larger than {most} bytes.")
        chunks.append(chunk)
    return b"".join(chunks)


def located(uri: str) -> tuple[str, str]:
    """Bucket and key of a URI. Raises ValueError."""
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
        raise ValueError(f"'{uri}' names no object of S3")
    return parts.netloc, parts.path.removeprefix("/")
