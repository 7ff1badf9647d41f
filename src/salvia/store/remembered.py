"""Which statements can change what processes remember (`Database.recall`): identities, their policies, trails.

Most writes cannot: what a job logs, measures or leaves in the audit trail, and SageMaker's own documents. Every other
statement counts, known or not: forgetting too much costs a few reads, too little would let a taken permission live on.
"""

from __future__ import annotations

import re
from functools import lru_cache

from .db import Parameters

_QUIET = {
    *(
        "events",
        "event_resources",
        "event_intents",
        "event_journals",
        "event_deliveries",
        "iam_accesses",
        "iam_denials",
    ),
    *("usage", "quota_usage", "capacity_claims", "capacity_turns", "warm_pools", "nodes", "gateways", "instances"),
    "serverless_demand",
    *("metrics", "metric_data", "trial_metrics", "log_streams", "log_events"),
    *("s3_versions", "s3_uploads", "s3_parts", "s3_blobs", "async_invocations"),
}
_LEASING = {"due_at", "lock_token", "locked_until", "node", "version"}
_STATEMENT = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)(?:\s+SET\s+(.*?)\s+WHERE\b)?", re.DOTALL)
_COLUMN = re.compile(r"(\w+)\s*=")


def changed_by(sql: str, parameters: Parameters) -> bool:
    """Whether the statement may change what is remembered."""
    table, quiet = _written(sql)
    if table == "documents" and not quiet:
        return not str(parameters.get("kind", "")).startswith("sagemaker:")
    return not quiet


@lru_cache(maxsize=4096)
def _written(sql: str) -> tuple[str, bool]:
    """The table that a statement writes, and whether it is quiet whatever its parameters are."""
    found = _STATEMENT.match(sql)
    if found is None:
        return "", False
    table, assigned = found.groups()
    leases = table == "documents" and assigned is not None and set(_COLUMN.findall(assigned)) <= _LEASING
    return table, table in _QUIET or leases
