"""The command line, as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import Server, eventually, free_port


def test_up_twice_says_that_it_runs(salvia: Server) -> None:
    """One supervisor a data directory; one clear line and an exit code."""
    again = salvia.salvia("up", "--detach", "--port", str(free_port()), check=False)
    assert again.returncode == 1
    assert "already runs" in again.stderr
    assert again.stderr.count("\n") == 1


def test_a_taken_port_is_said_in_one_line(salvia: Server, tmp_path: Path) -> None:
    """Another data directory, the same port."""
    other = Server(tmp_path, salvia.port)
    refused = other.salvia("up", "--detach", "--port", str(salvia.port), check=False)
    assert refused.returncode == 1
    assert str(salvia.port) in refused.stderr
    assert "--port" in refused.stderr


def test_two_homes_run_side_by_side(salvia: Server, make_server: Callable[..., Server]) -> None:
    """SALVIA_HOME is all that tells them apart; what is in one is not in the other."""
    other = make_server()
    salvia.client("s3").create_bucket(Bucket="only-in-the-first")
    names = [bucket["Name"] for bucket in other.client("s3").list_buckets()["Buckets"]]
    assert "only-in-the-first" not in names
    other.down()


def test_env_is_shell_that_points_clients_here_and_unsets_what_would_win(salvia: Server) -> None:
    """`eval "$(salvia env)"` is all that a user adds, even in a shell set up for something else."""
    script = 'eval "$(salvia env)"; aws sts get-caller-identity'
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        text=True,
        env={
            "PATH": salvia.environment["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "SALVIA_HOME": str(salvia.home),
            "AWS_SESSION_TOKEN": "stale",
            "AWS_PROFILE": "nobody",
            "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1",
        },
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"] == "arn:aws:iam::123456789012:user/administrator"


def test_exec_runs_a_command_with_those_variables(salvia: Server) -> None:
    done = salvia.salvia("exec", "--", "sh", "-c", "echo $AWS_ENDPOINT_URL; exit 7", check=False)
    assert done.returncode == 7
    assert done.stdout.strip() == salvia.url


def test_status_names_every_process(salvia: Server) -> None:
    """`salvia status --json`: processes with role and pid, isolation, capacity, jobs."""
    status = salvia.status()
    assert {entry["role"] for entry in status["processes"]} >= {"gateway", "controller", "supervisor"}
    for entry in status["processes"]:
        os.kill(entry["pid"], 0)
    assert status["isolation"]["isolation"] in {"bubblewrap", "unshare", "none"}
    assert status["capacity"]["cpus"] >= 1


def test_commands_without_a_server_say_what_to_do(tmp_path: Path) -> None:
    """Empty states teach."""
    nowhere = Server(tmp_path / "home", 1)
    for command in (["env"], ["logs", "x"], ["exec", "--", "true"]):
        done = nowhere.salvia(*command, check=False)
        assert done.returncode == 1
        assert "salvia up" in done.stderr
    assert nowhere.salvia("down").stdout == "Salvia is not running.\n"
    assert nowhere.salvia("status", check=False).returncode == 1


def test_doctor_says_what_is_lacking(salvia: Server) -> None:
    done = salvia.salvia("doctor", check=False)
    assert "isolation level" in done.stdout


def test_images_are_listed_and_built(salvia: Server) -> None:
    assert "xgboost" in salvia.salvia("images").stdout
    unknown = salvia.salvia("images", "build", "xgbost", check=False)
    assert unknown.returncode == 2
    assert "xgboost" in unknown.stderr


def test_coverage_counts_operations(salvia: Server) -> None:
    assert "CreateTrainingJob" in salvia.salvia("coverage", "sagemaker").stdout
    assert "CreateWorkteam (NotImplemented)" in salvia.salvia("coverage", "sagemaker").stdout


def test_a_database_that_cannot_be_had_is_said_in_one_line(tmp_path: Path) -> None:
    """An unknown host, and a kind of database that is none."""
    server = Server(tmp_path, free_port())
    unreached = server.salvia("up", "--database", "postgresql://salvia:secret@127.0.0.1:1/y", check=False)
    assert unreached.returncode == 1
    assert "cannot be reached" in unreached.stderr
    assert unreached.stderr.count("\n") == 1
    assert "secret" not in unreached.stderr
    unknown = server.salvia("up", "--database", "mysql://x/y", check=False)
    assert unknown.returncode == 2
    assert "postgresql://" in unknown.stderr


def test_everything_is_there_after_down_and_up(make_server: Callable[..., Server]) -> None:
    """Durable: keys, buckets, objects, jobs."""
    server = make_server()
    server.client("s3").create_bucket(Bucket="durable")
    server.client("s3").put_object(Bucket="durable", Key="a", Body=b"1")
    keys = server.environment["AWS_ACCESS_KEY_ID"]
    server.down()
    assert server.pids("gateway") == []
    server.up()
    assert server.environment["AWS_ACCESS_KEY_ID"] == keys
    assert server.client("s3").get_object(Bucket="durable", Key="a")["Body"].read() == b"1"


def test_ctrl_c_ends_a_server_in_the_foreground(tmp_path: Path, salvia: Server) -> None:
    """`salvia up` alone is a running service; an interrupt ends it and all its processes."""
    port = free_port()
    started = subprocess.Popen(
        ["salvia", "up", "--port", str(port)],
        env={**salvia.environment, "SALVIA_HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(tmp_path, port)
    eventually(lambda: server.pids("gateway") and server.pids("controller"), 30)
    started.send_signal(signal.SIGINT)
    assert started.wait(20) == 0
    assert started.stderr is not None
    with started.stderr:
        assert 'eval "$(salvia env)"' in started.stderr.read()
    assert server.status()["processes"] == []


@pytest.fixture(scope="module")
def open_server(make_server: Callable[..., Server]) -> Server:
    return make_server("--auth", "off")


def test_auth_off_accepts_any_credentials(open_server: Server) -> None:
    """An emulator in somebody's CI: whatever keys, nothing is denied; said loudly in the log."""
    keys = ("anything", "at-all", None)
    assert open_server.client("sts", keys).get_caller_identity()["Account"] == "123456789012"
    open_server.client("s3", keys).create_bucket(Bucket="no-auth")
    open_server.client("s3", keys).put_object(Bucket="no-auth", Key="k", Body=b"body")
    assert open_server.client("s3", keys).get_object(Bucket="no-auth", Key="k")["Body"].read() == b"body"
    assert "WARNING" in (open_server.home / "log" / "supervisor.out").read_text()


def test_several_gateways_serve_one_port(make_server: Callable[..., Server]) -> None:
    server = make_server("--workers", "2")
    assert len(server.pids("gateway")) == 2
    for _ in range(10):
        server.client("sts").get_caller_identity()
    server.down()


def test_the_data_directory_is_its_owner_s_alone(tmp_path: Path) -> None:
    """It holds keys and data: nobody else may look inside."""
    server = Server(tmp_path / "home", free_port())
    server.up()
    server.down()
    assert server.home.stat().st_mode & 0o077 == 0
    assert (server.home / "credentials.json").stat().st_mode & 0o077 == 0
