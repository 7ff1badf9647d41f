"""The private door: tokens, phases, reports from beside an untrusted program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from tests.unit.control.rig import ACCOUNT, REGION, THING

from salvia.control import instances
from salvia.control.instances import Instance
from salvia.control.providers import RoleCredentials
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest
from salvia.store import documents
from salvia.store.documents import Document

Run = Callable[[Any], Any]
ROLE = "arn:aws:iam::123456789012:role/r"


class Door:
    """One instance of one job, and its agent's way in."""

    def __init__(self, world: World, run: Run) -> None:
        self.world, self.run = world, run
        self.job = Document(THING.kind, ACCOUNT, REGION, "job")
        self.token = instances.bearer(world.secret, self.job.id, 0, 0)
        row = Instance(self.job.id, 0, 0, ROLE, "SageMaker", instances.hash_of(self.token))

        def work(tx: Any) -> None:
            documents.insert(tx, self.job)
            instances.intend(tx, row)
            instances.intend(tx, Instance(self.job.id, 0, 0, ROLE, "SageMaker", "another"))

        run(world.db.write(work))

    def post(self, path: str, body: Any, token: str | None = None, method: str = "POST") -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        request = HttpRequest(
            method,
            f"/_instance/{path}",
            "",
            Headers([("Authorization", f"Bearer {token or self.token}")]),
            data,
        )
        answer = self.run(instances.answer(request, self.world))
        return answer.status, orjson.loads(answer.body)

    def report(self, phase: str, **more: Any) -> tuple[int, Any]:
        return self.post("report", {"phase": phase, **more})

    @property
    def row(self) -> Instance:
        (found,) = instances.of(self.world.db.read(), self.job.id, 0)
        return found

    @property
    def version(self) -> int:
        return documents.by_id(self.world.db.read(), self.job.id).version  # type: ignore[union-attr]


@pytest.fixture
def door(world: World, run: Run) -> Door:
    return Door(world, run)


def test_the_database_holds_no_token(door: Door) -> None:
    row = door.world.db.read().one("SELECT * FROM instances")
    assert door.token not in map(str, row)  # type: ignore[arg-type]


def test_a_token_follows_from_the_secret_and_the_instance(world: World) -> None:
    """So that a start repeated after a crash hands out the same."""
    assert instances.bearer(b"s", "j", 0, 0) == instances.bearer(b"s", "j", 0, 0)
    others = {
        instances.bearer(*args) for args in ((b"s", "j", 0, 0), (b"t", "j", 0, 0), (b"s", "j", 1, 0), (b"s", "j", 0, 1))
    }
    assert len(others) == 4


def test_phases_only_go_forward(door: Door) -> None:
    assert door.report("Training") == (200, {"stop": False})
    assert door.report("Downloading") == (200, {"stop": False})
    assert door.row.phase == "Training"


def test_a_late_report_does_not_undo_the_end(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check counts that is made in the transaction: a slow report and its repetition overtake each other."""
    stale = door.world.db.read().one("SELECT * FROM instances")
    door.report("Exited", exit={"code": 0})
    door.run(instances._report(stale, orjson.dumps({"phase": "Training"}), door.world))  # type: ignore[arg-type]
    assert door.row.exit is not None


def test_a_new_phase_wakes_the_job_and_a_heartbeat_does_not(door: Door) -> None:
    before = door.version
    door.report("Training")
    assert door.version == before + 1
    assert documents.by_id(door.world.db.read(), door.job.id).due_at is not None  # type: ignore[union-attr]
    door.report("Training", metrics=[{"MetricName": "loss", "Value": 1, "Timestamp": 2}])
    assert door.version == before + 1
    assert door.row.report["metrics"] == [{"MetricName": "loss", "Value": 1, "Timestamp": 2}]


def test_stop_reaches_the_agent_with_its_next_report(door: Door) -> None:
    door.run(door.world.db.write(lambda tx: instances.ask_to_stop(tx, door.job.id)))
    assert door.report("Training") == (200, {"stop": True})


@pytest.mark.parametrize("token", ["wrong", "", "revoked-"])
def test_an_unknown_token_is_refused(door: Door, token: str) -> None:
    status, _ = door.post("report", {"phase": "Training"}, token or " ")
    assert status == 403


def test_a_revoked_token_is_refused_and_its_report_kept(door: Door) -> None:
    door.report("Exited", exit={"code": 0})
    door.run(door.world.db.write(lambda tx: instances.revoke(tx, door.job.id)))
    assert door.report("Exited")[0] == 403
    assert door.post("credentials", {})[0] == 403
    assert door.row.exit is not None
    door.run(door.world.db.write(lambda tx: instances.forget(tx, door.job.id)))
    assert instances.of(door.world.db.read(), door.job.id, 0) == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"3", b'"Training"', b"{}", b'{"phase": 3}', b'{"phase": ["x"]}', b"\xff"]
)
def test_garbage_is_refused(door: Door, body: bytes) -> None:
    assert door.post("report", body)[0] == 400
    assert door.row.phase == "Starting"


def test_only_post_and_only_so_much(door: Door) -> None:
    assert door.post("report", {"phase": "Training"}, method="GET")[0] == 400
    assert door.post("report", b" " * (instances.MAX_REPORT + 1))[0] == 400
    assert door.post("elsewhere", {})[0] == 404


def test_the_longest_honest_report_is_taken(door: Door) -> None:
    """Twenty lines of 1,024 characters, each of which JSON may write as twelve."""
    import json

    body = json.dumps({"phase": "Exited", "exit": {"code": 1, "log_tail": ["😀" * 1024] * 20}}).encode()
    assert len(body) > 240_000
    assert door.post("report", body)[0] == 200
    assert door.row.exit["log_tail"] == ["😀" * 1024] * 20  # type: ignore[index]


def test_members_of_another_shape_are_left_out(door: Door) -> None:
    """Refused, the agent would repeat them for ever; stored, they would break every look at the job."""
    status, _ = door.report(
        "Exited",
        message=["x"],
        times={"Training": "soon", "Uploading": 5, "Lunch": 1, "Downloading": True},
        metrics=[3, {"MetricName": "a"}, {"MetricName": "b", "Value": 1.5, "Timestamp": 2, "more": "x" * 99}],
        exit={
            "code": "0",
            "signal": [],
            "oom": 1,
            "failure": {},
            "message": 7,
            "error": "broken",
            "log_tail": [1, "last"],
        },
        utilization={"CPUUtilization": "all of it", "Lunch": 1},
        active="now",
        busy=1,
        surprise="!",
    )
    assert status == 200
    assert door.row.report == {
        "phase": "Exited",
        "message": "",
        "times": {"Uploading": 5},
        "moments": {"Uploading": 5.0},
        "metrics": [{"MetricName": "b", "Value": 1.5, "Timestamp": 2}],
        "active": None,
        "busy": False,
        "exit": {
            "code": None,
            "signal": None,
            "oom": False,
            "stopped": False,
            "failure": None,
            "message": None,
            "error": None,
            "log_tail": ["last"],
        },
    }


def test_an_end_without_an_exit_is_a_failed_agent(door: Door) -> None:
    door.report("Exited")
    assert door.row.exit["error"]["code"] == "InternalError"  # type: ignore[index]


def test_an_exit_before_the_end_is_none(door: Door) -> None:
    door.report("Training", exit={"code": 0})
    assert door.row.exit is None


def test_credentials_are_those_of_the_role(door: Door) -> None:
    asked: list[Any] = []

    async def issue(*what: Any) -> RoleCredentials:
        asked.append(what)
        return RoleCredentials("ASIA", "secret", "token", 1_800_003_600.0)

    door.world.providers.role_credentials = issue
    assert door.post("credentials", {}) == (
        200,
        {
            "AccessKeyId": "ASIA",
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": "2027-01-15T09:00:00Z",
            "RoleArn": ROLE,
        },
    )
    assert asked == [(ROLE, "SageMaker", 3600, door.job.id)]


def test_a_role_that_is_gone_is_said(door: Door) -> None:
    async def issue(*_: Any) -> RoleCredentials:
        raise ServiceError("NoSuchEntity", "The role is gone.", 404)

    door.world.providers.role_credentials = issue
    assert door.post("credentials", {}) == (403, {"code": "NoSuchEntity", "message": "The role is gone."})


def test_a_handle_is_kept(door: Door) -> None:
    door.run(door.world.db.write(lambda tx: instances.started(tx, door.job.id, 0, 0, {"runtime": "r", "name": "n"})))
    assert door.row.handle == {"runtime": "r", "name": "n"}
