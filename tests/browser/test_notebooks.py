"""Notebook instances' pages: what can be done there without a machine that takes a minute to start."""

from __future__ import annotations

import base64
import re
from decimal import Decimal
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.conftest import Server, eventually
from tests.notebooks import Notebooks

TYPE = "ml.t3.medium"


def test_a_lifecycle_configuration_is_written_and_changed(studio: Studio, salvia: Server) -> None:
    """Scripts travel in base64. Source: API_NotebookInstanceLifecycleHook."""
    sagemaker: Any = salvia.client("sagemaker")
    studio.open("/lifecycle-configurations", "Lifecycle configurations")
    expect(studio.page.get_by_text("No lifecycle configurations")).to_be_visible()
    studio.accessible()
    studio.page.get_by_role("link", name="Create lifecycle configuration").first.click()
    studio.page.get_by_label("Name", exact=True).fill("tools")
    studio.page.get_by_label("When an instance starts").fill("#!/bin/bash\necho grüße\n")
    studio.button("Create").click()
    studio.page.get_by_role("link", name="tools").click()

    def stored() -> dict[str, Any]:
        return sagemaker.describe_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName="tools")

    assert base64.b64decode(stored()["OnStart"][0]["Content"]).decode() == "#!/bin/bash\necho grüße\n"
    expect(studio.page.get_by_label("When an instance starts")).to_have_value("#!/bin/bash\necho grüße\n")
    studio.page.get_by_label("When an instance is created").fill("#!/bin/bash\nmkdir data\n")
    studio.button("Save").click()
    expect(studio.page.get_by_text("instances take it up when they next start")).to_be_visible()
    assert base64.b64decode(stored()["OnCreate"][0]["Content"]) == b"#!/bin/bash\nmkdir data\n"
    studio.page.get_by_role("link", name="tools").click()
    studio.button("Delete").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(studio.page.get_by_text("No lifecycle configurations")).to_be_visible()


def test_a_code_repository_is_made_and_offered_to_notebooks(studio: Studio, salvia: Server) -> None:
    """By its name, beside its address. Source: API_CreateCodeRepository, API_CreateNotebookInstance."""
    sagemaker: Any = salvia.client("sagemaker")
    address = "https://git.example.com/team/churn.git"
    studio.open("/code-repositories", "Code repositories")
    expect(studio.page.get_by_text("No code repositories")).to_be_visible()
    studio.page.get_by_role("link", name="Create code repository").first.click()
    studio.page.get_by_label("Name").first.fill("churn")
    studio.page.get_by_label("Address").fill("git.example.com")
    studio.button("Create code repository").click()
    expect(studio.page.get_by_text("Could not create code repository")).to_be_visible()
    studio.page.get_by_label("Address").fill(address)
    studio.page.get_by_label("Branch").fill("main")
    studio.button("Create code repository").click()
    row = studio.page.get_by_role("row", name="churn")
    expect(row).to_contain_text(address)
    stored = sagemaker.describe_code_repository(CodeRepositoryName="churn")
    assert stored["GitConfig"] == {"RepositoryUrl": address, "Branch": "main"}

    studio.open("/notebook-instances/create", "Create notebook instance")
    studio.page.get_by_label("Git repository").click()
    studio.page.get_by_role("option", name="churn").click()
    expect(studio.page.get_by_label("Git repository")).to_have_value("churn")

    studio.open("/code-repositories", "Code repositories")
    row.get_by_role("radio").check()
    studio.button("Delete").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(studio.page.get_by_text("No code repositories")).to_be_visible()
    assert not sagemaker.list_code_repositories()["CodeRepositorySummaryList"]


def test_what_is_wrong_with_a_notebook_instance_is_said(studio: Studio) -> None:
    studio.open("/notebook-instances", "Notebook instances")
    expect(studio.page.get_by_text("No notebook instances")).to_be_visible()
    studio.page.get_by_role("link", name="Create notebook instance").first.click()
    studio.page.get_by_label("Name").first.fill("mine")
    studio.button("Create notebook instance").click()
    expect(studio.page.get_by_text("Could not create notebook instance")).to_be_visible()
    studio.open("/notebook-instances/none-such")
    expect(studio.page.get_by_text("RecordNotFound")).to_be_visible()


def test_what_an_instance_costs_is_shown_while_it_runs(studio: Studio, salvia: Server) -> None:
    """AWS's price an hour, of an instance with its volume told apart; in the list and on its own page."""
    notebooks = Notebooks(salvia)
    name = notebooks.create()
    prices = salvia.client("salvia").get_cost()["Prices"]
    (hour,) = (Decimal(one["Amount"]) for one in prices if (one["Component"], one["Item"]) == ("Notebook", TYPE))
    cost = re.compile(rf"^\$0\.0\d+ today, \$0\.0\d+ in 14 days, \${hour.normalize():.2f} an hour$")
    studio.open("/notebook-instances", "Notebook instances")
    expect(studio.page.get_by_role("row", name=name).get_by_text(cost)).to_be_visible()
    studio.page.get_by_role("link", name=name).click()
    expect(studio.page.get_by_text(cost)).to_be_visible()
    studio.accessible()
    notebooks.stop(name)
    stopped = re.compile(r"^\$0\.0\d+ today, \$0\.0\d+ in 14 days$")
    expect(studio.page.get_by_text(stopped)).to_be_visible()
    studio.button("Delete").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(studio.page.get_by_text(f"Deleting {name}: its volume goes with it.")).to_be_visible()
    listed = notebooks.sagemaker.list_notebook_instances
    eventually(lambda: not listed(NameContains=name)["NotebookInstances"], what=f"{name} is gone")
