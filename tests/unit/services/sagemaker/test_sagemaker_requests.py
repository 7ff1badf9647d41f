"""What CreateTrainingJob, StopTrainingJob, DeleteTrainingJob and the tag operations refuse and do.

Expectations: their pages in the API reference."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.sagemaker.conftest import Studio

from salvia.core.errors import ServiceError

CHANNEL = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/x"}},
}
ALGORITHM = {
    "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/probe:latest",
    "TrainingInputMode": "File",
}
RESOURCES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no instance": ({"ResourceConfig": {**RESOURCES, "InstanceCount": 0}}, "at least 1"),
    "no instance type": ({"ResourceConfig": {"InstanceCount": 1, "VolumeSizeInGB": 1}}, "InstanceType"),
    "no image": ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "TrainingImage"),
    "an unknown role": ({"RoleArn": "arn:aws:iam::123456789012:role/Other"}, "Could not assume role"),
    "a role of another account": (
        {"RoleArn": "arn:aws:iam::999999999999:role/Role"},
        "Could not assume role",
    ),
    "two channels of one name": ({"InputDataConfig": [CHANNEL, CHANNEL]}, "Duplicate channel name 'train'"),
    "a file system": (
        {
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "DataSource": {
                        "FileSystemDataSource": {
                            "FileSystemId": "fs-12345678901",
                            "FileSystemAccessMode": "ro",
                            "FileSystemType": "EFS",
                            "DirectoryPath": "/",
                        }
                    },
                }
            ]
        },
        "channel 'train': FileSystemDataSource; only S3DataSource is supported yet",
    ),
    "a VPC": ({"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}}, "VpcConfig"),
    "an algorithm resource": (
        {"AlgorithmSpecification": {**ALGORITHM, "AlgorithmName": "a"}},
        "AlgorithmName",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_create_refuses(studio: Studio, what: str) -> None:
    change, sentence = REFUSED[what]
    with pytest.raises(ServiceError, match="ValidationException") as caught:
        studio.create(**change)
    assert sentence in caught.value.message


def test_everything_that_cannot_be_done_is_named_at_once(studio: Studio) -> None:
    with pytest.raises(ServiceError) as caught:
        studio.create(
            VpcConfig={"SecurityGroupIds": ["sg"], "Subnets": ["s"]}, InfraCheckConfig={"EnableInfraCheck": True}
        )
    assert "VpcConfig; InfraCheckConfig" in caught.value.message


def test_a_taken_name_is_in_use(studio: Studio) -> None:
    studio.create()
    with pytest.raises(ServiceError) as caught:
        studio.create()
    assert caught.value.code == "ResourceInUse"


def test_describe_shows_aws_s_defaults(studio: Studio) -> None:
    studio.create(StoppingCondition={}, OutputDataConfig={"S3OutputPath": "s3://bucket/output/"})
    described = studio.describe()
    assert described["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}
    assert described["OutputDataConfig"] == {
        "S3OutputPath": "s3://bucket/output/",
        "KmsKeyId": "",
        "CompressionType": "GZIP",
    }
    assert described["ModelArtifacts"] == {"S3ModelArtifacts": "s3://bucket/output/job/output/model.tar.gz"}
    assert described["EnableNetworkIsolation"] is False


def test_an_unknown_job_is_refused_as_aws_does(studio: Studio) -> None:
    for operation in ("DescribeTrainingJob", "StopTrainingJob", "DeleteTrainingJob"):
        with pytest.raises(ServiceError) as caught:
            studio.ask(operation, TrainingJobName="absent")
        assert (caught.value.code, caught.value.message) == (
            "ValidationException",
            "Requested resource not found.",
        )


def test_only_a_job_that_ended_is_deleted_and_only_one_that_runs_is_stopped(studio: Studio) -> None:
    studio.create()
    with pytest.raises(ServiceError, match="is in status InProgress"):
        studio.ask("DeleteTrainingJob", TrainingJobName="job")
    studio.ask("StopTrainingJob", TrainingJobName="job")
    with pytest.raises(ServiceError, match="is in status Stopping"):
        studio.ask("DeleteTrainingJob", TrainingJobName="job")
    studio.settle()
    with pytest.raises(ServiceError, match="is in status Stopped"):
        studio.ask("StopTrainingJob", TrainingJobName="job")
    studio.ask("DeleteTrainingJob", TrainingJobName="job")
    studio.create()


@pytest.fixture
def arn(studio: Studio) -> str:
    studio.create(Tags=[{"Key": "b", "Value": "1"}])
    return str(studio.describe()["TrainingJobArn"])


def tags(studio: Studio, arn: str, **more: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in studio.ask("ListTags", ResourceArn=arn, **more)["Tags"]}


def test_tags_are_set_overwritten_and_removed(studio: Studio, arn: str) -> None:
    added = studio.ask("AddTags", ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": ""}])
    assert added == {"Tags": [{"Key": "a", "Value": ""}, {"Key": "b", "Value": "2"}]}
    studio.ask("DeleteTags", ResourceArn=arn, TagKeys=["b", "absent"])
    assert tags(studio, arn) == {"a": ""}


def test_a_resource_has_fifty_tags_at_most(studio: Studio, arn: str) -> None:
    """The quota; nothing is set when it would be exceeded."""
    studio.ask("AddTags", ResourceArn=arn, Tags=[{"Key": f"k{n:02}", "Value": "v"} for n in range(49)])
    with pytest.raises(ServiceError, match="at most 50"):
        studio.ask("AddTags", ResourceArn=arn, Tags=[{"Key": "one more", "Value": "v"}])
    studio.ask("AddTags", ResourceArn=arn, Tags=[{"Key": "b", "Value": "overwritten"}])
    assert len(tags(studio, arn)) == 50


def test_tags_are_listed_in_order_and_a_forged_token_is_refused(studio: Studio, arn: str) -> None:
    """The model's smallest page, 50, holds all that a resource can have."""
    studio.ask("AddTags", ResourceArn=arn, Tags=[{"Key": key, "Value": "v"} for key in "eca"])
    listed = studio.ask("ListTags", ResourceArn=arn, MaxResults=50)
    assert [tag["Key"] for tag in listed["Tags"]] == ["a", "b", "c", "e"]
    assert "NextToken" not in listed
    with pytest.raises(ServiceError, match="Invalid pagination token"):
        studio.ask("ListTags", ResourceArn=arn, NextToken="?")


def test_reserved_keys_are_refused(studio: Studio, arn: str) -> None:
    with pytest.raises(ServiceError, match="reserved"):
        studio.ask("AddTags", ResourceArn=arn, Tags=[{"Key": "AWS:x", "Value": "v"}])


def test_an_unknown_arn_is_refused(studio: Studio) -> None:
    unknown = "arn:aws:sagemaker:us-east-1:123456789012:training-job/absent"
    for operation, more in (("ListTags", {}), ("AddTags", {"Tags": []}), ("DeleteTags", {"TagKeys": ["k"]})):
        with pytest.raises(ServiceError, match="Could not find resource"):
            studio.ask(operation, ResourceArn=unknown, **more)


def test_a_tag_does_not_change_when_a_job_was_modified(studio: Studio, arn: str) -> None:
    before = studio.describe()["LastModifiedTime"]
    studio.rig.now += 5
    studio.ask("AddTags", ResourceArn=arn, Tags=[{"Key": "x", "Value": "v"}])
    assert studio.describe()["LastModifiedTime"] == before
