"""Routes: one row an endpoint. Expectations: the docstring of store/routes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salvia.store import routes
from salvia.store.db import Database

Run = Callable[[Any], Any]
WHERE = ("123456789012", "us-east-1", "demo")


def test_a_route_is_written_read_and_deleted(database: Database, run: Run) -> None:
    assert routes.read(database.read(), *WHERE) is None
    for number, config in enumerate(("first", "second"), 1):
        run(database.write(lambda tx, config=config: routes.write(tx, *WHERE, "id-1", {"config": config})))
        assert routes.read(database.read(), *WHERE) == ("id-1", number, {"config": config})
    run(database.write(lambda tx: routes.delete(tx, *WHERE)))
    assert routes.read(database.read(), *WHERE) is None


def test_an_endpoint_of_the_same_name_is_another(database: Database, run: Run) -> None:
    """Deleted and created again: a reader tells them by the document's id."""
    run(database.write(lambda tx: routes.write(tx, *WHERE, "id-1", {})))
    run(database.write(lambda tx: routes.delete(tx, *WHERE)))
    run(database.write(lambda tx: routes.write(tx, *WHERE, "id-2", {})))
    assert routes.read(database.read(), *WHERE) == ("id-2", 1, {})
