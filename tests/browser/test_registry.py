"""The model registry in a browser: versions, their metrics, approval. Source: developer guide, "Model Registry"."""

from __future__ import annotations

import json
import uuid

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Studio
from tests.conftest import ROLE, Server
from tests.endpoints import ECHO, Endpoints

SCRIPT = "<img src=x onerror=window.pwned=1>"


@pytest.fixture(scope="module")
def endpoints(salvia: Server) -> Endpoints:
    return Endpoints(salvia)


@pytest.fixture(scope="module")
def group(endpoints: Endpoints) -> str:
    """A group with one version, which nobody has approved."""
    name = f"group-{uuid.uuid4().hex[:8]}"
    endpoints.sagemaker.create_model_package_group(
        ModelPackageGroupName=name, ModelPackageGroupDescription=f"Who leaves? {SCRIPT}"
    )
    report = {"regression_metrics": {"mse": {"value": 4.5}}, "note": SCRIPT}
    endpoints.s3.put_object(Bucket=endpoints.bucket, Key="report.json", Body=json.dumps(report).encode())
    endpoints.sagemaker.create_model_package(
        ModelPackageGroupName=name,
        ModelPackageDescription=SCRIPT,
        InferenceSpecification={
            "Containers": [{"Image": ECHO, "ModelDataUrl": f"s3://{endpoints.bucket}/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        ModelMetrics={
            "ModelQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": f"s3://{endpoints.bucket}/report.json"}
            }
        },
    )
    return name


def test_a_version_is_approved_with_a_comment_and_deployed(studio: Studio, endpoints: Endpoints, group: str) -> None:
    """UpdateModelPackage, seen by boto3; then the wizard makes a model of the version, and an endpoint of that."""
    studio.open(f"/model-package-groups/{group}")
    studio.page.get_by_role("link", name="Version 1").click()
    expect(studio.page.get_by_text("regression_metrics.mse.value")).to_be_visible()
    studio.page.get_by_role("button", name="Approve or reject").click()
    studio.page.get_by_label("Comment").fill("Good on unseen customers.")
    studio.page.get_by_role("button", name="Save").click()
    expect(studio.page.get_by_label("Comment")).to_be_hidden()
    expect(studio.page.get_by_text("Good on unseen customers.")).to_be_visible()
    (package,) = endpoints.sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    described = endpoints.sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["ApprovalDescription"] == "Good on unseen customers."

    studio.page.get_by_role("link", name="Deploy").click()
    studio.page.get_by_role("combobox", name="Role").fill(ROLE)
    studio.page.get_by_label("Model name").fill(f"model-{group}")
    studio.page.get_by_role("button", name="Next").click()
    studio.page.get_by_role("button", name="Next").click()
    studio.page.get_by_label("Endpoint name").fill(group)
    studio.page.get_by_role("button", name="Deploy").click()
    expect(studio.page.get_by_role("heading", name=group)).to_be_visible()
    expect(studio.page.locator(".heading-status").first).to_have_text("In service", timeout=60_000)
    container = endpoints.sagemaker.describe_model(ModelName=f"model-{group}")["PrimaryContainer"]
    assert container["ModelPackageName"] == package["ModelPackageArn"]
    endpoints.delete(group)


def test_a_version_is_registered_by_hand(studio: Studio, endpoints: Endpoints) -> None:
    """CreateModelPackageGroup and CreateModelPackage, from two forms."""
    name = f"by-hand-{uuid.uuid4().hex[:8]}"
    studio.open("/model-package-groups", "Model registry")
    studio.page.get_by_role("link", name="Create group").click()
    studio.page.get_by_label("Name", exact=True).fill(name)
    studio.button("Create group").click()
    expect(studio.page.get_by_text("No versions")).to_be_visible()
    studio.page.get_by_role("link", name="Register version").click()
    expect(studio.page.get_by_label("Group", exact=True)).to_have_value(name)
    studio.page.get_by_label("Image 1").fill(ECHO)
    studio.page.get_by_label("Model data 1").fill(f"s3://{endpoints.bucket}/model.tar.gz")
    studio.button("Register version").click()
    studio.page.get_by_role("link", name="Version 1").click()
    expect(studio.page.locator(".heading-status")).to_have_text("Pending manual approval")
    (version,) = endpoints.sagemaker.list_model_packages(ModelPackageGroupName=name)["ModelPackageSummaryList"]
    found = endpoints.sagemaker.describe_model_package(ModelPackageName=version["ModelPackageArn"])
    assert found["InferenceSpecification"]["SupportedContentTypes"] == ["text/csv"]
    (container,) = found["InferenceSpecification"]["Containers"]
    assert (container["Image"], container["ModelDataUrl"]) == (ECHO, f"s3://{endpoints.bucket}/model.tar.gz")


@pytest.mark.parametrize("path", ["/model-package-groups", "/model-package-groups/{0}", "/model-package-groups/{0}/1"])
def test_no_description_is_markup(studio: Studio, group: str, path: str) -> None:
    """Descriptions are anybody's."""
    studio.open(path.format(group))
    expect(studio.page.get_by_text(SCRIPT).first).to_be_visible()
