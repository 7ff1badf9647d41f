"""Event selectors, basic and advanced: checked when they are put, asked of every event.

Sources: API_PutEventSelectors, API_EventSelector, API_DataResource, API_AdvancedFieldSelector; CloudTrail user guide,
"Logging data events".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from salvia.control.audit import DATA_TYPES
from salvia.core.errors import ServiceError

DEFAULT: dict[str, Any] = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}
_OBJECT = "AWS::S3::Object"
_MOST = 5  # basic selectors of a trail
_MOST_RESOURCES = 250
_MOST_CONDITIONS = 500
_MAY_EXCLUDE = {"kms.amazonaws.com", "rdsdata.amazonaws.com"}
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": str.__eq__,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}
# What a field selector looks at; `resources.ARN` may have several values.
_FIELDS: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "eventCategory": lambda record: [record["eventCategory"]],
    "readOnly": lambda record: ["true" if record["readOnly"] else "false"],
    "eventSource": lambda record: [record["eventSource"]],
    "eventName": lambda record: [record["eventName"]],
    "eventType": lambda record: [record["eventType"]],
    "userIdentity.arn": lambda record: [record["userIdentity"].get("arn", "")],
    "resources.type": lambda record: [resource["type"] for resource in record.get("resources", ())],
    "resources.ARN": lambda record: _arns(record),
}
_EQUALS_ONLY = {"eventCategory", "readOnly", "resources.type"}


class Selection:
    """The selectors of a trail, as a question."""

    def __init__(self, selectors: Mapping[str, Any]) -> None:
        self._basic: Sequence[Mapping[str, Any]] = selectors.get("EventSelectors") or ()
        self._advanced: Sequence[Mapping[str, Any]] = selectors.get("AdvancedEventSelectors") or ()
        self.data_types = frozenset(
            [resource["Type"] for selector in self._basic for resource in selector.get("DataResources", ())]
            + [
                value
                for selector in self._advanced
                for field in selector["FieldSelectors"]
                if field["Field"] == "resources.type"
                for value in field.get("Equals", ())
            ]
        )

    def selects(self, record: Mapping[str, Any]) -> bool:
        """Whether any selector takes the record."""
        return any(_takes(selector, record) for selector in self._basic) or any(
            all(_matches(field, record) for field in selector["FieldSelectors"]) for selector in self._advanced
        )


def _takes(selector: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    kind = selector.get("ReadWriteType", "All")
    if kind != "All" and (kind == "ReadOnly") is not record["readOnly"]:
        return False
    if record["managementEvent"]:
        return bool(
            selector.get("IncludeManagementEvents", True)
            and record["eventSource"] not in selector.get("ExcludeManagementEventSources", ())
        )
    return any(
        resource["Type"] == _type(record) and any(_below(value, arn) for arn in _arns(record))
        for resource in selector.get("DataResources", ())
        for value in resource.get("Values", ())
    )


def _matches(field: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    values = _FIELDS[field["Field"]](record)
    wanted = [(match, text) for name, match in _OPERATORS.items() for text in field.get(name, ())]
    unwanted = [(match, text) for name, match in _OPERATORS.items() for text in field.get(f"Not{name}", ())]
    if wanted and not any(match(value, text) for match, text in wanted for value in values):
        return False
    return not any(match(value, text) for match, text in unwanted for value in values)


def _type(record: Mapping[str, Any]) -> str:
    kind: str = record["resources"][0]["type"] if record.get("resources") else ""
    return kind


def _arns(record: Mapping[str, Any]) -> list[str]:
    """What a selector's ARN is compared with: a bucket's operations count as below its prefix `bucket/`."""
    kind = _type(record)
    found = [one for one in record.get("resources", ()) if one["type"] == kind]
    return [one.get("ARN") or one.get("ARNPrefix", "") for one in found]


def _below(value: str, arn: str) -> bool:
    # `arn:aws:s3` stands for every bucket, `arn:aws:s3:::bucket/prefix` for what begins so.
    return value in ("arn:aws:s3", "arn:aws:s3:::") or arn.startswith(value)


def checked(request: Mapping[str, Any]) -> dict[str, Any]:
    """The selectors of a PutEventSelectors, as they are kept. Raises InvalidEventSelectorsException."""
    basic, advanced = request.get("EventSelectors"), request.get("AdvancedEventSelectors")
    if bool(basic) == bool(advanced):
        raise _invalid("Give either EventSelectors or AdvancedEventSelectors.")
    if basic:
        return {"EventSelectors": _check_basic(basic)}
    assert advanced is not None
    conditions = 0
    for selector in advanced:
        conditions += sum(_check_field(field) for field in selector["FieldSelectors"])
        _check_category(selector["FieldSelectors"])
    if conditions > _MOST_CONDITIONS:
        raise _invalid(f"The selectors have {conditions} values; {_MOST_CONDITIONS} are allowed.")
    return {"AdvancedEventSelectors": advanced}


def _check_basic(selectors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(selectors) > _MOST:
        raise _invalid(f"A trail has up to {_MOST} event selectors; these are {len(selectors)}.")
    resources = [resource for selector in selectors for resource in selector.get("DataResources", ())]
    values = [value for resource in resources for value in resource.get("Values", ())]
    if len(values) > _MOST_RESOURCES:
        raise _invalid(f"The selectors have {len(values)} data resources; {_MOST_RESOURCES} are allowed.")
    for selector in selectors:
        for resource in selector.get("DataResources", ()):
            if resource.get("Type") != _OBJECT:
                raise _invalid(
                    f"Event selectors select data events of {_OBJECT} here, not of {resource.get('Type')}. "
                    "Advanced event selectors know more types."
                )
            for value in resource.get("Values", ()):
                if value != "arn:aws:s3" and not value.startswith("arn:aws:s3:::"):
                    raise _invalid(f"Value {value} for DataResources.Values is invalid.")
        for source in selector.get("ExcludeManagementEventSources", ()):
            if source not in _MAY_EXCLUDE:
                raise _invalid(f"Events of {source} cannot be excluded; those of {', '.join(_MAY_EXCLUDE)} can.")
    return [{**DEFAULT, **selector} for selector in selectors]


def _check_field(field: Mapping[str, Any]) -> int:
    name = field["Field"]
    if name not in _FIELDS:
        raise _invalid(f"The field {name} is not one of {', '.join(_FIELDS)}.")
    given = {operator: values for operator, values in field.items() if operator != "Field" and values}
    if not given:
        raise _invalid(f"The field selector for {name} has no operator.")
    if name in _EQUALS_ONLY and set(given) != {"Equals"}:
        raise _invalid(f"The field {name} takes the operator Equals alone.")
    return sum(map(len, given.values()))


def _check_category(fields: Sequence[Mapping[str, Any]]) -> None:
    by_name = {field["Field"]: field.get("Equals", []) for field in fields}
    category = by_name.get("eventCategory")
    if category not in (["Management"], ["Data"]):
        raise _invalid("Each selector names one eventCategory, which Equals Management or Data.")
    types = by_name.get("resources.type", [])
    if category == ["Management"] and (types or "resources.ARN" in by_name):
        raise _invalid("Management events are not selected by resources.")
    if category == ["Data"] and (len(types) != 1 or types[0] not in DATA_TYPES):
        raise _invalid(f"Data events need one resources.type, which Equals one of {', '.join(sorted(DATA_TYPES))}.")


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidEventSelectorsException", message)
