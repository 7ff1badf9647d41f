"""curves of metrics"""

from alembic import op


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_metric_data", "metric_data")
    op.create_index("ix_metric_data", "metric_data", ["metric", "at", "unit", "count", "sum", "minimum", "maximum"])


def downgrade() -> None:
    raise NotImplementedError("Salvia's migrations go forward only; restore a backup instead.")
