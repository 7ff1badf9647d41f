"""Models and endpoints in a browser: deployed, invoked, weighed, watched, taken down.

What is looked for is what boto3 says of the same server; roles and names are those that a screen reader reads.
"""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.conftest import Server, eventually
from tests.endpoints import Endpoints

SCRIPT = "<img src=x onerror=window.pwned=1>"


@pytest.fixture(scope="module")
def endpoints(salvia: Server) -> Endpoints:
    return Endpoints(salvia)


@pytest.fixture(scope="module")
def split(endpoints: Endpoints) -> str:
    """An endpoint of two variants, nine to one, which captures what it is asked."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{endpoints.bucket}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    variants = [
        endpoints.variant(endpoints.model(), "Proven", weight=9),
        endpoints.variant(endpoints.model(), "Challenger", weight=1),
    ]
    return endpoints.create(endpoints.config(*variants, DataCaptureConfig=capture))


def test_a_model_is_deployed_by_the_wizard(studio: Studio, endpoints: Endpoints) -> None:
    """From the model's page to an endpoint in service; configuration and endpoint are as the steps said."""
    model = endpoints.model()
    studio.open(f"/models/{model}")
    studio.page.get_by_role("link", name="Deploy").click()
    expect(studio.page.get_by_role("combobox", name="Model")).to_have_value(model)
    studio.page.get_by_role("button", name="Next").click()
    studio.page.get_by_role("textbox", name="Instances").fill("2")
    studio.page.get_by_role("button", name="Next").click()
    studio.page.get_by_label("Endpoint name").fill(f"of-{model}")
    expect(studio.page.get_by_role("group", name="AWS CLI")).to_contain_text(f"--endpoint-name of-{model}")
    studio.page.get_by_role("button", name="Deploy").click()
    expect(studio.page.get_by_role("heading", name=f"of-{model}")).to_be_visible()
    expect(studio.page.locator(".heading-status").first).to_have_text("In service", timeout=60_000)
    described = endpoints.describe(f"of-{model}")
    assert described["ProductionVariants"][0]["DesiredInstanceCount"] == 2
    endpoints.delete(f"of-{model}")


def test_what_a_failed_deployment_made_is_deleted_again(studio: Studio, endpoints: Endpoints, split: str) -> None:
    """The endpoint's name is taken: CreateEndpoint is refused, and no configuration is left behind."""
    studio.open(f"/endpoints/deploy?model={endpoints.model()}")
    studio.page.get_by_role("button", name="Next").click()
    studio.page.get_by_role("button", name="Next").click()
    studio.page.get_by_label("Endpoint name").fill(split)
    studio.page.get_by_label("Configuration name").fill("left-behind")
    studio.page.get_by_role("button", name="Deploy").click()
    expect(studio.page.get_by_text("Could not deploy")).to_be_visible()
    known = endpoints.sagemaker.list_endpoint_configs(NameContains="left-behind")["EndpointConfigs"]
    assert known == []


def test_an_endpoint_is_invoked(studio: Studio, split: str) -> None:
    """InvokeEndpoint with the payload that was typed; its answer, its variant and its time are shown."""
    studio.open(f"/endpoints/{split}?tab=invoke")
    studio.page.get_by_role("textbox", name="Payload").fill("5.1,3.5,<b>1.4</b>")
    studio.page.get_by_role("button", name="Invoke", exact=True).click()
    answer = studio.page.get_by_role("group", name="Answer")
    expect(answer).to_contain_text("5.1,3.5,<b>1.4</b>")
    expect(studio.page.get_by_text(re.compile(r"^[\d.]+ ms$"))).to_be_visible()


def test_traffic_is_moved_by_a_slider(studio: Studio, endpoints: Endpoints, split: str) -> None:
    """The other variant gets what is left; UpdateEndpointWeightsAndCapacities is sent, and shown as code."""
    studio.open(f"/endpoints/{split}")
    slider = studio.page.get_by_role("slider", name="Traffic to Challenger")
    expect(slider).to_have_value("10")
    slider.focus()
    for _ in range(15):
        studio.page.keyboard.press("ArrowRight")
    expect(studio.page.get_by_role("slider", name="Traffic to Proven")).to_have_value("75")
    studio.page.get_by_role("button", name="Apply").click()
    weights = {"Proven": 75.0, "Challenger": 25.0}
    eventually(
        lambda: (
            {one["VariantName"]: one["DesiredWeight"] for one in endpoints.describe(split)["ProductionVariants"]}
            == weights
        ),
        what="the new weights",
    )
    endpoints.settled(split)
    expect(slider).to_have_value("25")


def test_a_variant_is_told_to_scale(studio: Studio, salvia: Server, split: str) -> None:
    """RegisterScalableTarget and PutScalingPolicy, from one form; then the target is there, and can be taken away."""
    scaling = salvia.client("application-autoscaling")
    resource = f"endpoint/{split}/variant/Proven"
    studio.open(f"/endpoints/{split}?tab=scaling")
    studio.page.get_by_role("button", name="Let it scale").first.click()
    studio.page.get_by_label("At most").fill("3")
    studio.page.get_by_role("button", name="Save").click()
    expect(studio.page.get_by_text("1 and 3", exact=True)).to_be_visible()
    expect(studio.page.get_by_text("keeps SageMakerVariantInvocationsPerInstance at 70")).to_be_visible()
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[resource])[
        "ScalableTargets"
    ]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 3)
    studio.page.get_by_role("button", name="Stop scaling").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Stop scaling").click()
    expect(studio.page.get_by_text("Proven does not scale by itself")).to_be_visible()


def test_why_an_endpoint_failed_is_said_as_text(studio: Studio, endpoints: Endpoints) -> None:
    """FailureReason ends with the program's last lines, which are anybody's: they are never markup."""
    model = endpoints.model(BEHAVIOUR="exits", GREETING=SCRIPT)
    name = endpoints.create(endpoints.config(endpoints.variant(model)), wait=False)
    studio.open(f"/endpoints/{name}")
    expect(studio.page.get_by_text("the model cannot be loaded")).to_be_visible(timeout=60_000)
    studio.open(f"/models/{model}")
    expect(studio.page.get_by_text(SCRIPT).first).to_be_visible()
    studio.open(f"/endpoints/{name}")
    studio.page.get_by_role("button", name="Delete").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(studio.page.get_by_role("heading", name="Endpoints")).to_be_visible()
    eventually(
        lambda: not endpoints.sagemaker.list_endpoints(NameContains=name)["Endpoints"], what="the endpoint is gone"
    )


def test_what_one_may_not_do_is_explained(studio: Studio, salvia: Server, endpoints: Endpoints, split: str) -> None:
    """A role that may look and not touch: the sliders' change is refused, with the missing right's name."""
    iam = salvia.client("iam")
    name = f"viewer-{endpoints.bucket[-6:]}"
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    look = {"Effect": "Allow", "Action": ["sagemaker:Describe*", "sagemaker:List*", "cloudwatch:*"], "Resource": "*"}
    iam.put_role_policy(
        RoleName=name,
        PolicyName="look",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [look]}),
    )
    studio.open(f"/endpoints/{split}")
    switch = """([arn, csrf]) => fetch('/_session/role', {method: 'PUT', body: JSON.stringify({RoleArn: arn}),
        headers: {'Content-Type': 'application/json', 'X-Salvia-Csrf': csrf}}).then(answer => answer.status)"""
    assert studio.page.evaluate(switch, [role["Role"]["Arn"], studio.csrf]) < 300
    try:
        studio.page.reload()
        studio.page.get_by_label("Instances of Proven").fill("2")
        studio.page.get_by_role("button", name="Apply").click()
        expect(
            studio.page.get_by_text("You are not allowed sagemaker:UpdateEndpointWeightsAndCapacities")
        ).to_be_visible()
    finally:
        back = "csrf => fetch('/_session/role', {method: 'DELETE', headers: {'X-Salvia-Csrf': csrf}})"
        studio.page.evaluate(f"({back})({json.dumps(studio.csrf)}).then(() => 0)")
