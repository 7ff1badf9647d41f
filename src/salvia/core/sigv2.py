"""Signature Version 2 of S3: `Authorization: AWS key:signature`, and what boto3 presigns in us-east-1.

Source: S3 user guide, "Signing and authenticating REST requests (AWS signature version 2)".
"""

from __future__ import annotations

import binascii
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .authorization import SKEW, Authorization
from .canonical import http_date, iso8601, unescaped, wire
from .refusals import refusal

if TYPE_CHECKING:
    from .http import HttpRequest

# fmt: off
SUBRESOURCES = frozenset((
    "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "encryption",
    "intelligent-tiering", "inventory", "legal-hold", "lifecycle", "location", "logging", "metrics",
    "notification", "object-lock", "ownershipControls", "partNumber", "policy", "policyStatus",
    "publicAccessBlock", "replication", "requestPayment", "response-cache-control",
    "response-content-disposition", "response-content-encoding", "response-content-language",
    "response-content-type", "response-expires", "restore", "retention", "select", "select-type",
    "storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions",
    "website",
))
# fmt: on
"""The query parameters that are signed; all others are not."""


def verify(request: HttpRequest, authorization: Authorization, secret: str, now: float, bucket: str | None) -> None:
    """Prove a Version 2 signature; `bucket` is the one that the host names. Raises S3's errors."""
    headers = request.headers
    presigned = authorization.kind == "v2-query"
    if presigned:
        if now > authorization.expires:
            raise refusal("url-expired", "s3", Expires=iso8601(authorization.expires), ServerTime=iso8601(now))
        date = str(authorization.expires)
    else:
        # X-Amz-Date is signed among the x-amz- headers, and then the Date line stays empty.
        stamp = headers.get("x-amz-date")
        date = "" if stamp is not None else headers.get("date", "") or ""
        moment = http_date(stamp if stamp is not None else date)
        if moment is None:
            raise refusal("missing", "s3", "AWS authentication requires a valid Date or x-amz-date header")
        if abs(now - moment) > SKEW:
            raise refusal(
                "skewed",
                "s3",
                RequestTime=stamp or date,
                ServerTime=iso8601(now),
                MaxAllowedSkewMilliseconds=900000,
            )
    canonical = ""
    given = authorization.signature.encode("ascii", "replace")
    for resource in _resources(request.path or "/", bucket):
        canonical = string_to_sign(request.method, resource, request.query, _signed_values(request, presigned), date)
        if hmac.compare_digest(signature(secret, canonical).encode(), given):
            return
    if token := authorization.session_token:
        canonical = canonical.replace(token, "…")
    raise refusal(
        "mismatch",
        "s3",
        AWSAccessKeyId=authorization.access_key,
        StringToSign=canonical,
        SignatureProvided=authorization.signature,
    )


def signature(secret: str, text: str) -> str:
    """Base64 of the HMAC-SHA1 of `text`, whose characters are the bytes of the wire."""
    return binascii.b2a_base64(hmac.digest(secret.encode(), wire(text), "sha1"), newline=False).decode()


def string_to_sign(method: str, resource: str, query: str, values: Mapping[str, str], date: str) -> str:
    """What Version 2 signs. `resource` is `/bucket/key`, `values` the headers by lower-case name."""
    lines = [method, values.get("content-md5", ""), values.get("content-type", ""), date]
    lines += [f"{name}:{values[name]}" for name in sorted(values) if name.startswith("x-amz-")]
    signed = []
    for parameter in query.split("&"):
        name, equals, value = parameter.partition("=")
        if name in SUBRESOURCES:
            signed.append((name, f"={unescaped(value).decode('latin-1')}" if equals else ""))
    signed.sort()
    end = "?" + "&".join([name + value for name, value in signed]) if signed else ""
    return "\n".join([*lines, resource + end])


def _signed_values(request: HttpRequest, presigned: bool) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in request.headers.items():
        if name.startswith("x-amz-") or name in ("content-md5", "content-type"):
            text = value.strip()
            values[name] = f"{values[name]},{text}" if name in values else text
    if presigned:
        # boto3 moves what it signed into the query, in lower case; what is in both is the header's.
        for parameter in request.query.split("&"):
            name, _, value = parameter.partition("=")
            if name.startswith("x-amz-") or name in ("content-md5", "content-type"):
                values.setdefault(name, unescaped(value).decode("latin-1").strip())
    return values


def _resources(path: str, bucket: str | None) -> list[str]:
    """What may have been signed as the path.

    A host is not signed, so the bucket in it must be: else a URL for /a/b would open b of any bucket a.
    """
    resource = f"/{bucket}{path}" if bucket is not None else path
    if resource.count("/") == 1 and resource != "/":
        return [resource, f"{resource}/"]  # boto3 signs a bucket with a slash that it does not send
    return [resource]
