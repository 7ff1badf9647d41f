"""What the README tells a new user to type, typed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.conftest import free_port

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
    finally:
        subprocess.run([str(ROOT / ".venv/bin/salvia"), "down"], env=environment, check=True, capture_output=True)
