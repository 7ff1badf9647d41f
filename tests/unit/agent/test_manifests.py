"""ManifestFile channels. Source: API_S3DataSource, which has the format and its example."""

from __future__ import annotations

import json

import pytest

from .test_channels import fetch, files, refused
from .world import channel

OBJECTS = {"some/prefix/relative/path/to/custdata-1": b"1", "some/prefix/relative/path/custdata-2": b"2"}
MANIFEST = [{"prefix": "s3://data/some/prefix/"}, "relative/path/to/custdata-1", "relative/path/custdata-2"]


def manifest(world, document, **members):
    """A channel whose manifest is `document`."""
    world.buckets["data"] = dict(OBJECTS)
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    world.buckets["bucket"] = {"some.manifest": content}
    return channel("train", "s3://bucket/some.manifest", S3DataType="ManifestFile", **members)


def test_a_manifest_names_objects_below_its_prefix(world, instance):
    """The example of API_S3DataSource; files keep the path below the prefix, and another bucket is none of its own."""
    job, ended = fetch(world, instance, manifest(world, MANIFEST))
    assert ended["code"] == 0
    assert files(job) == {"train/relative/path/to/custdata-1": b"1", "train/relative/path/custdata-2": b"2"}


def test_a_prefix_is_put_before_a_key_as_it_is(world, instance):
    """ "SageMaker appends the suffix elements to the prefix": no slash comes between."""
    document = [{"prefix": "s3://data/some/pre"}, "fix/relative/path/custdata-2"]
    job, _ = fetch(world, instance, manifest(world, document))
    assert files(job) == {"train/prefix/relative/path/custdata-2": b"2"}


@pytest.mark.parametrize("host, expected", [("algo-1", "to/custdata-1"), ("algo-2", "custdata-2")])
def test_a_manifest_is_divided_over_hosts(world, instance, host, expected):
    """ShardedByS3Key: 1/n of the objects, in the manifest's order."""
    sharded = manifest(world, MANIFEST, S3DataDistributionType="ShardedByS3Key")
    job, _ = fetch(world, instance, sharded, host=host, hosts=["algo-1", "algo-2"])
    assert list(files(job)) == [f"train/relative/path/{expected}"]


def test_an_object_that_is_listed_twice_is_one_file(world, instance):
    """Two entries, one path: no conflict, since it is one object."""
    job, ended = fetch(world, instance, manifest(world, [*MANIFEST, MANIFEST[1]]))
    assert ended["code"] == 0 and len(files(job)) == 2


@pytest.mark.parametrize(
    "document, said",
    [
        (b"{", "s3://bucket/some.manifest is not JSON"),
        ([], "does not begin with an object with a prefix"),
        (["a"], "does not begin with an object with a prefix"),
        ([{"prefix": "data/"}, "a"], "the prefix 'data/', which is none of a bucket"),
        ([{"prefix": "s3://data"}, "/a"], "the prefix 's3://data', which is none of a bucket"),
        (MANIFEST[:1], "lists no objects"),
        ([*MANIFEST, 3], "has 3 as entry 3, which is no text"),
        ([*MANIFEST, "absent"], "there is no object s3://data/some/prefix/absent, entry 3 of s3://bucket/some.manifest"),
        ([*MANIFEST, "../x"], "entry 3 of s3://bucket/some.manifest: the object 's3://data/some/prefix/../x'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_manifest_is_said(world, instance, document, said):
    """The entry, by number, and the manifest that it is in."""
    assert said in refused(world, instance, manifest(world, document))


def test_a_manifest_that_is_not_there_is_named(world, instance):
    """Its URI is all that the request has of it."""
    missing = channel("train", "s3://bucket/gone", S3DataType="ManifestFile")
    assert "there is no object s3://bucket/gone, the manifest" in refused(world, instance, missing)
