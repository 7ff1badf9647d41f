"""The process runtime: conformance at every level of isolation, and attempts to break out of each.

A level that this machine cannot give is left out by name.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server

from salvia.runtimes.base import InstanceState, Mount, UnsupportedError
from salvia.runtimes.folder import InstanceFolder
from salvia.runtimes.process import ProcessRuntime, agent_environment
from salvia.runtimes.sandbox import Level
from salvia.testing.runtimes import AGENT, FOREVER, Bench, RuntimeConformance, eventually, run

PYTHON = str(Path(sys.executable).resolve())


@cache
def lacks(level: Level) -> str:
    """Why this machine cannot give `level`; empty when it can."""
    with tempfile.TemporaryDirectory() as folder:
        report = ProcessRuntime(Path(folder) / "runtime", force_level=level).report()
    return "" if report["isolation"] else f"{report['missing'][0]['what']}: {report['missing'][0]['why']}"


def needs(level: Level) -> None:
    """Skip where the machine cannot give `level`."""
    if why := lacks(level):
        pytest.skip(why)


class ProcessConformance(RuntimeConformance):
    """Conformance at one level."""

    level: Level

    def make(self, directory: Path, agent_command: Sequence[str]) -> ProcessRuntime:
        needs(self.level)
        return ProcessRuntime(directory, agent_command=agent_command, force_level=self.level)


class TestBubblewrap(ProcessConformance):
    level = Level.BUBBLEWRAP


class TestUnshare(ProcessConformance):
    level = Level.UNSHARE


class TestNone(ProcessConformance):
    level = Level.NONE


@pytest.fixture(params=[Level.BUBBLEWRAP, Level.UNSHARE])
def cell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A runtime whose programs are in a sandbox."""
    needs(request.param)
    yield from _bench(tmp_path, request.param)


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Bench]:
    """A runtime that isolates nothing."""
    yield from _bench(tmp_path, Level.NONE)


def _bench(tmp_path: Path, level: Level) -> Iterator[Bench]:
    directory = tmp_path / "home" / "runtime"
    bench = Bench(lambda: ProcessRuntime(directory, agent_command=AGENT, force_level=level), tmp_path / "record")
    yield bench
    bench.close()


def python(code: str) -> tuple[str, ...]:
    """A program in Python."""
    return (PYTHON, "-c", code)


def test_a_program_sees_the_container_contract(cell: Bench) -> None:
    """/opt/ml is writable and the working directory; the host is algo-N; its peers have names."""
    said = cell.outcome("pwd; hostname; echo x > /opt/ml/here; getent hosts algo-2; ls /run/salvia", count=2)
    assert said.splitlines()[:2] == ["/opt/ml", "algo-1"]
    address = cell.runtime.address(cell.handles[0]).rpartition(".")[0] + ".11"
    assert said.splitlines()[2].split() == [address, "algo-2"]


def test_a_program_does_not_see_the_data_directory(cell: Bench, tmp_path: Path) -> None:
    """Neither the database nor another job, nor the agent's own SPEC, which holds a token."""
    cell.start(cell.spec(name="other-algo-1", group="other"))
    (tmp_path / "home" / "salvia.db").write_text("secret")
    code = f"""
import os, sys
places = [d for d in os.listdir('/') if d not in ('proc', 'usr', 'lib')]
for place in places:
    for folder, folders, files in os.walk('/' + place):
        folders[:] = [name for name in folders if os.path.join(folder, name) != sys.base_prefix]
        print(*[name for name in files if name in ('SPEC.json', 'handle.json', 'salvia.db')], sep='', end='')
print(os.path.exists({str(tmp_path / "home" / "salvia.db")!r}))
"""
    assert cell.outcome("", argv=python(code)) == "False\n"


def test_a_program_does_not_see_peoples_homes(cell: Bench) -> None:
    """Keys and tokens lie there. Where Python itself lives below one, the way to it is all that shows."""
    said = cell.outcome(f"ls -d {Path.home()}/* {Path.home()}/.[!.]* /home/* 2>/dev/null; true")
    way = [Path(sys.base_prefix).resolve(), *Path(sys.base_prefix).resolve().parents]
    assert [line for line in said.splitlines() if Path(line) not in way] == []


def test_a_program_cannot_read_what_only_root_may(cell: Bench) -> None:
    """It is root inside, and owner of root's files: those must not be there at all."""
    said = cell.outcome("cat /etc/shadow /etc/gshadow /etc/ssl/private/* 2>/dev/null; echo $?")
    assert said.strip() != "0"
    assert ":" not in said


def test_a_program_cannot_change_kernel_settings(cell: Bench) -> None:
    """core_pattern names a program that the kernel runs outside of every sandbox, as root."""
    path = Path("/proc/sys/kernel/core_pattern")
    before = path.read_text()
    said = cell.outcome(f"cat {path} > /opt/ml/old; cat /opt/ml/old > {path} && echo written")
    assert "written" not in said
    assert path.read_text() == before


def test_a_program_has_no_capabilities(cell: Bench) -> None:
    """As root without --cap-drop a job could flush the host's firewall."""
    said = cell.outcome("grep -E 'CapEff|CapPrm|NoNewPrivs' /proc/self/status")
    assert [int(line.split()[1], 16) for line in said.splitlines()] == [0, 0, 1]


def test_a_program_cannot_see_or_kill_other_processes(cell: Bench) -> None:
    """Its process numbers are its own."""
    code = f"""
import os
victim = {os.getpid()}
try:
    os.kill(victim, 0)
    print('reached' if victim > 50 else 'small')
except ProcessLookupError:
    print('nobody')
print(max(int(p) for p in os.listdir('/proc') if p.isdigit()) < 50)
"""
    said = cell.outcome("", argv=python(code)).splitlines()
    assert said[0] in ("nobody", "small")
    assert said[1] == "True"


def test_a_program_cannot_write_where_it_may_only_read(cell: Bench, tmp_path: Path) -> None:
    """An image's environment is shared by jobs; the system is everybody's."""
    shared = tmp_path / "ge teilt-ü"
    shared.mkdir()
    (shared / "lib.py").write_text("x = 1")
    python_home = Path(sys.base_prefix).resolve()
    script = (
        f'cd "{shared}"; cat lib.py; for f in lib.py ./new /usr/new /etc/hosts /etc/passwd /new '
        f"{python_home}/new /run/salvia/token; do (echo y > $f) 2>/dev/null && echo wrote $f; done; "
        "rm -f lib.py 2>/dev/null; mount -o remount,rw . 2>/dev/null && echo remounted; true"
    )
    assert cell.outcome(script, mounts=(Mount(shared, str(shared)),)) == "x = 1"
    assert (shared / "lib.py").read_text() == "x = 1"


def test_a_mount_can_be_elsewhere_and_writable(cell: Bench, tmp_path: Path) -> None:
    """Mount.inside and Mount.writable."""
    shared = tmp_path / "work"
    shared.mkdir()
    cell.outcome("echo done > /srv/shared/result", mounts=(Mount(shared, "/srv/shared", writable=True),))
    assert (shared / "result").read_text() == "done\n"


def test_network_isolation_leaves_no_way_out(cell: Bench) -> None:
    """EnableNetworkIsolation: no inbound or outbound calls; loopback works. API_CreateTrainingJob."""
    code = """
import errno, socket
try:
    socket.create_connection(('192.0.2.1', 80), timeout=5)
except OSError as error:
    print(errno.errorcode[error.errno])
server = socket.create_server(('127.0.0.1', 0))
socket.create_connection(server.getsockname(), timeout=5).close()
print('loopback')
"""
    assert cell.outcome("", argv=python(code), network_isolation=True).splitlines() == [
        "ENETUNREACH",
        "loopback",
    ]


def test_network_isolation_does_not_reach_the_machine_s_own_services(cell: Bench) -> None:
    """The gateway listens on loopback: an isolated job must not see it."""
    code = """
import socket, sys
try:
    socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=5)
except ConnectionRefusedError:
    print('refused')
"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert cell.outcome("", argv=(*python(code), port), network_isolation=True) == "refused\n"


def test_network_isolation_of_several_instances_is_refused(cell: Bench) -> None:
    """What a request demands and the level cannot give is refused, never ignored; and nothing is left."""
    with pytest.raises(UnsupportedError, match="Use one instance"):
        cell.start(cell.spec(network_isolation=True, count=2))
    assert not list((cell.record.parent / "home" / "runtime").glob("instances/*"))


def test_network_isolation_without_a_sandbox_is_refused(bare: Bench) -> None:
    """As above."""
    with pytest.raises(UnsupportedError, match="isolation level 'none'"):
        bare.start(bare.spec(network_isolation=True))


def test_open_files_of_the_agent_do_not_reach_the_program(cell: Bench) -> None:
    """The lock that says that the agent lives is one of them."""
    said = cell.outcome("ls -l /proc/self/fd | grep -c alive; true")
    assert said == "0\n"


def test_without_a_sandbox_paths_are_relocated(bare: Bench) -> None:
    """SAGEMAKER_BASE_DIR relocates /opt/ml in AWS's own toolkits."""
    ml = bare.outcome('echo "$SAGEMAKER_BASE_DIR $MODEL"; pwd', environment={"MODEL": "/opt/ml/model"}).split()
    assert ml[1] == f"{ml[0]}/model"
    assert ml[2] == ml[0]
    hosts = Path(bare.handles[0]["directory"]) / "etc" / "hosts"
    assert "algo-1" in hosts.read_text()


@pytest.fixture(params=list(Level))
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A runtime of any level whose instances are in control groups."""
    needs(request.param)
    bench = _bench(tmp_path, request.param)
    made = next(bench)
    if made.runtime.report()["limits"]["memory"] == "rlimit":
        pytest.skip("No control group can be made here: an ordinary user, or a container without them.")
    yield made
    next(bench, None)


def test_a_program_that_fills_its_memory_is_ended_and_told(limited: Bench) -> None:
    """The kernel kills it; the event file says that memory was the reason."""
    code = "x = []\nwhile True: x.append(bytearray(4 << 20))"
    handle = limited.start(limited.spec("", argv=python(code), memory=64 << 20))
    status, kills = limited.ended(handle).split()
    assert int(status) in (137, -9)
    assert int(kills) >= 1


def test_the_containers_of_one_machine_have_its_memory_together(limited: Bench) -> None:
    """The guide, "Deploy an inference pipeline": all containers of one run on each instance."""
    code = python("x = bytearray(40 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nimport time; time.sleep(600)")
    changes: dict[str, Any] = {"argv": code, "memory": 64 << 20, "machine": "both"}
    handles = [limited.start(limited.spec("", name=name, group=name, **changes)) for name in ("one", "other")]
    assert handles[0]["cgroups"] == handles[1]["cgroups"]
    eventually(lambda: limited.records("ended"), "memory is short")
    status, kills = limited.records("ended")[0].split()
    assert (int(status) in (137, -9), int(kills) >= 1) == (True, True)
    run(limited.runtime.remove(handles[0]))
    eventually(lambda: limited.poll(handles[1]) is InstanceState.GONE, "the other ends too")


def test_shared_memory_counts(limited: Bench) -> None:
    """/dev/shm is bounded, by its size in a sandbox and by the memory limit anyway."""
    code = """
try:
    with open('/dev/shm/big', 'wb') as f:
        for _ in range(256): f.write(bytes(1 << 20))
    print('all')
except OSError as error:
    print('full')
finally:
    import os; os.unlink('/dev/shm/big')
"""
    handle = limited.start(limited.spec("", argv=python(code), memory=96 << 20))
    limited.ended(handle)
    assert "all" not in limited.log()
    Path("/dev/shm/big").unlink(missing_ok=True)


def test_a_fork_bomb_is_contained(limited: Bench) -> None:
    """4,096 processes and threads an instance; all of them are gone when it is killed."""
    code = """
import os, time
n = 0
try:
    while True:
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
        n += 1
except OSError:
    print('stopped', flush=True)
    time.sleep(600)
"""
    handle = limited.start(limited.spec("", argv=(PYTHON, "-I", "-S", "-c", code)))
    limited.prints("stopped")
    (pids,) = [Path(path) for path in handle["cgroups"] if (Path(path) / "pids.max").exists()]
    held = len((pids / "cgroup.procs").read_text().split())
    assert 1000 < held <= 4096
    run(limited.runtime.kill(handle))
    assert (pids / "cgroup.procs").read_text() == ""


def test_cores_are_bounded(limited: Bench) -> None:
    """Two busy processes under a quota of half a core get about half a second of CPU a second."""
    code = """
import os, time
end = time.monotonic() + 1.0
child = os.fork()
while time.monotonic() < end: pass
if child == 0: os._exit(0)
os.wait()
used = sum(os.times()[:4])
print(used)
"""
    used = float(limited.outcome("", argv=python(code), cpus=0.5))
    assert used < 0.9


def test_the_agent_is_outside_the_limits(limited: Bench) -> None:
    """It has to tell of the program's end, whatever the program did."""
    handle = limited.start(limited.spec("echo up; " + FOREVER))
    limited.prints("up")
    agent = limited.records("agent")[0]
    assert all(agent not in (Path(path) / "cgroup.procs").read_text().split() for path in handle["cgroups"])


def test_remove_gives_the_control_groups_back(limited: Bench) -> None:
    """Otherwise a machine fills up with them. The next instance gets new ones."""
    handle = limited.start(limited.spec())
    run(limited.runtime.remove(handle))
    assert [path for path in handle["cgroups"] if Path(path).parent.exists()] == []
    limited.start(limited.spec())


STARTER = """
import asyncio, json, os, sys
from pathlib import Path
from salvia.runtimes.base import InstanceSpec
from salvia.runtimes.process import ProcessRuntime
from salvia.testing.runtimes import AGENT, FOREVER

async def main():
    runtime = ProcessRuntime(Path(sys.argv[1]), agent_command=AGENT, force_level=sys.argv[3] or None)
    spec = InstanceSpec(
        name="job-algo-1", group="job", index=0, count=1, argv=("/bin/sh", "-c", "echo up; " + FOREVER),
        environment={}, agent={"record": sys.argv[2]},
    )
    handle = await runtime.start(spec)
    print(json.dumps(handle), flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.mark.parametrize("level", list(Level))
def test_an_instance_outlives_its_starter(level: Level, tmp_path: Path) -> None:
    """kill -9 of the controller that started it: another adopts it, and can stop it."""
    needs(level)
    bench = next(_bench(tmp_path, level))
    done = subprocess.run(
        [sys.executable, "-c", STARTER, tmp_path / "home" / "runtime", bench.record, level],
        env={**os.environ, **agent_environment()},
        capture_output=True,
        text=True,
        timeout=60,
    )
    handle = json.loads(done.stdout)
    bench.prints("up")
    assert done.returncode == -9
    assert bench.poll(handle) is InstanceState.RUNNING
    assert run(bench.runtime.start(bench.spec())) == handle
    run(bench.runtime.stop(handle, 1))
    bench.ended(handle)
    run(bench.runtime.remove(handle))


KILLED = """
import asyncio, os, sys, threading, time
from pathlib import Path
from salvia.runtimes.base import InstanceSpec
from salvia.runtimes.process import ProcessRuntime
from salvia.testing.runtimes import AGENT, FOREVER

async def main():
    runtime = ProcessRuntime(Path(sys.argv[1]), agent_command=AGENT, force_level="none")
    await runtime.prepare()
    spec = InstanceSpec(
        name="job-algo-1", group="job", index=0, count=1, argv=("/bin/sh", "-c", "echo up; " + FOREVER),
        environment={}, agent={"record": sys.argv[2]},
    )
    kill = lambda: (time.sleep(float(sys.argv[3])), os.kill(os.getpid(), 9))
    threading.Thread(target=kill, daemon=True).start()
    await runtime.start(spec)
    time.sleep(60)

asyncio.run(main())
"""


def test_kill_9_while_starting_never_runs_it_twice(tmp_path: Path) -> None:
    """Killed at any instant of `start`, the next controller finishes the start or adopts what runs."""
    found = set()
    for delay in (0, 1, 2, 3, 4, 6, 9, 500):
        folder = tmp_path / str(delay)
        folder.mkdir()
        bench = next(_bench(folder, Level.NONE))
        done = subprocess.run(
            [sys.executable, "-c", KILLED, folder / "home" / "runtime", bench.record, str(delay / 1000)],
            env={**os.environ, **agent_environment()},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == -9, done.stderr
        found.add((folder / "home/runtime/instances/job-algo-1/pid").exists())
        handle = bench.start(bench.spec("echo up; " + FOREVER))
        bench.prints("up")
        assert len(bench.records("agent")) == 1
        assert bench.poll(handle) is InstanceState.RUNNING
        bench.close()
    assert found == {True, False}, "killed neither always before nor always after the agent was there"


ORDINARY = """
import json, sys, time
from pathlib import Path
from salvia.runtimes.process import ProcessRuntime
from salvia.testing.runtimes import AGENT, Bench, eventually, run

home = Path(sys.argv[1])
make = lambda: ProcessRuntime(home / "runtime", agent_command=AGENT, force_level=sys.argv[2])
bench = Bench(make, home / "record")
report = bench.runtime.report()
said = ""
if report["isolation"]:
    script = "id -u; echo x > /opt/ml/y; (echo z > /usr/z) 2>/dev/null; ls " + str(home) + " 2>/dev/null; "
    said = bench.outcome(script + "grep CapEff /proc/self/status")
    bench.close()
    daemon = "setsid sh -c 'while :; do date > /opt/ml/beat; sleep 0.02; done' & sleep 60"
    handle = bench.start(bench.spec(daemon))
    beat = Path(handle["directory"]) / "ml" / "beat"
    eventually(beat.exists, "the daemon beats")
    run(bench.runtime.kill(handle))
    beat.unlink()
    time.sleep(0.2)
    assert not beat.exists(), "a daemon outlived the kill"
    bench.close()
print(json.dumps([report, said]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="Root alone can become an ordinary user; the rest ran as one.")
@pytest.mark.parametrize("level", list(Level))
def test_an_ordinary_user_gets_the_same(level: Level) -> None:
    """A sandbox by a user namespace where they are allowed; limits by rlimits; nothing left running."""
    interpreter = next((p for p in (Path(f"/usr/bin/python3.{minor}") for minor in range(11, 16)) if p.exists()), None)
    if interpreter is None:
        pytest.skip("Only a Python of the system can be run by another user; none of 3.11 or newer is installed.")
    with tempfile.TemporaryDirectory(prefix="salvia-ordinary-") as name:
        home = Path(name)
        home.chmod(0o700)
        os.chown(home, 65534, 65534)
        sources = home / "src"
        subprocess.run(["cp", "-r", agent_environment()["PYTHONPATH"].split(":")[0], sources], check=True)
        subprocess.run(["chown", "-R", "65534:65534", sources], check=True)
        done = subprocess.run(
            [
                interpreter,
                "-I",
                "-c",
                f"import sys; sys.path.insert(0, {str(sources)!r})\n{ORDINARY}",
                home,
                level,
            ],
            user=65534,
            group=65534,
            extra_groups=[],
            env={"PATH": os.environ["PATH"], "HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=60,
            cwd="/",
        )
        assert done.returncode == 0, done.stderr
        report, said = json.loads(done.stdout)
        if report["isolation"] is None:
            pytest.skip(f"{report['missing'][0]['what']} for ordinary users: {report['missing'][0]['why']}")
        assert report["limits"]["memory"] == "rlimit"
        if level is not Level.NONE:
            assert said.split()[0] == "0"
            assert "runtime" not in said, "it sees the data directory"
        assert said.split()[-1] == "0000000000000000"


def test_stale_addresses_are_given_back(tmp_path: Path) -> None:
    """A group's block is free when its last member is removed."""
    bench = next(_bench(tmp_path, Level.NONE))
    claims = tmp_path / "home" / "runtime" / "addresses.json"
    handles = [bench.start(bench.spec("exit 0", name=f"job-algo-{n}", index=n - 1, count=2)) for n in (1, 2)]
    assert list(json.loads(claims.read_text())) == ["job"]
    run(bench.runtime.remove(handles[0]))
    assert list(json.loads(claims.read_text())) == ["job"]
    run(bench.runtime.remove(handles[1]))
    assert json.loads(claims.read_text()) == {}


class TestSweep:
    """What nobody owns is removed; `runtimes.leftovers` says what that is."""

    @pytest.fixture
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        bench = Bench(lambda: ProcessRuntime(tmp_path / "runtime", agent_command=AGENT), tmp_path / "record")
        yield bench
        for handle in bench.handles:
            run(bench.runtime.remove(handle))

    @staticmethod
    def spec(bench: Bench, name: str, script: str = ":") -> Any:
        return bench.spec(script, name=name, group=name, agent={"record": str(bench.record), "token": f"{name}'s"})

    @staticmethod
    def sweep(bench: Bench, *wanted: str, times: int = 1) -> list[str]:
        """By so many controllers at once."""

        async def known(tokens: Any) -> set[str]:
            return set(tokens) & {f"{name}'s" for name in wanted}

        async def all_of_them() -> list[list[str]]:
            return await asyncio.gather(*(bench.make().sweep(known, 0.0) for _ in range(times)))

        return sorted(name for removed in run(all_of_them()) for name in removed)

    def test_only_what_nobody_knows_and_does_not_live_is_removed(self, bench: Bench) -> None:
        alive, wanted, left = (
            bench.start(self.spec(bench, "alive", FOREVER)),
            bench.start(self.spec(bench, "wanted")),
            bench.start(self.spec(bench, "left")),
        )
        for handle in (wanted, left):
            bench.ended(handle)
        folder = Path(left["directory"])
        killed = folder.with_name("killed")  # by whoever had just begun to start it
        killed.mkdir()
        (killed / "alive").touch()
        groups = [Path(path).with_name("nobodys") for path in alive["cgroups"]]
        for group in groups:
            group.mkdir()
        (folder.with_name(".removed-before-1") / "below").mkdir(parents=True)
        assert self.sweep(bench, "wanted", times=2) == ["killed", "left"]
        assert sorted(path.name for path in folder.parent.iterdir()) == ["alive", "wanted"]
        assert bench.poll(alive) is InstanceState.RUNNING
        assert not any(Path(path).exists() for path in [*left["cgroups"], *groups])
        assert all(Path(path).exists() for path in [*alive["cgroups"], *wanted["cgroups"]])

    def test_controllers_sweep(self, unhurried: Server) -> None:
        """Every ten minutes what is as old: the clock is the test's, the folder's age is real."""
        folder = unhurried.home / "runtime" / "instances" / "left-behind"
        folder.mkdir(parents=True)
        (folder / "SPEC.json").write_text('{"token": "which no row has"}')
        young = folder.with_name("young")
        young.mkdir()
        os.utime(folder, (time.time() - 3600, time.time() - 3600))
        unhurried.client("salvia").advance_clock(Seconds=601)
        eventually(lambda: not folder.exists(), "it is removed")
        assert young.exists()
        young.rmdir()

    def test_one_that_is_being_started_is_left_alone(self, bench: Bench) -> None:
        """Whoever holds its lock has it, also if frozen."""
        folder = InstanceFolder(bench.make()._directory / "instances" / "begun")  # type: ignore[attr-defined]
        folder.make()
        lock = folder.lock()
        assert lock is not None
        assert self.sweep(bench) == []
        os.close(lock)
        assert self.sweep(bench) == ["begun"]
        handle = bench.start(self.spec(bench, "begun", FOREVER))
        assert bench.poll(handle) is InstanceState.RUNNING
