"""Account limits: what an account may have at once in a region.

A room declares them with a function `quotas()`, takes a share in the transaction that creates something, and gives
it back in the one that ends it: what is in use is counted, never searched for, and two gateways at once cannot take
the same share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from salvia.core.errors import ServiceError
from salvia.store.db import Reader, Transaction

_TAKE = """
INSERT INTO quota_usage (account, region, code, used) VALUES (:account, :region, :code, :amount)
ON CONFLICT (account, region, code) DO UPDATE SET used = quota_usage.used + :amount
WHERE quota_usage.used + :amount <= :limit"""
_GIVE = """
UPDATE quota_usage SET used = used - :amount WHERE account = :account AND region = :region AND code = :code"""
_RAISE = """
INSERT INTO quota_values (account, region, code, value) VALUES (:account, :region, :code, :value)
ON CONFLICT (account, region, code) DO UPDATE SET value = :value"""


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit, by AWS's name of it. `unit` is what a refusal counts in."""

    service: str
    name: str
    default: float
    unit: str = "Instances"

    @property
    def code(self) -> str:
        """As AWS's are made: `L-` and eight hexadecimal digits. Which ones is not published; clients look them up."""
        return _code(self.service, self.name)


@lru_cache(maxsize=4096)
def _code(service: str, name: str) -> str:
    return f"L-{hashlib.sha256(f'{service}/{name}'.encode()).hexdigest()[:8].upper()}"


def values(db: Reader, account: str, region: str) -> dict[str, float]:
    """The quotas that this account raised, by code."""
    rows = db.all(
        "SELECT code, value FROM quota_values WHERE account = :account AND region = :region",
        {"account": account, "region": region},
    )
    return {row["code"]: row["value"] for row in rows}


def raise_to(tx: Transaction, account: str, region: str, quota: Quota, value: float) -> None:
    """Let the account have more."""
    tx.run(_RAISE, {"account": account, "region": region, "code": quota.code, "value": value})


def take(tx: Transaction, account: str, region: str, amounts: Mapping[Quota, int]) -> dict[str, int]:
    """Count `amounts` as used; returns them by code, which `give_back` takes. Raises ResourceLimitExceeded."""
    raised = values(tx, account, region)
    for quota, amount in amounts.items():
        limit = raised.get(quota.code, quota.default)
        where = {"account": account, "region": region, "code": quota.code}
        if amount > limit or not tx.run(_TAKE, {**where, "amount": amount, "limit": limit}):
            raise _exceeded(quota, limit, _used(tx, where), amount)
    return {quota.code: amount for quota, amount in amounts.items()}


def give_back(tx: Transaction, account: str, region: str, taken: Mapping[str, int]) -> None:
    """Count what `take` returned as used no more."""
    for code, amount in taken.items():
        tx.run(_GIVE, {"account": account, "region": region, "code": code, "amount": amount})


def _used(tx: Transaction, where: Mapping[str, str]) -> int:
    row = tx.one("SELECT used FROM quota_usage WHERE account = :account AND region = :region AND code = :code", where)
    return row["used"] if row else 0


def _exceeded(quota: Quota, limit: float, used: int, amount: int) -> ServiceError:
    return ServiceError(
        "ResourceLimitExceeded",
        f"The account-level service limit '{quota.name}' is {limit:.0f} {quota.unit}, with current utilization of "
        f"{used} {quota.unit} and a request delta of {amount} {quota.unit}. Please use AWS Service Quotas to request "
        "an increase for this quota. If AWS Service Quotas is not available, contact AWS support to request an "
        "increase for this quota.",
    )
