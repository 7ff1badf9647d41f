"""Long-term keys of users. Source: IAM API reference, CreateAccessKey and its neighbours."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store import keys
from salvia.store.db import Transaction

from .entities import USER, find, limit_exceeded, no_such_entity, page
from .users import implied

_MOST_KEYS = 2


def _missing(key: str) -> ServiceError:
    return no_such_entity(f"The Access Key with id {key} cannot be found.")


@operation("CreateAccessKey")
async def create_access_key(call: Call) -> dict[str, Any]:
    """Create a key; its secret is shown now and never again."""
    name = implied(call)
    now = call.clock.wall()

    def work(tx: Transaction) -> dict[str, Any]:
        user = find(tx, USER, call.account, name)
        if len(keys.long_term(tx, user.id)) >= _MOST_KEYS:
            raise limit_exceeded(f"Cannot exceed quota for AccessKeysPerUser: {_MOST_KEYS}")
        key, secret, _ = keys.issue(tx, user.id, user.spec["UserId"], now)
        shown = {"UserName": user.spec["UserName"], "AccessKeyId": key, "SecretAccessKey": secret}
        return {**shown, "Status": "Active", "CreateDate": now}

    return {"AccessKey": await call.db.write(work)}


@operation("ListAccessKeys")
async def list_access_keys(call: Call) -> dict[str, Any]:
    """A page of a user's keys, without their secrets."""
    db = call.db.read()
    user = find(db, USER, call.account, implied(call))
    rows = sorted(keys.long_term(db, user.id), key=lambda row: row["id"])
    items, more = page(rows, call.request, lambda row: row["id"])
    metadata = [
        {
            "UserName": user.spec["UserName"],
            "AccessKeyId": row["id"],
            "Status": row["status"],
            "CreateDate": row["created_at"],
        }
        for row in items
    ]
    return {"AccessKeyMetadata": metadata, **more}


@operation("UpdateAccessKey")
async def update_access_key(call: Call) -> dict[str, Any]:
    """Make a key active or inactive."""
    name, key, status = implied(call), call.request["AccessKeyId"], call.request["Status"]
    if status not in {"Active", "Inactive"}:  # the model's enum has Expired too, which nobody may set
        raise ServiceError("ValidationError", f"Status must be Active or Inactive, not {status}.")

    def work(tx: Transaction) -> None:
        if not keys.set_status(tx, find(tx, USER, call.account, name).id, key, status):
            raise _missing(key)

    await call.db.write(work)
    return {}


@operation("DeleteAccessKey")
async def delete_access_key(call: Call) -> dict[str, Any]:
    """Delete a key; requests that it signs are refused from now on."""
    name, key = implied(call), call.request["AccessKeyId"]

    def work(tx: Transaction) -> None:
        if not keys.delete(tx, find(tx, USER, call.account, name).id, key):
            raise _missing(key)

    await call.db.write(work)
    return {}


@operation("GetAccessKeyLastUsed")
async def get_access_key_last_used(call: Call) -> dict[str, Any]:
    """When, and with which service, a key was last used."""
    key = call.request["AccessKeyId"]
    row = call.db.read().one(
        "SELECT k.used_at, k.used_service, k.used_region, d.arn FROM iam_keys k "
        "JOIN documents d ON d.id = k.entity "
        "WHERE k.id = :id AND k.session_token IS NULL AND d.account = :account",
        {"id": key, "account": call.account},
    )
    if row is None:
        raise _missing(key)
    used = {"LastUsedDate": row["used_at"]} if row["used_at"] is not None else {}
    where = {"ServiceName": row["used_service"] or "N/A", "Region": row["used_region"] or "N/A"}
    return {"UserName": row["arn"].rpartition("/")[2], "AccessKeyLastUsed": {**used, **where}}
