"""Resources as rows: the one way to read and write the `documents` table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from salvia.core import ids

from .db import Reader, Row, Transaction

_COLUMNS = (
    "id, kind, account, region, name, arn, owner, state, created_at, modified_at, "
    "spec, status, tags, version, due_at, lock_token, locked_until, node"
)
_INSERT = """
INSERT INTO documents (id, kind, account, region, name, arn, owner, state, created_at, modified_at,
                       spec, status, tags, version, due_at)
VALUES (:id, :kind, :account, :region, :name, :arn, :owner, :state, :created_at, :modified_at,
        :spec, :status, :tags, 1, :due_at)
ON CONFLICT (kind, account, region, name) DO NOTHING"""
_UPDATE = """
UPDATE documents SET state = :state, modified_at = :modified_at, spec = :spec, status = :status, tags = :tags,
                     due_at = :due_at, version = version + 1
WHERE id = :id AND version = :version"""
_BY_NAME = (
    f"SELECT {_COLUMNS} FROM documents WHERE kind = :kind AND account = :account "  # noqa: S608
    "AND region = :region AND name = :name"
)
_BY_ID = f"SELECT {_COLUMNS} FROM documents WHERE id = :id"  # noqa: S608
_BY_ARN = f"SELECT {_COLUMNS} FROM documents WHERE arn = :arn"  # noqa: S608
_BY_OWNER = f"SELECT {_COLUMNS} FROM documents WHERE owner = :owner AND kind = :kind ORDER BY name"  # noqa: S608


class Conflict(Exception):
    """The row changed since it was read. Read it again and decide anew."""


@dataclass(slots=True)
class Document:
    """One resource. `due_at` is when a reconciler looks at it next; None: nobody needs to. `node`: see `leases.pin`."""

    kind: str
    account: str
    region: str
    name: str
    arn: str = ""
    owner: str = ""
    state: str = ""
    spec: dict[str, Any] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    created_at: float = 0.0
    modified_at: float = 0.0
    due_at: float | None = None
    version: int = 1
    lock_token: str | None = None
    node: str = ""
    id: str = field(default_factory=ids.row_id)

    @classmethod
    def of(cls, row: Row) -> Document:
        """The document that a row of `documents` holds."""
        return cls(
            id=row["id"],
            kind=row["kind"],
            account=row["account"],
            region=row["region"],
            name=row["name"],
            arn=row["arn"],
            owner=row["owner"],
            state=row["state"],
            created_at=row["created_at"],
            modified_at=row["modified_at"],
            spec=decode(row["spec"]),
            status=decode(row["status"]),
            tags=decode(row["tags"]),
            version=row["version"],
            due_at=row["due_at"],
            lock_token=row["lock_token"],
            node=row["node"],
        )

    def description(self) -> dict[str, Any]:
        """Spec and status, merged: what Describe shows."""
        return {**self.spec, **self.status}


def decode(text: str) -> dict[str, Any]:
    """What `encode` wrote of a mapping."""
    return {} if text == "{}" else orjson.loads(text)


def encode(value: object) -> str:
    """JSON text; datetimes become seconds since the epoch, as AWS's JSON protocols write them."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    raise TypeError(f"{type(value).__name__} cannot be stored in a document")


def insert(tx: Transaction, document: Document) -> bool:
    """Add a document; False when its name is taken."""
    return tx.run(_INSERT, _parameters(document)) == 1


def update(tx: Transaction, document: Document) -> None:
    """Write a document back. Raises Conflict when somebody else wrote it since it was read."""
    if tx.run(_UPDATE, _parameters(document)) != 1:
        raise Conflict(document.arn or document.name)
    document.version += 1


def delete(tx: Transaction, document_id: str) -> None:
    """Remove a document for good; its name is free again."""
    tx.run("DELETE FROM documents WHERE id = :id", {"id": document_id})


def find(db: Reader, kind: str, account: str, region: str, name: str) -> Document | None:
    """The document of that name, by the unique index."""
    row = db.one(_BY_NAME, {"kind": kind, "account": account, "region": region, "name": name})
    return Document.of(row) if row else None


def by_id(db: Reader, document_id: str) -> Document | None:
    """The document of that id."""
    row = db.one(_BY_ID, {"id": document_id})
    return Document.of(row) if row else None


def by_arn(db: Reader, arn: str) -> Document | None:
    """The document of that ARN."""
    row = db.one(_BY_ARN, {"arn": arn})
    return Document.of(row) if row else None


def several(db: Reader, document_ids: Collection[str]) -> dict[str, Document]:
    """The documents of those ids that there are, by id, in one query."""
    names = {f"i{number}": document_id for number, document_id in enumerate(document_ids)}
    marks = ", ".join(f":{name}" for name in names)
    rows = db.all(f"SELECT {_COLUMNS} FROM documents WHERE id IN ({marks})", names) if names else []  # noqa: S608
    return {row["id"]: Document.of(row) for row in rows}


def owned(db: Reader, owner: str, kind: str) -> list[Document]:
    """The documents of one kind that belong to another document, by name."""
    return [Document.of(row) for row in db.all(_BY_OWNER, {"owner": owner, "kind": kind})]


def _parameters(document: Document) -> Mapping[str, Any]:
    return {
        "id": document.id,
        "kind": document.kind,
        "account": document.account,
        "region": document.region,
        "name": document.name,
        "arn": document.arn,
        "owner": document.owner,
        "state": document.state,
        "created_at": document.created_at,
        "modified_at": document.modified_at,
        "spec": encode(document.spec),
        "status": encode(document.status),
        "tags": encode(document.tags),
        "version": document.version,
        "due_at": document.due_at,
    }
