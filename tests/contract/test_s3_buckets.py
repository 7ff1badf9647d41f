"""Buckets through boto3: create, list, delete, configure. Expectations: the S3 API reference, by operation."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.handlers import validate_bucket_name
from s3_cases import error, refused


@pytest.fixture(scope="module")
def s3(salvia: Any) -> Any:
    return salvia.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"buckets-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def test_a_bucket_is_created_seen_and_deleted(s3: Any) -> None:
    """The SDK's session does so: HEAD, PUT on 404 (wire-facts, "S3"); the waiters, too, go by HEAD."""
    name = f"life-{uuid.uuid4().hex[:12]}"
    assert error(s3.head_bucket, Bucket=name) == {"Code": "404", "Message": "Not Found"}
    assert s3.create_bucket(Bucket=name)["Location"] == f"/{name}"
    s3.get_waiter("bucket_exists").wait(Bucket=name, WaiterConfig={"MaxAttempts": 1})
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "us-east-1"
    assert name in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    assert s3.delete_bucket(Bucket=name)["ResponseMetadata"]["HTTPStatusCode"] == 204
    s3.get_waiter("bucket_not_exists").wait(Bucket=name, WaiterConfig={"MaxAttempts": 1})
    assert refused(s3.delete_bucket, Bucket=name) == ("NoSuchBucket", 404)


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 64, "Upper", "under_score", "-dash", "dash-", "two..dots", "10.0.0.1", "xn--x", "x-s3alias", "a b"],
)
def test_names_that_s3_does_not_allow_are_refused(salvia: Any, name: str) -> None:
    """User guide, "General purpose bucket naming rules". boto3 itself would not even send some."""
    s3 = salvia.client("s3", user_agent_extra="any-name")
    s3.meta.events.unregister("before-parameter-build.s3", validate_bucket_name)
    assert refused(s3.create_bucket, Bucket=name) == ("InvalidBucketName", 400)


def test_creating_again_answers_again_in_us_east_1(s3: Any, bucket: str) -> None:
    """API_CreateBucket, BucketAlreadyOwnedByYou: except in us-east-1, where S3 returns 200."""
    s3.put_object(Bucket=bucket, Key="kept", Body=b"x")
    s3.create_bucket(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="kept")["Body"].read() == b"x"


def test_creating_again_elsewhere_is_refused(salvia: Any) -> None:
    """API_CreateBucket; the constraint must name the region that is asked."""
    s3 = salvia.client("s3", region_name="eu-west-1")
    name = f"elsewhere-{uuid.uuid4().hex[:12]}"
    assert refused(s3.create_bucket, Bucket=name) == ("IllegalLocationConstraintException", 400)
    here = {"LocationConstraint": "eu-west-1"}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=here)
    assert refused(s3.create_bucket, Bucket=name, CreateBucketConfiguration=here) == ("BucketAlreadyOwnedByYou", 409)
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "eu-west-1"


def test_the_location_of_us_east_1_is_null(s3: Any, bucket: str) -> None:
    """API_GetBucketLocation."""
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None


def test_a_bucket_that_is_not_empty_stays(s3: Any, bucket: str) -> None:
    """BucketNotEmpty; old versions and delete markers count, too."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert refused(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.delete_object(Bucket=bucket, Key="k")
    assert "all versions" in error(s3.delete_bucket, Bucket=bucket)["Message"]


def test_a_bucket_with_an_upload_under_way_can_be_deleted(s3: Any, bucket: str) -> None:
    """It holds no object; the upload ends with it."""
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_buckets_are_listed_in_pages(s3: Any) -> None:
    """API_ListBuckets: MaxBuckets, ContinuationToken, Prefix."""
    mark = f"page-{uuid.uuid4().hex[:8]}"
    names = [f"{mark}-{n}" for n in range(5)]
    for name in names:
        s3.create_bucket(Bucket=name)
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix=mark, PaginationConfig={"PageSize": 2}))
    assert [[entry["Name"] for entry in page["Buckets"]] for page in pages] == [names[:2], names[2:4], names[4:]]
    assert pages[0]["Prefix"] == mark
    assert len(pages[0]["Owner"]["ID"]) == 64
    assert refused(s3.list_buckets, ContinuationToken="nonsense") == ("InvalidArgument", 400)


def test_tags_of_a_bucket_are_replaced_as_a_set(s3: Any, bucket: str) -> None:
    """API_PutBucketTagging and its neighbours."""
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)
    for tags in ([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}], [{"Key": "c", "Value": "3"}]):
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
        assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refused(s3.get_bucket_tagging, Bucket=bucket) == ("NoSuchTagSet", 404)


def test_a_bucket_can_be_born_with_tags(s3: Any) -> None:
    """API_CreateBucket, CreateBucketConfiguration.Tags."""
    name, tags = f"tagged-{uuid.uuid4().hex[:12]}", [{"Key": "a", "Value": "1"}]
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"Tags": tags})
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == tags


def test_a_new_bucket_has_the_defaults_of_aws(s3: Any, bucket: str) -> None:
    """User guide, "Default settings for new S3 buckets FAQ": no ACLs, no public access, AES256."""
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(
        ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
    )
    controls = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    assert controls == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules == [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    acl = s3.get_bucket_acl(Bucket=bucket)
    assert [grant["Permission"] for grant in acl["Grants"]] == ["FULL_CONTROL"]


def test_public_access_block_can_be_changed_and_deleted(s3: Any, bucket: str) -> None:
    """API_PutPublicAccessBlock: settings that are left out are off."""
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert (block["BlockPublicPolicy"], block["RestrictPublicBuckets"]) == (True, False)
    s3.delete_public_access_block(Bucket=bucket)
    assert refused(s3.get_public_access_block, Bucket=bucket) == ("NoSuchPublicAccessBlockConfiguration", 404)


def test_settings_that_would_not_be_acted_upon_are_refused(s3: Any, bucket: str) -> None:
    """Never ignored: NotImplemented, or what S3 says where ACLs are disabled."""
    kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    assert refused(s3.put_bucket_encryption, Bucket=bucket, ServerSideEncryptionConfiguration=kms) == (
        "NotImplemented",
        501,
    )
    controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    assert refused(s3.put_bucket_ownership_controls, Bucket=bucket, OwnershipControls=controls)[1] == 501
    assert refused(s3.put_bucket_acl, Bucket=bucket, ACL="public-read") == ("AccessControlListNotSupported", 400)
    cors = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
    assert refused(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration=cors)[1] == 501
    name = f"locked-{uuid.uuid4().hex[:12]}"
    assert refused(s3.create_bucket, Bucket=name, ObjectLockEnabledForBucket=True)[1] == 501
    assert refused(s3.create_bucket, Bucket=name, ACL="public-read")[0] == "InvalidBucketAclWithObjectOwnership"


def test_the_default_encryption_can_be_said_explicitly(s3: Any, bucket: str) -> None:
    """API_PutBucketEncryption with AES256."""
    wanted = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": True}]}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=wanted)
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"] == wanted
    s3.delete_bucket_encryption(Bucket=bucket)
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )


def test_what_is_not_configured_is_told_as_s3_tells_it(s3: Any, bucket: str) -> None:
    """Tools ask for all of it and expect these codes."""
    for call, code in (
        (s3.get_bucket_cors, "NoSuchCORSConfiguration"),
        (s3.get_bucket_lifecycle_configuration, "NoSuchLifecycleConfiguration"),
        (s3.get_bucket_website, "NoSuchWebsiteConfiguration"),
        (s3.get_bucket_replication, "ReplicationConfigurationNotFoundError"),
        (s3.get_object_lock_configuration, "ObjectLockConfigurationNotFoundError"),
        (s3.get_bucket_policy, "NoSuchBucketPolicy"),
    ):
        assert refused(call, Bucket=bucket) == (code, 404)
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"


def test_an_operation_that_is_not_there_says_so(s3: Any, bucket: str) -> None:
    """design.md, "A request": NotImplemented, AWS-shaped."""
    assert refused(s3.get_bucket_intelligent_tiering_configuration, Bucket=bucket, Id="x") == ("NotImplemented", 501)


def test_ownership_controls_can_be_deleted(s3: Any, bucket: str) -> None:
    """API_DeleteBucketOwnershipControls; afterwards there are none to get."""
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    assert refused(s3.get_bucket_ownership_controls, Bucket=bucket) == ("OwnershipControlsNotFoundError", 404)


def test_lists_that_say_what_is_so_are_accepted(s3: Any, bucket: str) -> None:
    """User guide, "Controlling ownership of objects": an ACL may give the owner full control, and nothing else."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ACL="bucket-owner-full-control")
    own = s3.get_object_acl(Bucket=bucket, Key="k")
    policy = {"Owner": own["Owner"], "Grants": own["Grants"]}
    everybody = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    public = {**policy, "Grants": [{"Grantee": everybody, "Permission": "READ"}]}
    full = f'id="{own["Owner"]["ID"]}"'
    for target in ({"Bucket": bucket}, {"Bucket": bucket, "Key": "k"}):
        put = s3.put_object_acl if "Key" in target else s3.put_bucket_acl
        for same in ({"ACL": "private"}, {"AccessControlPolicy": policy}, {"GrantFullControl": full}):
            put(**target, **same)
        for other in (
            {"ACL": "public-read"},
            {"AccessControlPolicy": public},
            {"GrantRead": full},
            {"GrantFullControl": full, "GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'},
        ):
            assert refused(put, **target, **other) == ("AccessControlListNotSupported", 400)
    assert s3.get_bucket_acl(Bucket=bucket)["Grants"] == own["Grants"]


def test_object_lock_is_refused_clearly(s3: Any, bucket: str) -> None:
    """Nothing is locked here; what S3 says of a bucket without Object Lock: API_PutObjectRetention and its kin."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    enabled = {"ObjectLockEnabled": "Enabled"}
    assert refused(s3.put_object_lock_configuration, Bucket=bucket, ObjectLockConfiguration=enabled) == (
        "NotImplemented",
        501,
    )
    until = datetime(2040, 1, 1, tzinfo=UTC)
    for call, more in (
        (s3.get_object_retention, {}),
        (s3.put_object_retention, {"Retention": {"Mode": "GOVERNANCE", "RetainUntilDate": until}}),
        (s3.get_object_legal_hold, {}),
        (s3.put_object_legal_hold, {"LegalHold": {"Status": "ON"}}),
    ):
        assert refused(call, Bucket=bucket, Key="k", **more) == ("InvalidRequest", 400)
    for locked in (
        {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until},
        {"ObjectLockLegalHoldStatus": "ON"},
    ):
        assert refused(s3.put_object, Bucket=bucket, Key="l", Body=b"", **locked) == ("NotImplemented", 501)
    assert refused(s3.delete_object, Bucket=bucket, Key="k", BypassGovernanceRetention=True) == ("InvalidArgument", 400)


def test_notifications_need_a_destination_that_can_be_validated(s3: Any, bucket: str) -> None:
    """API_PutBucketNotificationConfiguration: S3 validates destinations unless it is told not to."""
    queue = "arn:aws:sqs:us-east-1:123456789012:q"
    rules = [{"Name": "prefix", "Value": "images/"}, {"Name": "suffix", "Value": ".jpg"}]
    one = {"QueueArn": queue, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    put = s3.put_bucket_notification_configuration
    kept = {"QueueConfigurations": [{"Id": "one", **one}]}
    assert refused(put, Bucket=bucket, NotificationConfiguration=kept) == ("InvalidArgument", 400)
    assert "Unable to validate" in error(put, Bucket=bucket, NotificationConfiguration=kept)["Message"]
    put(Bucket=bucket, NotificationConfiguration=kept, SkipDestinationValidation=True)
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    assert found["QueueConfigurations"] == kept["QueueConfigurations"]
    topic = "arn:aws:sns:us-east-1:123456789012:t"
    for wrong, code in (
        ({"EventBridgeConfiguration": {}}, "NotImplemented"),
        ({"QueueConfigurations": [{**one, "QueueArn": topic}]}, "InvalidArgument"),
        ({"QueueConfigurations": [{"Id": "x", **one}, {"Id": "x", **one}]}, "InvalidArgument"),
        (
            {
                "QueueConfigurations": [one],
                "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:Put"]}],
            },
            "InvalidArgument",
        ),
    ):
        assert refused(put, Bucket=bucket, NotificationConfiguration=wrong, SkipDestinationValidation=True)[0] == code
    put(Bucket=bucket, NotificationConfiguration={})
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
