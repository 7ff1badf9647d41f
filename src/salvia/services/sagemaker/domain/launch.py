"""From an app to what is to run."""

from __future__ import annotations

from salvia.control.jupyter import Plan
from salvia.control.world import World
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.documents import Document

LOG_GROUP = "/aws/sagemaker/studio"
HOME = "/home/sagemaker-user"
ON_START = "OnStart"


def plan(app: Document, world: World) -> Plan:
    """What is to run. Raises ValidationException when it cannot be had."""
    spec = app.spec
    script = spec["ResourceSpec"].get("LifecycleConfigArn")
    kept = documents.by_arn(world.db.read(), script) if script else None
    if script and kept is None:
        raise validation_error(f"its lifecycle configuration {script} does not exist any more. Name another.")
    return Plan(
        role=app.status["_Role"],
        instance_type=spec["ResourceSpec"]["InstanceType"],
        home=HOME,
        kept="",
        volume=app.owner,
        log_group=LOG_GROUP,
        streams={step: stream(app, step) for step in (ON_START, "Loading")},
        # As Studio's own has it: SageMaker's SDK takes the role from here.
        metadata={
            "AppType": spec["AppType"],
            "DomainId": spec["DomainId"],
            "SpaceName": spec["SpaceName"],
            "ExecutionRoleArn": app.status["_Role"],
            "ResourceArn": app.arn,
            "ResourceName": spec["AppName"],
        },
        scripts={ON_START: kept.spec["StudioLifecycleConfigContent"]} if kept else {},
    )


def stream(app: Document, step: str) -> str:
    """The log of a step. Source: the guide, "Log groups and streams that SageMaker sends to CloudWatch Logs"."""
    spec = app.spec
    name = f"{spec['DomainId']}/{spec['SpaceName']}/{spec['AppType']}/{spec['AppName']}"
    return f"{name}/LifecycleConfigOnStart" if step == ON_START else name
