"""The container contract: what this program finds below /opt/ml, and where it leaves its results.

Source: SageMaker developer guide, "How Amazon SageMaker Provides Training Information" and
"How Amazon SageMaker Processes Training Output".
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import config
from .failures import ClientError
from .log import warn

REPLICATED = "FullyReplicated"
_FAILURE_LIMIT = 1024  # characters of output/failure that become the FailureReason


@dataclass(frozen=True, slots=True)
class Channel:
    """One entry of InputDataConfig, downloaded."""

    name: str
    directory: Path
    content_type: str | None
    distribution: str
    mode: str


@dataclass(frozen=True, slots=True)
class Contract:
    """The job as this host sees it. `hosts` has the same order on every host; its first is the leader."""

    base: Path
    hyperparameters: dict[str, str]
    channels: dict[str, Channel]
    host: str
    hosts: tuple[str, ...]
    checkpoints: Path | None

    @property
    def rank(self) -> int:
        """This host's place in `hosts`, from 0."""
        return self.hosts.index(self.host)

    @property
    def model_directory(self) -> Path:
        """What is put here becomes model.tar.gz."""
        return self.base / "model"

    def fail(self, reason: str) -> None:
        """Write the text that becomes the job's FailureReason."""
        output = self.base / "output"
        output.mkdir(parents=True, exist_ok=True)
        (output / "failure").write_text(reason[:_FAILURE_LIMIT], encoding="utf-8")


def check_channels(job: Contract, reader: str, channels: Collection[str]) -> None:
    """Check the job's channels against those that there may be; the first must. Raises ClientError."""
    first, *_ = channels
    if first not in job.channels:
        raise ClientError(
            f"There is no channel named {first!r}; the job has {', '.join(sorted(job.channels)) or 'none'}. "
            "Give the channel with the training data that name."
        )
    for name in sorted(set(job.channels) - set(channels)):
        warn(f"Channel {name!r} is not read: {reader} has {', '.join(channels)}.")


def read(base: Path) -> Contract:
    """Read input/config/*.json. A missing hyperparameters.json or resourceconfig.json means: none, one host.

    Raises ClientError when a file is not what the contract says.
    """
    told = base / "input" / "config"
    resources = _json(told / "resourceconfig.json")
    host = str(resources.get("current_host") or "algo-1")
    hosts = tuple(sorted(map(str, resources.get("hosts") or [host]), key=_host_order))
    if host not in hosts:
        raise ClientError(f"resourceconfig.json: current_host {host!r} is not among the hosts {', '.join(hosts)}.")
    return Contract(
        base=base,
        hyperparameters={name: _plain(value) for name, value in _json(told / "hyperparameters.json").items()},
        channels={
            name: _channel(base, name, described) for name, described in _json(told / "inputdataconfig.json").items()
        },
        host=host,
        hosts=hosts,
        checkpoints=_checkpoints(base, told / "checkpointconfig.json"),
    )


def _channel(base: Path, name: str, described: dict[str, Any]) -> Channel:
    return Channel(
        name=name,
        directory=base / "input" / "data" / name,
        content_type=described.get("ContentType") or None,
        distribution=described.get("S3DistributionType") or REPLICATED,
        mode=described.get("TrainingInputMode") or "File",
    )


def _checkpoints(base: Path, file: Path) -> Path | None:
    """The directory that is kept in S3 while the job runs; None when the job asked for none."""
    if not file.exists():
        return None
    local = Path(_json(file).get("LocalPath") or "/opt/ml/checkpoints")
    return base / local.relative_to("/opt/ml") if local.is_relative_to("/opt/ml") else local


def _json(file: Path) -> dict[str, Any]:
    try:
        return config.document(file)
    except ValueError as problem:
        raise ClientError(str(problem)) from problem


def _plain(value: object) -> str:
    """A hyperparameter's text; SDK estimators JSON-encode strings, so that they arrive in quotes."""
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text))
        except ValueError:
            return text
    return text


def _host_order(host: str) -> tuple[str, int, str]:
    """algo-2 before algo-10."""
    stem, _, number = host.rpartition("-")
    return (stem, int(number), "") if number.isdigit() else ("", 0, host)
