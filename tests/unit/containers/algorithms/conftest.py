"""Jobs of the built-in algorithms' programs, run as the platform runs them, on data that comes with scikit-learn."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..conftest import ROOT, Answer, Server, Servers, built
from ..xgboost.conftest import Image, Outcome

CONTAINERS = ROOT / "containers"


@dataclass(frozen=True)
class Data:
    """Files by name (`digits-train`), and what scikit-learn itself makes of them (see data.py)."""

    folder: Path
    baselines: Mapping[str, Any]

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.csv"

    def parts(self, name: str, count: int) -> list[str]:
        """The rows of a file in so many shares."""
        lines = self.file(name).read_text().splitlines()
        return ["\n".join(lines[part::count]) + "\n" for part in range(count)]

    def rows(self, name: str, count: int) -> str:
        """Its first rows."""
        return "\n".join(self.file(name).read_text().splitlines()[:count])


@pytest.fixture(scope="session")
def data(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Data:
    """Made by the XGBoost image's environment, which has scikit-learn."""
    folder = tmp_path_factory.mktemp("data")
    done = subprocess.run(
        [str(environment), str(Path(__file__).with_name("data.py")), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return Data(folder, json.loads((folder / "baselines.json").read_text()))


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of the environment that the algorithms share."""
    return built(CONTAINERS / "toolkit" / "algorithms.lock", tmp_path_factory.mktemp("algorithms"))


@dataclass
class Algorithm(Image):
    """An algorithm's image."""

    @staticmethod
    def content_types(base: Path, **channels: str) -> None:
        """Give channels of a job their content types."""
        file = base / "input" / "config" / "inputdataconfig.json"
        described = json.loads(file.read_text())
        for name, content_type in channels.items():
            described[name]["ContentType"] = content_type
        file.write_text(json.dumps(described))

    def serve(self, servers: Servers, outcome: Outcome, **environment: str) -> Server:
        """A model server with what a job left."""
        name = self.folder.name.replace("-", "_")
        files = {path.name: path.read_bytes() for path in (outcome.base / "model").iterdir()}
        module = f"salvia_toolkit.algorithm.serving {name}_image.model"
        return servers.start(module, files, path=self.program, **environment).ready()


@pytest.fixture
def algorithm(interpreter: Path, tmp_path: Path) -> Callable[[str], Algorithm]:
    """The image of a folder of containers/, ready to run jobs in this test's own directory."""

    def made(name: str) -> Algorithm:
        folder = CONTAINERS / name
        return Algorithm(interpreter, tmp_path, f"{folder}:{CONTAINERS / 'toolkit'}", folder)

    return made


@pytest.fixture(scope="module")
def served(interpreter: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Model servers of a module's tests."""
    made = Servers(interpreter, tmp_path_factory.mktemp("s"))
    yield made
    made.close()


def metric(outcome: Outcome, name: str) -> float:
    """The last value of a metric such as test:msd, found by the expression that image.toml declares."""
    assert outcome.code == 0, outcome.log
    return metrics(outcome, name)[-1]


def metrics(outcome: Outcome, name: str) -> list[float]:
    """All of them."""
    channel, _, measure = name.partition(":")
    pattern = rf"#quality_metric: host=\S+,(?: epoch=\d+,)? {channel} {measure} <\w+>=(\S+)"
    return [float(found) for found in re.findall(pattern, outcome.log)]


def records(answer: Answer) -> list[dict[str, Any]]:
    """The one member of a JSON answer."""
    assert answer.status == 200, answer.text
    (found,) = answer.json.values()
    return list(found)
