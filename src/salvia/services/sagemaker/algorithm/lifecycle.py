"""An algorithm's validation: train ─▶ (model ─▶ transform)."""

from __future__ import annotations

from salvia.control.reconcile import Outcome
from salvia.control.validation import Stage, Validation
from salvia.control.world import World
from salvia.store.documents import Document

from . import ALGORITHM, profile

RECONCILES = ALGORITHM


def stages(algorithm: Document) -> list[Stage]:
    """What the profile asks for."""
    spec = algorithm.spec
    train = Stage("TrainingJob", lambda name, made: profile.training(spec, name))
    if not profile.of(spec).get("TransformJobDefinition"):
        return [train]
    model = Stage("Model", lambda name, made: profile.model(spec, name, made["TrainingJob"]))
    return [train, model, Stage("TransformJob", lambda name, made: profile.transform(spec, name))]


VALIDATION = Validation(ALGORITHM, stages)


async def reconcile(algorithm: Document, world: World) -> Outcome:
    """One idempotent step towards a verdict, or the end."""
    return await VALIDATION.reconcile(algorithm, world)
