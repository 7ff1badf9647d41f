"""What every runtime has to do, as tests: inherit `RuntimeConformance` and say how yours is made.

    class TestMine(RuntimeConformance):
        def make(self, directory, agent_command):
            return MyRuntime(directory, agent_command=agent_command)

Each test starts instances whose agent is `stand_in`, and reads what it recorded.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from salvia.runtimes.base import Handle, InstanceSpec, InstanceState, Runtime

T = TypeVar("T")

PATIENCE = 20.0
AGENT = (sys.executable, "-P", "-S", "-m", "salvia.testing.stand_in")
FOREVER = "while :; do sleep 0.05; done"


def eventually(check: Callable[[], T], what: str) -> T:
    """Poll until `check` returns something true; fails naming `what` did not come to be."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := check()):
        assert time.monotonic() < deadline, f"not within {PATIENCE:.0f} s: {what}; last seen: {seen!r}"
        time.sleep(0.01)
    return seen


class Bench:
    """A runtime to be tested, and the instances that it started; removed at the end."""

    def __init__(self, make: Callable[[], Runtime], record: Path) -> None:
        self.make = make
        self.runtime = make()
        self.record = record
        self.handles: list[Handle] = []

    def spec(self, script: str = FOREVER, **changes: Any) -> InstanceSpec:
        """An instance that runs a shell script."""
        fields: dict[str, Any] = {
            "name": "job-algo-1",
            "group": "job",
            "index": 0,
            "count": 1,
            "argv": ("/bin/sh", "-c", script),
            "environment": {"GREETING": "hello"},
            "agent": {"record": str(self.record)},
        }
        return InstanceSpec(**{**fields, **changes})

    def start(self, spec: InstanceSpec) -> Handle:
        """Start it, to be removed at the end."""
        handle = run(self.runtime.start(spec))
        self.handles.append(handle)
        return handle

    def poll(self, handle: Handle) -> InstanceState:
        """What the runtime says of it."""
        return run(self.runtime.poll(handle))

    def records(self, kind: str) -> list[str]:
        """What the stand-ins recorded of one kind, oldest first."""
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{kind} ")]

    def ended(self, handle: Handle) -> str:
        """Wait for its end; what its agent recorded of it."""
        eventually(lambda: self.poll(handle) is InstanceState.GONE, "the instance is gone")
        return self.records("ended")[-1]

    def log(self, host: str = "algo-1") -> str:
        """What its program printed."""
        path = self.record.with_name(f"{self.record.name}.{host}.log")
        return path.read_text(errors="replace") if path.exists() else ""

    def outcome(self, script: str, **changes: Any) -> str:
        """Run a script to its end; what it printed."""
        self.ended(self.start(self.spec(script, **changes)))
        return self.log()

    def prints(self, line: str) -> None:
        """Wait until the program of algo-1 has printed `line`."""
        eventually(lambda: line in self.log().splitlines(), f"the program prints {line!r}")

    def close(self) -> None:
        """Remove every instance."""
        for handle in self.handles:
            run(self.runtime.remove(handle))


class RuntimeConformance:
    """The tests. A subclass says how its runtime is made; two made alike are two controllers."""

    def make(self, directory: Path, agent_command: Sequence[str]) -> Runtime:
        """The runtime to test, with its state in `directory`, starting `agent_command` as its agents."""
        raise NotImplementedError

    @contextmanager
    def bench(self, tmp_path: Path) -> Iterator[Bench]:
        """A fresh runtime, cleaned up afterwards."""
        bench = Bench(lambda: self.make(tmp_path / "home" / "runtime", AGENT), tmp_path / "record")
        try:
            yield bench
        finally:
            bench.close()

    def test_start_runs_the_program_with_its_environment(self, tmp_path: Path) -> None:
        """InstanceSpec: argv and environment."""
        with self.bench(tmp_path) as bench:
            assert bench.outcome('echo "$GREETING"') == "hello\n"
            assert bench.records("ended") == ["0 0"]

    def test_the_agent_gets_its_spec(self, tmp_path: Path) -> None:
        """The instance protocol: SPEC.json holds what the runtime knows, merged with what it was given."""
        with self.bench(tmp_path) as bench:
            spec = bench.spec(name="two-algo-2", index=1, count=2, agent={"record": str(bench.record), "token": "t"})
            handle = bench.start(spec)
            path = Path(handle["directory"]) / "SPEC.json"
            written = json.loads(path.read_text())
            assert written["token"] == "t"  # noqa: S105
            assert (written["host"], written["hosts"]) == ("algo-2", ["algo-1", "algo-2"])
            assert written["address"] == bench.runtime.address(handle)
            assert Path(written["ml"]).is_dir()
            assert Path(written["run"]["host"]).is_dir()
            assert path.stat().st_mode & 0o077 == 0, "SPEC.json holds a token: nobody else may read it"

    def test_the_handle_is_plain_json(self, tmp_path: Path) -> None:
        """Handles are kept in SQL."""
        with self.bench(tmp_path) as bench:
            handle = bench.start(bench.spec())
            assert json.loads(json.dumps(handle)) == handle
            assert handle["runtime"] == bench.runtime.name

    def test_a_second_start_adopts_the_first(self, tmp_path: Path) -> None:
        """`start` is idempotent under a deterministic name."""
        with self.bench(tmp_path) as bench:
            first = bench.start(bench.spec())
            again = run(bench.make().start(bench.spec()))
            eventually(lambda: bench.records("program"), "the program starts")
            assert again == first
            assert len(bench.records("agent")) == 1

    def test_racing_starts_run_one_instance(self, tmp_path: Path) -> None:
        """Two controllers may hold a row for a moment; the job must still run once."""

        async def race(runtimes: list[Runtime], spec: InstanceSpec) -> list[Handle]:
            return await asyncio.gather(*(runtime.start(spec) for runtime in runtimes))

        with self.bench(tmp_path) as bench:
            handles = run(race([bench.make() for _ in range(6)], bench.spec()))
            bench.handles.append(handles[0])
            eventually(lambda: bench.records("program"), "the program starts")
            assert all(handle == handles[0] for handle in handles)
            assert len(bench.records("agent")) == 1

    def test_what_has_ended_is_not_run_again(self, tmp_path: Path) -> None:
        """A controller that died before it wrote the handle down starts again under the same name."""
        with self.bench(tmp_path) as bench:
            handle = bench.start(bench.spec("exit 3"))
            assert bench.ended(handle) == "3 0"
            assert run(bench.make().start(bench.spec("exit 3"))) == handle
            assert bench.poll(handle) is InstanceState.GONE
            assert len(bench.records("agent")) == 1

    def test_poll_tells_a_killed_agent(self, tmp_path: Path) -> None:
        """A killed agent is a lost instance, and its program must not run on."""
        with self.bench(tmp_path) as bench:
            handle = bench.start(bench.spec("echo up; " + FOREVER))
            bench.prints("up")
            assert bench.poll(handle) is InstanceState.RUNNING
            program = int(bench.records("program")[0])
            os.kill(int(bench.records("agent")[0]), 9)
            eventually(lambda: bench.poll(handle) is InstanceState.GONE, "the lost agent is noticed")
            eventually(lambda: not runs(program), "its program dies with it")

    def test_who_watches_is_told_of_the_end(self, tmp_path: Path) -> None:
        """Once, however often it asked; of what has ended before, never."""
        with self.bench(tmp_path) as bench:
            handle = bench.start(bench.spec("echo up; " + FOREVER))
            bench.prints("up")
            told: list[str] = []

            async def watch() -> None:
                over = asyncio.Event()

                def ended() -> None:
                    told.append("ended")
                    over.set()

                for _ in range(2):
                    bench.runtime.watch(handle, ended)
                await asyncio.sleep(0.1)
                assert not told
                await bench.runtime.kill(handle)
                await asyncio.wait_for(over.wait(), 10)
                bench.runtime.watch(handle, ended)
                await asyncio.sleep(0.1)

            run(watch())
            assert told == ["ended"]

    def test_stop_lets_the_program_end_well(self, tmp_path: Path) -> None:
        """SIGTERM reaches the program itself, through whatever stands between."""
        with self.bench(tmp_path) as bench:
            handle = bench.start(bench.spec('trap "echo saving; exit 7" TERM; echo up; ' + FOREVER))
            bench.prints("up")
            run(bench.runtime.stop(handle, 120))
            assert bench.ended(handle) == "7 0"
            assert "saving" in bench.log()

    def test_stop_and_kill_of_what_is_gone_do_nothing(self, tmp_path: Path) -> None:
        """Every method can be repeated."""
        with self.bench(tmp_path) as bench:
            handle = bench.start(bench.spec("exit 0"))
            bench.ended(handle)
            run(bench.runtime.stop(handle, 1))
            run(bench.runtime.kill(handle))
            run(bench.runtime.kill(handle))
            assert bench.poll(handle) is InstanceState.GONE

    def test_kill_ends_agent_and_program(self, tmp_path: Path) -> None:
        """Even one that ignores SIGTERM; when it returns, they are gone."""
        with self.bench(tmp_path) as bench:
            handle = bench.start(bench.spec('trap "" TERM; echo up; ' + FOREVER))
            bench.prints("up")
            program = int(bench.records("program")[0])
            run(bench.runtime.kill(handle))
            assert bench.poll(handle) is InstanceState.GONE
            eventually(lambda: not runs(program), "the program is gone")
            assert bench.records("ended") == []

    def test_kill_reaches_what_detached_itself(self, tmp_path: Path) -> None:
        """A daemon in a session of its own is still of this instance."""
        beat = 'setsid sh -c "while :; do date +%s%N > /opt/ml/beat; sleep 0.02; done" & echo up; ' + FOREVER
        with self.bench(tmp_path) as bench:
            handle = bench.start(bench.spec(beat))
            spec = json.loads((Path(handle["directory"]) / "SPEC.json").read_text())
            file = Path(spec["ml"]) / "beat"
            eventually(lambda: file.exists() and file.read_text(), "the daemon beats")
            run(bench.runtime.kill(handle))
            last = file.read_text()
            time.sleep(0.2)
            assert file.read_text() == last

    def test_remove_kills_and_leaves_nothing(self, tmp_path: Path) -> None:
        """Removing is deleting; a second time is fine; the name is free again."""
        with self.bench(tmp_path) as bench:
            handle = bench.start(bench.spec("mkdir -p /opt/ml/a/b; chmod 0 /opt/ml/a/b; echo up; " + FOREVER))
            bench.prints("up")
            run(bench.runtime.remove(handle))
            assert not Path(handle["directory"]).exists()
            assert bench.poll(handle) is InstanceState.GONE
            run(bench.runtime.remove(handle))
            bench.start(bench.spec("exit 0"))
            eventually(lambda: len(bench.records("agent")) == 2, "a new instance under the old name")

    def test_another_controller_takes_over(self, tmp_path: Path) -> None:
        """Nothing about an instance is in the memory of who started it; a handle's name alone finds it."""
        with self.bench(tmp_path) as bench:
            handle = bench.start(bench.spec())
            other = bench.make()
            bare = {"runtime": handle["runtime"], "name": handle["name"]}
            assert run(other.poll(bare)) is InstanceState.RUNNING
            run(other.kill(bare))
            assert run(other.poll(bare)) is InstanceState.GONE
            run(other.remove(bare))
            assert not Path(handle["directory"]).exists()

    def test_members_of_a_group_have_addresses_of_their_own(self, tmp_path: Path) -> None:
        """Instances of one job reach each other by name, all listening on the same port."""
        with self.bench(tmp_path) as bench:
            handles = [
                bench.start(bench.spec(name=f"job-algo-{index + 1}", index=index, count=3)) for index in range(3)
            ]
            addresses = [bench.runtime.address(handle) for handle in handles]
            assert len(set(addresses)) == 3
            other = bench.start(bench.spec(name="other-algo-1", group="other"))
            assert bench.runtime.address(other) not in addresses

    def test_the_report_says_what_holds(self, tmp_path: Path) -> None:
        """`salvia status` and `doctor` show it: what is missing comes with its cost and its remedy."""
        with self.bench(tmp_path) as bench:
            report = bench.runtime.report()
            assert report["runtime"] == bench.runtime.name
            assert json.loads(json.dumps(report)) == report
            for lack in report["missing"]:
                assert lack["what"]
                assert lack["cost"]
                assert lack["remedy"]

    def test_there_is_something_to_hand_out(self, tmp_path: Path) -> None:
        """Instance types are fitted into it."""
        with self.bench(tmp_path) as bench:
            capacity = bench.runtime.capacity()
            assert capacity.cpus >= 1
            assert capacity.memory > 1 << 26


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine."""
    return asyncio.run(work)


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
