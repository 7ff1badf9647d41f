"""A Jupyter server: what comes before it, the server itself, and when its kernels were last at work.

Its program (`containers/jupyterlab`) clones repositories, runs the scripts of the lifecycle configuration, becomes the
server, and announces each of these steps (`steps`), which are phases of the instance. How long a step may take is the
controller's affair. What the program is told is in /opt/ml/input/config/notebookconfig.json.

Sources: developer guide, "Customization of a SageMaker notebook instance using an LCC script", "Get Notebook Instance
Metadata".
"""

# pathlib takes 10 ms to import, for which a program would wait.

from __future__ import annotations

import os
import threading
import time
from typing import Any

from .contract import lay_out
from .failure import JobError
from .health import Server
from .instance import Agent
from .logs import Log
from .spec import Spec
from .steps import Steps

_STARTUP = 300.0  # seconds from its start until the server must answer
_LOOK = 2.0  # seconds between looks at what the kernels do
_SAYS = {
    "Cloning": "a code repository could not be cloned",
    "OnCreate": "the OnCreate script of the lifecycle configuration ended with exit code {code}",
    "OnStart": "the OnStart script of the lifecycle configuration ended with exit code {code}",
    "Loading": "the Jupyter server ended with exit code {code} before it answered",
}


class Notebook(Agent):
    """Reports `Cloning`, `OnCreate`, `OnStart`, `Loading`, `InService`, `Exited`.

    `spec.job.notebook` has the program's `config`, the `metadata` for /opt/ml/metadata, the `streams` of the steps, the
    `batch` from which their logs count, and the `token` and the path `base` by which the server is asked.
    """

    def __init__(self, spec: Spec) -> None:
        self._told = spec.job.notebook
        self._word = os.urandom(16).hex()
        self._step = "Downloading"
        self._ended = threading.Event()
        self._healthy = False
        super().__init__(spec)

    def _log(self) -> Log:
        def stream(step: str) -> Any:
            return self._log_shipper(self._told["streams"].get(step, ""), number=self._told["batch"])

        return Steps(self._word, stream, self._enter)

    def _enter(self, step: str) -> None:
        self._step = step
        if step in _SAYS:
            self._reporter.enter(step)

    def _live(self, state: dict[str, Any]) -> None:
        spec = self._spec
        lay_out(spec.ml, (), "metadata", {"resource-metadata.json": self._told["metadata"]})
        lay_out(spec.ml, (), "input/config", {"notebookconfig.json": self._told["config"]})
        server = Server(spec.run, spec.run_inside, asked=f"{self._told['base']}api")
        self._start("Downloading", more={**server.environment, "SALVIA_STEPS": self._word})
        threading.Thread(target=self._serve, args=(server,), name="serve", daemon=True).start()
        try:
            ending = self._until_finished(state)
        finally:
            self._ended.set()
        if self._failure is not None:
            raise self._failure
        if not self._healthy and not state["stopped"]:
            what = _SAYS.get(self._step, _SAYS["Loading"]).format(code=ending.code)
            raise JobError("ClientError", f"{what}.{self._words()}")

    def _words(self) -> str:
        stream = self._told["streams"].get(self._step, self._spec.job.log_stream)
        return f" Its log is the stream {stream} of {self._spec.job.log_group}."

    def _serve(self, server: Server) -> None:
        while self._step != "Loading":
            if self._ended.wait(0.02):
                return
        late = threading.Timer(_STARTUP, self._startup_is_over)
        late.daemon = True
        late.start()
        if not server.wait(self._ended.is_set, lambda: False):
            return
        late.cancel()
        self._mailbox.put(("healthy", None))
        from .activity import Activity  # http takes 20 ms, for which nobody shall wait

        activity = Activity(server.path, self._told["base"], self._told["token"], time.time())
        busy = False
        while not self._ended.wait(_LOOK):
            server.follow()
            before, seen = busy, activity.look()
            busy = seen["busy"]
            # Whoever begins to work is not to be stopped for having been idle until the last heartbeat.
            (self._reporter.note if busy == before else self._reporter.update)(**seen)

    def _startup_is_over(self) -> None:
        message = f"the Jupyter server did not answer within {_STARTUP:.0f} seconds.{self._words()}"
        self._mailbox.put(("failed", JobError("ClientError", message)))

    def _letter(self, timeout: float | None) -> tuple[str, Any] | None:
        letter = super()._letter(timeout)
        if letter is not None and letter[0] == "healthy" and not self._stopping.is_set():
            self._healthy = True
            self._reporter.enter("InService", active=time.time(), busy=False)
        return letter
