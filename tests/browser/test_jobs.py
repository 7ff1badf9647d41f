"""Jobs in the browser: watched live, found again, cloned, stopped; what users write in them is no program."""

from __future__ import annotations

import base64
import re
import time

from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.conftest import PROBE, Jobs, eventually

# What would run, if a page took a user's words for HTML.
EVIL = "<img src=x onerror=\"window.pwned='it ran'\"><script>window.pwned=1</script>"
METRIC = {
    "AlgorithmSpecification": {
        "TrainingImage": PROBE,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "train:rmse", "Regex": "rmse=([0-9.]+)"}],
    }
}
EPOCHS = f"""
import time
for epoch in range(40):
    print(f'epoch {{epoch}} rmse={{1 / (1 + epoch)}}', {EVIL!r}, flush=True)
time.sleep(25)
print('epoch 40 rmse=0.001', flush=True)
print('the last line', flush=True)
"""


def test_a_job_is_watched_live_to_its_end(studio: Studio, jobs: Jobs) -> None:
    name = jobs.start(EPOCHS, Environment={"NOTE": EVIL}, **METRIC)
    studio.open(f"/training-jobs/{name}", name)
    log = studio.page.get_by_role("log")
    expect(log).to_contain_text("epoch 39 rmse=0.025")
    expect(log).to_contain_text("<script>window.pwned=1</script>")
    expect(studio.page.get_by_role("figure", name="rmse")).to_contain_text("train:rmse")

    studio.page.get_by_label("Find in the log").fill("epoch 7 ")
    expect(studio.page.get_by_text("1 of 40 lines")).to_be_visible()
    studio.page.get_by_label("Find in the log").fill("")
    studio.accessible()

    expect(log).to_contain_text("the last line", timeout=40_000)
    # No reload: the page hears of the change.
    expect(studio.page.get_by_role("figure", name="rmse")).to_contain_text("train:rmse 0.001")
    expect(studio.page.get_by_role("heading", name=name)).to_be_visible()
    expect(studio.page.locator(".heading-status")).to_have_text("Completed")
    expect(studio.page.get_by_role("list", name=f"Statuses of {name}")).to_contain_text("Uploading")

    studio.page.get_by_role("tab", name="Configuration").click()
    expect(studio.page.get_by_text(EVIL, exact=True).last).to_be_visible()
    studio.page.get_by_role("tab", name="Output").click()
    expect(studio.page.get_by_role("rowheader", name="output/model.tar.gz")).to_be_visible()
    studio.page.get_by_role("tab", name="Code").click()
    expect(studio.page.get_by_label("AWS CLI").last).to_contain_text(f"--training-job-name {name}")


def test_a_log_that_comes_late_is_shown(studio: Studio, jobs: Jobs) -> None:
    """No reload, though the job has ended: somebody may write to it, or its lines were slow."""
    name, logs = jobs.start("print('spoken')", wait=True), jobs.server.client("logs")
    stream = {"logGroupName": "/aws/sagemaker/TrainingJobs"}
    (found,) = logs.describe_log_streams(**stream, logStreamNamePrefix=f"{name}/")["logStreams"]
    stream["logStreamName"] = found["logStreamName"]
    logs.delete_log_stream(**stream)
    studio.open(f"/training-jobs/{name}", name)
    expect(studio.page.get_by_text("The program wrote nothing.")).to_be_visible()
    logs.create_log_stream(**stream)
    logs.put_log_events(**stream, logEvents=[{"timestamp": round(time.time() * 1000), "message": "late words"}])
    expect(studio.page.get_by_role("log")).to_contain_text("late words")


def test_the_code_that_a_page_shows_does_the_same(studio: Studio, jobs: Jobs) -> None:
    """The AWS CLI's line, run as it stands but for the name."""
    name = jobs.start("print('it\\'s me')", wait=True, Environment={"QUOTE": 'it\'s "quoted" $HOME'})
    studio.open(f"/training-jobs/{name}?tab=code", name)
    line = studio.page.locator("pre[aria-label='AWS CLI']").inner_text()
    jobs.server.aws(line.replace(name, f"{name}-again"))
    again = jobs.ended(f"{name}-again")
    assert again["TrainingJobStatus"] == "Completed"
    assert again["Environment"] == {"QUOTE": 'it\'s "quoted" $HOME'}

    studio.page.get_by_role("tab", name="Python").click()
    code = studio.page.locator("pre[aria-label='Python']").inner_text()
    asked: dict[str, object] = {}

    class Client:
        def create_training_job(self, **request: object) -> None:
            asked.update(request)

    class Boto3:
        def client(self, service: str) -> Client:
            assert service == "sagemaker"
            return Client()

    exec(code.replace("import boto3", ""), {"boto3": Boto3()})
    expected = jobs.describe(name)
    assert asked == {key: expected[key] for key in asked} and len(asked) >= 7


def test_a_failure_says_why(studio: Studio, jobs: Jobs) -> None:
    name = jobs.start(f"import sys\nopen('/opt/ml/output/failure', 'w').write({EVIL!r})\nsys.exit(3)", wait=True)
    studio.open(f"/training-jobs/{name}", name)
    expect(studio.page.get_by_text("Why it failed")).to_be_visible()
    expect(studio.page.get_by_text(EVIL).first).to_be_visible()
    studio.open("/", "Home")
    failures = studio.page.locator("li", has_text=name)
    expect(failures).to_contain_text("<script>window.pwned=1</script>")


def test_tables_filter_sort_and_are_linked_to(studio: Studio, jobs: Jobs) -> None:
    names = [jobs.start("print(1)", name=f"sorted-{letter}-{jobs.bucket[-6:]}") for letter in "bca"]
    for name in names:
        jobs.ended(name)
    studio.open("/training-jobs", "Training jobs")
    rows = studio.page.get_by_role("row").filter(has=studio.page.get_by_role("link", name=re.compile("^sorted-")))
    find = studio.page.get_by_label("Find", exact=True)
    find.fill("sorted-")
    find.press("Enter")
    expect(rows).to_have_count(3)
    expect(studio.page.get_by_text("3 matches").first).to_be_visible()
    studio.accessible()
    studio.page.get_by_role("columnheader", name="Name").get_by_role("button").first.press("Enter")
    expect(rows.first).to_contain_text("sorted-a")

    # The address says it all: whoever is given it sees the same.
    address = studio.page.url
    studio.open("/", "Home")
    studio.page.goto(address)
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("sorted-a")

    find.fill("no-such-name")
    find.press("Enter")
    expect(studio.page.get_by_text("Nothing matches")).to_be_visible()
    studio.button("Clear the filter").click()
    expect(rows.first).to_be_visible()


def test_columns_are_chosen_and_kept(studio: Studio, jobs: Jobs) -> None:
    jobs.start("print(1)", wait=True)
    studio.open("/training-jobs", "Training jobs")
    created = studio.page.get_by_role("columnheader", name="Created")
    expect(created.first).to_be_visible()
    for shown in (0, 1):
        studio.button("Preferences").click()
        preferences = studio.page.get_by_role("dialog")
        preferences.get_by_role("checkbox", name="Created").click(force=True)
        preferences.get_by_role("button", name="Confirm").click()
        expect(created).to_have_count(shown)
        studio.page.reload()
        expect(studio.page.get_by_role("columnheader", name="Name").first).to_be_visible()
        expect(created).to_have_count(shown)


def test_a_table_is_live(studio: Studio, jobs: Jobs) -> None:
    studio.open("/training-jobs", "Training jobs")
    name = jobs.start("print(1)")
    row = studio.page.get_by_role("row", name=name)
    expect(row).to_be_visible()
    expect(row).to_contain_text("Completed")


def test_a_job_is_cloned_edited_and_stopped(studio: Studio, jobs: Jobs) -> None:
    name = jobs.start("print(1)", wait=True, name=f"cloned-{jobs.bucket[-6:]}")
    studio.open(f"/training-jobs/{name}", name)
    studio.page.get_by_role("link", name="Clone", exact=True).click()
    expect(studio.page.get_by_role("heading", name=f"Clone {name}")).to_be_visible()
    expect(studio.page.get_by_label("Name", exact=True).first).to_have_value(f"{name}-2")

    # What the API refuses stands over the form, in its words.
    studio.page.get_by_label("Instances").fill("0")
    studio.button("Create training job").click()
    expect(studio.page.get_by_text("Could not create training job")).to_be_visible()
    expect(studio.page.get_by_text("an InstanceCount of at least 1").last).to_be_visible()
    studio.page.get_by_label("Instances").fill("1")

    code = "import time\ntime.sleep(600)"
    encoded = base64.b64encode(code.encode()).decode()
    studio.page.get_by_label("Value of code").fill(encoded)
    studio.button("Create training job").click()
    expect(studio.page.get_by_text(f"{name}-2 is created.")).to_be_visible()
    expect(studio.page.locator(".heading-status")).to_contain_text("Training")
    assert jobs.describe(f"{name}-2")["HyperParameters"]["code"] == encoded

    studio.button("Stop").click()
    studio.page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(studio.page.locator(".heading-status")).to_have_text("Stopped")
    eventually(lambda: jobs.describe(f"{name}-2")["TrainingJobStatus"] == "Stopped")


def test_a_form_can_be_written_as_json(studio: Studio) -> None:
    studio.open("/training-jobs/create", "Create training job")
    studio.page.get_by_role("tab", name="JSON").click()
    text = studio.page.get_by_label("CreateTrainingJob")
    text.fill("{")
    expect(studio.button("Create training job")).to_be_disabled()
    text.fill('{"TrainingJobName": "from-json", "Environment": {"A": "1"}}')
    studio.page.get_by_role("tab", name="Form").click()
    expect(studio.page.get_by_label("Name", exact=True).first).to_have_value("from-json")
    expect(studio.page.get_by_label("Value of A").first).to_have_value("1")
