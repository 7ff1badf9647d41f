"""One instance of a batch transform: a model server of its own, and the objects that go through it.

The first container's agent sends the requests; those of further containers only serve (`serving`). Source: developer
guide, "Use Your Own Inference Code with Batch Transform".
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import Any

from .captured import Captured
from .failure import JobError, StoppedError
from .health import healthy
from .inference import Models
from .logs import LogShipper
from .serving import Serving
from .spec import Spec
from .transformation import Transformation

_GRACE = 10.0  # seconds for the model server to end, when there is nothing left to ask
_LEAVE = 10.0  # and for an upload under way, when the job is to stop
_PAUSE = 0.05


class Transform(Serving):
    """Reports `InService` while objects are transformed. Its program's end is no failure once they are."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        assert spec.job.transform is not None
        self._job = spec.job.transform
        self._done = False
        self._transforming: threading.Thread | None = None
        logs, job = self._gateway.service("logs"), spec.job
        self._data_log = LogShipper(logs, job.log_group, f"{job.log_stream}/data-log", self._journal, self._trouble)

    def _live(self, state: dict[str, Any]) -> None:
        try:
            super()._live(state)
        finally:
            if self._transforming is not None:
                self._transforming.join(_LEAVE)
                self._work(self._data_log.finish)
        if self._done:
            state |= {"code": 0, "signal": None, "oom": False}
        elif not state["stopped"]:
            raise JobError("AlgorithmError", _died(state))

    def _letter(self, timeout: float | None) -> tuple[str, Any] | None:
        letter = super()._letter(timeout)
        kind = letter[0] if letter is not None else ""
        if kind == "healthy" and not self._stopping.is_set():
            self._transforming = threading.Thread(target=self._transform, name="transform", daemon=True)
            self._transforming.start()
        elif kind == "transformed":
            self._done = True
            self._program.terminate()
            self._after(_GRACE, lambda: self._mailbox.put(("overdue", None)))
        elif kind == "overdue":
            self._program.kill()
        return letter

    def _transform(self) -> None:
        try:
            self._through()
        except StoppedError:
            return
        except JobError as failure:
            if not self._stopping.is_set():  # a server that was told to end breaks off what it was asked
                self._mailbox.put(("failed", failure))
        except BaseException as error:
            self._journal.trouble("transform.failed", error)
            message = f"The instance's agent failed: {type(error).__name__}: {error}"
            self._mailbox.put(("failed", JobError("InternalError", message)))
        else:
            self._mailbox.put(("transformed", None))

    def _through(self) -> None:
        self._data_log.start()
        request, spec = self._job["request"], self._spec
        client = request.get("ModelClientConfig") or {}
        paths = [os.path.join(spec.run, "serve.sock"), *self._job["further"]]
        self._await(paths[1:])
        models = Models(
            paths,
            request["TransformInput"].get("ContentType") or "",
            request["TransformOutput"].get("Accept") or "",
            timeout=client.get("InvocationsTimeoutInSeconds", 600),
            retries=client.get("InvocationsMaxRetries", 3),
            over=self._over,
        )
        place = (self._job["place"][0], self._job["place"][1])
        captured = None
        if request.get("DataCaptureConfig"):
            captured = Captured(
                request["DataCaptureConfig"], spec.job.arn, place[0], self._job["began"], spec.directory
            )
        Transformation(self._gateway, models, request, place, spec.directory, self._say, self._over, captured).run()

    def _await(self, paths: list[str]) -> None:
        """Until the further containers answer; whether they ever will is their own agents' affair."""
        for path in paths:
            while not healthy(path):
                if self._over():
                    raise StoppedError
                time.sleep(_PAUSE)

    def _over(self) -> bool:
        return self._stopping.is_set() or self._ended.is_set()

    def _say(self, line: str) -> None:
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        self._data_log.say(f"{stamp}.{int(now % 1 * 1000):03d}:[sagemaker logs]: {line}")


def _died(state: Mapping[str, Any]) -> str:
    how = f"with exit code {state['code']}"
    if state["oom"]:
        how = "for lack of memory. Choose an instance type with more, or send less at once (MaxPayloadInMB)"
    elif state["signal"]:
        how = f"by signal {state['signal']}"
    return f"The model server ended {how}, before all objects were transformed."
