"""Service-linked roles: what a service acts in, made for it once. Source: IAM API reference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.core import ids
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Transaction

from . import attachments
from .entities import ROLE
from .roles import described


class _Linked(NamedTuple):
    name: str
    policy: str


_LINKED: Mapping[str, _Linked] = {
    "sagemaker.application-autoscaling.amazonaws.com": _Linked(
        "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
        "arn:aws:iam::aws:policy/aws-service-role/AWSApplicationAutoscalingSageMakerEndpointPolicy",
    ),
}


@operation("CreateServiceLinkedRole")
async def create_service_linked_role(call: Call) -> dict[str, Any]:
    """Create the role of a service. Raises InvalidInput when it exists, or for a service that has none here."""
    service = call.request["AWSServiceName"]
    linked = _LINKED.get(service)
    if linked is None or call.request.get("CustomSuffix"):
        raise ServiceError(
            "InvalidInput",
            f"Salvia has service-linked roles, without a suffix, of {', '.join(_LINKED)} alone, not of {service}.",
        )
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    request = {
        "RoleName": linked.name,
        "RoleId": ids.unique_id("AROA"),
        "Path": f"/aws-service-role/{service}/",
        "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        "MaxSessionDuration": 3600,
    }
    if call.request.get("Description"):
        request["Description"] = call.request["Description"]
    role = crud.new(call, ROLE, request)
    role.name = linked.name.lower()

    def work(tx: Transaction) -> None:
        if not documents.insert(tx, role):
            raise ServiceError(
                "InvalidInput",
                f"Service role name {linked.name} has been taken in this account, please try a different suffix.",
            )
        attachments.add(tx, role, linked.policy)

    await call.db.write(work)
    return {"Role": described(call, role)}
