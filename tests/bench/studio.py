"""Studio: everything that its pages are held to, on one server with ten thousand jobs."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench import curves, live, notebook, pages
from tests.bench.chromium import Visitor, chromium
from tests.bench.peers import CREATE, Peer
from tests.bench.rows import fill
from tests.conftest import Server

_JOBS = 10_000
_JOB = "row-0"  # the oldest
# At most.
BARS = {
    "first load, gzip, KB": 600,
    "10,000 jobs usable, empty cache, ms": 1000,
    "10,000 jobs usable, page loaded again, ms": 1000,
    "10,000 jobs usable, by a click on Home, ms": 1000,
    "interactions, p95 ms": 200,
    "curves of 3 × 100,000 points, answered, ms": 300,
    "curves of 3 × 100,000 points, asked for and drawn, ms": 300,
    "notebook from the click that creates it to JupyterLab, s": 6,
    "200 streams alone, cores": 1,
    "200 open pages that ask anew for the newest 100 jobs, cores": 1,
}


def figures(server: Server, peer: Peer) -> Iterator[tuple[str, float]]:
    """Each with its name, as it comes."""
    metrics = [{"Name": name, "Regex": "=(.*)"} for name in curves.METRICS]
    fill(
        server,
        peer,
        _JOBS,
        apart=curves.POINTS // _JOBS,  # so that the oldest is as old as its curves
        AlgorithmSpecification={**CREATE["AlgorithmSpecification"], "MetricDefinitions": metrics},
        HyperParameters={"eta": "0.1"},
    )
    curves.measure(server, _JOB)
    yield from curves.answered(server, _JOB).items()
    with chromium() as browser:
        visitor = Visitor(browser, server)
        yield from curves.drawn(visitor, _JOB).items()
        for measure in (pages.first_load, pages.long_table, pages.interactions, notebook.figures):
            yield from measure(visitor).items()
    yield from live.figures(server).items()
