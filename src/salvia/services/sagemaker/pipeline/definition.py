"""A pipeline's definition: read, checked, and put in order once.

Source: the guide, "Pipelines steps", "Pipelines parameters"; the JSON of `Pipeline.definition()` of the SDKs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import orjson

from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Reader

from . import checks, outputs
from .kinds import KINDS, Kind


@dataclass(slots=True)
class Step:
    """A step. It needs others to have succeeded; one in a `branch` also needs a condition to come out so."""

    name: str
    type: str
    raw: dict[str, Any]
    branch: tuple[str, bool] | None = None
    needs: frozenset[str] = frozenset()

    @property
    def kind(self) -> Kind:
        """What it makes, unless it is decided by the execution itself."""
        return KINDS[self.type]

    @property
    def arguments(self) -> dict[str, Any]:
        """Its Arguments."""
        arguments: dict[str, Any] = self.raw["Arguments"]
        return arguments


@dataclass(slots=True)
class Definition:
    """Steps by name, in an order in which each comes after all that it needs."""

    parameters: dict[str, dict[str, Any]]
    steps: dict[str, Step]
    experiment: dict[str, Any]
    dependents: dict[str, list[str]] = field(default_factory=dict)

    def beyond(self, names: set[str], *, before: bool) -> set[str]:
        """All that those steps need, or all that need them, however indirectly."""
        found: set[str] = set()
        left = list(names)
        while left:
            name = left.pop()
            near = self.steps[name].needs if before else self.dependents.get(name, ())
            fresh = [other for other in near if other not in found]
            found.update(fresh)
            left.extend(fresh)
        return found


_KEPT: dict[str, Definition] = {}
_MOST_KEPT = 64


def check(text: str | bytes, most: int) -> Definition:
    """The definition that a request brings. Raises ValidationException, with all that is wrong with it."""
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _refused([f"it is not JSON: {error}"]) from None
    found = list(checks.outline(raw))
    if found:
        raise _refused(found)
    steps, wrong = _steps(raw["Steps"])
    if not wrong and len(steps) > most:
        raise ServiceError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{checks.MOST_STEPS}' is {most} Steps, and the definition has "
            f"{len(steps)}. Use AWS Service Quotas to request an increase.",
        )
    wrong = wrong or list(checks.contents(raw, steps))
    if wrong:
        raise _refused(wrong)
    return _ordered(raw, steps)


def of(db: Reader, version: str) -> Definition:
    """That of a stored version, a document's id: it was checked when it came, and never changes."""
    found = _KEPT.pop(version, None)
    if found is None:
        document = documents.by_id(db, version)
        assert document is not None, version  # it goes with its pipeline, as executions do
        raw = orjson.loads(document.spec["PipelineDefinition"])
        found = _ordered(raw, _steps(raw["Steps"])[0])
    _KEPT[version] = found  # what was used last goes last
    if len(_KEPT) > _MOST_KEPT:
        _KEPT.pop(next(iter(_KEPT)))
    return found


def _steps(raw: list[dict[str, Any]]) -> tuple[dict[str, Step], list[str]]:
    """All steps by name, those of branches, too; and what keeps one from finding them."""
    steps: dict[str, Step] = {}
    wrong: list[str] = []
    left: deque[tuple[Any, tuple[str, bool] | None]] = deque((one, None) for one in raw)
    while left:
        one, branch = left.popleft()
        problems = list(checks.step(one))
        wrong += problems
        if problems:
            continue
        name = one["Name"]
        if name in steps:
            wrong.append(f"step names must be unique, and two steps are called '{name}'")
        steps[name] = Step(name, one["Type"], one, branch)
        if one["Type"] == "Condition":
            for member, outcome in (("IfSteps", True), ("ElseSteps", False)):
                left.extend((inner, (name, outcome)) for inner in one["Arguments"].get(member) or ())
    return steps, wrong


def _ordered(raw: dict[str, Any], steps: dict[str, Step]) -> Definition:
    dependents: dict[str, list[str]] = {}
    missing: dict[str, int] = {}
    for step in steps.values():
        step.needs = frozenset(checks.needs(step.raw)) | ({step.branch[0]} if step.branch else set())
        missing[step.name] = len(step.needs)
        for other in step.needs:
            dependents.setdefault(other, []).append(step.name)
    ordered: dict[str, Step] = {}
    ready = deque(name for name, count in missing.items() if not count)
    while ready:
        name = ready.popleft()
        ordered[name] = steps[name]
        for other in dependents.get(name, ()):
            missing[other] -= 1
            if not missing[other]:
                ready.append(other)
    if len(ordered) < len(steps):
        circle = ", ".join(f"'{name}'" for name in steps if name not in ordered)
        raise _refused([f"there is a cyclic dependency among steps: {circle:.500}"])
    parameters = {one["Name"]: one for one in raw.get("Parameters") or ()}
    return Definition(parameters, ordered, raw.get("PipelineExperimentConfig") or {}, dependents)


def _refused(problems: list[str]) -> ServiceError:
    shown = [f"{problem[:1].upper()}{problem[1:]}." for problem in problems[:5]]
    more = f" And {len(problems) - 5} more." if len(problems) > 5 else ""
    return validation_error(f"Unable to parse pipeline definition. {' '.join(shown)}{more}")


def value_of(parameter: dict[str, Any], text: str) -> Any:
    """A parameter's value, of its type. Raises ValidationException."""
    try:
        value = outputs.CASTS[parameter["Type"]](text)
    except ValueError:
        raise validation_error(
            f"Parameter '{parameter['Name']}' is of type {parameter['Type']}, and '{text}' is none."
        ) from None
    if parameter.get("EnumValues") and value not in parameter["EnumValues"]:
        allowed = ", ".join(map(str, parameter["EnumValues"]))
        raise validation_error(f"Parameter '{parameter['Name']}' must be one of {allowed}, and is '{text}'.")
    return value


def values(definition: Definition, given: list[dict[str, str]]) -> dict[str, Any]:
    """Every parameter's value in an execution. Raises ValidationException for one unknown, repeated or missing."""
    found = {name: one["DefaultValue"] for name, one in definition.parameters.items() if "DefaultValue" in one}
    names = [one["Name"] for one in given]
    unknown = sorted(set(names) - set(definition.parameters))
    if unknown:
        raise validation_error(f"Unknown parameter: {', '.join(unknown)}. The pipeline does not define it.")
    if len(set(names)) < len(names):
        raise validation_error("PipelineParameters: each Name must be unique.")
    for one in given:
        found[one["Name"]] = value_of(definition.parameters[one["Name"]], one["Value"])
    missing = sorted(set(definition.parameters) - set(found))
    if missing:
        raise validation_error(f"Parameter {', '.join(missing)} has no default value, and none is given.")
    return {name: found[name] for name in definition.parameters}
