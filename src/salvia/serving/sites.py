"""Sites: host names of their own, behind each of which an instance serves pages to whoever a link let in.

    GET /?authToken=… ─▶ session, cookie          anything else ─▶ cookie? origin? ─▶ relay ─▶ instance's socket

What an instance serves is its user's own program, and its pages run in the browsers of people who are signed in here.
So nothing of Studio's is handed on to it, no other site's page gets at it (`_foreign`), and cookies are for its host
alone. Sources: API_CreatePresignedNotebookInstanceUrl; Fetch, "Sec-Fetch-Site"; RFC 6455, section 10.2 (Origin).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from salvia.control import jupyter
from salvia.core.http import HttpRequest, HttpResponse
from salvia.store import documents, sites
from salvia.store.documents import Document

if TYPE_CHECKING:
    from salvia.control.world import World

_COOKIE = "salvia-notebook"
_HOST = re.compile(r"([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.(?:notebook|app))\.")
_LINKS = {  # how they are made, by whose they are
    "sagemaker:NotebookInstance": "create-presigned-notebook-instance-url --notebook-instance-name "
    "{NotebookInstanceName}",
    "sagemaker:App": "create-presigned-domain-url --domain-id {DomainId} --user-profile-name … --space-name "
    "{SpaceName}",
}
_OWN = "default-src 'none'; style-src 'unsafe-inline'"  # of our own pages
_SAFE = ("GET", "HEAD", "OPTIONS")
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">{more}<title>{title}</title>
<body style="font:16px/1.5 sans-serif;max-width:40em;margin:4em auto;padding:0 1em"><h1>{title}</h1><p>{text}</p></html>
"""


@dataclass(frozen=True, slots=True)
class Way:
    """To the server behind a site: its socket, what it wants to be shown, and until when its visitor may stay."""

    socket: str
    token: str
    until: float


def label(host: str, domain: str) -> str | None:
    """The site that a Host header names: `my-notebook.notebook`."""
    name = host.lower().partition(":")[0].rstrip(".")
    found = _HOST.match(name)
    return found[1] if found is not None and name[found.end() :] == domain else None


async def admit(world: World, name: str, request: HttpRequest) -> Way | HttpResponse:
    """The way to a site's server, or what is answered instead."""
    found = await _admitted(world, name, request)
    if isinstance(found, HttpResponse):
        found.headers.append(("content-security-policy", policy(world, [_OWN])))
    return found


async def _admitted(world: World, name: str, request: HttpRequest) -> Way | HttpResponse:
    owner = sites.owner(world.db.read(), name)
    document = documents.by_id(world.db.read(), owner) if owner else None
    if document is None:
        return _page(404, "There is no such notebook", f"Nothing is at {html.escape(request.host)}.")
    if "authToken" in request.query and request.path in ("/", ""):
        return await _open(world, document, request)
    if _foreign(world, request):
        return _page(403, "Another site asked for this", "What belongs to a notebook is for its own pages alone.")
    now = world.clock.wall()
    until = max((sites.until(world.db.read(), document.id, one, now) or 0.0 for one in _cookies(request)), default=0.0)
    if not until:
        return _page(
            401,
            "Open this notebook by a link",
            "Its session has ended, or never began. Open it from Studio, or with a link of <code>aws sagemaker "
            f"{html.escape(_LINKS[document.kind].format_map(document.spec))}</code>.",
        )
    way = document.status.get("_Site")
    if way is None or document.node != world.node:
        return _away(document)
    return Way(way["socket"], jupyter.token(world.secret, document), until)


def policy(world: World, given: list[str]) -> str:
    """The Content-Security-Policy of an answer: the server's own, but for who may frame it, which is Studio alone."""
    kept = [rule.strip() for one in given for rule in re.split("[;,]", one)]
    own = [rule for rule in kept if rule and not rule.lower().startswith(("frame-ancestors", "report-uri"))]
    return "; ".join([*own, f"frame-ancestors 'self' {world.settings.studio}"])


def kept_cookies(header: str) -> str:
    """The cookies that a server may see: its own."""
    return "; ".join(pair.strip() for pair in header.split(";") if pair.strip() and not _ours(pair))


def settable(cookie: str) -> bool:
    """Whether a server may set a cookie: none of ours, and none for other hosts than its own."""
    return not _ours(cookie) and not re.search(r";\s*domain\s*=", cookie, re.IGNORECASE)


async def _open(world: World, document: Document, request: HttpRequest) -> HttpResponse:
    """Spend a link. The page goes on by itself: to a browser, a redirection would still be the other site's doing, and
    it would leave out the cookie, which is for requests of this site alone."""
    purpose = request.headers.get("sec-purpose") or request.headers.get("purpose") or ""
    if request.method != "GET" or "prefetch" in purpose:
        return _page(405, "A link is opened, not fetched", "Open it in a browser.")
    (token, *_) = parse_qs(request.query).get("authToken", [""])
    now = world.clock.wall()
    session = await world.db.write(lambda tx: sites.spend(tx, document.id, token, now))
    if session is None:
        return _page(
            403, "This link opens nothing any more", "A link opens a notebook once, within five minutes. Make another."
        )
    found, seconds = session
    goes = html.escape((document.status.get("_Site") or {}).get("opens", "/"), quote=True)
    more = f'<meta http-equiv="refresh" content="0;url={goes}">'
    page = _page(200, "Opening the notebook", f'<a href="{goes}">Go on</a>', more)
    secure = request.scheme == "https"
    attributes = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")
    page.headers.append(("set-cookie", f"{'__Host-' if secure else ''}{_COOKIE}={found}; {attributes}"))
    return page


def _foreign(world: World, request: HttpRequest) -> bool:
    """Whether another site's page makes a browser ask. Such a one may lead here, or show us in its frame, no more."""
    origin = request.headers.get("origin")
    shakes = (request.headers.get("upgrade") or "").lower() == "websocket"  # in which browsers name it; RFC 6455
    if origin is not None or shakes:
        return origin != f"{request.scheme}://{request.host}"
    fetched = request.headers.get("sec-fetch-site", "none")
    if fetched in ("same-origin", "none"):
        return request.method not in _SAFE and fetched != "same-origin" and "sec-fetch-site" in request.headers
    return request.headers.get("sec-fetch-mode") != "navigate" or request.method not in _SAFE


def _cookies(request: HttpRequest) -> list[str]:
    """Every session that a request shows: a neighbour below the same domain may have planted one more."""
    wanted = ("__Host-" if request.scheme == "https" else "") + _COOKIE
    pairs = (pair.strip().partition("=") for header in request.headers.all("cookie") for pair in header.split(";"))
    return [value for key, _, value in pairs if key == wanted][:8]


def _ours(cookie: str) -> bool:
    return cookie.strip().removeprefix("__Host-").lower().startswith("salvia-")


def _away(document: Document) -> HttpResponse:
    said = html.escape(document.status.get("FailureReason") or "")
    return _page(503, f"This notebook is {document.state}", said or "Reload this page in a moment.")


def _page(status: int, title: str, text: str, more: str = "") -> HttpResponse:
    headers = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ]
    body = _PAGE.format(title=html.escape(title), text=text, more=more)
    return HttpResponse(status, headers, body.encode())
