"""Who may reach a bucket: IAM, bucket policies, Block Public Access, nobody in particular.

Expectations: S3 user guide, "Bucket policies", "Blocking public access"; IAM user guide, "Policy evaluation logic".
"""

from __future__ import annotations

import http.client
import json
import uuid
from typing import Any

import pytest
from s3_cases import error, refused


@pytest.fixture(scope="module")
def s3(salvia: Any) -> Any:
    return salvia.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"access-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="open/k", Body=b"content")
    return name


@pytest.fixture
def user(salvia: Any) -> tuple[str, Any]:
    """The ARN and the S3 client of a user who may do nothing."""
    iam = salvia.client("iam")
    name = f"reader-{uuid.uuid4().hex[:8]}"
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return arn, salvia.client("s3", (key["AccessKeyId"], key["SecretAccessKey"], None))


def policy(bucket: str, principal: Any, *actions: str, **more: Any) -> str:
    statement = {
        "Sid": "One",
        "Effect": "Allow",
        "Principal": principal,
        "Action": list(actions),
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/open/*"],
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def anonymously(salvia: Any, path: str) -> int:
    """The status of a GET without any signature."""
    connection = http.client.HTTPConnection("127.0.0.1", salvia.port)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_policy_is_kept_as_it_was_put(s3: Any, bucket: str) -> None:
    """API_PutBucketPolicy, API_GetBucketPolicy: the text, character by character."""
    text = policy(bucket, {"AWS": "arn:aws:iam::123456789012:root"}, "s3:GetObject").replace(": ", ":  ")
    s3.put_bucket_policy(Bucket=bucket, Policy=text)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == text
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False
    s3.delete_bucket_policy(Bucket=bucket)
    s3.delete_bucket_policy(Bucket=bucket)
    assert refused(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)


def test_a_policy_that_is_none_is_refused(s3: Any, bucket: str) -> None:
    """MalformedPolicy: not JSON, another bucket's resources, another service's actions, nobody named."""
    everyone = {"AWS": "arn:aws:iam::123456789012:root"}
    for text in (
        "{",
        "{}",
        policy("another-bucket", everyone, "s3:GetObject"),
        policy(bucket, everyone, "iam:GetUser"),
        json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}"}]}),
    ):
        assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=text) == ("MalformedPolicy", 400), text


def test_a_bucket_policy_lets_a_user_in(s3: Any, bucket: str, user: tuple[str, Any]) -> None:
    """Within an account, a resource policy that names the user is enough."""
    arn, client = user
    assert refused(client.get_object, Bucket=bucket, Key="open/k") == ("AccessDenied", 403)
    assert arn in error(client.get_object, Bucket=bucket, Key="open/k")["Message"]
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"AWS": arn}, "s3:GetObject"))
    assert client.get_object(Bucket=bucket, Key="open/k")["Body"].read() == b"content"
    assert refused(client.put_object, Bucket=bucket, Key="open/k", Body=b"") == ("AccessDenied", 403)
    assert refused(client.list_objects_v2, Bucket=bucket) == ("AccessDenied", 403)


def test_who_may_not_list_is_not_told_what_is_missing(s3: Any, bucket: str, user: tuple[str, Any]) -> None:
    """API_GetObject, "Permissions": without s3:ListBucket a missing key is 403, with it 404."""
    arn, client = user
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"AWS": arn}, "s3:GetObject"))
    assert refused(client.get_object, Bucket=bucket, Key="open/missing") == ("AccessDenied", 403)
    assert refused(client.head_object, Bucket=bucket, Key="open/missing") == ("403", 403)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"AWS": arn}, "s3:GetObject", "s3:ListBucket"))
    assert refused(client.get_object, Bucket=bucket, Key="open/missing") == ("NoSuchKey", 404)


def test_a_denial_in_the_bucket_policy_beats_the_administrator(s3: Any, bucket: str) -> None:
    """An explicit denial anywhere decides; it can still be taken back."""
    denial = policy(bucket, "*", "s3:GetObject", Effect="Deny")
    s3.put_bucket_policy(Bucket=bucket, Policy=denial)
    assert refused(s3.get_object, Bucket=bucket, Key="open/k") == ("AccessDenied", 403)
    s3.delete_bucket_policy(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="open/k")["Body"].read() == b"content"


def test_a_public_policy_is_blocked_in_a_new_bucket(s3: Any, bucket: str) -> None:
    """BlockPublicPolicy, on by default; a condition that names somebody makes a policy not public."""
    text = policy(bucket, "*", "s3:GetObject")
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=text) == ("AccessDenied", 403)
    assert "BlockPublicPolicy" in error(s3.put_bucket_policy, Bucket=bucket, Policy=text)["Message"]
    fixed = policy(bucket, "*", "s3:GetObject", Condition={"StringEquals": {"aws:PrincipalAccount": "123456789012"}})
    s3.put_bucket_policy(Bucket=bucket, Policy=fixed)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False


def test_everybody_gets_in_only_where_nothing_blocks_it(salvia: Any, s3: Any, bucket: str) -> None:
    """Public buckets need Block Public Access to be off; RestrictPublicBuckets shuts an open one again."""
    assert anonymously(salvia, f"/{bucket}/open/k") == 403
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "*", "s3:GetObject"))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True
    assert anonymously(salvia, f"/{bucket}/open/k") == 200
    assert anonymously(salvia, f"/{bucket}/closed/k") == 403
    assert anonymously(salvia, f"/{bucket}/open/missing") == 403
    assert anonymously(salvia, f"/{bucket}") == 403
    assert anonymously(salvia, f"/{bucket}/open/k?response-content-type=text/html") == 400
    block = {"RestrictPublicBuckets": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    assert anonymously(salvia, f"/{bucket}/open/k") == 403


def test_restricting_an_open_bucket_keeps_its_account_in(s3: Any, bucket: str, user: tuple[str, Any]) -> None:
    """RestrictPublicBuckets: only AWS services and principals of the owner's account."""
    _, client = user
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "*", "s3:GetObject"))
    assert client.get_object(Bucket=bucket, Key="open/k")["Body"].read() == b"content"


def test_a_copy_needs_to_read_and_to_write(s3: Any, bucket: str, user: tuple[str, Any]) -> None:
    """API_CopyObject, "Permissions"."""
    arn, client = user
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"AWS": arn}, "s3:PutObject"))
    copy = {"Bucket": bucket, "Key": "open/copy", "CopySource": f"{bucket}/open/k"}
    assert refused(client.copy_object, **copy) == ("AccessDenied", 403)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"AWS": arn}, "s3:PutObject", "s3:GetObject"))
    client.copy_object(**copy)


def test_of_many_deletions_each_is_allowed_or_denied_by_itself(salvia: Any, s3: Any, bucket: str) -> None:
    """API_DeleteObjects: an error for each key that may not be deleted, the others go."""
    iam = salvia.client("iam")
    user = f"deleter-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=user)
    allow = {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{bucket}/mine/*"}
    iam.put_user_policy(
        UserName=user, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    for name in ("mine/a", "yours/a"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
    theirs = salvia.client("s3", (key["AccessKeyId"], key["SecretAccessKey"], None))
    answer = theirs.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "mine/a"}, {"Key": "yours/a"}]})
    assert [entry["Key"] for entry in answer["Deleted"]] == ["mine/a"]
    assert [(entry["Key"], entry["Code"]) for entry in answer["Errors"]] == [("yours/a", "AccessDenied")]
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket, Prefix="yours/")["Contents"]] == ["yours/a"]


def test_a_policy_sees_the_tags_of_an_object(s3: Any, bucket: str, user: tuple[str, Any]) -> None:
    """s3:ExistingObjectTag, of the version that is asked for; actions that have no such key never match.

    Source: S3 user guide, "Tagging and access control policies"; service authorization reference.
    """
    arn, client = user
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    secret = s3.put_object(Bucket=bucket, Key="open/t", Body=b"secret")["VersionId"]
    s3.put_object(Bucket=bucket, Key="open/t", Body=b"shown", Tagging="stage=public")
    condition = {"StringEquals": {"s3:ExistingObjectTag/stage": "public"}}
    actions = ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject")
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, {"AWS": arn}, *actions, Condition=condition))
    assert client.get_object(Bucket=bucket, Key="open/t")["Body"].read() == b"shown"
    for call, request in (
        (client.get_object, {"Key": "open/k"}),
        (client.get_object, {"Key": "open/t", "VersionId": secret}),
        (client.copy_object, {"Key": "open/t", "CopySource": f"{bucket}/open/t?versionId={secret}"}),
        (client.delete_object, {"Key": "open/t"}),
        (client.put_object, {"Key": "open/t", "Body": b""}),
    ):
        assert refused(call, Bucket=bucket, **request) == ("AccessDenied", 403)


def test_another_account_stays_out_whatever_a_policy_says(salvia: Any, s3: Any, bucket: str) -> None:
    """There is one account here; a policy that names another lets nobody in."""
    stranger = {"AWS": "arn:aws:iam::999999999999:root"}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, stranger, "s3:GetObject"))
    assert anonymously(salvia, f"/{bucket}/open/k") == 403
