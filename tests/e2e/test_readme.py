"""What the README tells a new user to type, typed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.conftest import Server, free_port

ROOT = Path(__file__).resolve().parents[2]


def test_the_block_for_going_on_by_yourself_works_as_it_stands(tmp_path: Path) -> None:
    """README, "Two commands"."""
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    block = next(block for block in blocks if "salvia up --detach" in block)
    environment = {**os.environ, "SALVIA_HOME": str(tmp_path), "SALVIA_PORT": str(free_port())}
    try:
        done = subprocess.run(
            ["bash", "-ec", block], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "make_bucket: my-bucket" in done.stdout
        assert '"TrainingJobSummaries": []' in done.stdout
        assert re.search(r"^http://studio\.localhost:\d+/link#\S+$", done.stdout, re.MULTILINE)
    finally:
        subprocess.run([str(ROOT / ".venv/bin/salvia"), "down"], env=environment, check=True, capture_output=True)


@pytest.mark.timeout(300)
def test_the_sdks_example_works_as_it_stands(salvia: Server) -> None:
    """README, "Two commands"."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    block = next(block for block in blocks if "import sagemaker" in block)
    python = ROOT / ".venv-sdk2" / "bin" / "python"
    assert python.exists(), "`make .venv-sdk2/.setup` makes the environment of the SDK's version 2."
    done = salvia.salvia("exec", "--", str(python), "-c", f"import os; os.chdir({str(ROOT)!r})\n{block}", timeout=280)
    assert done.stdout.splitlines()[-1].endswith("/output/model.tar.gz")
