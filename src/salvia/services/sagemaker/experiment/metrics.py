"""Summaries of what was reported of trial components. Source: API_TrialComponentMetricSummary."""

from __future__ import annotations

import math
from typing import Any

from salvia.store.db import Row

# The deviation is summed around the mean: the difference of two sums of squares would lose all digits.
SUMMARIES = """
WITH points AS (
    SELECT component, name, at, value, AVG(value) OVER series AS mean, FIRST_VALUE(value) OVER newest AS last_value
    FROM trial_metrics WHERE component IN ({marks})
    WINDOW series AS (PARTITION BY component, name),
           newest AS (PARTITION BY component, name ORDER BY at DESC, COALESCE(step, -1) DESC, id DESC))
SELECT component, name, COUNT(*) AS number, MIN(value) AS minimum, MAX(value) AS maximum, MAX(mean) AS mean,
       MAX(last_value) AS last_value, MAX(at) AS last_at, SUM((value - mean) * (value - mean)) AS deviation
FROM points GROUP BY component, name ORDER BY component, name"""


def summary(row: Row, arn: str) -> dict[str, Any]:
    """What Describe shows of one metric of the component `arn`."""
    return {
        "MetricName": row["name"],
        "SourceArn": arn,
        "TimeStamp": row["last_at"],
        "Min": row["minimum"],
        "Max": row["maximum"],
        "Avg": row["mean"],
        "Last": row["last_value"],
        "Count": row["number"],
        "StdDev": math.sqrt(row["deviation"] / row["number"]) if row["deviation"] is not None else None,
    }
