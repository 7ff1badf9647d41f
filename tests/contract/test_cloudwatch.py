"""CloudWatch metrics through boto3: a round trip for every operation, and every paginator.

Expectations: CloudWatch API reference, unless a test says otherwise.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def cloudwatch(salvia: Any) -> Any:
    return salvia.client("cloudwatch")


@pytest.fixture
def namespace() -> str:
    """A namespace of the test's own."""
    return f"Tests/{uuid.uuid4()}"


@pytest.fixture
def start() -> datetime:
    """A whole minute, a quarter of an hour ago."""
    return datetime.now(UTC).replace(second=0, microsecond=0) - 15 * MINUTE


def put(cloudwatch: Any, namespace: str, *data: dict[str, Any]) -> None:
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "loss", **datum} for datum in data])


def query(namespace: str, stat: str, name: str = "q") -> dict[str, Any]:
    metric = {"Namespace": namespace, "MetricName": "loss"}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}}


def test_training_analytics_as_sdk_v2_asks_for_them(cloudwatch: Any, start: datetime) -> None:
    """Recorded: namespace /aws/sagemaker/TrainingJobs, dimension TrainingJobName, Period 60, Average."""
    job = [{"Name": "TrainingJobName", "Value": f"job-{uuid.uuid4()}"}]
    data = [
        {"Timestamp": start + n * MINUTE + timedelta(seconds=20), "Value": 1.0 / (n + 1), "Dimensions": job}
        for n in range(4)
    ]
    put(cloudwatch, "/aws/sagemaker/TrainingJobs", *data)
    answer = cloudwatch.get_metric_statistics(
        Namespace="/aws/sagemaker/TrainingJobs",
        MetricName="loss",
        StartTime=start + timedelta(seconds=10),
        EndTime=start + 10 * MINUTE,
        Period=60,
        Dimensions=job,
        Statistics=["Average"],
    )
    assert answer["Label"] == "loss"
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    assert points == [{"Timestamp": start + n * MINUTE, "Average": 1.0 / (n + 1), "Unit": "None"} for n in range(4)]


def test_every_statistic_of_values_counts_and_sets(cloudwatch: Any, namespace: str, start: datetime) -> None:
    put(
        cloudwatch,
        namespace,
        {"Timestamp": start, "Value": 2.0, "Unit": "Seconds"},
        {"Timestamp": start, "Values": [1.0, 3.0], "Counts": [2.0, 1.0], "Unit": "Seconds"},
        {
            "Timestamp": start,
            "StatisticValues": {"SampleCount": 2.0, "Sum": 10.0, "Minimum": 4.0, "Maximum": 6.0},
            "Unit": "Seconds",
        },
    )
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="loss",
        StartTime=start,
        EndTime=start + MINUTE,
        Period=60,
        Statistics=["SampleCount", "Average", "Sum", "Minimum", "Maximum"],
    )
    assert answer["Datapoints"] == [
        {
            "Timestamp": start,
            "SampleCount": 6.0,
            "Sum": 17.0,
            "Average": 17.0 / 6,
            "Minimum": 1.0,
            "Maximum": 6.0,
            "Unit": "Seconds",
        }
    ]


def test_percentiles(cloudwatch: Any, namespace: str, start: datetime) -> None:
    put(cloudwatch, namespace, *[{"Timestamp": start, "Value": float(n)} for n in range(1, 102)])
    (point,) = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="loss",
        StartTime=start,
        EndTime=start + MINUTE,
        Period=60,
        ExtendedStatistics=["p50", "p99"],
    )["Datapoints"]
    assert point["ExtendedStatistics"] == {"p50": 51.0, "p99": 100.0}


def test_a_missing_metric_has_no_datapoints(cloudwatch: Any, namespace: str, start: datetime) -> None:
    answer = cloudwatch.get_metric_statistics(
        Namespace=namespace,
        MetricName="nothing",
        StartTime=start,
        EndTime=start + MINUTE,
        Period=60,
        Statistics=["Sum"],
    )
    assert answer["Datapoints"] == []


def test_metric_data_of_several_queries(cloudwatch: Any, namespace: str, start: datetime) -> None:
    put(cloudwatch, namespace, *[{"Timestamp": start + n * MINUTE, "Value": float(n)} for n in range(3)])
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[query(namespace, "Sum"), {**query(namespace, "p50", "p"), "Label": "median"}],
        StartTime=start,
        EndTime=start + 5 * MINUTE,
        ScanBy="TimestampAscending",
    )
    times = [start + n * MINUTE for n in range(3)]
    assert answer["MetricDataResults"] == [
        {
            "Id": "q",
            "Label": "loss",
            "Timestamps": times,
            "Values": [0.0, 1.0, 2.0],
            "StatusCode": "Complete",
        },
        {
            "Id": "p",
            "Label": "median",
            "Timestamps": times,
            "Values": [0.0, 1.0, 2.0],
            "StatusCode": "Complete",
        },
    ]


def test_metric_data_are_paged(cloudwatch: Any, namespace: str, start: datetime) -> None:
    put(cloudwatch, namespace, *[{"Timestamp": start + n * MINUTE, "Value": float(n)} for n in range(10)])
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query(namespace, "Sum")],
        StartTime=start,
        EndTime=start + 15 * MINUTE,
        PaginationConfig={"PageSize": 4},
    )
    values = [result["Values"] for page in pages for result in page["MetricDataResults"]]
    assert values == [[9.0, 8.0, 7.0, 6.0], [5.0, 4.0, 3.0, 2.0], [1.0, 0.0]]


def test_metrics_are_listed_and_paged(cloudwatch: Any, namespace: str) -> None:
    for begin in (0, 300):
        put(
            cloudwatch,
            namespace,
            *[
                {"Value": 1.0, "Dimensions": [{"Name": "Host", "Value": f"algo-{n}"}]}
                for n in range(begin, begin + 300)
            ],
        )
    pages = list(cloudwatch.get_paginator("list_metrics").paginate(Namespace=namespace))
    assert [len(page["Metrics"]) for page in pages] == [500, 100]
    hosts = {metric["Dimensions"][0]["Value"] for page in pages for metric in page["Metrics"]}
    assert hosts == {f"algo-{n}" for n in range(600)}


def test_metrics_are_listed_by_dimension(cloudwatch: Any, namespace: str) -> None:
    wanted = {"Name": "Host", "Value": "algo-1"}
    put(cloudwatch, namespace, {"Value": 1.0, "Dimensions": [wanted]}, {"Value": 1.0})
    found = cloudwatch.list_metrics(Namespace=namespace, Dimensions=[wanted], RecentlyActive="PT3H")["Metrics"]
    assert found == [{"Namespace": namespace, "MetricName": "loss", "Dimensions": [wanted]}]


@pytest.mark.parametrize(
    ("datum", "code"),
    [
        ({"Value": 1.0, "Timestamp": datetime(2020, 1, 1, tzinfo=UTC)}, "InvalidParameterValue"),
        ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ({}, "MissingParameter"),
    ],
)
def test_refusals_have_the_codes_of_the_query_protocol(
    cloudwatch: Any, namespace: str, datum: dict[str, Any], code: str
) -> None:
    """The service is query-compatible: botocore shows x-amzn-query-error's code."""
    with pytest.raises(ClientError) as error:
        put(cloudwatch, namespace, datum)
    assert error.value.response["Error"]["Code"] == code


def test_metric_math_is_refused_with_advice(cloudwatch: Any, start: datetime) -> None:
    with pytest.raises(ClientError, match="does not evaluate metric math"):
        cloudwatch.get_metric_data(
            MetricDataQueries=[{"Id": "e", "Expression": "m1 + m2"}], StartTime=start, EndTime=start + MINUTE
        )


def test_the_command_line_publishes_and_reads(salvia: Any, namespace: str, start: datetime) -> None:
    """The documented form: `--metric-name … --value …`."""
    salvia.aws(["cloudwatch", "put-metric-data", "--namespace", namespace, "--metric-name", "loss", "--value", "5"])
    answer = salvia.aws(
        [
            *("cloudwatch", "get-metric-statistics", "--namespace", namespace, "--metric-name", "loss"),
            *("--start-time", start.isoformat(), "--end-time", (start + 60 * MINUTE).isoformat()),
            *("--period", "60", "--statistics", "Sum", "--query", "Datapoints[].Sum", "--output", "text"),
        ]
    )
    assert answer.stdout.strip() == "5.0"
