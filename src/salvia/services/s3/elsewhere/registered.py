"""The buckets that are served from elsewhere: documents as all buckets are, renewed from the settings at each start."""

from __future__ import annotations

import re

import orjson

from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.objectstore.location import Location
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from ..buckets import BUCKET, ENDPOINT, PUBLIC_ACCESS_BLOCK

_BLOCKED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_ALL = "SELECT id, name, spec FROM documents WHERE kind = :kind AND account = '' AND region = ''"


def locations(text: str) -> dict[str, Location]:
    """The places of a setting, URLs separated by commas or spaces, by bucket. Raises ValueError."""
    found: dict[str, Location] = {}
    for url in re.split(r"[,\s]+(?=s3://)", text.strip()) if text.strip() else ():
        location = Location.parse(url)
        if location.prefix:
            raise ValueError(f"s3://{location.bucket} is served whole, without a prefix.")
        if location.bucket in found:
            raise ValueError(f"s3://{location.bucket} is named twice.")
        found[location.bucket] = location
    return found


async def bootstrap(world: World) -> None:
    """Register what the settings name, and forget what they do not name any more; its objects stay where they are."""
    wanted = locations(world.settings.buckets)
    now = world.clock.now()

    def work(tx: Transaction) -> None:
        for row in tx.all(_ALL, {"kind": BUCKET.kind}):
            if row["name"] not in wanted and ENDPOINT in orjson.loads(row["spec"]):
                documents.delete(tx, row["id"])
        for name, location in wanted.items():
            bucket = Document(
                kind=BUCKET.kind,
                account="",
                region="",
                name=name,
                arn=BUCKET.arn_of({"Bucket": name}, "", ""),
                owner=world.settings.account,
                spec={"Bucket": name, "Region": location.region, ENDPOINT: location.endpoint},
                status={PUBLIC_ACCESS_BLOCK: dict.fromkeys(_BLOCKED, True)},
                created_at=now,
                modified_at=now,
            )
            if documents.insert(tx, bucket):
                continue
            there = documents.find(tx, BUCKET.kind, "", "", name)
            if there is None or ENDPOINT not in there.spec:
                raise ServiceError(
                    "BucketAlreadyExists",
                    f"There is a bucket {name} here already, which --buckets would hide. Delete it, or leave "
                    f"s3://{name} out of --buckets.",
                    409,
                )
            there.spec = bucket.spec
            documents.update(tx, there)

    await world.db.write(work)
