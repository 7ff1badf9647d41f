"""Tables of identities: access keys and sessions, policies and what they are attached to.

Users, roles and managed policies themselves are documents; `entity` and `policy` are those documents' ids.
"""

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from .metadata import METADATA

# Long-term keys (`AKIA…`, which have a status) and sessions (`ASIA…`, which have a token and expire). `owner` is the
# job whose instance a session was issued to.
IAM_KEYS = Table(
    "iam_keys",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("entity", String(36), nullable=False),
    Column("unique_id", String(32), nullable=False),
    Column("secret", String(64), nullable=False),
    Column("status", String(16), nullable=False, server_default="Active"),
    Column("session_token", Text),
    Column("session_name", String(64)),
    Column("session_policies", Text, nullable=False, server_default="[]"),
    Column("owner", String(36), nullable=False, server_default=""),
    Column("created_at", Float(53), nullable=False),
    Column("expires_at", Float(53)),
    Column("used_at", Float(53)),
    Column("used_service", String(64)),
    Column("used_region", String(32)),
)
Index("ix_iam_keys_entity", IAM_KEYS.c.entity, IAM_KEYS.c.created_at)
Index("ix_iam_keys_expires_at", IAM_KEYS.c.expires_at, sqlite_where=IAM_KEYS.c.expires_at.is_not(None))

# Which managed policies an entity has, `purpose` 'attached', and which one bounds it, 'boundary'.
IAM_GRANTS = Table(
    "iam_grants",
    METADATA,
    Column("entity", String(36), primary_key=True),
    Column("purpose", String(8), primary_key=True),
    Column("policy_arn", String(2048), primary_key=True),
)
Index("ix_iam_grants_policy_arn", IAM_GRANTS.c.policy_arn, IAM_GRANTS.c.entity)

IAM_INLINE_POLICIES = Table(
    "iam_inline_policies",
    METADATA,
    Column("entity", String(36), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("document", Text, nullable=False),
)

IAM_POLICY_VERSIONS = Table(
    "iam_policy_versions",
    METADATA,
    Column("policy", String(36), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", Text, nullable=False),
    Column("is_default", Integer, nullable=False),
    Column("created_at", Float(53), nullable=False),
)

# Who belongs to which group; both are documents' ids.
IAM_MEMBERS = Table(
    "iam_members",
    METADATA,
    Column("user_id", String(36), primary_key=True),
    Column("group_id", String(36), primary_key=True),
)
Index("ix_iam_members_group_id", IAM_MEMBERS.c.group_id)

# What each user or role was allowed to do, once each, and for which job: what `salvia policy-from` reads. `id` is a
# hash of all but the time, which is that of the first time.
IAM_ACCESSES = Table(
    "iam_accesses",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("entity", String(2048), nullable=False),
    Column("owner", String(36), nullable=False),
    Column("action", String(128), nullable=False),
    Column("resource", String(2048), nullable=False),
    Column("at", Float(53), nullable=False),
)
Index("ix_iam_accesses_entity", IAM_ACCESSES.c.entity)
Index("ix_iam_accesses_owner", IAM_ACCESSES.c.owner)
Index("ix_iam_accesses_at", IAM_ACCESSES.c.at)

# Requests that were denied, each with the statements that were looked at: what `salvia why-denied` reads.
IAM_DENIALS = Table(
    "iam_denials",
    METADATA,
    Column("request_id", String(64), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("at", Float(53), nullable=False),
    Column("denial", Text, nullable=False),
)
Index("ix_iam_denials_at", IAM_DENIALS.c.at)
