"""Lineage: artifacts, associations and the walk along them. Expectations: API reference; developer guide, "Lineage"."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Server

_numbers = itertools.count(1)


@pytest.fixture
def sagemaker(salvia: Server) -> Any:
    return salvia.client("sagemaker")


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def an_artifact(sagemaker: Any, kind: str, **more: Any) -> str:
    request = {"Source": {"SourceUri": f"s3://lineage/{next(_numbers)}"}, "ArtifactType": kind, **more}
    return str(sagemaker.create_artifact(**request)["ArtifactArn"])


def test_an_artifact_lives(sagemaker: Any) -> None:
    """API_CreateArtifact … API_DeleteArtifact, by ARN and by source."""
    source = {"SourceUri": "s3://lives/data", "SourceTypes": [{"SourceIdType": "MD5Hash", "Value": "abc"}]}
    tags = [{"Key": "k", "Value": "v"}]
    arn = sagemaker.create_artifact(
        ArtifactName="lives", Source=source, ArtifactType="DataSet", Properties={"a": "1", "b": "2"}, Tags=tags
    )["ArtifactArn"]
    sagemaker.update_artifact(ArtifactArn=arn, ArtifactName="renamed", Properties={"c": "3"}, PropertiesToRemove=["a"])
    found = sagemaker.describe_artifact(ArtifactArn=arn)
    assert (found["ArtifactName"], found["Source"], found["ArtifactArn"]) == ("renamed", source, arn)
    assert found["Properties"] == {"b": "2", "c": "3"}
    assert found["CreatedBy"]["IamIdentity"]["Arn"].startswith("arn:aws:iam::")
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    pages = sagemaker.get_paginator("list_artifacts").paginate(SourceUri="s3://lives/data")
    assert [one["ArtifactArn"] for page in pages for one in page["ArtifactSummaries"]] == [arn]
    assert sagemaker.list_artifacts(SourceUri="s3://lives/data", ArtifactType="Model")["ArtifactSummaries"] == []
    assert sagemaker.delete_artifact(Source=source)["ArtifactArn"] == arn
    assert refused(sagemaker.describe_artifact, ArtifactArn=arn)[0] == "ResourceNotFound"
    assert refused(sagemaker.delete_artifact)[0] == "ValidationException"


def test_a_source_has_one_artifact(sagemaker: Any) -> None:
    """Its ARN is a hash of the source: the order of its ids is no difference, an id is."""
    ids = [{"SourceIdType": "MD5Hash", "Value": "a"}, {"SourceIdType": "S3ETag", "Value": "b"}]
    uri = "s3://one/artifact"
    sagemaker.create_artifact(Source={"SourceUri": uri, "SourceTypes": ids}, ArtifactType="DataSet")
    twin = {"Source": {"SourceUri": uri, "SourceTypes": ids[::-1]}, "ArtifactType": "Model"}
    code, message = refused(sagemaker.create_artifact, **twin)
    assert (code, "already exists" in message) == ("ValidationException", True)
    sagemaker.create_artifact(Source={"SourceUri": uri, "SourceTypes": ids[:1]}, ArtifactType="DataSet")


@pytest.fixture(scope="module")
def graph(salvia: Server) -> Iterator[dict[str, str]]:
    """data → job → model → deployment → endpoint, and test data → job."""
    sagemaker = salvia.client("sagemaker")
    arns = {
        "data": an_artifact(sagemaker, "DataSet", Properties={"split": "train"}),
        "test": an_artifact(sagemaker, "DataSet", Properties={"split": "test"}),
        "model": an_artifact(sagemaker, "Model", ArtifactName="the-model"),
        "job": sagemaker.create_trial_component(TrialComponentName="lineage-job")["TrialComponentArn"],
        "deployment": sagemaker.create_action(
            ActionName="lineage-deployment", ActionType="ModelDeployment", Source={"SourceUri": "s3://b/deploy"}
        )["ActionArn"],
        "endpoint": sagemaker.create_context(
            ContextName="lineage-endpoint", ContextType="Endpoint", Source={"SourceUri": "s3://b/endpoint"}
        )["ContextArn"],
    }
    for source, destination, kind in (
        ("data", "job", "ContributedTo"),
        ("test", "job", "ContributedTo"),
        ("job", "model", "Produced"),
        ("model", "deployment", "ContributedTo"),
        ("deployment", "endpoint", "AssociatedWith"),
    ):
        sagemaker.add_association(SourceArn=arns[source], DestinationArn=arns[destination], AssociationType=kind)
    yield arns


def test_associations_are_listed(sagemaker: Any, graph: dict[str, str]) -> None:
    """API_ListAssociations: filters, sorts, pages, names and types of both ends."""
    pages = sagemaker.get_paginator("list_associations").paginate(
        DestinationArn=graph["job"], SortBy="SourceArn", SortOrder="Ascending", PaginationConfig={"PageSize": 1}
    )
    found = [one for page in pages for one in page["AssociationSummaries"]]
    assert [one["SourceArn"] for one in found] == sorted([graph["data"], graph["test"]])
    [produced] = sagemaker.list_associations(SourceArn=graph["job"], AssociationType="Produced")["AssociationSummaries"]
    assert (produced["DestinationName"], produced["DestinationType"]) == ("the-model", "Model")
    assert (produced["SourceName"], produced["SourceType"]) == ("lineage-job", "TrialComponent")
    assert sagemaker.list_associations(SourceArn=graph["job"], DestinationType="DataSet")["AssociationSummaries"] == []


def test_associations_join_what_exists_once(sagemaker: Any, graph: dict[str, str]) -> None:
    """API_AddAssociation, API_DeleteAssociation: ResourceNotFound; what is associated is not deleted."""
    ends = {"SourceArn": graph["data"], "DestinationArn": graph["job"]}
    code, message = refused(sagemaker.add_association, **ends)
    assert (code, "already exists" in message) == ("ValidationException", True)
    nobody = {"SourceArn": f"{graph['data']}0", "DestinationArn": graph["job"]}
    assert refused(sagemaker.add_association, **nobody)[0] == "ResourceNotFound"
    code, message = refused(sagemaker.delete_artifact, ArtifactArn=graph["data"])
    assert (code, "associations" in message) == ("ValidationException", True)
    spare = an_artifact(sagemaker, "DataSet")
    sagemaker.add_association(SourceArn=spare, DestinationArn=graph["data"])
    sagemaker.delete_association(SourceArn=spare, DestinationArn=graph["data"])
    gone = {"SourceArn": spare, "DestinationArn": graph["data"]}
    assert refused(sagemaker.delete_association, **gone)[0] == "ResourceNotFound"
    sagemaker.delete_artifact(ArtifactArn=spare)


def names(graph: dict[str, str], answer: dict[str, Any]) -> set[str]:
    by_arn = {arn: name for name, arn in graph.items()}
    return {by_arn[vertex["Arn"]] for vertex in answer["Vertices"]}


WALKS: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "ascendants": ("model", {"Direction": "Ascendants"}, {"job", "data", "test"}),
    "descendants": ("model", {"Direction": "Descendants"}, {"deployment", "endpoint"}),
    "both": ("model", {}, {"job", "data", "test", "deployment", "endpoint"}),
    "one step": ("model", {"MaxDepth": 1}, {"job", "deployment"}),
    "by type": ("endpoint", {"Filters": {"Types": ["DataSet"]}}, {"data", "test"}),
    "by lineage type": ("endpoint", {"Filters": {"LineageTypes": ["TrialComponent", "Action"]}}, {"job", "deployment"}),
    "by property": ("endpoint", {"Filters": {"Properties": {"split": "train", "x": "y"}}}, {"data"}),
    "by time": ("model", {"Filters": {"CreatedBefore": 1_000_000_000}}, set()),
    "the way": (
        "endpoint",
        {"IncludeEdges": True, "Filters": {"Properties": {"split": "train"}}},
        {"endpoint", "deployment", "model", "job", "data"},
    ),
}


@pytest.mark.parametrize("case", WALKS)
def test_lineage_is_walked(sagemaker: Any, graph: dict[str, str], case: str) -> None:
    """API_QueryLineage: direction, depth, filters; with edges, what lies on the way too."""
    start, request, expected = WALKS[case]
    assert names(graph, sagemaker.query_lineage(StartArns=[graph[start]], **request)) == expected


def test_edges_are_those_on_the_way(sagemaker: Any, graph: dict[str, str]) -> None:
    """IncludeEdges: the associations; every page has those that lead to its vertices."""
    request = {
        "StartArns": [graph["model"]],
        "Direction": "Ascendants",
        "IncludeEdges": True,
        "Filters": {"Types": ["DataSet"]},
    }
    first = sagemaker.query_lineage(**request, MaxResults=2)
    second = sagemaker.query_lineage(**request, MaxResults=2, NextToken=first["NextToken"])
    pages = [first, second]
    assert [len(page["Vertices"]) for page in pages] == [2, 2]
    assert "NextToken" not in second
    found = [edge for page in pages for edge in page["Edges"]]
    edges = {(edge["SourceArn"], edge["DestinationArn"], edge["AssociationType"]) for edge in found}
    assert edges == {
        (graph["job"], graph["model"], "Produced"),
        (graph["data"], graph["job"], "ContributedTo"),
        (graph["test"], graph["job"], "ContributedTo"),
    }
    assert refused(sagemaker.query_lineage)[0] == "ValidationException"
    assert refused(sagemaker.query_lineage, StartArns=[f"{graph['data']}0"])[0] == "ResourceNotFound"


def test_a_ring_is_walked_once(sagemaker: Any) -> None:
    """Associations may form rings; the walk ends."""
    ring = [an_artifact(sagemaker, "DataSet") for _ in range(4)]
    for source, destination in zip(ring, [*ring[1:], ring[0]], strict=True):
        sagemaker.add_association(SourceArn=source, DestinationArn=destination)
    answer = sagemaker.query_lineage(StartArns=[ring[0]], Direction="Descendants")
    assert [vertex["Arn"] for vertex in answer["Vertices"]] == ring[1:]
