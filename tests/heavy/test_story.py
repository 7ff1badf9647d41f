"""The whole story in a browser: data, a model, an endpoint, a notebook, a version that is approved, and the bill."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Studio, tabs
from tests.conftest import ROLE, Server, eventually
from tests.notebooks import with_jupyterlab

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
NAME = "progression"  # of everything that is made here
MODEL_DATA = f"s3://{NAME}/output/{NAME}/output/model.tar.gz"
# 442 patients: how far diabetes went on within a year, then ten measurements (Efron et al., "Least Angle Regression").
PATIENTS = (Path(__file__).parents[1] / "data" / "diabetes.csv").read_text().splitlines()
TRAIN, UNSEEN = PATIENTS[:350], PATIENTS[350:]
# Forests of fifty small trees, so that it takes a while to learn, and does.
HYPERPARAMETERS = {
    "objective": "reg:squarederror",
    "num_round": "2500",
    "eta": "0.002",
    "max_depth": "3",
    "subsample": "0.5",
    "num_parallel_tree": "50",
    "nthread": "1",  # two would wait for each other where the machine has other work, too
}
SOON, LATER = 60_000, 240_000  # milliseconds, for what a program has to do meanwhile


@pytest.fixture(scope="module")
def studio(make_server: Callable[..., Server]) -> Iterator[Studio]:
    """The administrator's tab, by a link, before a server of its own."""
    server = with_jupyterlab(make_server())
    server.salvia("images", "build", "xgboost", "jupyterlab", timeout=500)
    with tabs() as open_tab:
        yield open_tab(server, sign_in=server.salvia("studio", "--link").stdout.strip())


@pytest.mark.timeout(900)  # where the images do not stand
def test_from_data_to_the_bill(studio: Studio, tmp_path: Path) -> None:
    upload(studio, tmp_path, train=TRAIN, validation=UNSEEN)
    start_training(studio)
    watch_the_curve(studio)
    create_the_model(studio)
    deploy(studio)
    predicted = invoke(studio, [patient.partition(",")[2] for patient in UNSEEN])
    usual = [mean(progress(TRAIN))] * len(UNSEEN)
    assert rmse(predicted) < 0.85 * rmse(usual), "no better than to say the same of everybody"
    start_a_notebook_instance(studio)
    run_a_cell(studio)
    register_and_approve(studio)
    take_down(studio)
    read_the_bill(studio)
    studio.unharmed()


def upload(studio: Studio, folder: Path, **channels: list[str]) -> None:
    """A bucket with a folder a channel."""
    follow(studio, "S3 buckets")
    studio.button("Create bucket").first.click()
    dialog(studio).get_by_label("Name").fill(NAME)
    dialog(studio).get_by_role("button", name="Create bucket").click()
    for channel, rows in channels.items():
        (folder / f"{channel}.csv").write_text("\n".join(rows))
        expect(studio.page.get_by_role("heading", name=NAME).first).to_be_visible()
        studio.button("Create folder").click()
        dialog(studio).get_by_label("Name").fill(channel)
        dialog(studio).get_by_role("button", name="Create folder").click()
        studio.page.get_by_role("link", name=f"{channel}/").click()
        studio.page.locator("input[type=file]").set_input_files(folder / f"{channel}.csv")
        expect(studio.page.get_by_role("link", name=f"{channel}.csv")).to_be_visible()
        studio.page.get_by_role("navigation", name="Folders").get_by_role("link", name=NAME).click()


def start_training(studio: Studio) -> None:
    """AWS's XGBoost algorithm by its name, from the form alone."""
    page = studio.page
    follow(studio, "Training jobs")
    page.get_by_role("link", name="Create training job").first.click()
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_role("combobox", name="Image").fill(IMAGE)
    page.get_by_role("combobox", name="Role").fill(ROLE)
    for number, (name, value) in enumerate(HYPERPARAMETERS.items(), 1):
        studio.button("Add hyperparameter").click()
        page.get_by_label(f"Name {number}", exact=True).fill(name)
        page.get_by_label(f"Value of {name}", exact=True).fill(value)
    studio.button("Add channel").click()
    for number, channel in enumerate(("train", "validation"), 1):
        page.get_by_label(f"Channel {number}", exact=True).fill(channel)
        page.get_by_label(f"S3 location {number}", exact=True).fill(f"s3://{NAME}/{channel}/{channel}.csv")
        page.get_by_label(f"Content type {number}", exact=True).fill("text/csv")
    page.get_by_label("Output", exact=True).fill(f"s3://{NAME}/output")
    studio.button("Create training job").click()
    expect(page.get_by_text(f"{NAME} is created.")).to_be_visible()


def watch_the_curve(studio: Studio) -> None:
    """The error falls before one's eyes, while the job runs, on a page that is not loaded again."""
    studio.page.evaluate("window.loadedOnce = true")
    status(studio).hover()  # where the pointer is in a chart, its legend says the values there
    figure = studio.page.get_by_role("figure", name="rmse", exact=True)
    last = figure.get_by_role("listitem").filter(has_text="train:rmse").locator("b")
    expect(last).to_be_visible(timeout=LATER)
    seen = [last.inner_text()]
    for _ in range(2):
        expect(last).not_to_have_text(seen[-1], timeout=SOON)
        seen.append(last.inner_text())
    expect(status(studio)).to_contain_text("Training")
    assert seen == sorted(seen, key=float, reverse=True), "the error of training falls"
    expect(status(studio)).to_have_text("Completed", timeout=LATER)
    described = studio.server.client("sagemaker").describe_training_job(TrainingJobName=NAME)
    final = {metric["MetricName"]: metric["Value"] for metric in described["FinalMetricDataList"]}["train:rmse"]
    # CloudWatch keeps seconds: which of the last one's values came last, the curve cannot tell.
    eventually(lambda: float(last.inner_text()) == pytest.approx(final, rel=0.02), what=f"the curve's end at {final}")
    assert studio.page.evaluate("window.loadedOnce")


def create_the_model(studio: Studio) -> None:
    follow(studio, "Models")
    studio.page.get_by_role("link", name="Create model").first.click()
    studio.page.get_by_label("Name", exact=True).fill(NAME)
    studio.page.get_by_role("combobox", name="Role").fill(ROLE)
    studio.page.get_by_role("combobox", name="Image").fill(IMAGE)
    studio.page.get_by_label("Model data").fill(MODEL_DATA)
    studio.button("Create model").click()
    expect(studio.page.get_by_text(f"{NAME} is created.")).to_be_visible()


def deploy(studio: Studio) -> None:
    """The wizard, as it proposes."""
    studio.page.get_by_role("link", name="Deploy").click()
    studio.button("Next").click()
    studio.button("Next").click()
    studio.page.get_by_label("Endpoint name").fill(NAME)
    studio.button("Deploy").click()
    expect(status(studio)).to_have_text("In service", timeout=LATER)


def invoke(studio: Studio, rows: list[str]) -> list[float]:
    """What the endpoint's page shows for an answer."""
    studio.page.get_by_role("tab", name="Invoke").click()
    studio.page.get_by_role("textbox", name="Payload").fill("\n".join(rows))
    studio.button("Invoke").click()
    answer = studio.page.get_by_role("group", name="Answer").inner_text(timeout=SOON)
    return [float(number) for number in re.findall(r"[\d.]+", answer)]


def start_a_notebook_instance(studio: Studio) -> None:
    follow(studio, "Notebook instances")
    studio.page.get_by_role("link", name="Create notebook instance").first.click()
    studio.page.get_by_label("Name").first.fill(NAME)
    studio.page.get_by_role("combobox", name="Role").fill(ROLE)
    studio.button("Create notebook instance").click()
    expect(status(studio)).to_have_text("In service", timeout=LATER)
    expect(studio.page.get_by_text("an hour")).to_be_visible()  # what it costs while it runs


def run_a_cell(studio: Studio) -> None:
    """JupyterLab in a tab of its own, its host another; boto3 is the instance's role, and sees the very job."""
    with studio.context.expect_page() as opened:
        studio.page.get_by_role("button", name=f"Open JupyterLab of {NAME} in a new tab").click()
    lab: Page = opened.value
    lab.locator(".jp-LauncherCard[data-category=Notebook]", has_text="Python 3").first.click(timeout=60_000)
    lab.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
    lab.keyboard.type("import boto3\n(job,) = boto3.client('sagemaker').list_training_jobs()['TrainingJobSummaries']\n")
    lab.keyboard.type("print(job['TrainingJobName'], job['TrainingJobStatus'])")
    lab.keyboard.press("Shift+Enter")
    expect(lab.locator(".jp-OutputArea-output").first).to_have_text(f"{NAME} Completed", timeout=60_000)
    assert lab.url.startswith(f"http://{NAME}.notebook.localhost:{studio.server.port}/lab")


def register_and_approve(studio: Studio) -> None:
    page = studio.page
    follow(studio, "Model registry")
    page.get_by_role("link", name="Create group").click()
    page.get_by_label("Name", exact=True).fill(NAME)
    studio.button("Create group").click()
    page.get_by_role("link", name="Register version").click()
    expect(page.get_by_label("Group", exact=True)).to_have_value(NAME)
    page.get_by_label("Image 1").fill(IMAGE)
    page.get_by_label("Model data 1").fill(MODEL_DATA)
    studio.button("Register version").click()
    page.get_by_role("link", name="Version 1").click()
    expect(status(studio)).to_have_text("Pending manual approval")
    expect(page.get_by_text("Trained by")).to_be_visible()
    studio.button("Approve or reject").click()
    dialog(studio).get_by_label("Comment").fill("Good on patients that it never saw.")
    dialog(studio).get_by_role("button", name="Save").click()
    expect(status(studio)).to_have_text("Approved")


def take_down(studio: Studio) -> None:
    """What runs costs: the endpoint and the notebook instance go."""
    for title, stop in (("Endpoints", False), ("Notebook instances", True)):
        follow(studio, title)
        studio.page.get_by_role("grid").get_by_role("link", name=NAME).click()
        if stop:
            studio.button("Stop").click()
            expect(status(studio)).to_have_text("Stopped", timeout=60_000)
        studio.button("Delete").click()
        dialog(studio).get_by_role("button", name="Delete").click()
        expect(studio.page.get_by_role("heading", name=title).first).to_be_visible()
        expect(studio.page.get_by_role("grid").get_by_role("link", name=NAME)).to_have_count(0, timeout=60_000)


def read_the_bill(studio: Studio) -> None:
    """Home says what Cost Explorer and `salvia cost` say, of all that was done here."""
    today = datetime.now(UTC).date()
    bill = json.loads(studio.server.salvia("cost", "--since", f"{today}", "--json").stdout)
    paid = {group["Keys"][0].split(":")[-1]: float(group["Cost"]) for group in bill["Groups"]}
    assert all(paid[f"{kind}/{NAME}"] > 0 for kind in ("training-job", "endpoint", "notebook-instance")), paid
    period = {"Start": f"{today}", "End": f"{today + timedelta(days=1)}"}
    asked = {"TimePeriod": period, "Granularity": "DAILY", "Metrics": ["UnblendedCost"]}
    (day,) = studio.server.client("ce").get_cost_and_usage(**asked)["ResultsByTime"]
    total = float(bill["Total"]["Cost"])
    assert float(day["Total"]["UnblendedCost"]["Amount"]) == pytest.approx(total)
    follow(studio, "Home")
    shown = f"{total:.2g}" if total < 0.01 else f"{total:.2f}"
    expect(studio.page.get_by_text(f"${shown}", exact=True).first).to_be_visible()


def follow(studio: Studio, title: str) -> None:
    """A link of the side navigation."""
    studio.page.get_by_role("navigation", name="Side navigation").get_by_role("link", name=title, exact=True).click()


def dialog(studio: Studio) -> Locator:
    return studio.page.get_by_role("dialog")


def status(studio: Studio) -> Locator:
    return studio.page.locator(".heading-status").first


def progress(patients: list[str]) -> list[float]:
    return [float(patient.partition(",")[0]) for patient in patients]


def rmse(predicted: list[float]) -> float:
    return math.sqrt(mean((one - other) ** 2 for one, other in zip(predicted, progress(UNSEEN), strict=True)))
