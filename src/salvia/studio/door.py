"""Studio's host: what comes to it is for the page, or from it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson

from salvia.control import chain
from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest, HttpResponse

from . import assets, cookies, sessions
from .routes import TABLE
from .visit import Visit

if TYPE_CHECKING:
    from salvia.control.world import World

_log = logging.getLogger("salvia.studio")
_JSON = ("Content-Type", "application/json")
# What the page's documents may do. Styles of elements are set by its scripts; data: and blob: are images and previews
# that it makes itself.
_CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src blob:",
        "media-src blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_GUARDS = (
    ("Content-Security-Policy", _CSP),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


async def answer(world: World, request: HttpRequest) -> HttpResponse:
    """Answer a request that came to Studio's host."""
    try:
        response = await _answer(Visit(world, request))
    except ServiceError as error:
        response = _refusal(error)
    except Exception as failure:
        if type(failure).__name__ == "ClientGone":
            raise
        _log.exception("internal failure", extra={"event": "internal-failure", "path": request.path})
        response = _refusal(ServiceError("InternalFailure", "Salvia failed within itself. Its log says why.", 500))
    present = {name.lower() for name, _ in response.headers}
    response.headers += [pair for pair in _GUARDS if pair[0].lower() not in present]
    if "cache-control" not in present:
        response.headers.append(("Cache-Control", "no-store"))
    return response


async def _answer(visit: Visit) -> HttpResponse:
    request = visit.request
    api = request.path == "/" and request.method == "POST"
    if not api and not request.path.startswith("/_"):
        return await assets.answer(request)
    visit.prove_origin()
    route, visit.labels, methods = (None, {}, []) if api else TABLE.find(request.method, request.path)
    if route is None and not api:
        if methods:
            raise ServiceError("MethodNotAllowed", f"{request.path} takes {', '.join(methods)}.", 405)
        raise ServiceError("NotFound", "There is nothing here.", 404)
    token = cookies.read(request, secure=visit.secure)
    visit.known = await sessions.find(visit.world, token) if token else None
    if route is None or not route.open:
        _ = visit.session
        if request.method != "GET":
            visit.prove_page()
    if route is None:
        return await chain.handle(request, visit.world, session=visit.identity)
    said = await route.handler(visit)
    if isinstance(said, HttpResponse):
        return said
    return HttpResponse(204, []) if said is None else HttpResponse(200, [_JSON], orjson.dumps(said))


def _refusal(error: ServiceError) -> HttpResponse:
    return HttpResponse(error.status, [_JSON], orjson.dumps({"__type": error.code, "message": error.message}))
