"""The examples, as a newcomer runs them: each beats its baseline on real data."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Server

ROOT = Path(__file__).parents[2]
EXAMPLES = {  # by which version of the SDK, and whether more is better
    "churn": (2, True),
    "loop": (2, True),  # a shell script, which asks Python for the table only
    "loop_boto3": (2, True),
    "loop_v2": (2, True),
    "loop_v3": (3, True),
    "sentiment": (3, True),
    "anomalies": (2, True),
    "recommendation": (2, False),
    "series": (2, True),
    "forecasting": (2, False),
}
pytestmark = pytest.mark.timeout(900)  # all of them run at once; the first of them waits for the others' images


@pytest.fixture(scope="module")
def printed(salvia: Server) -> Iterator[dict[str, Future[str]]]:
    """What each prints; all work at once, for most of what the SDK does is wait."""
    # The data is fetched beforehand, as once on any machine, rather than by each of them.
    subprocess.run([_python(2), ROOT / "examples" / "data.py"], check=True, env=os.environ)

    def run(name: str) -> str:
        python = str(_python(EXAMPLES[name][0]))
        (path,) = (ROOT / "examples").glob(f"{name}.*")
        shell = ["env", f"PYTHON={python}", f"PATH={salvia.environment['PATH']}", "bash"]
        with_what = shell if path.suffix == ".sh" else [python]
        return salvia.salvia("exec", "--", *with_what, str(path), timeout=800).stdout

    with ThreadPoolExecutor(len(EXAMPLES)) as users:
        yield {name: users.submit(run, name) for name in EXAMPLES}


def _python(major: int) -> Path:
    return ROOT / f".venv-sdk{major}" / "bin" / "python"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_beats_its_baseline(printed: dict[str, Future[str]], name: str) -> None:
    """The last two lines that it prints: its own metric, and the baseline's."""
    lines = printed[name].result().splitlines()[-2:]
    own, baseline = (float(re.findall(r": ([0-9.]+)$", line)[0]) for line in lines)
    better = own > baseline if EXAMPLES[name][1] else own < baseline
    assert better, lines


def test_every_example_is_run() -> None:
    """A new one is one more line above."""
    found = {path.stem for path in (ROOT / "examples").iterdir() if path.suffix in (".py", ".sh")}
    assert found - {"data", "loop_data"} == EXAMPLES.keys()
