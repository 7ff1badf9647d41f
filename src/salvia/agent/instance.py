"""What every instance does, whatever its program: report, ship its lines, run it, stop it."""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from .contract import environment, keeps_overlays
from .credentials import CredentialsEndpoint
from .failure import JobError, StoppedError
from .gateway import Gateway
from .gpus import Gpus
from .journal import Journal
from .logs import Log, LogShipper
from .overlays import Overlays
from .program import Ending, Program, oom_kills
from .report import Reporter
from .spec import Spec
from .utilization import Gauge, limit

T = TypeVar("T")
_JOBS = ("training", "processing", "transform")  # whose reports become metrics
_LOOK = 1.0  # seconds between looks for signals: one that comes just before a wait begins does not end it
_RETRY_TERMINATE = 0.05  # seconds between tries to signal a program whose sandbox is being set up


class Agent:
    """The life of one instance; `live` is what its kind adds.

    The main thread spawns the program and takes signals; everything that waits for the network or the disk runs on
    other threads, which put letters (`kind`, content) into one mailbox.
    """

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._journal = Journal(spec.job.name, spec.host)
        self._mailbox: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._stopping = threading.Event()
        self._disowned = False
        self._troubles: list[str] = []
        self._gateway = Gateway(spec)
        self._reporter = Reporter(
            self._gateway.report,
            on_stop=lambda: self._mailbox.put(("stop", None)),
            on_gone=lambda: self._mailbox.put(("gone", None)),
            journal=self._journal,
            heartbeat=spec.heartbeat,
            measure=self._utilization,
        )
        self._gauge: Gauge | None = None
        self._gpus = Gpus(spec.gpus if spec.job.kind in _JOBS else ())
        self._logs = self._log()
        self._program = Program(self._logs.write, lambda ending: self._mailbox.put(("ended", ending)))
        self._credentials_url: str | None = None
        self._failure: JobError | None = None  # for which the program is ended while it runs

    def _log(self) -> Log:
        return self._log_shipper()

    def _log_shipper(self, stream: str = "", **more: Any) -> LogShipper:
        job = self._spec.job
        logs = self._gateway.service("logs")
        return LogShipper(logs, job.log_group, stream or job.log_stream, self._journal, self._trouble, **more)

    def run(self) -> None:
        """Live through the job; returns when its end has been acknowledged."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._mailbox.put(("stop", None)))
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._journal.note("started", pid=os.getpid())
        self._reporter.enter("Starting")
        self._reporter.enter("Downloading")  # in one report: nobody would see the first alone
        self._reporter.start()
        state: dict[str, Any] = dict.fromkeys(("code", "signal", "failure", "error"))
        state |= {"oom": False, "stopped": False}
        try:
            self._live(state)
        except StoppedError:
            state["stopped"] = True
        except JobError as failure:
            state["error"] = {"code": failure.code, "message": failure.message}
        except BaseException as error:
            self._journal.trouble("failed", error)
            message = f"The instance's agent failed: {type(error).__name__}: {error}"
            state["error"] = {"code": "InternalError", "message": message}
            self._program.abandon()
        self._work(self._logs.finish)
        state["log_tail"] = self._logs.tail()
        self._reporter.enter("Exited", **self._farewell(state))
        self._work(self._reporter.finish)
        self._journal.note("exited", code=state["code"], signal=state["signal"], error=state["error"])

    def _utilization(self) -> dict[str, Any]:
        """How busy the instance is, while its program runs. The disk is that of its volume, whoever else fills it; its
        GPUs are as they were when they were asked, at the report before.

        CloudWatch's Host is its log stream, but for the time at the end: JOB/algo-1, and JOB/i-… of batch transform.

        Source: the guide, "Monitor Amazon SageMaker with Amazon CloudWatch", jobs' instance metrics.
        """
        if self._gauge is None:
            return {}
        cpu, memory = self._gauge.read(besides=self._gpus.pid)
        try:
            disk = os.statvfs(self._spec.ml)
        except OSError:  # its folder is gone: the next report says so
            return {}
        used = 100 * (1 - disk.f_bavail / max(1, disk.f_blocks))
        host = self._spec.job.log_stream.rpartition("-")[0]
        gpus = self._gpus.told()
        self._gpus.ask()
        return {"Host": host, "CPUUtilization": cpu, "MemoryUtilization": memory, "DiskUtilization": used, **gpus}

    def _live(self, state: dict[str, Any]) -> None:
        """From the first byte that is brought to the last that is stored; `state` becomes what is said of its end.

        Raises JobError, or StoppedError.
        """
        raise NotImplementedError

    def _farewell(self, state: dict[str, Any]) -> dict[str, Any]:
        """What the last report says."""
        return {"exit": state}

    def _start(
        self, phase: str, *, opening: Callable[[], None] = lambda: None, more: Mapping[str, str] | None = None
    ) -> None:
        """Start the program, after `opening`, with `more` in its environment. Raises JobError, or StoppedError."""
        self._credentials_url = self._endpoint()
        values = {**environment(self._spec, self._credentials_url), **(more or {})}
        notice = values.pop("SALVIA_NOTICE", None)  # of the image, for the log
        if self._stopping.is_set():
            raise StoppedError
        opening()
        if notice:
            self._logs.say(notice)
        self._killed_before = oom_kills(self._spec.program.cgroup_events)
        self._program.start(self._spec.program, values)
        self._gpus.ask()
        self._gauge = Gauge(limit(self._spec.program.cgroup_events))
        self._reporter.enter(phase)
        self._logs.start()

    def _until_finished(self, state: dict[str, Any]) -> Ending:
        """Return when the program has ended, by itself or because it was told to, with all that it started."""
        ending = self._until_ended(state)
        if not self._work(self._program.finish):
            self._journal.note("program.left", pid=self._program.pid)
        self._journal.note("program.ended", code=ending.code, signal=ending.signal)
        killed = oom_kills(self._spec.program.cgroup_events) > self._killed_before
        state |= {"code": ending.code, "signal": ending.signal, "oom": killed and not ending.good}
        return ending

    def _until_ended(self, state: dict[str, Any]) -> Ending:
        deadline = told = None
        while True:
            now = time.monotonic()
            if self._failure is not None and deadline is None:
                deadline = now
            if self._stopping.is_set() and deadline is None:
                deadline = now + (0 if self._disowned else self._spec.job.stop_grace)
                state["stopped"] = True
                self._journal.note("stopping", grace=self._spec.job.stop_grace)
            if deadline is not None and not told and now < deadline:
                told = self._program.terminate()
            if deadline is not None and now >= deadline:
                self._program.kill()
            letter = self._letter(None if deadline is None else self._pause(deadline, bool(told)))
            if letter is not None and letter[0] == "ended":
                assert isinstance(letter[1], Ending)
                return letter[1]
            if letter is not None and letter[0] == "failed":
                self._failure = letter[1]

    @staticmethod
    def _pause(deadline: float, told: bool) -> float:
        left = deadline - time.monotonic()
        if left <= 0:
            return 1.0  # killed; what is left is the kernel's work
        return left if told else min(left, _RETRY_TERMINATE)

    def _endpoint(self) -> str | None:
        spec = self._spec
        os.makedirs(spec.run, exist_ok=True)
        if spec.job.network_isolation:
            return None
        if spec.ca is not None:
            with open(spec.ca, "rb") as bundle, open(os.path.join(spec.run, "ca.pem"), "wb") as copy:
                copy.write(bundle.read())
        token_file = os.path.join(spec.run, "token")
        overlays = Overlays(spec.overlays, spec.directory) if spec.overlays and keeps_overlays(spec) else None
        document = self._gateway.credentials.document
        endpoint = CredentialsEndpoint(document, spec.address, token_file, self._journal, overlays)
        endpoint.start()
        return endpoint.url

    def _work(self, function: Callable[[], T]) -> T:
        """Run `function` on a thread of its own, and the mailbox meanwhile."""
        outcome: list[Any] = []

        def run() -> None:
            try:
                outcome.extend((function(), None))
            except BaseException as error:
                outcome.extend((None, error))
            self._mailbox.put(("done", outcome))

        threading.Thread(target=run, name=getattr(function, "__name__", "work"), daemon=True).start()
        while True:
            letter = self._letter(None)
            if letter is not None and letter[0] == "done" and letter[1] is outcome:
                break
        result, error = outcome
        if error is not None:
            raise error
        return result  # type: ignore[no-any-return]

    def _letter(self, timeout: float | None) -> tuple[str, Any] | None:
        """The next letter, or None after at most `timeout` seconds; what can be done at once is done here."""
        try:
            kind, content = self._mailbox.get(timeout=_LOOK if timeout is None else min(timeout, _LOOK))
        except Empty:
            return None
        if kind in ("stop", "gone"):
            self._stopping.set()
            if not self._program.pid:  # one that runs may still need what it reads to save itself
                self._gateway.stop_reading()
            if kind == "gone":
                self._disowned = True
                self._gateway.abandon()
        return kind, content

    def _trouble(self, message: str) -> None:
        """Something that does not end the job, but that its owner must know."""
        self._journal.note("trouble", message=message)
        if message not in self._troubles:
            self._troubles.append(message)
            self._reporter.update(message=" ".join(self._troubles)[:1024])
