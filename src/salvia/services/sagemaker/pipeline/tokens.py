"""The tokens of Callback steps: the one way to read and write `pipeline_callbacks`."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from typing import Any

from salvia.store.db import Reader, Row, Transaction
from salvia.store.documents import decode, encode

_ALPHABET = string.ascii_letters + string.digits
_OPEN = """
INSERT INTO pipeline_callbacks (token, execution, step, pipeline, state, answer)
VALUES (:token, :execution, :step, :pipeline, 'Open', '{}')"""
_ANSWERED = "SELECT token, answer FROM pipeline_callbacks WHERE execution = :execution AND state = 'Answered'"
_LOOK = """
UPDATE documents SET due_at = :now
WHERE id = :execution
  AND EXISTS (SELECT 1 FROM pipeline_callbacks WHERE execution = :execution AND state = 'Answered')"""


def new() -> str:
    """A token, as API_SendPipelineExecutionStepSuccess says they are: ten letters and digits, a secret."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


def keep(tx: Transaction, token: str, execution: str, step: str, pipeline: str) -> None:
    """Let a token be answered."""
    tx.run(_OPEN, {"token": token, "execution": execution, "step": step, "pipeline": pipeline})


def find(db: Reader, token: str) -> Row | None:
    """What there is of a token."""
    return db.one("SELECT * FROM pipeline_callbacks WHERE token = :token", {"token": token})


def answer(tx: Transaction, token: str, content: dict[str, Any]) -> None:
    """Note an answer, for the execution to find."""
    sql = "UPDATE pipeline_callbacks SET state = 'Answered', answer = :answer WHERE token = :token"
    tx.run(sql, {"token": token, "answer": encode(content)})


def answered(db: Reader, execution: str) -> dict[str, dict[str, Any]]:
    """The answers that an execution has not seen, by token."""
    return {row["token"]: decode(row["answer"]) for row in db.all(_ANSWERED, {"execution": execution})}


def settle(tx: Transaction, execution: str, seen: Iterable[str], now: float) -> None:
    """Note that an execution knows some answers; it looks again at once for those that came meanwhile."""
    tx.many("UPDATE pipeline_callbacks SET state = 'Settled' WHERE token = :token", [{"token": one} for one in seen])
    tx.run(_LOOK, {"execution": execution, "now": now})


def forget(tx: Transaction, pipeline: str) -> None:
    """Forget all tokens of a pipeline's executions."""
    tx.run("DELETE FROM pipeline_callbacks WHERE pipeline = :pipeline", {"pipeline": pipeline})
