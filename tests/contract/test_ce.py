"""Cost Explorer through boto3, over real jobs under a virtual clock.

Expectations: API_GetCostAndUsage, API_GetCostAndUsageWithResources, API_GetDimensionValues, API_Expression;
that it all adds up to what `GetCost` says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.conftest import Jobs, Server
from tests.contract.test_iam import allow, policy, refused

ENDLESS = "import time\nwhile True: time.sleep(0.1)"
SAGEMAKER = {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon SageMaker"]}}
RESOURCE = [{"Type": "DIMENSION", "Key": "RESOURCE_ID"}]
LONG = {"StoppingCondition": {"MaxRuntimeInSeconds": 1_000_000}}


@dataclass
class Account:
    """One in which two jobs ran: `red`'s for 30 hours on 2 instances with volumes, and one without tags."""

    server: Server
    ce: Any
    today: datetime
    job: dict[str, Any]

    def ask(self, granularity: str = "DAILY", *, days: int = 62, **more: Any) -> list[dict[str, Any]]:
        """Every period of the last `days`."""
        period = {"Start": f"{self.today - timedelta(days):%Y-%m-%d}", "End": f"{self.today:%Y-%m-%d}"}
        if granularity == "HOURLY":
            period = {name: f"{day}T00:00:00Z" for name, day in period.items()}
        request = {"TimePeriod": period, "Granularity": granularity, "Metrics": ["UnblendedCost"], **more}
        results, token = [], {}
        while True:
            answer = self.ce.get_cost_and_usage(**request, **token)
            results += answer["ResultsByTime"]
            if "NextPageToken" not in answer:
                return results
            token = {"NextPageToken": answer["NextPageToken"]}

    def groups(self, *by: str, **more: Any) -> dict[tuple[str, ...], dict[str, Any]]:
        """The groups of the whole time in one, by `TYPE:KEY`."""
        keys = [dict(zip(("Type", "Key"), one.split(":"), strict=True)) for one in by]
        (first, *rest) = self.ask("MONTHLY", GroupBy=keys, **more)
        found: dict[tuple[str, ...], dict[str, Any]] = {}
        for period in (first, *rest):
            for group in period["Groups"]:
                assert group["Keys"] is not None
                found.setdefault(tuple(group["Keys"]), group["Metrics"])
        return found

    def of_resources(self, granularity: str = "DAILY", *, days: int = 14, **more: Any) -> list[dict[str, Any]]:
        """Every period of the last `days`, in groups of resources."""
        since = f"{self.today - timedelta(days):%Y-%m-%d}"
        period = {"Start": since, "End": f"{self.today:%Y-%m-%d}"}
        if granularity == "HOURLY":
            period = {name: f"{day}T00:00:00Z" for name, day in period.items()}
        request = {"Filter": SAGEMAKER, "GroupBy": RESOURCE, "Metrics": ["UnblendedCost"], **more}
        answer = self.ce.get_cost_and_usage_with_resources(TimePeriod=period, Granularity=granularity, **request)
        assert "NextPageToken" not in answer
        results: list[dict[str, Any]] = answer["ResultsByTime"]
        return results

    def total(self, **more: Any) -> Decimal:
        return sum((Decimal(one["Total"]["UnblendedCost"]["Amount"]) for one in self.ask(**more)), Decimal(0))


@pytest.fixture(scope="module")
def account(make_server: Callable[..., Server]) -> Account:
    server = make_server("--clock", "virtual")
    jobs = Jobs(server)
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 100}
    name = jobs.start(ENDLESS, name="long", ResourceConfig=resources, Tags=[{"Key": "team", "Value": "red"}], **LONG)
    jobs.reaches(name, "Training")
    server.salvia("clock", "advance", "30h")
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    job = jobs.ended(name)
    jobs.run("pass", name="short")
    server.salvia("clock", "advance", "24h")  # so that all of it lies before today
    now = server.client("salvia").describe_clock()["Now"].astimezone(UTC)
    return Account(server, server.client("ce"), now.replace(hour=0, minute=0, second=0, microsecond=0), job)


def test_however_one_asks_the_sum_is_that_of_the_bill(account: Account) -> None:
    """To the last decimal: by hour, day and month, in one or in groups."""
    billed = account.server.client("salvia").get_cost(StartTime=account.today - timedelta(62), EndTime=account.today)
    cost = Decimal(billed["Total"]["Cost"])
    assert cost > 0
    for granularity in ("HOURLY", "DAILY", "MONTHLY"):
        assert account.total(granularity=granularity) == cost
        grouped = account.ask(granularity, GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}])
        amounts = [group["Metrics"]["UnblendedCost"]["Amount"] for one in grouped for group in one["Groups"]]
        assert sum(map(Decimal, amounts)) == cost
        assert all(one["Total"] == {} for one in grouped)


def test_there_is_every_period_and_no_other(account: Account) -> None:
    days = account.ask(days=62)
    starts = [one["TimePeriod"]["Start"] for one in days]
    assert starts == [f"{account.today - timedelta(62 - number):%Y-%m-%d}" for number in range(62)]
    assert days[0]["Total"] == {"UnblendedCost": {"Amount": "0.0000000000", "Unit": "USD"}}
    assert [one["Estimated"] for one in days] == [False] * 62
    months = account.ask("MONTHLY")
    assert months[0]["TimePeriod"]["Start"] == starts[0]
    assert months[0]["TimePeriod"]["End"] == months[1]["TimePeriod"]["Start"]
    assert months[1]["TimePeriod"]["Start"].endswith("-01")
    assert months[-1]["TimePeriod"]["End"] == f"{account.today:%Y-%m-%d}"
    hours = account.ask("HOURLY")
    assert len(hours) == 62 * 24  # more than a page has
    assert len({one["TimePeriod"]["Start"] for one in hours}) == len(hours)


def test_today_is_estimated_and_the_future_is_empty(account: Account) -> None:
    start, end = account.today, account.today + timedelta(2)
    period = {"Start": f"{start:%Y-%m-%d}", "End": f"{end:%Y-%m-%d}"}
    answer = account.ce.get_cost_and_usage(TimePeriod=period, Granularity="DAILY", Metrics=["UsageQuantity"])
    assert [one["Estimated"] for one in answer["ResultsByTime"]] == [True, True]
    tomorrow = answer["ResultsByTime"][1]["Total"]["UsageQuantity"]
    assert (Decimal(tomorrow["Amount"]), tomorrow["Unit"]) == (0, "N/A")


def test_groups_are_by_dimension_and_tag(account: Account) -> None:
    """A tag's key is `team$red`, and `team$` for what has none."""
    by_type = account.groups("DIMENSION:USAGE_TYPE", Metrics=["UnblendedCost", "UsageQuantity"])
    assert set(by_type) == {("USE1-Train:ml.m5.large",), ("USE1-Train:VolumeUsage.gp2",)}
    assert by_type["USE1-Train:ml.m5.large",]["UsageQuantity"]["Unit"] == "Hrs"
    assert by_type["USE1-Train:VolumeUsage.gp2",]["UsageQuantity"]["Unit"] == "GB-Mo"
    assert set(account.groups("TAG:team", "DIMENSION:SERVICE")) == {
        ("team$red", "Amazon SageMaker"),
        ("team$", "Amazon SageMaker"),
    }
    for key, value in {"REGION": "us-east-1", "LINKED_ACCOUNT": "123456789012", "RECORD_TYPE": "Usage"}.items():
        assert set(account.groups(f"DIMENSION:{key}")) == {(value,)}


def test_the_quantity_is_of_instance_hours(account: Account) -> None:
    only = {"Dimensions": {"Key": "INSTANCE_TYPE", "Values": ["ml.m5.large"]}}
    tagged = {"Tags": {"Key": "team", "Values": ["red"]}}
    days = account.ask(Metrics=["UsageQuantity"], Filter={"And": [only, tagged]})
    hours = sum(Decimal(one["Total"]["UsageQuantity"]["Amount"]) for one in days)
    exact = Decimal(2 * account.job["BillableTimeInSeconds"]) / 3600
    assert hours == pytest.approx(exact, abs=Decimal("3E-10"))


def test_every_kind_of_cost_is_the_unblended_one(account: Account) -> None:
    names = ["AmortizedCost", "BlendedCost", "NetAmortizedCost", "NetUnblendedCost", "UnblendedCost"]
    for one in account.ask("MONTHLY", Metrics=names):
        assert len({amount["Amount"] for amount in one["Total"].values()}) == 1
        assert sorted(one["Total"]) == names


def test_filters_combine(account: Account) -> None:
    everything = account.total()
    training = {"Dimensions": {"Key": "USAGE_TYPE", "Values": ["USE1-Train:ml.m5.large"]}}
    red = {"Tags": {"Key": "team", "Values": ["red"]}}
    parts = {
        name: account.total(Filter=expression)
        for name, expression in {
            "training": training,
            "not training": {"Not": training},
            "red": red,
            "untagged": {"Tags": {"Key": "team", "MatchOptions": ["ABSENT"]}},
            "both": {"And": [training, red]},
            "either": {"Or": [training, red]},
            "starts": {
                "Dimensions": {
                    "Key": "USAGE_TYPE",
                    "Values": ["use1-"],
                    "MatchOptions": ["STARTS_WITH", "CASE_INSENSITIVE"],
                }
            },
            "none": {"Dimensions": {"Key": "REGION", "Values": ["eu-west-1"]}},
        }.items()
    }
    assert parts["training"] + parts["not training"] == everything
    assert parts["red"] + parts["untagged"] == everything
    assert parts["both"] + parts["either"] == parts["training"] + parts["red"]
    assert (parts["starts"], parts["none"]) == (everything, 0)
    assert 0 < parts["both"] < parts["red"] < everything


def test_resources_cost_what_the_bill_says_of_each(account: Account) -> None:
    """To the last decimal, by hour, day and month; a filter by ARN tells the same of one."""
    billed = account.server.client("salvia").get_cost(StartTime=account.today - timedelta(14), EndTime=account.today)
    costs = {group["Keys"][0]: Decimal(group["Cost"]) for group in billed["Groups"]}
    long = account.job["TrainingJobArn"]
    assert long in costs and len(costs) == 2
    for granularity in ("HOURLY", "DAILY", "MONTHLY"):
        found: dict[str, Decimal] = {}
        for period in account.of_resources(granularity):
            for group in period["Groups"]:
                (arn,) = group["Keys"]
                found[arn] = found.get(arn, Decimal(0)) + Decimal(group["Metrics"]["UnblendedCost"]["Amount"])
        assert found == costs
    only = {"And": [SAGEMAKER, {"Dimensions": {"Key": "RESOURCE_ID", "Values": [long]}}]}
    days = account.of_resources(Filter=only, GroupBy=[])
    assert sum(Decimal(day["Total"]["UnblendedCost"]["Amount"]) for day in days) == costs[long]


def test_a_resources_instances_and_volumes_are_told_apart(account: Account) -> None:
    types = [*RESOURCE, {"Type": "DIMENSION", "Key": "INSTANCE_TYPE"}]
    groups = [group for day in account.of_resources(GroupBy=types) for group in day["Groups"]]
    assert {tuple(group["Keys"]) for group in groups if group["Keys"][0] == account.job["TrainingJobArn"]} == {
        (account.job["TrainingJobArn"], "ml.m5.large"),
        (account.job["TrainingJobArn"], "NoInstanceType"),
    }


def test_resources_are_named_as_values_of_the_last_days(account: Account) -> None:
    def ask(days: int) -> Any:
        period = {"Start": f"{account.today - timedelta(days):%Y-%m-%d}", "End": f"{account.today:%Y-%m-%d}"}
        return account.ce.get_dimension_values(TimePeriod=period, Dimension="RESOURCE_ID")

    names = [one["Value"] for one in ask(14)["DimensionValues"]]
    assert account.job["TrainingJobArn"] in names and len(names) == 2
    assert "more than 14 days ago" in refused("ValidationException", ask, days=15)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"days": 15}, "more than 14 days ago"),
        ({"days": 15, "granularity": "HOURLY"}, "more than 14 days ago"),
        ({"GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}]}, "RESOURCE_ID"),
        ({"GroupBy": [{"Type": "TAG", "Key": "RESOURCE_ID"}]}, "filter by RESOURCE_ID"),
        ({"GroupBy": [{"Type": "DIMENSION", "Key": "RESOURCE_ID"}], "Metrics": []}, "Metrics is empty"),
        ({"GroupBy": [*RESOURCE, {"Type": "DIMENSION", "Key": "AZ"}]}, "nothing by AZ"),
    ],
)
def test_what_is_not_told_of_resources_is_refused(account: Account, wrong: dict[str, Any], why: str) -> None:
    assert why in refused("ValidationException", account.of_resources, **wrong)


@pytest.mark.parametrize(
    "told",
    [
        {"GroupBy": RESOURCE},
        {"Filter": {"Not": {"And": [SAGEMAKER, {"Dimensions": {"Key": "RESOURCE_ID", "Values": ["a"]}}]}}},
    ],
)
def test_of_resources_the_plain_operation_tells_nothing(account: Account, told: dict[str, Any]) -> None:
    """AWS's sentence, as users report it: aws/aws-cli, issue 8536."""
    assert "Dimension RESOURCE_ID is not allowed." in refused("ValidationException", account.ask, **told)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"Metrics": ["NormalizedUsageAmount"]}, "no metric NormalizedUsageAmount"),
        ({"GroupBy": [{"Type": "DIMENSION", "Key": "AZ"}]}, "nothing by AZ"),
        ({"GroupBy": [{"Type": "COST_CATEGORY", "Key": "x"}]}, "COST_CATEGORY"),
        ({"GroupBy": [{"Type": "TAG", "Key": "a"}] * 3}, "2 keys"),
        ({"GroupBy": [{"Type": "TAG"}]}, "Key"),
        ({"Filter": {"CostCategories": {"Key": "a", "Values": ["b"]}}}, "CostCategories"),
        ({"Filter": {}}, "one of"),
        ({"Filter": {"Dimensions": {"Key": "REGION"}}}, "Values"),
        ({"Filter": {"Tags": {"Key": "a", "Values": ["1"], "MatchOptions": ["GREATER_THAN_OR_EQUAL"]}}}, "GREATER"),
        ({"TimePeriod": {"Start": "2026-01-02", "End": "2026-01-02"}}, "before end date"),
        ({"TimePeriod": {"Start": "2026-02-30", "End": "2026-03-02"}}, "2026-02-30"),
        ({"TimePeriod": {"Start": "2026-01-01T00:00:00Z", "End": "2026-01-02T00:00:00Z"}}, "yyyy-MM-dd"),
        ({"TimePeriod": {"Start": "1926-01-01", "End": "2026-01-02"}}, "20000 days"),
        ({"BillingViewArn": "arn:aws:billing::123456789012:billingview/primary"}, "BillingViewArn"),
    ],
)
def test_what_cannot_be_told_is_refused(account: Account, wrong: dict[str, Any], why: str) -> None:
    request = {
        "TimePeriod": {"Start": "2026-01-01", "End": "2026-01-03"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
    }
    assert why in refused("ValidationException", account.ce.get_cost_and_usage, **(request | wrong))


def test_a_token_is_of_one_request(account: Account) -> None:
    start, end = account.today - timedelta(62), account.today
    request = {
        "TimePeriod": {"Start": f"{start:%Y-%m-%d}T00:00:00Z", "End": f"{end:%Y-%m-%d}T00:00:00Z"},
        "Granularity": "HOURLY",
    }
    token = account.ce.get_cost_and_usage(**request, Metrics=["UsageQuantity"])["NextPageToken"]
    ask = account.ce.get_cost_and_usage
    refused("RequestChangedException", ask, **request, Metrics=["UnblendedCost"], NextPageToken=token)
    refused("InvalidNextTokenException", ask, **request, Metrics=["UsageQuantity"], NextPageToken="bm9uc2Vuc2U")


def test_dimension_values_are_what_there_is_to_ask_for(account: Account) -> None:
    period = {"Start": f"{account.today - timedelta(62):%Y-%m-%d}", "End": f"{account.today:%Y-%m-%d}"}

    def ask(dimension: str, **more: Any) -> dict[str, Any]:
        return account.ce.get_dimension_values(TimePeriod=period, Dimension=dimension, **more)

    def names(answer: dict[str, Any]) -> list[str]:
        return [one["Value"] for one in answer["DimensionValues"]]

    usage = ask("USAGE_TYPE")
    assert names(usage) == ["USE1-Train:VolumeUsage.gp2", "USE1-Train:ml.m5.large"]
    assert (usage["ReturnSize"], usage["TotalSize"]) == (2, 2)
    first = ask("USAGE_TYPE", MaxResults=1)
    second = ask("USAGE_TYPE", MaxResults=1, NextPageToken=first["NextPageToken"])
    assert names(first) + names(second) == names(usage)
    assert (second["ReturnSize"], second["TotalSize"], "NextPageToken" in second) == (1, 2, False)
    dearest = ask("USAGE_TYPE", SortBy=[{"Key": "UnblendedCost", "SortOrder": "DESCENDING"}])
    assert names(dearest) == ["USE1-Train:ml.m5.large", "USE1-Train:VolumeUsage.gp2"]
    assert names(ask("USAGE_TYPE", SearchString="volume")) == ["USE1-Train:VolumeUsage.gp2"]
    red = {"Tags": {"Key": "team", "Values": ["red"]}}
    assert names(ask("INSTANCE_TYPE", Filter=red)) == ["NoInstanceType", "ml.m5.large"]
    for wrong in ({"Context": "RESERVATIONS"}, {"SortBy": [{"Key": "UnblendedCost"}], "SearchString": "a"}):
        with pytest.raises(account.ce.exceptions.ClientError, match="ValidationException"):
            ask("USAGE_TYPE", **wrong)


def test_whoever_sees_costs_has_the_right_to(account: Account) -> None:
    iam = account.server.client("iam")
    iam.create_user(UserName="nosy")
    key = iam.create_access_key(UserName="nosy")["AccessKey"]
    theirs = account.server.client("ce", (key["AccessKeyId"], key["SecretAccessKey"], None))
    request = {
        "TimePeriod": {"Start": "2026-01-01", "End": "2026-01-03"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
    }
    assert "ce:GetCostAndUsage" in refused("AccessDeniedException", theirs.get_cost_and_usage, **request)
    iam.put_user_policy(UserName="nosy", PolicyName="costs", PolicyDocument=policy(allow("ce:GetCostAndUsage")))
    of_resources = {**request, "Filter": SAGEMAKER, "GroupBy": RESOURCE}
    denied = refused("AccessDeniedException", theirs.get_cost_and_usage_with_resources, **of_resources)
    assert "ce:GetCostAndUsageWithResources" in denied
    iam.put_user_policy(UserName="nosy", PolicyName="costs", PolicyDocument=policy(allow("ce:Get*")))
    assert len(theirs.get_cost_and_usage(**request)["ResultsByTime"]) == 2
