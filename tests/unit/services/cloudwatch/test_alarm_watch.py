"""What wakes an alarm."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.services.cloudwatch.conftest import NOON, Room

from salvia.core.clock import Clock
from salvia.services.cloudwatch.alarms import ALARM, lifecycle
from salvia.store import documents


def test_data_that_become_visible_after_an_evaluation_make_another(room: Room) -> None:
    """They were stamped before it began, and their transaction ended after it had read."""
    room(
        "PutMetricAlarm",
        AlarmName="a",
        Namespace="N",
        MetricName="loss",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    alarm = documents.find(room.world.db.read(), ALARM.kind, "123456789012", "us-east-1", "a")
    assert alarm is not None
    later = replace(room.world, clock=Clock(wall=lambda: NOON + 0.1))
    outcome = room.run(lifecycle.reconcile(alarm, later))
    assert outcome.requeue is None
    room.put((-30.0, 5.0))
    alarm.due_at = None
    room.run(room.world.db.write(lambda tx: (documents.update(tx, alarm), outcome.also(tx))))
    row = room.world.db.read().one("SELECT due_at FROM documents WHERE id = :id", {"id": alarm.id})
    assert row is not None
    assert row["due_at"] is not None, "it would rest, and look at the data never"
