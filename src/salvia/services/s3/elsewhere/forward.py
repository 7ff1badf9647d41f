"""A request for a bucket that is elsewhere: made again there, from what was parsed and authorised here.

Only what the operation's model names goes over, so that the other S3 cannot understand another request than the one
that was allowed. A body flows through while it is proved; its last piece is held back until it is, so that a forged or
broken upload never becomes an object there.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from xml.sax.saxutils import escape

from salvia.control import authorize
from salvia.control.call import Call, Forwarder
from salvia.control.world import World
from salvia.core import checksums
from salvia.core.canonical import escaped, escaped_path, query_parameters
from salvia.core.chunked import Body
from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest, HttpResponse
from salvia.core.sigv4 import UNSIGNED_PAYLOAD
from salvia.objectstore.bucket import BROKEN, Answer, Refused, RemoteBucket, blocks, refusal, whole
from salvia.protocol import INERT, models

from .. import buckets, failures, intake, lookup, sources
from .registered import locations

PASSED = frozenset(
    (
        *("ListObjects", "ListObjectsV2", "ListObjectVersions", "GetBucketVersioning"),
        *("GetObject", "HeadObject", "GetObjectAttributes", "PutObject", "CopyObject", "DeleteObject", "DeleteObjects"),
        *("GetObjectTagging", "PutObjectTagging", "DeleteObjectTagging"),
        *("CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload"),
        *("ListParts", "ListMultipartUploads"),
    )
)
OURS = frozenset(
    (
        *("CreateBucket", "HeadBucket", "GetBucketLocation"),
        *("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy", "GetBucketPolicyStatus"),
        *("GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock"),
        *("GetBucketTagging", "PutBucketTagging", "DeleteBucketTagging"),
    )
)
_NEVER = {"x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner", "x-amz-copy-source"}  # asked here
_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_HIDDEN = {  # of an answer: what concerns its connection, and what names the other side's requests
    *("connection", "keep-alive", "transfer-encoding", "server", "date", "x-amz-request-id", "x-amz-id-2"),
    *(name.lower() for name, _ in INERT),
}
_OUR_FAULT = {  # the other S3 refuses us, not our client
    *("AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"),
    *("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "RequestTimeTooSkewed", "NoSuchBucket"),
}


def provide(world: World) -> None:
    """Send requests for buckets that are elsewhere there."""
    there = {name: RemoteBucket(location) for name, location in locations(world.settings.buckets).items()}
    if not there:
        return

    def elsewhere(call: Call) -> Forwarder | None:
        if call.service != "s3":
            return None
        remote = there.get(call.request.get("Bucket", ""))
        source = sources.parsed(call.request["CopySource"])[0] if call.request.get("CopySource") else ""
        if remote is None:
            return _apart if source in there else None
        if source and (source not in there or there[source].location.endpoint != remote.location.endpoint):
            return _apart
        if call.operation in OURS:
            return None
        return _Forward(remote) if call.operation in PASSED else _not_passed

    world.providers.elsewhere = elsewhere
    world.closers.extend(remote.close for remote in there.values())


async def _apart(call: Call) -> HttpResponse:
    raise failures.not_implemented("Salvia does not copy between its own buckets and those of another S3: get and put.")


async def _not_passed(call: Call) -> HttpResponse:
    raise failures.not_implemented(
        f"{call.operation} is not passed on: the bucket {call.request['Bucket']} is another S3's, and configured there."
    )


class _Forward:
    """The handler of one request."""

    def __init__(self, remote: RemoteBucket) -> None:
        self._remote = remote

    async def __call__(self, call: Call) -> HttpResponse:
        bucket = buckets.find(call)
        request = call.http
        if request is None:
            raise failures.not_implemented(f"Salvia itself does not use {bucket.name}: it is another S3's.")
        path = self._remote.path()
        if "Key" in call.request:
            path += f"/{escaped_path(call.request['Key'])}"
        query, headers = _named(call, request)
        sent = _Sent(call, request, headers)
        try:
            response = await self._remote.send(request.method, path, query, headers, sent.body, sent.payload)
        except BROKEN as problem:
            if sent.failure is not None:
                raise sent.failure from None
            raise self._remote.unreachable(str(problem) or type(problem).__name__) from problem
        if response.status >= 300 and response.status != 304:
            refused = refusal(Answer(response.status, response.headers, await whole(response)))
            if sent.failure is not None:
                raise sent.failure
            raise self._refused(call, bucket.arn, refused)
        raw = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
        answered = [(name, value) for name, value in raw if name.lower() not in _HIDDEN]
        answered += [("x-amz-request-id", call.request_id), *INERT]
        if request.method == "HEAD" or response.status in (204, 304):
            response.release()
            return HttpResponse(response.status, answered)
        return HttpResponse(response.status, answered, blocks(response))

    def _refused(self, call: Call, arn: str, refused: Refused) -> ServiceError:
        if refused.status >= 500:
            return self._remote.unreachable(str(refused))
        if refused.code in _OUR_FAULT:
            return self._remote.refused(refused)
        if refused.status == 404 and "Key" in call.request and "UploadId" not in call.request:
            lookup.hide(call, arn, "s3:ListBucket")
        message = str(refused).partition(": ")[2] or "The specified key does not exist."
        code = "NoSuchKey" if refused.code == "NotFound" else refused.code
        return ServiceError(code, message, refused.status)


class _Sent:
    """The body that goes over. `failure` is what was wrong with the one that came."""

    def __init__(self, call: Call, request: HttpRequest, headers: dict[str, str]) -> None:
        self.failure: BaseException | None = None
        self.payload = UNSIGNED_PAYLOAD
        self.body: bytes | AsyncIterator[bytes] = b""
        if call.operation == "DeleteObjects":
            self.body = _deletion(call)
        elif call.stream is None and request.body:
            intake.prove(call, required=False)
            self.body = request.body
        if call.stream is None:
            headers.pop("x-amz-sdk-checksum-algorithm", None)  # its header is none of the model's
            self.payload = hashlib.sha256(self.body).hexdigest()
            if self.body:
                headers["content-md5"] = base64.b64encode(
                    hashlib.md5(self.body, usedforsecurity=False).digest()
                ).decode()
        else:
            self._flow(call.stream, request, headers)

    def _flow(self, stream: Body, request: HttpRequest, headers: dict[str, str]) -> None:
        length = stream.length or 0
        trailer = request.headers.get("x-amz-trailer")
        if trailer is None:
            digest = request.headers.get("x-amz-content-sha256") or ""
            self.payload = digest if len(digest) == 64 else UNSIGNED_PAYLOAD
            headers["content-length"] = str(length)
            self.body = self._held_back(stream)
            return
        # The checksum comes after the body, as it came to us: in one chunk of S3's own encoding.
        name = trailer.strip().lower()
        algorithm = checksums.algorithm(name)
        if algorithm is None or "," in name:
            raise failures.not_implemented("Salvia passes one trailing checksum on, and no other trailers.")
        value = "=" * ((checksums.SIZES[algorithm] + 2) // 3 * 4)  # as long as what will be computed
        before = f"{length:x}\r\n".encode() if length else b""
        after = ("\r\n" if length else "") + f"0\r\n{name}:%s\r\n\r\n"
        self.payload = _TRAILER
        encoding = [part for part in [headers.get("content-encoding", "")] if part]
        headers |= {
            "content-encoding": ",".join(["aws-chunked", *encoding]),
            "content-length": str(len(before) + length + len(after % value)),
            "x-amz-decoded-content-length": str(length),
            "x-amz-trailer": name,
        }

        async def chunked() -> AsyncIterator[bytes]:
            yield before
            async for piece in self._held_back(stream):
                yield piece
            yield (after % stream.checksums[algorithm]).encode()

        self.body = chunked()

    async def _held_back(self, stream: Body) -> AsyncIterator[bytes]:
        held = b""
        try:
            async for piece in stream:
                if held:
                    yield held
                held = piece
        except BaseException as problem:
            self.failure = problem
            raise
        if held:
            yield held


def _named(call: Call, request: HttpRequest) -> tuple[str, dict[str, str]]:
    """The query and headers that the operation's model names, as they came."""
    model = models.operation("s3", call.operation)
    given = query_parameters(request.query) if request.query else {}
    fixed = query_parameters(model.http["requestUri"].partition("?")[2])
    query = {name: value for name, value in fixed.items() if name}
    headers: dict[str, str] = {}
    for member in model.input_shape.members.values():
        place, name = member.serialization.get("location"), member.serialization.get("name", "")
        if place == "querystring" and name in given:
            query[name] = given[name]
        elif place == "header" and (value := request.headers.get(name)) is not None:
            headers[name.lower()] = value
        elif place == "headers":
            headers |= {key: value for key, value in request.headers.items() if key.startswith(name.lower())}
    headers = {name: value for name, value in headers.items() if name not in _NEVER}
    if headers.get("x-amz-acl", "private") not in ("private", "bucket-owner-full-control") or any(
        name.startswith("x-amz-grant-") for name in headers
    ):
        raise ServiceError("AccessControlListNotSupported", "The bucket does not allow ACLs")
    if call.caller.kind == "anonymous" and any(name.startswith("response-") for name in query):
        raise failures.invalid_request("Request specific response headers cannot be used for anonymous GET requests.")
    if call.stream is not None:
        headers = {name: value for name, value in headers.items() if name != "content-length"}
        parts = [part.strip() for part in headers.pop("content-encoding", "").split(",")]
        kept = [part for part in parts if part and part != "aws-chunked"]
        if kept:
            headers["content-encoding"] = ",".join(kept)
    if call.request.get("CopySource"):
        name, key, version = sources.parsed(call.request["CopySource"])
        headers["x-amz-copy-source"] = f"{name}/{escaped_path(key)}" + (f"?versionId={version}" if version else "")
    return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in query.items()), headers


def _deletion(call: Call) -> bytes:
    """DeleteObjects, once each of its objects may be deleted; S3 would refuse them one by one, we refuse all."""
    intake.prove(call)
    lines = []
    for item in call.request["Delete"]["Objects"]:
        if item.keys() - {"Key", "VersionId"}:
            raise failures.not_implemented("Salvia does not pass conditions of DeleteObjects on.")
        action = "s3:DeleteObjectVersion" if item.get("VersionId") else "s3:DeleteObject"
        authorize.check(call, action, f"arn:aws:s3:::{call.request['Bucket']}/{item['Key']}")
        version = f"<VersionId>{escape(item['VersionId'])}</VersionId>" if item.get("VersionId") else ""
        lines.append(f"<Object><Key>{escape(item['Key'])}</Key>{version}</Object>")
    quiet = "<Quiet>true</Quiet>" if call.request["Delete"].get("Quiet") else ""
    return f"<Delete>{''.join(lines)}{quiet}</Delete>".encode()
