"""What a step makes, made once: the call, and the note of what it made, are one commit.

A killed controller leaves both or neither; the next makes what is not there, under the same name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from salvia.control import errand
from salvia.control.world import World
from salvia.core.caller import Caller
from salvia.core.errors import ServiceError
from salvia.protocol import models
from salvia.store import documents, leases
from salvia.store.db import Row, Transaction
from salvia.store.documents import Document

from .definition import Step
from .kinds import JOB
from .scope import SERVICE
from .steps import Begun

_LONGEST = 63
_ODD = re.compile(r"[^A-Za-z0-9]+")
_NAMED = "SELECT id, arn FROM documents WHERE kind = :kind AND account = :account AND region = :region AND name = :name"
_NEWEST = """
SELECT id, arn FROM documents WHERE kind = :kind AND owner = (
    SELECT id FROM documents WHERE kind = 'sagemaker:ModelPackageGroup' AND account = :account AND region = :region
    AND (name = :name OR arn = :name))
ORDER BY name DESC LIMIT 1"""


async def make(
    execution: Document, world: World, step: Step, one: Begun, request: dict[str, Any], caller: Caller, also: Any
) -> None:
    """Call what the step is for; `also(tx)` joins in. Raises what the caller would be told."""
    kind = step.kind
    experiment = execution.status.get("PipelineExperimentConfig")
    if experiment and kind.states is JOB:
        request = {"ExperimentConfig": experiment, **request}
    operation, request, find = _call(execution, world, step, one, request)
    group = request.get("ModelPackageGroupName") if step.type == "RegisterModel" else None
    if group and not _exists(world, execution, "sagemaker:ModelPackageGroup", group):
        await _run(world, execution, caller, "CreateModelPackageGroup", {"ModelPackageGroupName": group})

    def adopt(tx: Transaction) -> None:
        leases.keep(tx, execution)
        row = find(tx)
        if row is None:
            raise RuntimeError(f"{operation} of step '{one.name}' made nothing.")
        one.child = row["id"]
        one.result["Metadata"] = {kind.member: {"Arn": row["arn"]}}
        for member in ("FailureReason", "_RetryAt"):
            one.result.pop(member, None)
        if kind.states is None:
            one.end("Succeeded", world.clock.now())
        else:
            one.state = "Executing"
            if kind.wakes:
                owned = {"owner": execution.id, "id": one.child}
                tx.run("UPDATE documents SET owner = :owner WHERE id = :id", owned)
        also(tx)

    await _run(world, execution, caller, operation, request, adopt)


def _call(
    execution: Document, world: World, step: Step, one: Begun, request: dict[str, Any]
) -> tuple[str, dict[str, Any], Callable[[Transaction], Row | None]]:
    """The operation, its request, and how to find what it made."""
    kind = step.kind
    place = {"kind": kind.kind, "account": execution.account, "region": execution.region}
    if step.type == "RegisterModel" and request.get("ModelPackageGroupName"):
        newest = {**place, "name": request["ModelPackageGroupName"]}
        request = {member: value for member, value in request.items() if member != kind.key}
        return kind.create, request, lambda tx: tx.one(_NEWEST, newest)
    given = request.get(kind.key) or ""
    name = given if kind.named and given else child_name(execution.spec["_Id"], step.name, one.attempt, given)
    request = {**request, kind.key: name}
    operation = kind.create
    if step.type == "Endpoint" and _exists(world, execution, kind.kind, name):
        operation = "UpdateEndpoint"
        known = models.operation("sagemaker", operation).input_shape.members
        request = {member: value for member, value in request.items() if member in known}
    return operation, request, lambda tx: tx.one(_NAMED, {**place, "name": name})


def child_name(execution: str, step: str, attempt: int, prefix: str = "") -> str:
    """`pipelines-EXECUTION-STEP-…`, as AWS's are: the same for the same attempt, no other's.

    In lower case, as it is in ARNs, from which people take it.
    """
    digest = hashlib.sha256(f"{execution}/{step}/{attempt}".encode()).hexdigest()[:10]
    tail = f"-{execution}-{digest}" if prefix else f"-{digest}"
    head = prefix or f"pipelines-{execution}-{_ODD.sub('-', step).strip('-').lower()}"
    return head[: _LONGEST - len(tail)].rstrip("-") + tail


def _exists(world: World, execution: Document, kind: str, name: str) -> bool:
    db = world.db.read()
    if name.startswith("arn:"):
        return documents.by_arn(db, name) is not None
    return documents.find(db, kind, execution.account, execution.region, name) is not None


async def _run(
    world: World,
    execution: Document,
    caller: Caller,
    operation: str,
    request: dict[str, Any],
    along: Callable[[Transaction], None] | None = None,
) -> None:
    await errand.run(world, caller, SERVICE, execution.region, "sagemaker", operation, request, along)


async def experiment(execution: Document, world: World, caller: Caller, config: dict[str, Any]) -> None:
    """Make the experiment and the trial of an execution, unless they are there. Source: PipelineExperimentConfig."""
    name, trial = config["ExperimentName"], config["TrialName"]
    if not _exists(world, execution, "sagemaker:Experiment", name):
        await _once(world, execution, caller, "CreateExperiment", {"ExperimentName": name})
    if not _exists(world, execution, "sagemaker:Trial", trial):
        await _once(world, execution, caller, "CreateTrial", {"ExperimentName": name, "TrialName": trial})


async def _once(world: World, execution: Document, caller: Caller, operation: str, request: dict[str, Any]) -> None:
    try:
        await _run(world, execution, caller, operation, request)
    except ServiceError as error:
        if "already exists" not in error.message:  # two executions began at once
            raise
