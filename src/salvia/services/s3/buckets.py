"""The bucket: a document whose name is unique over all accounts. What is configured stands in its `status`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from salvia.control.call import Call
from salvia.control.resource import Resource, Scope
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from . import failures

BUCKET = Resource(
    noun="Bucket",
    service="s3",
    scope=Scope.PARTITION,
    key="Bucket",
    arn="{Bucket}",
    operations=frozenset(),
    missing=failures.no_such_bucket,
)

ENDPOINT = "Endpoint"  # in the spec of a bucket that is another S3's
VERSIONING = "Versioning"  # Enabled or Suspended; absent: never enabled
POLICY = "Policy"
PUBLIC_ACCESS_BLOCK = "PublicAccessBlock"
OWNERSHIP = "OwnershipControls"


def find(call: Call) -> Document:
    """The bucket of a request, checked to be the caller's. Raises NoSuchBucket or AccessDenied."""
    return named(call, call.request["Bucket"], call.request.get("ExpectedBucketOwner"))


def named(call: Call, name: str, expected_owner: str | None = None) -> Document:
    """The bucket `name`. Raises NoSuchBucket, or AccessDenied when it is not `expected_owner`'s."""
    bucket = documents.find(call.db.read(), BUCKET.kind, "", "", name)
    if bucket is None:
        raise failures.no_such_bucket(name)
    if expected_owner is not None and expected_owner != bucket.owner:
        raise failures.access_denied()
    caller = call.caller
    # Authorisation weighs policies as within one account; between accounts nothing is shared, so that it stays so.
    if caller.account != bucket.owner and caller.kind not in ("anonymous", "service"):
        raise failures.access_denied()
    return bucket


def again(tx: Reader, bucket: Document) -> Document:
    """The bucket as it is within a transaction: it may have been deleted since it was found."""
    now = documents.by_id(tx, bucket.id)
    if now is None:
        raise failures.no_such_bucket(bucket.name)
    return now


async def change(call: Call, edit: Callable[[Document], None]) -> None:
    """Edit the bucket of a request in one transaction."""
    found = find(call)

    def work(tx: Transaction) -> None:
        bucket = again(tx, found)
        edit(bucket)
        bucket.modified_at = call.clock.now()
        documents.update(tx, bucket)

    await call.db.write(work)


def versioning(bucket: Document) -> str | None:
    """Enabled, Suspended, or None for a bucket that never had versions."""
    status: str | None = bucket.status.get(VERSIONING)
    return status


def region(bucket: Document) -> str:
    """Where the bucket was created."""
    name: str = bucket.spec["Region"]
    return name


def owner(account: str) -> dict[str, str]:
    """An account as an Owner member: its canonical user id."""
    return {"ID": hashlib.sha256(f"canonical user of {account}".encode()).hexdigest()}
