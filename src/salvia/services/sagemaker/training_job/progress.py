"""What a training job shows of its instances while they run."""

from __future__ import annotations

from salvia.control.instances import Instance
from salvia.control.reports import PHASES
from salvia.control.world import World
from salvia.store.documents import Document

from . import attempts
from .transitions import MESSAGES, move

_VISIBLE = ("Downloading", "Training", "Uploading")


def show(job: Document, members: list[Instance], world: World) -> None:
    """The job is where its slowest instance is; each phase starts when the first instance entered it."""
    if not members:
        return
    slowest = min(PHASES.index(member.phase) for member in members)
    for phase in _VISIBLE:
        times = moments(job, members, phase, world)
        if PHASES.index(phase) <= slowest and times:
            attempts.run(job, min(times))
            if job.state != "Stopping" and _before(job, phase):
                move(job, phase, max(times) if phase == "Training" else min(times))
    _show_troubles(job, members)


def moments(job: Document, members: list[Instance], phase: str, world: World) -> list[float]:
    """When each of those that have was in a phase, in virtual time; neither before its attempt nor in the future."""
    earliest, now = max(job.created_at, attempts.begun(job)), world.clock.now()
    told = [member.report.get("moments", {}).get(phase) for member in members]
    return [min(now, max(earliest, moment)) for moment in told if moment is not None]


def say(job: Document, trouble: str) -> None:
    """Say in the current transition what holds the job up."""
    last = job.status["SecondaryStatusTransitions"][-1]
    last["StatusMessage"] = f"{MESSAGES[last['Status']]} {trouble}"[:1024]
    job.status["_Trouble"] = True


def clear(job: Document) -> None:
    """It is looked at again: what was said may hold no more."""
    if job.status.pop("_Trouble", None):
        last = job.status["SecondaryStatusTransitions"][-1]
        last["StatusMessage"] = MESSAGES[last["Status"]]


def _show_troubles(job: Document, members: list[Instance]) -> None:
    """What goes wrong without ending the job (logs or metrics that the role may not write) is said where it shows."""
    troubles = dict.fromkeys(member.report["message"] for member in members if member.report.get("message"))
    last = job.status["SecondaryStatusTransitions"][-1]
    if troubles and last["Status"] in MESSAGES:
        last["StatusMessage"] = f"{MESSAGES[last['Status']]} {' '.join(troubles)}"


def _before(job: Document, phase: str) -> bool:
    current = job.status["SecondaryStatus"]
    return current not in PHASES or PHASES.index(current) < PHASES.index(phase)
