"""The scalable target: a dimension of a resource, and between which bounds it may move."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from salvia.control.call import Call
from salvia.control.resource import Resource
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Reader
from salvia.store.documents import Document

NAMESPACE = "sagemaker"
INSTANCES = "sagemaker:variant:DesiredInstanceCount"
CONCURRENCY = "sagemaker:variant:DesiredProvisionedConcurrency"
_RESOURCE = re.compile(r"endpoint/([A-Za-z0-9](?:-*[A-Za-z0-9])*)/variant/([A-Za-z0-9](?:-*[A-Za-z0-9])*)")


def missing(request: Mapping[str, Any], what: str = "scalable target registered") -> ServiceError:
    """What is said of a target, a policy or an action that is not there."""
    return ServiceError(
        "ObjectNotFoundException",
        f"No {what} for service namespace: {request['ServiceNamespace']}, resource ID: {request['ResourceId']}, "
        f"scalable dimension: {request['ScalableDimension']}",
    )


TARGET = Resource(
    noun="ScalableTarget",
    service="application-autoscaling",
    key="Name",
    arn="scalable-target/{Id}",
    operations=frozenset(),
)
POLICY = Resource(noun="ScalingPolicy", service="application-autoscaling", key="Name", arn="", operations=frozenset())
ACTION = Resource(noun="ScheduledAction", service="application-autoscaling", key="Name", arn="", operations=frozenset())

# Of a target's status.
TRIGGERS, BOUNDS, ACTIVITY = "Triggers", "Bounds", "Activity"


def check_namespace(request: Mapping[str, Any]) -> None:
    """Refuse what is not SageMaker's."""
    if request["ServiceNamespace"] != NAMESPACE:
        raise validation_error(
            f"Salvia scales resources of SageMaker: ServiceNamespace {NAMESPACE}, not {request['ServiceNamespace']}."
        )


def check(request: Mapping[str, Any]) -> None:
    """Refuse what cannot be scaled."""
    check_namespace(request)
    dimension, resource = request["ScalableDimension"], request["ResourceId"]
    if dimension == "sagemaker:inference-component:DesiredCopyCount":
        raise validation_error(f"Salvia has no inference components yet, which {dimension} is about.")
    if dimension not in (INSTANCES, CONCURRENCY) or not _RESOURCE.fullmatch(resource):
        raise validation_error(
            f"Unsupported service namespace, resource type or scalable dimension: {NAMESPACE}, {resource}, "
            f"{dimension}. A variant's resource ID reads endpoint/ENDPOINT/variant/VARIANT."
        )


def variant_of(resource: str) -> tuple[str, str]:
    """The names of endpoint and variant in a resource ID."""
    found = _RESOURCE.fullmatch(resource)
    assert found is not None
    return found[1], found[2]


def name_of(request: Mapping[str, Any], *more: str) -> str:
    """A document's name; what belongs to a resource begins with it."""
    return "|".join([request["ResourceId"], request["ScalableDimension"], *more])


def find(call: Call, request: Mapping[str, Any], reader: Reader) -> Document:
    """The target of a request. Raises ObjectNotFoundException."""
    target = documents.find(reader, TARGET.kind, call.account, call.region, name_of(request))
    if target is None:
        raise missing(request)
    return target
