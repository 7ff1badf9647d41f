"""What Search shows of trials and components beside their own: who belongs to whom, and metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from salvia.store.db import Database
from salvia.store.documents import Document, decode

from .metrics import SUMMARIES, summary

_COMPONENTS = """
SELECT tie.trial, component.name, component.arn, component.created_at, component.status
FROM trial_components tie JOIN documents component ON component.id = tie.component
WHERE tie.trial IN ({marks}) ORDER BY component.created_at, component.id"""
_PARENTS = """
SELECT tie.component, trial.name AS trial, experiment.name AS experiment
FROM trial_components tie JOIN documents trial ON trial.id = tie.trial
JOIN documents experiment ON experiment.id = trial.owner
WHERE tie.component IN ({marks}) ORDER BY trial.created_at, trial.id"""


async def _rows(db: Database, sql: str, found: Sequence[Document]) -> list[Any]:
    names = {f"d{number}": document.id for number, document in enumerate(found)}
    return await db.scan(sql.format(marks=", ".join(f":{name}" for name in names)), names) if names else []


async def components(db: Database, trials: Sequence[Document]) -> Mapping[str, object]:
    """`TrialComponentSummaries` of each trial."""
    result: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in await _rows(db, _COMPONENTS, trials):
        status = decode(row["status"])
        result[row["trial"]].append(
            {
                "TrialComponentName": row["name"],
                "TrialComponentArn": row["arn"],
                "TrialComponentSource": status.get("Source"),
                "CreationTime": row["created_at"],
                "CreatedBy": status.get("CreatedBy"),
            }
        )
    return result


async def parents(db: Database, found: Sequence[Document]) -> Mapping[str, object]:
    """`Parents` of each component: its trials and their experiments."""
    result: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in await _rows(db, _PARENTS, found):
        result[row["component"]].append({"TrialName": row["trial"], "ExperimentName": row["experiment"]})
    return result


async def metrics(db: Database, found: Sequence[Document]) -> Mapping[str, list[dict[str, Any]]]:
    """`Metrics` of each component."""
    result: dict[str, list[dict[str, Any]]] = {component.id: [] for component in found}
    arns = {component.id: component.arn for component in found}
    for row in await _rows(db, SUMMARIES, found):
        result[row["component"]].append(summary(row, arns[row["component"]]))
    return result
