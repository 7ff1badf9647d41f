"""Pipelines in a browser: started with parameters, watched to their end, their failure told, retried."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.conftest import ROLE, Server, eventually
from tests.pipelines import ENDED, Pipelines, compare, condition, defined, fail, get, join, parameter
from tests.studio import link

SCRIPT = "<img src=x onerror=window.pwned=1>"


@pytest.fixture(scope="module")
def pipeline(salvia: Server) -> str:
    """A script, and a decision by a parameter whether all is well."""
    pipelines = Pipelines(salvia)
    check = pipelines.processing("Check", "print('checked')")
    decide = condition(
        "Decide",
        compare("Equals", get("Parameters.Mood"), "good"),
        other=[fail("Complain", join("It is", get("Parameters.Mood"), SCRIPT, on=" "))],
        DependsOn=["Check"],
    )
    name = f"browser-{pipelines.bucket[-8:]}"
    pipelines.sagemaker.create_pipeline(
        PipelineName=name,
        PipelineDefinition=defined([check, decide], [parameter("Mood", DefaultValue="good")]),
        PipelineDescription=SCRIPT,
        RoleArn=ROLE,
    )
    return name


def _ended(salvia: Server, studio: Studio) -> str:
    studio.page.wait_for_url("**/pipelines/*/*")
    name, _, run = studio.page.url.partition("?")[0].partition("/pipelines/")[2].partition("/")
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:pipeline/{name.lower()}/execution/{run}"
    describe = salvia.client("sagemaker").describe_pipeline_execution
    return str(
        eventually(lambda: (s := describe(PipelineExecutionArn=arn)["PipelineExecutionStatus"]) in ENDED and s, 90)
    )


def test_a_pipeline_is_started_and_its_graph_seen_to_finish(studio: Studio, salvia: Server, pipeline: str) -> None:
    """Each step of the definition stands in the graph, and takes on its status as it goes."""
    studio.open(f"/pipelines/{pipeline}")
    studio.button("Start").click()
    expect(studio.page.get_by_label("Mood")).to_have_value("good")
    studio.page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
    expect(studio.page.get_by_role("button", name="Complain Fail")).to_be_visible()
    expect(studio.page.get_by_role("button", name="Check Succeeded")).to_be_visible(timeout=60_000)
    expect(studio.page.get_by_role("button", name="Decide Succeeded")).to_be_visible()
    assert _ended(salvia, studio) == "Succeeded"
    studio.page.get_by_role("button", name="Check Succeeded").press("Enter")
    expect(studio.page.get_by_role("heading", name="Check")).to_be_visible()
    studio.page.get_by_role("button", name="Log").click()
    expect(studio.page.get_by_text("checked", exact=True)).to_be_visible()


def test_a_failure_is_told_and_the_run_retried(studio: Studio, salvia: Server, pipeline: str) -> None:
    """A parameter from the form; the Fail step's message, as text; RetryPipelineExecution."""
    studio.open(f"/pipelines/{pipeline}")
    studio.button("Start").click()
    studio.page.get_by_label("Mood").fill("bad")
    studio.page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
    assert _ended(salvia, studio) == "Failed"
    expect(studio.page.get_by_text(f"It is bad {SCRIPT}").first).to_be_visible()
    studio.page.get_by_role("button", name="Retry").click()
    expect(studio.page.get_by_text("what succeeded is kept")).to_be_visible()
    assert _ended(salvia, studio) == "Failed"


def test_a_pipeline_is_started_without_tls(below: Server, tab: Callable[..., Studio]) -> None:
    """On another domain than localhost, where browsers keep some of what they can do from pages."""
    name = Pipelines(below).create(defined([fail("Complain", "enough")]))
    studio = tab(below, sign_in=link(below.client("salvia")))
    studio.open(f"/pipelines/{name}")
    studio.button("Start").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Start", exact=True).click()
    assert _ended(below, studio) == "Failed"
    studio.unharmed()
