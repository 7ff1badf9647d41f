"""Random searches against a plain evaluation of the documentation, written without a look at Salvia's.

API_SearchExpression: And is the default; filters, nested filters and subexpressions are all conditions. API_Filter:
what each operator means; Equals is the default. A property that is missing equals nothing.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.conftest import Server

SEED = 20_261_125
WORDS = ["ash", "birch", "cedar", "fir", "larch"]
START = datetime(2030, 1, 1, tzinfo=UTC)
TEXT = ["Equals", "NotEquals", "Exists", "NotExists", "In", "Contains"]
ORDERED = [
    "Equals",
    "NotEquals",
    "Exists",
    "NotExists",
    "GreaterThan",
    "GreaterThanOrEqualTo",
    "LessThan",
    "LessThanOrEqualTo",
]
Record = dict[str, Any]


def a_record(dice: random.Random, number: int) -> Record:
    """Properties by the name that Search knows them by; each may be missing."""
    full: Record = {
        "DisplayName": f"{dice.choice(WORDS)}-{dice.choice(WORDS)}",
        "Status.Message": dice.choice(WORDS),
        "StartTime": START + timedelta(days=dice.randrange(6)),
        "Parameters.depth": float(dice.randrange(5)),
        "Parameters.rate": dice.randrange(8) / 4,
        "Tags.tree": dice.choice(WORDS),
    }
    record = {name: value for name, value in full.items() if dice.random() < 0.8}
    return {
        **record,
        "TrialComponentName": f"random-{number}",
        "DisplayName": record.get("DisplayName", f"random-{number}"),
    }


def as_request(record: Record) -> Record:
    request: Record = {
        "TrialComponentName": record["TrialComponentName"],
        "DisplayName": record["DisplayName"],
        "Parameters": {
            name.partition(".")[2]: {"NumberValue": value} for name, value in record.items() if name.startswith("Param")
        },
        "Tags": [{"Key": "suite", "Value": "random"}],
    }
    if "StartTime" in record:
        request["StartTime"] = record["StartTime"]
    if "Status.Message" in record:
        request["Status"] = {"PrimaryStatus": "Completed", "Message": record["Status.Message"]}
    if "Tags.tree" in record:
        request["Tags"].append({"Key": "tree", "Value": record["Tags.tree"]})
    return request


def a_filter(dice: random.Random) -> Record:
    name = dice.choice(
        ["DisplayName", "Status.Message", "StartTime", "Parameters.depth", "Parameters.rate", "Tags.tree"]
    )
    if name in ("DisplayName", "Status.Message", "Tags.tree"):
        operator = dice.choice(TEXT)
        value = ",".join(dice.sample(WORDS, 2)) if operator == "In" else dice.choice([*WORDS, "ar", "ir"])
    elif name == "StartTime":
        operator = dice.choice(ORDERED)
        value = (START + timedelta(days=dice.randrange(6))).strftime("%Y-%m-%dT%H:%M:%S")
    else:
        operator = dice.choice(ORDERED)
        value = str(dice.randrange(16) / 4)
    found = {"Name": name, "Operator": operator}
    if operator not in ("Exists", "NotExists"):
        found["Value"] = value
    if operator == "Equals" and dice.random() < 0.5:
        del found["Operator"]
    return found


def an_expression(dice: random.Random, depth: int) -> Record:
    expression: Record = {}
    if dice.random() < 0.7:
        expression["Operator"] = dice.choice(["And", "Or"])
    if depth and dice.random() < 0.5:
        expression["SubExpressions"] = [an_expression(dice, depth - 1) for _ in range(dice.randint(1, 2))]
    if "SubExpressions" not in expression or dice.random() < 0.6:
        expression["Filters"] = [a_filter(dice) for _ in range(dice.randint(1, 3))]
    return expression


def satisfies(record: Record, expression: Record) -> bool:
    outcomes = [passes(record, one) for one in expression.get("Filters", [])]
    outcomes += [satisfies(record, one) for one in expression.get("SubExpressions", [])]
    return any(outcomes) if expression.get("Operator") == "Or" else all(outcomes)


def passes(record: Record, one: Record) -> bool:
    have, operator = record.get(one["Name"]), one.get("Operator", "Equals")
    match operator:
        case "Exists":
            return have is not None
        case "NotExists":
            return have is None
        case "NotEquals":
            return not passes(record, {**one, "Operator": "Equals"})
    if have is None:
        return False
    want: Any = one["Value"]
    match operator:
        case "In":
            return have in want.split(",")
        case "Contains":
            return want in have
    if isinstance(have, datetime):
        want = datetime.strptime(want, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    elif isinstance(have, float):
        want = float(want)
    match operator:
        case "GreaterThan":
            return bool(have > want)
        case "GreaterThanOrEqualTo":
            return bool(have >= want)
        case "LessThan":
            return bool(have < want)
        case "LessThanOrEqualTo":
            return bool(have <= want)
    return bool(have == want)


@pytest.fixture(scope="module")
def records(salvia: Server) -> list[Record]:
    dice = random.Random(SEED)
    made = [a_record(dice, number) for number in range(40)]
    for record in made:
        salvia.client("sagemaker").create_trial_component(**as_request(record))
    return made


def test_random_expressions_find_what_the_documentation_says(salvia: Server, records: list[Record]) -> None:
    """300 expressions; most find some records and not others, else they would show nothing."""
    dice, telling = random.Random(SEED + 1), 0
    for _ in range(300):
        expression = an_expression(dice, depth=2)
        answer = salvia.client("sagemaker").search(
            Resource="ExperimentTrialComponent",
            SearchExpression={
                "Filters": [{"Name": "Tags.suite", "Value": "random"}],
                "SubExpressions": [expression],
            },
        )
        found = {hit["TrialComponent"]["TrialComponentName"] for hit in answer["Results"]}
        expected = {record["TrialComponentName"] for record in records if satisfies(record, expression)}
        assert found == expected, expression
        assert answer["TotalHits"]["Value"] == len(expected)
        telling += 0 < len(expected) < len(records)
    assert telling > 150


def test_random_sorts_are_in_order_over_all_pages(salvia: Server, records: list[Record]) -> None:
    """SortBy any property, either way, whatever the page; what has none comes last."""
    dice = random.Random(SEED + 2)
    for _ in range(20):
        name = dice.choice(["DisplayName", "StartTime", "Parameters.rate", "Tags.tree"])
        order = dice.choice(["Ascending", "Descending"])
        pages = (
            salvia.client("sagemaker")
            .get_paginator("search")
            .paginate(
                Resource="ExperimentTrialComponent",
                SearchExpression={"Filters": [{"Name": "Tags.suite", "Value": "random"}]},
                SortBy=name,
                SortOrder=order,
                PaginationConfig={"PageSize": dice.randint(3, 50)},
            )
        )
        found = [hit["TrialComponent"]["TrialComponentName"] for page in pages for hit in page["Results"]]
        by_name = {record["TrialComponentName"]: record.get(name) for record in records}
        values = [by_name[one] for one in found]
        present = [value for value in values if value is not None]
        assert sorted(found) == sorted(by_name)
        assert values[len(present) :] == [None] * (len(values) - len(present))
        assert present == sorted(present, reverse=order == "Descending")
