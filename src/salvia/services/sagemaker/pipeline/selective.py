"""Selective execution: some steps run, what they need is taken from another run of the same pipeline.

Source: the guide, "Selective execution of pipeline steps"; API_SelectiveExecutionConfig.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.db import Reader
from salvia.store.documents import Document

from . import PIPELINE_EXECUTION, steps
from .definition import Definition


def selected(execution: Document) -> set[str] | None:
    """The steps that are to run; None: all."""
    config: dict[str, Any] | None = execution.spec.get("SelectiveExecutionConfig")
    return {one["StepName"] for one in config["SelectedSteps"]} if config else None


def copied(db: Reader, graph: Definition, pipeline: Document, execution: Document) -> list[steps.Begun]:
    """The steps of the reference run that the selected ones need. Raises ValidationException when there are none."""
    wanted = selected(execution)
    if wanted is None:
        return []
    unknown = sorted(wanted - set(graph.steps))
    if unknown:
        raise validation_error(f"SelectedSteps: the pipeline has no step {', '.join(unknown)}.")
    before = graph.beyond(wanted, before=True)
    between = sorted((before & graph.beyond(wanted, before=False)) - wanted)
    if between:
        raise validation_error(
            f"SelectedSteps: all steps on all paths between two selected steps must be selected; {', '.join(between)} "
            "are not."
        )
    needed = before - wanted
    arn = execution.spec["SelectiveExecutionConfig"].get("SourcePipelineExecutionArn")
    if arn is None:
        if needed:
            raise validation_error(
                f"SelectedSteps need what {', '.join(sorted(needed))} made: specify a SourcePipelineExecutionArn."
            )
        return []
    source = documents.by_arn(db, arn)
    if source is None or source.kind != PIPELINE_EXECUTION.kind or source.owner != pipeline.id:
        raise validation_error(f"SourcePipelineExecutionArn: {arn} is no execution of {pipeline.arn}.")
    if source.state not in ("Succeeded", "Failed"):
        raise validation_error(
            f"SourcePipelineExecutionArn: {arn} is {source.state}; it must have Succeeded, or Failed."
        )
    had = {name: one for name, one in steps.of(db, source.id).items() if one.state == "Succeeded"}
    missing = sorted(needed - set(had))
    if missing:
        raise validation_error(f"SourcePipelineExecutionArn: {', '.join(missing)} did not succeed in {arn}.")
    shown = {"SelectiveExecutionResult": {"SourcePipelineExecutionArn": arn}}
    return [
        replace(
            had[name],
            execution=execution.id,
            number=number,
            attempt=1,
            cache_key="",
            result={**had[name].result, **shown},
        )
        for number, name in enumerate(name for name in graph.steps if name in needed)
    ]
