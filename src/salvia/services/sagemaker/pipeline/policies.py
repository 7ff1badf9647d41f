"""Retry policies and caching of steps: what a definition may say, and what follows from it.

Sources: the guide, "Retry Policy for Pipeline Steps", "Caching Pipeline Steps".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from .definition import Step

SERVICE_FAULT, THROTTLING = "Step.SERVICE_FAULT", "Step.THROTTLING"
INTERNAL, CAPACITY, LIMIT = "SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"
_SPELT = {"SageMaker.JOB_CAPACITY_ERROR": CAPACITY}  # as the guide spelt it before the SDKs did
_TYPES = frozenset({SERVICE_FAULT, THROTTLING, INTERNAL, CAPACITY, LIMIT})
_BY_DEFAULT = {"ExceptionType": [SERVICE_FAULT, THROTTLING]}
# Member, lowest and highest value.
_NUMBERS = (
    ("IntervalSeconds", 0, 43_200),
    ("BackoffRate", 0, 1_000_000),
    ("MaxAttempts", 0, 20),
    ("ExpireAfterMin", 0, 14_400),
)
_DURATION = re.compile(r"P?(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", re.IGNORECASE)
_SECONDS = (365 * 86_400, 30 * 86_400, 7 * 86_400, 86_400, 3600, 60)


def problems(step: Step) -> Iterator[str]:
    """What is wrong with a step's RetryPolicies and CacheConfig."""
    yield from _retries(step)
    yield from _cache(step)


def _retries(step: Step) -> Iterator[str]:
    listed = step.raw.get("RetryPolicies")
    if not listed:
        return
    if step.type in ("Condition", "Fail") or not step.kind.retries:
        yield f"a {step.type} step cannot have RetryPolicies"
        return
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        yield "its RetryPolicies are a list of JSON objects"
        return
    for policy in listed:
        types = policy.get("ExceptionType")
        known = isinstance(types, list) and types and all(one in [*_TYPES, *_SPELT] for one in types)
        if not known:
            yield f"a retry policy's ExceptionType is a list of {', '.join(sorted(_TYPES))}"
        if "MaxAttempts" in policy and "ExpireAfterMin" in policy:
            yield "a retry policy has MaxAttempts or ExpireAfterMin, not both"
        for member in sorted(set(policy) - {"ExceptionType", *(name for name, _, _ in _NUMBERS)}):
            yield f"a retry policy has no '{member}'"
        for member, low, high in _NUMBERS:
            value = policy.get(member, low)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                yield f"a retry policy's {member} is a number from {low} to {high}"


def _cache(step: Step) -> Iterator[str]:
    config = step.raw.get("CacheConfig")
    if config is None:
        return
    if not isinstance(config, dict) or not isinstance(config.get("Enabled"), bool):
        yield "its CacheConfig has Enabled, true or false, and ExpireAfter"
    elif config["Enabled"] and (step.type in ("Condition", "Fail") or not step.kind.caches):
        yield f"a {step.type} step cannot be cached"
    elif config["Enabled"] and seconds(config.get("ExpireAfter")) is None:
        given = config.get("ExpireAfter")
        yield f"the ExpireAfter of its CacheConfig is a duration of ISO 8601, as P30DT5H, and not {given!r:.80}"


def seconds(duration: Any) -> float | None:
    """The seconds of an ISO 8601 duration; None for what is none. The guide's own lack the P."""
    match = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if match is None or not any(match.groups()):
        return None
    return float(sum(int(count or 0) * unit for count, unit in zip(match.groups(), _SECONDS, strict=True)))


def delay(step: Step, error: str, failures: int, since: float, now: float) -> float | None:
    """How long to wait before a step is tried again after `error`, its type; None: it is not."""
    for policy in [*(step.raw.get("RetryPolicies") or ()), _BY_DEFAULT]:
        if error not in [_SPELT.get(one, one) for one in policy["ExceptionType"]]:
            continue
        if "ExpireAfterMin" in policy:
            over = now - since >= policy["ExpireAfterMin"] * 60
        else:
            over = failures > policy.get("MaxAttempts", 5)
        return None if over else policy.get("IntervalSeconds", 1) * policy.get("BackoffRate", 2.0) ** (failures - 1)
    return None


def of_refusal(code: str, status: int) -> str:
    """The type of what went wrong when a job was asked for; empty for what no policy is for."""
    if code in ("ThrottlingException", "Throttling", "TooManyRequestsException"):
        return THROTTLING
    if code == "ResourceLimitExceeded":
        return LIMIT
    return SERVICE_FAULT if status >= 500 else ""


def of_failure(reason: str) -> str:
    """The type of what a job failed of, by its FailureReason."""
    if reason.startswith("InternalServerError"):
        return INTERNAL
    if reason.startswith("CapacityError") or "InsufficientCapacity" in reason:
        return CAPACITY
    return LIMIT if reason.startswith("ResourceLimitExceeded") else ""


def cache_key(step: Step, request: dict[str, Any]) -> str:
    """What two runs of a step have in common when one may stand for the other; empty where none may."""
    if not (step.raw.get("CacheConfig") or {}).get("Enabled"):
        return ""
    alike = [step.name, step.type, {member: request.get(member) for member in step.kind.caches}]
    return hashlib.sha256(orjson.dumps(alike, option=orjson.OPT_SORT_KEYS)).hexdigest()
