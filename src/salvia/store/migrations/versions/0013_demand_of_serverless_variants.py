"""what serverless variants are asked for"""

from alembic import op
import sqlalchemy as sa


revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "serverless_demand",
        sa.Column("endpoint", sa.String(length=36), nullable=False),
        sa.Column("variant", sa.String(length=63), nullable=False),
        sa.Column("gateway", sa.String(length=36), nullable=False),
        sa.Column("used", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", "variant", "gateway", name=op.f("pk_serverless_demand")),
    )


def downgrade() -> None:
    raise NotImplementedError("Salvia's migrations go forward only; restore a backup instead.")
