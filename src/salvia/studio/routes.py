"""The routes of Studio's host that are no operation of AWS's: all of them, and a test holds the server to it.

A path may hold `{NAME}`s; the handler, a coroutine in a module of its own, finds what they stood for in `labels`. Each
needs a session but those that are `open`, and the session's CSRF token but GET.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote

from . import account, capacity, live, series, sign_in, views
from .visit import Handler


class Route(NamedTuple):
    """One method of one path. `open`: to those who have not signed in yet."""

    method: str
    path: str
    handler: Handler
    open: bool = False


ROUTES = (
    Route("GET", "/_session", account.show),
    Route("POST", "/_session", sign_in.sign_in, open=True),
    Route("DELETE", "/_session", sign_in.sign_out),
    Route("PUT", "/_session/role", account.switch_role),
    Route("DELETE", "/_session/role", account.switch_back),
    Route("GET", "/_live", live.stream),
    Route("POST", "/_series", series.series),
    Route("GET", "/_views/{page}", views.every),
    Route("GET", "/_views/{page}/{name}", views.one),
    Route("PUT", "/_views/{page}/{name}", views.keep),
    Route("DELETE", "/_views/{page}/{name}", views.forget),
    Route("GET", "/_capacity", capacity.show),
)


class Table:
    """`ROUTES` to be looked up."""

    def find(self, method: str, path: str) -> tuple[Route | None, dict[str, str], list[str]]:
        """The route of a request and what its path says; else the methods that the path does have."""
        methods = []
        for pattern, route in self._patterns:
            found = pattern.fullmatch(path)
            if found is None:
                continue
            if route.method == method:
                return route, {name: unquote(value) for name, value in found.groupdict().items()}, []
            methods.append(route.method)
        return None, {}, methods

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], Route]]:
        return [(re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)), route) for route in ROUTES]


TABLE = Table()
