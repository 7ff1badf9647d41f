"""Studio's domains in a browser: a team, a person, a space, and JupyterLab in it.

The server behind is a light one (tests/images). Source: API_CreateDomain, API_CreateSpace, API_CreateApp.
"""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.conftest import ROLE, Server, eventually


def test_somebody_works_in_a_space_of_a_domain(studio: Studio, salvia: Server) -> None:
    """From nothing to JupyterLab on a host of its own, and back to nothing."""
    sagemaker, page = salvia.client("sagemaker"), studio.page
    studio.open("/domains", "Studio domains")
    page.get_by_role("link", name="Create domain").first.click()
    page.get_by_label("Name").fill("team-of-ann")
    page.get_by_label("Role").fill(ROLE)
    page.keyboard.press("Escape")
    studio.button("Create domain").click()
    page.get_by_role("link", name="team-of-ann").click()
    expect(page.get_by_text("No spaces")).to_be_visible()

    page.get_by_role("link", name="Create user profile").first.click()
    page.get_by_label("Name").fill("ann")
    studio.button("Create user profile").click()
    page.get_by_role("link", name="Create space").first.click()
    page.get_by_label("Name").fill("anns-work")
    expect(page.get_by_role("button", name="Owner ann")).to_be_visible()
    studio.button("Create space").click()

    row = page.get_by_role("row").filter(has_text="anns-work")
    expect(row).to_contain_text("Private")
    row.get_by_role("radio").check()
    studio.button("Run JupyterLab").click()
    expect(row).to_contain_text("In service", timeout=60_000)
    expect(row).to_contain_text("ml.t3.medium")
    with studio.context.expect_page() as opened:
        row.get_by_role("button", name="Open JupyterLab").click()
    opened.value.wait_for_url(re.compile(r"^http://anns-work[^/]*\.app\.localhost:"))
    opened.value.close()

    studio.button("Stop").click()
    expect(studio.button("Run JupyterLab")).to_be_enabled(timeout=60_000)
    studio.accessible()
    studio.button("Delete").nth(1).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No spaces")).to_be_visible(timeout=60_000)
    page.get_by_role("row").filter(has_text="ann").get_by_role("radio").check()
    studio.button("Delete").nth(2).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No user profiles")).to_be_visible()
    studio.button("Delete").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No domains")).to_be_visible()
    eventually(lambda: not [one for one in sagemaker.list_domains()["Domains"] if one["DomainName"] == "team-of-ann"])
