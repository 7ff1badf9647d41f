"""`/_capacity`: what this machine has, what of it is given to instances, and what waits for some.

An instance has what its type has, or all there is where that is less (`--capacity elastic`): together they may have
more than the machine. How busy they are, their own metrics tell.
"""

from __future__ import annotations

import asyncio
from typing import Any

from salvia.control.authorize import permits
from salvia.control.call import Call
from salvia.runtimes.gpus import Gpus
from salvia.runtimes.instance_types import instance_type
from salvia.runtimes.machine import available
from salvia.store import usage
from salvia.store.db import Row

from .visit import Visit

_MOST_WAITING = 100
_WAITING = """
SELECT c.cpus, c.memory, c.asked_at, d.kind, d.name, d.arn, d.state, d.region
FROM capacity_claims c LEFT JOIN documents d ON d.id = c.owner
WHERE c.granted = 0 AND (d.account = :account OR d.id IS NULL) ORDER BY c.asked_at, c.owner LIMIT :limit"""


async def show(visit: Visit) -> dict[str, Any]:
    """Cores, bytes of memory and GPUs; what one may not describe waits without a name."""
    world, account, now = visit.world, visit.session.caller.account, int(visit.world.clock.now()) + 1
    gpus = Gpus(world.settings.home / "runtime")
    found, taken, whole = await asyncio.to_thread(lambda: (gpus.found(), gpus.taken(), available()))
    running = [one for one in await usage.between(world.db, account, now, now) if one.ended_at is None]
    kinds = [(kind, one.use.amount) for one in running if (kind := instance_type(one.use.item)) is not None]
    given = [(kind.fitted(whole), amount) for kind, amount in kinds]
    cpus, memory = (sum(amount * one[place] for one, amount in given) for place in (0, 1))
    waiting = await world.db.scan(_WAITING, {"account": account, "limit": _MOST_WAITING})
    return {
        "Mode": world.settings.capacity,
        "Cores": _amount(whole.cpus, cpus),
        "Memory": _amount(whole.memory, memory),
        "Gpus": {**_amount(len(found), len(taken)), "Models": [gpu.model or f"nvidia{gpu.minor}" for gpu in found]},
        "Instances": sum(amount for _, amount in kinds),
        "Waiting": [_waits(visit, row) for row in waiting],
    }


def _amount(whole: float, used: float) -> dict[str, float]:
    return {"Total": whole, "Used": used, "Free": max(0, whole - used)}


def _waits(visit: Visit, row: Row) -> dict[str, Any]:
    """A job, or one of an endpoint's instances, which wait each for itself and are no documents."""
    wants = {"Since": row["asked_at"], "Cores": row["cpus"], "Memory": row["memory"]}
    if row["kind"] is None:
        return {"Noun": "Endpoint", **wants}
    caller, noun = visit.session.caller, row["kind"].rpartition(":")[2]
    call = Call("sagemaker", "", {}, caller, caller.account, row["region"], "", visit.world, visit.request)
    if not permits(call, f"sagemaker:Describe{noun}", row["arn"]):
        return {"Noun": noun, **wants}
    return {"Noun": noun, "Name": row["name"], "Arn": row["arn"], "Status": row["state"], **wants}
