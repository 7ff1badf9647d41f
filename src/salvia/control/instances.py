"""Instances: what the agents report, and the private door through which they do.

The door is `/_instance/…`: no AWS operation offers it. A token of its own opens it to each instance, and to nothing
but that instance's row and its role's credentials.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from salvia.core import ids
from salvia.core.errors import ServiceError
from salvia.core.http import HttpRequest, HttpResponse
from salvia.store import leases
from salvia.store.db import Reader, Row, Transaction

from . import measures, reports, timekeeping
from .reports import PHASES
from .world import World

_CREDENTIAL_SECONDS = 3600
_TOGETHER = 500  # tokens of a query
MAX_REPORT = 512 * 1024  # twenty lines of 1,024 characters take 240 KiB, should JSON escape each


@dataclass(slots=True)
class Instance:
    """One instance of a job, as its agent last told it. `reported_at` is wall time.

    The report's `times` are the agent's; `moments` are the same as virtual time, which ran as it does whenever each was
    first heard of: what somebody advances later is not taken for time that had passed before.
    """

    owner: str
    position: int
    attempt: int
    role_arn: str
    session_name: str
    token_hash: str
    handle: dict[str, Any] | None = None
    phase: str = "Starting"
    report: dict[str, Any] = field(default_factory=dict)
    reported_at: float | None = None
    id: str = field(default_factory=ids.row_id)

    @classmethod
    def of(cls, row: Row) -> Instance:
        """The instance that a row holds."""
        return cls(
            id=row["id"],
            owner=row["owner"],
            position=row["position"],
            attempt=row["attempt"],
            role_arn=row["role_arn"],
            session_name=row["session_name"],
            token_hash=row["token_hash"],
            handle=orjson.loads(row["handle"]) if row["handle"] else None,
            phase=row["phase"],
            report=orjson.loads(row["report"]),
            reported_at=row["reported_at"],
        )

    @property
    def exit(self) -> dict[str, Any] | None:
        """How the program ended; None while it runs."""
        ended: dict[str, Any] | None = self.report.get("exit")
        return ended


def bearer(secret: bytes, owner: str, position: int, attempt: int) -> str:
    """The token of an instance. It follows from the server's secret, so that whoever starts the instance again,
    after a crash between intent and start, hands out the one that a first start already did."""
    return hmac.new(secret, f"{owner}/{position}/{attempt}".encode(), hashlib.sha256).hexdigest()


def of(db: Reader, owner: str, attempt: int) -> list[Instance]:
    """The instances of one attempt of a job, in order."""
    rows = db.all(
        "SELECT * FROM instances WHERE owner = :owner AND attempt = :attempt ORDER BY position",
        {"owner": owner, "attempt": attempt},
    )
    return [Instance.of(row) for row in rows]


def every(db: Reader, owner: str) -> dict[int, list[Instance]]:
    """All instances of a document, in order, by attempt."""
    rows = db.all("SELECT * FROM instances WHERE owner = :owner ORDER BY attempt, position", {"owner": owner})
    found: dict[int, list[Instance]] = {}
    for row in rows:
        found.setdefault(row["attempt"], []).append(Instance.of(row))
    return found


def intend(tx: Transaction, instance: Instance) -> None:
    """Record that an instance is about to be started; repeating it changes nothing."""
    tx.run(
        "INSERT INTO instances (id, owner, position, attempt, token_hash, role_arn, session_name, phase, report, stop) "
        "VALUES (:id, :owner, :position, :attempt, :token_hash, :role_arn, :session_name, 'Starting', '{}', 0) "
        "ON CONFLICT (owner, position, attempt) DO NOTHING",
        {
            "id": instance.id,
            "owner": instance.owner,
            "position": instance.position,
            "attempt": instance.attempt,
            "token_hash": instance.token_hash,
            "role_arn": instance.role_arn,
            "session_name": instance.session_name,
        },
    )


def started(tx: Transaction, owner: str, position: int, attempt: int, handle: dict[str, Any]) -> None:
    """Keep the handle by which a runtime finds the instance again."""
    tx.run(
        "UPDATE instances SET handle = :handle WHERE owner = :owner AND position = :position AND attempt = :attempt",
        {"owner": owner, "position": position, "attempt": attempt, "handle": orjson.dumps(handle).decode()},
    )


def ask_to_stop(tx: Transaction, owner: str) -> None:
    """Every agent of a job learns from its next report that it should stop."""
    tx.run("UPDATE instances SET stop = 1 WHERE owner = :owner", {"owner": owner})


def forget(tx: Transaction, owner: str) -> None:
    """Drop a job's instances, and with them their tokens."""
    tx.run("DELETE FROM instances WHERE owner = :owner", {"owner": owner})


def forget_attempt(tx: Transaction, owner: str, attempt: int) -> None:
    """Drop the instances of one attempt, and with them their tokens."""
    values = {"owner": owner, "attempt": attempt}
    tx.run("DELETE FROM instances WHERE owner = :owner AND attempt = :attempt", values)


def revoke(tx: Transaction, owner: str) -> None:
    """Close the door to the instances of a job that ended; what they reported stays."""
    tx.run("UPDATE instances SET token_hash = 'revoked-' || id WHERE owner = :owner", {"owner": owner})


async def wanted(world: World, tokens: Collection[str]) -> set[str]:
    """Those of some tokens whose instances somebody knows of."""
    hashes, found = {hash_of(token): token for token in tokens}, set()
    listed = list(hashes)
    for first in range(0, len(listed), _TOGETHER):
        names = {f"h{number}": one for number, one in enumerate(listed[first : first + _TOGETHER])}
        marks = ", ".join(f":{name}" for name in names)
        rows = await world.db.scan(f"SELECT token_hash FROM instances WHERE token_hash IN ({marks})", names)  # noqa: S608
        found |= {hashes[row["token_hash"]] for row in rows}
    return found


async def answer(request: HttpRequest, world: World) -> HttpResponse:
    """Answer a request below `/_instance/`."""
    scheme, _, token = (request.headers.get("authorization") or "").partition(" ")
    row = None
    if scheme.lower() == "bearer" and token:
        row = world.db.read().one("SELECT * FROM instances WHERE token_hash = :hash", {"hash": hash_of(token)})
    if row is None:
        # After a reset nobody wants it, ever again; elsewhere it may be the server that looks at a wrong database.
        return _json(
            410 if world.settings.auth == "off" else 403,
            {"message": "This instance is not known, or its job has ended."},
        )
    if request.method != "POST" or len(request.body) > MAX_REPORT:
        return _json(400, {"message": f"POST at most {MAX_REPORT} bytes of JSON."})
    if request.path == "/_instance/credentials":
        return await _credentials(Instance.of(row), world)
    if request.path == "/_instance/report":
        return await _report(row, request.body, world)
    return _json(404, {"message": "There are /_instance/credentials and /_instance/report."})


async def _credentials(instance: Instance, world: World) -> HttpResponse:
    try:
        issued = await world.providers.role_credentials(
            instance.role_arn, instance.session_name, _CREDENTIAL_SECONDS, instance.owner
        )
    except ServiceError as error:
        return _json(403, {"code": error.code, "message": error.message})
    return _json(
        200,
        {
            "AccessKeyId": issued.access_key,
            "SecretAccessKey": issued.secret,
            "Token": issued.session_token,
            "Expiration": datetime.fromtimestamp(issued.expires_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "RoleArn": instance.role_arn,
        },
    )


async def _report(row: Row, body: bytes, world: World) -> HttpResponse:
    try:
        said = orjson.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict) or said.get("phase") not in PHASES:
        return _json(400, {"message": f"A report is a JSON object whose phase is one of {', '.join(PHASES)}."})
    report = reports.understood(said)
    utilization, host = report.pop("utilization"), report.pop("host")
    phase = report["phase"]
    changed = phase != row["phase"]
    timekeeping.catch_up(world)  # else what ended after an advance would seem to have ended before it
    now, ahead = world.clock.wall(), world.clock.now() - world.clock.wall()

    def work(tx: Transaction) -> None:
        # Its phase as it is by now: reports overtake each other when one was slow and is sent again.
        current = tx.one("SELECT phase, report FROM instances WHERE id = :id", {"id": row["id"]})
        if current is None or PHASES.index(phase) < PHASES.index(current["phase"]):
            return
        known = orjson.loads(current["report"])
        moments = {entered: at + ahead for entered, at in report["times"].items()} | known.get("moments", {})
        if report["active"] is not None:
            same = report["active"] == known.get("active")
            moments["active"] = known["moments"]["active"] if same else report["active"] + ahead
        text = orjson.dumps({**report, "moments": moments})
        tx.run(
            "UPDATE instances SET phase = :phase, report = :report, reported_at = :now WHERE id = :id",
            {"phase": phase, "report": text.decode(), "now": now, "id": row["id"]},
        )
        if phase != current["phase"]:
            leases.wake(tx, row["owner"], now)

    await (world.write if changed else world.db.write)(work)
    if utilization:
        await measures.utilization(world, row["owner"], host, utilization)
    return _json(200, {"stop": bool(row["stop"])})


def hash_of(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _json(status: int, value: object) -> HttpResponse:
    return HttpResponse(status, [("content-type", "application/json")], orjson.dumps(value))
