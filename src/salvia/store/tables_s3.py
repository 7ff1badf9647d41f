"""Objects: their versions, uploads under way, and which blobs they refer to.

Buckets are documents (`s3:Bucket`). Keys are stored as bytes, UTF-8: every database orders bytes as S3 orders keys,
whatever its collation, and takes each character that a key may hold. Times are seconds since the epoch, JSON is text.
"""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from .metadata import METADATA

# One row a version, delete markers included. `position` falls with time: the newest version of a key comes first.
# `facts` is what listings and HEAD show (headers, metadata, checksums, …); `layout` is where the bytes are and how
# many parts there were, kept apart because it may be long.
S3_VERSIONS = Table(
    "s3_versions",
    METADATA,
    Column("bucket", String(36), primary_key=True),
    Column("key", LargeBinary(1024), primary_key=True),
    Column("version", String(32), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("latest", Integer, nullable=False),
    Column("marker", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("etag", String(64), nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("facts", Text, nullable=False),
    Column("tags", Text, nullable=False, server_default="{}"),
    Column("layout", Text, nullable=False),
)
Index(
    "ix_s3_versions_latest",
    S3_VERSIONS.c.bucket,
    S3_VERSIONS.c.latest,  # between them, so that a listing takes this index and passes old versions by
    S3_VERSIONS.c.key,
    unique=True,
    sqlite_where=S3_VERSIONS.c.latest == 1,
    postgresql_where=S3_VERSIONS.c.latest == 1,
)
Index("ix_s3_versions_position", S3_VERSIONS.c.bucket, S3_VERSIONS.c.key, S3_VERSIONS.c.position, unique=True)

# `outcome` is set when the upload was completed; the row stays a while, so that a client that lost the answer gets
# it by asking again.
S3_UPLOADS = Table(
    "s3_uploads",
    METADATA,
    Column("id", String(128), primary_key=True),
    Column("bucket", String(36), nullable=False),
    Column("key", LargeBinary(1024), nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("initiator", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("tags", Text, nullable=False, server_default="{}"),
    Column("outcome", Text),
    Column("completed_at", Float(53)),
)
Index("ix_s3_uploads_key", S3_UPLOADS.c.bucket, S3_UPLOADS.c.key, S3_UPLOADS.c.id)
Index("ix_s3_uploads_completed", S3_UPLOADS.c.completed_at, sqlite_where=S3_UPLOADS.c.completed_at.is_not(None))

S3_PARTS = Table(
    "s3_parts",
    METADATA,
    Column("upload", String(128), ForeignKey("s3_uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("etag", String(64), nullable=False),
    Column("created_at", Float(53), nullable=False),
    Column("checksums", Text, nullable=False, server_default="{}"),
    Column("layout", Text, nullable=False),
)

# How many layouts refer to a blob. One that nobody refers to any more is deleted a while after `unused_at`: somebody
# may still be reading it. A blob that has no row was never committed.
S3_BLOBS = Table(
    "s3_blobs",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("uses", Integer, nullable=False),
    Column("unused_at", Float(53)),
)
Index("ix_s3_blobs_unused", S3_BLOBS.c.unused_at, sqlite_where=S3_BLOBS.c.unused_at.is_not(None))
