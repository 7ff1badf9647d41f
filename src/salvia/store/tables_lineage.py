"""How experiments and lineage hang together. `trial`, `component`, `source` and `destination` are documents' ids."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text, UniqueConstraint

from .metadata import METADATA

TRIAL_COMPONENTS = Table(
    "trial_components",
    METADATA,
    Column("trial", String(36), primary_key=True),
    Column("component", String(36), primary_key=True),
)
Index("ix_trial_components_component", TRIAL_COMPONENTS.c.component)

# ARNs and types stand beside the ids because lists sort and filter by them; neither ever changes.
ASSOCIATIONS = Table(
    "associations",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("source", String(36), nullable=False),
    Column("destination", String(36), nullable=False),
    Column("source_arn", String(2048), nullable=False),
    Column("destination_arn", String(2048), nullable=False),
    Column("source_type", String(256), nullable=False),
    Column("destination_type", String(256), nullable=False),
    Column("type", String(32), nullable=False, server_default=""),
    Column("created_at", Float(53), nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("source", "destination"),
)
Index("ix_associations_destination", ASSOCIATIONS.c.destination)
Index("ix_associations_list", ASSOCIATIONS.c.account, ASSOCIATIONS.c.region, ASSOCIATIONS.c.created_at)

# What a program reported, one row a value, in the order of arrival.
TRIAL_METRICS = Table(
    "trial_metrics",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("component", String(36), nullable=False),
    Column("name", String(255), nullable=False),
    Column("at", Float(53), nullable=False),
    Column("step", Integer),
    Column("value", Float(53), nullable=False),
)
Index("ix_trial_metrics_series", TRIAL_METRICS.c.component, TRIAL_METRICS.c.name, TRIAL_METRICS.c.at)
