"""Notebook instances, through boto3 and through their sites; the server behind them is a light one (tests/images).

Sources: API_CreateNotebookInstance and its neighbours; the guide, "Customization of a SageMaker notebook instance using
an LCC script". AWS's sentences are quoted from its answers where its pages have none.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Server, eventually
from tests.notebooks import Notebooks, Visitor, title

from salvia.protocol.proxy.authority import Authority


@pytest.fixture(scope="module")
def notebooks(unhurried: Server) -> Notebooks:
    return Notebooks(unhurried)


@pytest.fixture(scope="module")
def running(notebooks: Notebooks) -> str:
    """One that serves, for tests that leave it so."""
    return notebooks.create()


@pytest.fixture(scope="module")
def visitor(notebooks: Notebooks, running: str) -> Visitor:
    return notebooks.visit(running)


def refused(call: Any, **request: Any) -> str:
    """The sentence of a ValidationException."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return caught.value.response["Error"]["Message"]


# What an instance goes through


def test_an_instance_starts_serves_stops_and_is_deleted(notebooks: Notebooks) -> None:
    """By the waiters of boto3; what is in its folder stays over a stop, and goes with it."""
    name, sagemaker = notebooks.create(wait=False), notebooks.sagemaker
    sagemaker.get_waiter("notebook_instance_in_service").wait(NotebookInstanceName=name)
    assert notebooks.visit(name).ask("PUT", "/files/a/note.txt", b"kept")[0] == 201
    sagemaker.stop_notebook_instance(NotebookInstanceName=name)
    sagemaker.get_waiter("notebook_instance_stopped").wait(NotebookInstanceName=name)
    notebooks.start(name)
    assert notebooks.visit(name).ask("GET", "/files/a/note.txt")[2] == b"kept"
    notebooks.stop(name)
    sagemaker.delete_notebook_instance(NotebookInstanceName=name)
    sagemaker.get_waiter("notebook_instance_deleted").wait(NotebookInstanceName=name)
    assert refused(sagemaker.describe_notebook_instance, NotebookInstanceName=name) == "RecordNotFound"
    assert not list((notebooks.server.home / "volumes").glob("*/kept/a"))


def test_describe_shows_what_was_asked_for_and_defaults(notebooks: Notebooks, running: str) -> None:
    """Members and defaults: API_DescribeNotebookInstance, API_CreateNotebookInstance."""
    found = notebooks.describe(running)
    expected = {"NotebookInstanceName": running, "InstanceType": "ml.t3.medium", "RoleArn": ROLE, "VolumeSizeInGB": 5}
    expected |= {"DirectInternetAccess": "Enabled", "RootAccess": "Enabled", "NotebookInstanceStatus": "InService"}
    assert expected.items() <= found.items()
    assert found["Url"] == f"{running}.notebook.localhost:{notebooks.server.port}"
    assert found["NotebookInstanceArn"].endswith(f":notebook-instance/{running}")


def test_what_cannot_be_done_in_a_state_is_said_in_awss_words(notebooks: Notebooks, running: str) -> None:
    arn = notebooks.describe(running)["NotebookInstanceArn"]
    for call, to in (("delete", "Deleting"), ("update", "Updating"), ("start", "Pending")):
        said = refused(getattr(notebooks.sagemaker, f"{call}_notebook_instance"), NotebookInstanceName=running)
        assert said == (
            f"Status (InService) not in ([Stopped, Failed]). Unable to transition to ({to}) for Notebook Instance "
            f"({arn})."
        )
    assert f"duplicate Notebook Instance ({arn})" in refused(
        notebooks.sagemaker.create_notebook_instance,
        NotebookInstanceName=running,
        InstanceType="ml.t3.medium",
        RoleArn=ROLE,
    )


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"KmsKeyId": "alias/a"}, "KmsKeyId"),
        ({"PlatformIdentifier": "notebook-al2-v2"}, "JupyterLab is 4 here"),
        ({"DirectInternetAccess": "Disabled"}, "only with a SubnetId"),
        ({"SecurityGroupIds": ["sg-1"]}, "need a SubnetId"),
        ({"LifecycleConfigName": "none"}, "'none' does not exist"),
        ({"DefaultCodeRepository": "none"}, "'none' does not exist"),
        ({"Tags": [{"Key": "salvia:idle-minutes", "Value": "soon"}]}, "number of minutes"),
    ],
)
def test_what_cannot_be_met_is_refused(notebooks: Notebooks, request_: dict[str, Any], said: str) -> None:
    call = notebooks.sagemaker.create_notebook_instance
    name = f"nb-{secrets.token_hex(4)}"
    assert said in refused(call, NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=ROLE, **request_)


def test_a_subnet_is_recorded_and_nothing_runs_in_it(notebooks: Notebooks) -> None:
    """There is no VPC here: to run it outside of one would be to ignore what was asked for."""
    name = notebooks.create(wait=False, SubnetId="subnet-1", SecurityGroupIds=["sg-1"])
    found = notebooks.reaches(name, "Failed")
    assert (found["SubnetId"], found["SecurityGroups"]) == ("subnet-1", ["sg-1"])
    assert "no VPC here" in found["FailureReason"]
    notebooks.sagemaker.delete_notebook_instance(NotebookInstanceName=name)


def test_a_stopped_instance_is_changed(notebooks: Notebooks) -> None:
    """Source: API_UpdateNotebookInstance; "you can increase the volume size but not decrease it"."""
    config, repository = notebooks.scripts(OnStart="true\n"), f"repo-{secrets.token_hex(4)}"
    notebooks.sagemaker.create_code_repository(
        CodeRepositoryName=repository, GitConfig={"RepositoryUrl": "https://localhost:1/some.git"}
    )
    name = notebooks.create(LifecycleConfigName=config)
    notebooks.stop(name)
    update = notebooks.sagemaker.update_notebook_instance
    update(
        NotebookInstanceName=name,
        InstanceType="ml.m5.xlarge",
        VolumeSizeInGB=10,
        DisassociateLifecycleConfig=True,
        AdditionalCodeRepositories=[repository],
    )
    found = notebooks.reaches(name, "Stopped")
    assert (found["InstanceType"], found["VolumeSizeInGB"]) == ("ml.m5.xlarge", 10)
    assert "NotebookInstanceLifecycleConfigName" not in found
    pages = notebooks.sagemaker.get_paginator("list_notebook_instances")
    listed = pages.paginate(AdditionalCodeRepositoryEquals=repository).build_full_result()["NotebookInstances"]
    assert [one["NotebookInstanceName"] for one in listed] == [name]
    assert not pages.paginate(NotebookInstanceLifecycleConfigNameContains=config).build_full_result()[
        "NotebookInstances"
    ]
    assert "only grow" in refused(update, NotebookInstanceName=name, VolumeSizeInGB=5)


# Before the server starts


def test_scripts_run_as_programs_with_logs_of_their_own(notebooks: Notebooks) -> None:
    """At `/`, as root, OnCreate once, OnStart each time; a log stream each: the guide, LCC scripts."""
    config = notebooks.scripts(
        OnCreate="#!/bin/bash\necho created >> $HOME/SageMaker/log; pwd; id -u; echo from create\n",
        OnStart="echo started >> $HOME/SageMaker/log; echo from start; sleep 1000 & echo not the last line\n",
    )
    name = notebooks.create(LifecycleConfigName=config)
    assert notebooks.visit(name).ask("GET", "/files/log")[2] == b"created\nstarted\n"
    eventually(
        lambda: notebooks.lines(f"{name}/LifecycleConfigOnCreate") == ["/", "0", "from create"], what="OnCreate's log"
    )
    notebooks.stop(name)
    notebooks.start(name)
    assert notebooks.visit(name).ask("GET", "/files/log")[2] == b"created\nstarted\nstarted\n"
    eventually(
        lambda: notebooks.lines(f"{name}/LifecycleConfigOnStart") == 2 * ["from start", "not the last line"],
        what="both starts in OnStart's log",
    )


def test_a_script_that_fails_is_the_reason(notebooks: Notebooks) -> None:
    name = notebooks.create(wait=False, LifecycleConfigName=notebooks.scripts(OnStart="echo no such thing; exit 7\n"))
    reason = notebooks.reaches(name, "Failed")["FailureReason"]
    assert "OnStart script" in reason and "exit code 7" in reason and "no such thing" in reason
    assert f"{name}/LifecycleConfigOnStart" in reason


def test_a_script_has_five_minutes(notebooks: Notebooks) -> None:
    """The guide: "scripts cannot run for longer than 5 minutes", by the virtual clock."""
    name = notebooks.create(wait=False, LifecycleConfigName=notebooks.scripts(OnStart="echo on; exec sleep 1000\n"))
    eventually(lambda: notebooks.lines(f"{name}/LifecycleConfigOnStart"), what="the script runs")
    notebooks.server.salvia("clock", "advance", "301s")
    assert "took longer than 5 minutes" in notebooks.reaches(name, "Failed")["FailureReason"]


def test_lifecycle_configurations_are_kept_listed_changed_and_deleted(notebooks: Notebooks) -> None:
    """API_CreateNotebookInstanceLifecycleConfig and its neighbours."""
    sagemaker, name = notebooks.sagemaker, notebooks.scripts(OnStart="true")
    key = {"NotebookInstanceLifecycleConfigName": name}
    sagemaker.update_notebook_instance_lifecycle_config(**key, OnCreate=[{"Content": "dHJ1ZQ=="}])
    found = sagemaker.describe_notebook_instance_lifecycle_config(**key)
    assert found["OnCreate"] == found["OnStart"] == [{"Content": "dHJ1ZQ=="}]
    pages = sagemaker.get_paginator("list_notebook_instance_lifecycle_configs").paginate(NameContains=name)
    assert len(pages.build_full_result()["NotebookInstanceLifecycleConfigs"]) == 1
    update = sagemaker.update_notebook_instance_lifecycle_config
    assert "not base64" in refused(update, **key, OnStart=[{"Content": "echo!"}])
    sagemaker.delete_notebook_instance_lifecycle_config(**key)
    with pytest.raises(ClientError):
        sagemaker.describe_notebook_instance_lifecycle_config(**key)


# While it serves


def test_an_idle_instance_is_stopped_and_a_busy_one_is_not(notebooks: Notebooks) -> None:
    """By what its kernels do, in minutes of the virtual clock; the tag says how many."""
    tags = [{"Key": "salvia:idle-minutes", "Value": "60"}]
    idle, busy = (notebooks.create(Tags=tags) for _ in range(2))
    kernel = {"last_activity": "2020-01-01T00:00:00Z", "execution_state": "busy"}
    assert notebooks.visit(busy).ask("PUT", "/kernels", json.dumps([kernel]).encode())[0] == 204
    eventually(lambda: notebooks.busy(busy), what="the agent saw the kernel at work, and said so")
    notebooks.server.salvia("clock", "advance", "59m")
    assert notebooks.describe(idle)["NotebookInstanceStatus"] == "InService"
    notebooks.server.salvia("clock", "advance", "61m")
    assert "no kernel" in notebooks.reaches(idle, "Stopped")["FailureReason"]
    assert notebooks.describe(busy)["NotebookInstanceStatus"] == "InService"


def test_an_agent_that_is_killed_is_replaced(notebooks: Notebooks) -> None:
    """What served is started again, on the same volume."""
    name = notebooks.create()
    notebooks.visit(name).ask("PUT", "/files/note", b"kept")
    os.kill(_agent(notebooks, name), signal.SIGKILL)
    eventually(lambda: notebooks.describe(name)["NotebookInstanceStatus"] != "InService", what="it is noticed")
    notebooks.reaches(name, "InService")
    assert notebooks.visit(name).ask("GET", "/files/note")[2] == b"kept"


def test_a_server_that_always_ends_has_failed(notebooks: Notebooks) -> None:
    """After three replacements in a row, saying why."""
    name = notebooks.create()
    for _ in range(3):
        assert notebooks.visit(name).ask("GET", "/end")[0] == 502
        eventually(lambda: notebooks.describe(name)["NotebookInstanceStatus"] != "InService", what="it is noticed")
        notebooks.reaches(name, "InService")
    notebooks.visit(name).ask("GET", "/end")
    reason = notebooks.reaches(name, "Failed")["FailureReason"]
    assert "4 times in a row" in reason and "exit code 3" in reason
    notebooks.start(name)


def test_what_runs_costs_and_what_is_stopped_costs_its_volume(notebooks: Notebooks) -> None:
    """Source: Amazon SageMaker pricing: type × hours in service, and GB-months of the volume."""
    name = notebooks.create(VolumeSizeInGB=100)
    notebooks.server.salvia("clock", "advance", "2h")
    running = _costs(notebooks, name)
    assert set(running) == {"Notebook", "Storage"}
    assert Decimal("0.10") <= running["Notebook"] < Decimal("0.11")  # 2 hours of ml.t3.medium at 0.05 USD
    notebooks.stop(name)
    stopped = _costs(notebooks, name)
    notebooks.server.salvia("clock", "advance", "2h")
    later = _costs(notebooks, name)
    assert later["Notebook"] == stopped["Notebook"]
    assert later["Storage"] > stopped["Storage"]


@pytest.fixture
def repository(notebooks: Notebooks, tmp_path: Path) -> Iterator[str]:
    """The URL of a repository on this machine, whose certificate the server's own authority signed."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    steps = (
        [*git, "init", "-q", "-b", "main", "work"],
        [*git, "-C", "work", "commit", "-q", "--allow-empty", "-m", "first"],
        [*git, "-C", "work", "checkout", "-q", "-b", "feature"],
        [*git, "-C", "work", "commit", "-q", "--allow-empty", "-m", "second"],
        [*git, "clone", "-q", "--bare", "work", "some.git"],
        [*git, "-C", "some.git", "update-server-info"],
    )
    for step in steps:
        subprocess.run(step, cwd=tmp_path, check=True)
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        context = Authority((notebooks.server.home / "ca.key").read_bytes()).context("127.0.0.1")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}/some.git"
        server.shutdown()


def test_code_repositories_are_cloned(notebooks: Notebooks, repository: str) -> None:
    """By URL or by the name of a CodeRepository, whose Branch counts; JupyterLab opens in the default one.

    Source: API_CreateNotebookInstance, DefaultCodeRepository; API_GitConfig.
    """
    named = f"repo-{secrets.token_hex(4)}"
    git = {"RepositoryUrl": repository, "Branch": "feature"}
    notebooks.sagemaker.create_code_repository(CodeRepositoryName=named, GitConfig=git)
    name = notebooks.create(DefaultCodeRepository=named)
    assert notebooks.visit(name).ask("GET", "/files/some/.git/HEAD")[2] == b"ref: refs/heads/feature\n"
    link = Visitor(notebooks.server, notebooks.link(name))
    assert b"url=/lab/tree/some" in link.ask("GET", f"/?{urlsplit(link.url).query}")[2]
    assert notebooks.describe(name)["DefaultCodeRepository"] == named


def test_a_repository_at_a_private_address_is_cloned_only_where_that_is_allowed(
    salvia: Server, repository: str
) -> None:
    """The server of this test was started without --private-targets."""
    notebooks = Notebooks(salvia)
    name = notebooks.create(wait=False, AdditionalCodeRepositories=[repository])
    reason = notebooks.reaches(name, "Failed")["FailureReason"]
    assert "could not be cloned" in reason and f"{name}/CodeRepositories" in reason and "403" in reason


def _costs(notebooks: Notebooks, name: str) -> dict[str, Decimal]:
    groups = notebooks.server.client("salvia").get_cost(GroupBy=[{"Type": "RESOURCE"}, {"Type": "COMPONENT"}])["Groups"]
    arn = notebooks.describe(name)["NotebookInstanceArn"]
    return {group["Keys"][1]: Decimal(group["Cost"]) for group in groups if group["Keys"][0] == arn}


def _agent(notebooks: Notebooks, name: str) -> int:
    for spec in (notebooks.server.home / "runtime" / "instances").glob("n*/SPEC.json"):
        if json.loads(spec.read_bytes())["job"]["name"] == name:
            return int(spec.with_name("pid").read_text())
    raise AssertionError(f"no instance of {name}")


def test_a_volume_that_nobody_owns_is_swept(notebooks: Notebooks, running: str) -> None:
    """As a reset leaves it; that of an instance stays."""
    volumes = notebooks.server.home / "volumes"
    before, left = set(volumes.iterdir()), volumes / str(uuid.uuid4())
    (left / "kept").mkdir(parents=True)
    notebooks.server.salvia("clock", "advance", "2h")
    eventually(lambda: not left.exists(), what="it is swept")
    assert before & set(volumes.iterdir())


# Its site


def test_a_link_opens_it_once_and_within_five_minutes(notebooks: Notebooks, running: str) -> None:
    """API_CreatePresignedNotebookInstanceUrl; the cookie is for this host alone, and no script's."""
    link = notebooks.link(running)
    assert re.fullmatch(rf"http://{running}\.notebook\.localhost:{notebooks.server.port}\?authToken=[\w-]+", link)
    first, second = Visitor(notebooks.server, link), Visitor(notebooks.server, link)
    query = f"/?{urlsplit(link).query}"
    assert first.ask("GET", query, Sec_Purpose="prefetch")[0] == 405
    assert first.ask("HEAD", query)[0] == 405
    status, headers, page = first.ask("GET", query)
    assert status == 200 and b"url=/lab" in page
    cookie = [part.strip() for part in headers["set-cookie"].split(";")]
    assert cookie[0].startswith("salvia-notebook=")
    assert cookie[1:] == ["Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"]
    assert second.ask("GET", query)[0] == 403
    short = notebooks.link(running, SessionExpirationDurationInSeconds=1800)
    visitor = Visitor(notebooks.server, short)
    assert "Max-Age=1800" in visitor.ask("GET", f"/?{urlsplit(short).query}")[1]["set-cookie"]


def test_nobody_comes_in_without_a_session_of_this_notebook(notebooks: Notebooks, visitor: Visitor) -> None:
    """Nor with that of another."""
    other = notebooks.create()
    stranger = Visitor(notebooks.server, notebooks.link(other))
    for cookie in ("", visitor.cookie, "salvia-notebook=", "salvia-session=x"):
        stranger.cookie = cookie
        status, _, page = stranger.ask("GET", "/lab")
        assert (status, title(page)) == (401, "Open this notebook by a link")
    assert visitor.ask("GET", "/lab")[0] == 200
    both = notebooks.visit(other)
    both.cookie = f"{visitor.cookie}; {both.cookie}"  # which a neighbour may have planted
    assert both.ask("GET", "/lab")[0] == 200
    lost = Visitor(notebooks.server, f"http://nobody.notebook.localhost:{notebooks.server.port}")
    assert lost.ask("GET", "/lab")[0] == 404


def test_a_session_ends_when_the_instance_stops(notebooks: Notebooks) -> None:
    name = notebooks.create()
    visitor = notebooks.visit(name)
    notebooks.stop(name)
    assert "Unable to open" in refused(
        notebooks.sagemaker.create_presigned_notebook_instance_url, NotebookInstanceName=name
    )
    notebooks.start(name)
    assert visitor.ask("GET", "/lab")[0] == 401


def test_what_the_server_gets_of_a_request(visitor: Visitor) -> None:
    """Its own cookies, a token of its own, and nothing that is between two connections or that only we may say."""
    sent = {
        "X_Forwarded_For": "1.2.3.4",
        "Authorization": "Bearer mine",
        "Connection": "keep-alive, X-Hop",
        "X_Hop": "1",
    }
    plain = visitor.cookie
    visitor.cookie = f"_xsrf=2|a; {plain}; salvia-session=secret; __Host-salvia-session=secret"
    try:
        status, headers, body = visitor.ask("POST", "/headers?a=%2F&b", b"said", TE="trailers", **sent)
    finally:
        visitor.cookie = plain
    told = json.loads(body)
    got = dict(told["headers"])
    assert (status, told["method"], told["path"], told["body"]) == (200, "POST", "/headers?a=%2F&b", "said")
    assert got["cookie"] == "_xsrf=2|a" and "secret" not in body.decode()
    assert got["authorization"].startswith("token ") and "mine" not in got["authorization"]
    assert (got["host"], got["x-forwarded-for"], got["x-forwarded-proto"]) == (visitor.host, "127.0.0.1", "http")
    assert not {"te", "x-hop", "proxy-authorization"} & set(got)
    studio = f"http://studio.localhost:{visitor.server.port}"
    assert headers["content-security-policy"] == f"sandbox allow-scripts; frame-ancestors 'self' {studio}"
    assert headers["set-cookie"] == "own=1"
    assert not {"x-frame-options", "access-control-allow-origin"} & set(headers)


@pytest.mark.parametrize("cookie", ["salvia-notebook=x", "salvia-session=x; Path=/", "a=b; Domain=localhost"])
def test_the_server_sets_no_cookie_of_ours_and_none_for_others(visitor: Visitor, cookie: str) -> None:
    assert "set-cookie" not in visitor.ask("GET", "/headers", X_Set_Cookie=cookie)[1]


def test_pages_of_other_sites_get_at_nothing(visitor: Visitor) -> None:
    """Source: Fetch, Origin and Sec-Fetch-Site: a browser sends them, and no script can change them."""
    neighbour = f"http://other.notebook.localhost:{visitor.server.port}"
    for sent in (
        {"Origin": neighbour},
        {"Origin": "null"},
        {"Origin": f"http://studio.localhost:{visitor.server.port}"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors"},
    ):
        assert visitor.ask("GET", "/api/kernels", **sent)[0] == 403
        assert visitor.ask("PUT", "/files/planted", b"x", **sent)[0] == 403
    assert visitor.ask("POST", "/api/kernels", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 403
    assert visitor.ask("GET", "/lab", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate")[0] == 200
    assert visitor.ask("PUT", "/files/own", b"x", Origin=visitor.origin, Sec_Fetch_Site="same-origin")[0] == 201


def test_pieces_come_as_they_are_made(visitor: Visitor) -> None:
    """Nothing is kept back: the first is here before the last is made."""
    connection = http.client.HTTPConnection("127.0.0.1", visitor.server.port, timeout=30)
    connection.request("GET", "/pieces", headers={"Host": visitor.host, "Cookie": visitor.cookie})
    answer = connection.getresponse()
    began = time.monotonic()
    assert answer.read1(100) == b"0\n"
    first = time.monotonic() - began
    assert answer.read() == b"1\n2\n"
    assert time.monotonic() - began > first + 0.25
    connection.close()


def test_a_websocket_of_this_origin_alone(visitor: Visitor) -> None:
    """RFC 6455, 4.2.2 and 10.2: the proxy itself looks at Origin, whatever the server behind it would say."""
    assert _shake(visitor, visitor.origin, b"hello") == (101, b"hello")
    for origin in (None, "https://evil.example", f"http://studio.localhost:{visitor.server.port}", "null"):
        assert _shake(visitor, origin)[0] == 403
    stranger = Visitor(visitor.server, visitor.url)
    assert _shake(stranger, stranger.origin)[0] == 401


def _shake(visitor: Visitor, origin: str | None, say: bytes = b"") -> tuple[int, bytes]:
    """The status of a handshake, and what comes back over the connection that it made."""
    lines = [f"GET /ws HTTP/1.1\r\nHost: {visitor.host}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket"]
    lines += [f"Origin: {origin}"] if origin else []
    lines += [f"Cookie: {visitor.cookie}"] if visitor.cookie else []
    with socket.create_connection(("127.0.0.1", visitor.server.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        status = int(head.split()[1])
        if status != 101:
            return status, b""
        connection.sendall(say)
        return status, connection.recv(4096)


def test_a_notebooks_page_does_not_get_at_studio(visitor: Visitor) -> None:
    """What its JavaScript may send: its own origin, no cookie of Studio's; and it may read no answer."""
    studio = Visitor(visitor.server, f"http://studio.localhost:{visitor.server.port}/", visitor.cookie)
    for method, path in (("GET", "/_session"), ("POST", "/_session"), ("POST", "/")):
        sent = {"Origin": visitor.origin, "X_Amz_Target": "sagemaker.ListTrainingJobs", "Content_Type": "text/plain"}
        status, headers, _ = studio.ask(method, path, b"{}" if method == "POST" else None, **sent)
        assert status in (401, 403)
        assert "access-control-allow-origin" not in headers


def test_two_accounts_regions_or_spellings_have_hosts_of_their_own(notebooks: Notebooks, running: str) -> None:
    """Names are unique in an account and a region, and know upper case; hosts are not, and do not."""
    west = notebooks.server.session().client(
        "sagemaker", endpoint_url=notebooks.server.url, region_name="us-west-2", config=None
    )
    west.create_notebook_instance(NotebookInstanceName=running, InstanceType="ml.t3.medium", RoleArn=ROLE)
    url = west.describe_notebook_instance(NotebookInstanceName=running)["Url"]
    assert re.fullmatch(rf"{running}-[0-9a-f]{{4}}\.notebook\.localhost:\d+", url)
    west.stop_notebook_instance(NotebookInstanceName=running)
