"""The quotas that rooms declare, as Service Quotas shows them.

Source: the Service Quotas API reference, ServiceQuota.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from salvia.control import quotas
from salvia.control.call import Call
from salvia.control.quotas import Quota
from salvia.core.errors import ServiceError

T = TypeVar("T")
NAMES = {"sagemaker": "Amazon SageMaker"}


def of(call: Call, service: str) -> dict[str, Quota]:
    """A service's quotas by code. Raises NoSuchResourceException for a service that has none."""
    found = {quota.code: quota for quota in every(call) if quota.service == service}
    if not found:
        raise missing(f"There is no service '{service}' with quotas. ListServices names those that have.")
    return found


def find(call: Call) -> Quota:
    """The quota that a request names by ServiceCode and QuotaCode. Raises NoSuchResourceException."""
    service, code = call.request["ServiceCode"], call.request["QuotaCode"]
    quota = of(call, service).get(code)
    if quota is None:
        raise missing(f"'{service}' has no quota '{code}'. ListServiceQuotas names its quotas.")
    return quota


def every(call: Call) -> list[Quota]:
    """All that rooms declare."""
    return [quota for declare in call.world.dispatch.hooks["quotas"] for quota in declare()]


def default(call: Call, quota: Quota) -> dict[str, Any]:
    """A quota with AWS's part of the value: what an account has that never asked for more."""
    return _shown(quota, quota.default, f"arn:aws:servicequotas:{call.region}::{quota.service}/{quota.code}")


def applied(call: Call, quota: Quota, raised: dict[str, float]) -> dict[str, Any]:
    """A quota with the value that holds for the caller's account."""
    return _shown(quota, raised.get(quota.code, quota.default), arn(call, quota))


def arn(call: Call, quota: Quota) -> str:
    """The ARN of an account's quota."""
    return f"arn:aws:servicequotas:{call.region}:{call.account}:{quota.service}/{quota.code}"


def raised(call: Call) -> dict[str, float]:
    """The values that the caller's account raised."""
    return quotas.values(call.db.read(), call.account, call.region)


def page(call: Call, entries: Sequence[T], key: Callable[[T], str]) -> tuple[list[T], dict[str, str]]:
    """The entries of one page, ordered by `key`, and NextToken where there are more."""
    token = call.request.get("NextToken")
    ordered = sorted(entries, key=key)
    if token:
        try:
            after = base64.b64decode(token, validate=True).decode()
        except ValueError:
            raise ServiceError("InvalidPaginationTokenException", "Invalid NextToken: pass the last one on.") from None
        ordered = [entry for entry in ordered if key(entry) > after]
    size = call.request.get("MaxResults") or 100
    more = {"NextToken": base64.b64encode(key(ordered[size - 1]).encode()).decode()} if len(ordered) > size else {}
    return ordered[:size], more


def missing(message: str) -> ServiceError:
    """The error for what is not there."""
    return ServiceError("NoSuchResourceException", message)


def _shown(quota: Quota, value: float, arn: str) -> dict[str, Any]:
    return {
        "ServiceCode": quota.service,
        "ServiceName": NAMES[quota.service],
        "QuotaArn": arn,
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }
