"""All that a job is given by S3: channels as files or as pipes, and checkpoints, which go back there as well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from . import checkpoints
from .channels import Download
from .checkpoints import Checkpoints
from .failure import JobError
from .gateway import Gateway
from .sources import Source, source_of
from .spec import Spec

if TYPE_CHECKING:
    from .pipes import Pipes


class Inputs:
    """One host's input: brought, then kept up while the program runs.

    `fail(error)` ends the job while its program runs; `say` and `trouble` are those of `Checkpoints`.
    """

    def __init__(
        self,
        spec: Spec,
        gateway: Gateway,
        fail: Callable[[JobError], None],
        say: Callable[[str], None],
        trouble: Callable[[str], None],
    ) -> None:
        self._spec, self._gateway, self._fail, self._say, self._trouble = spec, gateway, fail, say, trouble
        self._pipes: Pipes | None = None
        self._checkpoints: Checkpoints | None = None

    def bring(self, stopping: Callable[[], bool]) -> None:
        """Return when the program can start. Raises JobError, or StoppedError."""
        spec, job = self._spec, self._spec.job
        place = spec.hosts.index(spec.host), len(spec.hosts)
        sources = [source_of(channel, job.input_mode, place) for channel in job.channels]
        files = [source for source in sources if source.mode != "Pipe"]
        if job.checkpoint is not None:
            checkpoint = checkpoints.source_of(job.checkpoint)
            files.append(checkpoint)
            self._checkpoints = Checkpoints(
                self._gateway, checkpoint, spec.ml, spec.directory, self._say, self._trouble
            )
        piped = [source for source in sources if source.mode == "Pipe"]
        if piped:
            self._pipes = self._prepared(piped)
        for source in sources:
            if source.mode == "FastFile":
                self._say(f"{source.label}: FastFile mode: its objects are downloaded first, and are read-only files.")
        if files:
            Download(self._gateway, spec.ml, stopping).run(files)

    def open(self) -> None:
        """Make the pipes, and follow the checkpoints: the program starts now."""
        if self._pipes is not None:
            self._pipes.open()
        if self._checkpoints is not None:
            self._checkpoints.start()

    def close(self) -> None:
        """The program has ended: remove the pipes, store the last checkpoints. Raises JobError."""
        if self._pipes is not None:
            self._gateway.stop_reading()
            self._pipes.close()
        if self._checkpoints is not None:
            self._checkpoints.finish()

    def _prepared(self, sources: Sequence[Source]) -> Pipes:
        # not before they are needed: a program is waiting to be started
        from .pipes import Pipes
        from .stream import Stream

        spec = self._spec
        streams = [Stream(self._gateway, source, spec.directory) for source in sources]
        for stream in streams:
            stream.prepare()
        return Pipes(streams, spec.ml, self._fail)
