"""usage: what ran, and when, for the bill"""

from alembic import op
import sqlalchemy as sa


revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "usage",
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("run", sa.String(length=128), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=32), nullable=False),
        sa.Column("arn", sa.String(length=2048), nullable=False),
        sa.Column("creator", sa.String(length=2048), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("component", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=128), nullable=False),
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("volume_gb", sa.Integer(), nullable=False),
        sa.Column("paid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("owner", "run", name=op.f("pk_usage")),
    )
    op.create_index("ix_usage_ended", "usage", ["account", "ended_at"], unique=False)
