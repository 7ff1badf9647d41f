"""The steps that executions have begun: the one way to read and write `pipeline_steps`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from salvia.store.db import Reader, Row, Transaction
from salvia.store.documents import decode, encode

_COLUMNS = "execution, name, pipeline, number, attempt, state, started_at, ended_at, child, cache_key, result"
_ALL = f"SELECT {_COLUMNS} FROM pipeline_steps WHERE execution = :execution ORDER BY number"  # noqa: S608
_PUT = f"""
INSERT INTO pipeline_steps ({_COLUMNS})
VALUES (:execution, :name, :pipeline, :number, :attempt, :state, :started_at, :ended_at, :child, :cache_key, :result)
ON CONFLICT (execution, name) DO UPDATE SET attempt = :attempt, state = :state, started_at = :started_at,
    ended_at = :ended_at, child = :child, cache_key = :cache_key, result = :result"""  # noqa: S608
_PAGE = f"""
SELECT {_COLUMNS} FROM pipeline_steps WHERE execution = :execution AND number {{beyond}} :after
ORDER BY number {{direction}} LIMIT :size"""  # noqa: S608
_CACHED = f"""
SELECT {_COLUMNS} FROM pipeline_steps
WHERE pipeline = :pipeline AND cache_key = :key AND ended_at >= :since AND state = 'Succeeded'
ORDER BY ended_at DESC LIMIT 1"""  # noqa: S608
_WAITS = """
SELECT 1 FROM pipeline_steps
WHERE execution = :execution AND name = :name AND child = :child AND state IN ('Executing', 'Stopping')"""
_FORGET = """
DELETE FROM pipeline_steps WHERE pipeline = :pipeline"""
_OF_A_RUN = ("FailureReason", "Metadata", "_RetryAt", "_Failures")
ACTIVE = frozenset({"Starting", "Executing", "Stopping"})


@dataclass(slots=True)
class Begun:
    """A step that was begun. `result` holds members of API_PipelineExecutionStep; those of our own begin with _."""

    execution: str
    name: str
    pipeline: str
    number: int
    attempt: int = 1
    state: str = "Starting"
    started_at: float = 0.0
    ended_at: float | None = None
    child: str = ""
    cache_key: str = ""
    result: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Row) -> Begun:
        """The step that a row holds."""
        return cls(**{name: row[name] for name in _COLUMNS.split(", ")[:-1]}, result=decode(row["result"]))

    def end(self, state: str, now: float, **more: Any) -> None:
        """Nothing more will happen to it, unless the execution is retried."""
        self.state, self.ended_at = state, now
        for member in ("FailureReason", "_RetryAt", "_Failures"):
            self.result.pop(member, None)
        self.result |= more

    def may_repeat(self) -> bool:
        """Whether it is begun again when the execution is retried."""
        return self.state in ("Failed", "Stopped")

    def again(self, now: float) -> Begun:
        """Begin it anew, under another name."""
        kept = {member: value for member, value in self.result.items() if member not in _OF_A_RUN}
        return replace(
            self,
            attempt=self.attempt + 1,
            state="Starting",
            started_at=now,
            ended_at=None,
            child="",
            cache_key="",
            result=kept,
        )


def of(db: Reader, execution: str) -> dict[str, Begun]:
    """All that an execution has begun, by name, in the order in which it did."""
    return {row["name"]: Begun.of(row) for row in db.all(_ALL, {"execution": execution})}


def put(tx: Transaction, begun: Iterable[Begun]) -> None:
    """Write steps, new or changed."""
    tx.many(
        _PUT,
        [
            {**{name: getattr(one, name) for name in _COLUMNS.split(", ")}, "result": encode(one.result)}
            for one in begun
        ],
    )


def page(db: Reader, execution: str, size: int, after: int | None, *, descending: bool) -> list[Begun]:
    """Some of what an execution has begun, after one number."""
    sql = _PAGE.format(beyond="<" if descending else ">", direction="DESC" if descending else "ASC")
    if after is None:
        after = 2**31 - 1 if descending else -1
    return [Begun.of(row) for row in db.all(sql, {"execution": execution, "size": size, "after": after})]


def cached(db: Reader, pipeline: str, key: str, since: float) -> Begun | None:
    """The last run of a step of the pipeline that succeeded, had that key and ended since then."""
    row = db.one(_CACHED, {"pipeline": pipeline, "key": key, "since": since})
    return Begun.of(row) if row else None


def waits(db: Reader, execution: str, name: str, child: str) -> bool:
    """Whether a step is under way with that child."""
    return db.one(_WAITS, {"execution": execution, "name": name, "child": child}) is not None


def forget(tx: Transaction, pipeline: str) -> None:
    """Forget all steps of a pipeline's executions."""
    tx.run(_FORGET, {"pipeline": pipeline})
