"""`POST /_reset`, under `--auth off` alone: the server as its first start left it, for the next test of a suite."""

from __future__ import annotations

from salvia.store.db import Transaction

from . import timekeeping
from .world import World


async def reset(world: World) -> None:
    """Forget every resource, durably, and do what a first start does.

    The bytes of objects and the folders of instances are swept later; agents learn from their next report that
    they are not wanted any more. Virtual time stays where it is: it never goes back.
    """
    if world.journal is not None:
        world.journal.forget()
    await world.db.write(_forget)
    for hook in world.dispatch.hooks["bootstrap"]:
        await hook(world)
    world.hints.send()


def _forget(tx: Transaction) -> None:
    for table in tx.tables():
        if table == "documents":
            tx.run("DELETE FROM documents WHERE kind <> :clock", {"clock": timekeeping.KIND})
        else:
            tx.run(f"DELETE FROM {table}")  # noqa: S608
