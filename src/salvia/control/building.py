"""An image's environment, built unless it stands, for as long as somebody wants it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from salvia.core.errors import ServiceError
from salvia.images.builder import Builder, BuildError, Environment
from salvia.images.image import Image
from salvia.store import documents
from salvia.store.documents import Conflict, Document

from .world import World

_LOOK = 0.5  # seconds between looks, while an image is built, whether it is still wanted


async def environment(
    document: Document, world: World, image: Image, say: Callable[[], Awaitable[None]] | None = None
) -> Environment:
    """The environment of `image` for what `document` is about to start; `say()` is awaited when it has to be built.

    Raises ServiceError when it cannot be built, Conflict once the document changed its state: nobody waits then.
    """
    try:
        builder = Builder(world.settings.home / "images")
        built = await asyncio.to_thread(builder.built, image)
        if built:
            return built
        if say is not None:
            await say()
        return await _wanted(document, world, asyncio.create_task(builder.build(image)))
    except (BuildError, OSError, ValueError) as error:
        raise ServiceError("InternalServerError", str(error), 500) from error


async def _wanted(document: Document, world: World, building: asyncio.Task[Environment]) -> Environment:
    try:
        while not building.done():
            await asyncio.wait({building}, timeout=_LOOK)
            fresh = documents.by_id(world.db.read(), document.id)
            if fresh is None or fresh.state != document.state:
                raise Conflict(document.arn)
    finally:
        building.cancel()
        await asyncio.wait({building})
    return building.result()
