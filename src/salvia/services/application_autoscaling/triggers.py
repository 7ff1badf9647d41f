"""An alarm asks for a policy: that is noted with the policy's target, which is then looked at."""

from __future__ import annotations

from typing import Any

import orjson

from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .targets import POLICY, TARGET, TRIGGERS


def provide(world: World) -> None:
    """Let alarms carry out scaling policies."""

    async def act(action: str, alarm: Document) -> None:
        trigger = {
            "Alarm": alarm.name,
            "State": alarm.state,
            "Value": _value(alarm),
            "Threshold": alarm.spec["Threshold"],
            "Above": alarm.spec["ComparisonOperator"].startswith("Greater"),
        }

        def work(tx: Transaction) -> None:
            policy = documents.by_arn(tx, action)
            target = documents.by_id(tx, policy.owner) if policy is not None else None
            if policy is None or policy.kind != POLICY.kind or target is None or target.kind != TARGET.kind:
                raise ServiceError("ObjectNotFoundException", f"There is no scaling policy {action}.")
            if policy.account != alarm.account:
                raise ServiceError("AccessDeniedException", f"{action} belongs to another account.")
            target.status.setdefault(TRIGGERS, {})[policy.id] = trigger
            target.due_at = world.clock.wall()
            documents.update(tx, target)

        await world.write(work)

    world.providers.alarm_actions["autoscaling"] = act


def _value(alarm: Document) -> float | None:
    """The newest datapoint that the alarm saw; None when somebody set its state without one."""
    try:
        data: Any = orjson.loads(alarm.status.get("StateReasonData") or "{}")
        return float(data["recentDatapoints"][-1])
    except (ValueError, LookupError, TypeError):
        return None
