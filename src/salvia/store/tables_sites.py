"""Host names of their own, behind which an instance serves pages, and who may look at them."""

from sqlalchemy import Column, Float, Index, Integer, String, Table

from .metadata import METADATA

# `name` is what stands before the domain (`my-notebook.notebook`), `owner` the document's id.
SITES = Table(
    "sites",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("owner", String(36), nullable=False),
)
Index("ix_sites_owner", SITES.c.owner)

# What opens a site: a `link`, once, or a `session` until it expires (wall time); `seconds` is how long the session that
# a link begins lasts. Of either only a hash is kept.
SITE_PASSES = Table(
    "site_passes",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("owner", String(36), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("expires_at", Float(53), nullable=False),
    Column("seconds", Integer, nullable=False),
)
Index("ix_site_passes_owner", SITE_PASSES.c.owner)
Index("ix_site_passes_expiry", SITE_PASSES.c.expires_at)
