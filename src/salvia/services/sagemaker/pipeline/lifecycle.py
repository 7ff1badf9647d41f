"""An execution's life: each look notes which jobs have ended, and begins all that can begin.

Executing: settle ─▶ advance ─▶ Succeeded | Failed          Stopping: settle ─▶ stop ─▶ Stopped

Steps that are decided at once (conditions, reused results) are decided in the same look, and written with its end. Once
a step has failed no further begins; those that run are waited for.
"""

from __future__ import annotations

import asyncio
from typing import Any

from salvia.control import errand
from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.caller import service_caller
from salvia.core.errors import ServiceError
from salvia.store import documents, leases
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import PIPELINE_EXECUTION, callbacks, conditions, definition, making, policies, selective, shapes, steps, tokens
from .definition import Step
from .expressions import resolve, text
from .kinds import CALLBACK, KINDS
from .scope import SERVICE, ExecutionScope
from .steps import Begun

RECONCILES = PIPELINE_EXECUTION
_LOOK = 30.0  # seconds between looks at jobs that run: their ends wake the execution
_SOON = 2.0  # at endpoints, which wake nobody
_AT_ONCE = 500  # documents read by one query
_SIDE_BY_SIDE = 100  # messages on their way: they share commits
_REASON = 1024
_FAILED = "Step failure: One or multiple steps failed."


async def reconcile(execution: Document, world: World) -> Outcome:
    """One idempotent look at an execution."""
    if execution.state in PIPELINE_EXECUTION.terminal:
        return Outcome()
    return await Run(execution, world).look()


class Run:
    """One look: what was begun as it stands, and what of it changed."""

    def __init__(self, execution: Document, world: World) -> None:
        self.execution, self.world, self.now = execution, world, world.clock.now()
        db = world.db.read()
        self.graph = definition.of(db, execution.spec["_Version"])
        self.begun = steps.of(db, execution.id)
        self.changed: dict[str, Begun] = {}
        self.answered: list[str] = []
        self.scope = ExecutionScope(execution, world, self.graph, self.begun)

    async def look(self) -> Outcome:
        """Go as far as it goes now."""
        execution = self.execution
        self._settle()
        if execution.state == "Stopping":
            await self._stop()
        elif not self._any("Failed"):
            try:
                await self._experiment()
            except ServiceError as error:
                if error.status >= 500:
                    raise
                return self._end("Failed", f"PipelineExperimentConfig: {error.code}: {error.message}")
            await self._advance()
        if self._any("Failed"):
            self._drop("Starting")
        active = [one for one in self.begun.values() if one.state in steps.ACTIVE]
        if active:
            return Outcome(requeue=min(map(self._wait, active)), also=self._flush)
        if execution.state == "Stopping":
            return self._end("Stopped")
        return self._end("Failed", _FAILED) if self._any("Failed") else self._end("Succeeded")

    def _end(self, state: str, reason: str = "") -> Outcome:
        self.execution.state = state
        self.execution.modified_at = max(self.execution.modified_at, round(self.now, 3))
        if reason:
            self.execution.status["FailureReason"] = reason[:_REASON]
        return Outcome(also=self._flush)

    def _flush(self, tx: Transaction) -> None:
        steps.put(tx, self.changed.values())
        tokens.settle(tx, self.execution.id, self.answered, self.world.clock.wall())

    def _any(self, state: str) -> bool:
        return any(one.state == state for one in self.begun.values())

    def _wait(self, one: Begun) -> float:
        if one.state == "Starting":
            return max(0.0, float(one.result.get("_RetryAt", self.now + _LOOK)) - self.now)
        return _LOOK if self.graph.steps[one.name].kind.wakes else _SOON

    def _settle(self) -> None:
        """Note the ends of what runs."""
        running = [one for one in self.begun.values() if one.state in ("Executing", "Stopping")]
        watched = {one.child: one for one in running if self.graph.steps[one.name].type != CALLBACK}
        self._answers({one.child: one for one in running if one.child not in watched})
        found: dict[str, Document] = {}
        children = list(watched)
        for start in range(0, len(children), _AT_ONCE):
            found |= documents.several(self.world.db.read(), children[start : start + _AT_ONCE])
        for child, one in watched.items():
            noun, states = self.graph.steps[one.name].kind.noun, self.graph.steps[one.name].kind.states or {}
            made = found.get(child)
            state = states.get(made.state) if made is not None else "Failed"
            if made is None:
                self._failed(one, f"ClientError: the {noun} of this step was deleted before it ended.")
            elif state == "Succeeded":
                self._ended(one, "Succeeded")
            elif state == "Stopped" and self.execution.state == "Stopping":
                self._ended(one, "Stopped")
            elif state is not None:
                reason = made.status.get("FailureReason") or f"ClientError: {noun} {made.name} is {made.state}."
                self._failed(one, reason, policies.of_failure(reason))

    def _answers(self, waiting: dict[str, Begun]) -> None:
        """Note the answers to callbacks."""
        for token, answer in tokens.answered(self.world.db.read(), self.execution.id).items():
            self.answered.append(token)
            one = waiting.get(token)
            if one is None:
                continue
            if "OutputParameters" in answer:
                one.result["Metadata"]["Callback"]["OutputParameters"] = answer["OutputParameters"]
                self._ended(one, "Succeeded")
            elif self.execution.state == "Stopping":
                self._ended(one, "Stopped")
            else:
                self._ended(one, "Failed", FailureReason=answer["FailureReason"])
            one.ended_at = answer["EndTime"]

    async def _advance(self) -> None:
        """Begin each step whose needs have succeeded; steps are in an order in which one look suffices."""
        wanted = selective.selected(self.execution)
        most = (self.execution.spec.get("ParallelismConfiguration") or {}).get("MaxParallelExecutionSteps")
        active = sum(one.state in ("Executing", "Stopping") for one in self.begun.values())
        blocked: set[str] = set()
        calls: list[tuple[Step, Begun | None]] = []
        for number, (name, step) in enumerate(self.graph.steps.items()):
            if number % 256 == 255:
                await asyncio.sleep(0)  # others' turn
            one = self.begun.get(name)
            if one is not None and (one.state != "Starting" or one.result.get("_RetryAt", 0.0) > self.now):
                continue
            if (wanted is not None and name not in wanted) or self._cut_off(step, blocked):
                blocked.add(name)
                continue
            if not all(other in self.begun and self.begun[other].state == "Succeeded" for other in step.needs):
                continue
            if most is not None and active >= most and step.type in KINDS:
                continue
            if step.type == CALLBACK:
                calls.append((step, one))
                active += 1
                continue
            one = await self._begin(step, one)
            active += one.state == "Executing"
            if one.state == "Failed":
                return
        await self._call_out(calls)

    async def _call_out(self, found: list[tuple[Step, Begun | None]]) -> None:
        """Begin Callback steps, side by side; what was decided before them is kept before them."""
        if found and self.changed:

            def decided(tx: Transaction) -> None:
                leases.keep(tx, self.execution)
                self._flush(tx)

            await self.world.db.write(decided)
            self.changed.clear()
        for start in range(0, len(found), _SIDE_BY_SIDE):
            begun = (self._begin(step, one) for step, one in found[start : start + _SIDE_BY_SIDE])
            for result in await asyncio.gather(*begun, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result

    def _cut_off(self, step: Step, blocked: set[str]) -> bool:
        """Whether it will not run: it is in the branch that was not taken, or needs what is."""
        if step.needs & blocked:
            return True
        if step.branch is None:
            return False
        condition = self.begun.get(step.branch[0])
        if condition is None or condition.state != "Succeeded":
            return False
        outcome: str = condition.result["Metadata"]["Condition"]["Outcome"]
        return outcome != str(step.branch[1])

    async def _begin(self, step: Step, one: Begun | None) -> Begun:
        if one is None:
            one = Begun(self.execution.id, step.name, self.execution.owner, len(self.begun), started_at=self.now)
            self.begun[step.name] = one
        self.changed[step.name] = one
        try:
            if step.type == "Condition":
                outcome = all([await conditions.holds(each, self.scope) for each in step.arguments["Conditions"]])
                self._ended(one, "Succeeded", Metadata={"Condition": {"Outcome": str(outcome)}})
            elif step.type == "Fail":
                message = text(await resolve(step.arguments["ErrorMessage"], self.scope))
                self._ended(
                    one, "Failed", Metadata={"Fail": {"ErrorMessage": message}}, FailureReason=message[:_REASON]
                )
            elif step.type == CALLBACK:
                arguments, url = await resolve([step.arguments, step.raw["SqsQueueUrl"]], self.scope)
                await callbacks.send(self.execution, self.world, one, text(url), arguments, self.scope.role())
                self.changed.pop(step.name)
            else:
                await self._make(step, one)
        except ValueError as error:
            self._failed(one, f"ClientError: {error}.")
        except ServiceError as error:
            kind = "ClientError" if error.status < 500 else "InternalServerError"
            self._failed(one, f"{kind}: {error.code}: {error.message}", policies.of_refusal(error.code, error.status))
        return one

    async def _make(self, step: Step, one: Begun) -> None:
        prefix = step.arguments.get(step.kind.key, "")
        if isinstance(prefix, str):  # else the job's name cannot be told before it is resolved
            name = making.child_name(self.execution.spec["_Id"], step.name, one.attempt, prefix)
            self.scope.variables[step.kind.key] = name
        request = shapes.fitted(step.kind.create, await resolve(step.arguments, self.scope))
        self.scope.variables.pop(step.kind.key, None)
        wrong = list(shapes.problems(step.kind.create, request, step.kind.key))
        if wrong:
            raise ValueError("; ".join(wrong))
        one.cache_key = policies.cache_key(step, request)
        if one.cache_key and self._reused(step, one):
            return
        await making.make(self.execution, self.world, step, one, request, self.scope.role(), self._flush)
        self.changed.clear()  # it is all written

    def _reused(self, step: Step, one: Begun) -> bool:
        """Take over what another run of the step has made, where there is one."""
        since = self.now - (policies.seconds(step.raw["CacheConfig"]["ExpireAfter"]) or 0.0)
        db = self.world.db.read()
        hit = steps.cached(db, one.pipeline, one.cache_key, since)
        if hit is None or documents.by_id(db, hit.child) is None:
            return False
        source = documents.by_id(db, hit.execution)
        assert source is not None, hit.execution
        one.child, one.cache_key = hit.child, ""  # it ages with the run that made it
        shown = {"CacheHitResult": {"SourcePipelineExecutionArn": source.arn}}
        self._ended(one, "Succeeded", Metadata=hit.result["Metadata"], **shown)
        return True

    def _ended(self, one: Begun, state: str, **more: Any) -> None:
        one.end(state, self.world.clock.now(), **more)
        self.changed[one.name] = one

    def _failed(self, one: Begun, reason: str, error: str = "") -> None:
        """A step has failed, unless it is to be tried again."""
        step, failures = self.graph.steps[one.name], one.result.get("_Failures", 0) + 1
        wait = None
        if error and self.execution.state == "Executing":
            wait = policies.delay(step, error, failures, one.started_at, self.now)
        if wait is None:
            self._ended(one, "Failed", FailureReason=reason[:_REASON])
            return
        self.changed[one.name] = self.begun[one.name] = one.again(one.started_at)
        self.begun[one.name].result |= {
            "FailureReason": f"{reason[: _REASON - 40]} It is tried again.",
            "_RetryAt": self.now + wait,
            "_Failures": failures,
        }

    async def _stop(self) -> None:
        """Ask each job to stop; none begins any more."""
        self._drop("Starting")
        caller = service_caller(SERVICE, self.execution.account)
        for one in self.begun.values():
            kind = self.graph.steps[one.name].type
            if one.state != "Executing":
                continue
            if kind == CALLBACK:
                await self._give_up(one)
                continue
            noun = self.graph.steps[one.name].kind.noun
            made = documents.by_id(self.world.db.read(), one.child)
            if kind != "Endpoint" and made is not None:  # an endpoint is waited for: nothing stops its creation
                request = {f"{noun}Name": made.name}
                try:
                    await errand.run(
                        self.world, caller, SERVICE, self.execution.region, "sagemaker", f"Stop{noun}", request
                    )
                except ServiceError as error:
                    if error.status >= 500:  # else it has just ended, which the next look finds
                        raise
            one.state = "Stopping"
            self.changed[one.name] = one

    async def _give_up(self, one: Begun) -> None:
        """Tell whoever does a callback's work; where nobody can be told, nobody will answer."""
        try:
            arguments = await resolve(self.graph.steps[one.name].arguments, self.scope)
            await callbacks.stop(self.execution, self.world, one, arguments, self.scope.role())
        except (ServiceError, ValueError) as error:
            if isinstance(error, ServiceError) and error.status >= 500:
                raise
            self._ended(one, "Stopped")

    def _drop(self, state: str) -> None:
        """What waits to be tried again will not be."""
        for one in self.begun.values():
            if one.state == state:
                self._ended(one, "Stopped")

    async def _experiment(self) -> None:
        """Before the first step. Source: PipelineExperimentConfig of the SDKs."""
        if not self.graph.experiment or "PipelineExperimentConfig" in self.execution.status:
            return
        own = {"ExperimentName": self.execution.spec["_Name"], "TrialName": self.execution.spec["_Id"]}
        names = {**own, **await resolve(self.graph.experiment, self.scope)}
        await making.experiment(self.execution, self.world, service_caller(SERVICE, self.execution.account), names)
        self.execution.status["PipelineExperimentConfig"] = names
