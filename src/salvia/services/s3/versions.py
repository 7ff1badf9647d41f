"""The versions of objects: rows, the newest first, delete markers among them.

::

    never versioned   one row, version `null`, replaced by each put, removed by a delete
    Enabled           each put and each delete adds a row with a new version id
    Suspended         puts and deletes replace the row `null`; what else is there stays
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from salvia.core.ids import token
from salvia.store.db import Reader, Row, Transaction
from salvia.store.documents import Document

from . import blobs, buckets
from .layout import Layout

NULL = "null"
_COLUMNS = "bucket, key, version, position, latest, marker, size, etag, created_at, facts, tags, layout"
_LATEST = f"SELECT {_COLUMNS} FROM s3_versions WHERE bucket = :bucket AND key = :key AND latest = 1"  # noqa: S608
_ONE = f"SELECT {_COLUMNS} FROM s3_versions WHERE bucket = :bucket AND key = :key AND version = :version"  # noqa: S608
_INSERT = f"""
INSERT INTO s3_versions ({_COLUMNS})
VALUES (:bucket, :key, :version, :position, 1, :marker, :size, :etag, :created_at, :facts, :tags, :layout)"""  # noqa: S608
_AGE = "UPDATE s3_versions SET latest = 0 WHERE bucket = :bucket AND key = :key AND latest = 1"
_REMOVE = "DELETE FROM s3_versions WHERE bucket = :bucket AND key = :key AND version = :version"
_PROMOTE = """
UPDATE s3_versions SET latest = 1 WHERE bucket = :bucket AND key = :key AND position =
    (SELECT MIN(position) FROM s3_versions WHERE bucket = :bucket AND key = :key)"""
_TAG = "UPDATE s3_versions SET tags = :tags WHERE bucket = :bucket AND key = :key AND version = :version"


@dataclass(slots=True)
class Version:
    """One version of an object, or a delete marker. `facts` are members that HEAD shows, by S3's names."""

    bucket: str
    key: str
    version: str = NULL
    position: int = 0
    latest: bool = True
    marker: bool = False
    size: int = 0
    etag: str = ""
    created_at: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    layout: Layout = field(default_factory=Layout)

    @classmethod
    def of(cls, row: Row) -> Version:
        """The version that a row holds."""
        return cls(
            bucket=row["bucket"],
            key=row["key"].decode(),
            version=row["version"],
            position=row["position"],
            latest=bool(row["latest"]),
            marker=bool(row["marker"]),
            size=row["size"],
            etag=row["etag"],
            created_at=row["created_at"],
            facts=orjson.loads(row["facts"]),
            tags=orjson.loads(row["tags"]),
            layout=Layout.decode(row["layout"]),
        )


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a delete did: `version` names the row it removed or the marker it set, if either has a name to tell."""

    version: str | None = None
    marker: bool = False  # whether that is a delete marker
    marked: bool = False  # whether the marker was set rather than removed


Check = Callable[[Version | None], None]


def latest(db: Reader, bucket: str, key: str) -> Version | None:
    """The newest version of a key, which may be a delete marker."""
    row = db.one(_LATEST, {"bucket": bucket, "key": key.encode()})
    return Version.of(row) if row else None


def one(db: Reader, bucket: str, key: str, version: str) -> Version | None:
    """A version by its id."""
    row = db.one(_ONE, {"bucket": bucket, "key": key.encode(), "version": version})
    return Version.of(row) if row else None


def put(
    tx: Transaction, bucket: Document, new: Version, now: float, check: Check, lost: Iterable[Layout] = ()
) -> str | None:
    """Make `new` the latest version. `check` gets the object that is there now, or None, and may refuse by raising.

    Returns the version id that the answer shows: None in a bucket that never had versions. `now` is wall time;
    `lost` are layouts, of parts, that go in the same transaction.
    """
    bucket = buckets.again(tx, bucket)
    status = buckets.versioning(bucket)
    current = latest(tx, new.bucket, new.key)
    check(None if current is None or current.marker else current)
    _insert(tx, new, current, status, now, lost)
    return new.version if status else None


def delete(
    tx: Transaction, bucket: Document, key: str, version: str | None, now: float, at: float, check: Check
) -> Deleted:
    """Delete an object, or one version of it for good. Deleting what is not there succeeds, as in S3.

    `now` is wall time, `at` what a delete marker shows.
    """
    bucket = buckets.again(tx, bucket)
    status = buckets.versioning(bucket)
    if version is not None:
        found = one(tx, bucket.id, key, version)
        check(None if found is None or found.marker else found)
        if found is None:
            return Deleted(version)
        _remove(tx, found, now)
        return Deleted(version, marker=found.marker)
    current = latest(tx, bucket.id, key)
    check(None if current is None or current.marker else current)
    if status is None:
        if current is not None:
            _remove(tx, current, now)
        return Deleted()
    marker = Version(bucket.id, key, marker=True, created_at=at)
    _insert(tx, marker, current, status, now)
    return Deleted(marker.version, marker=True, marked=True)


def tag(tx: Transaction, version: Version, tags: dict[str, str]) -> bool:
    """Replace the tags of a version; False when it has gone."""
    return (
        tx.run(
            _TAG,
            {
                "bucket": version.bucket,
                "key": version.key.encode(),
                "version": version.version,
                "tags": orjson.dumps(tags).decode(),
            },
        )
        == 1
    )


def _insert(
    tx: Transaction,
    new: Version,
    current: Version | None,
    status: str | None,
    now: float,
    lost: Iterable[Layout] = (),
) -> None:
    name = {"bucket": new.bucket, "key": new.key.encode()}
    new.version = token(24) if status == "Enabled" else NULL
    # Never later than what is there, though clocks may go back.
    new.position = -time.time_ns() if current is None else min(-time.time_ns(), current.position - 1)
    replaced: Version | None = None
    if new.version == NULL:
        is_null = current is not None and current.version == NULL
        replaced = current if is_null else one(tx, new.bucket, new.key, NULL) if status else None
        if replaced is not None:
            tx.run(_REMOVE, {**name, "version": NULL})
    if current is not None and current is not replaced:
        tx.run(_AGE, name)
    tx.run(
        _INSERT,
        {
            **name,
            "version": new.version,
            "position": new.position,
            "marker": int(new.marker),
            "size": new.size,
            "etag": new.etag,
            "created_at": new.created_at,
            "facts": orjson.dumps(new.facts).decode(),
            "tags": orjson.dumps(new.tags).decode(),
            "layout": new.layout.encode(),
        },
    )
    blobs.account(tx, now, gained=[new.layout], lost=[*lost, *([replaced.layout] if replaced else [])])


def _remove(tx: Transaction, version: Version, now: float) -> None:
    name = {"bucket": version.bucket, "key": version.key.encode()}
    tx.run(_REMOVE, {**name, "version": version.version})
    if version.latest:
        tx.run(_PROMOTE, name)
    blobs.account(tx, now, lost=[version.layout])
