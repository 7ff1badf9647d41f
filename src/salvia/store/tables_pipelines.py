"""What the executions of pipelines have done so far."""

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from .metadata import METADATA

# One row for each step that was begun; `execution`, `pipeline` and `child` are documents' ids. `number` is the order in
# which they began. `result` is what ListPipelineExecutionSteps shows beside, as JSON. A step that may be reused has a
# `cache_key`, a digest of what makes two runs of it alike.
PIPELINE_STEPS = Table(
    "pipeline_steps",
    METADATA,
    Column("execution", String(36), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("pipeline", String(36), nullable=False),
    Column("number", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", Float(53), nullable=False),
    Column("ended_at", Float(53)),
    Column("child", String(36), nullable=False),
    Column("cache_key", String(64), nullable=False),
    Column("result", Text, nullable=False),
)
Index("ix_pipeline_steps_number", PIPELINE_STEPS.c.execution, PIPELINE_STEPS.c.number)
Index("ix_pipeline_steps_cache", PIPELINE_STEPS.c.pipeline, PIPELINE_STEPS.c.cache_key, PIPELINE_STEPS.c.ended_at)

# One row for each token that was sent to a queue. `state` is Open, Answered (`answer` says how, as JSON), then Settled
# when the execution knows.
PIPELINE_CALLBACKS = Table(
    "pipeline_callbacks",
    METADATA,
    Column("token", String(10), primary_key=True),
    Column("execution", String(36), nullable=False),
    Column("step", String(64), nullable=False),
    Column("pipeline", String(36), nullable=False),
    Column("state", String(16), nullable=False),
    Column("answer", Text, nullable=False),
)
Index("ix_pipeline_callbacks_execution", PIPELINE_CALLBACKS.c.execution, PIPELINE_CALLBACKS.c.state)
Index("ix_pipeline_callbacks_pipeline", PIPELINE_CALLBACKS.c.pipeline)
