"""SM_NUM_GPUS: what a script is told of its instance's GPUs. Source: CUDA's programming guide, CUDA_VISIBLE_DEVICES."""

from __future__ import annotations

import sys

import pytest

from salvia.images.image import default_folder

sys.path.insert(0, str(default_folder() / "toolkit"))
from salvia_toolkit.script.variables import gpus


@pytest.mark.parametrize(("told", "count"), [("", 0), ("-1", 0), ("0", 1), ("1,3", 2), ("GPU-a,GPU-b, ", 2)])
def test_the_platform_says_which_are_its_own(monkeypatch: pytest.MonkeyPatch, told: str, count: int) -> None:
    """Also where nodes of others can be seen: at isolation level `none`."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", told)
    assert gpus() == count
