"""Trial components of jobs: what an ExperimentConfig asks for, made with the job and brought up to date at its end.

Sources: API_ExperimentConfig; the guide, "Manage Machine Learning with Amazon SageMaker Experiments": a component is
named after its job, `JOB-aws-training-job`, and shows its parameters and artifacts.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from typing import Any

from salvia.core import ids
from salvia.core.errors import validation_error
from salvia.store import documents, leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import crud, records, shapes
from .call import Call
from .resource import Resource

_ID = "_Component"  # of a job's status
_JOIN = "INSERT INTO trial_components (trial, component) VALUES (:trial, :component) ON CONFLICT DO NOTHING"
_POINT = """
INSERT INTO trial_metrics (id, component, name, at, step, value) VALUES (:id, :component, :name, :at, NULL, :value)"""
_LONGEST = 1024
_STRING = 2500
_MEDIA = re.compile(r"[-\w]+/[-\w+]+")
_KINDS = {"TrainingJob": "training", "ProcessingJob": "processing", "TransformJob": "transform"}
Entries = Iterator[tuple[str, dict[str, Any]]]


def join(call: Call, tx: Transaction, job: Document) -> None:
    """Make the trial component of a job that is about to be stored, and add it to its trial.

    Raises ResourceNotFound for an experiment or a trial that does not exist, ValidationException for a trial of another
    experiment, and for a run.
    """
    config = job.spec.get("ExperimentConfig")
    if not config:
        return
    if config.get("RunName"):
        raise validation_error("Salvia cannot do this yet: ExperimentConfig.RunName. Leave it out of the request.")
    noun = job.kind.partition(":")[2]
    name = f"{job.name}-aws-{_KINDS[noun]}-job"
    resource = _resource(call, "TrialComponent")
    request = {
        "TrialComponentName": name,
        "DisplayName": config.get("TrialComponentDisplayName") or name,
        "Parameters": dict(_parameters(job.spec)),
        "InputArtifacts": dict(_inputs(job.spec)),
    }
    component = crud.new(call, resource, request, status={"CreatedBy": records.user_context(call)})
    component.status |= {
        "Source": {"SourceArn": job.arn, "SourceType": f"SageMaker{noun}"},
        "Status": {"PrimaryStatus": "InProgress"},
        "StartTime": component.created_at,
    }
    trial = _trial(call, tx, job.name, config)
    if not documents.insert(tx, component):
        raise shapes.duplicate(resource, component.arn)
    if trial is not None:
        tx.run(_JOIN, {"trial": trial.id, "component": component.id})
    job.status[_ID] = component.id


def _trial(call: Call, tx: Transaction, job: str, config: dict[str, Any]) -> Document | None:
    experiment = None
    if config.get("ExperimentName"):
        experiment = crud.look_up(call, _resource(call, "Experiment"), config["ExperimentName"], tx)
    if config.get("TrialName"):
        trial = crud.look_up(call, _resource(call, "Trial"), config["TrialName"], tx)
        if experiment is not None and trial.owner != experiment.id:
            raise validation_error(f"The trial {trial.name} does not belong to the experiment {experiment.name}.")
        return trial
    if experiment is None:
        return None
    # "If not specified, a new trial is created."
    request = {"TrialName": job, "ExperimentName": experiment.name}
    resource = _resource(call, "Trial")
    trial = crud.new(call, resource, request, status={"CreatedBy": records.user_context(call)}, owner=experiment.id)
    if not documents.insert(tx, trial):
        raise shapes.duplicate(resource, trial.arn)
    return trial


def of(source_arn: str) -> str:
    """The ARN of the component of a job."""
    place, _, resource = source_arn.rpartition(":")
    noun, _, name = resource.partition("/")
    return f"{place}:experiment-trial-component/{name}-aws-{noun}"


def ended(tx: Transaction, job: Document, now: float) -> None:
    """Tell whoever waits for a job that it has ended, in the transaction that ends it: its owner, its component."""
    if job.owner:
        leases.wake(tx, job.owner, tx.now())
    component = documents.by_id(tx, job.status[_ID]) if _ID in job.status else None
    if component is None:
        return
    reason = job.status.get("FailureReason")
    message = {"Message": reason[:_LONGEST]} if reason else {}
    component.status |= {"Status": {"PrimaryStatus": job.state, **message}, "EndTime": now}
    component.spec["OutputArtifacts"] = {**(component.spec.get("OutputArtifacts") or {}), **dict(_outputs(job))}
    component.modified_at = max(component.modified_at, now)
    documents.update(tx, component)
    metrics = job.status.get("FinalMetricDataList") or ()
    own = {"component": component.id, "at": now}
    tx.many(_POINT, [{**own, "id": ids.row_id(), "name": m["MetricName"], "value": m["Value"]} for m in metrics])


def _resource(call: Call, noun: str) -> Resource:
    return call.world.dispatch.resources[f"sagemaker:{noun}"]


def _parameters(spec: dict[str, Any]) -> Entries:
    algorithm = spec.get("AlgorithmSpecification") or {}
    image = algorithm.get("TrainingImage") or (spec.get("AppSpecification") or {}).get("ImageUri")
    cluster = (
        spec.get("ResourceConfig")
        or (spec.get("ProcessingResources") or {}).get("ClusterConfig")
        or spec.get("TransformResources")
        or {}
    )
    yield from ((key, _value(value)) for key, value in (spec.get("HyperParameters") or {}).items())
    found = {"ImageUri": image, "ModelName": spec.get("ModelName")}
    found |= {member: cluster.get(member) for member in ("InstanceType", "InstanceCount", "VolumeSizeInGB")}
    yield from ((f"SageMaker.{member}", _value(value)) for member, value in found.items() if value is not None)


def _value(value: Any) -> dict[str, Any]:
    with contextlib.suppress(ValueError):
        if math.isfinite(float(value)):
            return {"NumberValue": float(value)}
    return {"StringValue": str(value)[:_STRING]}


def _inputs(spec: dict[str, Any]) -> Entries:
    for channel in spec.get("InputDataConfig") or ():
        source = channel["DataSource"].get("S3DataSource") or {}
        yield from _artifact(channel["ChannelName"], source.get("S3Uri"), channel.get("ContentType"))
    for one in spec.get("ProcessingInputs") or ():
        yield from _artifact(one["InputName"], (one.get("S3Input") or {}).get("S3Uri"))
    given = spec.get("TransformInput") or {}
    source = (given.get("DataSource") or {}).get("S3DataSource") or {}
    yield from _artifact("SageMaker.TransformInput", source.get("S3Uri"), given.get("ContentType"))


def _outputs(job: Document) -> Entries:
    if job.state == "Completed":
        artefact = (job.status.get("ModelArtifacts") or {}).get("S3ModelArtifacts")
        yield from _artifact("SageMaker.ModelArtifact", artefact)
    for one in (job.spec.get("ProcessingOutputConfig") or {}).get("Outputs") or ():
        yield from _artifact(one["OutputName"], (one.get("S3Output") or {}).get("S3Uri"))
    yield from _artifact("SageMaker.TransformOutput", (job.spec.get("TransformOutput") or {}).get("S3OutputPath"))


def _artifact(name: str, uri: str | None, media: str | None = None) -> Entries:
    if uri:
        kind = (media or "").partition(";")[0]
        yield name, {"Value": uri, **({"MediaType": kind} if _MEDIA.fullmatch(kind) else {})}
