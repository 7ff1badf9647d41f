"""A model package's validation: model ─▶ transform.

The guide, "Create a Model Package Resource": SageMaker "runs the transform jobs" of the profile, with a model of the
package's inference specification.
"""

from __future__ import annotations

from typing import Any

from salvia.control.reconcile import Outcome
from salvia.control.validation import Made, Stage, Validation
from salvia.control.world import World
from salvia.store.documents import Document

from . import MODEL_PACKAGE

RECONCILES = MODEL_PACKAGE
_KEPT = ("ContainerHostname", "Image", "Environment", "ModelDataUrl", "ModelDataSource")


def stages(package: Document) -> list[Stage]:
    """What the profile asks for."""
    asked, containers = package.spec["ValidationSpecification"], package.spec["InferenceSpecification"]["Containers"]

    def model(name: str, made: Made) -> dict[str, Any]:
        kept = [{member: one[member] for member in _KEPT if member in one} for one in containers]
        of = {"PrimaryContainer": kept[0]} if len(kept) == 1 else {"Containers": kept}
        return {"ModelName": name, "ExecutionRoleArn": asked["ValidationRole"], **of}

    def transform(name: str, made: Made) -> dict[str, Any]:
        definition = asked["ValidationProfiles"][0]["TransformJobDefinition"]
        return {"TransformJobName": name, "ModelName": name, **definition}

    return [Stage("Model", model), Stage("TransformJob", transform)]


VALIDATION = Validation(MODEL_PACKAGE, stages)


async def reconcile(package: Document, world: World) -> Outcome:
    """One idempotent step towards a verdict, or the end."""
    return await VALIDATION.reconcile(package, world)
