"""Pipelines: `api` takes their definitions in, `executions` starts and shows runs of them, `lifecycle` runs them.

::

    definition ─▶ graph of steps                 `definition`: parsed once, and kept by version
    execution: Executing ─▶ Succeeded | Failed   Stopping (asked for) ─▶ Stopped
    a step begins ─▶ a row (`steps`), and its job: one commit; the job's end wakes the execution

A step's job is made by a call of the API, in the execution's role, under a name that follows from execution, step and
attempt. What a step knows of others, it reads from what their jobs show (`expressions`).
"""

from collections.abc import Mapping

from salvia.control.resource import Resource
from salvia.core.errors import ServiceError, validation_error


def _described(description: Mapping[str, object]) -> dict[str, object]:
    return {"PipelineDisplayName": description["PipelineName"], "PipelineStatus": "Active", **description}


PIPELINE = Resource(
    noun="Pipeline",
    key="PipelineName",
    arn="pipeline/{PipelineName}",
    searchable="Pipeline",
    operations=frozenset(),
    describe=_described,
    # Clients that create or else update look for ValidationException and "already exists".
    duplicate=lambda arn: validation_error(
        f"Pipeline names must be unique within an AWS account and region. Pipeline with name already exists: {arn}"
    ),
    missing=lambda name: ServiceError("ResourceNotFound", f"Pipeline '{name}' does not exist."),
)

# Kept beside the pipeline, with the definition itself.
PIPELINE_VERSION = Resource(
    noun="PipelineVersion",
    key="PipelineVersionId",
    arn="pipeline/{PipelineName}",
    operations=frozenset(),
    taggable=False,
    parent=PIPELINE,
    with_parent=True,
)

PIPELINE_EXECUTION = Resource(
    noun="PipelineExecution",
    key="PipelineExecutionArn",
    arn="pipeline/{PipelineName}/execution/{PipelineExecutionId}",
    state="PipelineExecutionStatus",
    terminal=frozenset({"Succeeded", "Failed", "Stopped"}),
    searchable="PipelineExecution",
    operations=frozenset(),
    parent=PIPELINE,
    with_parent=True,
    missing=lambda name: ServiceError("ResourceNotFound", f"Pipeline execution '{name}' does not exist."),
)
