"""A world with a user and a role in it, and a clock that tests turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.control.rig import ACCOUNT, Rig

from salvia.control.world import World
from salvia.services.iam import provided
from salvia.store import documents
from salvia.store.documents import Document


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def run() -> Iterator[Callable[[Any], Any]]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def world(rig: Rig, run: Callable[[Any], Any]) -> World:
    """As a gateway has it."""
    world = rig.world()
    provided.provide(world)
    world.providers.used = lambda caller, service, region: None
    for noun, name, prefix in (("User", "ann", "AIDA"), ("Role", "auditor", "AROA")):
        spec = {f"{noun}Name": name, f"{noun}Id": f"{prefix}0123456789ABCDEF"}
        arn = f"arn:aws:iam::{ACCOUNT}:{noun.lower()}/{name}"
        entity = Document(f"iam:{noun}", ACCOUNT, "", name, arn, spec=spec, created_at=rig.now, modified_at=rig.now)
        assert run(world.db.write(lambda tx, entity=entity: documents.insert(tx, entity)))
    return world
