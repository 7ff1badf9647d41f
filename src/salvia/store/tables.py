"""Tables that every room shares. Times are seconds since the epoch, JSON is text.

A *document* is one resource: its spec (the request), its status (what became of it) and, for kinds that a
reconciler works on, when it is due next and under whose lease. `account` and `region` are empty where a
noun's scope is wider than they are (`control.resource.Scope`).
"""

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from .metadata import METADATA

DOCUMENTS = Table(
    "documents",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("name", String(1024), nullable=False),
    Column("arn", String(2048), nullable=False),
    Column("owner", String(36), nullable=False, server_default=""),
    Column("state", String(64), nullable=False, server_default=""),
    Column("created_at", Float(53), nullable=False),
    Column("modified_at", Float(53), nullable=False),
    Column("spec", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("tags", Text, nullable=False, server_default="{}"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("due_at", Float(53)),
    Column("lock_token", String(36)),
    Column("locked_until", Float(53)),
    Column("node", String(36), nullable=False, server_default=""),  # where its instances are; empty: nowhere yet
    UniqueConstraint("kind", "account", "region", "name"),
)
Index("ix_documents_arn", DOCUMENTS.c.arn)
Index("ix_documents_owner", DOCUMENTS.c.owner, DOCUMENTS.c.kind)
Index("ix_documents_due", DOCUMENTS.c.due_at, sqlite_where=DOCUMENTS.c.due_at.is_not(None))
for _column in ("created_at", "modified_at"):
    Index(
        f"ix_documents_list_{_column}",
        DOCUMENTS.c.kind,
        DOCUMENTS.c.account,
        DOCUMENTS.c.region,
        DOCUMENTS.c[_column],
        DOCUMENTS.c.id,
        DOCUMENTS.c.name,
        DOCUMENTS.c.state,
    )

# One row an instance of a job: what its agent last reported, and how to find it again.
INSTANCES = Table(
    "instances",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("owner", String(36), nullable=False),
    Column("position", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("role_arn", String(2048), nullable=False),
    Column("session_name", String(64), nullable=False),
    Column("handle", Text),
    Column("phase", String(32), nullable=False, server_default="Starting"),
    Column("report", Text, nullable=False, server_default="{}"),
    Column("reported_at", Float(53)),
    Column("stop", Integer, nullable=False, server_default="0"),
    UniqueConstraint("owner", "position", "attempt"),
)
Index("ix_instances_token", INSTANCES.c.token_hash, unique=True)

METRICS = Table(
    "metrics",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("namespace", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("dimensions", Text, nullable=False),
    Column("last_at", Float(53), nullable=False),
    UniqueConstraint("account", "region", "namespace", "name", "dimensions"),
)

# Values are kept as statistic sets: one datum is a set of one.
METRIC_DATA = Table(
    "metric_data",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("metric", String(36), nullable=False),
    Column("at", Float(53), nullable=False),
    Column("unit", String(32), nullable=False),
    Column("count", Float(53), nullable=False),
    Column("sum", Float(53), nullable=False),
    Column("minimum", Float(53), nullable=False),
    Column("maximum", Float(53), nullable=False),
    Column("data", Text),
)
# All that statistics and curves are made of: a hundred thousand rows are read from the index alone, in half the time.
Index(
    "ix_metric_data",
    *(METRIC_DATA.c[name] for name in ("metric", "at", "unit", "count", "sum", "minimum", "maximum")),
)

# The data directories, each on some machine, whose controllers share this database; `seen_at` is its time, not theirs.
NODES = Table(
    "nodes",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("seen_at", Float(53), nullable=False),
)

# What all processes must agree on and nobody else may know.
SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
