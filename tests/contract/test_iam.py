"""IAM through boto3. Expectations: IAM API reference and user guide, unless a test says otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_numbers = count(1)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def refused(code: str, act: Callable[..., Any], **arguments: Any) -> str:
    """Call what must be refused with `code`; returns the sentence."""
    with pytest.raises(ClientError) as error:
        act(**arguments)
    assert error.value.response["Error"]["Code"] == code, error.value
    return str(error.value.response["Error"]["Message"])


@pytest.fixture(scope="module")
def iam(salvia: Any) -> Any:
    return salvia.client("iam")


@pytest.fixture
def user(iam: Any) -> Iterator[str]:
    """A user without permissions, gone afterwards."""
    name = f"user-{next(_numbers)}"
    iam.create_user(UserName=name)
    yield name
    _clear(iam, name)


def _clear(iam: Any, name: str) -> None:
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for inline in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=inline)
    for attached in iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=name, PolicyArn=attached["PolicyArn"])
    iam.delete_user(UserName=name)


@pytest.fixture
def role(iam: Any) -> Iterator[str]:
    """A role without permissions, gone afterwards."""
    name = f"role-{next(_numbers)}"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    yield name
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=inline)
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    iam.delete_role(RoleName=name)


@pytest.fixture
def managed(iam: Any) -> Iterator[str]:
    """The ARN of a customer managed policy, gone afterwards."""
    name = f"policy-{next(_numbers)}"
    arn = iam.create_policy(PolicyName=name, PolicyDocument=policy(allow("s3:GetObject")))["Policy"]["Arn"]
    yield arn
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)


def keys_of(iam: Any, name: str) -> tuple[str, str, None]:
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"], None


# Users.


def test_a_user_is_described_as_it_was_created(iam: Any) -> None:
    made = iam.create_user(UserName="Anna", Path="/team/", Tags=[{"Key": "Team", "Value": "red"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/Anna"
    assert made["UserId"].startswith("AIDA") and len(made["UserId"]) == 20
    assert iam.get_user(UserName="Anna")["User"] == made
    assert made["Tags"] == [{"Key": "Team", "Value": "red"}]
    iam.delete_user(UserName="Anna")
    assert refused("NoSuchEntity", iam.get_user, UserName="Anna") == ("The user with name Anna cannot be found.")


def test_user_names_are_unique_whatever_their_case(iam: Any, user: str) -> None:
    """User guide, "IAM identifiers": names are not distinguished by case."""
    sentence = refused("EntityAlreadyExists", iam.create_user, UserName=user.upper())
    assert sentence == f"User with name {user.upper()} already exists."


def test_users_are_listed_page_by_page_and_by_path(iam: Any) -> None:
    names = [f"paged-{letter}" for letter in "abcde"]
    for name in names:
        iam.create_user(UserName=name, Path="/paged/")
    pages = list(iam.get_paginator("list_users").paginate(PathPrefix="/paged/", PaginationConfig={"PageSize": 2}))
    assert [[user["UserName"] for user in page["Users"]] for page in pages] == [
        names[:2],
        names[2:4],
        names[4:],
    ]
    assert "Invalid Marker" in refused("ValidationError", iam.list_users, Marker="nonsense!")
    for name in names:
        iam.delete_user(UserName=name)


def test_a_user_keeps_its_keys_and_policies_under_a_new_name(salvia: Any, iam: Any, user: str) -> None:
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=policy(allow("iam:GetUser")))
    keys = keys_of(iam, user)
    iam.update_user(UserName=user, NewUserName=f"{user}-new", NewPath="/moved/")
    seen = salvia.client("iam", keys).get_user()["User"]
    assert seen["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/moved/{user}-new"
    assert refused("NoSuchEntity", iam.get_user, UserName=user)
    iam.update_user(UserName=f"{user}-new", NewUserName=user)


def test_a_user_with_belongings_is_not_deleted(iam: Any, user: str) -> None:
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=policy(allow("s3:*")))
    iam.attach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    key = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    assert refused("DeleteConflict", iam.delete_user, UserName=user) == (
        "Cannot delete entity, must delete access keys first."
    )
    iam.delete_access_key(UserName=user, AccessKeyId=key)
    assert refused("DeleteConflict", iam.delete_user, UserName=user) == (
        "Cannot delete entity, must detach all policies first."
    )
    iam.detach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    assert refused("DeleteConflict", iam.delete_user, UserName=user) == (
        "Cannot delete entity, must delete policies first."
    )


def test_get_user_without_a_name_means_the_caller(salvia: Any, iam: Any, user: str) -> None:
    assert iam.get_user()["User"]["UserName"] == "administrator"
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=policy(allow("iam:GetUser")))
    assert salvia.client("iam", keys_of(iam, user)).get_user()["User"]["UserName"] == user


def test_tags_are_added_overwritten_and_removed(iam: Any, user: str, role: str, managed: str) -> None:
    for noun, member, name in (
        ("user", "UserName", user),
        ("role", "RoleName", role),
        ("policy", "PolicyArn", managed),
    ):
        target = {member: name}
        tag, untag = getattr(iam, f"tag_{noun}"), getattr(iam, f"untag_{noun}")
        tag(**target, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        tag(**target, Tags=[{"Key": "A", "Value": "3"}])
        listed = getattr(iam, f"list_{noun}_tags")
        assert listed(**target)["Tags"] == [{"Key": "A", "Value": "3"}, {"Key": "b", "Value": "2"}]
        untag(**target, TagKeys=["a"])
        assert listed(**target)["Tags"] == [{"Key": "b", "Value": "2"}]
        twice = [{"Key": "x", "Value": "1"}, {"Key": "X", "Value": "2"}]
        assert "Duplicate tag keys" in refused("InvalidInput", tag, **target, Tags=twice)


# Access keys.


def test_a_key_works_until_it_is_inactive_or_deleted(salvia: Any, iam: Any, user: str) -> None:
    made = iam.create_access_key(UserName=user)["AccessKey"]
    key = made["AccessKeyId"]
    assert key.startswith("AKIA") and len(made["SecretAccessKey"]) == 40 and made["Status"] == "Active"
    sts = salvia.client("sts", (key, made["SecretAccessKey"], None))
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{user}"
    iam.update_access_key(UserName=user, AccessKeyId=key, Status="Inactive")
    assert refused("InvalidClientTokenId", sts.get_caller_identity)
    assert [one["Status"] for one in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]] == ["Inactive"]
    iam.update_access_key(UserName=user, AccessKeyId=key, Status="Active")
    sts.get_caller_identity()
    iam.delete_access_key(UserName=user, AccessKeyId=key)
    assert refused("InvalidClientTokenId", sts.get_caller_identity)
    assert refused("NoSuchEntity", iam.delete_access_key, UserName=user, AccessKeyId=key) == (
        f"The Access Key with id {key} cannot be found."
    )


def test_a_user_has_two_keys_at_most(iam: Any, user: str) -> None:
    for _ in range(2):
        iam.create_access_key(UserName=user)
    assert refused("LimitExceeded", iam.create_access_key, UserName=user) == (
        "Cannot exceed quota for AccessKeysPerUser: 2"
    )


def test_a_key_that_was_never_used_says_so(iam: Any, user: str) -> None:
    key = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    answer = iam.get_access_key_last_used(AccessKeyId=key)
    assert answer["UserName"] == user
    assert answer["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}


# Roles.


def test_a_role_is_described_as_it_was_created(iam: Any) -> None:
    made = iam.create_role(
        RoleName="Worker",
        Path="/service/",
        AssumeRolePolicyDocument=TRUST,
        Description="works",
        MaxSessionDuration=7200,
        Tags=[{"Key": "a", "Value": "b"}],
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/service/Worker"
    assert made["RoleId"].startswith("AROA")
    assert made["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert (made["Description"], made["MaxSessionDuration"]) == ("works", 7200)
    assert iam.get_role(RoleName="Worker")["Role"] == made
    assert refused("EntityAlreadyExists", iam.create_role, RoleName="worker", AssumeRolePolicyDocument=TRUST) == (
        "Role with name worker already exists."
    )
    iam.delete_role(RoleName="Worker")
    assert refused("NoSuchEntity", iam.get_role, RoleName="Worker") == ("The role with name Worker cannot be found.")


def test_a_role_changes(iam: Any, role: str) -> None:
    iam.update_role(RoleName=role, Description="new", MaxSessionDuration=7200)
    other = json.loads(TRUST.replace("sagemaker", "lambda"))
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(other))
    seen = iam.get_role(RoleName=role)["Role"]
    assert (seen["Description"], seen["MaxSessionDuration"]) == ("new", 7200)
    assert seen["AssumeRolePolicyDocument"] == other
    assert iam.update_role_description(RoleName=role, Description="newer")["Role"]["Description"] == "newer"


def test_a_trust_policy_is_checked(iam: Any, role: str) -> None:
    sentence = refused(
        "MalformedPolicyDocument",
        iam.create_role,
        RoleName="never",
        AssumeRolePolicyDocument=policy(allow("sts:AssumeRole")),
    )
    assert "Has prohibited field Resource" in sentence
    long = json.loads(TRUST)
    long["Statement"][0]["Sid"] = "x" * 2048
    sentence = refused("LimitExceeded", iam.update_assume_role_policy, RoleName=role, PolicyDocument=json.dumps(long))
    assert sentence == "Cannot exceed quota for ACLSizePerRole: 2048"


def test_roles_are_listed_page_by_page(iam: Any, role: str) -> None:
    pages = iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 1})
    names = [one["RoleName"] for page in pages for one in page["Roles"]]
    assert {role, "SageMakerExecutionRole"} <= set(names)
    assert names == sorted(names, key=str.lower)


def test_a_role_with_policies_is_not_deleted(iam: Any, role: str) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn=READ_ONLY)
    assert "detach all policies" in refused("DeleteConflict", iam.delete_role, RoleName=role)


# Policies.


@pytest.mark.parametrize("noun", ["user", "role"])
def test_inline_policies_come_back_as_they_went(iam: Any, user: str, role: str, noun: str) -> None:
    target = {"UserName": user} if noun == "user" else {"RoleName": role}
    put, get = getattr(iam, f"put_{noun}_policy"), getattr(iam, f"get_{noun}_policy")
    document = policy(allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}/*", Sid="Own"))
    put(**target, PolicyName="p", PolicyDocument=policy(allow("s3:*")))
    put(**target, PolicyName="p", PolicyDocument=document)
    assert get(**target, PolicyName="p")["PolicyDocument"] == json.loads(document)
    assert getattr(iam, f"list_{noun}_policies")(**target)["PolicyNames"] == ["p"]
    sentence = refused("MalformedPolicyDocument", put, **target, PolicyName="q", PolicyDocument="{")
    assert "line 1, column 2" in sentence
    getattr(iam, f"delete_{noun}_policy")(**target, PolicyName="p")
    assert refused("NoSuchEntity", get, **target, PolicyName="p") == (f"The {noun} policy with name p cannot be found.")


def test_inline_policies_have_a_quota_together(iam: Any, user: str) -> None:
    """User guide, "IAM and AWS STS quotas": 2,048 characters for a user, white space not counted."""
    half = policy(allow([f"s3:Action{number}" for number in range(80)]))
    iam.put_user_policy(UserName=user, PolicyName="a", PolicyDocument=half + " " * 3000)
    sentence = refused("LimitExceeded", iam.put_user_policy, UserName=user, PolicyName="b", PolicyDocument=half)
    assert sentence == f"Maximum policy size of 2048 bytes exceeded for user {user}"


@pytest.mark.parametrize("noun", ["user", "role"])
def test_managed_policies_are_attached_and_detached(iam: Any, user: str, role: str, managed: str, noun: str) -> None:
    target = {"UserName": user} if noun == "user" else {"RoleName": role}
    attach, detach = getattr(iam, f"attach_{noun}_policy"), getattr(iam, f"detach_{noun}_policy")
    for arn in (managed, READ_ONLY, READ_ONLY):
        attach(**target, PolicyArn=arn)
    listed = getattr(iam, f"list_attached_{noun}_policies")(**target)["AttachedPolicies"]
    assert {one["PolicyArn"] for one in listed} == {managed, READ_ONLY}
    assert "AmazonS3ReadOnlyAccess" in {one["PolicyName"] for one in listed}
    entities = iam.list_entities_for_policy(PolicyArn=managed)
    assert [one[f"{noun.title()}Name"] for one in entities[f"Policy{noun.title()}s"]] == list(target.values())
    assert iam.get_policy(PolicyArn=managed)["Policy"]["AttachmentCount"] == 1
    assert refused("DeleteConflict", iam.delete_policy, PolicyArn=managed) == (
        "Cannot delete a policy attached to entities."
    )
    detach(**target, PolicyArn=managed)
    assert refused("NoSuchEntity", detach, **target, PolicyArn=managed) == f"Policy {managed} was not found."
    ghost = f"arn:aws:iam::{ACCOUNT}:policy/ghost"
    assert refused("NoSuchEntity", attach, **target, PolicyArn=ghost) == (
        f"Policy {ghost} does not exist or is not attachable."
    )


def test_ten_managed_policies_are_the_most(iam: Any, role: str) -> None:
    arns = [one["Arn"] for one in iam.list_policies(Scope="AWS")["Policies"]][:11]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    assert refused("LimitExceeded", iam.attach_role_policy, RoleName=role, PolicyArn=arns[10]) == (
        "Cannot exceed quota for PoliciesPerRole: 10"
    )


def test_a_managed_policy_has_five_versions_of_which_one_counts(iam: Any, managed: str) -> None:
    document = policy(allow("s3:PutObject"))
    for number in range(2, 6):
        made = iam.create_policy_version(PolicyArn=managed, PolicyDocument=document, SetAsDefault=number == 3)
        assert made["PolicyVersion"]["VersionId"] == f"v{number}"
    assert iam.get_policy(PolicyArn=managed)["Policy"]["DefaultVersionId"] == "v3"
    versions = iam.list_policy_versions(PolicyArn=managed)["Versions"]
    assert [(one["VersionId"], one["IsDefaultVersion"]) for one in versions] == [
        ("v5", False),
        ("v4", False),
        ("v3", True),
        ("v2", False),
        ("v1", False),
    ]
    assert "up to 5 versions" in refused(
        "LimitExceeded", iam.create_policy_version, PolicyArn=managed, PolicyDocument=document
    )
    assert refused("DeleteConflict", iam.delete_policy_version, PolicyArn=managed, VersionId="v3")
    assert "more than one version" in refused("DeleteConflict", iam.delete_policy, PolicyArn=managed)
    iam.delete_policy_version(PolicyArn=managed, VersionId="v5")
    again = iam.create_policy_version(PolicyArn=managed, PolicyDocument=document)["PolicyVersion"]
    assert again["VersionId"] == "v6"
    iam.set_default_policy_version(PolicyArn=managed, VersionId="v1")
    assert iam.get_policy_version(PolicyArn=managed, VersionId="v1")["PolicyVersion"]["Document"] == (
        json.loads(policy(allow("s3:GetObject")))
    )
    assert refused("NoSuchEntity", iam.get_policy_version, PolicyArn=managed, VersionId="v9")


def test_policies_of_aws_are_there(iam: Any) -> None:
    administrator = iam.get_policy(PolicyArn=ADMINISTRATOR)["Policy"]
    assert (administrator["PolicyName"], administrator["DefaultVersionId"]) == ("AdministratorAccess", "v1")
    version = iam.get_policy_version(PolicyArn=ADMINISTRATOR, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(policy(allow("*")))
    names = {one["PolicyName"] for one in iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]}
    assert {
        "AmazonSageMakerFullAccess",
        "AmazonSageMakerReadOnly",
        "AmazonS3FullAccess",
        "AmazonS3ReadOnlyAccess",
        "CloudWatchLogsFullAccess",
        "CloudWatchFullAccess",
        "ReadOnlyAccess",
        "PowerUserAccess",
        "IAMFullAccess",
    } <= names
    ghost = "arn:aws:iam::aws:policy/Ghost"
    assert refused("NoSuchEntity", iam.get_policy, PolicyArn=ghost) == f"Policy {ghost} was not found."


def test_policies_are_listed_by_scope_use_and_page(iam: Any, managed: str, user: str) -> None:
    local = iam.list_policies(Scope="Local")["Policies"]
    assert managed in {one["Arn"] for one in local}
    assert all(one["Arn"].startswith(f"arn:aws:iam::{ACCOUNT}:") for one in local)
    assert managed not in {one["Arn"] for one in iam.list_policies(OnlyAttached=True)["Policies"]}
    iam.attach_user_policy(UserName=user, PolicyArn=managed)
    assert managed in {one["Arn"] for one in iam.list_policies(OnlyAttached=True)["Policies"]}
    pages = iam.get_paginator("list_policies").paginate(Scope="AWS", PaginationConfig={"PageSize": 3})
    arns = [one["Arn"] for page in pages for one in page["Policies"]]
    whole = iam.list_policies(Scope="AWS", MaxItems=1000)["Policies"]
    assert arns == [one["Arn"] for one in whole]


def test_a_policy_over_the_quota_is_refused(iam: Any) -> None:
    document = policy(allow([f"s3:Action{number}" for number in range(500)]))
    sentence = refused("LimitExceeded", iam.create_policy, PolicyName="huge", PolicyDocument=document)
    assert sentence == "Cannot exceed quota for PolicySize: 6144"


# What policies do.


def test_what_nobody_allows_is_denied_in_the_words_of_aws(salvia: Any, iam: Any, user: str) -> None:
    """User guide, "Troubleshoot access denied error messages"."""
    keys = keys_of(iam, user)
    sentence = refused("AccessDenied", salvia.client("iam", keys).list_users)
    assert sentence == (
        f"User: arn:aws:iam::{ACCOUNT}:user/{user} is not authorized to perform: iam:ListUsers on "
        f"resource: arn:aws:iam::{ACCOUNT}:user/ because no identity-based policy allows the iam:ListUsers action"
    )
    sentence = refused("AccessDeniedException", salvia.client("sagemaker", keys).list_training_jobs)
    assert "sagemaker:ListTrainingJobs" in sentence
    assert refused("AccessDenied", salvia.client("s3", keys).list_buckets)


def test_a_denial_names_the_policy_and_the_statement(salvia: Any, iam: Any, user: str) -> None:
    document = policy(allow("*"), deny("iam:List*", Sid="NoLists"))
    iam.put_user_policy(UserName=user, PolicyName="careful", PolicyDocument=document)
    client = salvia.client("iam", keys_of(iam, user))
    assert client.get_user()["User"]["UserName"] == user
    sentence = refused("AccessDenied", client.list_roles)
    assert sentence.endswith("with an explicit deny in an identity-based policy (inline policy careful, NoLists)")


def test_a_change_of_policy_counts_at_once(salvia: Any, iam: Any, user: str, managed: str) -> None:
    client = salvia.client("iam", keys_of(iam, user))
    iam.attach_user_policy(UserName=user, PolicyArn=managed)
    assert refused("AccessDenied", client.list_users)
    iam.create_policy_version(PolicyArn=managed, PolicyDocument=policy(allow("iam:ListUsers")), SetAsDefault=True)
    client.list_users()
    iam.detach_user_policy(UserName=user, PolicyArn=managed)
    assert refused("AccessDenied", client.list_users)


def test_conditions_on_resources_and_tags_count(salvia: Any, iam: Any, user: str) -> None:
    """User guide, "Controlling access to AWS resources using tags"."""
    document = policy(
        allow(["iam:GetUser", "iam:TagUser"], Condition={"StringEquals": {"aws:ResourceTag/team": "red"}}),
        allow("iam:CreateUser", Condition={"StringEquals": {"aws:RequestTag/team": "red"}}),
    )
    iam.put_user_policy(UserName=user, PolicyName="red", PolicyDocument=document)
    client = salvia.client("iam", keys_of(iam, user))
    assert refused("AccessDenied", client.get_user)
    iam.tag_user(UserName=user, Tags=[{"Key": "team", "Value": "red"}])
    client.get_user()
    assert refused("AccessDenied", client.create_user, UserName="green")
    assert refused(  # creating with tags needs the permission to tag what there is not yet
        "AccessDenied", client.create_user, UserName="red", Tags=[{"Key": "team", "Value": "red"}]
    )


def test_a_boundary_limits_what_policies_give(salvia: Any, iam: Any, user: str, managed: str) -> None:
    iam.attach_user_policy(UserName=user, PolicyArn=ADMINISTRATOR)
    client = salvia.client("iam", keys_of(iam, user))
    client.list_users()
    iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=managed)
    assert iam.get_user(UserName=user)["User"]["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": managed,
    }
    sentence = refused("AccessDenied", client.list_users)
    assert sentence.endswith("because no permissions boundary allows the iam:ListUsers action")
    iam.delete_user_permissions_boundary(UserName=user)
    client.list_users()


def test_the_first_start_left_a_role_for_jobs(iam: Any) -> None:
    """At first start: SageMakerExecutionRole, trusted by sagemaker, with what a job needs."""
    role = iam.get_role(RoleName="SageMakerExecutionRole")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/SageMakerExecutionRole"
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    attached = iam.list_attached_role_policies(RoleName="SageMakerExecutionRole")["AttachedPolicies"]
    assert [one["PolicyName"] for one in attached] == ["AmazonSageMakerFullAccess"]


def test_names_are_validated_in_the_words_of_aws(iam: Any) -> None:
    """The model: existingUserNameType has the pattern [\\w+=,.@-]+."""
    sentence = refused("ValidationError", iam.get_user, UserName="no/slash")
    assert "1 validation error detected" in sentence
    assert refused("ValidationError", iam.create_user, UserName="x", Path="/a//b/")
