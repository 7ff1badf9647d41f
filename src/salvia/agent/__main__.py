"""`python -m salvia.agent SPEC.json`: one instance of one job, from its data to its model."""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from . import standby
from .contract import environment, failure_text, write_tree
from .credentials import CredentialsEndpoint
from .failure import JobError, StoppedError
from .gateway import Gateway
from .inputs import Inputs
from .journal import Journal
from .logs import LogShipper
from .metrics import Metrics, MetricShipper
from .program import Ending, Program, oom_kills
from .report import Reporter
from .spec import Spec, read_spec

T = TypeVar("T")
_RETRY_TERMINATE = 0.05  # seconds between tries to signal a program whose sandbox is being set up


class Agent:
    """The life of one instance.

    The main thread spawns the program, matches metrics and takes signals; everything that waits for the
    network or the disk runs on other threads, which put letters (`kind`, content) into one mailbox.
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
        )
        self._metrics = Metrics(spec.job.metrics, self._trouble, self._journal)
        metric_shipper = MetricShipper(
            self._gateway.service("cloudwatch"),
            spec.job.metric_namespace,
            spec.job.name,
            spec.host if len(spec.hosts) > 1 else None,
            self._trouble,
            self._journal,
        )
        self._logs = LogShipper(
            self._gateway.service("logs"),
            spec.job.log_group,
            spec.job.log_stream,
            self._journal,
            self._trouble,
            examine=self._examine_elsewhere if self._metrics else None,
            after=(lambda: metric_shipper.send(self._metrics.take())) if self._metrics else None,
        )
        self._program = Program(self._logs.write, lambda ending: self._mailbox.put(("ended", ending)))
        self._inputs = Inputs(
            spec, self._gateway, lambda error: self._mailbox.put(("failed", error)), self._logs.say, self._trouble
        )
        self._failure: JobError | None = None  # of its input, while the program runs
        self._artifacts: dict[str, str] = {}

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
        state |= {
            "log_tail": self._logs.tail(),
            "artifacts": self._artifacts,
        }
        self._reporter.enter("Exited", exit=state, metrics=self._metrics.final())
        self._work(self._reporter.finish)
        self._journal.note("exited", code=state["code"], signal=state["signal"], error=state["error"])

    def _live(self, state: dict[str, Any]) -> None:
        write_tree(self._spec.ml, self._spec.job)
        self._work(lambda: self._inputs.bring(self._stopping.is_set))
        try:
            ending = self._train(state)
        finally:
            self._inputs.leave()
        self._reporter.enter("Uploading", metrics=self._metrics.final())
        # A model of a program that failed is none; what it wrote for its user may say why it failed.
        failed = self._failure is not None or not (ending.good or state["stopped"])
        failures = [self._failure] if self._failure else []
        for step in (self._inputs.close, lambda: self._upload(with_model=not failed)):
            try:
                self._work(step)
            except JobError as failure:
                if failed:
                    self._trouble(failure.message)  # the program's own failure is the job's reason
                else:
                    failures.append(failure)
        if failures:
            raise failures[0]

    def _train(self, state: dict[str, Any]) -> Ending:
        """Run the program to its end, or to the end of its grace when it is to stop."""
        spec = self._spec
        values = environment(spec, self._endpoint())
        if self._stopping.is_set():
            raise StoppedError
        events = spec.program.cgroup_events
        killed_before = oom_kills(events)
        self._inputs.open()
        self._program.start(spec.program, values)
        self._reporter.enter("Training")
        self._logs.start()
        ending = self._until_ended(state)
        if not self._work(self._program.finish):
            self._journal.note("program.left", pid=self._program.pid)
        self._journal.note("program.ended", code=ending.code, signal=ending.signal)
        state |= {
            "code": ending.code,
            "signal": ending.signal,
            "oom": oom_kills(events) > killed_before and not ending.good,
            "failure": failure_text(spec.ml),
        }
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
        endpoint = CredentialsEndpoint(self._gateway.credentials.document, spec.address, token_file, self._journal)
        endpoint.start()
        return endpoint.url

    def _upload(self, with_model: bool) -> None:
        # not before it is needed: a program is waiting to be started
        from .tree import has_files
        from .upload import MODEL, OUTPUT, Upload

        spec = self._spec
        if not spec.leader:
            for folder in (MODEL, OUTPUT):
                if has_files(spec.ml, folder):
                    self._logs.say(
                        f"/opt/ml/{'/'.join(folder)} of {spec.host} holds files, which are not uploaded: "
                        f"only those of {spec.hosts[0]} are."
                    )
            return
        upload = Upload(self._gateway, spec.job, spec.ml, spec.directory, self._logs.say)
        if with_model:
            self._artifacts["model"] = upload.model()
        output = upload.output()
        if output is not None:
            self._artifacts["output"] = output

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
        """The next letter, or None after `timeout` seconds; what can be done at once is done here."""
        try:
            kind, content = self._mailbox.get(timeout=timeout)
        except Empty:
            return None
        if kind in ("stop", "gone"):
            self._stopping.set()
            if not self._program.pid:  # one that runs may still need what it reads to save itself
                self._gateway.stop_reading()
            if kind == "gone":
                self._disowned = True
                self._gateway.abandon()
        elif kind == "lines":
            lines, done = content
            try:
                self._metrics.examine(lines)
            except Exception as error:
                self._journal.trouble("metrics.failed", error)
            finally:
                done.set()
            if self._metrics.last:
                self._reporter.note(metrics=self._metrics.final())
        return kind, content

    def _examine_elsewhere(self, lines: Sequence[bytes]) -> None:
        """Have the main thread look for metrics, and wait for it."""
        done = threading.Event()
        self._mailbox.put(("lines", (lines, done)))
        done.wait()

    def _trouble(self, message: str) -> None:
        """Something that does not end the job, but that its owner must know."""
        self._journal.note("trouble", message=message)
        if message not in self._troubles:
            self._troubles.append(message)
            self._reporter.update(message=" ".join(self._troubles)[:1024])


def _keep_descriptors() -> None:
    """Let no program inherit what the agent was started with: its runtime's lock, say."""
    for descriptor in range(3, 256):
        try:
            os.set_inheritable(descriptor, False)
        except OSError:
            continue


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 when the job's end was acknowledged, 2 when there is nothing to run."""
    resting = list(arguments[:1]) == [standby.OPTION]
    try:
        (path,) = arguments[resting:]
        os.umask(0o022)
        _keep_descriptors()
        if resting and not standby.wait(path):
            return 0
        spec = read_spec(path)
    except ValueError as error:
        sys.stderr.write(f"usage: python -m salvia.agent SPEC.json\n{error}\n")
        return 2
    if spec.keep:
        standby.hold()
    Agent(spec).run()
    if spec.keep:
        standby.renew(path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
