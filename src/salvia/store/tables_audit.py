"""The audit trail. Ids of events begin with their (virtual) time, so that their order is the order of time."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from .metadata import METADATA

# Ordered by their characters, whatever the database's language.
_ID = String(36).with_variant(String(36, collation="C"), "postgresql")

# `record` is CloudTrail's, as JSON; `checked` what authorisation decided on: [[action, resource, allowed], …].
EVENTS = Table(
    "events",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("name", String(128), nullable=False),
    Column("source", String(128), nullable=False),
    Column("read_only", Integer, nullable=False),
    Column("username", String(128), nullable=False),
    Column("access_key", String(128), nullable=False),
    Column("request_id", String(36), nullable=False),
    Column("record", Text, nullable=False),
    Column("checked", Text, nullable=False),
)
_events = EVENTS.c
# Few sources and two values of `read_only`: those are read along this index.
Index("ix_events_list", _events.account, _events.region, _events.id, _events.read_only, _events.source)
for _column in ("name", "username", "access_key"):
    Index(f"ix_events_{_column}", _events.account, _events.region, _events[_column], _events.id)
Index("ix_events_request", _events.request_id)

# `name` is in lower case: SageMaker's ARNs are, the names that people look for are not.
EVENT_RESOURCES = Table(
    "event_resources",
    METADATA,
    Column("event", _ID, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("type", String(128), nullable=False),
    Column("name", String(1024), nullable=False),
)
for _column in ("type", "name"):
    Index(
        f"ix_event_resources_{_column}",
        EVENT_RESOURCES.c.account,
        EVENT_RESOURCES.c.region,
        EVENT_RESOURCES.c[_column],
        EVENT_RESOURCES.c.event,
    )

# A call that changes something leaves this with its change; the event, which knows the answer too, takes its place.
EVENT_INTENTS = Table(
    "event_intents",
    METADATA,
    Column("id", _ID, primary_key=True),
    Column("written_at", Float(53), nullable=False),
    Column("record", Text, nullable=False),
    Column("checked", Text, nullable=False),
)

# Journal files whose lines are in the tables though the file may still be there.
EVENT_JOURNALS = Table("event_journals", METADATA, Column("name", String(128), primary_key=True))

# What a trail has not delivered yet; `file` names the log file that it is to be part of.
EVENT_DELIVERIES = Table(
    "event_deliveries",
    METADATA,
    Column("trail", String(36), primary_key=True),
    Column("event", _ID, primary_key=True),
    Column("region", String(32), nullable=False),
    Column("file", String(36)),
    Column("record", Text, nullable=False),
)
Index("ix_event_deliveries_file", EVENT_DELIVERIES.c.trail, EVENT_DELIVERIES.c.file, EVENT_DELIVERIES.c.event)
