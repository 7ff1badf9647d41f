"""CloudWatch Logs. Times are integers, milliseconds since the epoch, as on its wire.

A stream's figures stand beside its name, so that accepting a batch changes one narrow row and adds one.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from .metadata import METADATA

# `log_group` is the id of the group's document, null once the stream is deleted and its events are to go.
# `position` numbers batches, `number` is the last that a client numbered itself, `span` the longest batch's.
LOG_STREAMS = Table(
    "log_streams",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("log_group", String(36)),
    Column("name", String(512).with_variant(String(512, collation="C"), "postgresql"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False, server_default="0"),
    Column("number", BigInteger, nullable=False, server_default="0"),
    Column("first_at", BigInteger, nullable=False, server_default="0"),
    Column("last_at", BigInteger, nullable=False, server_default="0"),
    Column("received_at", BigInteger, nullable=False, server_default="0"),
    Column("span", BigInteger, nullable=False, server_default="0"),
    Column("bytes", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("log_group", "name"),
)
Index("ix_log_streams_last", LOG_STREAMS.c.log_group, LOG_STREAMS.c.last_at, LOG_STREAMS.c.name)

# One row a batch, its events compressed: far fewer rows than lines. The key is the order of reading a stream.
LOG_EVENTS = Table(
    "log_events",
    METADATA,
    Column("stream", String(36), primary_key=True),
    Column("first_at", BigInteger, primary_key=True),
    Column("position", BigInteger, primary_key=True),
    Column("log_group", String(36), nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("events", LargeBinary, nullable=False),
)
_events = LOG_EVENTS.c
Index("ix_log_events_stream_last", _events.stream, _events.last_at, _events.position)
Index("ix_log_events_group_first", _events.log_group, _events.first_at, _events.stream, _events.position)
Index("ix_log_events_group_last", _events.log_group, _events.last_at, _events.stream, _events.position)
