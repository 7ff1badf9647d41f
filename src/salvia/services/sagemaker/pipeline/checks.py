"""What is wrong with a definition, in sentences without an end. Sources: see `definition`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from . import conditions, outputs, policies, shapes
from .expressions import GET, JOIN, JSON_GET, VARIABLES, path, step_of, within
from .kinds import CALLBACK, CONTROL, KINDS, LATER

if TYPE_CHECKING:
    from .definition import Step

Raw = dict[str, Any]
MOST_STEPS = "Maximum number of steps allowed in a pipeline"
_VERSION = "2020-12-01"
_MOST_PARAMETERS = 200
_DEEPEST = 100
_NAME = re.compile(r"[A-Za-z0-9\-_]{1,64}")
_PARAMETER = re.compile(r"[A-Za-z0-9\-_]{1,256}")
_MEMBERS = frozenset({"Version", "Metadata", "Parameters", "PipelineExperimentConfig", "MlflowConfig", "Steps"})
_STEP = frozenset(
    {
        "Name",
        "Type",
        "Arguments",
        "DependsOn",
        "DisplayName",
        "Description",
        "CacheConfig",
        "PropertyFiles",
        "RetryPolicies",
    }
)
_TYPES: dict[str, tuple[type, ...]] = {"String": (str,), "Boolean": (bool,), "Integer": (int,), "Float": (int, float)}


def outline(raw: Any) -> Iterator[str]:
    """The definition as a whole, without its steps."""
    if not isinstance(raw, dict):
        yield "it must be a JSON object"
        return
    if raw.get("Version") != _VERSION:
        yield f"Version must be {_VERSION}"
    for member in sorted(set(raw) - _MEMBERS):
        yield f"it has '{member}', which a definition has not"
    if not isinstance(raw.get("Metadata") or {}, dict):
        yield "Metadata must be a JSON object"
    if raw.get("MlflowConfig") is not None:  # version 3 of the SDK writes null
        yield "it has an MlflowConfig: Salvia has no MLflow yet. Leave it out"
    steps = raw.get("Steps")
    if not isinstance(steps, list) or not steps:
        yield "Steps must be a list with one step at least"
    yield from _parameters(raw.get("Parameters") or [])
    yield from _experiment(raw.get("PipelineExperimentConfig") or {})


def _experiment(config: Any) -> Iterator[str]:
    if not isinstance(config, dict) or set(config) - {"ExperimentName", "TrialName"} or _deep(config):
        yield "PipelineExperimentConfig has an ExperimentName and a TrialName, and nothing else"


def _parameters(parameters: Any) -> Iterator[str]:
    if not isinstance(parameters, list) or not all(isinstance(one, dict) for one in parameters):
        yield "Parameters must be a list of JSON objects"
        return
    if len(parameters) > _MOST_PARAMETERS:
        yield f"a pipeline has at most {_MOST_PARAMETERS} parameters, not {len(parameters)}"
    names: set[str] = set()
    for one in parameters:
        name = one.get("Name")
        if not isinstance(name, str) or not _PARAMETER.fullmatch(name):
            yield f"a parameter's Name is of letters, digits, - and _, 256 at most, and not {name!r:.80}"
            continue
        if name in names:
            yield f"parameter names must be unique, and two parameters are called '{name}'"
        names.add(name)
        yield from (f"parameter '{name}': {problem}" for problem in _parameter(one))


def _parameter(one: Raw) -> Iterator[str]:
    for member in sorted(set(one) - {"Name", "Type", "DefaultValue", "EnumValues"}):
        yield f"it has '{member}', which a parameter has not"
    kind = one.get("Type")
    if not isinstance(kind, str) or kind not in _TYPES:
        yield f"its Type is one of {', '.join(_TYPES)}, and not {kind!r:.80}"
        return
    enum = one.get("EnumValues")
    if enum is not None and (not isinstance(enum, list) or not enum or not all(_typed(kind, value) for value in enum)):
        yield f"its EnumValues are a list of values of type {kind}"
    elif "DefaultValue" in one and enum and one["DefaultValue"] not in enum:
        yield f"its DefaultValue {one['DefaultValue']!r:.80} is none of its EnumValues"
    if "DefaultValue" in one and not _typed(kind, one["DefaultValue"]):
        yield f"its DefaultValue {one['DefaultValue']!r:.80} is not of type {kind}"


def _typed(kind: str, value: Any) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "Boolean" or not isinstance(value, bool))


def step(raw: Any) -> Iterator[str]:
    """One step as far as it must be right for its branches to be found."""
    if not isinstance(raw, dict):
        yield "each step must be a JSON object"
        return
    name, kind = raw.get("Name"), raw.get("Type")
    kind = kind if isinstance(kind, str) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield f"a step's Name is of letters, digits, - and _, 64 at most, and not {name!r:.80}"
        return
    if kind in LATER:
        yield (
            f"step '{name}' is of type {kind}: Salvia has no {LATER[kind]} yet, and cannot run such steps. Leave it out"
        )
    elif kind not in KINDS and kind not in CONTROL:
        yield f"step '{name}': there is no type {kind!r:.80}; there are {', '.join([*KINDS, *sorted(CONTROL)])}"
    elif not isinstance(raw.get("Arguments"), dict):
        yield f"step '{name}' needs Arguments, a JSON object"
    elif kind == "Condition":
        for member in ("IfSteps", "ElseSteps"):
            if not isinstance(raw["Arguments"].get(member) or [], list):
                yield f"step '{name}': {member} must be a list of steps"


def contents(raw: Raw, steps: Mapping[str, Step]) -> Iterator[str]:
    """Each step, by itself and together with the others."""
    parameters = {one["Name"] for one in raw.get("Parameters") or ()}
    for one in steps.values():
        yield from (f"step '{one.name}': {problem}" for problem in _whole(one, steps, parameters))
    for expression in within(raw.get("PipelineExperimentConfig") or {}):
        yield from (f"PipelineExperimentConfig: {problem}" for problem in _expression(expression, {}, parameters))


def _deep(value: Any) -> bool:
    """Whether a value is nested deeper than anybody means, or than it can be looked through."""
    left = [(value, 0)]
    while left:
        inner, depth = left.pop()
        if depth > _DEEPEST:
            return True
        members = inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else ()
        left.extend((member, depth + 1) for member in members)
    return False


def _whole(one: Step, steps: Mapping[str, Step], parameters: set[str]) -> Iterator[str]:
    raw = one.raw
    if _deep(_own(raw)):
        yield f"its Arguments are nested deeper than {_DEEPEST} levels"
        return
    for member in sorted(set(raw) - _STEP - (outputs.MEMBERS if one.type == CALLBACK else set())):
        yield f"it has '{member}', which a step has not"
    for member, most in (("DisplayName", 256), ("Description", 3072)):
        value = raw.get(member)
        if value is not None and (not isinstance(value, str) or len(value) > most):
            yield f"its {member} is a string of at most {most} characters"
    wrong = list(_depends(one, steps)) + list(_property_files(one))
    for expression in within(_own(raw)):
        wrong += _expression(expression, steps, parameters)
    if wrong:
        yield from wrong
        return
    if one.type == "Condition":
        yield from _condition(raw["Arguments"])
    elif one.type == "Fail":
        if set(raw["Arguments"]) != {"ErrorMessage"}:
            yield "the Arguments of a Fail step are an ErrorMessage"
    elif one.type == CALLBACK:
        yield from outputs.problems(raw)
    else:
        kind = one.kind
        yield from shapes.problems(kind.create, raw["Arguments"], kind.key)
    yield from policies.problems(one)


def _condition(arguments: Raw) -> Iterator[str]:
    for member in sorted(set(arguments) - {"Conditions", "IfSteps", "ElseSteps"}):
        yield f"its Arguments have '{member}', which a Condition step has not"
    listed = arguments.get("Conditions")
    if not isinstance(listed, list) or not listed:
        yield "its Conditions are a list with one condition at least"
        return
    for condition in listed:
        yield from conditions.problems(condition)


def _depends(one: Step, steps: Mapping[str, Step]) -> Iterator[str]:
    depends = one.raw.get("DependsOn")
    if depends is None:
        return
    if not isinstance(depends, list) or not all(isinstance(name, str) for name in depends):
        yield "its DependsOn is a list of names of steps"
        return
    for name in depends:
        if name not in steps:
            yield f"it depends on '{name}', and there is no such step"
        elif name == one.name:
            yield "it depends on itself: there is a cyclic dependency"


def _property_files(one: Step) -> Iterator[str]:
    files = one.raw.get("PropertyFiles")
    if files is None:
        return
    if one.type != "Processing":
        yield "only Processing steps have PropertyFiles"
        return
    wanted = {"PropertyFileName", "OutputName", "FilePath"}
    if not isinstance(files, list) or any(
        not isinstance(file, dict) or set(file) != wanted or not all(isinstance(value, str) for value in file.values())
        for file in files
    ):
        yield "its PropertyFiles are a list of PropertyFileName, OutputName and FilePath, each a string"
        return
    names = [file["PropertyFileName"] for file in files]
    if len(set(names)) < len(names):
        yield "each PropertyFileName must be unique"
    config = one.arguments.get("ProcessingOutputConfig")
    outputs = (config.get("Outputs") if isinstance(config, dict) else None) or []
    produced = [output.get("OutputName") for output in outputs if isinstance(output, dict)]
    for file in files:
        if file["OutputName"] not in produced:
            yield f"its property file '{file['PropertyFileName']}' is in no output of it: '{file['OutputName']}'"


def _own(raw: Raw) -> Any:
    """What a step says of itself, without the steps of its branches."""
    arguments = raw["Arguments"]
    if raw["Type"] == "Condition":
        return arguments.get("Conditions")
    return [arguments, raw.get("SqsQueueUrl")] if raw["Type"] == CALLBACK else arguments


def needs(raw: Raw) -> set[str]:
    """The steps that a step names."""
    found = set(raw.get("DependsOn") or ())
    for expression in within(_own(raw)):
        reference = expression.get(GET)
        if isinstance(reference, str) and reference.startswith("Steps."):
            found.add(step_of(reference)[0])
    return found


def _expression(expression: Raw, steps: Mapping[str, Step], parameters: set[str]) -> Iterator[str]:
    ((operator, operand),) = expression.items()
    if operator == GET:
        yield from _reference(operand, steps, parameters)
    elif not isinstance(operand, dict):
        yield f"{operator} needs a JSON object"
    elif operator == JOIN:
        if not isinstance(operand.get("Values"), list) or set(operand) - {"On", "Values"}:
            yield f"{JOIN} has On, a string, and Values, a list"
        elif not isinstance(operand.get("On", ""), str):
            yield f"the On of {JOIN} is a string"
    else:
        yield from _json_get(operand)


def _json_get(operand: Raw) -> Iterator[str]:
    source = operand.get("PropertyFile")
    if set(operand) not in ({"PropertyFile", "Path"}, {"S3Uri", "Path"}):
        yield f"{JSON_GET} has a Path, and either a PropertyFile or an S3Uri"
        return
    if source is not None and not (isinstance(source, dict) and ".PropertyFiles." in str(source.get(GET))):
        yield f"the PropertyFile of {JSON_GET} reads {{'Get': 'Steps.STEP.PropertyFiles.NAME'}}"
    try:
        path(operand["Path"] if isinstance(operand["Path"], str) else "")
    except ValueError as error:
        yield f"the Path of {JSON_GET}: {error}"


def _reference(reference: Any, steps: Mapping[str, Step], parameters: set[str]) -> Iterator[str]:
    if not isinstance(reference, str):
        yield f"{GET} needs a string, and has {reference!r:.80}"
        return
    root, _, rest = reference.partition(".")
    if root == "Parameters":
        if rest not in parameters:
            yield f"'{reference}' is unknown: the pipeline has no parameter '{rest}'"
    elif root == "Execution":
        if rest not in VARIABLES:
            yield f"'{reference}' is unknown; there are {', '.join(sorted(f'Execution.{name}' for name in VARIABLES))}"
    elif root == "Steps":
        yield from _property(reference, steps)
    else:
        yield f"'{reference:.200}' is unknown: it begins with Parameters, Execution or Steps"


def _property(reference: str, steps: Mapping[str, Step]) -> Iterator[str]:
    try:
        name, rest = step_of(reference)
    except ValueError as error:
        yield str(error)
        return
    step_ = steps.get(name)
    if step_ is None:
        yield f"'{reference}' is unknown: there is no step '{name}'"
    elif step_.type == "Fail" or (step_.type == "Condition" and rest != ["Outcome"]):
        yield f"'{reference}' is unknown: a {step_.type} step has no such property"
    elif step_.type == "Condition":
        return
    elif step_.type == CALLBACK:
        names = [one.get("OutputName") for one in step_.raw.get("OutputParameters") or () if isinstance(one, dict)]
        if len(rest) != 2 or rest[0] != "OutputParameters" or rest[1] not in names:
            yield f"'{reference}' is unknown: step '{name}' has no such output among its OutputParameters"
    elif rest and rest[0] == "PropertyFiles":
        files = step_.raw.get("PropertyFiles") or ()
        if len(rest) != 2 or rest[1] not in [file.get("PropertyFileName") for file in files if isinstance(file, dict)]:
            yield f"'{reference}' is unknown: step '{name}' has no such property file"
    elif not rest or not shapes.leads(step_.kind.properties, rest):
        yield f"'{reference}' is unknown: Describe{step_.kind.noun} shows no such property"
