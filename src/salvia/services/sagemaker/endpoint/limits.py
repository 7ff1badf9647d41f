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

from .fleets import SERVERLESS, variants

_GENEROUS = 1_000_000.0  # the machine is its owner's; whoever shares it lowers nothing, but may raise
_CONCURRENCY = Quota(
    "sagemaker",
    "Maximum total concurrency that can be allocated across all serverless endpoints",
    _GENEROUS,
    "Invocations",
)
_TOTAL = Quota("sagemaker", "Number of instances across active endpoints", _GENEROUS)


def quotas() -> Iterator[Quota]:
    """One for each type, and one for all together."""
    yield _TOTAL
    yield _CONCURRENCY
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
    concurrency = 0
    if endpoint.state not in ("Failed", "Deleting"):
        for _, variant in variants(endpoint):
            before = variant.get("before", variant)
            if variant["type"] == SERVERLESS:
                concurrency += max(one["serverless"]["MaxConcurrency"] for one in (variant, before))
            else:
                counts[variant["type"]] += max(variant["desired"], before["desired"])
    by_type = {_of(kind): count for kind, count in sorted(counts.items())}
    return {**by_type, _TOTAL: counts.total(), **({_CONCURRENCY: concurrency} if concurrency else {})}


def _of(kind: str) -> Quota:
    return Quota("sagemaker", f"{kind} for endpoint usage", _GENEROUS)
