"""What an object carries beside its bytes: headers, metadata, storage class, encryption; and what is refused.

It is kept as `facts`, by the names of the members that HEAD and GET show. Source: S3 API reference, PutObject.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salvia.core.checksums import SIZES
from salvia.core.errors import ServiceError

from . import failures, lock
from .conditions import quoted
from .versions import Version

_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "WebsiteRedirectLocation",
)
_CLASSES = frozenset(
    ("STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR")
)
_LONGEST_KEY = 1024
_LARGEST_METADATA = 2048
_REFUSED = {
    "SSECustomerAlgorithm": "Salvia does not implement server-side encryption with customer-provided keys yet.",
    "ObjectLockMode": lock.SENTENCE,
    "ObjectLockRetainUntilDate": lock.SENTENCE,
    "ObjectLockLegalHoldStatus": lock.SENTENCE,
    "WriteOffsetBytes": "Appending belongs to directory buckets, which Salvia does not have.",
}


def key_of(request: Mapping[str, Any]) -> str:
    """The key of a request, which is opaque: dots and slashes mean nothing. Raises KeyTooLongError."""
    key: str = request["Key"]
    size = len(key.encode())
    if size > _LONGEST_KEY:
        raise ServiceError("KeyTooLongError", "Your key is too long", Size=size, MaxSizeAllowed=_LONGEST_KEY)
    return key


def of(request: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a PutObject, CreateMultipartUpload or replacing CopyObject.

    Raises MetadataTooLarge, InvalidStorageClass, AccessControlListNotSupported or NotImplemented.
    """
    refuse(request)
    facts: dict[str, Any] = {name: request[name] for name in _HEADERS if request.get(name)}
    if request.get("Expires") is not None:
        facts["Expires"] = request["Expires"].timestamp()
    encoding = ",".join(
        part for part in map(str.strip, facts.pop("ContentEncoding", "").split(",")) if part not in ("", "aws-chunked")
    )
    if encoding:
        facts["ContentEncoding"] = encoding
    facts.setdefault("ContentType", "binary/octet-stream")
    metadata = request.get("Metadata")
    if metadata:
        size = sum(len(text.encode("utf-8")) for pair in metadata.items() for text in pair)
        if size > _LARGEST_METADATA:
            raise ServiceError(
                "MetadataTooLarge",
                "Your metadata headers exceed the maximum allowed metadata size",
                Size=size,
                MaxSizeAllowed=_LARGEST_METADATA,
            )
        facts["Metadata"] = dict(metadata)
    facts["ServerSideEncryption"] = "AES256"
    storage = request.get("StorageClass", "STANDARD")
    if storage not in _CLASSES:
        raise ServiceError(
            "InvalidStorageClass",
            f"The storage class you specified is not valid: Salvia offers {', '.join(sorted(_CLASSES))}.",
            StorageClassRequested=storage,
        )
    if storage != "STANDARD":
        facts["StorageClass"] = storage
    return facts


def refuse(request: Mapping[str, Any]) -> None:
    """Raise NotImplemented for what a request demands and nobody would do."""
    for member, sentence in _REFUSED.items():
        if request.get(member) is not None:
            raise failures.not_implemented(sentence)
    if request.get("ServerSideEncryption", "AES256") != "AES256" or request.get("SSEKMSKeyId"):
        raise failures.not_implemented(
            f"Salvia does not implement {request.get('ServerSideEncryption', 'aws:kms')} encryption of objects yet; "
            "AES256, the default, works.",
            "x-amz-server-side-encryption",
        )
    acl = request.get("ACL", "private")
    if acl not in ("private", "bucket-owner-full-control") or any(name.startswith("Grant") for name in request):
        raise ServiceError("AccessControlListNotSupported", "The bucket does not allow ACLs")


def shown(version: Version, status: str | None) -> dict[str, Any]:
    """The members of GET and HEAD for a whole object, but for its checksums. `status` is the bucket's versioning."""
    facts = version.facts
    result: dict[str, Any] = {name: facts[name] for name in (*_HEADERS, "Expires", "Metadata") if name in facts}
    result |= {
        "AcceptRanges": "bytes",
        "ContentLength": version.size,
        "ETag": quoted(version.etag),
        "LastModified": version.created_at,
        "ServerSideEncryption": facts.get("ServerSideEncryption"),
        "StorageClass": facts.get("StorageClass"),
    }
    if status:
        result["VersionId"] = version.version
    if version.tags:
        result["TagCount"] = len(version.tags)
    return result


def checksums(facts: Mapping[str, Any]) -> dict[str, str]:
    """An object's checksum as response members, with its type; empty when it has none."""
    found = {f"Checksum{name}": value for name, value in facts.get("Checksums", {}).items()}
    if found:
        found["ChecksumType"] = facts.get("ChecksumType", "FULL_OBJECT")
    return found


def claimed(request: Mapping[str, Any]) -> dict[str, str]:
    """The checksums that members of a request or of a part name, by algorithm."""
    return {name: request[f"Checksum{name}"] for name in SIZES if request.get(f"Checksum{name}")}
