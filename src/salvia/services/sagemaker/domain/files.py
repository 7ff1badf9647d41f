"""The end of a space: its files go first."""

from __future__ import annotations

from salvia.control import jupyter
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.store import documents, sites, usage
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import APP, SPACE

RECONCILES = SPACE


async def reconcile(space: Document, world: World) -> Outcome:
    """Delete what a space kept, then the space itself and its apps that are gone."""
    if space.state != "Deleting":
        return Outcome()
    await jupyter.delete_volume(world, space.id)

    def also(tx: Transaction) -> None:
        usage.end(tx, space.id, world.clock.now())
        for app in documents.owned(tx, space.id, APP.kind):
            sites.release(tx, app.id)
        tx.run("DELETE FROM documents WHERE owner = :id", {"id": space.id})

    return Outcome(delete=True, also=also)
