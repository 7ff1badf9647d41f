"""A job with three curves of a hundred thousand points: how soon the server answers, and how soon they are drawn."""

from __future__ import annotations

import statistics
import time

from tests.bench.chromium import Visitor
from tests.bench.peers import cpu
from tests.conftest import Server
from tests.studio import Page, link

POINTS = 100_000
METRICS = ("train:loss", "validation:loss", "test:loss")
_SPACE = "/aws/sagemaker/TrainingJobs"
_TIMES = 7
# The legend is of the same moment as the canvas. Source: blocks/Chart.tsx.
_DRAWN = f"document.querySelectorAll('figure[aria-label=loss]:has(canvas) li').length === {len(METRICS)}"


def measure(server: Server, job: str) -> None:
    """Let a job have measured each metric every second until now."""
    cloudwatch, start = server.client("cloudwatch"), int(time.time()) - POINTS
    dimensions = [{"Name": "TrainingJobName", "Value": job}]
    for name in METRICS:
        common = {"MetricName": name, "Dimensions": dimensions, "StorageResolution": 1}
        for place in range(0, POINTS, 1000):
            numbers = range(place, place + 1000)
            data = [{**common, "Timestamp": start + number, "Value": 1 / (number + 1)} for number in numbers]
            cloudwatch.put_metric_data(Namespace=_SPACE, MetricData=data)


def answered(server: Server, job: str) -> dict[str, float]:
    """A request for the three, each in a thousand points: milliseconds, and those of the gateway's CPU."""
    page = Page(server)
    assert page.sign_in(link(server.client("salvia"))).status == 200
    queries = [{"Namespace": _SPACE, "MetricName": name, "Dimensions": {"TrainingJobName": job}} for name in METRICS]
    gateways, taken = server.pids("gateway"), []
    before = cpu(gateways)
    for _ in range(_TIMES):
        begun = time.monotonic()
        series = page.request("POST", "/_series", {"Queries": queries, "Points": 1000}).json["Series"]
        taken.append(time.monotonic() - begun)
        assert [one["Count"] for one in series] == [POINTS] * len(METRICS)
    return {
        "curves of 3 × 100,000 points, answered, ms": statistics.median(taken) * 1000,
        "  CPU of the gateway, ms": (cpu(gateways) - before) / _TIMES * 1000,
    }


def drawn(visitor: Visitor, job: str) -> dict[str, float]:
    """On a job's page: milliseconds from its asking for the curves until they are painted."""
    asked = []
    for _ in range(_TIMES):
        with visitor.tab() as tab:
            painted = tab.opened(f"/training-jobs/{job}", _DRAWN)
            ask = "performance.getEntriesByType('resource').find((one) => one.name.endsWith('/_series')).startTime"
            asked.append(painted - tab.page.evaluate(ask))
    return {"curves of 3 × 100,000 points, asked for and drawn, ms": statistics.median(asked)}
