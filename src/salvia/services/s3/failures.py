"""S3's refusals, in its codes and sentences. Source: S3 API reference, "Error responses", and recorded answers."""

from __future__ import annotations

import re
from typing import Any

from salvia.core.errors import ServiceError

_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def no_such_bucket(name: str) -> ServiceError:
    """There is no bucket of that name."""
    return ServiceError("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name)


def no_such_key(key: str, headers: list[tuple[str, str]] | None = None) -> ServiceError:
    """There is no such object now; `headers` tell of a delete marker."""
    return ServiceError("NoSuchKey", "The specified key does not exist.", 404, **_key(key), headers=headers or [])


def no_such_version(key: str, version: str) -> ServiceError:
    """The object has no such version."""
    return ServiceError("NoSuchVersion", "The specified version does not exist.", 404, **_key(key), VersionId=version)


def no_such_upload(upload: str) -> ServiceError:
    """The multipart upload is not there, or not there any more."""
    return ServiceError(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed.",
        404,
        UploadId=upload,
    )


def precondition_failed(condition: str) -> ServiceError:
    """A condition of the request, named by its header, does not hold."""
    return ServiceError(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        412,
        Condition=condition,
    )


def invalid_argument(message: str, name: str, value: object) -> ServiceError:
    """A parameter that the model allows and S3 does not."""
    return ServiceError("InvalidArgument", message, 400, ArgumentName=name, ArgumentValue=str(value)[:256])


def invalid_request(message: str) -> ServiceError:
    """A request that makes no sense as a whole."""
    return ServiceError("InvalidRequest", message)


def access_denied(message: str = "Access Denied") -> ServiceError:
    """What IAM did not refuse, and the bucket does."""
    return ServiceError("AccessDenied", message, 403)


def not_implemented(message: str, header: str = "") -> ServiceError:
    """What S3 can do and Salvia cannot yet; never ignored."""
    fields = {"Header": header} if header else {}
    return ServiceError("NotImplemented", message, 501, **fields)


def entity_too_large(size: int, most: int) -> ServiceError:
    """More bytes than one request may bring."""
    return ServiceError(
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size",
        ProposedSize=size,
        MaxSizeAllowed=most,
    )


def _key(key: str) -> dict[str, Any]:
    """The key for an error's XML; left out where XML cannot hold it, since no client could read the code then."""
    return {} if _NOT_XML.search(key) else {"Key": key}
