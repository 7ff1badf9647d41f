"""Buckets that come as host names: `bucket.s3.amazonaws.com`, `bucket.localhost:7258`."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The forms that AWS documents ("Virtual hosting of buckets") and those its SDKs still make.
_AWS = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?:accelerate|external-1|fips|dualstack|[a-z]{2}(?:-[a-z]+)+-\d))*"
    r"\.amazonaws\.com(?:\.cn)?"
)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")


def bucket_of(host: str, domains: Sequence[str]) -> str | None:
    """The bucket that a Host header names, or None when the bucket is in the path.

    `domains` are our own base names, such as `localhost`.
    """
    name = host.lower().rstrip(".")
    if not name.startswith("["):
        name = name.partition(":")[0]
    found = _AWS.fullmatch(name)
    if found:
        return found["bucket"]
    for domain in domains:
        if name.endswith("." + domain):
            bucket = name[: -len(domain) - 1].removesuffix(".s3")
            # `s3.localhost` is the service itself: no bucket's name is that short.
            return bucket if _BUCKET.fullmatch(bucket) else None
    return None
