"""What PutMetricData accepts. Expectations: CloudWatch API reference, PutMetricData and MetricDatum."""

from typing import Any

import pytest

from salvia.core.caller import Caller
from salvia.core.errors import ServiceError

DAY = 86_400


def refusal(room: Any, **datum: Any) -> ServiceError:
    with pytest.raises(ServiceError) as error:
        room.datum(**datum)
    return error.value


@pytest.mark.parametrize(
    ("datum", "code", "said"),
    [
        ({}, "MissingParameter", "Value"),
        ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination", "mutually exclusive"),
        ({"Value": float("nan")}, "InvalidParameterValue", "The value nan for parameter"),
        ({"Value": float("inf")}, "InvalidParameterValue", "The value inf"),
        ({"Value": 2.0**361}, "InvalidParameterValue", "is invalid"),
        ({"Values": [1.0, 2.0], "Counts": [1.0]}, "InvalidParameterValue", "of the same size"),
        ({"Values": [1.0], "Counts": [-1.0]}, "InvalidParameterValue", "negative"),
        ({"Values": [float(n) for n in range(151)]}, "InvalidParameterValue", "greater than 150"),
        ({"Values": []}, "MissingParameter", "Values"),
        ({"Value": 1.0, "StorageResolution": 5}, "InvalidParameterValue", "The value 5"),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]},
            "InvalidParameterValue",
            "more than once",
        ),
        ({"Value": 1.0, "Dimensions": [{"Name": "a", "Value": " "}]}, "InvalidParameterValue", "ASCII"),
        ({"Value": 1.0, "Dimensions": [{"Name": ":a", "Value": "x"}]}, "InvalidParameterValue", "colon"),
        ({"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "ü"}]}, "InvalidParameterValue", "ASCII"),
        (
            {"StatisticValues": {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 2.0, "Maximum": 1.0}},
            "InvalidParameterValue",
            "Minimum",
        ),
    ],
)
def test_a_bad_datum_is_refused(room: Any, datum: dict[str, Any], code: str, said: str) -> None:
    error = refusal(room, **datum)
    assert error.code == code
    assert said in error.message


@pytest.mark.parametrize(("offset", "said"), [(-14 * DAY - 61, "past two weeks"), (7201, "two hours in the future")])
def test_a_datum_outside_the_window_is_refused(room: Any, offset: float, said: str) -> None:
    """'as much as two weeks before the current date, and as much as 2 hours after'."""
    error = refusal(room, Timestamp=room.at(offset), Value=1.0)
    assert error.code == "InvalidParameterValue"
    assert said in error.message


@pytest.mark.parametrize("offset", [-14 * DAY, 7200])
def test_the_window_includes_its_ends(room: Any, offset: float) -> None:
    room.put((offset, 1.0))
    assert room.statistics("Sum", start=offset - 60, end=offset + 60) == [(offset, 1.0)]


def test_one_bad_datum_refuses_them_all(room: Any) -> None:
    good = {"MetricName": "loss", "Timestamp": room.at(0), "Value": 1.0}
    with pytest.raises(ServiceError, match=r"MetricData\.member\.2\."):
        room("PutMetricData", Namespace="N", MetricData=[good, {**good, "Value": float("nan")}])
    assert room.statistics("Sum") == []


def test_a_thousand_data_are_accepted(room: Any) -> None:
    room.put(*[(0, 1.0)] * 1000)
    assert room.statistics("SampleCount") == [(0, 1000.0)]


def test_more_than_a_thousand_are_refused(room: Any) -> None:
    with pytest.raises(ServiceError, match="must not have a size greater than 1000"):
        room.put(*[(0, 1.0)] * 1001)


def test_users_may_not_publish_to_the_services_namespaces(room: Any) -> None:
    with pytest.raises(ServiceError) as error:
        room("PutMetricData", Namespace="AWS/SageMaker", MetricData=[{"MetricName": "x", "Value": 1.0}])
    assert str(error.value) == "InvalidParameterValue: The value AWS/SageMaker for parameter Namespace is invalid."


def test_services_may(room: Any, service: Caller) -> None:
    datum = {"MetricName": "x", "Value": 1.0}
    room("PutMetricData", service, Namespace="AWS/SageMaker", MetricData=[datum])
    assert room("ListMetrics")["Metrics"][0]["Namespace"] == "AWS/SageMaker"


def test_a_datum_without_a_timestamp_is_of_now(room: Any) -> None:
    room("PutMetricData", Namespace="N", MetricData=[{"MetricName": "loss", "Value": 3.0}])
    assert room.statistics("Sum") == [(0, 3.0)]


def test_data_of_entities_are_data(room: Any) -> None:
    datum = {"MetricName": "loss", "Value": 3.0}
    room("PutMetricData", Namespace="N", EntityMetricData=[{"MetricData": [datum]}])
    assert room.statistics("Sum") == [(0, 3.0)]


def test_a_request_without_data_is_refused(room: Any) -> None:
    with pytest.raises(ServiceError, match="MissingParameter"):
        room("PutMetricData", Namespace="N")


def test_the_services_clock_may_be_ahead_of_the_worlds(room: Any) -> None:
    room.world.clock.advance(30 * DAY)
    room.put((0, 1.0))
    room.put((30 * DAY, 2.0))
    assert room.statistics("Sum", end=31 * DAY, period=DAY) == [(0, 1.0), (30 * DAY, 2.0)]
