"""One instance of a training job: from its data to its model."""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from .contract import output_file, write_tree
from .failure import JobError
from .inputs import Inputs
from .instance import Agent
from .logs import LogShipper
from .metrics import Metrics, MetricShipper
from .program import Ending
from .sources import source_of
from .spec import Spec

_REASON = 1024  # characters: FailureReason's maximum length in the model


class Training(Agent):
    """The main thread matches metrics besides: a regular expression of a request must not hold up a signal."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._inputs = Inputs(
            spec, self._gateway, lambda error: self._mailbox.put(("failed", error)), self._logs.say, self._trouble
        )
        self._artifacts: dict[str, str] = {}

    def _log(self) -> LogShipper:
        spec = self._spec
        self._metrics = Metrics(spec.job.metrics, self._trouble, self._journal)
        shipper = MetricShipper(
            self._gateway.service("cloudwatch"),
            spec.job.metric_namespace,
            spec.job.name,
            spec.host if len(spec.hosts) > 1 else None,
            self._trouble,
            self._journal,
        )
        return self._log_shipper(
            examine=self._examine_elsewhere if self._metrics else None,
            after=(lambda: shipper.send(self._metrics.take())) if self._metrics else None,
        )

    def _farewell(self, state: dict[str, Any]) -> dict[str, Any]:
        return {"exit": {**state, "artifacts": self._artifacts}, "metrics": self._metrics.final()}

    def _live(self, state: dict[str, Any]) -> None:
        write_tree(self._spec.ml, self._spec.job)
        self._work(self._bring)
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

    def _bring(self) -> None:
        spec, job = self._spec, self._spec.job
        sources = [source_of(channel, job.input_mode, spec.place) for channel in job.channels]
        self._inputs.bring(sources, self._stopping.is_set)

    def _train(self, state: dict[str, Any]) -> Ending:
        """Run the program to its end, or to the end of its grace when it is to stop."""
        self._start("Training", opening=self._inputs.open)
        ending = self._until_finished(state)
        state["failure"] = output_file(self._spec.ml, "failure").decode("utf-8", "replace").strip()[:_REASON] or None
        return ending

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

    def _letter(self, timeout: float | None) -> tuple[str, Any] | None:
        letter = super()._letter(timeout)
        if letter is not None and letter[0] == "lines":
            lines, done = letter[1]
            try:
                self._metrics.examine(lines)
            except Exception as error:
                self._journal.trouble("metrics.failed", error)
            finally:
                done.set()
            if self._metrics.last:
                self._reporter.note(metrics=self._metrics.final())
        return letter

    def _examine_elsewhere(self, lines: Sequence[bytes]) -> None:
        """Have the main thread look for metrics, and wait for it."""
        done = threading.Event()
        self._mailbox.put(("lines", (lines, done)))
        done.wait()
