"""Which quotas there are, and what they are."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation

from . import catalogue


@operation("ListServices")
async def list_services(call: Call) -> dict[str, Any]:
    """The services that have quotas. Source: API_ListServices."""
    codes, more = catalogue.page(call, sorted({quota.service for quota in catalogue.every(call)}), str)
    return {"Services": [{"ServiceCode": code, "ServiceName": catalogue.NAMES[code]} for code in codes], **more}


@operation("ListServiceQuotas")
async def list_service_quotas(call: Call) -> dict[str, Any]:
    """A service's quotas as they hold for the account. Source: API_ListServiceQuotas."""
    found = list(catalogue.of(call, call.request["ServiceCode"]).values())
    if call.request.get("QuotaCode"):
        found = [catalogue.find(call)]
    if call.request.get("QuotaAppliedAtLevel", "ACCOUNT") == "RESOURCE":
        found = []
    shown, more = catalogue.page(call, found, lambda quota: quota.code)
    raised = catalogue.raised(call)
    return {"Quotas": [catalogue.applied(call, quota, raised) for quota in shown], **more}


@operation("GetServiceQuota")
async def get_service_quota(call: Call) -> dict[str, Any]:
    """One quota as it holds for the account. Source: API_GetServiceQuota."""
    return {"Quota": catalogue.applied(call, catalogue.find(call), catalogue.raised(call))}


@operation("ListAWSDefaultServiceQuotas")
async def list_aws_default_service_quotas(call: Call) -> dict[str, Any]:
    """A service's quotas before anybody asked for more. Source: API_ListAWSDefaultServiceQuotas."""
    found = list(catalogue.of(call, call.request["ServiceCode"]).values())
    shown, more = catalogue.page(call, found, lambda quota: quota.code)
    return {"Quotas": [catalogue.default(call, quota) for quota in shown], **more}


@operation("GetAWSDefaultServiceQuota")
async def get_aws_default_service_quota(call: Call) -> dict[str, Any]:
    """One quota before anybody asked for more. Source: API_GetAWSDefaultServiceQuota."""
    return {"Quota": catalogue.default(call, catalogue.find(call))}
