"""Volumes whose owner is no more, as a reset leaves them: of notebook instances and of Studio's spaces alike."""

from __future__ import annotations

import asyncio

from salvia.control import jupyter
from salvia.control.world import World
from salvia.store import documents


async def sweep(world: World) -> None:
    """Delete them. A volume's owner is there before it is, and is deleted after it."""
    found = await asyncio.to_thread(jupyter.volumes, world)
    for owner in found - documents.several(world.db.read(), found).keys():
        await jupyter.delete_volume(world, owner)
