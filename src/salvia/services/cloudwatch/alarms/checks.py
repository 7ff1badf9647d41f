"""What an alarm may be: checked where the model cannot. Source: CloudWatch API reference, PutMetricAlarm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salvia.core.arns import parse_arn
from salvia.core.errors import ServiceError

from .. import statistics
from ..errors import absent, bad_combination, bad_value, not_valid
from . import ACTIONS
from .evaluation import COMPARISONS, TREATMENTS

_DAY = 86_400
_MOST_ACTIONS = 5
_MOST_DIMENSIONS = 30
_NEEDED = ("MetricName", "Namespace", "Period", "Threshold", "ComparisonOperator", "EvaluationPeriods")
_UNSUPPORTED = {
    "Metrics": "metric math",
    "ThresholdMetricId": "anomaly detection",
    "EvaluationWindow": "windows of the wall clock",
    "WarmUpConfiguration": "a warm-up",
    "EvaluationCriteria": "PromQL",
    "EvaluationInterval": "an interval of PromQL",
    "ActionConfiguration": "tags in notifications",
}


def checked(request: Mapping[str, Any], served: frozenset[str]) -> dict[str, Any]:
    """The spec of an alarm, its defaults filled in; `served` are the services whose actions can be done."""
    for member, what in _UNSUPPORTED.items():
        if request.get(member):
            raise not_valid(f"Salvia's alarms do not know {what} yet, and {member} is not ignored: leave it out.")
    for member in _NEEDED:
        if member not in request:
            raise absent(f"The parameter {member} is required for an alarm on a metric.")
    if ("Statistic" in request) == ("ExtendedStatistic" in request):
        raise bad_combination("Exactly one of the parameters Statistic and ExtendedStatistic must be specified.")
    extended = request.get("ExtendedStatistic")
    if extended is not None and statistics.percentile(extended) is None:
        raise bad_value(f"The value {extended} for parameter ExtendedStatistic is not supported: use p0.0 to p100.")
    if request.get("EvaluateLowSampleCountPercentile", "evaluate") != "evaluate":
        raise not_valid("Salvia evaluates percentiles of few samples, too: EvaluateLowSampleCountPercentile=evaluate.")
    if request["ComparisonOperator"] not in COMPARISONS:
        raise not_valid(f"ComparisonOperator {request['ComparisonOperator']} belongs to anomaly detection.")
    if request.get("TreatMissingData", "missing") not in TREATMENTS:
        raise not_valid(
            f"Option {request['TreatMissingData']} is not supported for TreatMissingData: {', '.join(TREATMENTS)}."
        )
    _check_times(request)
    check_actions(request, served)
    if len(request.get("Dimensions", ())) > _MOST_DIMENSIONS:
        raise bad_value(f"The collection Dimensions must not have a size greater than {_MOST_DIMENSIONS}.")
    spec = {name: value for name, value in request.items() if name != "Tags"}
    return {"ActionsEnabled": True, "DatapointsToAlarm": request["EvaluationPeriods"], **spec}


def _check_times(request: Mapping[str, Any]) -> None:
    period, periods = request["Period"], request["EvaluationPeriods"]
    if not statistics.is_period(period) or period < 10:
        raise not_valid("Period must be 10, 20, 30 or a multiple of 60.")
    longest = 7 * _DAY if period >= 3600 else _DAY
    if period * periods > longest:
        raise not_valid(
            f"Metrics cannot be checked across more than {'a week' if longest > _DAY else 'a day'} "
            "(EvaluationPeriods * Period must be <= "
            f"{longest})."
        )
    if request.get("DatapointsToAlarm", periods) > periods:
        raise not_valid("DatapointsToAlarm must not be greater than EvaluationPeriods.")


def check_actions(request: Mapping[str, Any], served: frozenset[str]) -> None:
    """Raise ValidationError for actions that nobody here can do."""
    for member in ACTIONS.values():
        actions = request.get(member, [])
        if len(actions) > _MOST_ACTIONS:
            raise not_valid(f"{member} must not have more than {_MOST_ACTIONS} members.")
        for action in actions:
            try:
                service = parse_arn(action).service
            except ServiceError:
                raise not_valid(f"Invalid arn syntax: {action}") from None
            if service not in served:
                raise not_valid(
                    f"Such an alarm does not act on {service}: {action}. Alarms publish to topics of SNS, and those "
                    "on metrics carry out scaling policies of Application Auto Scaling."
                )
