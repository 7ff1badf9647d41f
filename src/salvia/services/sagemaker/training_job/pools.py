"""Warm pools: the instances of a job that ended, kept for the next one that matches.

While a pool is Available it has a row; whoever deletes the row has the pool: a job that matches, which takes the
instances over, or the job that left it, when its time is over. Source: the guide, "Train using SageMaker managed warm
pools".
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from salvia.control import capacity, quotas
from salvia.control.instances import Instance
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.runtimes.base import InstanceState
from salvia.store import documents, leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import attempts, billing, limits

_LOOK = 5.0  # seconds between looks whether a kept instance is still there
_LONGEST = 7 * 86_400.0  # "the maximum length of time that a warm pool cluster can continue running"
_MATCHING = (
    "RoleArn",
    "VpcConfig",
    "EnableInterContainerTrafficEncryption",
    "EnableNetworkIsolation",
    "SessionChainingConfig",
)
_MATCHING_RESOURCES = ("InstanceCount", "InstanceType", "VolumeKmsKeyId", "VolumeSizeInGB")


def wanted(job: Document) -> bool:
    """Whether its instances are to be kept once it has ended."""
    return bool(job.spec["ResourceConfig"].get("KeepAlivePeriodInSeconds"))


def matching(spec: dict[str, Any], node: str = "") -> str:
    """The same for jobs that may have each other's instances, which are on one node.

    Source: the guide, "Matching training jobs".
    """
    resources = spec["ResourceConfig"]
    values = [node] if node else []
    values += [spec.get(name) or None for name in _MATCHING] + [resources.get(name) for name in _MATCHING_RESOURCES]
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()


async def join(job: Document, world: World) -> None:
    """Take over a matching pool's instances, where there is one. Repeating it changes nothing."""
    fits = not (job.spec.get("EnableManagedSpotTraining") or job.spec["ResourceConfig"].get("InstanceGroups"))
    where = {"account": job.account, "region": job.region, "matching": matching(job.spec, world.node)}
    if not fits or "_Handles" in job.status or attempts.current(job) or not _found(world.db.read(), where):
        return

    def take_over(tx: Transaction) -> None:
        row = _found(tx, where)
        if row is None or tx.run("DELETE FROM warm_pools WHERE job = :job", {"job": row["job"]}) != 1:
            return
        left = documents.by_id(tx, row["job"])
        if left is None or left.status["_Pool"]["until"] <= world.clock.now():
            return  # its time is over: the job that left it sees to its end
        quotas.give_back(tx, left.account, left.region, left.status.get("_PoolClaims", {}))
        now = world.clock.now()
        pool = _close(left, now, "Reused")
        left.status["WarmPoolStatus"]["ReusedByJob"] = job.name
        documents.update(tx, left)
        billing.release(tx, left, now)
        capacity.hand_over(tx, left.id, job.id)
        job.status |= {"_Handles": pool["handles"], "_BornAt": pool["born"], "WarmPoolStatus": {"Status": "InUse"}}
        leases.keep(tx, job)

    await world.db.write(take_over)


async def keep(job: Document, members: list[Instance], world: World) -> bool:
    """Let the instances rest, if the job wants it and they can; False: they are to be removed."""
    if not wanted(job) or not members:
        return False
    now = world.clock.now()
    born = job.status.get("_BornAt", job.created_at)
    until = min(now + job.spec["ResourceConfig"]["KeepAlivePeriodInSeconds"], born + _LONGEST)
    rests = until > now and all(member.handle and member.exit for member in members)
    rests = rests and await _all_live([member.handle or {} for member in members], world)
    if not rests or not await _count(job, world):
        job.status["WarmPoolStatus"] = {"Status": "Terminated"}
        return False
    try:
        for member in members:
            handle = member.handle or {}
            await world.runtimes[handle["runtime"]].rest(handle)
    except OSError:  # what does not die, or cannot be deleted, must not be there for the next job
        job.status["WarmPoolStatus"] = {"Status": "Terminated"}
        return False
    handles = [member.handle for member in members]
    job.status["_Pool"] = {"handles": handles, "born": born, "since": now, "until": until}
    job.status["WarmPoolStatus"] = {"Status": "Available"}
    return True


def offer(tx: Transaction, job: Document) -> None:
    """From now on a matching job may have the pool."""
    billing.keep(tx, job)
    tx.run(
        "INSERT INTO warm_pools (job, account, region, matching) VALUES (:job, :account, :region, :matching)",
        {"job": job.id, "account": job.account, "region": job.region, "matching": matching(job.spec, job.node)},
    )


async def tend(job: Document, world: World) -> Outcome:
    """The job has ended: look after the pool that it left, if it did."""
    if "_Leaving" in job.status:
        try:
            for handle in job.status["_Leaving"]:
                await world.runtimes[handle["runtime"]].remove(handle)
        except OSError:
            return Outcome(requeue=_LOOK)
        del job.status["_Leaving"]
        return Outcome(also=lambda tx: capacity.give_back(tx, job.id, world.clock.wall()))
    pool = job.status.get("_Pool")
    if pool is None:
        return Outcome()
    left = pool["until"] - world.clock.now()
    if left > 0 and await _all_live(pool["handles"], world):
        return Outcome(requeue=min(_LOOK, left))
    claims, ended = job.status.get("_PoolClaims", {}), min(world.clock.now(), pool["until"])
    _close(job, ended, "Terminated")
    job.status["_Leaving"] = pool["handles"]  # removed once nobody can take them over any more

    def also(tx: Transaction) -> None:
        tx.run("DELETE FROM warm_pools WHERE job = :job", {"job": job.id})
        billing.release(tx, job, ended)
        quotas.give_back(tx, job.account, job.region, claims)

    return Outcome(requeue=0, also=also)


def retain(job: Document, seconds: int, now: float) -> None:
    """Keep an Available pool for so long, from when its job ended; 0 ends it. What it was kept already, it was."""
    pool = job.status["_Pool"]
    job.spec["ResourceConfig"]["KeepAlivePeriodInSeconds"] = seconds
    pool["until"] = min(max(now, pool["since"] + seconds), pool["born"] + _LONGEST)


def _found(db: Any, where: dict[str, str]) -> Any:
    return db.one(
        "SELECT job FROM warm_pools WHERE account = :account AND region = :region AND matching = :matching "
        "ORDER BY job LIMIT 1",
        where,
    )


async def _count(job: Document, world: World) -> bool:
    """Count the pool as used; False when the account may keep no more: "a warm pool is then not retained"."""
    if "_PoolClaims" in job.status:
        return True

    def take(tx: Transaction) -> None:
        claims = quotas.take(tx, job.account, job.region, limits.pool_claims(job.spec["ResourceConfig"]))
        job.status["_PoolClaims"] = claims
        leases.keep(tx, job)

    try:
        await world.db.write(take)
    except ServiceError:
        return False
    return True


def _close(job: Document, at: float, status: str) -> dict[str, Any]:
    """The pool is no more Available; what keeping it cost is said."""
    job.status.pop("_PoolClaims", None)
    pool: dict[str, Any] = job.status.pop("_Pool")
    seconds = billing.seconds(pool["since"], at)
    job.status["WarmPoolStatus"] = {"Status": status, "ResourceRetainedBillableTimeInSeconds": seconds}
    return pool


async def _all_live(handles: list[dict[str, Any]], world: World) -> bool:
    for handle in handles:
        if await world.runtimes[handle["runtime"]].poll(handle) is not InstanceState.RUNNING:
            return False
    return True
