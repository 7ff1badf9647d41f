"""Uploads under way and their parts, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from salvia.control.call import Call
from salvia.core.checksums import Algorithm, algorithm
from salvia.store.db import Reader, Row, Transaction
from salvia.store.documents import Document

from . import blobs, failures
from .layout import Layout

ALGORITHM = "ChecksumAlgorithm"
TYPE = "ChecksumType"
_UPLOAD = "id, bucket, key, created_at, initiator, facts, tags, outcome"
_FIND = f"SELECT {_UPLOAD} FROM s3_uploads WHERE id = :id"  # noqa: S608
_INSERT = """
INSERT INTO s3_uploads (id, bucket, key, created_at, initiator, facts, tags)
VALUES (:id, :bucket, :key, :created_at, :initiator, :facts, :tags)"""
_PART = "number, size, etag, created_at, checksums, layout"
_PARTS = f"SELECT {_PART} FROM s3_parts WHERE upload = :upload AND number > :after ORDER BY number LIMIT :most"  # noqa: S608
_ONE_PART = f"SELECT {_PART} FROM s3_parts WHERE upload = :upload AND number = :number"  # noqa: S608
_PUT_PART = """
INSERT INTO s3_parts (upload, number, size, etag, created_at, checksums, layout)
VALUES (:upload, :number, :size, :etag, :created_at, :checksums, :layout)
ON CONFLICT (upload, number) DO UPDATE SET size = excluded.size, etag = excluded.etag,
    created_at = excluded.created_at, checksums = excluded.checksums, layout = excluded.layout"""
MOST_PARTS = 10_000


@dataclass(slots=True)
class Upload:
    """A multipart upload. `outcome` is what CompleteMultipartUpload answered, once it has."""

    id: str
    bucket: str
    key: str
    created_at: float
    initiator: dict[str, str]
    facts: dict[str, Any]
    tags: dict[str, str]
    outcome: dict[str, Any] | None = None

    @classmethod
    def of(cls, row: Row) -> Upload:
        """The upload that a row holds."""
        return cls(
            id=row["id"],
            bucket=row["bucket"],
            key=row["key"].decode(),
            created_at=row["created_at"],
            initiator=orjson.loads(row["initiator"]),
            facts=orjson.loads(row["facts"]),
            tags=orjson.loads(row["tags"]),
            outcome=orjson.loads(row["outcome"]) if row["outcome"] else None,
        )

    @property
    def algorithm(self) -> Algorithm | None:
        """The checksum that the upload was created with."""
        name = self.facts.get(ALGORITHM)
        return algorithm(name) if name else None


@dataclass(slots=True)
class UploadedPart:
    """A part that is there. `etag` is its MD5 in hex, `checksums` are base64 by algorithm."""

    number: int
    size: int
    etag: str
    created_at: float
    checksums: dict[str, str]
    layout: Layout

    @classmethod
    def of(cls, row: Row) -> UploadedPart:
        """The part that a row holds."""
        return cls(
            number=row["number"],
            size=row["size"],
            etag=row["etag"],
            created_at=row["created_at"],
            checksums=orjson.loads(row["checksums"]),
            layout=Layout.decode(row["layout"]),
        )


def find(call: Call, db: Reader, bucket: Document) -> Upload:
    """The upload under way that a request names. Raises NoSuchUpload."""
    upload = finished_or_not(call, db, bucket)
    if upload.outcome is not None:
        raise failures.no_such_upload(upload.id)
    return upload


def finished_or_not(call: Call, db: Reader, bucket: Document) -> Upload:
    """The upload that a request names, even when it was completed lately. Raises NoSuchUpload."""
    name = call.request["UploadId"]
    row = db.one(_FIND, {"id": name})
    if row is None or row["bucket"] != bucket.id or row["key"] != call.request["Key"].encode():
        raise failures.no_such_upload(name)
    return Upload.of(row)


def create(tx: Transaction, upload: Upload) -> None:
    """Begin an upload."""
    tx.run(
        _INSERT,
        {
            "id": upload.id,
            "bucket": upload.bucket,
            "key": upload.key.encode(),
            "created_at": upload.created_at,
            "initiator": orjson.dumps(upload.initiator).decode(),
            "facts": orjson.dumps(upload.facts).decode(),
            "tags": orjson.dumps(upload.tags).decode(),
        },
    )


def parts(db: Reader, upload: str, after: int = 0, most: int = MOST_PARTS) -> list[UploadedPart]:
    """The parts of an upload, by number."""
    return [UploadedPart.of(row) for row in db.all(_PARTS, {"upload": upload, "after": after, "most": most})]


def put_part(tx: Transaction, upload: str, part: UploadedPart, now: float) -> None:
    """Add a part, or replace the one of its number. `now` is wall time."""
    replaced = tx.one(_ONE_PART, {"upload": upload, "number": part.number})
    tx.run(
        _PUT_PART,
        {
            "upload": upload,
            "number": part.number,
            "size": part.size,
            "etag": part.etag,
            "created_at": part.created_at,
            "checksums": orjson.dumps(part.checksums).decode(),
            "layout": part.layout.encode(),
        },
    )
    lost = [Layout.decode(replaced["layout"])] if replaced else []
    blobs.account(tx, now, gained=[part.layout], lost=lost)


def drop_parts(tx: Transaction, upload: str, now: float) -> None:
    """Remove all parts of an upload."""
    blobs.account(tx, now, lost=[part.layout for part in parts(tx, upload)])
    tx.run("DELETE FROM s3_parts WHERE upload = :upload", {"upload": upload})


def drop(tx: Transaction, upload: str, now: float) -> None:
    """Remove an upload and its parts."""
    drop_parts(tx, upload, now)
    tx.run("DELETE FROM s3_uploads WHERE id = :upload", {"upload": upload})


def finish(tx: Transaction, upload: str, outcome: dict[str, Any], now: float) -> None:
    """Keep what completing answered, for a client that asks again because the answer was lost."""
    tx.run(
        "UPDATE s3_uploads SET outcome = :outcome, completed_at = :now WHERE id = :upload",
        {"upload": upload, "outcome": orjson.dumps(outcome).decode(), "now": now},
    )
