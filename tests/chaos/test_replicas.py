"""Several servers on one PostgreSQL and one object store: any of them answers, any may die."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Jobs, Server, eventually
from tests.postgresql import Cluster

SLEEP = "import time, uuid; print('run', uuid.uuid4(), flush=True); time.sleep({})"


def test_they_are_one_server(replicas: tuple[Server, Server]) -> None:
    """The same keys, buckets, objects and jobs, at once."""
    one, two = replicas
    assert one.environment["AWS_SECRET_ACCESS_KEY"] == two.environment["AWS_SECRET_ACCESS_KEY"]
    jobs = Jobs(two)
    for number in range(20):
        body = os.urandom(10_000)
        (one, two)[number % 2].client("s3").put_object(Bucket=jobs.bucket, Key="k", Body=body)
        assert (two, one)[number % 2].client("s3").get_object(Bucket=jobs.bucket, Key="k")["Body"].read() == body
    name = jobs.start(SLEEP.format(1))
    assert Jobs(one).describe(name)["TrainingJobName"] == name
    assert Jobs(one).ended(name)["TrainingJobStatus"] == "Completed"
    assert len(jobs.lines(name)) == 1


def test_no_password_is_shown(replicas: tuple[Server, Server], postgresql: Cluster) -> None:
    """Not by the command line, not to whoever lists processes, not in a file that others may read."""
    one, _ = replicas
    shown = one.salvia("status").stdout + one.salvia("status", "--json").stdout
    assert f"postgresql://salvia@127.0.0.1:{postgresql.port}/" in shown
    shown += one.salvia("doctor", check=False).stdout
    pids = [entry["pid"] for entry in one.status()["processes"]]
    commands = b"".join(Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids)
    assert b"salvia" in commands
    logs = b"".join(path.read_bytes() for path in (one.home / "log").iterdir())
    for said in (shown.encode(), commands, logs):
        assert postgresql.password.encode() not in said
    for pid in pids:
        if pid not in one.pids("supervisor"):
            assert postgresql.password.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    assert (one.home / "run" / "settings.json").stat().st_mode & 0o777 == 0o600


def test_concurrent_writers_leave_one_newest_version_of_each_key(replicas: tuple[Server, Server]) -> None:
    """Reads and writes of one unit are not interleaved with another gateway's: no put is lost, none is twice latest."""
    jobs = Jobs(replicas[0])
    s3 = jobs.s3
    s3.put_bucket_versioning(Bucket=jobs.bucket, VersioningConfiguration={"Status": "Enabled"})

    def put(number: int) -> str:
        client = replicas[number % 2].client("s3")
        return str(client.put_object(Bucket=jobs.bucket, Key=f"k{number % 3}", Body=b"x" * number)["VersionId"])

    with ThreadPoolExecutor(12) as pool:
        written = list(pool.map(put, range(240)))
    found = s3.get_paginator("list_object_versions").paginate(Bucket=jobs.bucket).build_full_result()["Versions"]
    assert {version["VersionId"] for version in found} == set(written)
    assert Counter(version["Key"] for version in found if version["IsLatest"]) == {"k0": 1, "k1": 1, "k2": 1}


def test_of_many_who_create_the_same_one_succeeds(replicas: tuple[Server, Server]) -> None:
    """Unique names stay unique across gateways, and the others get AWS's error. Source: API_CreateUser."""

    def create(number: int) -> str:
        try:
            replicas[number % 2].client("iam").create_user(UserName="Contended")
        except Exception as error:
            return str(error.response["Error"]["Code"])  # type: ignore[attr-defined]
        return "created"

    with ThreadPoolExecutor(12) as pool:
        assert Counter(pool.map(create, range(24))) == {"created": 1, "EntityAlreadyExists": 23}


def test_a_stopped_controller_loses_its_leases_to_the_other(replicas: tuple[Server, Server]) -> None:
    """Of two controllers of one node one hangs: every job completes, once."""
    one, two = replicas
    for controller in two.pids("controller"):
        os.kill(controller, signal.SIGSTOP)
    hung = one.pids("controller")[0]
    jobs = Jobs(one)
    names = [jobs.start(SLEEP.format(2)) for _ in range(4)]
    jobs.reaches(names[0], "Training")
    os.kill(hung, signal.SIGSTOP)
    try:
        ended = [jobs.ended(name, 90) for name in names]
    finally:
        for pid in (hung, *two.pids("controller")):
            os.kill(pid, signal.SIGCONT)
    assert [job["TrainingJobStatus"] for job in ended] == ["Completed"] * 4
    assert [len(jobs.lines(name)) for name in names] == [1] * 4


def test_a_restarted_database_costs_no_acknowledged_write(replicas: tuple[Server, Server], postgresql: Cluster) -> None:
    """An orderly restart and a crash, amid writes: what was answered is there, and everything goes on by itself."""
    jobs = Jobs(replicas[0])
    name = jobs.start(SLEEP.format(8))
    jobs.reaches(name, "Training")
    written: list[str] = []
    over = threading.Event()

    def write(server: Server) -> None:
        number = 0
        while not over.is_set():
            key = f"{server.port}/{number}"
            number += 1
            try:
                server.client("s3").put_object(Bucket=jobs.bucket, Key=key, Body=key.encode())
            except Exception:  # not acknowledged: it may be there or not
                continue
            written.append(key)

    with ThreadPoolExecutor() as pool:
        for server in replicas:
            pool.submit(write, server)
        for how in (signal.SIGINT, signal.SIGQUIT):
            seen = len(written)
            eventually(lambda seen=seen: len(written) > seen + 20, 60, "writes")  # type: ignore[misc]
            postgresql.stop(how)
            postgresql.start()
        seen = len(written)
        eventually(lambda: len(written) > seen + 20, 60, "writes again")
        over.set()
    for key in written:
        assert jobs.s3.get_object(Bucket=jobs.bucket, Key=key)["Body"].read() == key.encode()
    assert jobs.ended(name)["TrainingJobStatus"] == "Completed"


@pytest.mark.timeout(300)
def test_jobs_of_a_node_wait_for_it_and_of_a_dead_one_are_lost(replicas: tuple[Server, Server]) -> None:
    """No other node touches a job whose node is only restarted; one whose machine is gone fails and says so."""
    one, two = replicas
    for pid in two.pids("controller"):
        os.kill(pid, signal.SIGSTOP)  # so that the first node takes the jobs
    jobs = Jobs(two)
    short, long = jobs.start(SLEEP.format(15)), jobs.start(SLEEP.format(300))
    for name in (short, long):
        jobs.reaches(name, "Training")
    for pid in two.pids("controller"):
        os.kill(pid, signal.SIGCONT)
    one.down()
    time.sleep(5)  # nothing may happen meanwhile
    one.up()
    assert jobs.ended(short)["TrainingJobStatus"] == "Completed"
    assert len(jobs.lines(short)) == 1
    for role in ("supervisor", "gateway", "controller", "agent"):
        for pid in one.pids(role):
            os.kill(pid, signal.SIGKILL)
    ended: dict[str, Any] = jobs.ended(long, 110)
    assert ended["TrainingJobStatus"] == "Failed"
    assert "lost" in ended["FailureReason"]
    one.up()


def test_hints_reach_the_other_node(replicas: tuple[Server, Server]) -> None:
    """A job that is created through one node starts on the other at once, not at its next poll (up to 5 s)."""
    one, _ = replicas
    for pid in one.pids("controller"):
        os.kill(pid, signal.SIGSTOP)
    jobs = Jobs(one)
    waited = []
    try:
        for _ in range(3):
            time.sleep(6)  # idle, so that polling is at its slowest
            begun = time.monotonic()
            name = jobs.start("pass")
            eventually(lambda name=name: len(jobs.describe(name)["SecondaryStatusTransitions"]) > 1, 30)  # type: ignore[misc]
            waited.append(time.monotonic() - begun)
    finally:
        for pid in one.pids("controller"):
            os.kill(pid, signal.SIGCONT)
    assert sorted(waited)[1] < 2.5, waited
