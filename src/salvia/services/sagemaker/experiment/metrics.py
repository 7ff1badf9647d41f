"""Summaries of what was reported of trial components. Source: API_TrialComponentMetricSummary."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from salvia.store.db import Reader
from salvia.store.documents import Document

# The deviation is summed around the mean: the difference of two sums of squares would lose all digits.
_SUMMARIES = """
WITH points AS (
    SELECT component, name, at, value, AVG(value) OVER series AS mean, FIRST_VALUE(value) OVER newest AS last_value
    FROM trial_metrics WHERE component IN ({marks})
    WINDOW series AS (PARTITION BY component, name),
           newest AS (PARTITION BY component, name ORDER BY at DESC, COALESCE(step, -1) DESC, id DESC))
SELECT component, name, COUNT(*) AS number, MIN(value) AS minimum, MAX(value) AS maximum, MAX(mean) AS mean,
       MAX(last_value) AS last_value, MAX(at) AS last_at, SUM((value - mean) * (value - mean)) AS deviation
FROM points GROUP BY component, name ORDER BY component, name"""


def summaries(reader: Reader, components: Sequence[Document]) -> dict[str, list[dict[str, Any]]]:
    """What Describe shows as `Metrics` of each component, by its id, in one query."""
    found: dict[str, list[dict[str, Any]]] = {component.id: [] for component in components}
    arns = {component.id: component.arn for component in components}
    names = {f"c{number}": component.id for number, component in enumerate(components)}
    marks = ", ".join(f":{name}" for name in names)
    for row in reader.all(_SUMMARIES.format(marks=marks), names) if names else []:
        found[row["component"]].append(
            {
                "MetricName": row["name"],
                "SourceArn": arns[row["component"]],
                "TimeStamp": row["last_at"],
                "Min": row["minimum"],
                "Max": row["maximum"],
                "Avg": row["mean"],
                "Last": row["last_value"],
                "Count": row["number"],
                "StdDev": math.sqrt(row["deviation"] / row["number"]) if row["deviation"] is not None else None,
            }
        )
    return found
