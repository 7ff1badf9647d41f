"""Tags of trails. Source: API_AddTags, API_RemoveTags, API_ListTags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store.documents import Document

from . import trails

_MOST = 50
_MOST_TRAILS = 20


@operation("AddTags")
async def add_tags(call: Call) -> dict[str, Any]:
    """Add or replace tags. Raises TagsLimitExceededException beyond 50, InvalidTagParameterException."""
    added = given(call.request["TagsList"])

    def edit(trail: Document) -> None:
        trail.tags |= added
        check(trail)

    await trails.change(call, _arn(call.request["ResourceId"]), edit)
    return {}


@operation("RemoveTags")
async def remove_tags(call: Call) -> dict[str, Any]:
    """Remove tags; where a value is given, only if it is the tag's."""

    def edit(trail: Document) -> None:
        for tag in call.request["TagsList"]:
            if tag.get("Value") in (None, trail.tags.get(tag["Key"])):
                trail.tags.pop(tag["Key"], None)

    await trails.change(call, _arn(call.request["ResourceId"]), edit)
    return {}


@operation("ListTags")
async def list_tags(call: Call) -> dict[str, Any]:
    """The tags of up to 20 trails, in one page."""
    names = call.request["ResourceIdList"]
    if call.request.get("NextToken"):
        raise ServiceError("InvalidTokenException", "The next token is not valid: all tags are on the first page.")
    if len(names) > _MOST_TRAILS:
        raise ServiceError("ValidationException", f"Up to {_MOST_TRAILS} trails; these are {len(names)}.")
    return {
        "ResourceTagList": [
            {
                "ResourceId": name,
                "TagsList": [{"Key": key, "Value": value} for key, value in trails.find(call, _arn(name)).tags.items()],
            }
            for name in names
        ]
    }


def given(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags by key. Raises InvalidTagParameterException for a key that is given twice, or is AWS's."""
    tags = list(tags)
    found = {tag["Key"]: tag.get("Value", "") for tag in tags}
    if len(found) < len(tags) or any(key.lower().startswith("aws:") for key in found):
        raise ServiceError("InvalidTagParameterException", "Each key occurs once, and does not begin with aws:.")
    return found


def check(trail: Document) -> None:
    """Raise TagsLimitExceededException beyond 50 tags."""
    if len(trail.tags) > _MOST:
        raise ServiceError("TagsLimitExceededException", f"A trail has up to {_MOST} tags.", resourceName=trail.arn)


def _arn(name: str) -> str:
    if not name.startswith("arn:"):
        raise ServiceError("CloudTrailARNInvalidException", f"'{name}' is not the ARN of a trail.")
    return name
