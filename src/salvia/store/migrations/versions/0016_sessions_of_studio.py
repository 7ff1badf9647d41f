"""sessions of Studio"""

from alembic import op
import sqlalchemy as sa


revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "studio_sessions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("access_key", sa.String(length=32), nullable=False),
        sa.Column("role_key", sa.String(length=32), server_default="", nullable=False),
        sa.Column("role_arn", sa.Text(), server_default="", nullable=False),
        sa.Column("seen_at", sa.Float(precision=53), nullable=False),
        sa.Column("expires_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studio_sessions")),
    )
    op.create_index("ix_studio_sessions_expires_at", "studio_sessions", ["expires_at"])
    op.create_table(
        "studio_links",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.Float(precision=53), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studio_links")),
    )
    op.create_index("ix_studio_links_expires_at", "studio_links", ["expires_at"])
    op.create_table(
        "studio_tries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_studio_tries")),
    )
    op.create_index("ix_studio_tries_since", "studio_tries", ["since"])


def downgrade() -> None:
    raise NotImplementedError("Salvia's migrations go forward only; restore a backup instead.")
