"""Who is signed in to Studio. Tokens are kept as their SHA-256 alone: whoever reads these tables has none of them."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from .metadata import METADATA

# `access_key` is the session's own in `iam_keys`, empty for the account's root; `role_key` that of the role to which it
# has switched, which `role_arn` names. Times are wall time.
STUDIO_SESSIONS = Table(
    "studio_sessions",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("access_key", String(32), nullable=False),
    Column("role_key", String(32), nullable=False, server_default=""),
    Column("role_arn", Text, nullable=False, server_default=""),
    Column("seen_at", Float(53), nullable=False),
    Column("expires_at", Float(53), nullable=False),
)
Index("ix_studio_sessions_expires_at", STUDIO_SESSIONS.c.expires_at)

# Links that nobody has used yet. `content` says whose session they open, as JSON.
STUDIO_LINKS = Table(
    "studio_links",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("expires_at", Float(53), nullable=False),
    Column("content", Text, nullable=False),
)
Index("ix_studio_links_expires_at", STUDIO_LINKS.c.expires_at)

# Tries to sign in with a password since `since`, by a hash of the user or of the address that they came from.
STUDIO_TRIES = Table(
    "studio_tries",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("since", Float(53), nullable=False),
)
Index("ix_studio_tries_since", STUDIO_TRIES.c.since)
