"""Validation of what somebody brings: its profile's jobs, in the name of the ValidationRole, one after the other.

Pending ─▶ the stages, each a job, or the model of one ─▶ Completed | Failed     Deleting: stop the jobs, then go

A job and the note of whose it is are one commit, under the subject's lease: none is made twice, or forgotten. Its end
wakes the subject.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from salvia.core.caller import service_caller
from salvia.core.errors import ServiceError
from salvia.store import documents, leases
from salvia.store.db import Transaction
from salvia.store.documents import Conflict, Document

from . import crud, errand
from .authorize import pass_role
from .call import Call
from .reconcile import Outcome
from .resource import Resource
from .world import World

_SERVICE = "sagemaker.amazonaws.com"
_LOOK = 30.0  # seconds between looks at a job that runs
_ENDED = frozenset({"Completed", "Failed", "Stopped"})
_JOBS = {"TrainingJob": "training job", "TransformJob": "transform job"}
_REASON = 1024
Made = Mapping[str, Document]


class Stage(NamedTuple):
    """What is made next: its noun, and the request for it, of its name and of what was made before."""

    noun: str
    request: Callable[[str, Made], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Validation:
    """That of one noun; `stages` tells what a subject's profile asks for."""

    resource: Resource
    stages: Callable[[Document], Sequence[Stage]]

    @property
    def details(self) -> str:
        """The member that tells how the profile stands."""
        return f"{self.resource.noun}StatusDetails"

    @staticmethod
    def check(call: Call) -> None:
        """Raise unless the role of the ValidationSpecification that a request may have is the caller's to pass."""
        asked = call.request.get("ValidationSpecification")
        if asked:
            pass_role(call, asked["ValidationRole"], to=_SERVICE)

    def begin(self, call: Call, subject: Document) -> None:
        """Have a new subject validated before it can be used, if it asks."""
        asked = subject.spec.get("ValidationSpecification")
        profiles = asked["ValidationProfiles"] if asked else ()
        subject.status[self.details] = {
            **subject.status.get(self.details, {}),
            "ValidationStatuses": [{"Name": one["ProfileName"], "Status": "NotStarted"} for one in profiles],
        }
        subject.state = "Pending" if profiles else "Completed"
        subject.due_at = call.clock.wall() if profiles else None

    async def remove(self, call: Call, name: str) -> None:
        """Forget a subject; one that is being validated goes when its jobs have stopped. What used it stays.

        Raises ConflictException when it is being deleted already.
        """
        if crud.find(call, self.resource, name).state in self.resource.terminal:
            await crud.remove(call, self.resource, name)
            return

        def begin(subject: Document) -> None:
            if subject.state == "Deleting":
                raise ServiceError("ConflictException", f"{subject.arn} is being deleted already.")
            subject.state = "Deleting"

        await crud.change(call, self.resource, name, begin, wake=True)

    async def reconcile(self, subject: Document, world: World) -> Outcome:
        """One idempotent step towards a verdict, or the end."""
        if subject.state == "Deleting":
            return await self._delete(subject, world)
        if subject.state in self.resource.terminal:
            return Outcome()
        try:
            return await self._validate(subject, world)
        except Conflict:
            raise
        except ServiceError as error:
            if error.status < 500:
                return self._say(subject, "Failed", f"{error.code}: {error.message}")
            self._say(subject, self._stage(subject), f"{error.message} It is tried again.")
            raise
        except Exception as error:
            self._say(subject, self._stage(subject), f"{type(error).__name__}: {error}. It is tried again.")
            raise

    async def _validate(self, subject: Document, world: World) -> Outcome:
        """Make what comes next, or look at the job that runs."""
        made: dict[str, Document] = {}
        for stage in self.stages(subject):
            child = next(iter(documents.owned(world.db.read(), subject.id, f"sagemaker:{stage.noun}")), None)
            if child is None:
                if not made and subject.state != "Pending":
                    what = f"{_JOBS.get(stage.noun, 'model')} {_name(subject)}"
                    return self._say(subject, "Failed", f"The {what} was deleted before the validation ended.")
                return await self._make(subject, world, stage, made)
            self._say(subject, "InProgress")
            if stage.noun in _JOBS and child.state != "Completed":
                if child.state not in _ENDED:
                    return Outcome(requeue=_LOOK)
                reason = child.status.get("FailureReason") or "it was stopped"
                return self._say(subject, "Failed", f"The {_JOBS[stage.noun]} {child.name} is {child.state}: {reason}")
            made[stage.noun] = child
        return self._say(subject, "Completed")

    async def _make(self, subject: Document, world: World, stage: Stage, made: Made) -> Outcome:
        """Call an operation as the ValidationRole; what it makes belongs to the subject from the same commit on."""
        role = subject.spec["ValidationSpecification"]["ValidationRole"]
        caller = errand.in_role(world.db.read(), role, "SageMaker")
        name, kind = _name(subject), f"sagemaker:{stage.noun}"
        place = {"kind": kind, "account": subject.account, "region": subject.region, "name": name}

        def adopt(tx: Transaction) -> None:
            subject.state = "InProgress"
            self._say(subject, "InProgress")
            leases.keep(tx, subject)
            tx.run(
                "UPDATE documents SET owner = :owner "
                "WHERE kind = :kind AND account = :account AND region = :region AND name = :name",
                {**place, "owner": subject.id},
            )

        request = stage.request(name, made)
        await errand.run(world, caller, _SERVICE, subject.region, "sagemaker", f"Create{stage.noun}", request, adopt)
        return Outcome(requeue=_LOOK if stage.noun in _JOBS else 0)

    async def _delete(self, subject: Document, world: World) -> Outcome:
        """Stop the jobs that still run; once none does, the subject is gone. They, and the model, stay."""
        running = [
            (noun, job)
            for noun in _JOBS
            for job in documents.owned(world.db.read(), subject.id, f"sagemaker:{noun}")
            if job.state not in _ENDED
        ]
        for noun, job in running:
            if job.state != "Stopping":
                caller = service_caller(_SERVICE, subject.account)
                request = {f"{noun}Name": job.name}
                await errand.run(world, caller, _SERVICE, subject.region, "sagemaker", f"Stop{noun}", request)
        return Outcome(requeue=_LOOK) if running else Outcome(delete=True)

    @staticmethod
    def _stage(subject: Document) -> str:
        return "NotStarted" if subject.state == "Pending" else "InProgress"

    def _say(self, subject: Document, status: str, reason: str = "") -> Outcome:
        """Show how the profile stands; Completed and Failed are also the subject's end."""
        item = subject.status[self.details]["ValidationStatuses"][0]
        item["Status"] = status
        item.pop("FailureReason", None)
        if reason:
            item["FailureReason"] = reason[:_REASON]
        if status in self.resource.terminal:
            subject.state = status
        return Outcome()


def _name(subject: Document) -> str:
    """That of the jobs and the model: no other subject's, also none's that had the same name before."""
    return f"{subject.name.replace('/', '-')[:50].rstrip('-')}-{subject.id[-12:]}"
