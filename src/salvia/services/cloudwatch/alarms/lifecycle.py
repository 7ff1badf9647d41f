"""An alarm is evaluated when a period has ended, and soon after data have come; what its new state asks for is done.

One evaluation reads the datapoints of its range, by index. An alarm without data whose state says so already rests
until there are some.
"""

from __future__ import annotations

import math

from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .. import statistics
from . import ALARM, actions, composite, reasons, states, statistic, watch
from .evaluation import Datapoint, interval, judge, span

RECONCILES = ALARM
_SETTLING = 0.2  # seconds that the data of a period may come after its end
_MINUTE = 60
_METRIC = "SELECT metric, touched FROM alarm_metrics WHERE alarm = :alarm"
_COMING = "SELECT 1 FROM metric_data WHERE metric = :metric AND at >= :end LIMIT 1"


async def reconcile(alarm: Document, world: World) -> Outcome:
    """One step: do what the last change asks for, else look at the metric."""
    if alarm.status.get(states.PENDING):
        return await actions.perform(alarm, world)
    if "AlarmRule" in alarm.spec:
        return await composite.evaluate(alarm, world)
    now = world.clock.now()
    held = alarm.status.get(states.HELD, 0.0) - now
    if held > 0:
        return Outcome(requeue=held)
    alarm.status.pop(states.HELD, None)
    row = world.db.read().one(_METRIC, {"alarm": alarm.id})
    if row is None:  # deleted meanwhile
        return Outcome()
    metric: str = row["metric"]
    spec, looked = alarm.spec, span(alarm.spec, now)
    name = statistic(spec)
    points = await statistics.points(world.db, metric, looked, [name], unit=spec.get("Unit"), by_unit=False)
    values: list[Datapoint | None] = [None] * looked.points
    for point in points:
        values[(point.at - looked.start) // looked.period] = Datapoint(point.at, point.values[name])
    verdict = judge(spec, values)
    state = verdict.state or alarm.state
    changed = state != alarm.state

    def also(tx: Transaction) -> None:
        watch.again(tx, alarm, row["touched"], world.clock.wall())

    if changed:
        reason = reasons.sentence(spec, state, alarm.state, verdict)
        data = reasons.data(spec, looked, now, verdict)
        item = states.enter(alarm, state, now, reason, data)

        def also_changed(tx: Transaction) -> None:
            item(tx)
            also(tx)

        return Outcome(requeue=0 if alarm.status.get(states.PENDING) else _next(alarm, now), also=also_changed)
    if states.repeats(alarm) and now >= alarm.status.get(states.REPEATED, alarm.status["StateUpdatedTimestamp"] + 60):
        alarm.status["StateReasonData"] = reasons.data(spec, looked, now, verdict)
        states.repeat(alarm, now)
        return Outcome(requeue=0, also=also)
    coming = world.db.read().one(_COMING, {"metric": metric, "end": looked.end})
    resting = not points and not coming and not states.repeats(alarm)
    return Outcome(requeue=None if resting else _next(alarm, now), also=also)


def _next(alarm: Document, now: float) -> float:
    step = interval(alarm.spec["Period"])
    return (math.floor(now / step) + 1) * step - now + _SETTLING
