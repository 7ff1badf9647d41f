"""Groups through boto3. Expectations: IAM API reference and user guide, "IAM user groups"."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from tests.contract.test_iam import ACCOUNT, READ_ONLY, allow, deny, keys_of, policy, refused

_numbers = count(1)


@pytest.fixture(scope="module")
def iam(salvia: Any) -> Any:
    return salvia.client("iam")


@pytest.fixture
def group(iam: Any) -> Iterator[str]:
    """A group without members, gone afterwards."""
    name = f"group-{next(_numbers)}"
    iam.create_group(GroupName=name)
    yield name
    for user in iam.get_group(GroupName=name)["Users"]:
        iam.remove_user_from_group(GroupName=name, UserName=user["UserName"])
    for inline in iam.list_group_policies(GroupName=name)["PolicyNames"]:
        iam.delete_group_policy(GroupName=name, PolicyName=inline)
    for attached in iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]:
        iam.detach_group_policy(GroupName=name, PolicyArn=attached["PolicyArn"])
    iam.delete_group(GroupName=name)


@pytest.fixture
def user(iam: Any) -> Iterator[str]:
    """A user without permissions, gone afterwards."""
    name = f"member-{next(_numbers)}"
    iam.create_user(UserName=name)
    yield name
    for group in iam.list_groups_for_user(UserName=name)["Groups"]:
        iam.remove_user_from_group(GroupName=group["GroupName"], UserName=name)
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def test_a_group_is_described_as_it_was_created(iam: Any) -> None:
    made = iam.create_group(GroupName="Red", Path="/team/")["Group"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/team/Red"
    assert made["GroupId"].startswith("AGPA") and len(made["GroupId"]) == 20
    assert iam.get_group(GroupName="Red")["Group"] == made
    assert "already exists" in refused("EntityAlreadyExists", iam.create_group, GroupName="red")
    assert [one["GroupName"] for one in iam.list_groups(PathPrefix="/team/")["Groups"]] == ["Red"]
    iam.update_group(GroupName="Red", NewGroupName="Blue", NewPath="/other/")
    renamed = iam.get_group(GroupName="Blue")["Group"]
    assert (renamed["Arn"], renamed["GroupId"]) == (f"arn:aws:iam::{ACCOUNT}:group/other/Blue", made["GroupId"])
    refused("NoSuchEntity", iam.get_group, GroupName="Red")
    iam.delete_group(GroupName="Blue")
    refused("NoSuchEntity", iam.delete_group, GroupName="Blue")


def test_a_group_cannot_take_the_name_of_another(iam: Any, group: str) -> None:
    iam.create_group(GroupName="another")
    refused("EntityAlreadyExists", iam.update_group, GroupName="another", NewGroupName=group.upper())
    iam.delete_group(GroupName="another")


def test_members_may_do_what_the_group_may_until_they_leave(salvia: Any, iam: Any, group: str, user: str) -> None:
    """User guide: "all users in the user group automatically have the permissions that are assigned"."""
    keys = keys_of(iam, user)
    buckets = salvia.client("s3", keys)
    logs = salvia.client("logs", keys)
    refused("AccessDenied", buckets.list_buckets)
    iam.add_user_to_group(GroupName=group, UserName=user)
    iam.attach_group_policy(GroupName=group, PolicyArn=READ_ONLY)
    buckets.list_buckets()
    refused("AccessDeniedException", logs.describe_log_groups)
    iam.put_group_policy(GroupName=group, PolicyName="Logs", PolicyDocument=policy(allow("logs:DescribeLogGroups")))
    logs.describe_log_groups()
    iam.remove_user_from_group(GroupName=group, UserName=user)
    refused("AccessDenied", buckets.list_buckets)
    refused("AccessDeniedException", logs.describe_log_groups)


def test_what_a_group_denies_its_members_cannot_do(salvia: Any, iam: Any, group: str, user: str) -> None:
    """A denial names the policy and the group that it hangs on."""
    iam.attach_user_policy(UserName=user, PolicyArn=READ_ONLY)
    iam.add_user_to_group(GroupName=group, UserName=user)
    iam.put_group_policy(GroupName=group, PolicyName="NoLists", PolicyDocument=policy(deny("s3:ListAllMyBuckets")))
    sentence = refused("AccessDenied", salvia.client("s3", keys_of(iam, user)).list_buckets)
    assert f"explicit deny in an identity-based policy (inline policy NoLists of group {group}" in sentence
    iam.detach_user_policy(UserName=user, PolicyArn=READ_ONLY)


def test_a_boundary_limits_what_a_group_gives(salvia: Any, iam: Any, group: str, user: str) -> None:
    """User guide, "Permissions boundaries": group policies are identity-based, and limited like them."""
    iam.add_user_to_group(GroupName=group, UserName=user)
    iam.attach_group_policy(GroupName=group, PolicyArn=READ_ONLY)
    iam.put_user_permissions_boundary(
        UserName=user, PermissionsBoundary="arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
    )
    sentence = refused("AccessDenied", salvia.client("s3", keys_of(iam, user)).list_buckets)
    assert "no permissions boundary allows" in sentence
    iam.delete_user_permissions_boundary(UserName=user)


def test_inline_and_attached_policies_of_a_group_are_listed(iam: Any, group: str) -> None:
    text = policy(allow("s3:GetObject"))
    iam.put_group_policy(GroupName=group, PolicyName="One", PolicyDocument=text)
    shown = iam.get_group_policy(GroupName=group, PolicyName="One")
    assert (shown["GroupName"], shown["PolicyDocument"]) == (group, json.loads(text))
    assert iam.list_group_policies(GroupName=group)["PolicyNames"] == ["One"]
    refused("NoSuchEntity", iam.get_group_policy, GroupName=group, PolicyName="Two")
    iam.attach_group_policy(GroupName=group, PolicyArn=READ_ONLY)
    assert iam.list_attached_group_policies(GroupName=group)["AttachedPolicies"] == [
        {"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": READ_ONLY}
    ]
    attached = iam.list_entities_for_policy(PolicyArn=READ_ONLY, EntityFilter="Group")["PolicyGroups"]
    assert [one["GroupName"] for one in attached] == [group]
    assert "PolicyGroups" not in json.dumps(iam.list_entities_for_policy(PolicyArn=READ_ONLY, EntityFilter="Role")) or (
        iam.list_entities_for_policy(PolicyArn=READ_ONLY, EntityFilter="Role")["PolicyGroups"] == []
    )


def test_what_still_holds_something_is_not_deleted(iam: Any, group: str, user: str) -> None:
    """API reference, DeleteGroup and DeleteUser: "must not contain any users or have any attached policies"."""
    iam.add_user_to_group(GroupName=group, UserName=user)
    iam.add_user_to_group(GroupName=group, UserName=user)  # once more changes nothing
    assert [one["UserName"] for one in iam.get_group(GroupName=group)["Users"]] == [user]
    refused("DeleteConflict", iam.delete_group, GroupName=group)
    refused("DeleteConflict", iam.delete_user, UserName=user)
    iam.remove_user_from_group(GroupName=group, UserName=user)
    iam.attach_group_policy(GroupName=group, PolicyArn=READ_ONLY)
    refused("DeleteConflict", iam.delete_group, GroupName=group)


def test_a_user_is_in_ten_groups_at_most(iam: Any, user: str) -> None:
    """User guide, "IAM and AWS STS quotas": IAM groups an IAM user can be a member of: 10."""
    names = [f"many-{n:02}" for n in range(11)]
    for name in names:
        iam.create_group(GroupName=name)
    for name in names[:10]:
        iam.add_user_to_group(GroupName=name, UserName=user)
    refused("LimitExceeded", iam.add_user_to_group, GroupName=names[10], UserName=user)
    pages = iam.get_paginator("list_groups_for_user").paginate(UserName=user, PaginationConfig={"PageSize": 3})
    assert [one["GroupName"] for page in pages for one in page["Groups"]] == names[:10]
    pages = iam.get_paginator("list_groups").paginate(PaginationConfig={"PageSize": 4})
    assert set(names) <= {one["GroupName"] for page in pages for one in page["Groups"]}
    for name in names[:10]:
        iam.remove_user_from_group(GroupName=name, UserName=user)
    for name in names:
        iam.delete_group(GroupName=name)


def test_members_and_policies_come_in_pages(iam: Any, group: str) -> None:
    people = [f"person-{n}" for n in range(5)]
    for name in people:
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName=group, UserName=name)
    pages = iam.get_paginator("get_group").paginate(GroupName=group, PaginationConfig={"PageSize": 2})
    assert [one["UserName"] for page in pages for one in page["Users"]] == people
    for name in people:
        iam.remove_user_from_group(GroupName=group, UserName=name)
        iam.delete_user(UserName=name)
    for number in range(3):
        iam.put_group_policy(GroupName=group, PolicyName=f"P{number}", PolicyDocument=policy(allow("s3:GetObject")))
    pages = iam.get_paginator("list_group_policies").paginate(GroupName=group, PaginationConfig={"PageSize": 2})
    assert [name for page in pages for name in page["PolicyNames"]] == ["P0", "P1", "P2"]
    for arn in (READ_ONLY, "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"):
        iam.attach_group_policy(GroupName=group, PolicyArn=arn)
    pages = iam.get_paginator("list_attached_group_policies").paginate(
        GroupName=group, PaginationConfig={"PageSize": 1}
    )
    assert len([one for page in pages for one in page["AttachedPolicies"]]) == 2
