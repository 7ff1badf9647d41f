"""Finding the object that a request names, and telling why there is none."""

from __future__ import annotations

from salvia.control import authorize
from salvia.control.call import Call
from salvia.core.errors import ServiceError
from salvia.protocol.timestamps import http_date
from salvia.store.documents import Document

from . import buckets, failures, versions
from .versions import NULL, Version

_VERSION_LENGTH = 32


def checked_version(version: str | None) -> str | None:
    """A version id that could be one. Raises InvalidArgument."""
    if version is not None and version != NULL and len(version) != _VERSION_LENGTH:
        raise failures.invalid_argument("Invalid version id specified", "versionId", version)
    return version


def current(call: Call, bucket: Document, key: str, version: str | None = None) -> Version:
    """The object, or the version of it, that is asked for.

    Raises NoSuchKey, NoSuchVersion, MethodNotAllowed for a version that is a delete marker, or AccessDenied when the
    caller may not even know that the object is missing (s3:ListBucket).
    Source: S3 API reference, GetObject, "Permissions"; user guide, "Working with delete markers".
    """
    if checked_version(version) is not None:
        assert version is not None
        found = versions.one(call.db.read(), bucket.id, key, version)
        if found is None:
            hide(call, bucket.arn, "s3:ListBucketVersions")
            raise failures.no_such_version(key, version)
        if found.marker:
            raise ServiceError(
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
                405,
                Method=call.http.method if call.http else "GET",
                ResourceType="DeleteMarker",
                headers=[
                    *_marker(found),
                    ("Allow", "DELETE"),
                    ("Last-Modified", http_date(found.created_at)),
                ],
            )
        return found
    found = versions.latest(call.db.read(), bucket.id, key)
    if found is None or found.marker:
        hide(call, bucket.arn, "s3:ListBucket")
        raise failures.no_such_key(key, _marker(found) if found else None)
    return found


def shown_version(bucket: Document, version: Version) -> str | None:
    """The version id for an answer; None in a bucket that never had versions."""
    return version.version if buckets.versioning(bucket) else None


def _marker(version: Version) -> list[tuple[str, str]]:
    return [("x-amz-delete-marker", "true"), ("x-amz-version-id", version.version)]


def hide(call: Call, arn: str, action: str) -> None:
    """Raise AccessDenied unless the caller may know what is not there."""
    if not authorize.allowed(call, action, arn):
        raise failures.access_denied()
