"""Image versions and their aliases. Source: API_CreateImageVersion, API_UpdateImageVersion, API_ListAliases.

Versions are numbered from 1, and no number comes twice. An alias names one version of an image at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from salvia.control import crud, records
from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from . import IMAGE, IMAGE_VERSION

_ALIAS_PAGE = 100
_LAST = "_LastVersion"  # of an image's status


def _versions(call: Call, reader: Reader) -> tuple[Document, list[Document]]:
    image = crud.look_up(call, IMAGE, call.request["ImageName"], reader)
    return image, documents.owned(reader, image.id, IMAGE_VERSION.kind)


def _version(call: Call, reader: Reader) -> tuple[Document, list[Document]]:
    """The version that a request means, and all of its image: by number, by alias, else the newest."""
    image, versions = _versions(call, reader)
    number, alias = call.request.get("Version"), call.request.get("Alias")
    if number is not None and alias is not None:
        raise validation_error("Name an image version by Version or by Alias, not by both.")
    for version in reversed(versions):
        aliases = version.spec["Aliases"]
        if version.status["Version"] == number or (number is None and (alias is None or alias in aliases)):
            return version, versions
    which = f"version {number}" if number is not None else f"version with alias '{alias}'" if alias else "version"
    raise ServiceError("ResourceNotFound", f"Image {image.arn} has no {which}.")


def _claim(aliases: Iterable[str], versions: Iterable[Document]) -> None:
    wanted = set(aliases)
    for version in versions:
        taken = wanted & set(version.spec["Aliases"])
        if taken:
            raise ServiceError("ResourceInUse", f"Alias '{min(taken)}' names {version.arn}. Delete it there first.")


@operation("CreateImageVersion")
async def create_image_version(call: Call) -> dict[str, Any]:
    """Add a version to an image; the same ClientToken adds it once."""
    request = call.request

    def work(tx: Transaction) -> Document:
        image, versions = _versions(call, tx)
        for version in versions:
            if version.status["_ClientToken"] == request["ClientToken"]:
                return version
        _claim(request.get("Aliases", ()), versions)
        number = image.status[_LAST] = image.status.get(_LAST, 0) + 1
        documents.update(tx, image)
        version = records.draft(call, IMAGE_VERSION, {**request, "Version": str(number)})
        version.name = f"{image.name}/{number:09}"
        version.owner = image.id
        del version.spec["Version"]
        version.spec["Aliases"] = request.get("Aliases", [])
        version.status = {"Version": number, "ImageArn": image.arn, "_ClientToken": request["ClientToken"]}
        documents.insert(tx, version)
        return version

    return {"ImageVersionArn": (await call.db.write(work)).arn}


@operation("DescribeImageVersion")
async def describe_image_version(call: Call) -> dict[str, Any]:
    """A version of an image, the newest unless one is named."""
    return crud.describe(IMAGE_VERSION, _version(call, call.db.read())[0])


@operation("UpdateImageVersion")
async def update_image_version(call: Call) -> dict[str, Any]:
    """Change what is said of a version, and its aliases."""
    added, deleted = call.request.get("AliasesToAdd", []), set(call.request.get("AliasesToDelete", ()))
    named = {"ImageName", "Version", "Alias", "AliasesToAdd", "AliasesToDelete"}
    changes = {member: value for member, value in call.request.items() if member not in named}

    def work(tx: Transaction) -> Document:
        version, versions = _version(call, tx)
        _claim(added, (other for other in versions if other.id != version.id))
        kept = [alias for alias in version.spec["Aliases"] if alias not in deleted]
        version.spec |= {**changes, "Aliases": list(dict.fromkeys([*kept, *added]))}
        version.modified_at = crud.moment(call)
        documents.update(tx, version)
        return version

    return {"ImageVersionArn": (await call.db.write(work)).arn}


@operation("DeleteImageVersion")
async def delete_image_version(call: Call) -> dict[str, Any]:
    """Delete a version, named by its number or by an alias; the container image itself stays."""
    if "Version" not in call.request and "Alias" not in call.request:
        raise validation_error("Name the image version to delete, by Version or by Alias.")
    await call.db.write(lambda tx: documents.delete(tx, _version(call, tx)[0].id))
    return {}


@operation("ListAliases")
async def list_aliases(call: Call) -> dict[str, Any]:
    """The aliases of a version, or of all versions of an image."""
    one = "Version" in call.request or "Alias" in call.request
    versions = [_version(call, call.db.read())[0]] if one else _versions(call, call.db.read())[1]
    after = str(decode_token(call.request["NextToken"])) if call.request.get("NextToken") else ""
    size = call.request.get("MaxResults") or _ALIAS_PAGE
    aliases = sorted(alias for version in versions for alias in version.spec["Aliases"] if alias > after)
    result: dict[str, Any] = {"SageMakerImageVersionAliases": aliases[:size]}
    if len(aliases) > size:
        result["NextToken"] = encode_token(aliases[size - 1])
    return result
