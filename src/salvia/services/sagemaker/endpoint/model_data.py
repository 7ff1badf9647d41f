"""Whether a model's data is there, as its execution role sees it: asked of S3 as any client would."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlencode

from salvia.control import chain
from salvia.control.world import World
from salvia.core.canonical import escaped, escaped_path
from salvia.core.errors import ServiceError, validation_error
from salvia.core.http import Headers, HttpRequest
from salvia.core.sigv4 import Credentials, sign
from salvia.store.documents import Document

_SECONDS = 900
_NOTHING = hashlib.sha256(b"").hexdigest()


async def find(endpoint: Document, world: World, role: str, source: dict[str, Any] | None) -> None:
    """Raise ServiceError when the data of `source`, an S3ModelDataSource, is not there or must not be read."""
    if source is None:
        return
    uri = source["S3Uri"]
    bucket, _, key = uri.partition("://")[2].partition("/")
    issued = await world.providers.role_credentials(role, "SageMaker", _SECONDS, endpoint.id)
    keys = Credentials(issued.access_key, issued.secret, issued.session_token)
    if source["S3DataType"] == "S3Prefix":
        path, query = f"/{escaped(bucket)}", urlencode({"list-type": "2", "max-keys": "1", "prefix": key})
    else:
        path, query = f"/{escaped(bucket)}/{escaped_path(key)}", ""
    method = "GET" if query else "HEAD"
    headers = {"Host": "s3"}
    signed = sign(method, path, query, headers, keys, endpoint.region, "s3", payload=_NOTHING, now=world.clock.wall())
    request = HttpRequest(method, path, query, Headers({**headers, **signed}.items()), b"")
    response = await chain.handle(request, world)
    said = response.body if isinstance(response.body, bytes) else b""
    if response.status == 404 or (query and response.status == 200 and b"<Key>" not in said):
        raise validation_error(f"Could not find model data at {uri}.")
    if response.status == 403:
        raise validation_error(
            f'Could not access model data at {uri}. Please ensure that the role "{role}" exists and that its trust '
            'relationship policy allows the action "sts:AssumeRole" for the service principal '
            '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the object '
            f"is located in {endpoint.region}."
        )
    if response.status >= 300:
        raise ServiceError(
            "InternalServerError", f"S3 answered {response.status} when it was asked for the model data at {uri}.", 500
        )
