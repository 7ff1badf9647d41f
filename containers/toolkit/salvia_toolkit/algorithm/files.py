"""The files of a channel, and where in them something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .failures import ClientError

_GZIP = b"\x1f\x8b"
_COMPRESSED = "is compressed by gzip. Set CompressionType to Gzip on the channel, or unpack it."


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a channel; `name` is its path below the channel's directory."""

    channel: str
    path: Path
    name: str

    def wrong(self, what: str, line: int | None = None) -> ClientError:
        """The error that says where, then what."""
        where = f"Channel {self.channel!r}, file {self.name!r}" + (f", line {line}" if line else "")
        return ClientError(f"{where}: {what}")

    def bytes(self) -> bytes:
        """The whole file. Raises ClientError when it is compressed."""
        content = self.path.read_bytes()
        if content.startswith(_GZIP):
            raise self.wrong(_COMPRESSED)
        return content

    def lines(self) -> Iterator[tuple[int, str]]:
        """(number from 1, text) of each line that is not blank. Raises ClientError when it is not UTF-8."""
        with self.path.open("rb") as opened:
            for number, line in enumerate(opened, 1):
                if number == 1 and line.startswith(_GZIP):
                    raise self.wrong(_COMPRESSED)
                if not line.strip():
                    continue
                try:
                    yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as problem:
                    raise self.wrong(f"is not UTF-8: {problem.reason} at byte {problem.start}.", number) from problem


def of_channel(channel: str, directory: Path) -> list[DataFile]:
    """Every file with content, subdirectories included, in the order of their paths; or the one that it is.

    Names that begin with '.' or '_' are left out, as AWS does (they are other programs' markers, such as
    Spark's _SUCCESS); so are empty files, which S3 consoles make in place of folders.
    """
    if directory.is_file():
        return [DataFile(channel, directory, directory.name)] if directory.stat().st_size else []
    return [
        DataFile(channel, path, str(path.relative_to(directory)))
        for path in sorted(_walk(directory))
        if path.stat().st_size
    ]


def _walk(directory: Path) -> Iterator[Path]:
    if not directory.is_dir():
        return
    for entry in directory.iterdir():
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            yield from _walk(entry)
        elif entry.is_file():
            yield entry
