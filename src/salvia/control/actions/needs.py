"""What IAM must allow before an operation runs: which actions, on which resources.

`data/SERVICE.json` holds a line for each operation, made by `generate` from AWS's service authorization
reference. Its resource templates are filled from the request:

    training-job/{TrainingJobName}      below arn:aws:SERVICE:REGION:ACCOUNT:
    {logGroupName|logGroupIdentifier}   the first member that the request has
    user/{user:UserName}                the ARN that the situation's `resolve` knows for this user
    {queue:QueueUrl}                    the ARN of a queue's URL
    user{Path=/}{UserName}              with a default

A member that is an ARN already stands for the whole resource; a list makes one resource of each item; a
member that is absent becomes `*`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

from salvia.core.arns import queue_arn
from salvia.core.errors import ServiceError

from .context import RequestContext, Situation, request_tags
from .exceptions import CLOSED, FREE, SPECIAL, tagging

_PLACE = re.compile(r"\{(?:([a-z-]+):)?([@\w|]+)(?:=([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Need:
    """One action that must be allowed on one resource."""

    action: str
    resource: str
    context: RequestContext


@dataclass(frozen=True, slots=True)
class _Place:
    members: tuple[str, ...]
    kind: str
    default: str


_Template = tuple[str | _Place, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    action: str
    templates: tuple[_Template, ...]
    keys: frozenset[str]


@cache
def _arns() -> Mapping[str, str]:
    found: dict[str, str] = json.loads((resources.files(__package__) / "data/arns.json").read_text("utf-8"))
    return found


def arn_format(action: str) -> str:
    """The form of the ARNs that an action is allowed on (`arn:${Partition}:s3:::${BucketName}`), `*` for any."""
    return _arns().get(action.lower(), "*")


def required(service: str, operation: str, request: Mapping[str, Any], situation: Situation) -> list[Need]:
    """What must be allowed, in the order in which AWS would refuse it; empty for what is free to everybody.

    Raises AccessDeniedException for an operation that no table knows: what cannot be named cannot be allowed.
    """
    name = f"{service}:{operation}"
    if name in FREE:
        return []
    special = SPECIAL.get(service, {}).get(operation)
    if special is not None:
        return [_need(action, resource, request, situation) for action, resource in special(request)]
    entry = entries(service).get(operation)
    if entry is None:
        reason = CLOSED.get(name, "Salvia knows no action for it")
        raise ServiceError(
            "AccessDeniedException",
            f"User: {situation.caller.arn} is not authorized to perform: {name}: {reason}.",
            403,
        )
    found = [
        Need(entry.action, resource, RequestContext(situation, entry.action, resource, request, entry.keys))
        for template in entry.templates
        for resource in _fill(template, service, request, situation)
    ]
    tag = tagging(service, operation)
    if tag is not None and request_tags(request):
        extra = {**situation.extra, "sagemaker:taggingaction": operation}
        creating = replace(situation, extra=extra)
        found += [_need(tag, need.resource, request, creating) for need in found[:1]]
    return found


def need(action: str, resource: str, situation: Situation, request: Mapping[str, Any] | None = None) -> Need:
    """An action that no operation of its own stands for, such as iam:PassRole."""
    return _need(action, resource, request or {}, situation)


def _need(action: str, resource: str, request: Mapping[str, Any], situation: Situation) -> Need:
    return Need(action, resource, RequestContext(situation, action, resource, request))


@cache
def entries(service: str) -> Mapping[str, _Entry]:
    """The table of a service, by operation; empty for a service that has none."""
    file = resources.files(__package__) / "data" / f"{service}.json"
    if not file.is_file():
        return {}
    content = json.loads(file.read_text("utf-8"))
    prefix = content["prefix"]
    return {
        operation: _Entry(
            action=f"{prefix}:{entry.get('action', operation)}",
            templates=tuple(tuple(_cut(template, prefix)) for template in entry["resources"]),
            keys=frozenset(key.lower() for key in entry.get("keys", ())),
        )
        for operation, entry in content["operations"].items()
    }


def _cut(template: str, prefix: str) -> Iterator[str | _Place]:
    if not template.startswith(("arn:", "*", "{")):
        template = f"arn:aws:{prefix}:{{@region}}:{{@account}}:{template}"
    position = 0
    for found in _PLACE.finditer(template):
        if found.start() > position:
            yield template[position : found.start()]
        yield _Place(tuple(found[2].split("|")), found[1] or "", found[3] or "")
        position = found.end()
    if position < len(template):
        yield template[position:]


def _fill(template: _Template, service: str, request: Mapping[str, Any], situation: Situation) -> list[str]:
    """The resources that a template makes of a request, one at least."""
    options: list[list[str]] = []
    whole: list[str] = []
    for index, part in enumerate(template):
        if isinstance(part, str):
            options.append([part])
            continue
        values = _values(part, service, request, situation)
        if service != "s3":  # a key may well begin with "arn:"
            for arn in [value for value in values if value.startswith("arn:")]:
                rest = "".join(one for one in template[index + 1 :] if isinstance(one, str))
                if not rest or rest.startswith(":"):
                    whole.append(arn.removesuffix(":*") + _behind(template, index, service, request, situation))
                    if _same_kind(arn, template):
                        values.remove(arn)
            values = [value.rpartition("/")[2] if value.startswith("arn:") else value for value in values]
        options.append(values)
    return whole + ["".join(parts) for parts in product(*options)]


def _behind(template: _Template, index: int, service: str, request: Mapping[str, Any], situation: Situation) -> str:
    behind = template[index + 1 :]
    return _fill(behind, service, request, situation)[0] if behind else ""


def _same_kind(arn: str, template: _Template) -> bool:
    """Whether an ARN is of the template's kind. Where it is not, what it names as a name must be allowed too:
    a handler that looks at the name alone must not be led past a policy by an ARN of another kind.
    """
    literal = "".join(part if isinstance(part, str) else "{}" for part in template)
    kind = re.split("[:/]", literal.split(":", 5)[-1], maxsplit=1)[0]
    return kind.startswith("{}") or re.split("[:/]", arn.split(":", 5)[-1], maxsplit=1)[0] == kind


def _values(place: _Place, service: str, request: Mapping[str, Any], situation: Situation) -> list[str]:
    member = place.members[0]
    if member == "@region":
        return [situation.region]
    if member == "@account":
        return [situation.account]
    for member in place.members:
        value = request.get(member)
        if value:
            names = value if isinstance(value, list) else [value]
            return [_named(place, str(name), service, situation) for name in names]
    if place.kind == "user":  # IAM's operations on users mean the caller's own when they name none
        return [situation.caller.entity]
    return [place.default or "*"]


def _named(place: _Place, name: str, service: str, situation: Situation) -> str:
    if place.kind == "queue":
        return queue_arn(name, situation.region) or name
    if place.kind:
        return situation.resolve(place.kind, situation.account, name) or name
    # SageMaker writes names in ARNs in lower case, whatever the request had.
    return name.lower() if service.startswith(("sagemaker", "salvia")) and not name.startswith("arn:") else name
