"""Why a job cannot go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..core.client import ClientError


class JobError(Exception):
    """The job fails; `message` says what happened, where, and what to do.

    `code` says whose affair it is: ClientError (the request, the data, the role's permissions),
    AlgorithmError (the program) or InternalError (ours). Source: SageMaker developer guide, "FailureReason".
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class StoppedError(Exception):
    """The job was told to stop before its program ran."""


def refused(
    error: ClientError, role: str, label: str, uri: str, action: str, resource: str, bucket: str = ""
) -> JobError:
    """What an answer of S3 means to whoever asked for the data that `label` names."""
    where = f"Data download failed: {label}: "
    bucket = bucket or uri.removeprefix("s3://").partition("/")[0]
    if error.code == "NoSuchBucket":
        return JobError("ClientError", f"{where}there is no bucket '{bucket}'. Create it, or check S3Uri.")
    if error.code == "NoSuchKey":
        return JobError("ClientError", f"{where}there is no object {uri.rstrip(',')}. Check what names it.")
    if error.code in ("AccessDenied", "AccessDeniedException") or error.status == 403:
        return JobError(
            "ClientError",
            f"{where}{role} may not read {uri}: {error.message} Allow {action} on {resource} in the role's policies "
            "and the bucket's.",
        )
    code = "InternalError" if error.status >= 500 else "ClientError"
    return JobError(code, f"{where}{uri} could not be read: {error.code}: {error.message}")


def not_stored(error: ClientError, role: str, bucket: str, key: str, prefix: str, member: str) -> JobError:
    """What an answer of S3 means to whoever asked, by `member` of the request, for what is stored below `prefix`."""
    where = f"Upload failed: s3://{bucket}/{key}: "
    if error.code == "NoSuchBucket":
        return JobError("ClientError", f"{where}there is no bucket '{bucket}'. Create it, or check {member}.")
    if error.code in ("AccessDenied", "AccessDeniedException") or error.status == 403:
        return JobError(
            "ClientError",
            f"{where}{role} may not write it: {error.message} Allow s3:PutObject on arn:aws:s3:::{bucket}/{prefix}* "
            "in the role's policies and the bucket's.",
        )
    code = "InternalError" if error.status >= 500 else "ClientError"
    return JobError(code, f"{where}{error.code}: {error.message}")
