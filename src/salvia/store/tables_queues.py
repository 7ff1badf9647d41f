"""What waits in queues."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from .metadata import METADATA

# One row for each message; `queue` is the document's id. Wall time says when a message can be received next, which is
# when whoever has it must be done with it; how old it is, for its queue's retention, is virtual time. `receipt` is the
# last that was given out for it. `content` is what was sent, as JSON.
SQS_MESSAGES = Table(
    "sqs_messages",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("queue", String(36), nullable=False),
    Column("visible_at", Float(53), nullable=False),
    Column("sent_at", Float(53), nullable=False),
    Column("received_at", Float(53)),
    Column("receives", Integer, nullable=False),
    Column("receipt", String(36), nullable=False),
    Column("content", Text, nullable=False),
)
Index("ix_sqs_messages_visible", SQS_MESSAGES.c.queue, SQS_MESSAGES.c.visible_at, SQS_MESSAGES.c.id)
Index("ix_sqs_messages_sent", SQS_MESSAGES.c.queue, SQS_MESSAGES.c.sent_at)
