"""Signature Version 4, signed and verified over one canonical request.

::

    read_authorization(request) -> Authorization     what the request claims; nothing is proved yet
    verify(request, authorization, secret, now)      proves it, or raises what AWS would answer
    sign(method, path, query, headers, …)            the headers that make `verify` content

S3 differs from all others in three ways: its path is signed as it stands on the wire, its payload is named
by a header and may be unsigned or signed chunk by chunk, and every `x-amz-` header must be signed.

Source: IAM user guide, "Create a signed AWS API request"; S3 API reference, "Authenticating Requests
(AWS Signature Version 4)".
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from . import sigv2
from .authorization import ALGORITHM, SKEW, TERMINATOR, UNSIGNED_PAYLOAD, Authorization, read_authorization
from .canonical import (
    amz_timestamp,
    canonical_headers,
    canonical_query,
    encoded_path,
    escaped,
    iso8601,
    normalised,
    seconds,
    wire,
)
from .errors import ServiceError
from .refusals import Problem, refusal

if TYPE_CHECKING:
    from .http import HttpRequest

__all__ = [
    "STREAMING_PAYLOADS",
    "UNSIGNED_PAYLOAD",
    "Authorization",
    "Credentials",
    "Seed",
    "read_authorization",
    "sign",
    "verify",
]

STREAMING_PAYLOADS = (
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
)
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

_HEX_SHA256 = re.compile("[0-9a-fA-F]{64}")


class Credentials(NamedTuple):
    """What to sign with; `expires` is in seconds since the epoch, None when they do not expire."""

    access_key: str
    secret_key: str
    token: str | None = None
    expires: float | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.access_key!r}, expires={self.expires})"


class Seed(NamedTuple):
    """A proved signature, from which those of a streamed body's chunks are chained."""

    signature: str
    key: bytes
    timestamp: str
    scope: str

    def __repr__(self) -> str:
        return f"Seed({self.scope})"


def verify(
    request: HttpRequest,
    authorization: Authorization,
    secret: str,
    now: float,
    *,
    body_sha256: str | None = None,
    region: str | None = None,
    service: str | None = None,
    bucket: str | None = None,
) -> Seed | None:
    """Prove that the holder of `secret` made this request.

    `now` is wall time; `body_sha256` the hex digest of the body, if it is known already. `region` and
    `service`, where given, are the only ones accepted in the scope. `bucket` is the one that the host names,
    if it does: Version 2 signs it with the path. A streamed body is not covered: its bytes are proved by
    `chunked.body`, which takes what this returns (None for Version 2, which has no signed chunks).
    """
    kind = authorization.kind
    if kind == "v2-header" or kind == "v2-query":
        sigv2.verify(request, authorization, secret, now, bucket)
        return None
    _check_time(authorization, now)
    _check_scope(authorization, region, service)
    s3 = authorization.service == "s3"
    _check_signed(request, authorization, s3)
    if s3:
        payload = _s3_payload(request, authorization, body_sha256)
    else:
        payload = body_sha256 or sha256(request.body).hexdigest()
    scope = f"{authorization.date}/{authorization.region}/{authorization.service}/{TERMINATOR}"
    key = signing_key(secret, authorization.date, authorization.region, authorization.service)
    query = canonical_query(request.query, kind == "v4-query") if request.query else ""
    path = request.path if s3 else normalised(request.path)
    headers = canonical_headers(request.headers.items(), authorization.signed_headers)
    given = authorization.signature
    if not given.isascii():  # compare_digest does not take other strings
        given = ""
    rest = f"{query}\n{headers}\n{';'.join(authorization.signed_headers)}\n{payload}"
    canonical = f"{request.method}\n{path}\n{rest}"
    signature = _signature(key, authorization.timestamp, scope, canonical)
    if hmac.compare_digest(signature, given):
        return Seed(signature, key, authorization.timestamp, scope)
    if s3 and (encoded := encoded_path(request.path)) != request.path:
        # Clients sign the path in S3's own encoding, but some send it in another.
        signature = _signature(key, authorization.timestamp, scope, f"{request.method}\n{encoded}\n{rest}")
        if hmac.compare_digest(signature, given):
            return Seed(signature, key, authorization.timestamp, scope)
    raise _mismatch(authorization, scope, canonical)


def sign(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    credentials: Credentials,
    region: str,
    service: str,
    *,
    payload: str,
    now: float,
) -> dict[str, str]:
    """The headers that sign a request: Authorization, X-Amz-Date and what else belongs to them.

    `path` and `query` are percent-encoded, as they will be sent. All of `headers` are signed; `host` must be
    among them. `payload` is the hex SHA-256 of the body, or for S3 one of the words that stand for it.
    """
    timestamp = amz_timestamp(now)
    added = {"X-Amz-Date": timestamp}
    if credentials.token:
        added["X-Amz-Security-Token"] = credentials.token
    if service == "s3":
        added["X-Amz-Content-SHA256"] = payload
    pairs = [(name.lower(), value) for source in (headers, added) for name, value in source.items()]
    signed = tuple(sorted({name for name, _ in pairs}))
    names = ";".join(signed)
    canonical = (
        f"{method}\n{path if service == 's3' else normalised(path)}\n{canonical_query(query)}\n"
        f"{canonical_headers(pairs, signed)}\n{names}\n{payload}"
    )
    scope = f"{timestamp[:8]}/{region}/{service}/{TERMINATOR}"
    key = signing_key(credentials.secret_key, timestamp[:8], region, service)
    signature = _signature(key, timestamp, scope, canonical)
    credential = f"{credentials.access_key}/{scope}"
    added["Authorization"] = f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return added


@lru_cache(maxsize=1024)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key of one secret for one date (YYYYMMDD), region and service."""
    key = hmac.digest(f"AWS4{secret}".encode(), date.encode(), "sha256")
    for part in (region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _check_time(authorization: Authorization, now: float) -> None:
    signed_at = seconds(authorization.timestamp)
    presigned = authorization.kind == "v4-query"
    latest = signed_at + (authorization.expires if presigned else SKEW)
    if signed_at - SKEW <= now <= latest:
        return
    stamp = authorization.timestamp
    server = amz_timestamp(now)
    early = now < signed_at
    if authorization.family == "s3":
        shown: dict[str, object] = {"ServerTime": iso8601(now)}
        if not presigned:
            raise refusal("skewed", "s3", None, RequestTime=stamp, MaxAllowedSkewMilliseconds=SKEW * 1000, **shown)
        if early:
            raise refusal("url-expired", "s3", "Request is not yet valid", **shown)
        shown |= {"X-Amz-Expires": str(authorization.expires), "Expires": iso8601(latest)}
        raise refusal("url-expired", "s3", None, **shown)
    if early:
        latest_stamp = amz_timestamp(now + SKEW)
        sentence = f"Signature not yet current: {stamp} is still later than {latest_stamp} ({server} + 15 min.)"
    elif presigned:
        sentence = f"Signature expired: {stamp} + {authorization.expires} s is now earlier than {server}"
    else:
        oldest = amz_timestamp(now - SKEW)
        sentence = f"Signature expired: {stamp} is now earlier than {oldest} ({server} - 15 min.)"
    raise refusal("url-expired" if presigned else "skewed", authorization.family, sentence)


def _check_scope(authorization: Authorization, region: str | None, service: str | None) -> None:
    problem: Problem = "scope" if authorization.kind == "v4-header" else "scope-query"
    spelled = authorization.family
    start = (
        "The authorization header is malformed; "
        if problem == "scope"
        else "Error parsing the X-Amz-Credential parameter; "
    )
    day = authorization.timestamp[:8]
    if authorization.date != day:
        if spelled == "s3":
            sentence = (
                f'{start}Invalid credential date "{authorization.date}". '
                f'This date is not the same as X-Amz-Date: "{day}".'
            )
        else:
            sentence = (
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
                f"'{authorization.date}' != '{day}', from '{authorization.timestamp}'."
            )
        raise refusal(problem, spelled, sentence)
    if region is not None and authorization.region != region:
        if spelled == "s3":
            sentence = f"{start}the region '{authorization.region}' is wrong; expecting '{region}'"
            raise refusal(problem, spelled, sentence, Region=region)
        raise refusal(problem, spelled, f"Credential should be scoped to a valid region: '{region}'.")
    if service is not None and authorization.service != service:
        if spelled == "s3":
            sentence = f'{start}incorrect service "{authorization.service}". This endpoint belongs to "{service}".'
            raise refusal(problem, spelled, sentence)
        raise refusal(problem, spelled, f"Credential should be scoped to correct service: '{service}'.")


def _check_signed(request: HttpRequest, authorization: Authorization, s3: bool) -> None:
    signed = authorization.signed_headers
    unsigned = [] if "host" in signed else ["host"]
    if s3:
        exempt = "x-amz-content-sha256" if authorization.kind == "v4-query" else ""
        unsigned += [
            name for name in request.headers if name.startswith("x-amz-") and name not in signed and name != exempt
        ]
    if unsigned:
        raise refusal("unsigned-headers", authorization.family, HeadersNotSigned=", ".join(sorted(unsigned)))


def _s3_payload(request: HttpRequest, authorization: Authorization, body_sha256: str | None) -> str:
    """What stands for the body in S3's canonical request; a body that is here in whole is compared."""
    payload = authorization.payload
    if payload is None:
        raise ServiceError("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
    if payload == UNSIGNED_PAYLOAD or payload in STREAMING_PAYLOADS:
        return payload
    if not _HEX_SHA256.fullmatch(payload):
        raise ServiceError(
            "InvalidArgument",
            f"x-amz-content-sha256 must be UNSIGNED-PAYLOAD, {', '.join(STREAMING_PAYLOADS)} or a valid sha256 value.",
            ArgumentName="x-amz-content-sha256",
            ArgumentValue=payload[:128],
        )
    if request.stream is None:
        computed = body_sha256 or sha256(request.body).hexdigest()
        if computed != payload.lower():
            raise ServiceError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                ClientComputedContentSHA256=payload,
                S3ComputedContentSHA256=computed,
            )
    return payload


def _mismatch(authorization: Authorization, scope: str, canonical: str) -> ServiceError:
    if authorization.family != "s3":
        return refusal("mismatch", authorization.family)
    to_sign = _string_to_sign(authorization.timestamp, scope, canonical)
    if token := authorization.session_token:
        # The canonical request helps whoever writes a client, but errors end up in logs.
        canonical = canonical.replace(token, "…").replace(escaped(token), "…")
    return refusal(
        "mismatch",
        "s3",
        AWSAccessKeyId=authorization.access_key,
        StringToSign=to_sign,
        SignatureProvided=authorization.signature,
        CanonicalRequest=canonical,
    )


def _signature(key: bytes, timestamp: str, scope: str, canonical: str) -> str:
    return hmac.digest(key, _string_to_sign(timestamp, scope, canonical).encode(), "sha256").hex()


def _string_to_sign(timestamp: str, scope: str, canonical: str) -> str:
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(wire(canonical)).hexdigest()}"
