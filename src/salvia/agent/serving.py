"""One container of an endpoint's instance: its model's data, then its model server, until it is told to stop.

Source: developer guide, "Use your own inference code with hosting services".
"""

# pathlib takes 10 ms to import, for which a program would wait.

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .descendants import main_process
from .failure import JobError, StoppedError
from .gpus import Gpus
from .health import WELL, Server, ping
from .instance import Agent
from .model_data import ADDITIONAL, FOLDER, bring
from .spec import Model, Spec
from .tree import open_folder
from .utilization import Utilization

if TYPE_CHECKING:
    from .multi_model import MultiModel

_SOCKET, _BEHIND = "serve.sock", "container.sock"  # where it is reached, and where it is with a front before it
_FOLLOW = 1.0  # seconds between looks at a socket that may be bound anew
_UNWELL = 3  # pings in a row that are answered, and not with 200: AWS does not publish its figure


class Serving(Agent):
    """Reports `Downloading`, `Loading` (the program runs, but does not answer yet), `InService`, `Exited`; before the
    last, `Unhealthy` when it stops answering: it is told to stop once nobody is led to it any more."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        assert spec.job.model is not None
        self._model: Model = spec.job.model
        self._ended = threading.Event()
        self._bringing = self._healthy = False

    def _live(self, state: dict[str, Any]) -> None:
        self._bring()
        server = Server(
            self._spec.run, self._spec.run_inside, self._model.port, _BEHIND if self._model.many else _SOCKET
        )
        self._start("Loading", more=server.environment)
        pinging = threading.Thread(target=self._ping, args=(server,), name="ping", daemon=True)
        waiting = self._after(self._model.startup_timeout, self._startup_is_over)
        pinging.start()
        try:
            self._until_finished(state)
        finally:
            self._ended.set()
            self._gateway.stop_reading()  # a model may be on its way that nobody asks for any more
            waiting.cancel()
        if self._failure is not None:
            raise self._failure

    def _bring(self) -> None:
        spec = self._spec
        folders: dict[tuple[str, ...], Mapping[str, Any] | None] = {FOLDER: self._model.source}
        folders |= {(ADDITIONAL, one["ChannelName"]): one["S3DataSource"] for one in self._model.additional}
        os.makedirs(spec.ml, exist_ok=True)
        for folder in folders:
            os.close(open_folder(spec.ml, *folder, create=True))
        sources = [(folder, source) for folder, source in folders.items() if source is not None]
        if not sources:
            return
        seconds, uris = self._model.download_timeout, ", ".join(source["S3Uri"] for _, source in sources)
        message = (
            f"Model data download of {uris} did not end within {seconds:.0f} seconds. Raise "
            "ModelDataDownloadTimeoutInSeconds of the variant, or make the model smaller."
        )
        waiting = self._after(seconds, lambda: self._mailbox.put(("late", JobError("ClientError", message))))
        self._bringing = True
        for where, source in sources:
            work = partial(bring, self._gateway, source, spec.ml, where, spec.directory, self._stopping.is_set)
            self._work(work)
        self._bringing = False
        waiting.cancel()

    def _ping(self, server: Server) -> None:
        if not server.wait(self._ended.is_set, lambda: self._enter(server)):
            return
        models = self._models(server) if self._model.many else None
        self._mailbox.put(("healthy", None))
        threading.Thread(target=self._measure, args=(models,), name="utilization", daemon=True).start()
        threading.Thread(target=self._watch, args=(server.path,), name="health", daemon=True).start()
        while not self._ended.wait(_FOLLOW):
            server.follow()

    def _watch(self, path: str) -> None:
        """Ping it, as AWS does, until it is not healthy any more.

        What it says of itself is believed soon. One that says nothing may have its hands full: that is no illness for
        as long as an answer may take.
        """
        patience = self._model.answer_timeout
        if patience is None:
            return
        well, unwell = time.monotonic(), 0
        while not self._ended.wait(self._model.ping_every):
            status = ping(path)
            if status == WELL:
                well, unwell = time.monotonic(), 0
                continue
            unwell = unwell + 1 if status else 0
            silent = time.monotonic() - well
            if unwell >= _UNWELL or silent > patience:
                said = f"{unwell} times with status {status}" if status else f"not once in {silent:.0f} seconds"
                self._mailbox.put(("unhealthy", f"did not pass the ping health check: GET /ping was answered {said}."))
                return

    def _models(self, server: Server) -> MultiModel:
        """Stand between the gateways and a container of many models."""
        from .front import Front  # asyncio takes 40 ms, and few need it
        from .model_files import ModelFiles
        from .multi_model import MultiModel

        many = self._model.many
        assert many is not None
        files = ModelFiles(self._spec, many.prefix, self._gateway)
        models = MultiModel(many, files, server.path, self._model.memory)
        Front(os.path.join(self._spec.run, _SOCKET), server.path, models).start()
        return models

    def _measure(self, models: MultiModel | None) -> None:
        cloudwatch, model = self._gateway.service("cloudwatch"), self._model
        count = None if models is None else lambda: models.loaded
        namespace = self._spec.job.metric_namespace
        gpus = Gpus(self._spec.gpus if self._spec.job.kind == "serving" else ())  # a transform's are in its reports
        used = Utilization(cloudwatch, namespace, model.dimensions, model.memory, gpus, count)
        used.run(model.every, self._ended.wait, self._trouble)

    def _enter(self, server: Server) -> bool:
        """Build the bridge into the program's network, and out of it to what SDKs need; False until there is one."""
        pid = main_process(self._program.pid)
        try:
            if pid is None or os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net"):
                return False
        except OSError:
            return False
        words = [sys.executable, "-P", "-s", "-S", "-m", "salvia.agent.bridge", str(pid), str(self._model.port)]
        self._mailbox.put(("bridge", [*words, server.path, *self._ways_out()]))
        return True

    def _ways_out(self) -> list[str]:
        if self._spec.job.network_isolation:
            return []
        found = []
        for url in (self._spec.url, self._credentials_url):
            place = urlsplit(url or "")
            host = "127.0.0.1" if place.hostname == "localhost" else place.hostname or ""
            if host.startswith("127."):
                found.append(f"{host}:{place.port or (443 if place.scheme == 'https' else 80)}")
        return found

    def _startup_is_over(self) -> None:
        if not self._healthy:
            message = (
                f"did not pass the ping health check within {self._model.startup_timeout:.0f} seconds. GET /ping must "
                "answer with status 200 within 2 seconds."
            )
            self._mailbox.put(("failed", JobError("AlgorithmError", message)))

    def _letter(self, timeout: float | None) -> tuple[str, Any] | None:
        letter = super()._letter(timeout)
        if self._bringing and letter is not None:  # nobody waits for a request that hangs
            if letter[0] == "late":
                self._bringing = False
                raise letter[1]
            if self._stopping.is_set():
                self._bringing = False
                raise StoppedError
        if letter is not None and letter[0] == "bridge":  # it dies with the thread that starts it
            os.posix_spawn(sys.executable, letter[1], os.environ)
        if letter is not None and letter[0] == "healthy" and not self._stopping.is_set():
            self._healthy = True
            self._reporter.enter("InService")
        if letter is not None and letter[0] == "unhealthy" and not self._stopping.is_set():
            self._journal.note("unhealthy", message=letter[1])
            self._reporter.enter("Unhealthy", message=letter[1])
        return letter

    @staticmethod
    def _after(seconds: float, call: Any) -> threading.Timer:
        timer = threading.Timer(seconds, call)
        timer.daemon = True
        timer.start()
        return timer
