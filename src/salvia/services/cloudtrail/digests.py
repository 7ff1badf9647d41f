"""Digest files: what was delivered, each signed and naming the one before.

A trail's `Chain` is where its digests have got to: `since` when the next one begins, and for each region the files that
it will list and the digest before. Source: CloudTrail user guide, "CloudTrail digest file structure", "Custom
implementations of CloudTrail log file integrity validation".
"""

from __future__ import annotations

import gzip
import hashlib
from typing import Any

import orjson

from salvia.control.world import World
from salvia.core.clock import timestamp
from salvia.store import events
from salvia.store.documents import Document

from . import bucket, keys

EVERY = 3600.0
_HASH, _SIGNATURE = "SHA-256", "SHA256withRSA"


def begin(trail: Document, now: float) -> None:
    """Begin a chain, unless one is under way."""
    trail.status.setdefault("Chain", {"since": float(int(now)), "regions": {trail.region: _nothing()}})


def add(trail: Document, region: str, file: dict[str, Any]) -> None:
    """List a log file in the region's next digest."""
    if "Chain" in trail.status:
        trail.status["Chain"]["regions"].setdefault(region, _nothing())["files"].append(file)


def intend(trail: Document, now: float) -> None:
    """Decide on a digest for every region, up to now; they are written one by one."""
    chain = trail.status["Chain"]
    trail.status["Digest"] = {
        "end": float(max(int(now), int(chain["since"]) + 1)),
        "bucket": trail.spec["S3BucketName"],
        "folder": bucket.folder(trail, "CloudTrail-Digest"),
        "left": sorted(chain["regions"]),
    }


async def write(world: World, trail: Document) -> None:
    """Write the digest of the first region that is left; the trail then knows it as the one before."""
    intent, chain = trail.status["Digest"], trail.status["Chain"]
    region = intent["left"][0]
    mine = chain["regions"][region]
    signer = await keys.signer(world, trail.account, region, intent["end"])
    day = timestamp(intent["end"]).strftime("%Y/%m/%d")
    stamp = timestamp(intent["end"]).strftime("%Y%m%dT%H%M%SZ")
    name = f"{trail.account}_CloudTrail-Digest_{region}_{trail.spec['Name']}_{trail.region}_{stamp}.json.gz"
    key = f"{intent['folder']}/{region}/{day}/{name}"
    before = mine["previous"] or {}
    times = [file[member] for file in mine["files"] for member in ("oldestEventTime", "newestEventTime")]
    content = orjson.dumps(
        {
            "awsAccountId": trail.account,
            "digestStartTime": events.moment(chain["since"]),
            "digestEndTime": events.moment(intent["end"]),
            "digestS3Bucket": intent["bucket"],
            "digestS3Object": key,
            "digestPublicKeyFingerprint": signer.fingerprint,
            "digestSignatureAlgorithm": _SIGNATURE,
            "newestEventTime": max(times, default=None),
            "oldestEventTime": min(times, default=None),
            "previousDigestS3Bucket": before.get("bucket"),
            "previousDigestS3Object": before.get("key"),
            "previousDigestHashValue": before.get("hash"),
            "previousDigestHashAlgorithm": _HASH if before else None,
            "previousDigestSignature": before.get("signature"),
            "logFiles": mine["files"],
        }
    )
    hashed = hashlib.sha256(content).hexdigest()
    signature = signer.sign(
        f"{events.moment(intent['end'])}\n{intent['bucket']}/{key}\n{hashed}\n{before.get('signature') or 'null'}"
    )
    metadata = {"signature": signature, "signature-algorithm": _SIGNATURE}
    await bucket.put(world, trail, intent["bucket"], key, gzip.compress(content, mtime=0), metadata)
    chain["regions"][region] = {
        "files": [],
        "previous": {"bucket": intent["bucket"], "key": key, "hash": hashed, "signature": signature},
    }
    trail.status["LatestDigestDeliveryTime"] = world.clock.now()
    del intent["left"][0]
    if not intent["left"]:
        chain["since"] = intent["end"]
        del trail.status["Digest"]


def listed(bucket_name: str, key: str, content: bytes, records: list[dict[str, Any]]) -> dict[str, Any]:
    """A log file as a digest lists it."""
    times = [record["eventTime"] for record in records]
    return {
        "s3Bucket": bucket_name,
        "s3Object": key,
        "hashValue": hashlib.sha256(content).hexdigest(),
        "hashAlgorithm": _HASH,
        "newestEventTime": max(times),
        "oldestEventTime": min(times),
    }


def _nothing() -> dict[str, Any]:
    return {"files": [], "previous": None}
