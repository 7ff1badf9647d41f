"""CreateBucket, HeadBucket, DeleteBucket, ListBuckets, GetBucketLocation. Source: the API reference."""

from __future__ import annotations

from typing import Any

import orjson

from salvia.control.call import Call, Reply, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .. import buckets, failures, lock, tags, uploads
from ..buckets import BUCKET, PUBLIC_ACCESS_BLOCK
from . import names

_HOME = "us-east-1"  # the one region that no location constraint names
_EVERYTHING = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_MOST = 10_000
_MINE = """
SELECT name, created_at, spec FROM documents
WHERE owner = :owner AND kind = :kind"""
_IN_USE = "SELECT 1 FROM s3_versions WHERE bucket = :bucket LIMIT 1"
_UPLOADS = "SELECT id FROM s3_uploads WHERE bucket = :bucket"


@operation("CreateBucket")
async def create_bucket(call: Call) -> dict[str, Any]:
    """Create a bucket with AWS's defaults: no ACLs, no public access, AES256.

    Raises InvalidBucketName, BucketAlreadyExists, BucketAlreadyOwnedByYou (but answers again in us-east-1, as S3
    does), IllegalLocationConstraintException.
    """
    request = call.request
    name = request["Bucket"]
    names.check(name)
    _refuse(request)
    configuration = request.get("CreateBucketConfiguration") or {}
    region = _region(call.region, configuration.get("LocationConstraint"))
    now = call.clock.now()
    bucket = Document(
        kind=BUCKET.kind,
        account="",
        region="",
        name=name,
        arn=BUCKET.arn_of(request, call.account, region),
        owner=call.account,
        spec={"Bucket": name, "Region": region},
        status={PUBLIC_ACCESS_BLOCK: _EVERYTHING},
        tags=tags.of_set(configuration.get("Tags", ()), tags.BUCKET_LIMIT, "Bucket"),
        created_at=now,
        modified_at=now,
    )

    def work(tx: Transaction) -> Document | None:
        return None if documents.insert(tx, bucket) else documents.find(tx, BUCKET.kind, "", "", name)

    taken = await call.db.write(work)
    if taken is not None:
        _taken(call, taken, region)
    return {"Location": f"/{name}", "BucketArn": bucket.arn}


@operation("HeadBucket")
async def head_bucket(call: Call) -> dict[str, Any]:
    """Whether the bucket is there and may be used; its region."""
    bucket = buckets.find(call)
    return {"BucketRegion": buckets.region(bucket), "AccessPointAlias": False, "BucketArn": bucket.arn}


@operation("GetBucketLocation")
async def get_bucket_location(call: Call) -> dict[str, Any]:
    """The region; empty for us-east-1."""
    region = buckets.region(buckets.find(call))
    return {"LocationConstraint": None if region == _HOME else region}


@operation("DeleteBucket")
async def delete_bucket(call: Call) -> Reply:
    """Delete a bucket that holds no version of any object. Uploads under way end with it."""
    bucket = buckets.find(call)
    now = call.clock.wall()

    def work(tx: Transaction) -> None:
        buckets.again(tx, bucket)
        if tx.one(_IN_USE, {"bucket": bucket.id}):
            versioned = buckets.versioning(bucket) is not None
            raise ServiceError(
                "BucketNotEmpty",
                "The bucket you tried to delete is not empty"
                + (". You must delete all versions in the bucket." if versioned else ""),
                409,
                BucketName=bucket.name,
            )
        for row in tx.all(_UPLOADS, {"bucket": bucket.id}):
            uploads.drop(tx, row["id"], now)
        documents.delete(tx, bucket.id)

    await call.db.write(work)
    return Reply(status=204)


@operation("ListBuckets")
async def list_buckets(call: Call) -> dict[str, Any]:
    """The account's buckets by name; in pages when MaxBuckets says so."""
    request = call.request
    prefix = request.get("Prefix") or ""
    most = request.get("MaxBuckets")
    after = _after(request.get("ContinuationToken"))
    rows = await call.db.scan(_MINE, {"owner": call.account, "kind": BUCKET.kind})
    found = sorted(
        (row["name"], row["created_at"], orjson.loads(row["spec"])["Region"])
        for row in rows
        if row["name"] > after and row["name"].startswith(prefix)
    )
    wanted = request.get("BucketRegion")
    if wanted:
        found = [entry for entry in found if entry[2] == wanted]
    page = found[: most or _MOST]
    result: dict[str, Any] = {
        "Owner": buckets.owner(call.account),
        "Prefix": request.get("Prefix"),
        "Buckets": [
            {
                "Name": name,
                "CreationDate": created,
                "BucketRegion": region,
                "BucketArn": f"arn:aws:s3:::{name}",
            }
            for name, created, region in page
        ],
    }
    if len(found) > len(page):
        result["ContinuationToken"] = encode_token(page[-1][0])
    return result


def _region(asked: str, constraint: str | None) -> str:
    if constraint == "EU":
        constraint = "eu-west-1"
    if asked == _HOME:
        return constraint or _HOME
    if constraint == asked:
        return asked
    what = (
        "The unspecified location constraint is" if constraint is None else f"The {constraint} location constraint is"
    )
    raise ServiceError(
        "IllegalLocationConstraintException",
        f"{what} incompatible for the region specific endpoint this request was sent to.",
    )


def _taken(call: Call, bucket: Document, region: str) -> None:
    if bucket.owner != call.account:
        raise ServiceError(
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
            "Please select a different name and try again.",
            409,
            BucketName=bucket.name,
        )
    if call.region != _HOME or buckets.region(bucket) != region:
        raise ServiceError(
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
            409,
            BucketName=bucket.name,
        )


def _refuse(request: dict[str, Any]) -> None:
    if request.get("ObjectLockEnabledForBucket"):
        raise failures.not_implemented(lock.SENTENCE)
    if request.get("BucketNamespace", "global") != "global":
        raise failures.not_implemented("Salvia does not implement account regional bucket namespaces yet.")
    configuration = request.get("CreateBucketConfiguration") or {}
    if configuration.get("Location") or configuration.get("Bucket"):
        raise failures.not_implemented("Salvia does not implement directory buckets.")
    ownership = request.get("ObjectOwnership", "BucketOwnerEnforced")
    if ownership != "BucketOwnerEnforced":
        raise failures.not_implemented(
            f"Salvia does not implement object ownership {ownership}, since that needs ACLs; BucketOwnerEnforced, "
            "the default, works."
        )
    if request.get("ACL", "private") != "private" or any(name.startswith("Grant") for name in request):
        raise ServiceError(
            "InvalidBucketAclWithObjectOwnership",
            "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        )


def _after(token: str | None) -> str:
    if token is None:
        return ""
    try:
        after = decode_token(token)
    except ServiceError:
        after = None
    if not isinstance(after, str):
        raise failures.invalid_argument("The continuation token provided is incorrect", "continuation-token", token)
    return after
