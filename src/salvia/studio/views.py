"""`/_views`: what a user wants to see on a page again: filters, columns, an order. Each is a document."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import orjson

from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .visit import Visit

_KIND = "studio:View"
_PAGE, _NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}"), re.compile(r"[^\x00-\x1f\x7f]{1,128}")
_MOST, _LONGEST = 100, 32 * 1024  # views of a page, and bytes of each


async def every(visit: Visit) -> dict[str, Any]:
    """The views of a page, by name."""
    found = documents.owned(visit.world.db.read(), _owner(visit), _KIND)
    return {"Views": [_shown(view) for view in sorted(found, key=lambda view: view.spec["Name"].lower())]}


async def one(visit: Visit) -> dict[str, Any]:
    """One view. Raises NotFound."""
    return _shown(_found(visit, documents.find(visit.world.db.read(), *_key(visit))))


async def keep(visit: Visit) -> None:
    """Keep a view under its name, in the stead of one that had it."""
    view = (await visit.json()).get("View")
    if not isinstance(view, dict) or len(orjson.dumps(view)) > _LONGEST:
        raise validation_error(f"View is a JSON object of at most {_LONGEST} bytes.")
    owner, key, now = _owner(visit), _key(visit), visit.world.clock.now()
    spec = {"Name": visit.labels["name"], "View": view}

    def work(tx: Transaction) -> None:
        found = documents.find(tx, *key)
        if found is not None:
            found.spec, found.modified_at = spec, now
            documents.update(tx, found)
            return
        if len(documents.owned(tx, owner, _KIND)) >= _MOST:
            raise ServiceError("LimitExceeded", f"A page has {_MOST} views at most. Delete one first.")
        documents.insert(tx, Document(*key, owner=owner, spec=spec, created_at=now, modified_at=now))

    await visit.world.db.write(work)


async def forget(visit: Visit) -> None:
    """Delete a view. Raises NotFound."""
    key = _key(visit)
    await visit.world.db.write(lambda tx: documents.delete(tx, _found(visit, documents.find(tx, *key)).id))


def _shown(view: Document) -> dict[str, Any]:
    return {"Name": view.spec["Name"], "View": view.spec["View"]}


def _found(visit: Visit, view: Document | None) -> Document:
    if view is None:
        raise ServiceError("NotFound", f"There is no view '{visit.labels['name']}' of this page.", 404)
    return view


def _owner(visit: Visit) -> str:
    """A page of who signed in, whatever role it has become."""
    page = visit.labels["page"]
    if not _PAGE.fullmatch(page):
        raise validation_error("A page's name has letters, digits, dots, dashes and underscores, 64 at most.")
    own = visit.session.own
    return sha256(f"{own.account}/{own.user_id}/{page}".encode()).hexdigest()[:36]


def _key(visit: Visit) -> tuple[str, str, str, str]:
    name = visit.labels["name"]
    if not _NAME.fullmatch(name):
        raise validation_error("A view's name has 1 to 128 characters.")
    return _KIND, visit.session.own.account, "", f"{_owner(visit)}/{name}"
