"""What no bucket has here, told truly: tools ask for all of it. To set any of it is NotImplemented.

Source: the API reference's pages of these operations, for a bucket where nothing was configured.
"""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError

from .. import buckets


def _absent(call: Call, code: str, message: str) -> ServiceError:
    bucket = buckets.find(call)
    return ServiceError(code, message, 404, BucketName=bucket.name)


@operation("GetBucketCors")
async def get_bucket_cors(call: Call) -> dict[str, Any]:
    """Raises NoSuchCORSConfiguration."""
    raise _absent(call, "NoSuchCORSConfiguration", "The CORS configuration does not exist")


@operation("GetBucketWebsite")
async def get_bucket_website(call: Call) -> dict[str, Any]:
    """Raises NoSuchWebsiteConfiguration."""
    raise _absent(call, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")


@operation("GetBucketReplication")
async def get_bucket_replication(call: Call) -> dict[str, Any]:
    """Raises ReplicationConfigurationNotFoundError."""
    raise _absent(call, "ReplicationConfigurationNotFoundError", "The replication configuration was not found")


@operation("GetBucketLogging")
async def get_bucket_logging(call: Call) -> dict[str, Any]:
    """Nothing is logged."""
    buckets.find(call)
    return {}


@operation("GetBucketAccelerateConfiguration")
async def get_bucket_accelerate_configuration(call: Call) -> dict[str, Any]:
    """Nothing is accelerated."""
    buckets.find(call)
    return {}


@operation("GetBucketRequestPayment")
async def get_bucket_request_payment(call: Call) -> dict[str, Any]:
    """The owner pays."""
    buckets.find(call)
    return {"Payer": "BucketOwner"}
