"""Resource policies of model package groups: who else may use a group and its versions.

Sources: API_PutModelPackageGroupPolicy and its neighbours; the guide, "Share your models with other accounts".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.control.policy import document
from salvia.control.providers import NamedPolicy
from salvia.control.world import World
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.documents import Document

from . import MODEL_PACKAGE_GROUP

_POLICY = "_ResourcePolicy"  # of a group's status
_RESOURCE = ":model-package"


def provide(world: World) -> None:
    """Let authorisation see the policies of groups: they are for their versions, too."""

    def attached(arn: str) -> NamedPolicy | None:
        place, found, resource = arn.partition(_RESOURCE)
        if not found:
            return None
        name = resource.partition("/")[2].partition("/")[0]
        group = documents.by_arn(world.db.read(), f"{place}{_RESOURCE}-group/{name}")
        text = group.status.get(_POLICY) if group is not None else None
        return NamedPolicy(f"resource policy of the model package group {name}", text) if text else None

    world.providers.resource_policies["sagemaker"] = attached


@operation("PutModelPackageGroupPolicy")
async def put_model_package_group_policy(call: Call) -> dict[str, Any]:
    """Attach a policy to a group, in place of the one it had.

    Raises ValidationException for one that is no policy, or is about something else.
    """
    text = call.request["ResourcePolicy"]

    def edit(group: Document) -> None:
        for problem in _problems(text, group.arn):
            raise validation_error(f"Invalid resource policy: {problem}")
        group.status[_POLICY] = text

    group = await crud.change(call, MODEL_PACKAGE_GROUP, call.request["ModelPackageGroupName"], edit)
    return {"ModelPackageGroupArn": group.arn}


@operation("GetModelPackageGroupPolicy")
async def get_model_package_group_policy(call: Call) -> dict[str, Any]:
    """The policy as it was put. Raises ValidationException for a group without one."""
    group = crud.find(call, MODEL_PACKAGE_GROUP, call.request["ModelPackageGroupName"])
    if _POLICY not in group.status:
        raise validation_error(f"The model package group {group.arn} has no resource policy.")
    return {"ResourcePolicy": group.status[_POLICY]}


@operation("DeleteModelPackageGroupPolicy")
async def delete_model_package_group_policy(call: Call) -> dict[str, Any]:
    """Detach the policy, if there is one."""
    name = call.request["ModelPackageGroupName"]
    await crud.change(call, MODEL_PACKAGE_GROUP, name, lambda group: group.status.pop(_POLICY, None))
    return {}


def _problems(text: str, arn: str) -> Iterator[str]:
    document(text, "resource", code="ValidationException")
    versions = arn.replace(f"{_RESOURCE}-group/", f"{_RESOURCE}/")
    statements = json.loads(text)["Statement"]
    for statement in [statements] if isinstance(statements, dict) else statements:
        if "Principal" not in statement and "NotPrincipal" not in statement:
            yield "a statement has no Principal."
        for action in _texts(statement, "Action", "NotAction"):
            if action != "*" and not action.lower().startswith("sagemaker:"):
                yield f"'{action}' is no action of SageMaker."
        for resource in _texts(statement, "Resource", "NotResource"):
            if resource != arn and not resource.startswith(f"{versions}/"):
                yield f"'{resource}' is neither the group, {arn}, nor its versions, {versions}/*."


def _texts(statement: dict[str, Any], *names: str) -> Iterator[str]:
    for name in names:
        value = statement.get(name, ())
        yield from [value] if isinstance(value, str) else value
