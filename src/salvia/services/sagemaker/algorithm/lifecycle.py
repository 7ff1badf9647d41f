"""An algorithm's validation: its jobs are made in the name of its ValidationRole, one after the other, and wake it.

Pending ─▶ train ─▶ (model ─▶ transform) ─▶ Completed | Failed        Deleting: stop the jobs, then go

A job and the note of whose it is are one commit, under the algorithm's lease: none is made twice, or forgotten.
"""

from __future__ import annotations

from typing import Any

from salvia.control import errand
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.caller import service_caller
from salvia.core.errors import ServiceError
from salvia.store import documents, leases
from salvia.store.db import Transaction
from salvia.store.documents import Conflict, Document

from . import ALGORITHM, profile

RECONCILES = ALGORITHM
_SERVICE = "sagemaker.amazonaws.com"
_LOOK = 30.0  # seconds between looks at a job that runs: its end wakes the algorithm
_ENDED = frozenset({"Completed", "Failed", "Stopped"})
_TRAINING, _MODEL, _TRANSFORM = "sagemaker:TrainingJob", "sagemaker:Model", "sagemaker:TransformJob"
_REASON = 1024


async def reconcile(algorithm: Document, world: World) -> Outcome:
    """One idempotent step towards a verdict, or the end."""
    if algorithm.state == "Deleting":
        return await delete(algorithm, world)
    if algorithm.state in ALGORITHM.terminal:
        return Outcome()
    try:
        return await validate(algorithm, world)
    except Conflict:
        raise
    except ServiceError as error:
        if error.status < 500:
            return _say(algorithm, "Failed", f"{error.code}: {error.message}")
        _say(algorithm, _stage(algorithm), f"{error.message} It is tried again.")
        raise
    except Exception as error:
        _say(algorithm, _stage(algorithm), f"{type(error).__name__}: {error}. It is tried again.")
        raise


async def validate(algorithm: Document, world: World) -> Outcome:
    """Make the next job of the profile, or look at the one that runs."""
    name = _name(algorithm)
    if algorithm.state == "Pending":
        return await _make(algorithm, world, "CreateTrainingJob", profile.training(algorithm.spec, name), _TRAINING)
    _say(algorithm, "InProgress")
    trained = _child(algorithm, world, _TRAINING)
    verdict = _verdict(algorithm, trained, "training job")
    if verdict or trained is None or not profile.of(algorithm.spec).get("TransformJobDefinition"):
        return verdict or _say(algorithm, "Completed")
    transformed = _child(algorithm, world, _TRANSFORM)
    if transformed is not None:
        return _verdict(algorithm, transformed, "transform job") or _say(algorithm, "Completed")
    if _child(algorithm, world, _MODEL) is None:
        artefact = trained.status["ModelArtifacts"]["S3ModelArtifacts"]
        return await _make(algorithm, world, "CreateModel", profile.model(algorithm.spec, name, artefact), _MODEL)
    return await _make(algorithm, world, "CreateTransformJob", profile.transform(algorithm.spec, name), _TRANSFORM)


async def delete(algorithm: Document, world: World) -> Outcome:
    """Stop the jobs that still run; once none does, the algorithm is gone. They, and the model, stay."""
    running = [
        (noun, job)
        for noun, kind in (("TrainingJob", _TRAINING), ("TransformJob", _TRANSFORM))
        for job in documents.owned(world.db.read(), algorithm.id, kind)
        if job.state not in _ENDED
    ]
    for noun, job in running:
        if job.state != "Stopping":
            caller = service_caller(_SERVICE, algorithm.account)
            request = {f"{noun}Name": job.name}
            await errand.run(world, caller, _SERVICE, algorithm.region, "sagemaker", f"Stop{noun}", request)
    return Outcome(requeue=_LOOK) if running else Outcome(delete=True)


async def _make(algorithm: Document, world: World, operation: str, request: dict[str, Any], kind: str) -> Outcome:
    """Call an operation as the ValidationRole; what it makes belongs to the algorithm from the same commit on."""
    caller = errand.in_role(world.db.read(), algorithm.spec["ValidationSpecification"]["ValidationRole"], "SageMaker")
    place = {"kind": kind, "account": algorithm.account, "region": algorithm.region, "name": _name(algorithm)}

    def adopt(tx: Transaction) -> None:
        algorithm.state = "InProgress"
        _say(algorithm, "InProgress")
        leases.keep(tx, algorithm)
        tx.run(
            "UPDATE documents SET owner = :owner "
            "WHERE kind = :kind AND account = :account AND region = :region AND name = :name",
            {**place, "owner": algorithm.id},
        )

    await errand.run(world, caller, _SERVICE, algorithm.region, "sagemaker", operation, request, adopt)
    return Outcome(requeue=0 if kind == _MODEL else _LOOK)


def _name(algorithm: Document) -> str:
    """That of the jobs and the model: no other algorithm's, also none's that had the same name before."""
    return f"{algorithm.name[:50].rstrip('-')}-{algorithm.id[-12:]}"


def _child(algorithm: Document, world: World, kind: str) -> Document | None:
    found = documents.owned(world.db.read(), algorithm.id, kind)
    return found[0] if found else None


def _verdict(algorithm: Document, job: Document | None, what: str) -> Outcome | None:
    """What follows from a job as it stands; None when it has succeeded."""
    if job is None:
        return _say(algorithm, "Failed", f"The {what} {_name(algorithm)} was deleted before the validation ended.")
    if job.state == "Completed":
        return None
    if job.state in _ENDED:
        reason = job.status.get("FailureReason") or "it was stopped"
        return _say(algorithm, "Failed", f"The {what} {job.name} is {job.state}: {reason}")
    return Outcome(requeue=_LOOK)


def _stage(algorithm: Document) -> str:
    return "NotStarted" if algorithm.state == "Pending" else "InProgress"


def _say(algorithm: Document, status: str, reason: str = "") -> Outcome:
    """Show how the profile stands; Completed and Failed are also the algorithm's end."""
    item = algorithm.status["AlgorithmStatusDetails"]["ValidationStatuses"][0]
    item["Status"] = status
    item.pop("FailureReason", None)
    if reason:
        item["FailureReason"] = reason[:_REASON]
    if status in ALGORITHM.terminal:
        algorithm.state = status
    return Outcome()
