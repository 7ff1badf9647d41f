"""Who the caller is. Source: STS API reference, GetCallerIdentity, GetAccessKeyInfo."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError


@operation("GetCallerIdentity")
async def get_caller_identity(call: Call) -> dict[str, Any]:
    """The caller's account, ARN and unique id. Needs no permission, only a valid signature."""
    caller = call.caller
    if caller.kind == "anonymous":
        raise ServiceError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


@operation("GetAccessKeyInfo")
async def get_access_key_info(call: Call) -> dict[str, Any]:
    """The account that a key belongs to."""
    found = call.world.providers.key(call.request["AccessKeyId"])
    if found is None:
        raise ServiceError(
            "ValidationError", f"The access key {call.request['AccessKeyId']} belongs to no account here."
        )
    return {"Account": found.caller.account}
