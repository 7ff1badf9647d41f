"""Endpoints that cost and that nobody calls: none of their variants was invoked for a day.

Source of the metric: the guide, "Monitor Amazon SageMaker with Amazon CloudWatch", endpoint invocation metrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from salvia.control import errand
from salvia.control.call import Call
from salvia.core.arns import parse_arn
from salvia.core.caller import service_caller
from salvia.core.clock import timestamp
from salvia.store import documents
from salvia.store.documents import Document
from salvia.store.usage import Stretch

_DAY, _HOUR = 86_400, 3_600
_SERVICE = "salvia"
_QUERIES = 500  # metrics a request of GetMetricData


async def endpoints(call: Call, running: Iterable[Stretch]) -> set[str]:
    """The ARNs of those among what runs that have run for a day."""
    now = call.clock.now()
    stretches = [one for one in running if parse_arn(one.arn).type == "endpoint"]
    settled = {one.owner for one in stretches if one.started_at <= now - _DAY}
    found = documents.several(call.db.read(), settled)
    serving = {document.arn: document for document in found.values() if document.state == "InService"}
    variants = list(dict.fromkeys((one.arn, one.use.part) for one in stretches if one.arn in serving))
    unused = set(serving)
    for region in sorted({document.region for document in serving.values()}):
        asked = [(serving[arn], variant) for arn, variant in variants if serving[arn].region == region]
        for place in range(0, len(asked), _QUERIES):
            unused -= await _invoked(call, region, asked[place : place + _QUERIES], now)
    return unused


async def _invoked(call: Call, region: str, variants: Sequence[tuple[Document, str]], now: float) -> set[str]:
    """The endpoints of those variants that were invoked in the last day."""
    request = {
        "StartTime": timestamp(now - _DAY),
        "EndTime": timestamp(now),
        "MetricDataQueries": [
            {
                "Id": f"v{place}",
                "MetricStat": {"Metric": _metric(endpoint.name, variant), "Period": _HOUR, "Stat": "Sum"},
            }
            for place, (endpoint, variant) in enumerate(variants)
        ],
    }
    # As the service: whoever may see the bill need not be allowed to see metrics.
    caller = service_caller(_SERVICE, call.account)
    answer = await errand.run(call.world, caller, _SERVICE, region, "cloudwatch", "GetMetricData", request)
    sums = {found["Id"]: sum(found["Values"]) for found in answer["MetricDataResults"]}
    return {endpoint.arn for place, (endpoint, _) in enumerate(variants) if sums.get(f"v{place}")}


def _metric(endpoint: str, variant: str) -> dict[str, Any]:
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    return {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
