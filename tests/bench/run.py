"""`make bench`: what Salvia costs, beside moto's server on the same calls, in one run.

Best of interleaved runs; ratios are what counts, since machines differ. CPU is what the server's processes burned.
Each figure that has a bar is shown with it, and a missed one is said.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.bench import (
    api,
    density,
    distributed,
    invoke,
    jobs,
    objects,
    pipelines,
    rows,
    scaling,
    serving,
    studio,
    transform,
)
from tests.bench.peers import Peer, listens, moto
from tests.bench.servers import Report, Servers
from tests.conftest import Jobs, eventually, free_port

_ROUNDS = 3
_ROWS = 100_000
_MODELS = 1_000
# At most so much of the peer's.
_RATIOS = {
    "create, server CPU ms": 1 / 4,
    "describe, server CPU ms": 1 / 8,
    "list 10, server CPU ms": 1 / 8,
    "list 100, server CPU ms": 1 / 8,
    "get 256 MiB, s": 1 / 3,
    "get 1 KiB, ms": 1 / 4,
}


def beside_moto(servers: Servers, report: Report) -> None:
    """The same calls on both, in turn."""
    server = servers.make()
    server.up()
    rows.fill(server, servers.peer(server), _ROWS)
    port = free_port()
    process = moto(port, _ROWS)
    try:
        ours = servers.peer(server)
        theirs = Peer("moto", f"http://127.0.0.1:{port}", lambda: [process.pid], ("test", "test"))
        eventually(lambda: listens(port), 120, "moto's server listens")
        disk = []
        for peer in (ours, theirs):
            peer.client("s3").create_bucket(Bucket="bench")
        for round_ in range(_ROUNDS):
            for peer in (ours, theirs):
                api.calls(peer, round_)
                objects.transfers(peer, round_)
            disk.append(objects.disk(server.home))
    finally:
        process.kill()
    print(f"{'':64} {'salvia':>10} {'moto':>10} {'ratio':>7}")
    for figure, value in ours.best.items():
        ratio = value / theirs.best[figure]
        bar = _RATIOS.get(figure)
        told = "" if bar is None else f"   bar ≤ {bar:.3f}{'' if ratio <= bar else '   MISSED'}"
        report.missed += bar is not None and ratio > bar
        print(f"{figure:64} {value:10.3f} {theirs.best[figure]:10.3f} {ratio:7.3f}{told}", flush=True)
    report.say("put 256 MiB, speed over dd conv=fdatasync", min(disk) / ours.best["put 256 MiB, s"], least=0.8)
    for figure, value in api.many_at_once(server, ours).items():
        report.say(figure, value, least=2000 if figure.startswith("creates") else None)
    server.salvia("down")


def long_lists(servers: Servers, report: Report) -> None:
    """A million jobs against ten thousand."""
    figures = []
    for count in (10_000, 1_000_000):
        server = servers.make()
        server.up()
        rows.fill(server, servers.peer(server), count)
        figures.append(api.lists(servers.peer(server)))
        server.salvia("down")
        shutil.rmtree(server.home)
    few, many = figures
    for figure in ("list 10, p50 ms", "list 100, p50 ms"):
        report.say(f"{figure}, at 1 M rows over at 10,000", many[figure] / few[figure], most=1.3)
    report.say(
        "NameContains without a match at 1 M rows, p50 ms", many["NameContains without a match, p50 ms"], most=100
    )


def training(servers: Servers, report: Report) -> None:
    """Starts, whole jobs, idleness."""
    server = servers.make()
    server.up()
    work = Jobs(server)
    work.run("print(1)")  # builds the image's environment
    for instances in (1, 2):
        for figure, value in jobs.first_line(work, instances).items():
            report.say(figure, value, most=500 if "p99" in figure else 150)
    for instances in (1, 2):
        report.say(
            f"10 s program to Completed, {instances} instance(s), over directly", jobs.whole(work, instances), most=1.05
        )
    report.say("a job's end to its waiter's return, s", jobs.waited(work), most=0.3)
    server.salvia("down")
    bars = {"up to ready, s": 2.0, "idle, MB over all processes": 200.0, "idle, % of a core": 1.0}
    for figure, value in jobs.idle(servers.make).items():
        report.say(figure, value, most=bars[figure])


def model_server(servers: Servers, report: Report) -> None:
    """The model server itself, beside FastAPI and uvicorn."""
    best = serving.figures(servers.images)
    print(f"{'one row of CSV, XGBoost':64} {'salvia':>10} {'fastapi':>10} {'ratio':>7}")
    for figure, value in best["salvia"].items():
        print(f"{figure:64} {value:10.3f} {best['fastapi'][figure]:10.3f} {value / best['fastapi'][figure]:7.3f}")
    figure = "c=32: requests/s"
    report.say(f"{figure}, over FastAPI's", best["salvia"][figure] / best["fastapi"][figure], least=4)


def inference(servers: Servers, report: Report) -> None:
    """Endpoints: what the way to a model costs."""
    server = servers.make()
    server.up()
    bars = {
        "  of that": {"least": 0.45},
        "  added, p50 ms": {"most": 0.2},
        "  added, p99 ms": {"most": 2.0},
        "  p50 with data capture over without": {"most": 1.05},
        "  p50 with data capture over without, half load": {"most": 1.05},
        "  over FastAPI's": {"least": 4},
        "  over LitServe's": {"least": 4},
    }
    for figure, value in invoke.figures(server, servers.peer(server), servers.images).items():
        report.say(figure, value, **bars.get(figure, {}))
    server.salvia("down")


def serving_soon(servers: Servers, report: Report) -> None:
    """Endpoints: how soon they serve."""
    server = servers.make()
    server.up()
    for figure, value in scaling.figures(server).items():
        report.say(figure, value, most=3 if "ALARM" in figure else 2)
    server.salvia("down")


def many_models(servers: Servers, report: Report) -> None:
    """A thousand models within one instance's memory."""
    server = servers.make()
    server.up()
    for figure, value in density.figures(server, servers.peer(server), servers.images, _MODELS).items():
        report.say(figure, value, most=1 if "at most" in figure else None)
    server.salvia("down")


def batch(servers: Servers, report: Report) -> None:
    """A million rows at once."""
    server = servers.make()
    server.up()
    with tempfile.TemporaryDirectory(prefix="salvia-bench-") as folder:
        for figure, value in transform.figures(server, servers.images, Path(folder)).items():
            report.say(figure, value, least=0.7 if "local" in figure else None)
    server.salvia("down")


def workflows(servers: Servers, report: Report) -> None:
    """Pipelines, beside Prefect and Dagster on the same graphs."""
    server = servers.make()
    server.up()
    bars = {
        "chain of 50 conditions, over the faster peer's": {"most": 0.25},
        "chain of 50 processing jobs, s a step": {"most": 0.3},
        "1,000 callbacks at once, steps/s over the faster peer's": {"least": 1.0},
    }
    for figure, value in pipelines.figures(server, servers.images).items():
        report.say(figure, value, **bars.get(figure, {}))
    server.salvia("down")


def together(servers: Servers, report: Report) -> None:
    """Training on several instances: what it costs, and whether the model is as good."""
    server = servers.make()
    server.up()
    found = distributed.figures(server)
    for figure, value in found.items():
        report.say(figure, value)
    for name in ("XGBoost", "DDP"):
        losses = [value for figure, value in found.items() if figure.startswith(name) and figure.endswith("loss")]
        report.say(f"{name}: greatest loss over smallest", max(losses) / min(losses), most=1.05)
    server.salvia("down")


def pages(servers: Servers, report: Report) -> None:
    """Studio: in a browser, and what open pages cost."""
    server = servers.make()
    shutil.rmtree(server.home / "containers" / "jupyterlab")  # the tests' stand-in for the real image
    server.up()
    for figure, value in studio.figures(server, servers.peer(server)):
        report.say(figure, value, most=studio.BARS.get(figure))
    server.salvia("down")


PARTS = {
    "moto": beside_moto,
    "lists": long_lists,
    "jobs": training,
    "server": model_server,
    "invoke": inference,
    "scaling": serving_soon,
    "mme": many_models,
    "transform": batch,
    "distributed": together,
    "pipelines": workflows,
    "studio": pages,
}


def main() -> None:
    report, servers = Report(), Servers()
    try:
        for name in sys.argv[1:] or PARTS:
            PARTS[name](servers, report)
    finally:
        servers.close()
    print(f"{report.missed} bars missed" if report.missed else "every bar is kept")


if __name__ == "__main__":
    main()
