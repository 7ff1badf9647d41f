"""What the service's model says of a noun, so that no declaration repeats it."""

from __future__ import annotations

from functools import cache
from typing import Any

from salvia.core.errors import ServiceError, validation_error
from salvia.protocol import models

from .resource import Resource, by_model


def _shape(resource: Resource, operation: str, side: str) -> Any:
    known = resource.service in models.SERVICES
    model = models.operation(resource.service, operation) if known else None
    return getattr(model, f"{side}_shape", None)


@cache
def members(resource: Resource, verb: str, side: str = "output") -> frozenset[str]:
    """The members of an operation's request (`input`) or answer; none when there is no such operation."""
    shape = _shape(resource, f"{verb}{resource.noun}", side)
    return frozenset(shape.members) if shape is not None else frozenset()


@cache
def entries(resource: Resource) -> tuple[str, tuple[str, ...]]:
    """The member of List's answer that holds its entries, and the members of one."""
    shape = _shape(resource, f"List{resource.plural or resource.noun + 's'}", "output")
    for name, member in shape.members.items() if shape is not None else ():
        if member.type_name == "list":
            return resource.summaries or name, resource.summary or tuple(member.member.members)
    return resource.summaries or f"{resource.noun}Summaries", resource.summary


def _code(resource: Resource, verb: str, *codes: str) -> str:
    """The first of `codes` that the operation knows, else the one that all know."""
    known = resource.service in models.SERVICES
    model = models.operation(resource.service, f"{verb}{resource.noun}") if known else None
    names = {shape.name for shape in model.error_shapes} if model is not None else set()
    return next((code for code in codes if code in names), "ValidationException")


def duplicate(resource: Resource, arn: str) -> ServiceError:
    """What Create answers when the name is taken. Clients look for "already exists"."""
    if resource.duplicate is not by_model:
        return resource.duplicate(arn)
    if resource.called:
        return validation_error(f'Cannot create already existing {resource.called} "{arn}".')
    return ServiceError(
        _code(resource, "Create", "ResourceInUse", "ConflictException"),
        f"{resource.noun} names must be unique within an AWS account and region. "
        f"{resource.noun} with this name already exists: {arn}",
    )


def missing(resource: Resource, name: str, account: str, region: str) -> ServiceError:
    """What is answered when there is none of that name."""
    if resource.missing is not by_model:
        return resource.missing(name)
    if resource.called:
        arn = name if name.startswith("arn:") else resource.arn_of({resource.key: name}, account, region)
        return validation_error(f'Could not find {resource.called} "{arn}".')
    return ServiceError(
        _code(resource, "Describe", "ResourceNotFound"), f"Could not find {resource.noun} '{name}': it does not exist."
    )


def in_use(resource: Resource, arn: str, by: str) -> ServiceError:
    """What Delete answers while something depends on it."""
    return ServiceError(
        _code(resource, "Delete", "ResourceInUse", "ConflictException"),
        f"Cannot delete {arn}: it still has {by}. Remove them first.",
    )
