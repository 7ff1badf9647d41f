"""A world and instances in it, for the agent's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .world import Instance, World, instances


@pytest.fixture
def world() -> Iterator[World]:
    """A gateway's surface, gone when the test ends."""
    world = World()
    yield world
    world.down()


@pytest.fixture
def instance(world: World, tmp_path: Path) -> Iterator[Callable[..., Instance]]:
    """Makes instances: `instance(argv, **members of the job)`."""
    with instances(world, tmp_path) as make:
        yield make
