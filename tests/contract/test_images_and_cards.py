"""Image versions and aliases, model cards and their versions. Expectations: API reference of each operation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Server

BASE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/base:1"


@pytest.fixture
def sagemaker(salvia: Server) -> Any:
    return salvia.client("sagemaker")


def refused(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"]


def an_image(sagemaker: Any, name: str, versions: int = 0) -> str:
    sagemaker.create_image(ImageName=name, RoleArn=ROLE)
    for number in range(versions):
        sagemaker.create_image_version(ImageName=name, BaseImage=BASE, ClientToken=f"t-{name}-{number}")
    return name


def numbers(sagemaker: Any, name: str, **request: Any) -> list[int]:
    pages = sagemaker.get_paginator("list_image_versions").paginate(
        ImageName=name, PaginationConfig={"PageSize": 4}, **request
    )
    return [version["Version"] for page in pages for version in page["ImageVersions"]]


def test_versions_are_numbered_and_no_number_comes_twice(sagemaker: Any) -> None:
    """API_CreateImageVersion, API_DeleteImageVersion; a repeated ClientToken adds nothing."""
    name = an_image(sagemaker, "numbered", 11)
    again = sagemaker.create_image_version(ImageName=name, BaseImage=BASE, ClientToken=f"t-{name}-4")
    assert again["ImageVersionArn"].endswith(":image-version/numbered/5")
    assert numbers(sagemaker, name, SortBy="VERSION", SortOrder="ASCENDING") == list(range(1, 12))
    sagemaker.delete_image_version(ImageName=name, Version=11)
    sagemaker.create_image_version(ImageName=name, BaseImage=BASE, ClientToken="t-new-version")
    assert numbers(sagemaker, name, SortBy="VERSION", SortOrder="DESCENDING") == [12, *range(10, 0, -1)]
    found = sagemaker.describe_image_version(ImageName=name)
    assert (found["Version"], found["BaseImage"], found["ImageVersionStatus"]) == (12, BASE, "CREATED")
    assert found["ImageArn"] == sagemaker.describe_image(ImageName=name)["ImageArn"]


def test_an_alias_names_one_version(sagemaker: Any) -> None:
    """API_UpdateImageVersion, API_ListAliases."""
    name = an_image(sagemaker, "aliased", 2)
    sagemaker.update_image_version(ImageName=name, Version=1, AliasesToAdd=["stable", "first"], JobType="TRAINING")
    found = sagemaker.describe_image_version(ImageName=name, Alias="stable")
    assert (found["Version"], found["JobType"]) == (1, "TRAINING")
    taken = {"ImageName": name, "Version": 2, "AliasesToAdd": ["stable"]}
    assert refused(sagemaker.update_image_version, **taken) == "ResourceInUse"
    sagemaker.update_image_version(ImageName=name, Alias="stable", AliasesToDelete=["stable"])
    sagemaker.update_image_version(**taken)
    pages = sagemaker.get_paginator("list_aliases").paginate(ImageName=name, PaginationConfig={"PageSize": 1})
    assert [alias for page in pages for alias in page["SageMakerImageVersionAliases"]] == ["first", "stable"]
    assert sagemaker.list_aliases(ImageName=name, Version=2)["SageMakerImageVersionAliases"] == ["stable"]
    assert refused(sagemaker.describe_image_version, ImageName=name, Alias="gone") == "ResourceNotFound"
    sagemaker.delete_image_version(ImageName=name, Alias="stable")
    assert numbers(sagemaker, name) == [1]


def test_an_image_goes_with_its_versions(sagemaker: Any) -> None:
    """API_DeleteImage: "Deletes a SageMaker AI image and all versions of the image"."""
    name = an_image(sagemaker, "whole", 2)
    sagemaker.delete_image(ImageName=name)
    assert refused(sagemaker.list_image_versions, ImageName=name) == "ResourceNotFound"
    an_image(sagemaker, name)
    assert numbers(sagemaker, name) == []


def test_an_image_needs_a_role_that_exists(sagemaker: Any) -> None:
    """API_CreateImage: a role that SageMaker may assume."""
    nobody = "arn:aws:iam::123456789012:role/NobodyHasThisRole"
    assert refused(sagemaker.create_image, ImageName="no-role", RoleArn=nobody) == "ValidationException"


def test_each_change_of_a_card_is_a_version(sagemaker: Any) -> None:
    """Developer guide, "Edit a model card": edits are saved as a subsequent version."""
    content = {
        "model_overview": {"model_id": "m", "model_description": "long"},
        "intended_uses": {"risk_rating": "Low"},
    }
    arn = sagemaker.create_model_card(ModelCardName="versioned", Content=json.dumps(content), ModelCardStatus="Draft")[
        "ModelCardArn"
    ]
    sagemaker.update_model_card(ModelCardName=arn, Content="{}")
    sagemaker.update_model_card(ModelCardName="versioned", ModelCardStatus="Approved")
    newest = sagemaker.describe_model_card(ModelCardName=arn)
    assert (newest["ModelCardVersion"], newest["ModelCardStatus"], newest["Content"]) == (2, "Approved", "{}")
    first = sagemaker.describe_model_card(ModelCardName="versioned", ModelCardVersion=1)
    assert (first["ModelCardStatus"], json.loads(first["Content"])) == ("Draft", content)
    lean = sagemaker.describe_model_card(ModelCardName="versioned", ModelCardVersion=1, IncludedData="MetadataOnly")
    assert json.loads(lean["Content"]) == {
        "model_overview": {"model_id": "m"},
        "intended_uses": {"risk_rating": "Low"},
    }
    pages = sagemaker.get_paginator("list_model_card_versions").paginate(
        ModelCardName="versioned", SortBy="Version", SortOrder="Ascending", PaginationConfig={"PageSize": 1}
    )
    versions = [version for page in pages for version in page["ModelCardVersionSummaryList"]]
    assert [(v["ModelCardVersion"], v["ModelCardStatus"], v["ModelCardArn"]) for v in versions] == [
        (1, "Draft", arn),
        (2, "Approved", arn),
    ]
    assert refused(sagemaker.describe_model_card, ModelCardName=arn, ModelCardVersion=3) == "ResourceNotFound"
    listed = sagemaker.list_model_cards(ModelCardStatus="Approved", NameContains="version")["ModelCardSummaries"]
    assert [card["ModelCardName"] for card in listed] == ["versioned"]


def test_a_card_is_checked(sagemaker: Any) -> None:
    """API_UpdateModelCard: never both; Archived: "No more updates should be made"; content is JSON."""
    card = {"ModelCardName": "checked"}
    assert refused(sagemaker.create_model_card, **card, Content="no", ModelCardStatus="Draft") == "ValidationException"
    secured = {"Content": "{}", "ModelCardStatus": "Draft", "SecurityConfig": {"KmsKeyId": "k"}}
    assert refused(sagemaker.create_model_card, **card, **secured) == "ValidationException"
    sagemaker.create_model_card(**card, Content="{}", ModelCardStatus="Draft")
    both = {"Content": "{}", "ModelCardStatus": "Approved"}
    assert refused(sagemaker.update_model_card, **card, **both) == "ValidationException"
    sagemaker.update_model_card(**card, ModelCardStatus="Archived")
    assert refused(sagemaker.update_model_card, **card, Content="{}") == "ConflictException"
    sagemaker.delete_model_card(**card)
    assert refused(sagemaker.list_model_card_versions, **card) == "ResourceNotFound"


def test_managed_storage_is_refused(sagemaker: Any) -> None:
    """What is not built is refused, never ignored."""
    asked = {"ManagedStorageType": "Restricted"}
    assert (
        refused(sagemaker.create_model_package_group, ModelPackageGroupName="managed", ManagedConfiguration=asked)
        == "ValidationException"
    )


def test_studio_configurations_are_listed_by_app(sagemaker: Any) -> None:
    """API_ListStudioLifecycleConfigs: AppTypeEquals."""
    for app in ("JupyterLab", "CodeEditor"):
        sagemaker.create_studio_lifecycle_config(
            StudioLifecycleConfigName=f"for-{app}",
            StudioLifecycleConfigContent="ZWNobw==",
            StudioLifecycleConfigAppType=app,
        )
    found = sagemaker.list_studio_lifecycle_configs(AppTypeEquals="CodeEditor")["StudioLifecycleConfigs"]
    assert [config["StudioLifecycleConfigName"] for config in found] == ["for-CodeEditor"]
