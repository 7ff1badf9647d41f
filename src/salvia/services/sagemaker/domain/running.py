"""What keeps something from being deleted or changed: what belongs to it, and what runs in it."""

from __future__ import annotations

from salvia.control.resource import Resource
from salvia.core.errors import ServiceError
from salvia.store.db import Reader
from salvia.store.documents import Document

_ALIVE = "a.kind = 'sagemaker:App' AND a.state IN ('Pending', 'InService', 'Deleting')"
_OF_SPACE = f"SELECT a.* FROM documents a WHERE a.owner = :id AND {_ALIVE}"  # noqa: S608
_OF_DOMAIN = f"SELECT a.* FROM documents a JOIN documents s ON a.owner = s.id WHERE s.owner = :id AND {_ALIVE}"  # noqa: S608


def apps(db: Reader, of: Document) -> list[Document]:
    """The apps of a domain or of a space that are neither gone nor Failed: those need not be deleted."""
    sql = _OF_DOMAIN if of.kind.endswith(":Domain") else _OF_SPACE
    return [Document.of(row) for row in db.all(sql, {"id": of.id})]


def in_use(resource: Resource, document: Document, by: str) -> ServiceError:
    """What Delete answers, in AWS's words."""
    return ServiceError(
        "ResourceInUse", f"Unable to delete {resource.noun} [{document.arn}] because {by}(s) are associated with it."
    )
