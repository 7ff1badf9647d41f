"""Search and GetSearchSuggestions through boto3. Expectations: API_Search, API_Filter, API_NestedFilters."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Jobs, Server


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


_numbers = itertools.count(1)


@pytest.fixture
def sagemaker(salvia: Server) -> Any:
    return salvia.client("sagemaker")


def where(name: str, operator: str = "", value: str = "") -> dict[str, Any]:
    return {"Name": name, **({"Operator": operator} if operator else {}), **({"Value": value} if value else {})}


def components(sagemaker: Any, expression: dict[str, Any] | None = None, **request: Any) -> list[str]:
    if expression is not None:
        request["SearchExpression"] = expression
    pages = sagemaker.get_paginator("search").paginate(Resource="ExperimentTrialComponent", **request)
    return [hit["TrialComponent"]["TrialComponentName"] for page in pages for hit in page["Results"]]


@pytest.fixture(scope="module")
def runs(salvia: Server) -> dict[str, list[str]]:
    """Two experiments with three runs each, which report a metric; tagged with their experiment's name."""
    sagemaker, metrics = salvia.client("sagemaker"), salvia.client("sagemaker-metrics")
    made: dict[str, list[str]] = {}
    for experiment in ("searched-one", "searched-two"):
        sagemaker.create_experiment(ExperimentName=experiment, Description="runs to search")
        sagemaker.create_trial(TrialName=f"{experiment}-trial", ExperimentName=experiment)
        made[experiment] = [f"{experiment}-run-{number}" for number in range(3)]
        for number, run in enumerate(made[experiment]):
            sagemaker.create_trial_component(
                TrialComponentName=run,
                Parameters={"eta": {"NumberValue": number / 4}, "booster": {"StringValue": f"tree.{number}"}},
                InputArtifacts={"data": {"Value": f"s3://b/{number}"}},
                StartTime=datetime(2030, 1, 1 + number, tzinfo=UTC),
                Tags=[{"Key": "experiment", "Value": experiment}],
            )
            sagemaker.associate_trial_component(TrialName=f"{experiment}-trial", TrialComponentName=run)
            data = [{"MetricName": "auc", "Timestamp": int(time.time()), "Value": 0.5 + number / 10}]
            metrics.batch_put_metrics(TrialComponentName=run, MetricData=data)
    return made


ONE, TWO = "searched-one", "searched-two"
CASES: dict[str, tuple[dict[str, Any], dict[str, list[int]]]] = {
    "a tag": ({"Filters": [where("Tags.experiment", "Equals", ONE)]}, {ONE: [0, 1, 2]}),
    "equals without an operator": ({"Filters": [where("TrialComponentName", value=f"{ONE}-run-1")]}, {ONE: [1]}),
    "a parent": ({"Filters": [where("Parents.ExperimentName", "Equals", TWO)]}, {TWO: [0, 1, 2]}),
    "a metric's last value": (
        {"Filters": [where("Metrics.auc", "GreaterThan", "0.55"), where("Tags.experiment", "Equals", ONE)]},
        {ONE: [1, 2]},
    ),
    "a metric's statistic": (
        {"Filters": [where("Metrics.auc.Max", "LessThanOrEqualTo", "0.5"), where("Tags.experiment", "Exists")]},
        {ONE: [0], TWO: [0]},
    ),
    "a parameter that is a number": (
        {"Filters": [where("Parameters.eta", "GreaterThanOrEqualTo", "0.25"), where("Tags.experiment", "Exists")]},
        {ONE: [1, 2], TWO: [1, 2]},
    ),
    "a parameter that is text": (
        {"Filters": [where("Parameters.booster", "In", "tree.0,tree.2"), where("Tags.experiment", value=ONE)]},
        {ONE: [0, 2]},
    ),
    "a time": (
        {"Filters": [where("StartTime", "GreaterThan", "2030-01-02T00:00:00"), where("Tags.experiment", value=ONE)]},
        {ONE: [2]},
    ),
    "an artifact": ({"Filters": [where("InputArtifacts.data.Value", "Contains", "b/1")]}, {ONE: [1], TWO: [1]}),
    "not": (
        {"Filters": [where("Tags.experiment", "NotEquals", ONE), where("TrialComponentName", "Contains", "searched")]},
        {TWO: [0, 1, 2]},
    ),
    "or": (
        {
            "Operator": "Or",
            "Filters": [
                where("TrialComponentName", value=f"{ONE}-run-0"),
                where("TrialComponentName", value=f"{TWO}-run-2"),
            ],
        },
        {ONE: [0], TWO: [2]},
    ),
    "a nested filter": (
        {
            "NestedFilters": [
                {
                    "NestedPropertyName": "Parents",
                    "Filters": [
                        where("Parents.ExperimentName", "Equals", ONE),
                        where("Parents.TrialName", "Contains", "trial"),
                    ],
                }
            ]
        },
        {ONE: [0, 1, 2]},
    ),
    "subexpressions": (
        {
            "SubExpressions": [
                {"Filters": [where("Tags.experiment", "Equals", TWO)]},
                {
                    "Operator": "Or",
                    "Filters": [where("Parameters.eta", "Equals", "0.5"), where("Parameters.eta", "LessThan", "0.1")],
                },
            ]
        },
        {TWO: [0, 2]},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_expression_finds(sagemaker: Any, runs: dict[str, list[str]], case: str) -> None:
    expression, expected = CASES[case]
    assert set(components(sagemaker, expression)) == {
        runs[key][i] for key, numbers in expected.items() for i in numbers
    }


def test_results_are_sorted_by_any_property_and_paged(sagemaker: Any, runs: dict[str, list[str]]) -> None:
    """SortBy "any resource property", by default LastModifiedTime, descending; what has none comes last."""
    mine = {"Filters": [where("Tags.experiment", "Equals", ONE)]}
    paged = {"PaginationConfig": {"PageSize": 2}}
    assert components(sagemaker, mine, SortBy="Metrics.auc", SortOrder="Descending", **paged) == runs[ONE][::-1]
    assert components(sagemaker, mine, SortBy="Parameters.booster", SortOrder="Ascending", **paged) == runs[ONE]
    assert components(sagemaker, mine, **paged) == runs[ONE][::-1]
    first = sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=mine, MaxResults=1)
    assert first["TotalHits"] == {"Value": 3, "Relation": "EqualTo"}
    request = {"Resource": "ExperimentTrialComponent", "NextToken": first["NextToken"], "SortBy": "CreationTime"}
    assert refused(sagemaker.search, **request)[0] == "ValidationException"


def test_records_are_whole(sagemaker: Any, runs: dict[str, list[str]]) -> None:
    """API_TrialComponent, API_Trial: parents, metrics, tags, and the components of a trial."""
    find = {"Filters": [where("TrialComponentName", value=runs[ONE][2])]}
    [hit] = sagemaker.search(Resource="ExperimentTrialComponent", SearchExpression=find)["Results"]
    component = hit["TrialComponent"]
    assert component["Parents"] == [{"TrialName": f"{ONE}-trial", "ExperimentName": ONE}]
    assert component["Tags"] == [{"Key": "experiment", "Value": ONE}]
    assert [metric["MetricName"] for metric in component["Metrics"]] == ["auc"]
    find = {"Filters": [where("ExperimentName", value=ONE)]}
    [hit] = sagemaker.search(Resource="ExperimentTrial", SearchExpression=find)["Results"]
    assert [one["TrialComponentName"] for one in hit["Trial"]["TrialComponentSummaries"]] == runs[ONE]
    [hit] = sagemaker.search(Resource="Experiment", SearchExpression=find)["Results"]
    assert hit["Experiment"]["Description"] == "runs to search"


def test_jobs_are_found_by_hyperparameters_channels_and_metrics(jobs: Jobs) -> None:
    """API_Filter: decimals are compared as integers where the filter's value is one; nested filters: one channel."""

    def channel(name: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{jobs.bucket}/{name}/"}
        return {"ChannelName": name, "DataSource": {"S3DataSource": source}}

    for name in ("train", "test"):
        jobs.s3.put_object(Bucket=jobs.bucket, Key=f"{name}/part", Body=b"1")
    name = jobs.start(
        "print('loss=0.25')",
        name="searched-job",
        wait=True,
        InputDataConfig=[channel("train"), channel("test")],
        HyperParameters={"code": "cHJpbnQoJ2xvc3M9MC4yNScp", "rounds": "7"},
        Tags=[{"Key": "searched", "Value": "yes"}],
        AlgorithmSpecification={
            "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/probe:latest",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "loss", "Regex": r"loss=(\S+)"}],
        },
    )

    def found(**expression: Any) -> bool:
        results = jobs.sagemaker.search(Resource="TrainingJob", SearchExpression=expression)["Results"]
        return name in [hit["TrainingJob"]["TrainingJobName"] for hit in results]

    assert found(Filters=[where("HyperParameters.rounds", "LessThan", "7.5"), where("Tags.searched", "Exists")])
    assert not found(Filters=[where("HyperParameters.rounds", "GreaterThan", "7")])
    assert found(Filters=[where("Metrics.loss", "LessThan", "0.3"), where("TrainingJobStatus", "Equals", "Completed")])
    assert found(Filters=[where("ResourceConfig.InstanceCount", "Equals", "1")])
    assert found(Filters=[where("EnableManagedSpotTraining", "Equals", "false")])
    assert not found(Filters=[where("CreationTime", "LessThan", "2020-01-01T00:00:00")])

    def nested(channel: str, uri: str) -> dict[str, Any]:
        filters = [
            where("InputDataConfig.ChannelName", "Equals", channel),
            where("InputDataConfig.DataSource.S3DataSource.S3Uri", "Contains", uri),
        ]
        return {"NestedFilters": [{"NestedPropertyName": "InputDataConfig", "Filters": filters}]}

    assert found(**nested("train", "/train/"))
    assert not found(**nested("train", "/test/"))
    expression = {"Filters": [where("TrainingJobName", "Equals", name)], **nested("train", "/train/")}
    [hit] = jobs.sagemaker.search(Resource="TrainingJob", SearchExpression=expression)["Results"]
    assert hit["TrainingJob"]["RoleArn"] == ROLE
    suggested = jobs.sagemaker.get_search_suggestions(
        Resource="TrainingJob", SuggestionQuery={"PropertyNameQuery": {"PropertyNameHint": "HyperParameters.ro"}}
    )["PropertyNameSuggestions"]
    assert suggested == [{"PropertyName": "HyperParameters.rounds"}]


def test_suggestions_begin_as_the_hint(sagemaker: Any, runs: dict[str, list[str]]) -> None:
    """API_GetSearchSuggestions: names of tags and parameters that resources have."""
    for hint, expected in (
        ("Tags.exp", {"Tags.experiment"}),
        ("Parameters.", {"Parameters.booster", "Parameters.eta"}),
    ):
        query = {"PropertyNameQuery": {"PropertyNameHint": hint}}
        answer = sagemaker.get_search_suggestions(Resource="ExperimentTrialComponent", SuggestionQuery=query)
        assert {one["PropertyName"] for one in answer["PropertyNameSuggestions"]} >= expected


def test_visibility_conditions_hide_other_values(sagemaker: Any, runs: dict[str, list[str]]) -> None:
    """API_VisibilityConditions: another value of the tag is left out, a missing tag is not."""
    name = f"untagged-{next(_numbers)}"
    sagemaker.create_trial_component(TrialComponentName=name)
    visible = components(
        sagemaker,
        {"Filters": [where("TrialComponentName", "Exists")]},
        VisibilityConditions=[{"Key": "Tags.experiment", "Value": ONE}],
    )
    assert {name, *runs[ONE]} <= set(visible)
    assert not set(runs[TWO]) & set(visible)


def test_nothing_is_shared_between_accounts(sagemaker: Any, runs: dict[str, list[str]]) -> None:
    """API_Search, CrossAccountFilterOption: only what other accounts made discoverable."""
    assert components(sagemaker, CrossAccountFilterOption="CrossAccount") == []
    assert components(sagemaker, CrossAccountFilterOption="SameAccount")


BAD = {
    "a property that there is not": ({"Filters": [where("Colour", "Equals", "red")]}, "Colour"),
    "order of text": ({"Filters": [where("DisplayName", "GreaterThan", "a")]}, "not supported for text"),
    "text in a time": ({"Filters": [where("CreationTime", "GreaterThan", "soon")]}, "'soon'"),
    "text in a number": ({"Filters": [where("Metrics.auc", "GreaterThan", "high")]}, "'high'"),
    "contains of a time": ({"Filters": [where("CreationTime", "Contains", "2030")]}, "text properties alone"),
    "an operator without a value": ({"Filters": [where("DisplayName", "NotEquals")]}, "needs a Value"),
    "an object's value": ({"Filters": [where("Status", "Equals", "x")]}, "Exists and NotExists"),
    "an empty expression": ({"Operator": "And"}, "at least one"),
    "a nested filter elsewhere": (
        {"NestedFilters": [{"NestedPropertyName": "Parents", "Filters": [where("DisplayName", value="x")]}]},
        "below 'Parents'",
    ),
    "a nested filter on no list": (
        {"NestedFilters": [{"NestedPropertyName": "Status", "Filters": [where("Status.PrimaryStatus", value="x")]}]},
        "not a list",
    ),
    "too many filters": (
        {"SubExpressions": [{"Filters": [where("DisplayName", value="x")] * 20}] * 3},
        "at most 50",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_asked_is_refused(sagemaker: Any, case: str) -> None:
    """A ValidationException that names the property and what to do."""
    expression, sentence = BAD[case]
    code, message = refused(sagemaker.search, Resource="ExperimentTrialComponent", SearchExpression=expression)
    assert (code, sentence in message) == ("ValidationException", True), message


def test_what_is_not_built_is_not_searched(sagemaker: Any) -> None:
    """A resource that Salvia has not says so."""
    code, message = refused(sagemaker.search, Resource="Project")
    assert (code, "cannot search for Project" in message) == ("ValidationException", True)
