"""Composite alarms: their state follows from those of other alarms, whenever one of these changes.

Source: CloudWatch user guide, "Create a composite alarm"; API reference, PutCompositeAlarm.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.clock import timestamp
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from ..errors import not_valid
from . import ALARM, ALARMED, INSUFFICIENT, OK, reasons, references, rules, states
from .api import configured
from .checks import check_actions

CHILDREN = "Children"  # of its status: the states that it was last evaluated on
_NAMED = "SELECT * FROM documents WHERE kind = :kind AND account = :account AND region = :region AND name IN ({})"
_AGAIN = "UPDATE documents SET due_at = :now WHERE id = :id"


@operation("PutCompositeAlarm")
async def put_composite_alarm(call: Call) -> dict[str, Any]:
    """Create a composite alarm, or give one another configuration. The alarms of its rule must exist.

    Raises ValidationError. Source: PutCompositeAlarm.
    """
    request = call.request
    for member in ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"):
        if request.get(member):
            raise not_valid(f"Salvia's alarms do not suppress each other's actions yet: leave {member} out.")
    if request.get("ActionConfiguration"):
        raise not_valid("Salvia's alarms do not know tags in notifications yet: leave ActionConfiguration out.")
    check_actions(request, frozenset({"sns"}))
    rule = rules.parse(request["AlarmRule"])
    spec = {"ActionsEnabled": True, **{name: value for name, value in request.items() if name != "Tags"}}
    name, now = spec["AlarmName"], crud.moment(call)
    new = crud.new(call, ALARM, request, state=INSUFFICIENT, status=states.initial(now))

    def work(tx: Transaction) -> None:
        children = several(tx, new, rule.names)
        absent = sorted(set(rule.names) - children.keys())
        if absent:
            raise not_valid(f"AlarmRule names alarms that do not exist: {', '.join(absent)}.")
        _check_cycle(tx, new, children.values())
        alarm = documents.find(tx, ALARM.kind, call.account, call.region, name)
        if alarm is not None and "AlarmRule" not in alarm.spec:
            raise not_valid(f"{name} is the name of an alarm on a metric.")
        happened = "created" if alarm is None else "updated"
        alarm = alarm or new
        alarm.spec, alarm.modified_at, alarm.due_at = spec, now, call.clock.wall()
        alarm.status["AlarmConfigurationUpdatedTimestamp"] = now
        alarm.status.pop(CHILDREN, None)
        if alarm is new:
            documents.insert(tx, alarm)
        else:
            documents.update(tx, alarm)
        references.keep(tx, alarm.id, [child.arn for child in children.values()])
        configured(tx, alarm, now, happened)

    await call.world.write(work)
    return {}


def several(reader: Reader, alarm: Document, names: Iterable[str]) -> dict[str, Document]:
    """The alarms of those names that there are, beside another."""
    marks = {f"n{number}": name for number, name in enumerate(names)}
    values = {"kind": ALARM.kind, "account": alarm.account, "region": alarm.region}
    rows = reader.all(_NAMED.format(", ".join(f":{mark}" for mark in marks)), {**values, **marks})
    return {row["name"]: Document.of(row) for row in rows}


def _check_cycle(tx: Transaction, alarm: Document, children: Iterable[Document]) -> None:
    """Raise ValidationError where an alarm's state would follow from itself."""
    seen: set[str] = set()
    left = list(children)
    while left:
        child = left.pop()
        if child.name == alarm.name:
            raise not_valid(f"AlarmRule: the state of {alarm.name} would follow from itself.")
        if "AlarmRule" in child.spec and child.name not in seen:
            seen.add(child.name)
            left += several(tx, alarm, rules.parse(child.spec["AlarmRule"]).names).values()


async def evaluate(alarm: Document, world: World) -> Outcome:
    """Look at the children, if any of them changed: a state that somebody set stands until then."""
    rule, now = rules.parse(alarm.spec["AlarmRule"]), world.clock.now()
    children = several(world.db.read(), alarm, rule.names)
    found = {name: child.state for name, child in children.items()}

    def again(tx: Transaction) -> None:
        if {name: child.state for name, child in several(tx, alarm, rule.names).items()} != found:
            tx.run(_AGAIN, {"id": alarm.id, "now": tx.now()})

    before: dict[str, str] | None = alarm.status.get(CHILDREN)
    if found == before:
        return Outcome(also=again)
    alarm.status[CHILDREN] = found
    state = ALARMED if rule.holds(found) else OK
    if state == alarm.state:
        return Outcome(also=again)
    changed = [child for name, child in children.items() if before is not None and found[name] != before.get(name)]
    record = states.enter(alarm, state, now, _reason(changed, state), _data(changed))

    def also(tx: Transaction) -> None:
        record(tx)
        again(tx)

    return Outcome(requeue=0 if alarm.status.get(states.PENDING) else None, also=also)


def _reason(changed: list[Document], state: str) -> str:
    if not changed:
        return f"The alarm rule is {'true' if state == ALARMED else 'false'}."
    return "; ".join(
        f"{child.arn} transitioned to {child.state} at "
        f"{timestamp(child.status['StateUpdatedTimestamp']):%A %d %B, %Y %H:%M:%S} UTC"
        for child in changed
    )


def _data(changed: list[Document]) -> str:
    triggering = [
        {
            "arn": child.arn,
            "state": {"value": child.state, "timestamp": reasons.moment(child.status["StateUpdatedTimestamp"])},
        }
        for child in changed
    ]
    return orjson.dumps({"triggeringAlarms": triggering}).decode()
