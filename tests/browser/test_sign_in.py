"""Signing in, and the frame around every page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.conftest import Server
from tests.studio import link

HOME = re.compile(r"Home")


def test_a_link_signs_in_once(salvia: Server, tab: Callable[..., Studio]) -> None:
    once = link(salvia.client("salvia"))
    first = tab(salvia, sign_in=once)
    assert first.page.url == first.origin + "/", "the token is not in the address any more"
    # HttpOnly: no script of a page sees the session.
    assert first.page.evaluate("document.cookie") == ""

    second = tab(salvia)
    second.page.goto(once)
    expect(second.page.get_by_text("This link does not sign you in")).to_be_visible()
    second.accessible()


def test_a_password_signs_in_and_out(salvia: Server, tab: Callable[..., Studio]) -> None:
    iam = salvia.client("iam")
    iam.create_user(UserName="hedy")
    iam.create_login_profile(UserName="hedy", Password="Correct-Horse-7-Battery")
    studio = tab(salvia)
    studio.open("/training-jobs", "Sign in")  # whatever the address, who is nobody signs in first
    studio.accessible()
    studio.page.get_by_label("User name").fill("hedy")
    studio.page.get_by_label("Password").fill("wrong")
    studio.button("Sign in").click()
    expect(studio.page.get_by_role("alert").or_(studio.page.locator("[class*=alert]")).first).to_be_visible()
    studio.page.get_by_label("Password").fill("Correct-Horse-7-Battery")
    studio.page.get_by_label("Password").press("Enter")
    expect(studio.page.get_by_role("heading", name="Training jobs")).to_be_visible()

    # What one may not do is explained, with the right that is missing.
    expect(studio.page.get_by_text("You are not allowed sagemaker:ListTrainingJobs")).to_be_visible()
    expect(studio.page.get_by_text("arn:aws:iam::123456789012:user/hedy").first).to_be_visible()
    studio.accessible()

    studio.page.get_by_role("button", name="hedy").click()
    studio.page.get_by_role("menuitem", name="Sign out").click()
    expect(studio.page.get_by_role("heading", name="Sign in")).to_be_visible()
    studio.open("/", "Sign in")
    studio.unharmed()


def test_a_role_is_switched_to_and_back(salvia: Server, tab: Callable[..., Studio]) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = salvia.client("iam").create_role(RoleName="Watcher", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    studio = tab(salvia, sign_in=link(salvia.client("salvia")))
    # What the administrator saw before is nothing that the role is shown.
    expect(studio.page.get_by_role("heading", name=re.compile("^Running \\("))).to_be_visible()
    expect(studio.page.get_by_role("progressbar", name="Cores")).to_be_visible()
    studio.page.get_by_role("button", name="administrator").click()
    studio.page.get_by_role("menuitem", name="Switch role").click()
    studio.page.get_by_role("textbox", name="Role").fill(role["Arn"])
    studio.page.get_by_role("dialog").get_by_role("button", name="Switch role").click()
    expect(studio.page.get_by_role("button", name=re.compile("Watcher"))).to_be_visible()
    expect(studio.page.get_by_text("You are not allowed").first).to_be_visible()  # this role may do nothing
    studio.page.get_by_role("button", name=re.compile("Watcher")).click()
    studio.page.get_by_role("menuitem", name="Back to administrator").click()
    expect(studio.page.get_by_role("button", name="administrator")).to_be_visible()
    studio.unharmed()


def test_home_and_its_frame(studio: Studio) -> None:
    studio.open("/", "Home")
    for card in ("Running", "Cost today", "Capacity", "Idle endpoints", "Last failures"):
        expect(studio.page.get_by_role("heading", name=re.compile(f"^{card}"))).to_be_visible()
    expect(studio.page.get_by_text("Could not")).to_have_count(0)


def test_the_keyboard_goes_everywhere(studio: Studio) -> None:
    studio.open("/", "Home")
    studio.page.keyboard.press("Tab")
    expect(studio.page.get_by_role("link", name="Skip to the content")).to_be_focused()
    studio.page.get_by_role("link", name="Training jobs").focus()
    studio.page.keyboard.press("Enter")
    expect(studio.page.get_by_role("heading", name="Training jobs")).to_be_visible()
    assert studio.page.title() == "Training jobs · Salvia Studio"
    # The page was turned without the browser's help: reading goes on at its top.
    expect(studio.page.locator("#content")).to_be_focused()


def test_dark_mode_and_region_are_kept(salvia: Server, tab: Callable[..., Studio]) -> None:
    studio = tab(salvia, sign_in=link(salvia.client("salvia")), color_scheme="light")
    studio.button("Dark mode").click()
    studio.page.get_by_role("button", name="Region: us-east-1").click()
    studio.page.get_by_role("menuitemcheckbox", name="eu-west-1").click()
    studio.page.reload()
    expect(studio.page.get_by_role("button", name="Region: eu-west-1")).to_be_visible()
    expect(studio.button("Light mode")).to_be_visible()


def test_a_page_that_is_not_there_says_so(studio: Studio) -> None:
    studio.open("/no-such-page")
    expect(studio.page.get_by_role("heading", name="There is no such page")).to_be_visible()
    studio.accessible()


def test_the_first_load_is_small(salvia: Server, tab: Callable[..., Studio]) -> None:
    """Issue: at most 600 KB, compressed."""
    studio = tab(salvia)
    studio.page.goto(link(salvia.client("salvia")))
    expect(studio.page.get_by_role("heading", name="Home", exact=True)).to_be_visible()
    session = studio.context.new_cdp_session(studio.page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    moved: list[float] = []
    session.on("Network.loadingFinished", lambda event: moved.append(event["encodedDataLength"]))
    studio.page.reload()
    expect(studio.page.get_by_role("heading", name="Home", exact=True)).to_be_visible()
    assert 100_000 < sum(moved) < 600 * 1024, sum(moved)
