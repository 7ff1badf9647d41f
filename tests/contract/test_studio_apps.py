"""Apps of Studio's spaces, through boto3 and through their sites; the server behind them is a light one (tests/images).

Expectations: API_CreateApp, API_DescribeApp, API_DeleteApp, API_IdleSettings, API_CreatePresignedDomainUrl; the guide,
"Lifecycle configurations", "Idle shutdown", "Log groups and streams that SageMaker sends to CloudWatch Logs".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Server, eventually
from tests.notebooks import Visitor
from tests.studio import Page
from tests.studio_domains import Studio

GROUP = "/aws/sagemaker/studio"


@pytest.fixture(scope="module")
def studio(salvia: Server) -> Studio:
    return Studio(salvia)


def visit(studio: Studio, domain: str, owner: str, space: str) -> Visitor:
    """Somebody who came by a link of their profile's."""
    asked = {"DomainId": domain, "UserProfileName": owner, "SpaceName": space, "LandingUri": "app:JupyterLab:"}
    visitor = Visitor(studio.server, studio.sagemaker.create_presigned_domain_url(**asked)["AuthorizedUrl"])
    visitor.enter()
    return visitor


def lines(server: Server, stream: str) -> list[str]:
    logs = server.client("logs")
    try:
        events = logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in events]


def test_an_app_runs_in_its_space_and_leaves_files_there(studio: Studio) -> None:
    """With the script of the settings, as the user's role; what it wrote is there for the next app, not for another."""
    script = studio.script("echo from the script; echo script >> ~/made; env > ~/environment")
    lab = {"DefaultResourceSpec": {"InstanceType": "ml.t3.large", "LifecycleConfigArn": script}}
    domain = studio.domain(DefaultUserSettings={"JupyterLabAppSettings": lab})
    owner = studio.profile(domain, "Owner")
    space, other = studio.space(domain, owner), studio.space(domain, owner)
    named = {"DomainId": domain, "SpaceName": space, "AppType": "JupyterLab", "AppName": "default"}
    created = studio.sagemaker.create_app(**named)
    assert created["AppArn"].endswith(f":app/{domain}/{space}/jupyterlab/default")
    assert studio.sagemaker.describe_app(**named)["Status"] == "Pending"
    shown = studio.reaches(named, "InService")
    assert shown["ResourceSpec"] == {"InstanceType": "ml.t3.large", "LifecycleConfigArn": script}
    visitor = visit(studio, domain, owner, space)
    status, _, page = Visitor(studio.server, visitor.url).ask("GET", "/lab")
    assert status == 401 and f"--space-name {space}</code>".encode() in page
    assert visitor.host.partition(":")[0] == f"{space}.app.localhost"
    assert visitor.ask("GET", "/files/made")[2] == b"script\n"
    assert visitor.ask("PUT", "/files/work/note.txt", b"kept")[0] == 201
    name = f"{domain}/{space}/JupyterLab/default"
    eventually(lambda: "from the script" in lines(studio.server, f"{name}/LifecycleConfigOnStart"))
    with pytest.raises(ClientError, match="one app at a time"):
        studio.sagemaker.create_app(**{**named, "AppName": "second"})
    with pytest.raises(ClientError, match="associated with it"):
        studio.sagemaker.delete_space(DomainId=domain, SpaceName=space)
    with pytest.raises(ClientError, match="AppNetworkAccessType"):
        studio.sagemaker.update_domain(DomainId=domain, AppNetworkAccessType="VpcOnly")
    pages = studio.sagemaker.get_paginator("list_apps").paginate(DomainIdEquals=domain, SpaceNameEquals=space)
    assert [(app["AppName"], app["Status"]) for page in pages for app in page["Apps"]] == [("default", "InService")]
    studio.ends(named)
    assert visitor.ask("GET", "/files/made")[0] == 404  # it has ended with it
    studio.reaches(studio.app(domain, space), "InService")
    visitor = visit(studio, domain, owner, space)
    assert visitor.ask("GET", "/files/work/note.txt")[2] == b"kept"
    assert visitor.ask("GET", "/files/made")[2] == b"script\nscript\n"
    second = studio.app(domain, other, LifecycleConfigArn="None")
    studio.reaches(second, "InService")
    visitor = visit(studio, domain, owner, other)
    assert [visitor.ask("GET", f"/files/{name}")[0] for name in ("work/note.txt", "made")] == [404, 404]
    kept = len(list((studio.server.home / "volumes").glob("*/kept/work")))
    studio.ends(named)
    studio.sagemaker.delete_space(DomainId=domain, SpaceName=space)
    eventually(lambda: len(list((studio.server.home / "volumes").glob("*/kept/work"))) == kept - 1)


def test_it_is_told_who_it_is(studio: Studio) -> None:
    """The SDK's get_execution_role reads the role from resource-metadata.json; credentials are that role's."""
    script = studio.script("cp /opt/ml/metadata/resource-metadata.json ~/metadata")
    domain = studio.domain(DefaultSpaceSettings={"ExecutionRole": ROLE})
    owner = studio.profile(domain)
    space = studio.space(domain, owner, "Shared")
    studio.reaches(studio.app(domain, space, LifecycleConfigArn=script), "InService")
    visitor = visit(studio, domain, studio.profile(domain), space)  # it is everybody's
    metadata = json.loads(visitor.ask("GET", "/files/metadata")[2])
    assert metadata["ExecutionRoleArn"] == ROLE
    assert (metadata["DomainId"], metadata["SpaceName"], metadata["AppType"]) == (domain, space, "JupyterLab")
    with pytest.raises(ClientError, match="ResourceInUse"):
        studio.sagemaker.delete_studio_lifecycle_config(StudioLifecycleConfigName=script.rpartition("/")[2])


def test_a_script_that_fails_fails_the_app(studio: Studio) -> None:
    """FailureReason names the step, its exit code and its log; what failed is in nobody's way."""
    domain = studio.domain()
    space = studio.space(domain)
    app = studio.app(domain, space, LifecycleConfigArn=studio.script("#!/bin/sh\nexit 7"))
    failed = studio.reaches(app, "Failed")
    assert "exit code 7" in failed["FailureReason"] and "LifecycleConfigOnStart" in failed["FailureReason"]
    again = studio.app(domain, space)
    studio.ends(again)  # before it serves
    studio.reaches(studio.app(domain, space), "InService")


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"AppType": "CodeEditor"}, "runs no apps of type CodeEditor"),
    ({"AppType": "Canvas", "SpaceName": None, "UserProfileName": "ann"}, "runs no apps of type Canvas"),
    ({"SpaceName": None, "UserProfileName": "ann"}, "runs in a space"),
    ({"ResourceSpec": {"InstanceType": "system"}}, "system is none"),
    (
        {"ResourceSpec": {"SageMakerImageArn": "arn:aws:sagemaker:us-east-1:123456789012:image/own"}},
        "images of one's own",
    ),
    ({"ResourceSpec": {"LifecycleConfigArn": "arn:aws:sagemaker:us-east-1:123456789012:studio-lifecycle-config/x"}},
     "does not exist"),
    ({"RecoveryMode": True}, "RecoveryMode"),
    ({"SpaceName": "none"}, "ResourceNotFound"),
]  # fmt: skip


@pytest.fixture(scope="module")
def place(studio: Studio) -> dict[str, str]:
    """A space in which no app is ever started."""
    domain = studio.domain()
    return {"DomainId": domain, "SpaceName": studio.space(domain)}


@pytest.mark.parametrize(("asked", "says"), REFUSED, ids=[says for _, says in REFUSED])
def test_what_does_not_run_is_refused(studio: Studio, place: dict[str, str], asked: dict[str, Any], says: str) -> None:
    request = {**place, "AppType": "JupyterLab", "AppName": "default", **asked}
    with pytest.raises(ClientError, match=says):
        studio.sagemaker.create_app(**{member: value for member, value in request.items() if value is not None})


def test_a_vpc_is_recorded_and_nothing_runs_in_it(studio: Studio) -> None:
    """AppNetworkAccessType VpcOnly: all traffic is through the VPC, which there is not."""
    domain = studio.domain(AppNetworkAccessType="VpcOnly")
    space = studio.space(domain)
    with pytest.raises(ClientError, match="has no VPC to run them in"):
        studio.app(domain, space)
    studio.sagemaker.update_domain(DomainId=domain, AppNetworkAccessType="PublicInternetOnly")
    studio.reaches(studio.app(domain, space), "InService")


def test_links_are_for_those_whose_space_it_is(studio: Studio) -> None:
    """…and for apps that serve; a user whom StudioWebPortal keeps out gets none."""
    domain = studio.domain()
    owner, other = studio.profile(domain), studio.profile(domain)
    out = studio.profile(domain, StudioWebPortal="DISABLED")
    space = studio.space(domain, owner)
    asked = {"DomainId": domain, "SpaceName": space, "LandingUri": "app:JupyterLab:"}
    create = studio.sagemaker.create_presigned_domain_url
    with pytest.raises(ClientError, match="no app InService"):
        create(**asked, UserProfileName=owner)
    studio.reaches(studio.app(domain, space), "InService")
    with pytest.raises(ClientError, match="is private to"):
        create(**asked, UserProfileName=other)
    with pytest.raises(ClientError, match="nothing behind it"):
        create(**{**asked, "LandingUri": "app:JupyterLab:lab/tree/a"}, UserProfileName=owner)
    with pytest.raises(ClientError, match="DISABLED"):
        create(**asked, UserProfileName=out)
    with pytest.raises(ClientError, match="is nowhere here"):
        create(DomainId=domain, UserProfileName=owner, LandingUri="app:RStudioServerPro:")
    with pytest.raises(ClientError, match="leave out SpaceName"):
        create(DomainId=domain, UserProfileName=owner, SpaceName=space, LandingUri="studio::")
    with pytest.raises(ClientError, match="needs a SpaceName"):
        create(DomainId=domain, UserProfileName=owner, LandingUri="app:JupyterLab:")
    url = create(DomainId=domain, UserProfileName=owner, SpaceName=space)["AuthorizedUrl"]
    Visitor(studio.server, url).enter()
    again = Visitor(studio.server, url)
    status, _, _ = again.ask("GET", "/?" + url.partition("?")[2])
    assert status == 403  # it was used


def test_a_link_opens_studio_as_the_users_role(studio: Studio) -> None:
    """Whoever opens it is the profile's ExecutionRole, once, for as long as was asked; LandingUri says where."""
    domain = studio.domain()
    owner = studio.profile(domain, DefaultLandingUri="studio::/training-jobs")
    create = studio.sagemaker.create_presigned_domain_url
    asked = {"DomainId": domain, "UserProfileName": owner}
    url = create(**asked, SessionExpirationDurationInSeconds=1800)["AuthorizedUrl"]
    address, _, token = url.partition("#")
    assert address == f"http://studio.localhost:{studio.server.port}/link?to=%2Ftraining-jobs"
    page = Page(studio.server)
    assert page.sign_in(Token=token).status == 200
    assert (page.who["Kind"], page.who["Name"]) == ("role", "SageMakerExecutionRole/SageMaker")
    assert page.who["Arn"].endswith(":assumed-role/SageMakerExecutionRole/SageMaker")
    assert 1700 < page.who["ExpiresAt"] - time.time() <= 1800
    assert Page(studio.server).sign_in(Token=token).status == 401
    assert create(**asked, LandingUri="studio::")["AuthorizedUrl"].startswith(f"{page.origin}/link#")
    nobody = studio.profile(domain, ExecutionRole=ROLE)
    with pytest.raises(ClientError, match="nowhere here"):
        create(DomainId=domain, UserProfileName=nobody, LandingUri="app:Canvas:")


@pytest.fixture(scope="module")
def timed(make_server: Callable[..., Server]) -> Studio:
    """On a server whose time is these tests' own."""
    return Studio(make_server("--clock", "virtual"))


def test_a_script_has_five_minutes(timed: Studio) -> None:
    """The guide, "Lifecycle configurations": the app fails, and its log says where it was."""
    domain = timed.domain()
    space = timed.space(domain)
    app = timed.app(domain, space, LifecycleConfigArn=timed.script("echo begun; sleep 600"))
    stream = f"{domain}/{space}/JupyterLab/default/LifecycleConfigOnStart"
    eventually(lambda: "begun" in lines(timed.server, stream))
    timed.server.salvia("clock", "advance", "6m")
    reason = timed.reaches(app, "Failed")["FailureReason"]
    assert "took longer than 5 minutes" in reason and stream in reason


def test_idle_apps_are_shut_down_and_paid_no_more(timed: Studio) -> None:
    """IdleSettings: the space's own time, within the domain's; a kernel at work is not idle. Cost ends with the app."""
    idle = {"LifecycleManagement": "ENABLED", "IdleTimeoutInMinutes": 120, "MaxIdleTimeoutInMinutes": 180}
    domain = timed.domain(
        DefaultUserSettings={"JupyterLabAppSettings": {"AppLifecycleManagement": {"IdleSettings": idle}}}
    )
    owner = timed.profile(domain)
    own = {"JupyterLabAppSettings": {"AppLifecycleManagement": {"IdleSettings": {"IdleTimeoutInMinutes": 600}}}}
    space = timed.space(domain, owner, SpaceSettings=own)
    app = timed.app(domain, space)
    timed.reaches(app, "InService")
    visitor = visit(timed, domain, owner, space)
    busy = [{"last_activity": "2026-01-01T00:00:00Z", "execution_state": "busy"}]
    assert visitor.ask("PUT", "/kernels", json.dumps(busy).encode())[0] == 204
    timed.server.salvia("clock", "advance", "2h")
    assert timed.sagemaker.describe_app(**app)["Status"] == "InService"
    assert visitor.ask("PUT", "/kernels", b"[]")[0] == 204
    timed.server.salvia("clock", "advance", "3h1m")
    deleted = timed.reaches(app, "Deleted")
    assert "no terminal was at work for 180 minutes" in deleted["FailureReason"]
    arn = f"app/{domain}/{space}/jupyterlab/default"
    groups = [{"Type": "RESOURCE"}, {"Type": "COMPONENT"}, {"Type": "INSTANCE_TYPE"}]
    every = timed.server.client("salvia").get_cost(GroupBy=groups)["Groups"]
    (charge,) = [one for one in every if arn in one["Keys"][0]]
    assert charge["Keys"][1:] == ["Studio", "ml.t3.medium"]
    assert 5 * 3600 < charge["InstanceSeconds"] < 5.2 * 3600
    timed.server.salvia("clock", "advance", "25h")
    eventually(lambda: not timed.sagemaker.list_apps(DomainIdEquals=domain)["Apps"])
