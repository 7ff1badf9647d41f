"""Nouns that are records by nature: one story for all of them, told by a table.

Expectations: API reference of each operation; errors are those that the model names for it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Server

GIT = {"RepositoryUrl": "https://example.com/models.git", "Branch": "main"}
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:s"
KERNEL = {"KernelSpecs": [{"Name": "python3"}]}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Noun:
    """`create` and `update` are requests less the name; `shows` is what Describe shows after each."""

    name: str
    create: dict[str, Any] = field(default_factory=dict)
    shows: dict[str, Any] = field(default_factory=dict)
    update: dict[str, Any] | None = None
    updated: dict[str, Any] = field(default_factory=dict)
    plural: str = ""
    listed: str = ""
    taken: str = "ValidationException"
    missing: str = "ResourceNotFound"

    @property
    def key(self) -> str:
        return f"{self.name}Name"


NOUNS = [
    Noun(
        "Experiment",
        {"Description": "first"},
        {"Description": "first", "DisplayName": "{name}"},
        {"DisplayName": "shown"},
        {"Description": "first", "DisplayName": "shown"},
    ),
    Noun(
        "TrialComponent",
        {
            "Status": {"PrimaryStatus": "InProgress"},
            "Parameters": {"eta": {"NumberValue": 0.5}, "gone": {"StringValue": "x"}},
            "InputArtifacts": {"data": {"Value": "s3://b/data"}},
        },
        {"DisplayName": "{name}", "Parameters": {"eta": {"NumberValue": 0.5}, "gone": {"StringValue": "x"}}},
        {
            "Status": {"PrimaryStatus": "Completed", "Message": "done"},
            "Parameters": {"eta": {"NumberValue": 0.25}, "depth": {"NumberValue": 3.0}},
            "ParametersToRemove": ["gone"],
            "OutputArtifacts": {"model": {"Value": "s3://b/model"}},
            "InputArtifactsToRemove": ["data"],
        },
        {
            "Status": {"PrimaryStatus": "Completed", "Message": "done"},
            "Parameters": {"eta": {"NumberValue": 0.25}, "depth": {"NumberValue": 3.0}},
            "InputArtifacts": {},
            "OutputArtifacts": {"model": {"Value": "s3://b/model"}},
        },
    ),
    Noun(
        "Action",
        {"Source": {"SourceUri": "s3://b/a"}, "ActionType": "Deploy", "Properties": {"a": "1", "b": "2"}},
        {"ActionType": "Deploy", "Properties": {"a": "1", "b": "2"}},
        {"Status": "Completed", "Properties": {"c": "3"}, "PropertiesToRemove": ["a"]},
        {"Status": "Completed", "Properties": {"b": "2", "c": "3"}},
    ),
    Noun(
        "Context",
        {"Source": {"SourceUri": "s3://b/c"}, "ContextType": "Endpoint"},
        {"ContextType": "Endpoint"},
        {"Description": "d"},
        {"Description": "d", "ContextType": "Endpoint"},
    ),
    Noun(
        "CodeRepository",
        {"GitConfig": GIT},
        {"GitConfig": GIT},
        {"GitConfig": {"SecretArn": SECRET}},
        {"GitConfig": {**GIT, "SecretArn": SECRET}},
        plural="CodeRepositories",
        listed="CodeRepositorySummaryList",
        missing="ValidationException",
    ),
    Noun(
        "Image",
        {"RoleArn": ROLE, "Description": "d"},
        {"ImageStatus": "CREATED", "DisplayName": "{name}", "Description": "d"},
        {"DisplayName": "shown", "DeleteProperties": ["Description"]},
        {"DisplayName": "shown", "Description": None},
        listed="Images",
        taken="ResourceInUse",
    ),
    Noun(
        "AppImageConfig",
        {"KernelGatewayImageConfig": KERNEL},
        {"KernelGatewayImageConfig": KERNEL},
        {"JupyterLabAppImageConfig": {"ContainerConfig": {"ContainerArguments": ["a"]}}},
        {
            "KernelGatewayImageConfig": KERNEL,
            "JupyterLabAppImageConfig": {"ContainerConfig": {"ContainerArguments": ["a"]}},
        },
        listed="AppImageConfigs",
        taken="ResourceInUse",
    ),
    Noun(
        "StudioLifecycleConfig",
        {"StudioLifecycleConfigContent": "ZWNobw==", "StudioLifecycleConfigAppType": "JupyterLab"},
        {"StudioLifecycleConfigContent": "ZWNobw==", "StudioLifecycleConfigAppType": "JupyterLab"},
        listed="StudioLifecycleConfigs",
        taken="ResourceInUse",
    ),
    Noun(
        "NotebookInstanceLifecycleConfig",
        {"OnStart": [{"Content": "ZWNobw=="}]},
        {"OnStart": [{"Content": "ZWNobw=="}]},
        {"OnCreate": [{"Content": "cHdk"}]},
        {"OnStart": [{"Content": "ZWNobw=="}], "OnCreate": [{"Content": "cHdk"}]},
        listed="NotebookInstanceLifecycleConfigs",
        missing="ValidationException",
    ),
    Noun(
        "ModelPackageGroup",
        {"ModelPackageGroupDescription": "d"},
        {"ModelPackageGroupStatus": "Completed", "ModelPackageGroupDescription": "d"},
        listed="ModelPackageGroupSummaryList",
        missing="ValidationException",
    ),
    Noun(
        "ModelCard",
        {"Content": "{}", "ModelCardStatus": "Draft"},
        {"Content": "{}", "ModelCardStatus": "Draft", "ModelCardVersion": 1},
        {"Content": '{"a": 1}'},
        {"Content": '{"a": 1}', "ModelCardStatus": "Draft", "ModelCardVersion": 2},
        taken="ConflictException",
    ),
]
ALL = pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)


class Shelf:
    """One noun through boto3."""

    def __init__(self, server: Server, noun: Noun) -> None:
        self.noun = noun
        self.client = server.client("sagemaker")

    def do(self, verb: str, **request: Any) -> dict[str, Any]:
        return getattr(self.client, xform_name(f"{verb}{self.noun.name}"))(**request)

    def create(self, name: str, **more: Any) -> str:
        return self.do("Create", **{self.noun.key: name, **self.noun.create, **more})[f"{self.noun.name}Arn"]

    def describe(self, name: str) -> dict[str, Any]:
        return self.do("Describe", **{self.noun.key: name})

    def names(self, **request: Any) -> list[str]:
        operation = xform_name(f"List{self.noun.plural or self.noun.name + 's'}")
        listed = self.noun.listed or f"{self.noun.name}Summaries"
        pages = self.client.get_paginator(operation).paginate(**request)
        return [entry[self.noun.key] for page in pages for entry in page[listed]]


@pytest.fixture
def shelf(salvia: Server, noun: Noun) -> Shelf:
    return Shelf(salvia, noun)


def a_name() -> str:
    return f"record-{next(_numbers)}"


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return caught.value.response["Error"]["Code"]


def message(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return caught.value.response["Error"]["Message"]


def shown(description: dict[str, Any], expected: dict[str, Any], name: str) -> None:
    for member, value in expected.items():
        value = value.format(name=name) if value == "{name}" else value
        assert description.get(member) == value, member


@ALL
def test_a_record_lives(shelf: Shelf, noun: Noun) -> None:
    """Created, described, listed, updated, deleted: each as the API reference says, and its name is free again."""
    name = a_name()
    arn = shelf.create(name)
    created = shelf.describe(name)
    assert created[f"{noun.name}Arn"] == arn
    assert arn.endswith(f"/{name}")
    shown(created, noun.shows, name)
    assert name in shelf.names()
    if noun.update is not None:
        answer = shelf.do("Update", **{noun.key: name, **noun.update})
        assert answer.get(f"{noun.name}Arn", arn) == arn
        changed = shelf.describe(name)
        shown(changed, noun.updated, name)
        assert changed["CreationTime"] == created["CreationTime"]
        assert changed["LastModifiedTime"] >= created["LastModifiedTime"]
    shelf.do("Delete", **{noun.key: name})
    assert name not in shelf.names()
    shelf.create(name)


@ALL
def test_a_taken_name_is_refused(shelf: Shelf, noun: Noun) -> None:
    """SDK v2 looks for "already exists" in a ValidationException of experiments, trials and components."""
    name = a_name()
    shelf.create(name)
    with pytest.raises(ClientError) as caught:
        shelf.create(name)
    assert (code(caught), "already exists" in message(caught)) == (noun.taken, True)


@ALL
def test_what_is_not_there_is_said_to_be_missing(shelf: Shelf, noun: Noun) -> None:
    for verb in ("Describe", "Delete"):
        with pytest.raises(ClientError) as caught:
            shelf.do(verb, **{noun.key: "nobody-made-this"})
        assert (code(caught), "nobody-made-this" in message(caught)) == (noun.missing, True)


@ALL
def test_tags_are_kept(shelf: Shelf) -> None:
    """API_AddTags, API_ListTags, API_DeleteTags; the tags of Create are there from the start."""
    arn = shelf.create(a_name(), Tags=[{"Key": "team", "Value": "a"}])
    shelf.client.add_tags(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "b"}])
    assert shelf.client.list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "cost", "Value": "b"},
        {"Key": "team", "Value": "a"},
    ]
    shelf.client.delete_tags(ResourceArn=arn, TagKeys=["team"])
    assert [tag["Key"] for tag in shelf.client.list_tags(ResourceArn=arn)["Tags"]] == ["cost"]


@ALL
def test_lists_are_paged_and_sorted(shelf: Shelf, noun: Noun) -> None:
    """SortBy, SortOrder and MaxResults, each in the spelling of the noun's own model."""
    made = [a_name() for _ in range(3)]
    for name in made:
        shelf.create(name)
    order, by = ("ASCENDING", "CREATION_TIME") if noun.name == "Image" else ("Ascending", "CreationTime")
    down = "DESCENDING" if noun.name == "Image" else "Descending"
    request = {"SortBy": by, "PaginationConfig": {"PageSize": 2}}
    assert [name for name in shelf.names(**request, SortOrder=order) if name in made] == made
    assert [name for name in shelf.names(**request, SortOrder=down) if name in made] == made[::-1]
    by = "IMAGE_NAME" if noun.name == "Image" else "Name"
    assert [name for name in shelf.names(SortBy=by, SortOrder=order) if name in made] == sorted(made)
