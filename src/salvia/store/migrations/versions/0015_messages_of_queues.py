"""messages of queues, and tokens of callbacks"""

from alembic import op
import sqlalchemy as sa


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sqs_messages",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("queue", sa.String(length=36), nullable=False),
        sa.Column("visible_at", sa.Float(precision=53), nullable=False),
        sa.Column("sent_at", sa.Float(precision=53), nullable=False),
        sa.Column("received_at", sa.Float(precision=53), nullable=True),
        sa.Column("receives", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.String(length=36), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sqs_messages")),
    )
    op.create_index("ix_sqs_messages_visible", "sqs_messages", ["queue", "visible_at", "id"])
    op.create_index("ix_sqs_messages_sent", "sqs_messages", ["queue", "sent_at"])
    op.create_table(
        "pipeline_callbacks",
        sa.Column("token", sa.String(length=10), nullable=False),
        sa.Column("execution", sa.String(length=36), nullable=False),
        sa.Column("step", sa.String(length=64), nullable=False),
        sa.Column("pipeline", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_pipeline_callbacks")),
    )
    op.create_index("ix_pipeline_callbacks_execution", "pipeline_callbacks", ["execution", "state"])
    op.create_index("ix_pipeline_callbacks_pipeline", "pipeline_callbacks", ["pipeline"])


def downgrade() -> None:
    raise NotImplementedError("Salvia's migrations go forward only; restore a backup instead.")
