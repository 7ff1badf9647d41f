"""What alarms name, so that nobody searches: policies that they carry out, alarms that their rules are about."""

from __future__ import annotations

from collections.abc import Iterable

from salvia.store.db import Transaction

_ADD = "INSERT INTO alarm_references (alarm, arn) VALUES (:alarm, :arn)"
# No new version: a parent at work looks at its children's states once more when it is done.
_WAKE = """
UPDATE documents SET due_at = :now
WHERE id IN (SELECT alarm FROM alarm_references WHERE arn = :arn) AND (due_at IS NULL OR due_at > :now)"""


def keep(tx: Transaction, alarm: str, arns: Iterable[str]) -> None:
    """Note what an alarm names, in place of what it named before."""
    tx.run("DELETE FROM alarm_references WHERE alarm = :alarm", {"alarm": alarm})
    for arn in dict.fromkeys(arns):
        tx.run(_ADD, {"alarm": alarm, "arn": arn})


def wake(tx: Transaction, arn: str) -> None:
    """Have those looked at that name an alarm, whose state changed."""
    tx.run(_WAKE, {"arn": arn, "now": tx.now()})
