"""Metrics by regular expression. Sources: developer guide, "Define Training Metrics"; API_PutMetricData."""

from __future__ import annotations

import time

import pytest

from salvia.agent.journal import Journal
from salvia.agent.metrics import Metrics, literal

from .world import python, shell

# As AWS publishes it for its XGBoost image (developer guide, "Tune an XGBoost model"; SDK image metadata).
RMSE = r".*\[[0-9]+\].*train-rmse:([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?).*"


def found(regex: str, *lines: str) -> list[float]:
    """The values that one definition finds."""
    metrics = Metrics([{"Name": "m", "Regex": regex}], lambda message: None, Journal("job", "algo-1"))
    metrics.examine([line.encode() for line in lines])
    return [value for _, value, _ in metrics.take()]


@pytest.mark.parametrize(
    "regex, line, values",
    [
        (RMSE, "[3]\ttrain-rmse:0.25\tvalidation-rmse:0.5", [0.25]),
        (RMSE, "[2018-01-01:00:00:00:INFO] [10]#011train-rmse:1.5e-05", [1.5e-05]),
        (RMSE, "train-rmse:0.25", []),
        ("loss=(.*)", "loss=1e-5", [1e-05]),
        ("loss=(.*)", "loss=nan", []),
        ("loss=(.*)", "loss=inf", []),
        ("loss=(.*)", "loss=high", []),
        ("loss=(-?[0-9.]+) acc=([0-9.]+)", "loss=-2 acc=3", [-2.0]),
        ("µ=([0-9]+)", "µ=7", [7.0]),
        ("(?i)LOSS=([0-9]+)", "loss=7", [7.0]),
        ("a=([0-9]+)|b=[0-9]+", "b=7", []),
    ],
)
def test_the_first_group_of_a_match_is_the_value(regex, line, values):
    """Numbers that are none, or not finite, are no metric values (API_FinalMetricData: a float)."""
    assert found(regex, "noise", line) == values


@pytest.mark.parametrize(
    "regex, text",
    [
        (RMSE, "train-rmse:"),
        ("loss=(.*)", "loss="),
        ("a|b", ""),
        ("(?i)loss=(.*)", ""),
        (r"ab?c+d{2}ef\d(\w+)", "ef"),
        (r"\x41bc", "bc"),
        ("[[]x=(.)", "x="),
        ("(a(b)c)xy(z)?w", "xy"),
    ],
)
def test_a_literal_is_contained_in_every_match(regex, text):
    """It is only ever an optimisation: too short a text is right, a wrong one loses metrics."""
    assert literal(regex) == text


def test_an_expression_that_backtracks_for_ever_is_given_up():
    """Catastrophic backtracking would hold every thread of the agent; the others go on being collected."""
    troubles: list[str] = []
    definitions = [{"Name": "evil", "Regex": "(a+)+b"}, {"Name": "good", "Regex": "x=([0-9]+)"}]
    metrics = Metrics(definitions, troubles.append, Journal("job", "algo-1"))
    started = time.monotonic()
    metrics.examine([b"b " + b"a" * 5000 + b"c", b"x=1"])
    metrics.examine([b"b " + b"a" * 5000 + b"c", b"x=2"])
    assert time.monotonic() - started < 5
    assert [metric["Value"] for metric in metrics.final()] == [2.0]
    assert len(troubles) == 1 and "Metric evil" in troubles[0]


def test_a_broken_expression_is_said_and_harms_no_other(world, instance):
    """The model does not check that a Regex is one."""
    metrics = [{"Name": "broken", "Regex": "("}, {"Name": "good", "Regex": "x=([0-9]+)"}]
    instance(shell("echo x=3"), metrics=metrics).start().wait()
    assert [metric["MetricName"] for metric in world.reports[-1]["metrics"]] == ["good"]
    assert "Metric broken" in world.reports[-1]["message"]


def test_final_metrics_are_the_last_values(world, instance):
    """API_DescribeTrainingJob, FinalMetricDataList: the last value that each metric had."""
    instance(shell("echo x=1; echo x=2; echo y=9; echo x=3"), metrics=definitions("x", "y")).start().wait()
    final = {metric["MetricName"]: metric["Value"] for metric in world.reports[-1]["metrics"]}
    assert final == {"x": 3.0, "y": 9.0}
    assert all(abs(metric["Timestamp"] - time.time()) < 60 for metric in world.reports[-1]["metrics"])


def test_every_value_goes_to_cloudwatch_under_the_jobs_name(world, instance):
    """Namespace /aws/sagemaker/TrainingJobs, dimension TrainingJobName: what the SDK's analytics read."""
    instance(python("for i in range(2500): print(f'x={i}')"), metrics=definitions("x")).start().wait()
    assert [datum["Value"] for datum in world.metrics] == list(range(2500))
    assert all(datum["Dimensions"] == [{"Name": "TrainingJobName", "Value": "job"}] for datum in world.metrics)


def test_several_hosts_are_told_apart_besides(world, instance):
    """The SDK asks for TrainingJobName alone; a second datum carries the host."""
    instance(shell("echo x=1"), metrics=definitions("x"), host="algo-2", hosts=["algo-1", "algo-2"]).start().wait()
    dimensions = [[dimension["Value"] for dimension in datum["Dimensions"]] for datum in world.metrics]
    assert dimensions == [["job"], ["job", "algo-2"]]


def test_a_role_without_cloudwatch_still_trains_and_says_so(world, instance):
    """The report has the final values all the same."""
    world.denied.add("cloudwatch:PutMetricData")
    instance(shell("echo x=1"), metrics=definitions("x")).start().wait()
    assert world.reports[-1]["metrics"][0]["Value"] == 1.0
    assert "cloudwatch:PutMetricData" in world.reports[-1]["message"]


def definitions(*names: str) -> list[dict[str, str]]:
    return [{"Name": name, "Regex": f"{name}=([0-9.]+)"} for name in names]
