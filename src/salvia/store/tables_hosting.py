"""What endpoints are reached by."""

from sqlalchemy import Column, Float, Integer, String, Table, Text

from .metadata import METADATA

# One row for each endpoint that answers: written by its lifecycle, read by whoever invokes it. `endpoint` is the
# document's id; `version` counts the writes, so that a reader sees at a glance whether it knows the route already.
ROUTES = Table(
    "routes",
    METADATA,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("name", String(63), primary_key=True),
    Column("endpoint", String(36), nullable=False),
    Column("version", Integer, nullable=False),
    Column("route", Text, nullable=False),
)

# The gateway processes that know of each other (`store.gateways`); `seen_at` is the database's time.
GATEWAYS = Table(
    "gateways",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("node", String(36), nullable=False),
    Column("socket", Text, nullable=False),
    Column("host", String(255), nullable=False),
    Column("port", Integer, nullable=False),
    Column("seen_at", Float(53), nullable=False),
)
