"""One table holds every route of Studio's host that is no operation of AWS's."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import salvia.studio
from salvia.studio.routes import ROUTES, TABLE

#: What issue 7 allows besides the public APIs: sign-in, live updates, downsampled series, saved views, capacity.
ALLOWED = re.compile(r"/_(session|session/role|live|series|views(/.*)?|capacity)")


def test_there_is_nothing_but_what_was_agreed() -> None:
    assert [route.path for route in ROUTES if not ALLOWED.fullmatch(route.path)] == []
    assert [(route.method, route.path) for route in ROUTES if route.open] == [("POST", "/_session")]
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_each_handler_is_a_coroutine_of_a_module_of_studios_own() -> None:
    for route in ROUTES:
        assert inspect.iscoroutinefunction(route.handler), route
        assert route.handler.__module__.startswith("salvia.studio.")


def test_no_path_is_told_apart_elsewhere() -> None:
    """`/_` stands in the table, and in the one place that leads to it."""
    found = {
        path.name
        for path in Path(salvia.studio.__file__).parent.glob("*.py")
        if re.search(r'(?<![\w/])["\']/_', path.read_text())
    }
    assert found == {"routes.py", "door.py"}


def test_a_path_and_a_method_find_their_route() -> None:
    route, labels, methods = TABLE.find("GET", "/_session")
    assert route in ROUTES and (labels, methods) == ({}, [])
    assert TABLE.find("PATCH", "/_session") == (None, {}, ["GET", "POST", "DELETE"])
    assert TABLE.find("GET", "/_session/") == (None, {}, [])
    assert TABLE.find("GET", "/_nothing") == (None, {}, [])
