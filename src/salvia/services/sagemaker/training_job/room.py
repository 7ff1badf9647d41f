"""Whether the machine has room for a training job: under `--capacity strict` it waits, and says for what.

Source: API_DescribeTrainingJob, SecondaryStatus "Pending - The training job is waiting for compute capacity".
"""

from __future__ import annotations

from salvia.control import capacity
from salvia.control.world import World
from salvia.store.documents import Document

from . import launch
from .hosts import counts
from .transitions import move

# "takes effect only for jobs that request accelerated computing instance types"; API_StoppingCondition
_ACCELERATED = ("ml.p", "ml.g", "ml.trn")


async def wait(job: Document, world: World) -> bool:
    """Whether the job has to wait, which it then says. Raises ServiceError for one that never fits."""
    wanted = capacity.instances(counts(job.spec["ResourceConfig"]))
    waiting = await capacity.wait(job, world, launch.runtime(job, world), wanted)
    if waiting:
        move(job, "Pending", world.clock.now(), waiting)
    elif job.status["SecondaryStatus"] == "Pending":
        move(job, "Starting", world.clock.now())
    return bool(waiting)


def accelerated(job: Document) -> bool:
    """Whether any of its instances has an accelerator."""
    return any(kind.startswith(_ACCELERATED) for kind in counts(job.spec["ResourceConfig"]))
