"""Jobs for the XGBoost image's program, run as the platform runs them: its environment, a tree of files, `train`."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ..conftest import FOLDER, PROGRAM, ROOT

DIABETES = ROOT / "tests" / "data" / "diabetes.csv"
_BATCH = Path(__file__).with_name("batch.py")
SERVE = "xgboost_image.serve"
_MEASURE = Path(__file__).with_name("measure.py")


def diabetes_rows() -> list[str]:
    """The rows of a real data set: label, ten features."""
    return DIABETES.read_text().splitlines()


@dataclass
class Outcome:
    """What a host left behind."""

    code: int
    log: str
    base: Path

    @property
    def failure(self) -> str:
        file = self.base / "output" / "failure"
        return file.read_text() if file.exists() else ""

    @property
    def model(self) -> Path:
        return self.base / "model" / "xgboost-model"

    @property
    def metric_lines(self) -> list[str]:
        return [line for line in self.log.splitlines() if line.startswith("[") and "#011" in line]


@dataclass
class Image:
    """The built image. `run` trains; `measure` asks XGBoost itself, without the image's program."""

    python: Path
    tmp: Path
    program: str = PROGRAM
    folder: Path = FOLDER
    _number: int = field(default=0)

    def base(
        self,
        files: Mapping[str, str | bytes | Path],
        hyperparameters: Mapping[str, str],
        content_type: str | None,
        host: str = "algo-1",
        hosts: Sequence[str] = ("algo-1",),
        **channel: str,
    ) -> Path:
        """The tree below /opt/ml; `files` are named CHANNEL/PATH."""
        self._number += 1
        base = self.tmp / f"ml-{self._number}"
        described: dict[str, dict[str, str]] = {}
        for name, content in files.items():
            path = base / "input" / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copy(content, path)
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
            described[name.split("/")[0]] = {
                "TrainingInputMode": "File",
                "S3DistributionType": "FullyReplicated",
                **({"ContentType": content_type} if content_type else {}),
                **channel,
            }
        config = base / "input" / "config"
        config.mkdir(parents=True)
        (config / "hyperparameters.json").write_text(json.dumps(dict(hyperparameters)))
        (config / "inputdataconfig.json").write_text(json.dumps(described))
        (config / "resourceconfig.json").write_text(json.dumps({"current_host": host, "hosts": list(hosts)}))
        return base

    def start(self, base: Path, **environment: str) -> subprocess.Popen[str]:
        """Start `train` as the platform does."""
        with (self.folder / "image.toml").open("rb") as opened:
            command = tomllib.load(opened)["train"]
        with (base / "log").open("w") as log:
            return subprocess.Popen(
                [str(self.python), *command[1:]],
                env={
                    "PATH": os.environ["PATH"],
                    "SAGEMAKER_BASE_DIR": str(base),
                    "PYTHONPATH": self.program,
                    "PYTHONDONTWRITEBYTECODE": "1",  # the repository stays as it is
                    "OMP_NUM_THREADS": "1",
                    **environment,
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def finished(self, process: subprocess.Popen[str], base: Path) -> Outcome:
        """What became of it."""
        code = process.wait(60)
        return Outcome(code, (base / "log").read_text(), base)

    def run(
        self,
        files: Mapping[str, str | bytes | Path],
        hyperparameters: Mapping[str, str] = {},
        content_type: str | None = "text/csv",
        **channel: str,
    ) -> Outcome:
        """A job on one host."""
        base = self.base(files, hyperparameters, content_type, **channel)
        return self.finished(self.start(base), base)

    def run_all(self, bases: Sequence[Path]) -> list[Outcome]:
        """Several jobs on one host, in one process: see batch.py."""
        done = subprocess.run(
            [str(self.python), str(_BATCH), *map(str, bases)],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": self.program, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return [Outcome(int((base / "code").read_text()), (base / "log").read_text(), base) for base in bases]

    def run_together(
        self,
        files: Sequence[Mapping[str, str | bytes | Path]],
        hyperparameters: Mapping[str, str],
        content_type: str = "text/csv",
        **channel: str,
    ) -> list[Outcome]:
        """A job on as many hosts as there are sets of files; a host's name is its loopback address."""
        hosts = addresses(len(files))
        bases = [
            self.base(own, hyperparameters, content_type, host, hosts, **channel)
            for own, host in zip(files, hosts, strict=True)
        ]
        started = [self.start(base) for base in bases]
        return [self.finished(process, base) for process, base in zip(started, bases, strict=True)]

    def measure(self, **request: Any) -> Any:
        """See measure.py."""
        done = subprocess.run(
            [str(self.python), str(_MEASURE)],
            input=json.dumps(request, default=str),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def addresses(count: int) -> list[str]:
    """Loopback addresses that no other test uses, most probably."""
    block = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}"
    return [f"{block}.{number + 1}" for number in range(count)]


@pytest.fixture
def xgboost(environment: Path, tmp_path: Path) -> Image:
    """The image, ready to run jobs in this test's own directory."""
    return Image(environment, tmp_path)


@pytest.fixture(scope="session")
def models(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """See make_models.py; `file` is where a model lies."""
    folder = tmp_path_factory.mktemp("models")
    done = subprocess.run(
        [str(environment), str(Path(__file__).with_name("make_models.py"))],
        input=json.dumps({"folder": str(folder)}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "file": lambda name: (folder / name).read_bytes()}


def near(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-5)
