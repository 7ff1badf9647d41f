"""What services measure of themselves: to CloudWatch, as the service. These calls are no events.

The utilization of a job's instances comes with their agents' reports, for the role of a job need not be allowed to
publish anything. Source: SageMaker developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", jobs and
endpoint instance metrics.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from salvia.core import ids
from salvia.core.caller import service_caller
from salvia.store import documents

from .call import Call
from .world import World

_log = logging.getLogger("salvia.control")
_KINDS = ("TrainingJob", "ProcessingJob", "TransformJob")
_NAMESPACES = {f"sagemaker:{noun}": f"/aws/sagemaker/{noun}s" for noun in _KINDS}


async def put(world: World, account: str, region: str, namespace: str, data: Sequence[Mapping[str, Any]]) -> None:
    """Publish data of this moment."""
    moment = datetime.fromtimestamp(world.clock.now(), UTC)
    call = Call(
        service="cloudwatch",
        operation="PutMetricData",
        request={"Namespace": namespace, "MetricData": [{**one, "Timestamp": moment} for one in data]},
        caller=service_caller("sagemaker.amazonaws.com", account),
        account=account,
        region=region,
        request_id=ids.request_id(),
        world=world,
    )
    await world.dispatch.handler("cloudwatch", "PutMetricData")(call)


async def utilization(world: World, owner: str, host: str, percentages: Mapping[str, float]) -> None:
    """Publish how busy `host`, an instance of a job, is; else nothing. A failure is logged, and fails no report."""
    job = documents.by_id(world.db.read(), owner)
    if job is None or job.kind not in _NAMESPACES or not host.startswith(f"{job.name}/"):
        return
    dimensions = [{"Name": "Host", "Value": host}]
    common = {"Unit": "Percent", "Dimensions": dimensions, "StorageResolution": 1}
    data = [{"MetricName": name, "Value": value, **common} for name, value in percentages.items()]
    try:
        await put(world, job.account, job.region, _NAMESPACES[job.kind], data)
    except Exception:
        _log.exception("utilization is lost", extra={"event": "utilization-lost", "arn": job.arn})
