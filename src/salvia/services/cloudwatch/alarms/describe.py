"""DescribeAlarms and DescribeAlarmsForMetric."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.documents import Document

from .. import metrics
from ..errors import bad_combination
from ..metrics import Metric
from . import ACTIONS, ALARM, kind_of, rules

_PAGE = 50
_READ = 256
_BEYOND = "\U0010ffff"
_STATUS = (
    *("AlarmConfigurationUpdatedTimestamp", "StateReason", "StateReasonData"),
    *("StateUpdatedTimestamp", "StateTransitionedTimestamp"),
)
_LIST = """
SELECT * FROM documents WHERE kind = :kind AND account = :account AND region = :region
AND name > :after AND name >= :prefix AND name < :beyond {state} ORDER BY name LIMIT :size"""
_NAMED = """
SELECT * FROM documents WHERE kind = :kind AND account = :account AND region = :region AND name IN ({})"""
_PARENTS = "SELECT d.name FROM alarm_references r JOIN documents d ON d.id = r.alarm WHERE r.arn = :arn"
_OF_METRIC = """
SELECT d.* FROM alarm_metrics a JOIN documents d ON d.id = a.alarm WHERE a.metric = :metric ORDER BY d.name"""


def described(alarm: Document) -> dict[str, Any]:
    """An alarm as it is shown."""
    status = {member: alarm.status[member] for member in _STATUS if member in alarm.status}
    lists: dict[str, Any] = {member: [] for member in ACTIONS.values()}
    lists |= {} if "AlarmRule" in alarm.spec else {"Dimensions": []}
    return {"AlarmArn": alarm.arn, **lists, **alarm.spec, **status, "StateValue": alarm.state}


@operation("DescribeAlarms")
async def describe_alarms(call: Call) -> dict[str, Any]:
    """A page of alarms, by name. Without AlarmTypes, those on metrics. Source: DescribeAlarms."""
    request = call.request
    names, prefix = request.get("AlarmNames"), request.get("AlarmNamePrefix", "")
    if names and prefix:
        raise bad_combination("AlarmNames and AlarmNamePrefix cannot be specified together.")
    kinds = request.get("AlarmTypes") or ["MetricAlarm"]
    family = [member for member in ("ChildrenOfAlarmName", "ParentsOfAlarmName") if request.get(member)]
    if family:
        names, kinds = _family(call, family[0]), ["MetricAlarm", "CompositeAlarm"]
    size = request.get("MaxRecords", _PAGE)
    after = _token(request["NextToken"]) if request.get("NextToken") else ""
    found = await _read(call, names, prefix, after, size + 1, kinds)
    answer: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": []}
    for alarm in found[:size]:
        answer[f"{kind_of(alarm.spec)}s"].append(described(alarm))
    if len(found) > size:
        answer["NextToken"] = encode_token(found[size - 1].name)
    return answer


def _family(call: Call, member: str) -> list[str]:
    """The names of the alarms that an alarm's rule is about, or of those whose rules are about it."""
    alarm = documents.find(call.db.read(), ALARM.kind, call.account, call.region, call.request[member])
    if alarm is None:
        raise ALARM.missing(call.request[member])
    if member == "ParentsOfAlarmName":
        return [row["name"] for row in call.db.read().all(_PARENTS, {"arn": alarm.arn})]
    return list(rules.parse(alarm.spec["AlarmRule"]).names) if "AlarmRule" in alarm.spec else []


async def _read(
    call: Call, names: list[str] | None, prefix: str, after: str, size: int, kinds: list[str]
) -> list[Document]:
    """The first `size` alarms behind `after` that the request is about."""
    request = call.request
    values: dict[str, Any] = {"kind": ALARM.kind, "account": call.account, "region": call.region}
    state, acts = request.get("StateValue"), request.get("ActionPrefix", "")
    if names is not None:
        if not names:
            return []
        marks = {f"n{number}": name for number, name in enumerate(names)}
        rows = call.db.read().all(_NAMED.format(", ".join(f":{mark}" for mark in marks)), {**values, **marks})
        found = sorted((Document.of(row) for row in rows), key=lambda alarm: alarm.name)
        return [alarm for alarm in found if alarm.name > after and _fits(alarm, state, acts, kinds)][:size]
    found = []
    values |= {"prefix": prefix, "beyond": prefix + _BEYOND, "size": max(size, _READ)}
    if state:
        values["state"] = state
    while True:
        sql = _LIST.format(state="AND state = :state" if state else "")
        rows = await call.db.scan(sql, {**values, "after": after})
        found += [alarm for alarm in map(Document.of, rows) if _fits(alarm, state, acts, kinds)]
        if len(found) >= size or len(rows) < values["size"]:
            return found[:size]
        after = rows[-1]["name"]


def _fits(alarm: Document, state: str | None, acts: str, kinds: list[str]) -> bool:
    if kind_of(alarm.spec) not in kinds:
        return False
    if state is not None and alarm.state != state:
        return False
    actions = [action for member in ACTIONS.values() for action in alarm.spec.get(member, ())]
    return not acts or any(action.startswith(acts) for action in actions)


def _token(token: str) -> str:
    try:
        name = decode_token(token)
    except ServiceError:
        name = None
    if not isinstance(name, str):
        raise ServiceError("InvalidNextToken", "The next token specified is invalid.")
    return name


@operation("DescribeAlarmsForMetric")
async def describe_alarms_for_metric(call: Call) -> dict[str, Any]:
    """The alarms on one metric, with exactly these dimensions. Source: DescribeAlarmsForMetric."""
    request = call.request
    dimensions = metrics.canonical(request.get("Dimensions", ()), "Dimensions")
    metric = metrics.find(call, Metric(request["Namespace"], request["MetricName"], dimensions))
    rows = call.db.read().all(_OF_METRIC, {"metric": metric}) if metric else []
    asked = {name: request[name] for name in ("Statistic", "ExtendedStatistic", "Period", "Unit") if name in request}
    alarms = [described(Document.of(row)) for row in rows]
    return {"MetricAlarms": [alarm for alarm in alarms if all(alarm.get(k) == v for k, v in asked.items())]}
