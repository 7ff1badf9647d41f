"""A world of its own for each test of `control`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.control.rig import Rig

from salvia.control.world import World


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def world(rig: Rig) -> World:
    return rig.world()


@pytest.fixture
def run() -> Iterator[Callable[[Any], Any]]:
    """Run a coroutine on the test's own event loop."""
    with asyncio.Runner() as runner:
        yield runner.run
