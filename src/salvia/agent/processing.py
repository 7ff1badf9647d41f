"""One instance of a processing job: its inputs, its program, what the program leaves in its outputs.

Sources: API reference, CreateProcessingJob; the guide, "Build Your Own Processing Container".
"""

# pathlib takes 10 ms to import, for which a job would wait.

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .contract import lay_out, output_file
from .failure import JobError
from .inputs import Inputs
from .instance import Agent
from .keys import folder_below, folder_prefix, split_uri
from .mirror import Mirror
from .sources import Source
from .spec import Spec

_MESSAGE = 1024  # bytes: "the first 1 KB of this file"


class Processing(Agent):
    """An output that is Continuous is stored as it comes, one that is EndOfJob once the program has succeeded."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._inputs = Inputs(
            spec, self._gateway, lambda error: self._mailbox.put(("failed", error)), self._logs.say, self._trouble
        )

    def _live(self, state: dict[str, Any]) -> None:
        spec, request = self._spec, self._spec.job.processing
        outputs = list(_outputs(request))
        lay_out(
            spec.ml,
            ["output", *("/".join(source.folder) for source, _ in outputs)],
            "config",
            {
                "processingjobconfig.json": request,
                "resourceconfig.json": {"current_host": spec.host, "hosts": list(spec.hosts)},
            },
        )
        self._work(lambda: self._inputs.bring(list(_inputs(request, spec.place)), self._stopping.is_set))
        mirrors = {
            Mirror(self._gateway, source, spec.ml, spec.directory, self._logs.say, self._trouble): continuous
            for source, continuous in outputs
        }
        followed = [mirror for mirror, continuous in mirrors.items() if continuous]
        try:
            self._start("Training", opening=lambda: self._open(followed))
            ending = self._until_finished(state)
        finally:
            self._inputs.leave()
        self._reporter.enter("Uploading")
        good = self._failure is None and ending.good and not state["stopped"]
        for mirror in mirrors if good else followed:
            try:
                self._work(mirror.finish)
            except JobError as error:
                if good:
                    raise
                self._trouble(error.message)  # what the program failed of is the job's reason
        self._work(self._inputs.close)
        if self._failure is not None:
            raise self._failure
        state["message"] = self._message()

    def _open(self, followed: list[Mirror]) -> None:
        self._inputs.open()
        for mirror in followed:
            mirror.start()

    def _message(self) -> str:
        """What the program wrote for ExitMessage. Source: the guide, "Save and Access Metadata Information"."""
        content = output_file(self._spec.ml, "message", _MESSAGE + 4)
        try:
            content.decode()
        except UnicodeDecodeError as error:
            if error.start < _MESSAGE:
                raise JobError(
                    "ClientError",
                    f"/opt/ml/output/message of {self._spec.host} is not UTF-8 (byte {error.start}). Write text to it.",
                ) from None
        return content[:_MESSAGE].decode("utf-8", "ignore")


def _inputs(request: Mapping[str, Any], place: tuple[int, int]) -> Iterator[Source]:
    """What the job is given; what its program manages itself is left to it."""
    for one in request.get("ProcessingInputs") or ():
        if one.get("AppManaged"):
            continue
        told = one["S3Input"]
        bucket, prefix = split_uri(told["S3Uri"])
        yield Source(
            label=f"Input '{one['InputName']}'",
            member="S3Uri",
            folder=folder_below(told["LocalPath"]),
            bucket=bucket,
            prefix=prefix,
            kind=told["S3DataType"],
            mode=told.get("S3InputMode") or "File",
            gzip=told.get("S3CompressionType") == "Gzip",
            sharded=told.get("S3DataDistributionType") == "ShardedByS3Key",
            place=place,
        )


def _outputs(request: Mapping[str, Any]) -> Iterator[tuple[Source, bool]]:
    """Where what comes out goes, each with whether it does so continuously."""
    for one in (request.get("ProcessingOutputConfig") or {}).get("Outputs") or ():
        if one.get("AppManaged"):
            continue
        told = one["S3Output"]
        bucket, prefix = folder_prefix(told["S3Uri"])
        label = f"Output '{one['OutputName']}'"
        yield (
            Source(label, f"{label}, S3Uri", folder_below(told["LocalPath"]), bucket, prefix),
            (told["S3UploadMode"] == "Continuous"),
        )
