"""groups of users"""

from alembic import op
import sqlalchemy as sa


revision = "0004"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "iam_members",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "group_id", name=op.f("pk_iam_members")),
    )
    with op.batch_alter_table("iam_members", schema=None) as batch_op:
        batch_op.create_index("ix_iam_members_group_id", ["group_id"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Salvia's migrations go forward only; restore a backup instead.")
