"""The source of a script, brought to the folder that it runs in.

It comes from outside: an archive may name paths and links that lead elsewhere, and is unpacked by Python's filter
for data, which refuses them (PEP 706).
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
from pathlib import Path

from .told import PROGRAM, SOURCE, ScriptError


def bring(source: str, program: str, base: Path) -> Path:
    """The folder `base`/code with `program` in it, from an S3 URI, an archive, or a folder. Raises ScriptError."""
    code = base / "code"
    code.mkdir(parents=True, exist_ok=True)
    if source.startswith("s3://"):
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder, "source.tar.gz")
            _download(source, archive)
            _unpack(archive, code, source)
    else:
        place = inside(source, base)
        if place.is_file():
            _unpack(place, code, source)
        elif place.is_dir() and place.resolve() != code.resolve():
            shutil.copytree(place, code, dirs_exist_ok=True)
        elif not place.is_dir():
            raise ScriptError(f"ClientError: {SOURCE} is {source}, and nothing is there.")
    check(code, program, source)
    return code


def inside(source: str, base: Path) -> Path:
    """Where a path below /opt/ml is: at `base`."""
    place = Path(source.removeprefix("file://"))
    return base / place.relative_to("/opt/ml") if place.is_relative_to("/opt/ml") else place


def check(code: Path, program: str, source: str) -> None:
    """Raise ScriptError unless `program` is in `code`."""
    if not (code / program).is_file():
        held = ", ".join(sorted(path.name for path in code.iterdir())[:10]) or "nothing"
        raise ScriptError(f"ClientError: {PROGRAM} is {program!r}, which {source} does not hold: it has {held}.")


def _download(uri: str, path: Path) -> None:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        boto3.client("s3").download_file(bucket, key, str(path))
    except (BotoCoreError, ClientError, OSError) as problem:
        raise ScriptError(
            f"ClientError: {SOURCE}: {uri} could not be downloaded: {problem}. Check that it exists, that the role may "
            "read it (s3:GetObject), and that the job has a network: with EnableNetworkIsolation, give it in a channel."
        ) from problem


def _unpack(archive: Path, code: Path, name: str) -> None:
    try:
        with tarfile.open(archive) as opened:
            # Python 3.11.0 to 3.11.3 lacks PEP 706's filter. An archive that leads elsewhere gets nowhere that its
            # script could not write to.
            opened.extraction_filter = getattr(tarfile, "data_filter", lambda member, path: member)
            opened.extractall(code)  # noqa: S202
    except (tarfile.TarError, EOFError, OSError) as problem:
        raise ScriptError(f"ClientError: {SOURCE}: {name} cannot be unpacked: {problem}.") from problem
