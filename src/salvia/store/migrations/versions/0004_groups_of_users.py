"""groups of users; what was allowed and what was denied"""

from alembic import op
import sqlalchemy as sa


revision = "0004"
down_revision = "0003"
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

    with op.batch_alter_table("iam_keys", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owner", sa.String(length=36), server_default="", nullable=False))

    op.create_table(
        "iam_accesses",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("entity", sa.String(length=2048), nullable=False),
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("action", sa.String(length=128), nullable=False),
        sa.Column("resource", sa.String(length=2048), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_iam_accesses")),
    )
    with op.batch_alter_table("iam_accesses", schema=None) as batch_op:
        batch_op.create_index("ix_iam_accesses_at", ["at"], unique=False)
        batch_op.create_index("ix_iam_accesses_entity", ["entity"], unique=False)
        batch_op.create_index("ix_iam_accesses_owner", ["owner"], unique=False)

    op.create_table(
        "iam_denials",
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("denial", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_iam_denials")),
    )
    with op.batch_alter_table("iam_denials", schema=None) as batch_op:
        batch_op.create_index("ix_iam_denials_at", ["at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("Salvia's migrations go forward only; restore a backup instead.")
