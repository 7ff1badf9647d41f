"""An alarm enters a state: its reason, its history and what is to be done, in one commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import ACTIONS, history, reasons, references

PENDING = "Actions"  # of its status: what is still to be done about the last change
REPEATED = "RepeatAt"  # and when scaling policies are told again
HELD = "HeldUntil"  # a state that was set stands until then
_EVERY = 60.0


def initial(now: float) -> dict[str, Any]:
    """The status of an alarm that nobody has evaluated."""
    return {
        "StateReason": reasons.UNCHECKED,
        "StateUpdatedTimestamp": now,
        "StateTransitionedTimestamp": now,
    }


def enter(alarm: Document, state: str, now: float, reason: str, data: str | None) -> Callable[[Transaction], None]:
    """Change the state of a document; what is returned writes the line of history, and has composite alarms look.

    It belongs into the same transaction.
    """
    before, old = alarm.state, _state(alarm.state, alarm.status["StateReason"], alarm.status.get("StateReasonData"))
    alarm.state = state
    alarm.status |= {"StateReason": reason, "StateUpdatedTimestamp": now, "StateTransitionedTimestamp": now}
    for member in ("StateReasonData", PENDING, REPEATED):
        alarm.status.pop(member, None)
    if data is not None:
        alarm.status["StateReasonData"] = data
    actions = alarm.spec.get(ACTIONS[state], []) if alarm.spec["ActionsEnabled"] else []
    if actions:
        alarm.status[PENDING] = [{"Action": action, "Before": before} for action in actions]
        alarm.status[REPEATED] = now + _EVERY
    summary = f"Alarm updated from {before} to {state}"
    change = {"oldState": old, "newState": _state(state, reason, data)}

    def record(tx: Transaction) -> None:
        history.add(tx, alarm, "StateUpdate", now, summary, change)
        references.wake(tx, alarm.arn)

    return record


def repeats(alarm: Document) -> list[str]:
    """The actions that are told once a minute for as long as the state lasts: scaling policies.

    Source: user guide, "Using Amazon CloudWatch alarms", "Alarm actions".
    """
    if not alarm.spec["ActionsEnabled"]:
        return []
    return [action for action in alarm.spec.get(ACTIONS[alarm.state], []) if action.startswith("arn:aws:autoscaling:")]


def repeat(alarm: Document, now: float) -> None:
    """Ask for them once more."""
    alarm.status[PENDING] = [{"Action": action, "Before": alarm.state} for action in repeats(alarm)]
    alarm.status[REPEATED] = now + _EVERY


def _state(state: str, reason: str | None, data: str | None) -> dict[str, Any]:
    described: dict[str, Any] = {"stateValue": state, "stateReason": reason}
    if data is not None:
        try:
            described["stateReasonData"] = orjson.loads(data)
        except ValueError:  # whoever set the state may have said anything
            described["stateReasonData"] = data
    return described
