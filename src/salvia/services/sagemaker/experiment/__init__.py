"""Experiments, their trials, and the components that trials share.

A trial belongs to one experiment; a component may be part of several trials, or of none.
"""

from salvia.control.resource import RECORD, Resource

from . import joins

EXPERIMENT = Resource(
    noun="Experiment",
    key="ExperimentName",
    arn="experiment/{ExperimentName}",
    operations=RECORD,
    page=10,
    defaults={"DisplayName": "{ExperimentName}"},
    searchable="Experiment",
)

TRIAL = Resource(
    noun="Trial",
    key="TrialName",
    arn="experiment-trial/{TrialName}",
    operations=RECORD,
    page=10,
    parent=EXPERIMENT,
    defaults={"DisplayName": "{TrialName}"},
    searchable="ExperimentTrial",
    joins={"TrialComponentSummaries": joins.components},
    ties=(("trial components", "trial_components", "trial"),),
)

TRIAL_COMPONENT = Resource(
    noun="TrialComponent",
    key="TrialComponentName",
    arn="experiment-trial-component/{TrialComponentName}",
    operations=RECORD,
    page=10,
    defaults={"DisplayName": "{TrialComponentName}"},
    searchable="ExperimentTrialComponent",
    joins={"Parents": joins.parents, "Metrics": joins.metrics},
    ties=(
        ("trials that it is part of", "trial_components", "component"),
        ("associations", "associations", "source"),
        ("associations", "associations", "destination"),
    ),
    purges=(("trial_metrics", "component"),),
)
