"""Default encryption. Source: API_PutBucketEncryption, API_GetBucketEncryption, API_DeleteBucketEncryption."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, Reply, operation
from salvia.store.documents import Document

from .. import buckets, failures, intake

_KEY = "BucketKeyEnabled"


@operation("GetBucketEncryption")
async def get_bucket_encryption(call: Call) -> dict[str, Any]:
    """AES256, which every bucket of S3 has since 2023."""
    bucket = buckets.find(call)
    return {
        "ServerSideEncryptionConfiguration": {
            "Rules": [
                {
                    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                    _KEY: bool(bucket.status.get(_KEY)),
                }
            ]
        }
    }


@operation("PutBucketEncryption")
async def put_bucket_encryption(call: Call) -> dict[str, Any]:
    """Accepts AES256. Raises NotImplemented for KMS keys."""
    intake.prove(call)
    rules = call.request["ServerSideEncryptionConfiguration"]["Rules"]
    for rule in rules:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if default.get("SSEAlgorithm", "AES256") != "AES256" or default.get("KMSMasterKeyID"):
            raise failures.not_implemented(
                f"Salvia does not implement {default.get('SSEAlgorithm')} as a bucket's default encryption yet; "
                "AES256, the default, works."
            )
        if rule.get("BlockedEncryptionTypes"):
            raise failures.not_implemented("Salvia does not implement blocking types of encryption yet.")

    def edit(bucket: Document) -> None:
        bucket.status[_KEY] = any(rule.get(_KEY) for rule in rules)

    await buckets.change(call, edit)
    return {}


@operation("DeleteBucketEncryption")
async def delete_bucket_encryption(call: Call) -> Reply:
    """Back to AES256 without a bucket key."""

    def edit(bucket: Document) -> None:
        bucket.status.pop(_KEY, None)

    await buckets.change(call, edit)
    return Reply(status=204)
