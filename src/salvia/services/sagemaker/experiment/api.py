"""What experiments do beyond being records: components join trials, and are found by them."""

from __future__ import annotations

from typing import Any

from salvia.control import components, crud, records
from salvia.control.call import Call, operation
from salvia.control.listing import Within
from salvia.core.errors import validation_error
from salvia.store.db import Transaction

from . import TRIAL, TRIAL_COMPONENT, joins

_JOIN = "INSERT INTO trial_components (trial, component) VALUES (:trial, :component) ON CONFLICT DO NOTHING"
_LEAVE = "DELETE FROM trial_components WHERE trial = :trial AND component = :component"


async def _run(call: Call, statement: str) -> dict[str, Any]:
    def work(tx: Transaction) -> dict[str, Any]:
        trial = crud.look_up(call, TRIAL, call.request["TrialName"], tx)
        component = crud.look_up(call, TRIAL_COMPONENT, call.request["TrialComponentName"], tx)
        tx.run(statement, {"trial": trial.id, "component": component.id})
        return {"TrialArn": trial.arn, "TrialComponentArn": component.arn}

    return await call.db.write(work)


@operation("AssociateTrialComponent")
async def associate_trial_component(call: Call) -> dict[str, Any]:
    """Make a component part of a trial; once it is, nothing changes. Source: API_AssociateTrialComponent."""
    return await _run(call, _JOIN)


@operation("DisassociateTrialComponent")
async def disassociate_trial_component(call: Call) -> dict[str, Any]:
    """Take a component out of a trial; other trials keep it. Source: API_DisassociateTrialComponent."""
    return await _run(call, _LEAVE)


@operation("DescribeTrialComponent")
async def describe_trial_component(call: Call) -> dict[str, Any]:
    """A component, and a summary of each of its metrics. Source: API_DescribeTrialComponent."""
    component = crud.find(call, TRIAL_COMPONENT, call.request["TrialComponentName"])
    summaries = await joins.metrics(call.db, [component])
    return {**crud.describe(TRIAL_COMPONENT, component), "Metrics": summaries[component.id]}


@operation("ListTrials")
async def list_trials(call: Call) -> dict[str, Any]:
    """Trials, all, of an experiment, or with a component. Source: API_ListTrials."""
    if "TrialComponentName" not in call.request:
        return await records.answer(call, TRIAL)
    if "ExperimentName" in call.request:
        raise validation_error("ListTrials filters by ExperimentName or by TrialComponentName, not by both.")
    component = crud.find(call, TRIAL_COMPONENT, call.request["TrialComponentName"])
    part = "id IN (SELECT trial FROM trial_components WHERE component = :component)"
    return await records.answer(call, TRIAL, within=Within(part, {"component": component.id}))


@operation("ListTrialComponents")
async def list_trial_components(call: Call) -> dict[str, Any]:
    """Components, all, of an experiment, of a trial, or of a source. Source: API_ListTrialComponents.

    Raises ValidationException for more than one of these filters.
    """
    request = call.request
    given = [member for member in ("ExperimentName", "TrialName", "SourceArn") if member in request]
    if len(given) > 1:
        raise validation_error(f"ListTrialComponents filters by one property, not by {' and '.join(given)}.")
    within = None
    if "TrialName" in request:
        trial = crud.find(call, TRIAL, request["TrialName"])
        within = Within("id IN (SELECT component FROM trial_components WHERE trial = :trial)", {"trial": trial.id})
    if "ExperimentName" in request:
        assert TRIAL.parent is not None
        experiment = crud.find(call, TRIAL.parent, request["ExperimentName"])
        within = Within(
            "id IN (SELECT component FROM trial_components WHERE trial IN "
            "(SELECT id FROM documents WHERE owner = :experiment AND kind = :trials))",
            {"experiment": experiment.id, "trials": TRIAL.kind},
        )
    if "SourceArn" in request:
        within = Within("arn = :component", {"component": components.of(request["SourceArn"])})
    return await records.answer(call, TRIAL_COMPONENT, within=within)
