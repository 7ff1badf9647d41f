"""Expressions of definitions: where one may stand, what it refers to, and what it is worth.

    {"Get": "Parameters.N"} {"Get": "Execution.V"} {"Get": "Steps.S.Property[0]['key']"}
    {"Std:Join": {"On", "Values"}}   {"Std:JsonGet": {"PropertyFile" | "S3Uri", "Path"}}

Sources: the guide, "Pipelines properties", "Schema examples"; the JSON that the SDKs write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol

import orjson

GET, JOIN, JSON_GET = "Get", "Std:Join", "Std:JsonGet"
VARIABLES = frozenset(
    {
        "StartDateTime",
        "CurrentDateTime",
        "PipelineName",
        "PipelineArn",
        "PipelineExecutionId",
        "PipelineExecutionArn",
        "TrainingJobName",
        "ProcessingJobName",
    }
)
_TOKEN = re.compile(r"""\.?([A-Za-z0-9_\-]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]|\.?\['([^']*)'\]""")


class Scope(Protocol):
    """What expressions can reach."""

    parameters: dict[str, Any]
    variables: dict[str, Any]

    async def properties(self, step: str) -> Any:
        """What the job of a step shows."""

    async def property_file(self, step: str, name: str) -> bytes:
        """A property file of a step."""

    async def read(self, uri: str) -> bytes:
        """An object of S3."""


def is_one(value: Any) -> bool:
    """Whether a value is an expression."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in (GET, JOIN, JSON_GET)


def within(value: Any) -> Iterator[dict[str, Any]]:
    """Every expression in a value, and those that it is made of."""
    if isinstance(value, dict):
        if is_one(value):
            yield value
        for member in value.values():
            yield from within(member)
    elif isinstance(value, list):
        for member in value:
            yield from within(member)


def path(text: str) -> list[str | int]:
    """The steps of a path. Raises ValueError for what is none."""
    found: list[str | int] = []
    at = 1 if text.startswith("$") else 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or (text[at] != "." and match.group(1) is not None and at > 1 and found):
            raise ValueError(f"'{text}' is no path: it ends before '{text[at:]}'")
        groups = match.groups()
        found.append(int(groups[1]) if groups[1] is not None else next(part for part in groups if part is not None))
        at = match.end()
    if not found:
        raise ValueError("a path is empty")
    return found


def follow(value: Any, steps: list[str | int], whole: str) -> Any:
    """What a path leads to. Raises ValueError, and says where it ends."""
    for step in steps:
        if isinstance(step, int) and isinstance(value, list) and step < len(value):
            value = value[step]
        elif isinstance(value, dict) and str(step) in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, str):
            value = _named(value, step, whole)
        else:
            raise ValueError(f"'{whole}' leads nowhere: there is no {step!r}")
    return value


def _named(entries: list[Any], name: str, whole: str) -> Any:
    """The entry of a list that has a name, as properties of lists are written: Outputs['train']."""
    for entry in entries:
        for member, value in entry.items() if isinstance(entry, dict) else ():
            if member.endswith("Name") and value == name:
                return entry
    raise ValueError(f"'{whole}' leads nowhere: nothing is named {name!r}")


async def resolve(value: Any, scope: Scope) -> Any:
    """A value, with what its expressions are worth. Raises ValueError when one has no value."""
    if isinstance(value, list):
        return [await resolve(member, scope) for member in value]
    if not isinstance(value, dict):
        return value
    if not is_one(value):
        return {member: await resolve(inner, scope) for member, inner in value.items() if inner is not None}
    ((operator, operand),) = value.items()
    if operator == GET:
        return await _get(operand, scope)
    if operator == JOIN:
        values = [await resolve(member, scope) for member in operand["Values"]]
        return str(operand.get("On", "")).join(text(member) for member in values)
    return await _json_get(operand, scope)


async def _get(reference: str, scope: Scope) -> Any:
    root, _, rest = reference.partition(".")
    if root == "Parameters":
        return scope.parameters[rest]
    if root == "Execution":
        if rest not in scope.variables:
            raise ValueError(f"'{reference}' has no value in this step")
        return scope.variables[rest]
    step, steps = step_of(reference)
    return follow(await scope.properties(step), steps, reference)


def step_of(reference: str) -> tuple[str, list[str | int]]:
    """The step that a reference names, and the path in what it shows. Raises ValueError."""
    _, *rest = path(reference)
    if not rest:
        raise ValueError(f"'{reference}' is unknown: it names no step")
    return str(rest[0]), rest[1:]


async def _json_get(operand: dict[str, Any], scope: Scope) -> Any:
    if "PropertyFile" in operand:
        step, rest = step_of(operand["PropertyFile"]["Get"])
        where, body = f"property file '{rest[1]}' of step '{step}'", await scope.property_file(step, str(rest[1]))
    else:
        uri = await resolve(operand["S3Uri"], scope)
        where, body = str(uri), await scope.read(str(uri))
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{where} is not JSON: {error}") from None
    return follow(content, path(operand["Path"]), operand["Path"])


def text(value: Any) -> str:
    """A value as it stands in a string."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
