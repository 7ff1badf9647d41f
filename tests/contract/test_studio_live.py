"""What Studio's pages have beside AWS's APIs: live changes, curves, saved views, capacity.

Expectations: docs/studio.md; of the stream's form, HTML standard, "Server-sent events".
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.conftest import ROLE, Jobs, Server, eventually
from tests.contract.test_iam import allow, policy
from tests.studio import Page, Stream, link


@pytest.fixture(scope="module")
def page(salvia: Server) -> Page:
    """A page of the administrator's."""
    page = Page(salvia)
    assert page.sign_in().status == 200
    return page


@pytest.fixture
def stream(page: Page) -> Iterator[Callable[..., Stream]]:
    """Opens streams that are closed afterwards."""
    opened: list[Stream] = []

    def make(nouns: str, of: Page = page, **more: Any) -> Stream:
        opened.append(Stream(of, nouns, **more))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def guest(salvia: Server, *statements: dict[str, Any]) -> Page:
    """A page of a new user who may do so much."""
    iam, name = salvia.client("iam"), f"guest-{secrets.token_hex(4)}"
    iam.create_user(UserName=name)
    iam.put_user_policy(
        UserName=name, PolicyName="own", PolicyDocument=policy(*statements, allow("salvia:CreateSignInLink"))
    )
    key = iam.create_access_key(UserName=name)["AccessKey"]
    page = Page(salvia)
    keys = (key["AccessKeyId"], key["SecretAccessKey"], None)
    assert page.sign_in(link(salvia.client("salvia", keys))).status == 200
    return page


def make_model(salvia: Server, name: str = "") -> str:
    """A model that nothing comes of."""
    name = name or f"model-{secrets.token_hex(5)}"
    salvia.client("sagemaker").create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer={"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/probe:latest"},
    )
    return name


def test_a_job_is_followed_to_its_end(jobs: Jobs, stream: Callable[..., Stream]) -> None:
    live = stream("TrainingJob,Endpoint")
    assert live.response.getheader("content-type") == "text/event-stream"
    name = jobs.start("pass")
    arn = jobs.describe(name)["TrainingJobArn"]
    done = live.until(Name=name, Status="Completed")
    assert done == {"Noun": "TrainingJob", "Name": name, "Arn": arn, "Status": "Completed"}


def test_what_is_made_and_what_is_gone(salvia: Server, stream: Callable[..., Stream]) -> None:
    live = stream("Model")
    name = make_model(salvia)
    assert live.until(Name=name)["Noun"] == "Model"
    salvia.client("sagemaker").delete_model(ModelName=name)
    assert live.until(Name="") == {"Noun": "Model", "Name": "", "Arn": "", "Status": ""}


def test_what_was_made_just_before_is_told_too(salvia: Server, stream: Callable[..., Stream]) -> None:
    """A page reads its list first, and listens then: nothing falls in between."""
    first = make_model(salvia)
    live = stream("Model")
    live.until(Name=first)
    second = make_model(salvia)
    stream("Model").until(Name=second)  # which joins what is watched already
    live.until(Name=second)


def test_bursts_are_a_second_apart(salvia: Server, stream: Callable[..., Stream]) -> None:
    live = stream("Model")
    live.until(Name=make_model(salvia))
    before = time.monotonic()
    live.until(Name=make_model(salvia))
    assert time.monotonic() - before > 0.9


def test_one_hears_of_what_one_may_describe(salvia: Server, stream: Callable[..., Stream]) -> None:
    mine = f"mine-{secrets.token_hex(4)}"
    theirs = guest(salvia, allow("sagemaker:DescribeModel", "arn:aws:sagemaker:us-east-1:123456789012:model/mine-*"))
    live, everything = stream("Model", of=theirs), stream("Model")
    hidden = make_model(salvia)
    everything.until(Name=hidden)
    make_model(salvia, mine)
    everything.until(Name=mine)
    salvia.client("sagemaker").delete_model(ModelName=hidden)
    everything.until(Name="")
    other = make_model(salvia, f"{mine}-2")
    assert [live.event()["Name"] for _ in range(2)] == [mine, other]  # no other, and nothing without a name


def test_users_roles_groups_and_policies_are_told_of(salvia: Server, stream: Callable[..., Stream]) -> None:
    """To whoever may read them, which IAM calls Get and SageMaker Describe."""
    iam, name = salvia.client("iam"), f"seen-{secrets.token_hex(4)}"
    theirs = guest(salvia, allow("iam:GetUser", "arn:aws:iam::123456789012:user/seen-*"))
    some, every = stream("User,Group", of=theirs), stream("User,Role,Group,Policy")
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_group(GroupName=name)
    iam.create_user(UserName=f"un{name}")
    iam.create_user(UserName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
    arn = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("s3:*")))["Policy"]["Arn"]
    missing = {f"arn:aws:iam::123456789012:{kind}/{name}" for kind in ("group", "user", "role", "policy")}
    while missing:
        missing.discard(every.event()["Arn"])
    iam.delete_policy(PolicyArn=arn)
    every.until(Noun="Policy", Name="")
    iam.create_user(UserName=f"{name}-2")
    told = [some.event()["Arn"] for _ in range(2)]
    assert told == [f"arn:aws:iam::123456789012:user/{one}" for one in (name, f"{name}-2")]


def test_regions_are_apart(salvia: Server, page: Page, stream: Callable[..., Stream]) -> None:
    elsewhere = Page(salvia, cookie=page.cookie, csrf=page.csrf, region="eu-west-1")
    live = stream("CodeRepository", of=elsewhere)
    here, there = f"here-{secrets.token_hex(4)}", f"there-{secrets.token_hex(4)}"
    git = {"GitConfig": {"RepositoryUrl": "https://example.org/a.git"}}
    page.result("sagemaker.CreateCodeRepository", CodeRepositoryName=here, **git)
    elsewhere.result("sagemaker.CreateCodeRepository", CodeRepositoryName=there, **git)
    assert live.event()["Name"] == there


def test_a_stream_ends_with_its_session(salvia: Server, stream: Callable[..., Stream]) -> None:
    """Before the next event, or the next comment."""
    other = Page(salvia)
    other.sign_in()
    live = stream("Model", of=other)
    assert other.request("DELETE", "/_session").status == 204
    make_model(salvia)
    eventually(lambda: live.block() == [], 30, "the stream ends")


@pytest.mark.parametrize("nouns", ["", "Nonsense", "TrainingJob,iam:User", "%20", ",".join(["Model"] * 31)])
def test_only_nouns_are_listened_to(page: Page, nouns: str) -> None:
    answer = page.request("GET", f"/_live?nouns={nouns}")
    assert (answer.status, answer.json["__type"]) == (400, "ValidationException")


def test_streams_are_for_pages_that_are_signed_in(salvia: Server, stream: Callable[..., Stream]) -> None:
    assert stream("Model", of=Page(salvia)).response.status == 401
    crossed = {"Sec-Fetch-Site": "cross-site"}
    assert stream("Model", **crossed).response.status == 403


@pytest.fixture(scope="module")
def curve(salvia: Server) -> dict[str, Any]:
    """A query for 5,000 data of a metric: a slope with one peak, a second apart."""
    cloudwatch, start = salvia.client("cloudwatch"), int(time.time()) - 6000
    name = f"loss-{secrets.token_hex(4)}"
    dimensions = [{"Name": "TrainingJobName", "Value": "a"}, {"Name": "Host", "Value": "algo-1"}]
    values = [5000.0 - number for number in range(5000)]
    values[3217] = 1e6
    data = [
        {
            "MetricName": name,
            "Dimensions": dimensions,
            "Timestamp": start + number,
            "Value": value,
            "StorageResolution": 1,
        }
        for number, value in enumerate(values)
    ]
    for place in range(0, 5000, 1000):
        cloudwatch.put_metric_data(Namespace="Curves", MetricData=data[place : place + 1000])
    query = {"Namespace": "Curves", "MetricName": name, "Dimensions": {"Host": "algo-1", "TrainingJobName": "a"}}
    return {"query": query, "start": start}


def test_a_curve_is_made_small_and_keeps_its_peaks(page: Page, curve: dict[str, Any]) -> None:
    asked = {"Queries": [curve["query"], {**curve["query"], "MetricName": "none"}], "Points": 200}
    shown, nothing = page.request("POST", "/_series", asked).json["Series"]
    assert nothing == {"Timestamps": [], "Values": [], "Count": 0}
    assert shown["Count"] == 5000
    assert 100 < len(shown["Values"]) == len(shown["Timestamps"]) <= 200
    assert shown["Timestamps"] == sorted(shown["Timestamps"])
    pairs = dict(zip(shown["Timestamps"], shown["Values"], strict=True))
    assert pairs[curve["start"] + 3217] == 1e6
    assert (pairs[curve["start"]], pairs[curve["start"] + 4999]) == (5000.0, 1.0)


def test_a_short_stretch_is_shown_as_it_is(page: Page, curve: dict[str, Any]) -> None:
    start = curve["start"] + 3210
    asked = {"Queries": [curve["query"]], "Start": start, "End": start + 9, "Points": 1000}
    (shown,) = page.request("POST", "/_series", asked).json["Series"]
    assert shown["Timestamps"] == [start + number for number in range(10)]
    assert shown["Values"] == [1e6 if number == 7 else 1790.0 - number for number in range(10)]


def test_statistics_are_of_each_datum(salvia: Server, page: Page) -> None:
    name = f"set-{secrets.token_hex(4)}"
    values = {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 5}
    datum = {"MetricName": name, "Timestamp": datetime.now(UTC), "StatisticValues": values}
    salvia.client("cloudwatch").put_metric_data(Namespace="Curves", MetricData=[datum])
    query = {"Namespace": "Curves", "MetricName": name, "Dimensions": {}}
    asked = [{**query, "Stat": stat} for stat in (*values, "Average")]
    found = page.request("POST", "/_series", {"Queries": asked, "Points": 10}).json["Series"]
    assert [one["Values"] for one in found] == [[4], [10], [1], [5], [2.5]]


def test_a_jobs_instances_tell_how_busy_they_are(page: Page, jobs: Jobs) -> None:
    """The guide, "Monitor Amazon SageMaker with Amazon CloudWatch", jobs' instance metrics: Host is job/algo-N."""
    name = jobs.start("import time\nblock = b'x' * (200 << 20)\nwhile True: pass")
    queries = [
        {"Namespace": "/aws/sagemaker/TrainingJobs", "MetricName": metric, "Dimensions": {"Host": f"{name}/algo-1"}}
        for metric in ("CPUUtilization", "MemoryUtilization", "DiskUtilization")
    ]

    def found() -> Any:
        series = page.request("POST", "/_series", {"Queries": queries, "Points": 100}).json["Series"]
        return series if all(one["Count"] for one in series) else None

    cpu, memory, disk = (one["Values"][0] for one in eventually(found, 30, "utilization"))
    jobs.sagemaker.stop_training_job(TrainingJobName=name)
    assert cpu > 5  # of a core, which others may want too
    assert 0 < memory < 100 and 0 < disk <= 100
    jobs.ended(name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"Queries": "all"},
        {"Queries": [{"Namespace": "a"}]},
        {"Queries": [{"Namespace": "a", "MetricName": "b", "Stat": "p99"}]},
        {"Queries": [{"Namespace": "a", "MetricName": "b", "Dimensions": {"c": 1}}]},
        {"Queries": [{"Namespace": "a", "MetricName": "b", "Dimensions": {"c": ""}}]},
        {"Queries": [], "Points": 1_000_000},
        {"Queries": [], "Start": "yesterday"},
    ],
)
def test_what_is_no_curve_is_refused(page: Page, wrong: dict[str, Any]) -> None:
    answer = page.request("POST", "/_series", wrong)
    assert answer.status == 400 and "InternalFailure" not in answer.json["__type"], answer.body


def test_curves_are_for_those_who_may_have_metrics(salvia: Server, curve: dict[str, Any]) -> None:
    theirs = guest(salvia)
    answer = theirs.request("POST", "/_series", {"Queries": [curve["query"]], "Points": 10})
    assert "not authorized to perform: cloudwatch:GetMetricData" in answer.json["message"]


def test_a_view_is_kept_changed_and_forgotten(page: Page) -> None:
    place = f"/_views/jobs-{secrets.token_hex(4)}"
    assert page.request("GET", place).json == {"Views": []}
    for name, view in (("Mine", {"filter": "a"}), ("all%20failed%2F1", {"columns": [1]}), ("Mine", {"filter": "b"})):
        assert page.request("PUT", f"{place}/{name}", {"View": view}).status == 204
    views = [{"Name": "all failed/1", "View": {"columns": [1]}}, {"Name": "Mine", "View": {"filter": "b"}}]
    assert page.request("GET", place).json == {"Views": views}
    assert page.request("GET", f"{place}/Mine").json == views[1]
    assert page.request("DELETE", f"{place}/Mine").status == 204
    assert page.request("DELETE", f"{place}/Mine").status == 404
    assert page.request("GET", f"{place}/Mine").status == 404
    assert page.request("GET", place).json == {"Views": views[:1]}


def test_views_are_each_users_own(salvia: Server, page: Page) -> None:
    theirs, place = guest(salvia), f"/_views/page-{secrets.token_hex(4)}"
    page.request("PUT", f"{place}/a", {"View": {"mine": True}})
    assert theirs.request("GET", place).json == {"Views": []}
    assert theirs.request("DELETE", f"{place}/a").status == 404
    again = Page(salvia)
    again.sign_in()
    assert again.request("GET", place).json == {"Views": [{"Name": "a", "View": {"mine": True}}]}


def test_views_have_bounds(page: Page) -> None:
    place = f"/_views/page-{secrets.token_hex(4)}"
    for content in ({"View": "text"}, {}, {"View": {"a": "x" * 40_000}}):
        assert page.request("PUT", f"{place}/a", content).status == 400
    assert page.request("PUT", f"{place}/{'n' * 129}", {"View": {}}).status == 400
    assert page.request("PUT", f"/_views/{'p' * 65}/a", {"View": {}}).status == 400
    assert page.request("PUT", f"{place}/a", {"View": {}}, X_Salvia_Csrf="none").status == 403
    for number in range(100):
        assert page.request("PUT", f"{place}/{number}", {"View": {}}).status == 204
    assert page.request("PUT", f"{place}/one-more", {"View": {}}).json["__type"] == "LimitExceeded"
    assert page.request("PUT", f"{place}/7", {"View": {"changed": True}}).status == 204


def test_capacity_is_what_there_is_and_who_waits(make_server: Callable[..., Server]) -> None:
    server = make_server("--capacity", "strict")
    jobs, page = Jobs(server), Page(server)
    page.sign_in()
    idle = page.request("GET", "/_capacity").json
    assert (idle["Mode"], idle["Instances"], idle["Waiting"]) == ("strict", 0, [])
    assert idle["Cores"] == {"Total": idle["Cores"]["Total"], "Used": 0, "Free": idle["Cores"]["Total"]}
    assert len(idle["Gpus"]["Models"]) == idle["Gpus"]["Total"]
    endless = "import time\nwhile True: time.sleep(0.1)"
    first = jobs.start(endless)
    jobs.reaches(first, "Training")
    used = page.request("GET", "/_capacity").json
    assert (used["Cores"]["Used"], used["Memory"]["Used"], used["Instances"]) == (2, 8 << 30, 1)
    assert used["Memory"]["Free"] == used["Memory"]["Total"] - (8 << 30)
    names = []
    while not (waiting := page.request("GET", "/_capacity").json["Waiting"]):
        names.append(jobs.start(endless))
        eventually(lambda: jobs.describe(names[-1])["SecondaryStatus"] in {"Pending", "Training"}, what="a place")
    (wait,) = waiting
    assert (wait["Noun"], wait["Name"], wait["Status"]) == ("TrainingJob", names[-1], "InProgress")
    assert (wait["Cores"], wait["Memory"]) == (2, 8 << 30)
    (hidden,) = guest(server).request("GET", "/_capacity").json["Waiting"]
    assert {"Name", "Arn", "Status"}.isdisjoint(hidden)
    for name in (first, *names):
        jobs.sagemaker.stop_training_job(TrainingJobName=name)
    for name in (first, *names):
        jobs.ended(name)
    assert page.request("GET", "/_capacity").json["Cores"]["Used"] == 0
