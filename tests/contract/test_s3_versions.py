"""Versions. Expectations: S3 user guide, "Using versioning in S3 buckets" and its chapters."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from s3_cases import refused


@pytest.fixture(scope="module")
def s3(salvia: Any) -> Any:
    return salvia.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"versions-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def versions(s3: Any, bucket: str, **request: Any) -> list[tuple[str, str, bool]]:
    """(key, version, latest) as listed, markers as `-`."""
    page = s3.list_object_versions(Bucket=bucket, **request)
    found = [(e["Key"], e["VersionId"], e["IsLatest"]) for e in page.get("Versions", ())]
    return found + [("-" + e["Key"], e["VersionId"], e["IsLatest"]) for e in page.get("DeleteMarkers", ())]


def test_each_put_adds_a_version(s3: Any, bucket: str) -> None:
    """The newest is what a plain GET sees; the others stay reachable by their ids."""
    ids = [s3.put_object(Bucket=bucket, Key="k", Body=b"%d" % n)["VersionId"] for n in range(3)]
    assert len(set(ids)) == 3
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["VersionId"]) == (b"2", ids[2])
    for number, version in enumerate(ids):
        got = s3.get_object(Bucket=bucket, Key="k", VersionId=version)
        assert (got["Body"].read(), got["VersionId"]) == (b"%d" % number, version)
    assert versions(s3, bucket) == [("k", ids[2], True), ("k", ids[1], False), ("k", ids[0], False)]


def test_a_delete_hides_the_object_under_a_marker(s3: Any, bucket: str) -> None:
    """User guide, "Working with delete markers"."""
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    deleted = s3.delete_object(Bucket=bucket, Key="k")
    assert deleted["DeleteMarker"] is True
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="k")
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amz-delete-marker"] == "true"
    assert headers["x-amz-version-id"] == deleted["VersionId"]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert versions(s3, bucket) == [("k", version, False), ("-k", deleted["VersionId"], True)]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=version)["Body"].read() == b"x"
    marker = {"Bucket": bucket, "Key": "k", "VersionId": deleted["VersionId"]}
    assert refused(s3.get_object, **marker) == ("MethodNotAllowed", 405)
    assert refused(s3.head_object, **marker) == ("405", 405)


def test_removing_the_marker_brings_the_object_back(s3: Any, bucket: str) -> None:
    """User guide, "Removing delete markers to make an older version current"."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    removed = s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
    assert (removed["DeleteMarker"], removed["VersionId"]) == (True, marker)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"


def test_deleting_a_version_is_for_good(s3: Any, bucket: str) -> None:
    """User guide, "Deleting object versions"; the next newest becomes current."""
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"old")["VersionId"]
    new = s3.put_object(Bucket=bucket, Key="k", Body=b"new")["VersionId"]
    deleted = s3.delete_object(Bucket=bucket, Key="k", VersionId=new)
    assert deleted["VersionId"] == new
    assert "DeleteMarker" not in deleted
    assert s3.get_object(Bucket=bucket, Key="k")["VersionId"] == old
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId=new) == ("NoSuchVersion", 404)
    assert refused(s3.get_object, Bucket=bucket, Key="k", VersionId="nonsense") == ("InvalidArgument", 400)


def test_what_was_there_before_versions_is_the_null_version(s3: Any) -> None:
    """User guide, "Adding objects to versioning-enabled buckets"."""
    bucket = f"versions-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    assert "VersionId" not in s3.head_object(Bucket=bucket, Key="k")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.head_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    s3.put_object(Bucket=bucket, Key="k", Body=b"after")
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"before"


def test_suspending_replaces_only_the_null_version(s3: Any, bucket: str) -> None:
    """User guide, "Working with objects in a versioning-suspended bucket"."""
    kept = s3.put_object(Bucket=bucket, Key="k", Body=b"kept")["VersionId"]
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    for body in (b"one", b"two"):
        assert s3.put_object(Bucket=bucket, Key="k", Body=body)["VersionId"] == "null"
    assert versions(s3, bucket) == [("k", "null", True), ("k", kept, False)]
    assert s3.delete_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    assert versions(s3, bucket) == [("k", kept, False), ("-k", "null", True)]
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=kept)["Body"].read() == b"kept"


def test_many_versions_are_deleted_at_once(s3: Any, bucket: str) -> None:
    """API_DeleteObjects: markers are told of by their own version."""
    version = s3.put_object(Bucket=bucket, Key="a", Body=b"x")["VersionId"]
    s3.put_object(Bucket=bucket, Key="b", Body=b"x")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a", "VersionId": version}, {"Key": "b"}]})
    first, second = answer["Deleted"]
    assert first == {"Key": "a", "VersionId": version}
    assert (second["DeleteMarker"], "VersionId" in second) == (True, False)
    marker = {"Key": "b", "VersionId": second["DeleteMarkerVersionId"]}
    [removed] = s3.delete_objects(Bucket=bucket, Delete={"Objects": [marker]})["Deleted"]
    assert removed == {**marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker["VersionId"]}


def test_versions_are_listed_in_pages(s3: Any, bucket: str) -> None:
    """API_ListObjectVersions: KeyMarker and VersionIdMarker go on in the middle of a key."""
    for key in ("a", "b", "c"):
        for body in (b"1", b"2"):
            s3.put_object(Bucket=bucket, Key=key, Body=body)
    s3.delete_object(Bucket=bucket, Key="b")
    whole = s3.list_object_versions(Bucket=bucket)
    for size in (1, 2, 3, 5):
        pages = list(
            s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": size})
        )
        for member in ("Versions", "DeleteMarkers"):
            assert [entry for page in pages for entry in page.get(member, ())] == whole[member]
        assert all(len(page.get("Versions", ())) + len(page.get("DeleteMarkers", ())) <= size for page in pages)


def test_versions_are_rolled_up_at_a_delimiter(s3: Any, bucket: str) -> None:
    """API_ListObjectVersions."""
    for key in ("a/1", "a/1", "a/2", "b", "c/1"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    for size in (1, 2, 10):
        pages = list(
            s3.get_paginator("list_object_versions").paginate(
                Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}
            )
        )
        assert [p["Prefix"] for page in pages for p in page.get("CommonPrefixes", ())] == ["a/", "c/"]
        assert [entry["Key"] for page in pages for entry in page.get("Versions", ())] == ["b"]


def test_tags_belong_to_a_version(s3: Any, bucket: str) -> None:
    """API_PutObjectTagging, versionId."""
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="v=old")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Tagging="v=new")
    tags = [{"Key": "v", "Value": "changed"}]
    assert s3.put_object_tagging(Bucket=bucket, Key="k", VersionId=old, Tagging={"TagSet": tags})["VersionId"] == old
    assert s3.get_object_tagging(Bucket=bucket, Key="k", VersionId=old)["TagSet"] == tags
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "v", "Value": "new"}]


def test_a_conditional_put_looks_past_a_delete_marker(s3: Any, bucket: str) -> None:
    """User guide, "conditional writes": where the current version is a delete marker, the object does not exist."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="k")
    s3.put_object(Bucket=bucket, Key="k", Body=b"y", IfNoneMatch="*")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"y"


def test_versioning_takes_only_what_it_can_keep(s3: Any, bucket: str) -> None:
    """API_PutBucketVersioning."""
    mfa = {"Status": "Enabled", "MFADelete": "Enabled"}
    assert refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration=mfa)[1] == 501
    assert refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={}) == (
        "IllegalVersioningConfigurationException",
        400,
    )
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
