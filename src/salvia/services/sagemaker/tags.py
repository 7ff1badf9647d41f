"""AddTags, ListTags, DeleteTags on anything that has an ARN. Source: API_AddTags."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core.errors import validation_error
from salvia.store import documents, usage
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

_LIMIT = 50  # tags a resource; AWS's quota
_PAGE = 50


def _find(call: Call, arn: str, reader: Reader) -> Document:
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
    arn = call.request["ResourceArn"]
    added = {tag["Key"]: tag["Value"] for tag in call.request["Tags"]}
    if any(key.lower().startswith("aws:") for key in added):
        raise validation_error("Tag keys that start with 'aws:' are reserved.")

    def work(tx: Transaction) -> dict[str, str]:
        document = _find(call, arn, tx)
        document.tags.update(added)
        if len(document.tags) > _LIMIT:
            raise validation_error(f"A resource can have at most {_LIMIT} tags; {arn} would have {len(document.tags)}.")
        documents.update(tx, document)
        usage.tag(tx, document)
        return document.tags

    tags = await call.db.write(work)
    return {"Tags": _shape(tags)}


@operation("DeleteTags")
async def delete_tags(call: Call) -> dict[str, Any]:
    """Remove tags; keys that are not there are passed over."""
    arn = call.request["ResourceArn"]

    def work(tx: Transaction) -> None:
        document = _find(call, arn, tx)
        for key in call.request["TagKeys"]:
            document.tags.pop(key, None)
        documents.update(tx, document)
        usage.tag(tx, document)

    await call.db.write(work)
    return {}


@operation("ListTags")
async def list_tags(call: Call) -> dict[str, Any]:
    """The tags of a resource, by key."""
    document = _find(call, call.request["ResourceArn"], call.db.read())
    after = ""
    if call.request.get("NextToken"):
        after = str(decode_token(call.request["NextToken"]))
    size = call.request.get("MaxResults") or _PAGE
    keys = sorted(key for key in document.tags if key > after)
    result: dict[str, Any] = {"Tags": _shape({key: document.tags[key] for key in keys[:size]})}
    if len(keys) > size:
        result["NextToken"] = encode_token(keys[size - 1])
    return result


def _shape(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
