"""RegisterScalableTarget, DescribeScalableTargets, DeregisterScalableTarget."""

from __future__ import annotations

import uuid
from typing import Any

from salvia.control import crud, errand
from salvia.control.call import Call, operation
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import pages, tracking, variants
from .targets import ACTION, BOUNDS, CONCURRENCY, POLICY, TARGET, check, find, name_of

_SUSPENDED = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")


@operation("RegisterScalableTarget")
async def register_scalable_target(call: Call) -> dict[str, Any]:
    """Let a variant be scaled between bounds, or change what was registered; what is left out stays.

    The service acts in its service-linked role, which the first registration creates as the caller; RoleARN, which
    other services need, counts for nothing, as in AWS. Source: RegisterScalableTarget.
    """
    request = call.request
    check(request)
    name = name_of(request)
    known = documents.find(call.db.read(), TARGET.kind, call.account, call.region, name)
    await _role(call)
    given: dict[str, Any] = {member: request[member] for member in ("MinCapacity", "MaxCapacity") if member in request}
    before: dict[str, Any] = {} if known is None else known.spec
    await _check_bounds(call, before | given)
    now = crud.moment(call)
    new = _new(call, name, now)

    def work(tx: Transaction) -> Document:
        target = documents.find(tx, TARGET.kind, call.account, call.region, name)
        made = target is None
        target = target or new
        target.spec |= given
        if "MinCapacity" not in target.spec or "MaxCapacity" not in target.spec:  # deregistered meanwhile
            raise validation_error("A new scalable target needs both MinCapacity and MaxCapacity.")
        target.spec["SuspendedState"] |= request.get("SuspendedState", {})
        target.tags |= request.get("Tags", {}) if made else {}
        target.status[BOUNDS] = True
        target.due_at, target.modified_at = call.clock.wall(), now
        if made:
            documents.insert(tx, target)
        else:
            documents.update(tx, target)
        return target

    target = await call.world.write(work)
    return {"ScalableTargetARN": target.arn}


async def _role(call: Call) -> None:
    """The service-linked role, made by whoever registers the first target: that needs iam:CreateServiceLinkedRole."""
    if call.world.providers.trust(variants.role_arn(call.account)) is None:
        request = {"AWSServiceName": variants.LINKED}
        by = variants.SERVICE
        await errand.run(call.world, call.caller, by, call.region, "iam", "CreateServiceLinkedRole", request)


async def _check_bounds(call: Call, bounds: dict[str, Any]) -> None:
    low, high = bounds.get("MinCapacity"), bounds.get("MaxCapacity")
    if low is None or high is None:
        raise validation_error("A new scalable target needs both MinCapacity and MaxCapacity.")
    if low < 0 or high < 0:
        raise validation_error("MinCapacity and MaxCapacity must not be negative.")
    if high < low:
        raise validation_error("Maximum capacity cannot be less than minimum capacity.")
    resource, dimension = call.request["ResourceId"], call.request["ScalableDimension"]
    variant = await variants.look(call.world, call.account, call.region, resource, dimension)
    if low == 0 and (dimension == CONCURRENCY or not variant.asynchronous):
        raise validation_error(
            "MinCapacity must be at least 1: variants of asynchronous endpoints alone can be scaled to 0 instances."
        )


def _new(call: Call, name: str, now: float) -> Document:
    request = call.request
    spec = {member: request[member] for member in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
    spec["RoleARN"] = variants.role_arn(call.account)
    spec["SuspendedState"] = dict.fromkeys(_SUSPENDED, False)
    arn = TARGET.arn_of({"Id": uuid.uuid4().hex}, call.account, call.region)
    return Document(TARGET.kind, call.account, call.region, name, arn, spec=spec, created_at=now, modified_at=now)


@operation("DescribeScalableTargets")
async def describe_scalable_targets(call: Call) -> dict[str, Any]:
    """A page of targets. Source: DescribeScalableTargets."""
    found, more = await pages.page(call, TARGET, call.request.get("ResourceIds", ()))
    shown = [{**target.spec, "CreationTime": target.created_at, "ScalableTargetARN": target.arn} for target in found]
    return {"ScalableTargets": shown, **more}


@operation("DeregisterScalableTarget")
async def deregister_scalable_target(call: Call) -> dict[str, Any]:
    """Scale no more: policies, their alarms and scheduled actions go with the target; the variant stays as it is.

    Raises ObjectNotFoundException. Source: DeregisterScalableTarget.
    """
    check(call.request)
    target = find(call, call.request, call.db.read())
    for policy in documents.owned(call.db.read(), target.id, POLICY.kind):
        await tracking.delete(call.world, policy)

    def work(tx: Transaction) -> None:
        target = find(call, call.request, tx)
        for resource in (POLICY, ACTION):
            for one in documents.owned(tx, target.id, resource.kind):
                documents.delete(tx, one.id)
        documents.delete(tx, target.id)

    await call.db.write(work)
    return {}
