"""What things cost: `GetCost` through boto3, `salvia cost`, with real jobs under a virtual clock.

What AWS bills: API_DescribeTrainingJob, BillableTimeInSeconds × InstanceCount; API_WarmPoolStatus,
ResourceRetainedBillableTimeInSeconds × InstanceCount; Amazon SageMaker pricing for prices on demand, by the second.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Jobs, Server, eventually
from tests.endpoints import Endpoints

M5_LARGE = Decimal("0.115")  # USD an hour of Training; USE1-Train:ml.m5.large, 2026-08-11
GP2 = Decimal("0.14")  # USD a GB-month of Training's volumes; 2026-09-25
LONG = {"StoppingCondition": {"MaxRuntimeInSeconds": 1_000_000}}
DAY = 86_400
ENDLESS = "import time\nwhile True: time.sleep(0.1)"
GROUPINGS = ["RESOURCE", "USER", "DAY", "COMPONENT", "INSTANCE_TYPE", "PART"]


@pytest.fixture(scope="module")
def server(make_server: Callable[..., Server]) -> Server:
    """A server whose time and controllers are these tests' own."""
    return make_server("--clock", "virtual")


@pytest.fixture(scope="module")
def jobs(server: Server) -> Jobs:
    return Jobs(server)


def cost(server: Server, *types: str, **more: Any) -> dict[str, Any]:
    groups = [{"Type": "TAG", "Key": name[4:]} if name.startswith("TAG:") else {"Type": name} for name in types]
    return server.client("salvia").get_cost(**({"GroupBy": groups} if groups else {}), **more)


def of(server: Server, job: dict[str, Any]) -> dict[str, Any]:
    """The group of one resource."""
    groups = [group for group in cost(server)["Groups"] if group["Keys"] == [job["TrainingJobArn"]]]
    return groups[0] if groups else {"Cost": "0", "InstanceSeconds": 0}


def by_component(server: Server, job: dict[str, Any]) -> dict[str, Decimal]:
    groups = cost(server, "RESOURCE", "COMPONENT")["Groups"]
    return {group["Keys"][1]: Decimal(group["Cost"]) for group in groups if group["Keys"][0] == job["TrainingJobArn"]}


def test_at_first_there_is_nothing_and_it_says_what_to_do(server: Server) -> None:
    report = cost(server)
    assert (report["Groups"], report["Running"], report["Total"]["Cost"]) == ([], [], "0.0000000000")
    shown = server.salvia("cost").stdout
    assert "Nothing ran" in shown
    assert "create-training-job" in shown


@dataclass
class Long:
    """What a job of 30 hours showed while it ran, and in the end."""

    running: list[dict[str, Any]]
    shown: str
    ended: dict[str, Any]


@pytest.fixture(scope="module")
def long(server: Server, jobs: Jobs) -> Long:
    """30 hours on 2 instances, over midnight at least once, with volumes of 100 GB."""
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 100}
    name = jobs.start(ENDLESS, name="long", ResourceConfig=resources, **LONG)
    jobs.reaches(name, "Training")
    server.advance("30h")
    running, shown = cost(server)["Running"], server.salvia("cost").stdout
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    return Long(running, shown, jobs.ended(name))


def test_a_training_job_costs_its_billable_seconds(server: Server, long: Long) -> None:
    """Of its instances; volumes by the GB-month."""
    (running,) = long.running
    assert (running["ResourceArn"].rpartition("/")[2], running["Item"], running["Amount"]) == ("long", "ml.m5.large", 2)
    assert 2 * 30 * M5_LARGE < Decimal(running["Cost"]) < 31 * Decimal(running["CostPerHour"])
    assert "2 × ml.m5.large" in long.shown
    seconds = long.ended["BillableTimeInSeconds"]
    assert seconds >= 30 * 3600
    group = of(server, long.ended)
    assert group["InstanceSeconds"] == 2 * seconds
    found = by_component(server, long.ended)
    # Each line, of one day and one price, is rounded to ten decimals: so exact is the sum.
    assert found["Training"] == pytest.approx(2 * seconds * M5_LARGE / 3600, abs=Decimal("3E-10"))
    # A month has 28 to 31 days, and the job may lie in two.
    assert 200 * seconds * GP2 / (31 * DAY) <= found["Storage"] <= 200 * seconds * GP2 / (28 * DAY)
    assert Decimal(group["Cost"]) == found["Training"] + found["Storage"]
    assert group["OnDemandCost"] == group["Cost"]
    assert cost(server)["Running"] == []


def test_a_heterogeneous_cluster_costs_what_each_group_does(server: Server, jobs: Jobs) -> None:
    groups = [
        {"InstanceGroupName": "cpu", "InstanceType": "ml.m5.large", "InstanceCount": 2},
        {"InstanceGroupName": "big", "InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
    ]
    ended = jobs.run("pass", name="cluster", ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 1})
    seconds = ended["BillableTimeInSeconds"]
    parts = {
        tuple(group["Keys"][1:]): group["InstanceSeconds"]
        for group in cost(server, "RESOURCE", "PART", "INSTANCE_TYPE")["Groups"]
        if group["Keys"][0] == ended["TrainingJobArn"]
    }
    assert parts == {("cpu", "ml.m5.large"): 2 * seconds, ("big", "ml.m5.xlarge"): seconds}


def test_it_is_whose_it_is(server: Server, jobs: Jobs) -> None:
    """By the user who asked for it, and by tag: those it has, or had last. Deleting a job deletes no cost."""
    iam = server.client("iam")
    user = iam.create_user(UserName="spender")["User"]["Arn"]
    key = iam.create_access_key(UserName="spender")["AccessKey"]
    keys = (key["AccessKeyId"], key["SecretAccessKey"], None)
    theirs = server.client("salvia", keys)
    with pytest.raises(ClientError, match="not authorized to perform: salvia:GetCost"):
        theirs.get_cost()
    iam.attach_user_policy(UserName="spender", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    own = Jobs.__new__(Jobs)
    own.server, own.count, own.bucket, own.s3 = server, 100, jobs.bucket, jobs.s3
    own.sagemaker = server.client("sagemaker", keys)
    ended = own.run("pass", name="theirs", Tags=[{"Key": "team", "Value": "red"}])
    own.sagemaker.add_tags(ResourceArn=ended["TrainingJobArn"], Tags=[{"Key": "team", "Value": "blue"}])
    own.sagemaker.delete_training_job(TrainingJobName="theirs")
    users = {group["Keys"][0]: group for group in cost(server, "USER")["Groups"]}
    assert users[user]["InstanceSeconds"] == ended["BillableTimeInSeconds"]
    teams = {group["Keys"][0]: group["Cost"] for group in cost(server, "TAG:team")["Groups"]}
    assert teams["blue"] == users[user]["Cost"] == of(server, ended)["Cost"]
    assert set(teams) == {"", "blue"}


def test_managed_spot_training_says_what_it_saved(server: Server, jobs: Jobs) -> None:
    """savings = (1 - BillableTimeInSeconds / TrainingTimeInSeconds) x 100; API_DescribeTrainingJob."""
    condition = {"MaxRuntimeInSeconds": 500_000, "MaxWaitTimeInSeconds": 1_000_000}
    code = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + ENDLESS
    name = jobs.start(code, name="spot", EnableManagedSpotTraining=True, StoppingCondition=condition)
    jobs.reaches(name, "Training")
    server.advance("1h")
    server.client("salvia").interrupt_training_job(TrainingJobName=name)
    before = Decimal(of(server, jobs.describe(name))["Cost"])
    server.advance("3h")
    since = Decimal(of(server, jobs.describe(name))["Cost"]) - before
    assert since < M5_LARGE / 60, "nobody pays while it is interrupted"
    jobs.reaches(name, "Training")
    server.advance("1h")
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    server.advance("5m")
    ended = jobs.ended(name)
    billable, training = ended["BillableTimeInSeconds"], ended["TrainingTimeInSeconds"]
    group = of(server, ended)
    assert group["InstanceSeconds"] == billable
    saved, full = Decimal(group["SpotSavings"]), Decimal(group["OnDemandCost"])
    assert saved > 3 * M5_LARGE
    assert Decimal(group["Cost"]) + saved == full
    # Its volume of 1 GB is on both sides, too.
    assert full == pytest.approx(training * (M5_LARGE / 3600 + GP2 / (30 * 86400)), rel=Decimal("0.0001"))
    assert float(saved / full) == pytest.approx(1 - billable / training, abs=1e-6)
    shown = server.salvia("cost", "--by", "component").stdout
    assert "SAVED BY SPOT" in shown
    assert "Managed spot training saved" in shown


def test_a_warm_pool_costs_what_it_was_kept(server: Server, jobs: Jobs) -> None:
    """ResourceRetainedBillableTimeInSeconds x InstanceCount. What its volume costs, AWS does not publish."""
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
    ended = jobs.run("pass", name="pool", ResourceConfig={**resources, "KeepAlivePeriodInSeconds": 3600})
    eventually(lambda: jobs.describe("pool")["WarmPoolStatus"]["Status"] == "Available", 30)
    assert [use["Component"] for use in cost(server)["Running"]] == ["WarmPool"]
    server.advance("30m")
    jobs.sagemaker.update_training_job(TrainingJobName="pool", ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    kept = eventually(
        lambda: (p := jobs.describe("pool")["WarmPoolStatus"])["Status"] == "Terminated" and p, 30, "it is over"
    )["ResourceRetainedBillableTimeInSeconds"]
    assert 1800 <= kept < 1830
    assert by_component(server, ended)["WarmPool"] == pytest.approx(kept * M5_LARGE / 3600, abs=Decimal("2E-10"))
    (unknown,) = of(server, ended)["Unpriced"]
    assert (unknown["Component"], unknown["Item"], unknown["Unit"]) == ("Storage", "WarmPool", "GB-month")
    assert Decimal(unknown["Quantity"]) > 0
    assert "GB-months of Storage WarmPool" in server.salvia("cost").stdout
    assert cost(server)["Running"] == []


def test_killed_controllers_lose_and_double_nothing(server: Server, jobs: Jobs) -> None:
    """kill -9 all through a job's life, an hour of which passes while no controller lives."""
    name = jobs.start(ENDLESS, name="hunted", instances=2, **LONG)

    def kill() -> None:
        for pid in server.pids("controller"):
            os.kill(pid, signal.SIGKILL)

    def hunt(until: str) -> None:
        """Kill each controller a little later after its start than the last, until one got that far."""
        for round_ in range(12):
            kill()
            eventually(lambda: server.pids("controller"), 60, "another controller")
            deadline = time.monotonic() + 0.2 * 1.6**round_
            while time.monotonic() < deadline:
                if jobs.describe(name)["SecondaryStatus"] == until:
                    return
                time.sleep(0.01)
        raise AssertionError(jobs.describe(name))

    hunt("Training")
    kill()
    server.advance("1h")
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    hunt("Stopped")
    ended = jobs.describe(name)
    assert ended["BillableTimeInSeconds"] >= 3600
    assert of(server, ended)["InstanceSeconds"] == 2 * ended["BillableTimeInSeconds"]
    assert cost(server)["Running"] == []


def test_an_endpoint_costs_while_it_is_in_service(server: Server) -> None:
    """Each instance of each variant, invoked or not, and what bodies have gone in and out of it. "The endpoint must be
    deleted in order to stop incurring charges"; API_UpdateEndpoint. Prices: Hosting, us-east-1, 2026-09-22; volumes
    2026-09-28; data 2026-02-15."""
    endpoints = Endpoints(server)
    model = endpoints.model()
    many = endpoints.variant(model, "many", count=2)
    large = endpoints.variant(model, "large", InstanceType="ml.m5.xlarge", VolumeSizeInGB=100)
    name = endpoints.create(endpoints.config(many, large))
    arn = endpoints.describe(name)["EndpointArn"]
    server.advance("10h")
    running = {(use["Part"], use["Item"], use["Amount"]): use for use in cost(server)["Running"]}
    assert set(running) == {("many", "ml.m5.large", 2), ("large", "ml.m5.xlarge", 1)}
    assert not any(use["Idle"] for use in running.values()), "it has not been there for a day"
    server.advance("15h")
    assert all(use["Idle"] for use in cost(server)["Running"])
    assert "IDLE: not invoked for a day; 5.52" in server.salvia("cost").stdout, "2 x 24 h x 0.115"
    invoke = server.client("sagemaker-runtime").invoke_endpoint
    sent = 1_000_000
    answered = len(invoke(EndpointName=name, TargetVariant="many", Body=b"x" * sent)["Body"].read())
    eventually(lambda: not any(use["Idle"] for use in cost(server)["Running"]), 30, "somebody uses it")
    data = eventually(
        lambda: {
            group["Keys"][2]: (Decimal(group["Cost"]), group["InstanceSeconds"])
            for group in cost(server, "RESOURCE", "COMPONENT", "INSTANCE_TYPE")["Groups"]
            if group["Keys"][:2] == [arn, "Data"]
        },
        10,
        "its data are on the bill",
    )
    a_byte = Decimal("0.016") / (1 << 30)
    assert data == {
        "HostingIn": (pytest.approx(sent * a_byte, abs=Decimal("1E-10")), 0),
        "HostingOut": (pytest.approx(answered * a_byte, abs=Decimal("1E-10")), 0),
    }
    endpoints.delete(name)
    assert cost(server)["Running"] == []
    found = {
        tuple(group["Keys"][1:]): group
        for group in cost(server, "RESOURCE", "PART", "COMPONENT")["Groups"]
        if group["Keys"][0] == arn
    }
    assert set(found) == {("many", "Hosting"), ("many", "Data"), ("large", "Hosting"), ("large", "Storage")}
    seconds = found["large", "Hosting"]["InstanceSeconds"]
    assert 25 * 3600 <= seconds < 25 * 3600 + 60
    assert found["many", "Hosting"]["InstanceSeconds"] == pytest.approx(2 * seconds, abs=8)
    hosting = Decimal(found["large", "Hosting"]["Cost"])
    assert hosting == pytest.approx(seconds * Decimal("0.23") / 3600, abs=Decimal("3E-10"))
    volume = Decimal(found["large", "Storage"]["Cost"])
    assert 100 * seconds * GP2 / (31 * DAY) <= volume <= 100 * seconds * GP2 / (28 * DAY)


def test_instances_of_an_endpoint_come_and_go(server: Server) -> None:
    """Scaled out and in, and one that dies: each costs its own time, through kill -9 of the controller."""
    endpoints = Endpoints(server)
    name = endpoints.create()
    arn = endpoints.describe(name)["EndpointArn"]

    def amount() -> int:
        return sum(use["Amount"] for use in cost(server)["Running"] if use["ResourceArn"] == arn)

    def scale(count: int) -> None:
        endpoints.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name,
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": count}],
        )
        for pid in server.pids("controller"):
            os.kill(pid, signal.SIGKILL)
        endpoints.settled(name)

    server.advance("1h")
    scale(3)
    assert eventually(lambda: amount() == 3)
    server.advance("1h")
    scale(1)
    assert eventually(lambda: amount() == 1)
    before = eventually(lambda: endpoints.sockets(name))
    eventually(lambda: len(server.pids("agent")) == 1)
    os.kill(server.pids("agent")[0], signal.SIGKILL)
    eventually(lambda: (now := endpoints.sockets(name)) and now != before, 60, "it is replaced")
    server.advance("1h")
    endpoints.delete(name)
    (group,) = [group for group in cost(server)["Groups"] if group["Keys"] == [arn]]
    hours = group["InstanceSeconds"] / 3600
    assert hours == pytest.approx(5, abs=0.05), "1 + 3 + 1"
    assert amount() == 0


def test_every_grouping_adds_up_to_the_same(server: Server, long: Long) -> None:
    """To the last digit, of all that the tests before left; and so do its days, asked for one by one."""
    whole = cost(server)["Total"]
    assert Decimal(whole["Cost"]) >= Decimal(of(server, long.ended)["Cost"]) > 0
    members = ("Cost", "OnDemandCost", "SpotSavings")
    for types in [*([one] for one in [*GROUPINGS, "TAG:team"]), *itertools.permutations(GROUPINGS, 2), GROUPINGS]:
        report = cost(server, *types)
        for member in members:
            assert sum(Decimal(group[member]) for group in report["Groups"]) == Decimal(whole[member]), types
        assert report["Total"] == whole
    days = [datetime.fromisoformat(group["Keys"][0]).replace(tzinfo=UTC) for group in cost(server, "DAY")["Groups"]]
    assert len(days) >= 2
    totals = [cost(server, StartTime=day, EndTime=day + timedelta(days=1))["Total"] for day in days]
    for member in members:
        assert sum(Decimal(total[member]) for total in totals) == Decimal(whole[member])


def test_the_command_line_shows_the_same(server: Server, long: Long) -> None:
    """In a table whose figures add up, and as JSON."""
    report = json.loads(server.salvia("cost", "--json", "--by", "user", "--by", "tag:team").stdout)
    assert report["Groups"] == cost(server, "USER", "TAG:team")["Groups"]
    assert all(price["Source"] for price in report["Prices"] if "Amount" in price)
    shown = [line.split() for line in server.salvia("cost", "--by", "day").stdout.splitlines()]
    rows = [line for line in shown if line and line[0].startswith("20") and len(line) == 5]
    (total,) = [line for line in shown if line[:1] == ["TOTAL"]]
    for column in (2, 3, 4):
        assert sum(Decimal(row[column].replace(",", "")) for row in rows) == Decimal(total[column].replace(",", ""))
    name = long.ended["TrainingJobName"]
    assert f"training-job/{name}" in server.salvia("cost", "--since", "30d").stdout
    assert "Nothing ran" in server.salvia("cost", "--since", "2020-01-01", "--until", "2020-02-01").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--by", "colour"], "tag:KEY, and not colour"),
        (["--by", "tag:"], "tag:KEY, and not tag:"),
        (["--since", "yesterday"], "neither a date, such as 2026-11-01, nor a time ago"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "StartTime must be before EndTime"),
    ],
)
def test_what_cannot_be_answered_is_said(server: Server, arguments: list[str], sentence: str) -> None:
    refused = server.salvia("cost", *arguments, check=False)
    assert refused.returncode != 0
    assert sentence in refused.stderr


def test_a_tag_has_a_key(server: Server) -> None:
    for group in ({"Type": "TAG"}, {"Type": "DAY", "Key": "x"}):
        with pytest.raises(ClientError, match="Type TAG needs a Key"):
            server.client("salvia").get_cost(GroupBy=[group])


def test_ones_own_sheet_overrides_and_aws_stays_beside_it(server: Server, long: Long, tmp_path: Path) -> None:
    """`salvia up --prices`; a wrong one is refused there, and said where it went wrong later."""
    before = cost(server)["Total"]
    path = tmp_path / "prices.json"
    path.write_text('{"Training": {"ml.m5.larg": 1}}')
    refused = server.salvia("up", "--detach", "--prices", str(path), check=False)
    assert (refused.returncode, "Training has no item ml.m5.larg" in refused.stderr) == (2, True)
    path.write_text('{"Training": {"*": 0.36}, "Storage": {"*": 0}, "WarmPool": {"*": 0}}')
    server.down()
    server.options += ("--prices", str(path))
    server.up()
    report = cost(server, "COMPONENT")
    groups = {group["Keys"][0]: group for group in report["Groups"]}
    seconds = groups["Training"]["InstanceSeconds"]
    assert Decimal(groups["Training"]["Cost"]) == pytest.approx(seconds * Decimal("0.0001"), abs=Decimal("1E-8"))
    assert all(Decimal(groups[name]["Cost"]) == 0 for name in {"Storage", "WarmPool"} & set(groups))
    assert of(server, long.ended)["InstanceSeconds"] == 2 * long.ended["BillableTimeInSeconds"]
    assert report["Total"]["Unpriced"] == []
    for member in ("OnDemandCost", "OnDemandUnpriced"):
        assert report["Total"][member] == before[member], "AWS's prices are what they were"
    aws_own = {price["Component"] for price in report["Prices"] if price["Source"] != "your own sheet"}
    assert aws_own == {"Hosting", "Data"}
    path.write_text("{")
    with pytest.raises(ClientError, match="is not JSON"):
        cost(server)
