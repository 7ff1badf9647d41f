"""A gateway that is being restarted: nothing is lost, and every job runs on (design.md, four processes)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from .world import Instance, World, channel, shell

AWAY = 3.0
MOMENTS = [
    "credentials",
    "report Downloading",
    "ListObjectsV2",
    "GetObject",
    "CreateLogGroup",
    "report Training",
    "PutLogEvents",
    "PutMetricData",
    "PutObject",
    "report Exited",
]


@pytest.fixture(scope="module")
def survivors(tmp_path_factory):
    """One job for each moment, all at once; each loses its gateway for three seconds at that moment."""

    def live(moment: str) -> tuple[World, Instance, dict]:
        world = World()
        world.buckets["bucket"] = {f"train/{number}": b"x" * 100_000 for number in range(20)}
        world.falls_at = (moment, AWAY)
        job = Instance(
            world,
            tmp_path_factory.mktemp("job") / "instance",
            shell("echo x=1; sleep 1; echo x=2; ls $ML/input/data/train | wc -l; echo m > $ML/model/m"),
            channels=[channel("train", "s3://bucket/train/")],
            metrics=[{"Name": "x", "Regex": "x=([0-9]+)"}],
        )
        return world, job, job.start().wait(60)

    with ThreadPoolExecutor(len(MOMENTS)) as pool:
        outcomes = dict(zip(MOMENTS, pool.map(live, MOMENTS), strict=True))
    yield outcomes
    for world, job, _ in outcomes.values():
        job.close()
        world.down()


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_job_survives_a_gateway_that_is_away(survivors, moment):
    """It completes, once, with every line, whatever was under way."""
    world, _, ended = survivors[moment]
    assert world.falls_at is None, "the gateway never fell"
    assert (ended["code"], ended["error"]) == (0, None)
    assert world.lines == ["x=1", "x=2", "20"]
    assert world.phases == ["Starting", "Downloading", "Training", "Uploading", "Exited"]
    assert "out/job/output/model.tar.gz" in world.buckets["bucket"]
    assert world.reports[-1]["metrics"][0]["Value"] == 2.0
