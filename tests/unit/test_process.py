"""Locks that say who lives, settings that reach every process, and the supervisor's refusals."""

from __future__ import annotations

import http.server
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from salvia import process
from salvia.app import server_secret
from salvia.detached import ready
from salvia.process import CannotStart
from salvia.settings import Settings, default_home
from salvia.supervisor import Supervisor

HOLD = """
import signal, sys, pathlib, time
from salvia.process import Lock
if len(sys.argv) > 2: signal.signal(signal.SIGTERM, signal.SIG_IGN)
lock = Lock(pathlib.Path(sys.argv[1]))
assert lock.take()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gateway-0.lock"


def hold(path: Path, *options: str) -> subprocess.Popen[str]:
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(path), *options], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    child.stdout.close()
    return child


def test_a_lock_names_who_holds_it_as_long_as_it_lives(path: Path) -> None:
    assert process.holder(path) is None
    child = hold(path)
    assert process.holder(path) == child.pid
    other = process.Lock(path)
    assert other.take() is False
    other.release()
    assert process.running(path.parent) == [process.Process("gateway", child.pid)]
    child.kill()
    child.wait()
    assert process.holder(path) is None
    assert process.running(path.parent) == []
    mine = process.Lock(path)
    assert mine.take()
    assert process.holder(path) == os.getpid()
    mine.release()
    assert process.holder(path) is None


def test_looking_who_holds_a_lock_does_not_keep_others_from_taking_it(path: Path) -> None:
    """`salvia status` looks at any moment, that of a start among them."""
    path.touch()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            process.holder(path)
            time.sleep(0.001)

    lookers = [threading.Thread(target=look) for _ in range(2)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(100):
            lock = process.Lock(path)
            assert lock.take()
            lock.release()
    finally:
        over.set()
        for looker in lookers:
            looker.join()


def test_a_lock_in_a_folder_that_is_not_there_is_not_taken(tmp_path: Path) -> None:
    assert process.Lock(tmp_path / "absent" / "x.lock").take() is False


@pytest.mark.parametrize(("options", "ended_by"), [((), signal.SIGTERM), (("deaf",), signal.SIGKILL)])
def test_end_asks_then_kills(path: Path, options: tuple[str, ...], ended_by: int) -> None:
    child = hold(path, *options)
    process.end(child.pid, 0.3, alive=path)
    assert child.wait(10) == -ended_by


def test_a_log_line_is_json_with_what_the_event_carries(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    process.log_to(tmp_path / "log" / "x.log")
    try:
        try:
            raise OSError("no disk")
        except OSError:
            logging.getLogger("salvia.test").exception("failed %d", 3, extra={"event": "e", "path": Path("/x")})
    finally:
        for handler in root.handlers:
            handler.close()
        root.level, root.handlers = before
    line = json.loads((tmp_path / "log" / "x.log").read_text())
    assert (line["level"], line["message"], line["event"], line["path"]) == ("error", "failed 3", "e", "/x")
    assert "OSError: no disk" in line["error"]


def test_settings_come_back_as_they_were_saved(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    settings = Settings(
        tmp_path, "::1", 1234, "off", 3, "sqlite:////x/y.db", "https://salvia.example", region="eu-west-1"
    )
    settings.save()
    assert Settings.load(tmp_path) == settings
    assert os.listdir(tmp_path / "run") == ["settings.json"]


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Settings(Path("/x")), "http://127.0.0.1:7258"),
        (Settings(Path("/x"), host="0.0.0.0"), "http://127.0.0.1:7258"),
        (Settings(Path("/x"), host="::1", port=1), "http://[::1]:1"),
        (Settings(Path("/x"), advertise="https://salvia.example"), "https://salvia.example"),
    ],
)
def test_the_url_is_where_others_find_the_gateway(settings: Settings, url: str) -> None:
    assert settings.url == url


def test_the_data_directory_is_salvia_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SALVIA_HOME", str(tmp_path))
    assert default_home() == tmp_path
    monkeypatch.delenv("SALVIA_HOME")
    assert default_home() == Path("~/.salvia").expanduser()


def test_the_server_s_secret_is_made_once_and_for_nobody_else(tmp_path: Path) -> None:
    first = server_secret(tmp_path)
    assert len(first) == 32
    assert server_secret(tmp_path) == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["secret.key"]


def test_processes_that_make_the_secret_at_once_agree_on_it(tmp_path: Path) -> None:
    code = "import sys, pathlib, salvia.app as app; print(app.server_secret(pathlib.Path(sys.argv[1])).hex())"
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = {child.communicate(timeout=30)[0] for child in children}
    assert len(said) == 1


def prepare(settings: Settings) -> None:
    """Prepare a supervisor as `salvia up` does, and let go of what it took."""
    supervisor = Supervisor(settings)
    try:
        supervisor.prepare(print)
    finally:
        supervisor._lock.release()
        if supervisor._listener is not None:
            supervisor._listener.close()


def test_two_supervisors_never_share_a_data_directory(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    child = hold(tmp_path / "run" / "supervisor.lock")
    with pytest.raises(CannotStart, match=f"already runs on .* \\(process {child.pid}\\)"):
        prepare(Settings(tmp_path, port=0))
    child.kill()
    child.wait()


def test_a_database_that_is_none_of_ours_is_said(tmp_path: Path) -> None:
    (tmp_path / "salvia.db").write_text("this is no database, but long enough to be looked at" * 10)
    with pytest.raises(CannotStart, match="cannot be brought to this version's schema"):
        prepare(Settings(tmp_path, port=0))


def test_a_taken_port_is_said(tmp_path: Path, health: int) -> None:
    with pytest.raises(CannotStart, match=f"Port {health} on 127.0.0.1"):
        prepare(Settings(tmp_path, port=health))


@pytest.fixture
def health() -> Iterator[int]:
    """A port where something is healthy."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("advertise", ["", "https://salvia.example", "http://salvia.example/", "http://127.0.0.1:1"])
def test_readiness_is_asked_of_this_machine_whatever_is_advertised(tmp_path: Path, health: int, advertise: str) -> None:
    assert ready(Settings(tmp_path, port=health, advertise=advertise), 5)


def test_not_ready_is_said_in_time(tmp_path: Path) -> None:
    began = time.monotonic()
    assert ready(Settings(tmp_path, port=1), 0.2) is False
    assert time.monotonic() - began < 2


def test_whoever_forks_waits_for_threads_to_be_gone() -> None:
    """Not only until they were joined."""
    program = """
import threading
from salvia import process
end = threading.Event()
threading.Thread(target=end.wait).start()
print(process.alone(patience=0.1))
end.set()
print(process.alone())
"""
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.split() == ["False", "True"]
