"""experiments and lineage"""

from alembic import op
import sqlalchemy as sa


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "associations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("region", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=36), nullable=False),
        sa.Column("destination", sa.String(length=36), nullable=False),
        sa.Column("source_arn", sa.String(length=2048), nullable=False),
        sa.Column("destination_arn", sa.String(length=2048), nullable=False),
        sa.Column("source_type", sa.String(length=256), nullable=False),
        sa.Column("destination_type", sa.String(length=256), nullable=False),
        sa.Column("type", sa.String(length=32), server_default="", nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_associations")),
        sa.UniqueConstraint("source", "destination", name=op.f("uq_associations_source_destination")),
    )
    with op.batch_alter_table("associations", schema=None) as batch_op:
        batch_op.create_index("ix_associations_destination", ["destination"], unique=False)
        batch_op.create_index("ix_associations_list", ["account", "region", "created_at"], unique=False)

    op.create_table(
        "trial_components",
        sa.Column("trial", sa.String(length=36), nullable=False),
        sa.Column("component", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("trial", "component", name=op.f("pk_trial_components")),
    )
    with op.batch_alter_table("trial_components", schema=None) as batch_op:
        batch_op.create_index("ix_trial_components_component", ["component"], unique=False)

    op.create_table(
        "trial_metrics",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("component", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial_metrics")),
    )
    with op.batch_alter_table("trial_metrics", schema=None) as batch_op:
        batch_op.create_index("ix_trial_metrics_series", ["component", "name", "at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Salvia's migrations go forward only; restore a backup instead.")
