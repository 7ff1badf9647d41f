"""Asking for more: granted at once, since nobody else is waiting for this machine's owner to decide."""

from __future__ import annotations

import uuid
from typing import Any

from salvia.control import quotas
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store.db import Row, Transaction

from . import catalogue

_GRANTED = "APPROVED"
_INSERT = """
INSERT INTO quota_requests (id, account, region, service, code, desired, requester, created_at)
VALUES (:id, :account, :region, :service, :code, :desired, :requester, :created_at)"""


@operation("RequestServiceQuotaIncrease")
async def request_service_quota_increase(call: Call) -> dict[str, Any]:
    """Raise a quota of the caller's account and region.

    Raises IllegalArgumentException unless it is more than what there is. Source: API_RequestServiceQuotaIncrease.
    """
    quota, desired = catalogue.find(call), call.request["DesiredValue"]
    if call.request.get("ContextId"):
        raise ServiceError("IllegalArgumentException", "ContextId: no quota here is of a resource's level.")
    asked = {
        "id": uuid.uuid4().hex,
        "account": call.account,
        "region": call.region,
        "service": quota.service,
        "code": quota.code,
        "desired": desired,
        "requester": call.caller.arn,
        "created_at": call.clock.now(),
    }

    def grant(tx: Transaction) -> None:
        held = quotas.values(tx, call.account, call.region).get(quota.code, quota.default)
        if desired <= held:
            raise ServiceError(
                "IllegalArgumentException",
                f"You must provide a quota value greater than the current quota value, which is {held:g}.",
            )
        quotas.raise_to(tx, call.account, call.region, quota, desired)
        tx.run(_INSERT, asked)

    await call.db.write(grant)
    return {"RequestedQuota": _shown(call, asked)}


@operation("GetRequestedServiceQuotaChange")
async def get_requested_service_quota_change(call: Call) -> dict[str, Any]:
    """One request. Source: API_GetRequestedServiceQuotaChange."""
    found = [row for row in _requests(call) if row["id"] == call.request["RequestId"]]
    if not found:
        raise catalogue.missing(f"There is no request '{call.request['RequestId']}'.")
    return {"RequestedQuota": _shown(call, found[0])}


@operation("ListRequestedServiceQuotaChangeHistory")
async def list_requested_service_quota_change_history(call: Call) -> dict[str, Any]:
    """The requests of the account and region. Source: API_ListRequestedServiceQuotaChangeHistory."""
    return _history(call, _requests(call))


@operation("ListRequestedServiceQuotaChangeHistoryByQuota")
async def list_requested_service_quota_change_history_by_quota(call: Call) -> dict[str, Any]:
    """The requests for one quota. Source: API_ListRequestedServiceQuotaChangeHistoryByQuota."""
    quota = catalogue.find(call)
    return _history(call, [row for row in _requests(call) if row["code"] == quota.code])


def _history(call: Call, rows: list[Row]) -> dict[str, Any]:
    wanted = call.request.get("ServiceCode")
    if call.request.get("Status", _GRANTED) != _GRANTED or call.request.get("QuotaRequestedAtLevel") == "RESOURCE":
        rows = []
    rows = [row for row in rows if wanted in (None, row["service"])]
    shown, more = catalogue.page(call, rows, lambda row: f"{row['created_at']:020.6f} {row['id']}")
    return {"RequestedQuotas": [_shown(call, row) for row in shown], **more}


def _requests(call: Call) -> list[Row]:
    return call.db.read().all(
        "SELECT * FROM quota_requests WHERE account = :account AND region = :region",
        {"account": call.account, "region": call.region},
    )


def _shown(call: Call, asked: Any) -> dict[str, Any]:
    quota = next(one for one in catalogue.every(call) if one.code == asked["code"])
    return {
        "Id": asked["id"],
        "ServiceCode": quota.service,
        "ServiceName": catalogue.NAMES[quota.service],
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "DesiredValue": asked["desired"],
        "Status": _GRANTED,
        "Created": asked["created_at"],
        "LastUpdated": asked["created_at"],
        "Requester": asked["requester"],
        "QuotaArn": catalogue.arn(call, quota),
        "GlobalQuota": False,
        "Unit": "None",
        "QuotaRequestedAtLevel": "ACCOUNT",
    }
