"""InvokeEndpointAsync: a request is accepted durably, and done by `serving.backlog` when there is room.

Source: SageMaker API reference, InvokeEndpointAsync.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from salvia.control.call import Call, operation
from salvia.core import ids
from salvia.serving import balance, errors
from salvia.serving.backlog import Backlog
from salvia.serving.traffic import Traffic
from salvia.store import backlog, routes

_TTL, _TIMEOUT = 21_600, 900  # the reference: "The default is 6 hours", "The default is 15 minutes"
_KEPT = ("EndpointName", "ContentType", "Accept", "CustomAttributes")
_HTTPS = re.compile(r"https://(?:([a-z0-9.-]+)\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?/(.+)")


@operation("InvokeEndpointAsync")
async def invoke_endpoint_async(call: Call) -> dict[str, Any]:
    """Accept a request: it is safe, and one of the locations will have an object, when this answers.

    Raises ValidationError when the endpoint is not asynchronous, or there is not exactly one input.
    """
    request = call.request
    where, body = request.get("InputLocation"), request.get("Body")
    if bool(where) == bool(body):
        raise errors.invalid("Provide exactly one of InputLocation and Body.")
    endpoint = call.world.part(Traffic).require(call.account, call.region, request["EndpointName"])
    variant = balance.variant(endpoint, None)
    route = routes.read(call.db.read(), call.account, call.region, endpoint.name)
    shown = {one["name"]: one for one in route.route["variants"]} if route is not None else {}
    config = (shown.get(variant.name) or {}).get("async")
    if variant.mode != "async" or config is None:
        raise errors.invalid(
            f"Endpoint {endpoint.name} is not asynchronous: it takes InvokeEndpoint. Give its configuration an "
            "AsyncInferenceConfig, and another endpoint."
        )
    identity, now = ids.row_id(), call.clock.now()
    inference = request.get("InferenceId") or identity
    kept: dict[str, Any] = {name: request[name] for name in _KEPT if request.get(name)}
    kept |= {
        "InferenceId": inference,
        "RequestTTLSeconds": request.get("RequestTTLSeconds", _TTL),
        "InvocationTimeoutSeconds": request.get("InvocationTimeoutSeconds", _TIMEOUT),
        "Output": config["OutputConfig"],
        "Role": variant.role,
        "Variant": variant.name,
    }
    if where:
        kept["InputLocation"] = _location(where)
    locations = _outputs(request, config["OutputConfig"], identity)
    row = {
        "id": identity,
        "account": call.account,
        "region": call.region,
        "name": endpoint.name,
        "endpoint": endpoint.id,
        "received_at": now,
        "expires_at": now + kept["RequestTTLSeconds"],
        "due_at": call.clock.wall(),
    }
    await call.db.write(lambda tx: backlog.add(tx, row, kept | locations, body or None))
    call.world.part(Backlog).wake()
    return {"InferenceId": inference, **locations}


def _location(where: str) -> str:
    """The S3 URI of an input, which may be given by its https one."""
    bucket, _, key = where.removeprefix("s3://").partition("/")
    if not where.startswith("s3://"):
        found = _HTTPS.fullmatch(where)
        path = unquote(found[2]) if found else ""
        bucket, _, key = (found[1], "", path) if found and found[1] else path.partition("/")
    if not bucket or not key:
        raise errors.invalid(f"InputLocation {where} is no object in S3. It reads s3://BUCKET/KEY.")
    return f"s3://{bucket}/{key}"


def _outputs(request: dict[str, Any], config: dict[str, Any], identity: str) -> dict[str, str]:
    """Where the response goes, and where the failure."""
    name = PurePosixPath(request.get("Filename") or f"{identity}.out")
    found = {}
    for member, path, file in (
        ("OutputLocation", config.get("S3OutputPath"), name.name),
        ("FailureLocation", config.get("S3FailurePath"), f"{name.stem}-error{name.suffix}"),
    ):
        if path:
            extension = (request.get("S3OutputPathExtension") or "").strip("/")
            found[member] = "/".join(part for part in (path.rstrip("/"), extension, file) if part)
    return found
