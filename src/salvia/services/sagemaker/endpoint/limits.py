"""The quotas of endpoints, by AWS's names: what an endpoint is to have counts, from when it is asked for until it is
given up.

Source: AWS general reference, "Amazon SageMaker endpoints and quotas"; the names as its error messages quote them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from salvia.control.quotas import Quota, give_back, take
from salvia.runtimes import instance_types
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .fleets import variants

_GENEROUS = 1_000_000.0  # the machine is its owner's; whoever shares it lowers nothing, but may raise
_TOTAL = Quota("sagemaker", "Number of instances across active endpoints", _GENEROUS)


def quotas() -> Iterator[Quota]:
    """One for each type, and one for all together."""
    yield _TOTAL
    for name in instance_types.names():
        yield _of(name)


def claim(tx: Transaction, endpoint: Document) -> None:
    """Count what the endpoint asks for beyond what it has. Raises ResourceLimitExceeded."""
    had = Counter(endpoint.status.get("_Claims", {}))
    more = {quota: count - had[quota.code] for quota, count in _needs(endpoint).items() if count > had[quota.code]}
    endpoint.status["_Claims"] = dict(had + Counter(take(tx, endpoint.account, endpoint.region, more)))


def surplus(endpoint: Document) -> dict[str, int]:
    """What it counts for and needs no more: for `release`, in the transaction that writes the document."""
    needs = Counter({quota.code: count for quota, count in _needs(endpoint).items()})
    had = Counter(endpoint.status.get("_Claims", {}))
    endpoint.status["_Claims"] = dict(had & needs)
    return dict(had - needs)


def release(tx: Transaction, endpoint: Document, claims: dict[str, int]) -> None:
    """Count it no more."""
    give_back(tx, endpoint.account, endpoint.region, claims)


def _needs(endpoint: Document) -> dict[Quota, int]:
    counts: Counter[str] = Counter()
    if endpoint.state not in ("Failed", "Deleting"):
        for _, variant in variants(endpoint):
            counts[variant["type"]] += max(variant["desired"], variant.get("before", [0])[0])
    return {**{_of(kind): count for kind, count in sorted(counts.items())}, _TOTAL: counts.total()}


def _of(kind: str) -> Quota:
    return Quota("sagemaker", f"{kind} for endpoint usage", _GENEROUS)
