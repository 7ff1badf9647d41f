"""What was used, and when: the records that bills are made of."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from .metadata import METADATA

# Each row is a number of instances of one type, from one whole second to another: `ended_at` is null while they run.
# A row stays when its resource is deleted; `owner` is the document's id, `run` tells its rows apart, `part` is its
# variant or instance group. `paid` is 0 where managed spot training waited, which costs nothing.
USAGE = Table(
    "usage",
    METADATA,
    Column("owner", String(36), primary_key=True),
    Column("run", String(128), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("arn", String(2048), nullable=False),
    Column("creator", String(2048), nullable=False),
    Column("tags", Text, nullable=False),
    Column("component", String(32), nullable=False),
    Column("part", String(128), nullable=False),
    Column("item", String(64), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("volume_gb", Integer, nullable=False),
    Column("paid", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
)
Index("ix_usage_ended", USAGE.c.account, USAGE.c.ended_at)
