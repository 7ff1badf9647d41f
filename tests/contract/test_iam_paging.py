"""IAM's lists, page by page, and its waiters. Source: IAM API reference, Marker and IsTruncated."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conftest import Server

ALLOW = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture(scope="module")
def iam(salvia: Server) -> Any:
    """A client, and a user, a role and a policy with two of everything."""
    iam = salvia.client("iam")
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    iam.create_user(UserName="paged", Tags=tags)
    iam.create_user(UserName="paged-too")
    iam.create_role(RoleName="paged", AssumeRolePolicyDocument=TRUST, Tags=tags)
    iam.create_role(RoleName="paged-too", AssumeRolePolicyDocument=TRUST)
    arns = [iam.create_policy(PolicyName=name, PolicyDocument=ALLOW, Tags=tags)["Policy"]["Arn"] for name in "pq"]
    iam.create_policy_version(PolicyArn=arns[0], PolicyDocument=ALLOW)
    for name in ("x", "y"):
        iam.put_user_policy(UserName="paged", PolicyName=name, PolicyDocument=ALLOW)
        iam.put_role_policy(RoleName="paged", PolicyName=name, PolicyDocument=ALLOW)
        iam.create_access_key(UserName="paged")
    for arn in arns:
        iam.attach_user_policy(UserName="paged", PolicyArn=arn)
        iam.attach_role_policy(RoleName="paged", PolicyArn=arn)
    return iam


LISTS = {
    "list_users": ({}, "Users"),
    "list_roles": ({}, "Roles"),
    "list_policies": ({"Scope": "Local"}, "Policies"),
    "list_access_keys": ({"UserName": "paged"}, "AccessKeyMetadata"),
    "list_user_policies": ({"UserName": "paged"}, "PolicyNames"),
    "list_role_policies": ({"RoleName": "paged"}, "PolicyNames"),
    "list_attached_user_policies": ({"UserName": "paged"}, "AttachedPolicies"),
    "list_attached_role_policies": ({"RoleName": "paged"}, "AttachedPolicies"),
    "list_user_tags": ({"UserName": "paged"}, "Tags"),
    "list_role_tags": ({"RoleName": "paged"}, "Tags"),
    "list_policy_tags": ({"PolicyArn": "arn:aws:iam::123456789012:policy/p"}, "Tags"),
    "list_policy_versions": ({"PolicyArn": "arn:aws:iam::123456789012:policy/p"}, "Versions"),
    "list_entities_for_policy": ({"PolicyArn": "arn:aws:iam::123456789012:policy/p"}, None),
}


@pytest.mark.parametrize("method", LISTS)
def test_pages_of_one_give_what_one_page_gives(iam: Any, method: str) -> None:
    request, member = LISTS[method]
    whole = getattr(iam, method)(**request)
    members = [member] if member else ["PolicyUsers", "PolicyRoles"]
    pages = list(iam.get_paginator(method).paginate(**request, PaginationConfig={"PageSize": 1}))
    assert len(pages) >= 2
    for name in members:
        assert [entry for page in pages for entry in page.get(name, [])] == whole[name]


def test_waiters_see_what_exists(iam: Any) -> None:
    """boto3's UserExists, RoleExists and PolicyExists."""
    once = {"MaxAttempts": 1}
    iam.get_waiter("user_exists").wait(UserName="paged", WaiterConfig=once)
    iam.get_waiter("role_exists").wait(RoleName="paged", WaiterConfig=once)
    iam.get_waiter("policy_exists").wait(PolicyArn="arn:aws:iam::123456789012:policy/p", WaiterConfig=once)


def test_a_role_s_boundary_is_set_and_lifted(iam: Any) -> None:
    """API_PutRolePermissionsBoundary, API_DeleteRolePermissionsBoundary; GetRole shows it."""
    arn = "arn:aws:iam::123456789012:policy/p"
    iam.put_role_permissions_boundary(RoleName="paged-too", PermissionsBoundary=arn)
    boundary = iam.get_role(RoleName="paged-too")["Role"]["PermissionsBoundary"]
    assert boundary == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    iam.delete_role_permissions_boundary(RoleName="paged-too")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="paged-too")["Role"]
