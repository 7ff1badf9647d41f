"""The operations on pipelines and their versions.

Sources: API_CreatePipeline, API_UpdatePipeline, API_DescribePipeline, API_DeletePipeline, API_ListPipelineVersions.
"""

from __future__ import annotations

import asyncio
from typing import Any

from salvia.control import crud, listing, records
from salvia.control.authorize import pass_role
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from . import PIPELINE, PIPELINE_EXECUTION, PIPELINE_VERSION, definition, limits, objects, steps, tokens

_SERVICE = "sagemaker.amazonaws.com"
_LAST = "_LastVersion"  # of a pipeline's status
_LARGEST = 64 << 20  # of a definition that comes from S3
_SUMMARY = ("PipelineArn", "PipelineName", "PipelineDisplayName", "PipelineDescription", "RoleArn", "CreationTime")


@operation("CreatePipeline")
async def create_pipeline(call: Call) -> dict[str, Any]:
    """Keep a definition, as version 1 of a pipeline. The same ClientRequestToken does so once.

    Raises ValidationException for a definition that could never run, or not here yet, for a role that cannot be passed,
    and when the name is taken.
    """
    request = call.request
    text = await _definition(call)
    if text is None:
        raise validation_error("Either PipelineDefinition or PipelineDefinitionS3Location must be specified.")
    _refuse(request)
    pass_role(call, request["RoleArn"], to=_SERVICE)
    pipeline = crud.new(call, PIPELINE, _kept(request), status={"CreatedBy": records.user_context(call)})
    pipeline.tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}
    pipeline.status |= {"LastModifiedBy": records.user_context(call), "_Token": request["ClientRequestToken"]}

    def work(tx: Transaction) -> Document:
        twin = documents.by_arn(tx, pipeline.arn)
        if twin is not None and twin.kind == PIPELINE.kind:
            if twin.status["_Token"] == request["ClientRequestToken"] and twin.spec == pipeline.spec:
                return twin
            raise PIPELINE.duplicate(pipeline.arn)
        _add(tx, call, pipeline, text)
        documents.insert(tx, pipeline)
        return pipeline

    return {"PipelineArn": (await call.db.write(work)).arn}


@operation("UpdatePipeline")
async def update_pipeline(call: Call) -> dict[str, Any]:
    """Change a pipeline; another definition is another version. Executions that run keep theirs."""
    request = call.request
    text = await _definition(call)
    _refuse(request)
    if "RoleArn" in request:
        pass_role(call, request["RoleArn"], to=_SERVICE)

    def edit(pipeline: Document) -> None:
        pipeline.spec |= {member: value for member, value in _kept(request).items() if member != "PipelineName"}
        pipeline.status["LastModifiedBy"] = records.user_context(call)

    def work(tx: Transaction) -> Document:
        pipeline = crud.look_up(call, PIPELINE, request["PipelineName"], tx)
        edit(pipeline)
        pipeline.modified_at = crud.moment(call)
        if text is not None:
            _add(tx, call, pipeline, text)
        documents.update(tx, pipeline)
        return pipeline

    pipeline = await call.db.write(work)
    return {"PipelineArn": pipeline.arn, "PipelineVersionId": pipeline.status[_LAST]}


@operation("DescribePipeline")
async def describe_pipeline(call: Call) -> dict[str, Any]:
    """A pipeline, with its newest definition or that of a version."""
    _refuse(call.request)
    pipeline = crud.find(call, PIPELINE, call.request["PipelineName"])
    version = version_of(call.db.read(), pipeline, call.request.get("PipelineVersionId"))
    return {
        **crud.describe(PIPELINE, pipeline),
        **{member: value for member, value in version.spec.items() if member != "PipelineVersionId"},
    }


@operation("ListPipelines")
async def list_pipelines(call: Call) -> dict[str, Any]:
    """Pipelines, newest first."""
    request = call.request
    if request.get("ManagedBy") == "AWS":
        return {"PipelineSummaries": []}
    within = None
    if request.get("PipelineNamePrefix"):
        prefix = request["PipelineNamePrefix"]
        within = listing.Within("SUBSTR(name, 1, :length) = :prefix", {"length": len(prefix), "prefix": prefix})
    found, token = await listing.page(call, PIPELINE, request, within=within)
    return _page("PipelineSummaries", [_summary(pipeline) for pipeline in found], token)


@operation("DeletePipeline")
async def delete_pipeline(call: Call) -> dict[str, Any]:
    """Forget a pipeline with its versions and executions; what these have made stays.

    Raises ConflictException while one of them runs.
    """

    def purge(tx: Transaction, pipeline: Document) -> None:
        running = "SELECT 1 FROM documents WHERE owner = :id AND kind = :kind AND state IN ('Executing', 'Stopping')"
        if tx.one(f"{running} LIMIT 1", {"id": pipeline.id, "kind": PIPELINE_EXECUTION.kind}):
            raise ServiceError(
                "ConflictException",
                f"Pipeline {pipeline.arn} has executions that run. Stop them with StopPipelineExecution first.",
            )
        tx.run("DELETE FROM documents WHERE owner = :id", {"id": pipeline.id})
        steps.forget(tx, pipeline.id)
        tokens.forget(tx, pipeline.id)

    pipeline = await crud.remove(call, PIPELINE, call.request["PipelineName"], also=purge)
    return {"PipelineArn": pipeline.arn}


@operation("ListPipelineVersions")
async def list_pipeline_versions(call: Call) -> dict[str, Any]:
    """The versions of a pipeline, newest first."""
    pipeline = crud.find(call, PIPELINE, call.request["PipelineName"])
    within = listing.Within("owner = :owner", {"owner": pipeline.id})
    asked = {member: value for member, value in call.request.items() if member != "PipelineName"}
    found, token = await listing.page(call, PIPELINE_VERSION, {**asked, "SortBy": "Name"}, within=within)
    shown = [
        {
            "PipelineArn": pipeline.arn,
            "CreationTime": version.created_at,
            "LastExecutionPipelineExecutionArn": version.status.get("LastExecutionPipelineExecutionArn"),
            **{member: value for member, value in version.spec.items() if member != "PipelineDefinition"},
        }
        for version in found
    ]
    return _page("PipelineVersionSummaries", shown, token)


@operation("UpdatePipelineVersion")
async def update_pipeline_version(call: Call) -> dict[str, Any]:
    """Give a version a name, or a description."""
    request = call.request
    _refuse(request)

    def work(tx: Transaction) -> Document:
        pipeline = crud.look_up(call, PIPELINE, request["PipelineArn"], tx)
        version = version_of(tx, pipeline, request["PipelineVersionId"])
        for member in ("PipelineVersionDisplayName", "PipelineVersionDescription"):
            if member in request:
                version.spec[member] = request[member]
        documents.update(tx, version)
        return pipeline

    pipeline = await call.db.write(work)
    return {"PipelineArn": pipeline.arn, "PipelineVersionId": request["PipelineVersionId"]}


def version_of(reader: Reader, pipeline: Document, number: int | None) -> Document:
    """A version of a pipeline, the newest unless one is named. Raises ResourceNotFound."""
    wanted = pipeline.status[_LAST] if number is None else number
    name = f"{pipeline.name}/{wanted:09}"
    version = documents.find(reader, PIPELINE_VERSION.kind, pipeline.account, pipeline.region, name)
    if version is None:
        raise ServiceError("ResourceNotFound", f"Pipeline {pipeline.arn} has no version {wanted}.")
    return version


async def _definition(call: Call) -> str | None:
    """What the request brings, checked; from S3 it is read as the caller."""
    request = call.request
    text: str | None = request.get("PipelineDefinition")
    location = request.get("PipelineDefinitionS3Location")
    if text is not None and location is not None:
        raise validation_error(
            "PipelineDefinition and PipelineDefinitionS3Location cannot both be specified: give one of them."
        )
    if location is not None:
        body = await objects.read(
            call.world,
            call.caller,
            call.region,
            location["Bucket"],
            location["ObjectKey"],
            location.get("VersionId"),
            most=_LARGEST,
        )
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise validation_error("Unable to parse pipeline definition. It is not text in UTF-8.") from None
    if text is None:
        return None
    most = limits.most_steps(call.db.read(), call.account, call.region)
    await asyncio.to_thread(definition.check, text, most)  # ten thousand steps take their time
    return text


def _add(tx: Transaction, call: Call, pipeline: Document, text: str) -> None:
    """Keep a definition as the next version."""
    number = pipeline.status[_LAST] = pipeline.status.get(_LAST, 0) + 1
    version = Document(
        kind=PIPELINE_VERSION.kind,
        account=pipeline.account,
        region=pipeline.region,
        name=f"{pipeline.name}/{number:09}",  # versions sort as text
        arn=f"{pipeline.arn}#{number}",  # whoever looks for a pipeline by its ARN must not find a version
        owner=pipeline.id,
        spec={"PipelineDefinition": text, "PipelineVersionId": number},
        created_at=crud.moment(call),
        modified_at=crud.moment(call),
    )
    documents.insert(tx, version)


def _refuse(request: dict[str, Any]) -> None:
    asked = [
        member
        for member in ("PipelineVersionAliases", "PipelineVersionAlias", "PipelineVersionAliasOperations")
        if request.get(member)
    ]
    if asked:
        raise validation_error(f"Salvia cannot do this yet: {', '.join(asked)}. Leave it out of the request.")


def _kept(request: dict[str, Any]) -> dict[str, Any]:
    left_out = ("PipelineDefinition", "PipelineDefinitionS3Location", "ClientRequestToken", "Tags")
    return {member: value for member, value in request.items() if member not in left_out}


def _summary(pipeline: Document) -> dict[str, Any]:
    described = crud.describe(PIPELINE, pipeline)
    shown = {member: described[member] for member in (*_SUMMARY, "LastModifiedTime") if member in described}
    last = pipeline.status.get("LastRunTime")
    return {**shown, **({"LastExecutionTime": last} if last else {})}


def _page(member: str, shown: list[dict[str, Any]], token: str | None) -> dict[str, Any]:
    return {member: shown, **({"NextToken": token} if token else {})}
