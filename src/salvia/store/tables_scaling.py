"""What alarms watch and remember, what was scaled, and what topics have yet to deliver."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from .metadata import METADATA

# Which metric an alarm watches; `touched` is the wall time at which data last came to it, whenever they are of.
ALARM_METRICS = Table(
    "alarm_metrics",
    METADATA,
    Column("alarm", String(36), primary_key=True),
    Column("metric", String(36), nullable=False),
    Column("touched", Float(53), nullable=False, server_default="0"),
)
Index("ix_alarm_metrics_metric", ALARM_METRICS.c.metric)

# By the alarm's name: a history outlives its alarm.
ALARM_HISTORY = Table(
    "alarm_history",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("alarm", String(255), nullable=False),
    Column("kind", String(32), nullable=False, server_default="MetricAlarm"),
    Column("item", String(32), nullable=False),
    Column("at", Float(53), nullable=False),
    Column("summary", Text, nullable=False),
    Column("data", Text, nullable=False),
)
Index("ix_alarm_history_all", ALARM_HISTORY.c.account, ALARM_HISTORY.c.region, ALARM_HISTORY.c.at, ALARM_HISTORY.c.id)
Index(
    "ix_alarm_history_alarm",
    ALARM_HISTORY.c.account,
    ALARM_HISTORY.c.region,
    ALARM_HISTORY.c.alarm,
    ALARM_HISTORY.c.at,
    ALARM_HISTORY.c.id,
)
Index("ix_alarm_history_at", ALARM_HISTORY.c.at)

# Scaling activities; `scaled` is 0 for those that changed nothing. `content` is what DescribeScalingActivities shows.
SCALING_ACTIVITIES = Table(
    "scaling_activities",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(32), nullable=False),
    Column("namespace", String(64), nullable=False),
    Column("resource", String(1600), nullable=False),
    Column("dimension", String(128), nullable=False),
    Column("started_at", Float(53), nullable=False),
    Column("scaled", Integer, nullable=False),
    Column("content", Text, nullable=False),
)
Index(
    "ix_scaling_activities_all",
    SCALING_ACTIVITIES.c.account,
    SCALING_ACTIVITIES.c.region,
    SCALING_ACTIVITIES.c.namespace,
    SCALING_ACTIVITIES.c.started_at,
    SCALING_ACTIVITIES.c.id,
)
Index(
    "ix_scaling_activities_resource",
    SCALING_ACTIVITIES.c.account,
    SCALING_ACTIVITIES.c.region,
    SCALING_ACTIVITIES.c.resource,
    SCALING_ACTIVITIES.c.started_at,
    SCALING_ACTIVITIES.c.id,
)
Index("ix_scaling_activities_at", SCALING_ACTIVITIES.c.started_at)

# Messages on their way to one subscription each. `due_at` is wall time; whoever delivers one deletes its row.
SNS_DELIVERIES = Table(
    "sns_deliveries",
    METADATA,
    Column("id", String(36), primary_key=True),
    Column("subscription", String(36), nullable=False),
    Column("due_at", Float(53), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("content", Text, nullable=False),
)
Index("ix_sns_deliveries_due", SNS_DELIVERIES.c.subscription, SNS_DELIVERIES.c.due_at)

# What an alarm names: the policies among its actions, and the alarms in a composite alarm's rule.
ALARM_REFERENCES = Table(
    "alarm_references",
    METADATA,
    Column("alarm", String(36), primary_key=True),
    Column("arn", String(2048), primary_key=True),
)
Index("ix_alarm_references_arn", ALARM_REFERENCES.c.arn)
