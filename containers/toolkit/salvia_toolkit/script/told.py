"""What a job tells its script: /opt/ml/input/config, decoded."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import config

_OURS = "sagemaker_"  # hyperparameters that are for the toolkit
_TUNER = "_tuning_objective_metric"
# What estimators' `distribution` becomes, and its name there.
_DISTRIBUTIONS = {
    "sagemaker_torch_distributed_enabled": "torch_distributed",
    "sagemaker_distributed_dataparallel_enabled": "smddp",
    "sagemaker_pytorch_ddp_enabled": "pytorchddp",
    "sagemaker_pytorch_xla_multi_worker_enabled": "pytorchxla",
    "sagemaker_mpi_enabled": "mpi",
    "sagemaker_parameter_server_enabled": "parameter_server",
    "sagemaker_multi_worker_mirrored_strategy_enabled": "multi_worker_mirrored_strategy",
}
PROGRAM, SOURCE = "sagemaker_program", "sagemaker_submit_directory"


class ScriptError(Exception):
    """The script cannot be run, or failed; the text becomes the FailureReason, `code` the exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Told:
    """`hyperparameters` are the script's own, `toolkit` those that begin with `sagemaker_`; both decoded."""

    base: Path
    hyperparameters: dict[str, Any]
    toolkit: dict[str, Any]
    channels: dict[str, Any]
    resources: dict[str, Any]

    @property
    def program(self) -> str:
        """The name of the script, in its source."""
        return str(os.environ.get("SAGEMAKER_PROGRAM") or self.toolkit.get(PROGRAM) or "")

    @property
    def distribution(self) -> str | None:
        """How the script is to be started on all hosts together, where the job says it."""
        return next((name for key, name in _DISTRIBUTIONS.items() if self.toolkit.get(key)), None)

    @property
    def source(self) -> str:
        """Where the script is: an S3 URI, an archive, or a folder."""
        return str(os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or self.toolkit.get(SOURCE) or self.code)

    @property
    def code(self) -> Path:
        """The folder that it runs in."""
        return self.base / "code"


def wanted(base: Path) -> bool:
    """Whether the job brings a script; what is malformed does not."""
    try:
        return bool(read(base).program)
    except ScriptError:
        return False


def read(base: Path) -> Told:
    """Read the configuration files; a missing one is empty. Raises ScriptError for what is no JSON object."""
    told = base / "input" / "config"
    given = {name: _decoded(value) for name, value in _json(told / "hyperparameters.json").items()}
    return Told(
        base=base,
        hyperparameters={n: v for n, v in given.items() if not n.startswith(_OURS) and n != _TUNER},
        toolkit={name: value for name, value in given.items() if name.startswith(_OURS)},
        channels=_json(told / "inputdataconfig.json"),
        resources={"current_host": "algo-1", "hosts": ["algo-1"], **_json(told / "resourceconfig.json")},
    )


def _json(file: Path) -> dict[str, Any]:
    try:
        return config.document(file)
    except ValueError as problem:
        raise ScriptError(f"ClientError: {problem}") from problem


def _decoded(value: Any) -> Any:
    """A hyperparameter as SDKs encode it, in JSON; whatever is none is text as it stands."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value
