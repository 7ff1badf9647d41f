"""Processing jobs by SageMaker's own SDKs, unmodified.

Expectations: the SDK's documentation, "Amazon SageMaker Processing", ScriptProcessor, SKLearnProcessor and
FrameworkProcessor, which installs what the source's requirements.txt asks for.
"""

from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.e2e.test_sdk import DATA, run


@pytest.mark.timeout(420)
def test_version_2_processes(salvia: Server) -> None:
    """FrameworkProcessor with source_dir, SKLearnProcessor with logs, ScriptProcessor on two instances."""
    found, printed = run(salvia, 2, "v2_processing.py", str(DATA))
    assert found["statuses"] == ["Completed"] * 3
    assert found["rows"] == {"train": 221, "test": 221}
    assert "train 221" in printed and "files 1" in printed


@pytest.mark.timeout(420)
def test_version_3_processes(salvia: Server) -> None:
    """FrameworkProcessor with source_dir."""
    found, printed = run(salvia, 3, "v3_processing.py", str(DATA))
    assert found == {"status": "Completed", "rows": {"train": 221, "test": 221}}
    assert "train 221" in printed
