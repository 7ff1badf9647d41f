"""Statistics. Expectations: CloudWatch API reference, GetMetricStatistics, GetMetricData and ListMetrics."""

from typing import Any

import pytest

from salvia.core.errors import ServiceError
from salvia.services.cloudwatch.retention import sweep

DAY = 86_400
EVERY = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


def test_each_simple_statistic_is_computed_over_a_period(room: Any) -> None:
    room.put((1, 1.0), (30, 2.0), (59, 6.0))
    assert room.statistics(*EVERY) == [(0, 3.0, 3.0, 9.0, 1.0, 6.0)]


def test_periods_without_data_have_no_datapoint(room: Any) -> None:
    room.put((0, 1.0), (180, 2.0))
    assert room.statistics("Sum") == [(0, 1.0), (180, 2.0)]


def test_the_end_time_is_exclusive(room: Any) -> None:
    room.put((0, 1.0), (60, 2.0))
    assert room.statistics("Sum", end=60) == [(0, 1.0)]


def test_the_start_time_is_rounded_down_to_a_minute(room: Any) -> None:
    """'Start time less than 15 days ago - Round down to the nearest whole minute.'"""
    room.put((35, 1.0))
    assert room.statistics("Sum", start=30, end=50) == [(0, 1.0)]


def test_regular_data_are_kept_by_the_minute(room: Any) -> None:
    room.put((35, 1.0))
    assert room.statistics("Sum", period=10) == [(0, 1.0)]


def test_high_resolution_data_are_kept_by_the_second(room: Any) -> None:
    """MetricDatum, StorageResolution: 'down to one second'."""
    room.put((35.7, 1.0), (36, 2.0), StorageResolution=1)
    assert room.statistics("Sum", period=1, end=60) == [(35, 1.0), (36, 2.0)]


def test_values_with_counts_weigh_in_every_statistic(room: Any) -> None:
    room.datum(Values=[1.0, 10.0], Counts=[3.0, 1.0])
    assert room.statistics(*EVERY) == [(0, 4.0, 3.25, 13.0, 1.0, 10.0)]


def test_values_without_counts_count_once(room: Any) -> None:
    room.datum(Values=[1.0, 3.0])
    assert room.statistics("SampleCount", "Sum") == [(0, 2.0, 4.0)]


def test_statistic_sets_add_up(room: Any) -> None:
    for _ in range(2):
        room.datum(StatisticValues={"SampleCount": 2.0, "Sum": 5.0, "Minimum": 1.0, "Maximum": 4.0})
    assert room.statistics(*EVERY) == [(0, 4.0, 2.5, 10.0, 1.0, 4.0)]


def test_percentiles_interpolate_between_values(room: Any) -> None:
    room.put(*[(0, float(n)) for n in range(1, 101)])
    assert room.statistics("p50", "p99", "p0", "p100") == [(0, 50.5, 99.01, 1.0, 100.0)]


def test_percentiles_weigh_values_by_their_counts(room: Any) -> None:
    room.datum(Values=[1.0, 100.0], Counts=[99.0, 1.0])
    assert room.statistics("p50", "p98", "p100") == [(0, 1.0, 1.0, 100.0)]


def test_a_statistic_set_that_varies_has_no_percentile(room: Any) -> None:
    """'CloudWatch needs raw data points to calculate percentile statistics.'"""
    room.datum(StatisticValues={"SampleCount": 2.0, "Sum": 5.0, "Minimum": 1.0, "Maximum": 4.0})
    assert room.statistics("p50") == []


def test_a_statistic_set_of_one_value_has_percentiles(room: Any) -> None:
    """'The Min and Max are equal, and Sum is equal to Min multiplied by SampleCount.'"""
    room.datum(StatisticValues={"SampleCount": 2.0, "Sum": 8.0, "Minimum": 4.0, "Maximum": 4.0})
    assert room.statistics("p50") == [(0, 4.0)]


def test_negative_values_have_no_percentiles(room: Any) -> None:
    """'Percentile statistics are not available (…) when any of the metric values are negative numbers.'"""
    room.put((0, -1.0), (0, 1.0), (60, 5.0))
    assert room.statistics("p50") == [(60, 5.0)]


def test_units_make_datapoints_of_their_own(room: Any) -> None:
    """'all data that was collected with any unit is returned, along with the corresponding units'."""
    room.put((0, 1.0), Unit="Seconds")
    room.put((0, 2.0), Unit="Bytes")
    assert room.statistics("Sum") == [(0, 1.0), (0, 2.0)]


def test_a_unit_selects_the_data_of_that_unit(room: Any) -> None:
    room.put((0, 1.0), Unit="Seconds")
    room.put((0, 2.0))
    assert room.statistics("Sum", Unit="Seconds") == [(0, 1.0)]
    assert room.statistics("Sum", Unit="None") == [(0, 2.0)]
    assert room.statistics("Sum", Unit="Bytes") == []


def test_each_set_of_dimensions_is_a_metric_of_its_own(room: Any) -> None:
    room.put((0, 1.0), Dimensions=[{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}])
    assert room.statistics("Sum") == []
    assert room.statistics("Sum", Dimensions=[{"Name": "a", "Value": "1"}]) == []
    both = [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}]
    assert room.statistics("Sum", Dimensions=both) == [(0, 1.0)]


def test_a_metric_that_does_not_exist_has_no_datapoints(room: Any) -> None:
    assert room.statistics("Sum") == []


@pytest.mark.parametrize("period", [7, 61, 90])
def test_odd_periods_are_refused(room: Any, period: int) -> None:
    with pytest.raises(ServiceError, match="InvalidParameterValue: The parameter Period"):
        room.statistics("Sum", period=period)


def test_more_than_1440_datapoints_are_refused(room: Any) -> None:
    with pytest.raises(ServiceError) as error:
        room.statistics("Sum", end=2 * DAY)
    assert error.value.code == "InvalidParameterCombination"
    assert "You have requested up to 2,880 datapoints, which exceeds the limit of 1,440." in error.value.message


def test_1440_datapoints_are_allowed(room: Any) -> None:
    room.put((0, 1.0))
    assert room.statistics("Sum", end=DAY) == [(0, 1.0)]


def test_a_start_behind_the_end_is_refused(room: Any) -> None:
    with pytest.raises(ServiceError, match="must be less than the parameter EndTime"):
        room.statistics("Sum", start=10, end=10)


def test_statistics_or_extended_statistics_are_needed(room: Any) -> None:
    request = {
        "Namespace": "N",
        "MetricName": "m",
        "StartTime": room.at(0),
        "EndTime": room.at(60),
        "Period": 60,
    }
    with pytest.raises(ServiceError, match="MissingParameter"):
        room("GetMetricStatistics", **request)
    with pytest.raises(ServiceError, match="InvalidParameterCombination"):
        room("GetMetricStatistics", Statistics=["Sum"], ExtendedStatistics=["p50"], **request)


@pytest.mark.parametrize("name", ["p101", "p", "p-1", "p5x"])
def test_unknown_extended_statistics_are_refused(room: Any, name: str) -> None:
    with pytest.raises(ServiceError, match="InvalidParameterValue"):
        room.statistics(name)


def test_get_metric_data_answers_newest_first_unless_asked(room: Any) -> None:
    room.put((0, 1.0), (60, 2.0))
    assert room.data(room.query())["MetricDataResults"][0]["Values"] == [2.0, 1.0]
    ascending = room.data(room.query(), ScanBy="TimestampAscending")["MetricDataResults"][0]
    assert ascending["Values"] == [1.0, 2.0]
    assert ascending["Timestamps"][1] - ascending["Timestamps"][0] == 60


def test_get_metric_data_mixes_units(room: Any) -> None:
    room.put((0, 1.0), Unit="Seconds")
    room.put((0, 2.0), Unit="Bytes")
    assert room.data(room.query())["MetricDataResults"][0]["Values"] == [3.0]


@pytest.mark.parametrize("stat", [*EVERY, "p50"])
def test_get_metric_data_has_every_statistic(room: Any, stat: str) -> None:
    room.put((0, 4.0), (0, 4.0))
    expected = {"SampleCount": 2.0, "Sum": 8.0}.get(stat, 4.0)
    assert room.data(room.query(stat))["MetricDataResults"][0]["Values"] == [expected]


def test_a_query_of_an_unknown_metric_is_complete_and_empty(room: Any) -> None:
    assert room.data(room.query())["MetricDataResults"] == [
        {"Id": "q", "Label": "loss", "Timestamps": [], "Values": [], "StatusCode": "Complete"}
    ]


def test_a_label_is_answered(room: Any) -> None:
    assert room.data(room.query(Label="Loss by minute"))["MetricDataResults"][0]["Label"] == "Loss by minute"


@pytest.mark.parametrize("order", ["TimestampAscending", "TimestampDescending"])
@pytest.mark.parametrize("stat", ["Sum", "p50"])
def test_pages_of_metric_data_show_every_value_once(room: Any, order: str, stat: str) -> None:
    room.put(*[(60 * n, float(n)) for n in range(10)])
    queries = [room.query(stat, Id="a"), room.query(stat, Id="b")]
    seen: dict[str, list[float]] = {"a": [], "b": []}
    statuses: list[str] = []
    more: dict[str, Any] = {}
    while True:
        answer = room.data(*queries, ScanBy=order, MaxDatapoints=3, **more)
        for result in answer["MetricDataResults"]:
            seen[result["Id"]] += result["Values"]
            statuses.append(result["StatusCode"])
        if "NextToken" not in answer:
            break
        more = {"NextToken": answer["NextToken"]}
    expected = [float(n) for n in range(10)]
    if order == "TimestampDescending":
        expected.reverse()
    assert seen == {"a": expected, "b": expected}
    assert statuses[-1] == "Complete"
    assert "PartialData" in statuses


def test_a_query_that_returns_no_data_is_left_out(room: Any) -> None:
    answer = room.data(room.query(Id="a", ReturnData=False), room.query(Id="b"))
    assert [result["Id"] for result in answer["MetricDataResults"]] == ["b"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Id": "Q"}, "lower-case"),
        ({"Expression": "m1 * 2"}, "Exactly one"),
        ({"MetricStat": None}, "Exactly one"),
        ({"MetricStat": None, "Expression": "m1 * 2"}, "metric math"),
        ({"Label": "${MAX}"}, "dynamic labels"),
        ({"ReturnData": False}, "At least one"),
    ],
)
def test_a_bad_query_is_a_validation_error(room: Any, change: dict[str, Any], said: str) -> None:
    query = {name: value for name, value in {**room.query(), **change}.items() if value is not None}
    with pytest.raises(ServiceError) as error:
        room.data(query)
    assert error.value.code == "ValidationError"
    assert said in error.value.message


@pytest.mark.parametrize("stat", ["tm99", "Mean", "p101"])
def test_an_unknown_statistic_is_a_validation_error(room: Any, stat: str) -> None:
    with pytest.raises(ServiceError, match=f"ValidationError: The value {stat}"):
        room.data(room.query(stat))


def test_a_foreign_token_is_an_invalid_next_token(room: Any) -> None:
    for token in ("x", "WzUsbnVsbF0", "W10"):
        with pytest.raises(ServiceError, match="InvalidNextToken"):
            room.data(room.query(), NextToken=token)


def names(room: Any, **filters: Any) -> list[str]:
    return [metric["MetricName"] for metric in room("ListMetrics", **filters)["Metrics"]]


def test_metrics_are_listed_with_their_dimensions(room: Any) -> None:
    dimension = {"Name": "TrainingJobName", "Value": "job"}
    room.put((0, 1.0), Dimensions=[dimension])
    assert room("ListMetrics")["Metrics"] == [{"Namespace": "N", "MetricName": "loss", "Dimensions": [dimension]}]


def test_lists_filter_by_namespace_name_and_dimension(room: Any) -> None:
    room.put((0, 1.0), name="a", Dimensions=[{"Name": "x", "Value": "1"}, {"Name": "y_", "Value": "%"}])
    room.put((0, 1.0), name="b", Dimensions=[{"Name": "X", "Value": "1"}])
    room.put((0, 1.0), name="c")
    assert names(room, Namespace="N") == ["a", "b", "c"]
    assert names(room, Namespace="M") == []
    assert names(room, MetricName="b") == ["b"]
    assert names(room, Dimensions=[{"Name": "x"}]) == ["a"]
    assert names(room, Dimensions=[{"Name": "x", "Value": "1"}, {"Name": "y_", "Value": "%"}]) == ["a"]
    assert names(room, Dimensions=[{"Name": "x", "Value": "2"}]) == []
    assert names(room, Dimensions=[{"Name": "yy"}]) == []


def test_lists_leave_out_what_was_silent_for_two_weeks(room: Any) -> None:
    room.put((0, 1.0))
    room.world.clock.advance(14 * DAY + 1)
    assert names(room) == []


def test_recently_active_means_three_hours(room: Any) -> None:
    room.put((0, 1.0), name="old")
    room.world.clock.advance(3 * 3600 + 1)
    room.put((0, 1.0), name="new")
    assert names(room, RecentlyActive="PT3H") == ["new"]


@pytest.mark.parametrize("filters", [{}, {"Dimensions": [{"Name": "n"}]}])
def test_pages_of_metrics_show_each_once(room: Any, filters: dict[str, Any]) -> None:
    for start in range(0, 1200, 600):
        room(
            "PutMetricData",
            Namespace="N",
            MetricData=[
                {"MetricName": "m", "Value": 1.0, "Dimensions": [{"Name": "n", "Value": str(n)}]}
                for n in range(start, start + 600)
            ],
        )
    seen: list[str] = []
    sizes: list[int] = []
    more: dict[str, str] = {}
    while True:
        answer = room("ListMetrics", **filters, **more)
        sizes.append(len(answer["Metrics"]))
        seen += [metric["Dimensions"][0]["Value"] for metric in answer["Metrics"]]
        if "NextToken" not in answer:
            break
        more = {"NextToken": answer["NextToken"]}
    assert sizes == [500, 500, 200]
    assert sorted(seen, key=int) == [str(n) for n in range(1200)]


def test_a_foreign_list_token_is_refused(room: Any) -> None:
    with pytest.raises(ServiceError, match="InvalidParameterValue"):
        room("ListMetrics", NextToken="x")


def test_a_sweep_deletes_data_after_455_days(room: Any) -> None:
    """GetMetricData: one-hour datapoints 'are available for 455 days'."""
    room.put((0, 1.0))
    room.world.clock.advance(456 * DAY)
    room.put((456 * DAY, 2.0))
    assert room.run(sweep(room.world)) == 1
    assert room.statistics("Sum", end=457 * DAY, period=DAY) == [(456 * DAY, 2.0)]


def test_a_sweep_forgets_metrics_that_have_nothing_left(room: Any) -> None:
    room.put((0, 1.0))
    room.world.clock.advance(456 * DAY)
    room.run(sweep(room.world))
    assert room.world.db.read().all("SELECT id FROM metrics") == []
