"""What limits how much runs at once: quotas of accounts, the machine's capacity, and instances kept for reuse."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table

from .metadata import METADATA

# Quotas that were raised; any other has its default.
QUOTA_VALUES = Table(
    "quota_values",
    METADATA,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("code", String(16), primary_key=True),
    Column("value", Float(53), nullable=False),
)

# How much of each quota is in use: counted as it is taken and given back, so that nobody scans jobs.
QUOTA_USAGE = Table(
    "quota_usage",
    METADATA,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("code", String(16), primary_key=True),
    Column("used", BigInteger, nullable=False),
)

QUOTA_REQUESTS = Table(
    "quota_requests",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("service", String(63), nullable=False),
    Column("code", String(16), nullable=False),
    Column("desired", Float(53), nullable=False),
    Column("requester", String(2048), nullable=False),
    Column("created_at", Float(53), nullable=False),
)
Index("ix_quota_requests_created", QUOTA_REQUESTS.c.account, QUOTA_REQUESTS.c.region, QUOTA_REQUESTS.c.created_at)

# Under `--capacity strict`: who has a share of the machine (`granted`), and who waits for one, in this order.
CAPACITY_CLAIMS = Table(
    "capacity_claims",
    METADATA,
    Column("owner", String(36), primary_key=True),
    Column("runtime", String(32), nullable=False),
    Column("asked_at", Float(53), nullable=False),
    Column("cpus", Float(53), nullable=False),
    Column("memory", BigInteger, nullable=False),
    Column("granted", Integer, nullable=False),
)
Index("ix_capacity_claims_asked", CAPACITY_CLAIMS.c.runtime, CAPACITY_CLAIMS.c.granted, CAPACITY_CLAIMS.c.asked_at)

# One row a runtime: whoever hands out capacity changes it first, so that no two do so at once.
CAPACITY_TURNS = Table(
    "capacity_turns",
    METADATA,
    Column("runtime", String(32), primary_key=True),
    Column("turn", BigInteger, nullable=False),
)

# Warm pools that are Available: the instances of the job that left them. `matching` is a digest of what a job that
# may have them must have in common with it. Whoever deletes the row has the pool.
WARM_POOLS = Table(
    "warm_pools",
    METADATA,
    Column("job", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("matching", String(64), nullable=False),
)
Index("ix_warm_pools_matching", WARM_POOLS.c.account, WARM_POOLS.c.region, WARM_POOLS.c.matching)
