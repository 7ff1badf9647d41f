"""All that a job is given by S3: its sources as files or as pipes, and checkpoints, which go back there as well."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from . import checkpoints
from .channels import Download
from .failure import JobError
from .fastfile import OpenFile, Tree, mountable
from .gateway import Gateway
from .mirror import Mirror
from .sources import Source, objects
from .spec import Spec
from .tree import open_folder

if TYPE_CHECKING:
    from .pipes import Pipes


class Inputs:
    """One host's input: brought, then kept up while the program runs.

    `fail(error)` ends the job while its program runs; `say` and `trouble` are those of `Mirror`.
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
        self._trees: list[tuple[Source, Tree]] = []
        self._mounted: list[str] = []  # names below `_folder`, which is /opt/ml/input/data
        self._folder = -1
        self._checkpoints: Mirror | None = None

    def bring(self, sources: Sequence[Source], stopping: Callable[[], bool]) -> None:
        """Return when the program can start. Raises JobError, or StoppedError."""
        spec, job = self._spec, self._spec.job
        files = [source for source in sources if source.mode != "Pipe"]
        if job.checkpoint is not None:
            checkpoint = checkpoints.source_of(job.checkpoint)
            files.append(checkpoint)
            self._checkpoints = Mirror(self._gateway, checkpoint, spec.ml, spec.directory, self._say, self._trouble)
        piped = [source for source in sources if source.mode == "Pipe"]
        if piped:
            self._pipes = self._prepared(piped)
        fast = [source for source in sources if source.mode == "FastFile"]
        if fast and mountable(spec.run):
            self._trees = [(source, self._tree(source)) for source in fast]
            files = [source for source in files if source not in fast]
        for source in fast if not self._trees else ():
            self._say(f"{source.label}: FastFile mode: this machine cannot stream files, so they are downloaded first.")
        if files:
            Download(self._gateway, spec.ml, stopping).run(files)

    def open(self) -> None:
        """Make the pipes, mount what is streamed, and follow the checkpoints: the program starts now.

        Call it from the thread that starts it: mounts are that thread's alone.
        """
        for source, tree in self._trees:
            self._mount(source, tree)
        if self._pipes is not None:
            self._pipes.open()
        if self._checkpoints is not None:
            self._checkpoints.start()

    def leave(self) -> None:
        """The program has ended: unmount. Call it from the thread that opened."""
        for name in self._mounted:
            from .fuse import unmount

            # By the folder's descriptor: the program may have laid links on the way.
            unmount(f"/proc/self/fd/{self._folder}/{name}")
        self._mounted.clear()

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

    def _tree(self, source: Source) -> Tree:
        tree = Tree()
        for item in source.share(objects(self._gateway, source)):
            tree.add(source, item)
        return tree

    def _mount(self, source: Source, tree: Tree) -> None:
        from . import fuse

        name = source.folder[-1]
        try:
            if not self._mounted:
                fuse.separate()
                self._folder = open_folder(self._spec.ml, "input", "data")
            os.close(open_folder(self._folder, name, create=True))
            descriptor = fuse.mount(f"/proc/self/fd/{self._folder}/{name}")
        except OSError as error:
            raise JobError("InternalError", f"{source.label}: its folder cannot be mounted: {error}.") from error
        self._mounted.append(name)
        fuse.Server(descriptor, tree, lambda item: OpenFile(self._gateway, item, self._say)).start()
