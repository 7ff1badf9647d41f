"""The operations on executions of pipelines.

Sources: API_StartPipelineExecution, API_DescribePipelineExecution, API_ListPipelineExecutionSteps,
API_StopPipelineExecution, API_RetryPipelineExecution.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from salvia.control import crud, listing, records
from salvia.control.authorize import pass_role
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import PIPELINE, PIPELINE_EXECUTION, definition, selective, steps
from .api import version_of
from .expressions import text

_PAGE = 100
_ASKED = (
    "PipelineExecutionDisplayName",
    "PipelineExecutionDescription",
    "ParallelismConfiguration",
    "SelectiveExecutionConfig",
)
_NOT_YET = ("PipelineVersionAlias", "MlflowExperimentName")


@operation("StartPipelineExecution")
async def start_pipeline_execution(call: Call) -> dict[str, Any]:
    """Begin to run a pipeline; `lifecycle` does the work. The same ClientRequestToken does so once.

    Raises ResourceNotFound for a pipeline or version that does not exist; ValidationException for parameters that it
    does not define, that are of another type or missing, and for steps that cannot be selected.
    """
    request = call.request
    asked = [member for member in _NOT_YET if request.get(member)]
    if asked:
        raise validation_error(f"Salvia cannot do this yet: {', '.join(asked)}. Leave it out of the request.")
    pipeline = crud.find(call, PIPELINE, request["PipelineName"])
    version = version_of(call.db.read(), pipeline, request.get("PipelineVersionId"))
    graph = definition.of(call.db.read(), version.id)
    parameters = definition.values(graph, request.get("PipelineParameters") or [])
    if "RoleArn" in request:
        pass_role(call, request["RoleArn"], to="sagemaker.amazonaws.com")
    execution = _new(call, pipeline, version, parameters)
    copied = selective.copied(call.db.read(), graph, pipeline, execution)

    def work(tx: Transaction) -> None:
        twin = documents.find(tx, execution.kind, execution.account, execution.region, execution.name)
        if twin is not None:
            if twin.spec != execution.spec:
                raise ServiceError("ConflictException", "This ClientRequestToken was used with another request.")
            return
        current = crud.look_up(call, PIPELINE, pipeline.name, tx)
        current.status["LastRunTime"] = execution.created_at
        documents.update(tx, current)
        last = documents.by_id(tx, version.id)
        if last is not None:
            last.status["LastExecutionPipelineExecutionArn"] = execution.arn
            documents.update(tx, last)
        documents.insert(tx, execution)
        steps.put(tx, copied)

    await call.world.write(work)
    return {"PipelineExecutionArn": execution.arn}


def _new(call: Call, pipeline: Document, version: Document, parameters: dict[str, Any]) -> Document:
    request = call.request
    digest = hashlib.sha256(f"{pipeline.id}/{request['ClientRequestToken']}".encode()).digest()
    name = base64.b32encode(digest).decode().lower()[:12]
    now = crud.moment(call)
    given = {member: request[member] for member in _ASKED if member in request}
    inherited = {"ParallelismConfiguration": pipeline.spec.get("ParallelismConfiguration")}
    spec = {
        "PipelineExecutionDisplayName": f"execution-{name}",
        **{member: value for member, value in inherited.items() if value is not None},
        **given,
        "PipelineArn": pipeline.arn,
        "RoleArn": request.get("RoleArn") or pipeline.spec["RoleArn"],
        "PipelineVersionId": version.spec["PipelineVersionId"],
        "_Parameters": parameters,
        "_Version": version.id,
        "_Name": pipeline.name,
        "_Id": name,
    }
    arn = PIPELINE_EXECUTION.arn_of(
        {"PipelineName": pipeline.name, "PipelineExecutionId": name}, call.account, call.region
    )
    return Document(
        kind=PIPELINE_EXECUTION.kind,
        account=call.account,
        region=call.region,
        name=f"{pipeline.name}/{name}",
        arn=arn,
        owner=pipeline.id,
        state="Executing",
        spec=spec,
        status={"CreatedBy": records.user_context(call), "LastModifiedBy": records.user_context(call)},
        created_at=now,
        modified_at=now,
        due_at=call.clock.wall(),
    )


@operation("DescribePipelineExecution")
async def describe_pipeline_execution(call: Call) -> dict[str, Any]:
    """How a run stands."""
    return crud.describe(PIPELINE_EXECUTION, _find(call))


@operation("ListPipelineExecutions")
async def list_pipeline_executions(call: Call) -> dict[str, Any]:
    """The runs of a pipeline, newest first."""
    if call.request.get("PipelineVersionAlias"):
        raise validation_error("Salvia cannot do this yet: PipelineVersionAlias. Leave it out of the request.")
    pipeline = crud.find(call, PIPELINE, call.request["PipelineName"])
    within = listing.Within("owner = :owner", {"owner": pipeline.id})
    asked = {member: value for member, value in call.request.items() if member != "PipelineName"}
    if asked.get("SortBy") == "PipelineExecutionArn":
        asked["SortBy"] = "Name"
    found, token = await listing.page(call, PIPELINE_EXECUTION, asked, within=within)
    shown = []
    for execution in found:
        described = execution.description()
        members = ("PipelineExecutionDescription", "PipelineExecutionDisplayName")
        shown.append(
            {
                "PipelineExecutionArn": execution.arn,
                "StartTime": execution.created_at,
                "PipelineExecutionStatus": execution.state,
                **{member: described[member] for member in members if member in described},
                **(
                    {"PipelineExecutionFailureReason": described["FailureReason"]}
                    if "FailureReason" in described
                    else {}
                ),
            }
        )
    return {"PipelineExecutionSummaries": shown, **({"NextToken": token} if token else {})}


@operation("ListPipelineExecutionSteps")
async def list_pipeline_execution_steps(call: Call) -> dict[str, Any]:
    """The steps that were begun, latest first."""
    request = call.request
    if "PipelineExecutionArn" not in request:
        raise validation_error("PipelineExecutionArn must be specified.")
    execution = _find(call)
    graph = definition.of(call.db.read(), execution.spec["_Version"])
    size, after = request.get("MaxResults") or _PAGE, None
    if request.get("NextToken"):
        after = listing.decode_token(request["NextToken"])
        if not isinstance(after, int):
            raise validation_error("Invalid pagination token. Pass the NextToken of the last answer, unchanged.")
    descending = request.get("SortOrder", "Descending") == "Descending"
    found = steps.page(call.db.read(), execution.id, size + 1, after, descending=descending)
    result: dict[str, Any] = {"PipelineExecutionSteps": [_shown(graph, one) for one in found[:size]]}
    if len(found) > size:
        result["NextToken"] = listing.encode_token(found[size - 1].number)
    return result


def _shown(graph: definition.Definition, one: steps.Begun) -> dict[str, Any]:
    raw = graph.steps[one.name].raw
    named = {"StepDisplayName": raw.get("DisplayName"), "StepDescription": raw.get("Description")}
    return {
        "StepName": one.name,
        **{member: value for member, value in named.items() if value},
        "StartTime": one.started_at,
        **({"EndTime": one.ended_at} if one.ended_at is not None else {}),
        "StepStatus": one.state,
        "AttemptCount": one.attempt,
        **{member: value for member, value in one.result.items() if not member.startswith("_")},
    }


@operation("ListPipelineParametersForExecution")
async def list_pipeline_parameters_for_execution(call: Call) -> dict[str, Any]:
    """Every parameter's value in a run, as text."""
    values = list(_find(call).spec["_Parameters"].items())
    first = listing.decode_token(call.request["NextToken"]) if call.request.get("NextToken") else 0
    if not isinstance(first, int) or not 0 <= first <= len(values):
        raise validation_error("Invalid pagination token. Pass the NextToken of the last answer, unchanged.")
    last = first + (call.request.get("MaxResults") or _PAGE)
    shown = [{"Name": name, "Value": text(value)} for name, value in values[first:last]]
    more = {"NextToken": listing.encode_token(last)} if last < len(values) else {}
    return {"PipelineParameters": shown, **more}


@operation("DescribePipelineDefinitionForExecution")
async def describe_pipeline_definition_for_execution(call: Call) -> dict[str, Any]:
    """The definition that a run follows, whatever became of the pipeline since."""
    execution = _find(call)
    version = documents.by_id(call.db.read(), execution.spec["_Version"])
    if version is None:
        raise PIPELINE_EXECUTION.missing(execution.arn)
    return {"PipelineDefinition": version.spec["PipelineDefinition"], "CreationTime": version.created_at}


@operation("StopPipelineExecution")
async def stop_pipeline_execution(call: Call) -> dict[str, Any]:
    """Stop a run: jobs are stopped, no further steps begin.

    Raises ConflictException when it has ended.
    """

    def stop(execution: Document) -> None:
        if execution.state in PIPELINE_EXECUTION.terminal:
            raise ServiceError(
                "ConflictException",
                f"Pipeline execution {execution.arn} is {execution.state}: only one that is Executing can be stopped.",
            )
        execution.state = "Stopping"
        execution.status["LastModifiedBy"] = records.user_context(call)

    return await _changed(call, stop)


@operation("RetryPipelineExecution")
async def retry_pipeline_execution(call: Call) -> dict[str, Any]:
    """Go on where a run failed or was stopped: what succeeded is kept, the rest is begun again.

    Raises ConflictException for one that has neither failed nor been stopped.
    """

    def retry(execution: Document) -> None:
        if execution.state not in ("Failed", "Stopped"):
            raise ServiceError(
                "ConflictException",
                f"Pipeline execution {execution.arn} is {execution.state}: only one that is Failed or Stopped can be "
                "retried.",
            )
        execution.state = "Executing"
        execution.status.pop("FailureReason", None)
        execution.status["LastModifiedBy"] = records.user_context(call)
        _limit(execution, call.request)

    def again(tx: Transaction, execution: Document) -> None:
        steps.put(tx, [one.again(call.clock.now()) for one in steps.of(tx, execution.id).values() if one.may_repeat()])

    return await _changed(call, retry, again)


@operation("UpdatePipelineExecution")
async def update_pipeline_execution(call: Call) -> dict[str, Any]:
    """Change how a run is called, what is said of it, and how many of its steps run at once."""

    def edit(execution: Document) -> None:
        for member in ("PipelineExecutionDescription", "PipelineExecutionDisplayName"):
            if member in call.request:
                execution.spec[member] = call.request[member]
        _limit(execution, call.request)
        execution.status["LastModifiedBy"] = records.user_context(call)

    return await _changed(call, edit)


def _limit(execution: Document, request: dict[str, Any]) -> None:
    if "ParallelismConfiguration" in request:
        execution.spec["ParallelismConfiguration"] = request["ParallelismConfiguration"]


async def _changed(call: Call, edit: Any, also: Any = None) -> dict[str, Any]:
    arn = call.request["PipelineExecutionArn"]
    execution = await crud.change(call, PIPELINE_EXECUTION, arn, edit, also, wake=True)
    return {"PipelineExecutionArn": execution.arn}


def _find(call: Call) -> Document:
    return crud.find(call, PIPELINE_EXECUTION, call.request["PipelineExecutionArn"])
