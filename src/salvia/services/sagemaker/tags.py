"""AddTags, ListTags, DeleteTags on anything that has an ARN. Source: API_AddTags."""

from __future__ import annotations

from typing import Any

from salvia.control import tags
from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Reader
from salvia.store.documents import Document

_PAGE = 50


def _find(call: Call, reader: Reader) -> Document:
    arn = call.request["ResourceArn"]
    document = documents.by_arn(reader, arn)
    if document is None or document.account not in ("", call.account):
        raise validation_error(f"Could not find resource with ARN '{arn}'.")
    resource = call.world.dispatch.resources.get(document.kind)
    if resource is None or resource.service != "sagemaker" or not resource.taggable:
        raise validation_error(f"'{arn}' cannot have tags here.")
    return document


@operation("AddTags")
async def add_tags(call: Call) -> dict[str, Any]:
    """Set tags; those of the same key are overwritten. Raises ValidationException over 50."""
    added = {tag["Key"]: tag["Value"] for tag in call.request["Tags"]}
    if tags.reserved(added):
        raise validation_error("Tag keys that start with 'aws:' are reserved.")
    return {"Tags": _shape(await tags.add(call, _find, added, _too_many))}


@operation("DeleteTags")
async def delete_tags(call: Call) -> dict[str, Any]:
    """Remove tags; keys that are not there are passed over."""
    await tags.remove(call, _find, call.request["TagKeys"])
    return {}


@operation("ListTags")
async def list_tags(call: Call) -> dict[str, Any]:
    """The tags of a resource, by key."""
    document = _find(call, call.db.read())
    after = ""
    if call.request.get("NextToken"):
        after = str(decode_token(call.request["NextToken"]))
    size = call.request.get("MaxResults") or _PAGE
    keys = sorted(key for key in document.tags if key > after)
    result: dict[str, Any] = {"Tags": _shape({key: document.tags[key] for key in keys[:size]})}
    if len(keys) > size:
        result["NextToken"] = encode_token(keys[size - 1])
    return result


def _too_many(document: Document) -> ServiceError:
    message = f"A resource can have at most {tags.MOST} tags; {document.arn} would have {len(document.tags)}."
    return validation_error(message)


def _shape(found: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(found.items())]
