"""What a bucket may be called. Source: S3 user guide, "General purpose bucket naming rules"."""

from __future__ import annotations

import re

from salvia.core.errors import ServiceError

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def check(name: str) -> None:
    """Raise InvalidBucketName for a name that S3 does not allow."""
    if (
        not _NAME.fullmatch(name)
        or ".." in name
        or _ADDRESS.fullmatch(name)
        or name.startswith(_PREFIXES)
        or name.endswith(_SUFFIXES)
    ):
        raise ServiceError("InvalidBucketName", "The specified bucket is not valid.", BucketName=name)
