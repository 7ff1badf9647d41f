"""What endpoints are reached by."""

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, String, Table, Text

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

# What InvokeEndpointAsync accepted and has not ended yet; `endpoint` is the document's id. `received_at` and
# `expires_at` are virtual time, `due_at` is wall time. Whoever works on one holds `lock_token`, and `replica` names the
# instance whose slot it takes, "-" for none; it is empty while the request waits. `result` is what is to be told once
# the answer is written: such a request waits for no instance.
ASYNC_INVOCATIONS = Table(
    "async_invocations",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("name", String(63), nullable=False),
    Column("endpoint", String(36), nullable=False),
    Column("received_at", Float(53), nullable=False),
    Column("expires_at", Float(53), nullable=False),
    Column("due_at", Float(53), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("replica", String(64), nullable=False),
    Column("lock_token", String(36)),
    Column("locked_until", Float(53)),
    Column("request", Text, nullable=False),
    Column("body", LargeBinary),
    Column("result", Text),
)
Index(
    "ix_async_invocations_turn",
    ASYNC_INVOCATIONS.c.endpoint,
    ASYNC_INVOCATIONS.c.replica,
    ASYNC_INVOCATIONS.c.due_at,
    ASYNC_INVOCATIONS.c.id,
)
Index("ix_async_invocations_expiry", ASYNC_INVOCATIONS.c.replica, ASYNC_INVOCATIONS.c.expires_at)

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

# What gateways tell of the requests of serverless variants, so that replicas are started for them: see `store.demand`.
SERVERLESS_DEMAND = Table(
    "serverless_demand",
    METADATA,
    Column("endpoint", String(36), primary_key=True),
    Column("variant", String(63), primary_key=True),
    Column("gateway", String(36), primary_key=True),
    Column("used", Text, nullable=False),
)
