"""From a notebook instance's spec to what is to run."""

from __future__ import annotations

from typing import Any

from salvia.control.jupyter import Plan
from salvia.control.world import World
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.db import Reader
from salvia.store.documents import Document

from . import scripts

LOG_GROUP = "/aws/sagemaker/NotebookInstances"
HOME, KEPT = "/home/ec2-user", "SageMaker"
_STREAMS = {
    "Cloning": "CodeRepositories",
    "OnCreate": "LifecycleConfigOnCreate",
    "OnStart": "LifecycleConfigOnStart",
    "Loading": "jupyter.log",
}


def plan(notebook: Document, world: World) -> Plan:
    """What is to run. Raises ValidationException when it cannot be had."""
    db, spec = world.db.read(), notebook.spec
    _refuse(spec)
    default = spec.get("DefaultCodeRepository")
    names = [*([default] if default else ()), *(spec.get("AdditionalCodeRepositories") or ())]
    repositories = [_repository(db, notebook, name) for name in names]
    return Plan(
        role=spec["RoleArn"],
        instance_type=spec["InstanceType"],
        home=HOME,
        kept=KEPT,
        volume=notebook.id,
        log_group=LOG_GROUP,
        streams={step: stream(notebook, step) for step in _STREAMS},
        # Source: the guide, "Get Notebook Instance Metadata"
        metadata={"ResourceArn": notebook.arn, "ResourceName": notebook.name},
        repositories=repositories,
        scripts=scripts.of(db, notebook),
        # "Jupyter starts in this repository": API_CreateNotebookInstance, DefaultCodeRepository
        begin=_folder(repositories[0]["url"]) if default else "",
    )


def stream(notebook: Document, step: str) -> str:
    """The log of a step. Source: the guide, "Log groups and streams that SageMaker sends to CloudWatch Logs"."""
    return f"{notebook.name}/{_STREAMS[step]}"


def _refuse(spec: dict[str, Any]) -> None:
    if spec.get("SubnetId"):
        raise validation_error(
            f"SubnetId {spec['SubnetId']} is recorded, but there is no VPC here whose isolation could be given: "
            "nothing is run. Create the notebook instance without SubnetId and SecurityGroupIds."
        )


def _repository(db: Reader, notebook: Document, given: str) -> dict[str, str]:
    if given.startswith("https://"):
        return {"url": given}
    found = documents.find(db, "sagemaker:CodeRepository", notebook.account, notebook.region, given)
    if found is None:
        raise validation_error(f"its code repository '{given}' does not exist any more. Update the instance.")
    config = found.spec["GitConfig"]
    if config.get("SecretArn"):
        raise validation_error(f"its code repository '{given}' has a SecretArn, and there is no Secrets Manager here.")
    return {"url": config["RepositoryUrl"], "branch": config.get("Branch") or ""}


def _folder(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2].removesuffix(".git")
