"""Experiments, trials, components and their metrics. Expectations: API reference; boto3's models."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import PROBE, Jobs, Server

_numbers = itertools.count(1)


@pytest.fixture
def sagemaker(salvia: Server) -> Any:
    return salvia.client("sagemaker")


@pytest.fixture
def metrics(salvia: Server) -> Any:
    return salvia.client("sagemaker-metrics")


def a_name(kind: str) -> str:
    return f"{kind}-{next(_numbers)}"


def an_experiment(sagemaker: Any, trials: int = 1, components: int = 1) -> tuple[str, list[str], list[str]]:
    """An experiment; its trials; components, all of which are part of all trials."""
    experiment = a_name("experiment")
    sagemaker.create_experiment(ExperimentName=experiment)
    trial_names = [a_name("trial") for _ in range(trials)]
    component_names = [a_name("component") for _ in range(components)]
    for trial in trial_names:
        sagemaker.create_trial(TrialName=trial, ExperimentName=experiment)
    for component in component_names:
        sagemaker.create_trial_component(TrialComponentName=component)
        for trial in trial_names:
            sagemaker.associate_trial_component(TrialName=trial, TrialComponentName=component)
    return experiment, trial_names, component_names


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def names(client: Any, operation: str, key: str, **request: Any) -> set[str]:
    pages = client.get_paginator(operation).paginate(**request, PaginationConfig={"PageSize": 2})
    return {entry[key] for page in pages for part in page.values() if isinstance(part, list) for entry in part}


def test_a_trial_needs_its_experiment(sagemaker: Any) -> None:
    """API_CreateTrial: ResourceNotFound."""
    code, message = refused(sagemaker.create_trial, TrialName=a_name("trial"), ExperimentName="nobody-made-this")
    assert code == "ResourceNotFound"
    assert "nobody-made-this" in message


def test_a_trial_is_described_and_updated(sagemaker: Any) -> None:
    """API_DescribeTrial, API_UpdateTrial."""
    experiment, [trial], _ = an_experiment(sagemaker)
    sagemaker.update_trial(TrialName=trial, DisplayName="shown")
    found = sagemaker.describe_trial(TrialName=trial)
    assert (found["ExperimentName"], found["DisplayName"]) == (experiment, "shown")
    user = sagemaker.describe_trial(TrialName=trial)["LastModifiedBy"]["IamIdentity"]
    assert user["Arn"].startswith("arn:aws:iam::123456789012:")


def test_lists_follow_what_belongs_together(sagemaker: Any) -> None:
    """API_ListTrials and API_ListTrialComponents filter by experiment, by trial and by component."""
    first, trials, components = an_experiment(sagemaker, trials=2, components=3)
    _, [other], [alone] = an_experiment(sagemaker)
    assert names(sagemaker, "list_trials", "TrialName", ExperimentName=first) == set(trials)
    assert names(sagemaker, "list_trials", "TrialName", TrialComponentName=alone) == {other}
    assert names(sagemaker, "list_trials", "TrialName") >= {*trials, other}
    by = "TrialComponentName"
    assert names(sagemaker, "list_trial_components", by, ExperimentName=first) == set(components)
    assert names(sagemaker, "list_trial_components", by, TrialName=other) == {alone}
    assert names(sagemaker, "list_trial_components", by) >= {*components, alone}
    assert first in names(sagemaker, "list_experiments", "ExperimentName")
    code, message = refused(sagemaker.list_trial_components, ExperimentName=first, TrialName=other)
    assert (code, "ExperimentName and TrialName" in message) == ("ValidationException", True)


def test_what_is_in_use_is_not_deleted(sagemaker: Any) -> None:
    """API_DeleteExperiment: trials first; API_DeleteTrialComponent: disassociated from all trials first."""
    experiment, [trial], [component] = an_experiment(sagemaker)
    for call, request, word in (
        (sagemaker.delete_experiment, {"ExperimentName": experiment}, "Trials"),
        (sagemaker.delete_trial, {"TrialName": trial}, "trial components"),
        (sagemaker.delete_trial_component, {"TrialComponentName": component}, "trials that it is part of"),
    ):
        code, message = refused(call, **request)
        assert (code, word in message) == ("ValidationException", True)
    sagemaker.disassociate_trial_component(TrialName=trial, TrialComponentName=component)
    sagemaker.delete_trial_component(TrialComponentName=component)
    sagemaker.delete_trial(TrialName=trial)
    sagemaker.delete_experiment(ExperimentName=experiment)
    assert refused(sagemaker.describe_trial, TrialName=trial)[0] == "ResourceNotFound"


def test_components_join_what_exists(sagemaker: Any) -> None:
    """API_AssociateTrialComponent: ResourceNotFound; twice is once."""
    _, [trial], [component] = an_experiment(sagemaker)
    answer = sagemaker.associate_trial_component(TrialName=trial, TrialComponentName=component)
    assert answer["TrialArn"].endswith(f":experiment-trial/{trial}")
    assert answer["TrialComponentArn"].endswith(f":experiment-trial-component/{component}")
    missing = {"TrialName": trial, "TrialComponentName": "nobody-made-this"}
    assert refused(sagemaker.associate_trial_component, **missing)[0] == "ResourceNotFound"


def points(values: list[float], name: str = "loss", start: float | None = None) -> list[dict[str, Any]]:
    start = time.time() - 600 if start is None else start
    return [
        {"MetricName": name, "Timestamp": int(start) + 60 * step, "Step": step, "Value": value}
        for step, value in enumerate(values)
    ]


def test_metrics_are_summarised(sagemaker: Any, metrics: Any) -> None:
    """API_TrialComponentMetricSummary: minimum, maximum, mean, last, count and deviation of what was put."""
    _, _, [component] = an_experiment(sagemaker)
    values = [1e9 + 3.0, 1e9 + 1.0, 1e9 + 2.0]
    assert "Errors" not in metrics.batch_put_metrics(TrialComponentName=component, MetricData=points(values))
    metrics.batch_put_metrics(TrialComponentName=component, MetricData=points([0.5], "accuracy"))
    accuracy, loss = sagemaker.describe_trial_component(TrialComponentName=component)["Metrics"]
    assert (accuracy["MetricName"], accuracy["Count"], accuracy["StdDev"]) == ("accuracy", 1, 0.0)
    assert (loss["Min"], loss["Max"], loss["Last"], loss["Count"]) == (min(values), max(values), values[-1], 3)
    assert math.isclose(loss["Avg"], statistics.fmean(values))
    assert math.isclose(loss["StdDev"], statistics.pstdev(values), rel_tol=1e-6)
    assert loss["SourceArn"].endswith(component)


def test_values_that_cannot_be_kept_are_named(sagemaker: Any, metrics: Any) -> None:
    """API_metrics_BatchPutMetricsError: code and index; the others are kept."""
    _, _, [component] = an_experiment(sagemaker)
    data = [*points([1.0]), *points([math.nan]), *points([2.0], start=time.time() - 30 * 86_400)]
    errors = metrics.batch_put_metrics(TrialComponentName=component, MetricData=data)["Errors"]
    assert errors == [
        {"Code": "VALIDATION_ERROR", "MetricIndex": 1},
        {"Code": "VALIDATION_ERROR", "MetricIndex": 2},
    ]
    [loss] = sagemaker.describe_trial_component(TrialComponentName=component)["Metrics"]
    assert loss["Count"] == 1
    assert refused(metrics.batch_put_metrics, TrialComponentName="nobody-made-this", MetricData=points([1.0]))[0]


def test_metrics_go_with_their_component(sagemaker: Any, metrics: Any) -> None:
    """A new component of the same name begins without any."""
    component = a_name("component")
    for expected in (1, 1):
        sagemaker.create_trial_component(TrialComponentName=component)
        metrics.batch_put_metrics(TrialComponentName=component, MetricData=points([1.0]))
        [loss] = sagemaker.describe_trial_component(TrialComponentName=component)["Metrics"]
        assert loss["Count"] == expected
        sagemaker.delete_trial_component(TrialComponentName=component)


def test_series_are_read_back(sagemaker: Any, metrics: Any) -> None:
    """API_metrics_BatchGetMetrics: one value a step, or a period."""
    _, _, [component] = an_experiment(sagemaker)
    arn = sagemaker.describe_trial_component(TrialComponentName=component)["TrialComponentArn"]
    start = time.time() // 3_600 * 3_600 - 3_600
    metrics.batch_put_metrics(TrialComponentName=component, MetricData=points([5, 1, 2, 3, 4, 0], start=start))
    base = {"MetricName": "loss", "ResourceArn": arn}
    by_step = {**base, "MetricStat": "Last", "Period": "IterationNumber", "XAxisType": "IterationNumber"}
    by_time = {**base, "MetricStat": "Max", "Period": "FiveMinute", "XAxisType": "Timestamp"}
    result = metrics.batch_get_metrics(
        MetricQueries=[
            {**by_step, "Start": 1, "End": 3},
            by_time,
            {**by_time, "MetricStat": "Count", "Period": "OneHour"},
            {**by_step, "Period": "OneHour"},
            {**by_step, "ResourceArn": f"{arn}-not"},
        ]
    )["MetricQueryResults"]
    assert result[0] == {"Status": "Complete", "XAxisValues": [1, 2, 3], "MetricValues": [1.0, 2.0, 3.0]}
    assert (result[1]["XAxisValues"], result[1]["MetricValues"]) == ([int(start), int(start) + 300], [5.0, 0.0])
    assert result[2]["MetricValues"] == [6.0]
    assert [answer["Status"] for answer in result[3:]] == ["ValidationError", "ValidationError"]


def test_a_job_is_a_component_of_the_trial_that_it_names(sagemaker: Any, jobs: Jobs) -> None:
    """API_ExperimentConfig; the guide: the component is called after its job, and shows its inputs and outputs."""
    experiment, (trial,), _ = an_experiment(sagemaker)
    config = {"ExperimentName": experiment, "TrialName": trial, "TrialComponentDisplayName": "Shown"}
    definitions = [{"Name": "loss", "Regex": r"loss=([0-9.]+)"}]
    job = jobs.run(
        "print('loss=0.5'); open('/opt/ml/model/model', 'w').close()",
        ExperimentConfig=config,
        AlgorithmSpecification={"TrainingImage": PROBE, "TrainingInputMode": "File", "MetricDefinitions": definitions},
    )
    assert job["TrainingJobStatus"] == "Completed", job
    assert job["ExperimentConfig"] == config
    name = f"{job['TrainingJobName']}-aws-training-job"
    found = sagemaker.describe_trial_component(TrialComponentName=name)
    assert found["DisplayName"] == "Shown"
    assert found["Source"] == {"SourceArn": job["TrainingJobArn"], "SourceType": "SageMakerTrainingJob"}
    assert found["Status"] == {"PrimaryStatus": "Completed"}
    assert found["StartTime"] < found["EndTime"]
    assert found["Parameters"]["SageMaker.InstanceCount"] == {"NumberValue": 1.0}
    assert found["Parameters"]["code"]["StringValue"] == job["HyperParameters"]["code"]
    artefact = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert found["OutputArtifacts"]["SageMaker.ModelArtifact"]["Value"] == artefact
    assert [(metric["MetricName"], metric["Last"]) for metric in found["Metrics"]] == [("loss", 0.5)]
    assert name in names(sagemaker, "list_trial_components", "TrialComponentName", TrialName=trial)
    found = names(sagemaker, "list_trial_components", "TrialComponentName", SourceArn=job["TrainingJobArn"])
    assert found == {name}


def test_a_job_without_a_trial_gets_a_new_one(sagemaker: Any, jobs: Jobs) -> None:
    """API_ExperimentConfig, TrialName: "If not specified, a new trial is created." A job that failed says why."""
    experiment, _, _ = an_experiment(sagemaker)
    job = jobs.run("raise SystemExit(3)", ExperimentConfig={"ExperimentName": experiment})
    name = f"{job['TrainingJobName']}-aws-training-job"
    status = sagemaker.describe_trial_component(TrialComponentName=name)["Status"]
    assert status == {"PrimaryStatus": "Failed", "Message": job["FailureReason"]}
    assert names(sagemaker, "list_trials", "TrialName", TrialComponentName=name) == {job["TrainingJobName"]}


@pytest.mark.parametrize(
    ("config", "error"),
    [
        ({"ExperimentName": "nobody"}, "ResourceNotFound"),
        ({"TrialName": "nobody"}, "ResourceNotFound"),
        ({"ExperimentName": "other", "TrialName": "its"}, "ValidationException"),
        ({"RunName": "run"}, "ValidationException"),
    ],
)
def test_an_experiment_config_that_cannot_be(sagemaker: Any, jobs: Jobs, config: dict[str, str], error: str) -> None:
    """API_ExperimentConfig: both exist, and belong together. Nothing is left of the job."""
    if "ExperimentName" in config and "TrialName" in config:
        _, (trial,), _ = an_experiment(sagemaker)
        config = {"ExperimentName": an_experiment(sagemaker)[0], "TrialName": trial}
    with pytest.raises(ClientError) as caught:
        jobs.start("", name="of-no-experiment", ExperimentConfig=config)
    assert caught.value.response["Error"]["Code"] == error
    assert refused(sagemaker.describe_training_job, TrainingJobName="of-no-experiment")[0] == "ValidationException"
