"""Tags of log groups, in the two spellings that the service has for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.documents import Document

from .errors import invalid, missing
from .groups import LOG_GROUP, check_tags, name_in

_MOST = 50


def provide(world: World) -> None:
    """Let authorisation see the tags of the group that a stream, too, belongs to."""

    def found(arn: str, version: str | None) -> Mapping[str, str] | None:
        group = documents.by_arn(world.db.read(), arn.partition(":log-stream:")[0])
        return group.tags if group else None

    world.providers.tags["logs"] = found


@operation("TagResource")
async def tag_resource(call: Call) -> dict[str, Any]:
    """Add or replace tags. Raises TooManyTagsException beyond 50. Source: TagResource."""
    return await _tag(call, _name_in_arn(call), "TooManyTagsException")


@operation("UntagResource")
async def untag_resource(call: Call) -> dict[str, Any]:
    """Remove tags. Source: UntagResource."""
    return await _untag(call, _name_in_arn(call), call.request["tagKeys"])


@operation("ListTagsForResource")
async def list_tags_for_resource(call: Call) -> dict[str, Any]:
    """A log group's tags. Source: ListTagsForResource."""
    return {"tags": crud.find(call, LOG_GROUP, _name_in_arn(call)).tags}


@operation("TagLogGroup")
async def tag_log_group(call: Call) -> dict[str, Any]:
    """Add or replace tags. Source: TagLogGroup."""
    return await _tag(call, call.request["logGroupName"], "InvalidParameterException")


@operation("UntagLogGroup")
async def untag_log_group(call: Call) -> dict[str, Any]:
    """Remove tags. Source: UntagLogGroup."""
    return await _untag(call, call.request["logGroupName"], call.request["tags"])


@operation("ListTagsLogGroup")
async def list_tags_log_group(call: Call) -> dict[str, Any]:
    """A log group's tags. Source: ListTagsLogGroup."""
    return {"tags": crud.find(call, LOG_GROUP, call.request["logGroupName"]).tags}


def _name_in_arn(call: Call) -> str:
    arn = call.request["resourceArn"]
    if not arn.startswith("arn:"):
        raise invalid(f"'{arn}' is not an ARN. Pass the logGroupArn that DescribeLogGroups shows.")
    if ":log-group:" not in arn:
        raise missing("resource")
    return name_in(call, arn)


async def _tag(call: Call, name: str, too_many: str) -> dict[str, Any]:
    tags = call.request["tags"]
    check_tags(tags)

    def edit(group: Document) -> None:
        group.tags.update(tags)
        if len(group.tags) > _MOST:
            message = f"The log group would have {len(group.tags)} tags; {_MOST} are allowed. Remove some first."
            raise ServiceError(too_many, message, resourceName=group.arn)

    await crud.change(call, LOG_GROUP, name, edit)
    return {}


async def _untag(call: Call, name: str, keys: list[str]) -> dict[str, Any]:
    def edit(group: Document) -> None:
        for key in keys:
            group.tags.pop(key, None)

    await crud.change(call, LOG_GROUP, name, edit)
    return {}
