"""The policy simulator through boto3.

Expectations: IAM API reference, SimulatePrincipalPolicy, SimulateCustomPolicy, EvaluationResult and
ResourceSpecificResult; positions: the sample response of SimulateCustomPolicy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conftest import ROLE
from tests.contract.test_iam import ACCOUNT, allow, deny, policy, refused

BUCKET = "arn:aws:s3:::data"
BOB = f"arn:aws:iam::{ACCOUNT}:user/simulated-bob"


@pytest.fixture(scope="module")
def iam(salvia: Any) -> Any:
    return salvia.client("iam")


@pytest.fixture(scope="module")
def bob(iam: Any) -> Iterator[str]:
    """A user with an inline policy, a group with another, and a managed one attached."""
    name = BOB.rpartition("/")[2]
    iam.create_user(UserName=name, Tags=[{"Key": "Team", "Value": "red"}])
    iam.create_group(GroupName="simulated")
    iam.add_user_to_group(UserName=name, GroupName="simulated")
    iam.put_user_policy(UserName=name, PolicyName="Own", PolicyDocument=policy(allow("s3:GetObject", f"{BUCKET}/*")))
    iam.put_group_policy(GroupName="simulated", PolicyName="Ours", PolicyDocument=policy(allow("s3:PutObject")))
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess")
    yield BOB
    iam.detach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess")
    iam.delete_group_policy(GroupName="simulated", PolicyName="Ours")
    iam.delete_user_policy(UserName=name, PolicyName="Own")
    iam.remove_user_from_group(UserName=name, GroupName="simulated")
    iam.delete_group(GroupName="simulated")
    iam.delete_user(UserName=name)


def custom(iam: Any, *policies: str, actions: tuple[str, ...] = ("s3:GetObject",), **more: Any) -> dict[str, Any]:
    """The EvaluationResult of one action under policies."""
    found = iam.simulate_custom_policy(PolicyInputList=list(policies), ActionNames=list(actions), **more)
    return found["EvaluationResults"][0]


def sources(result: dict[str, Any]) -> list[str]:
    return [matched["SourcePolicyId"] for matched in result["MatchedStatements"]]


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([allow("s3:GetObject")], "allowed"),
        ([allow("s3:PutObject")], "implicitDeny"),
        ([allow("s3:*"), deny("s3:Get*")], "explicitDeny"),
    ],
)
def test_a_decision_is_one_of_three(iam: Any, statements: list[dict[str, Any]], decision: str) -> None:
    result = custom(iam, policy(*statements))
    assert (result["EvalActionName"], result["EvalDecision"]) == ("s3:GetObject", decision)
    assert sources(result) == ([] if decision == "implicitDeny" else ["PolicyInputList.1"])


def test_a_matched_statement_says_where_it_stands(iam: Any) -> None:
    """The sample's policy has its one statement at line 3, column 16 to line 7, column 4."""
    text = (
        '{\n "Version":"2012-10-17",\n "Statement": [\n  {\n   "Effect":"Allow",\n'
        '   "Action":"s3:GetObject", "Resource":"*"\n  }\n ]\n}'
    )
    assert custom(iam, text)["MatchedStatements"] == [
        {
            "SourcePolicyId": "PolicyInputList.1",
            "SourcePolicyType": "IAM Policy",
            "StartPosition": {"Line": 3, "Column": 16},
            "EndPosition": {"Line": 7, "Column": 4},
        }
    ]


def test_only_what_denied_is_listed_for_a_denial(iam: Any) -> None:
    """ "the deny statement is the only entry included in the result" """
    first, second = policy(allow("s3:*")), policy(allow("s3:Put*"), deny("s3:GetObject"))
    assert sources(custom(iam, first, second)) == ["PolicyInputList.2"]


def test_each_resource_has_a_decision_and_the_severest_is_the_whole(iam: Any) -> None:
    """EvaluationResult: the top level holds the union, and the ARN template of the kind of resource."""
    text = policy(allow("s3:GetObject", f"{BUCKET}/mine/*"), deny("s3:GetObject", f"{BUCKET}/secret"))
    names = [f"{BUCKET}/mine/a", f"{BUCKET}/other", f"{BUCKET}/secret"]
    result = custom(iam, text, ResourceArns=names)
    each = {one["EvalResourceName"]: one["EvalResourceDecision"] for one in result["ResourceSpecificResults"]}
    assert each == dict(zip(names, ("allowed", "implicitDeny", "explicitDeny"), strict=True))
    assert result["EvalDecision"] == "explicitDeny"
    assert result["EvalResourceName"] == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"


def test_missing_context_is_told_and_given_context_is_used(iam: Any) -> None:
    text = policy(
        allow(
            "s3:GetObject",
            "arn:aws:s3:::data/${aws:PrincipalTag/team}/*",
            Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
        )
    )
    bare = custom(iam, text)
    assert bare["EvalDecision"] == "implicitDeny"
    assert set(bare["MissingContextValues"]) == {"aws:SourceIp", "aws:PrincipalTag/team"}
    entries = [
        {"ContextKeyName": "aws:PrincipalTag/team", "ContextKeyType": "string", "ContextKeyValues": ["red"]},
    ]
    result = custom(iam, text, ResourceArns=[f"{BUCKET}/red/x"], ContextEntries=entries)
    assert result["EvalDecision"] == "implicitDeny"
    assert result["MissingContextValues"] == ["aws:SourceIp"]
    entries.append({"ContextKeyName": "aws:sourceip", "ContextKeyType": "ip", "ContextKeyValues": ["203.0.113.9"]})
    result = custom(iam, text, ResourceArns=[f"{BUCKET}/red/x"], ContextEntries=entries)
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])


def test_lists_of_context_values_are_sets(iam: Any) -> None:
    """User guide, "Multivalued context keys"."""
    text = policy(
        allow("sagemaker:*", Condition={"ForAllValues:StringEquals": {"sagemaker:InstanceTypes": ["a", "b"]}})
    )

    def decision(*values: str) -> str:
        entry = {
            "ContextKeyName": "sagemaker:InstanceTypes",
            "ContextKeyType": "stringList",
            "ContextKeyValues": list(values),
        }
        found = custom(iam, text, actions=("sagemaker:CreateTrainingJob",), ContextEntries=[entry])
        return str(found["EvalDecision"])

    assert [decision("a", "b"), decision("a", "c")] == ["allowed", "implicitDeny"]


def test_a_user_is_simulated_with_its_groups(iam: Any, bob: str) -> None:
    """PolicySourceArn: "If you specify a user, the simulation also includes all policies … attached to any groups"."""
    found = iam.simulate_principal_policy(
        PolicySourceArn=bob,
        ActionNames=["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "cloudwatch:ListMetrics"],
        ResourceArns=[f"{BUCKET}/key"],
    )["EvaluationResults"]
    assert [one["EvalDecision"] for one in found] == ["allowed", "allowed", "implicitDeny", "allowed"]
    assert [sources(one) for one in found] == [
        ["user_simulated-bob_Own"],
        ["group_simulated_Ours"],
        [],
        ["CloudWatchReadOnlyAccess"],
    ]


def test_a_group_is_simulated_by_itself(iam: Any, bob: str) -> None:
    found = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:group/simulated", ActionNames=["s3:PutObject", "s3:GetObject"]
    )
    assert [one["EvalDecision"] for one in found["EvaluationResults"]] == ["allowed", "implicitDeny"]


def test_what_a_caller_is_fills_variables(iam: Any, bob: str) -> None:
    """CallerArn: "you simulate calling the API operations as Bob, as if Bob had David's policies"."""
    text = policy(allow("s3:ListBucket", "arn:aws:s3:::home-${aws:username}"))

    def decision(resource: str, **more: str) -> str:
        found = iam.simulate_principal_policy(
            PolicySourceArn=bob,
            PolicyInputList=[text],
            ActionNames=["s3:ListBucket"],
            ResourceArns=[resource],
            **more,
        )
        return str(found["EvaluationResults"][0]["EvalDecision"])

    david = f"arn:aws:iam::{ACCOUNT}:user/david"
    assert decision("arn:aws:s3:::home-simulated-bob") == "allowed"
    assert decision("arn:aws:s3:::home-david") == "implicitDeny"
    assert decision("arn:aws:s3:::home-david", CallerArn=david) == "allowed"


def test_a_role_is_simulated_as_the_python_sdk_asks(iam: Any) -> None:
    """sagemaker SDK v3 asks SimulatePrincipalPolicy before it trains; the role of the first start must do."""
    found = iam.simulate_principal_policy(
        PolicySourceArn=ROLE,
        ActionNames=["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "s3:GetObject", "s3:PutObject"],
        ResourceArns=["*"],
    )
    assert {one["EvalDecision"] for one in found["EvaluationResults"]} == {"allowed"}


def test_a_boundary_is_reported_by_itself(iam: Any, bob: str) -> None:
    """PermissionsBoundaryDecisionDetail: false "regardless of the identity-based policy"."""
    inner, outer = policy(allow("s3:*")), policy(allow("s3:Get*"))
    for action, allowed in (("s3:GetObject", True), ("s3:PutObject", False)):
        result = custom(iam, inner, actions=(action,), PermissionsBoundaryPolicyInputList=[outer])
        assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": allowed}
        assert result["EvalDecision"] == ("allowed" if allowed else "implicitDeny")
    denied = custom(iam, inner, PermissionsBoundaryPolicyInputList=[policy(deny("s3:*"), allow("*"))])
    assert denied["EvalDecision"] == "explicitDeny"
    assert sources(denied) == ["PermissionsBoundaryPolicyInputList.1"]
    name = bob.rpartition("/")[2]
    iam.put_user_permissions_boundary(
        UserName=name, PermissionsBoundary="arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
    )
    found = iam.simulate_principal_policy(PolicySourceArn=bob, ActionNames=["s3:PutObject"])["EvaluationResults"][0]
    assert found["EvalDecision"] == "implicitDeny"
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    iam.delete_user_permissions_boundary(UserName=name)


def test_a_resource_policy_counts_for_a_caller(iam: Any) -> None:
    """ResourcePolicy, CallerArn, ResourceOwner, and EvalDecisionDetails, "populated for only cross-account"."""
    resource_policy = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": {"AWS": BOB}, "Action": "s3:GetObject", "Resource": "*"},
        }
    )
    given = {"ResourcePolicy": resource_policy, "CallerArn": BOB, "ResourceArns": [f"{BUCKET}/key"]}
    result = custom(iam, policy(allow("s3:PutObject")), **given)
    assert result["EvalDecision"] == "allowed"
    assert result["MatchedStatements"][0]["SourcePolicyType"] == "Resource Policy"
    assert sources(result) == ["ResourcePolicy"]
    foreign = custom(iam, policy(allow("s3:PutObject")), **given, ResourceOwner="arn:aws:iam::999999999999:root")
    assert foreign["EvalDecision"] == "implicitDeny"  # between accounts both must allow
    assert foreign["EvalDecisionDetails"] == {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"}
    both = custom(iam, policy(allow("s3:GetObject")), **given, ResourceOwner="999999999999")
    assert both["EvalDecision"] == "allowed"


def test_context_keys_of_policies_are_found(iam: Any, bob: str) -> None:
    text = policy(
        allow(
            "s3:*",
            "arn:aws:s3:::data/${aws:username}/*",
            Condition={
                "StringLike": {"s3:prefix": ["${aws:PrincipalTag/team, 'x'}/*", "${*}"]},
                "Null": {"aws:TokenIssueTime": "true"},
            },
        )
    )
    expected = {"aws:username", "s3:prefix", "aws:PrincipalTag/team", "aws:TokenIssueTime"}
    assert set(iam.get_context_keys_for_custom_policy(PolicyInputList=[text])["ContextKeyNames"]) == expected
    found = iam.get_context_keys_for_principal_policy(PolicySourceArn=bob, PolicyInputList=[text])["ContextKeyNames"]
    assert set(found) == expected


def test_results_come_in_pages(iam: Any, bob: str) -> None:
    actions = [f"s3:Get{name}" for name in ("Object", "ObjectAcl", "ObjectTagging", "BucketPolicy", "BucketAcl")]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=bob, ActionNames=actions, PaginationConfig={"PageSize": 2}
    )
    assert [one["EvalActionName"] for page in pages for one in page["EvaluationResults"]] == actions
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[policy(allow("s3:*"))], ActionNames=actions, PaginationConfig={"PageSize": 3}
    )
    assert [one["EvalActionName"] for page in pages for one in page["EvaluationResults"]] == actions


@pytest.mark.parametrize(
    "wrong",
    [
        {"ActionNames": ["s3:Get*"]},
        {"ActionNames": ["GetObject"]},
        {"PolicyInputList": ["{}"]},
        {"ResourceArns": ["data/key"]},
        {"ResourcePolicy": policy(allow("s3:*")), "CallerArn": BOB},
        {"ResourcePolicy": policy(allow("s3:*", Principal="*"))},
        {"ResourcePolicy": policy(allow("s3:*", Principal="*")), "CallerArn": ROLE},
        {"CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/R/s"},
        {"ResourceOwner": "somebody"},
        {"ResourceHandlingOption": "EC2-VPC-InstanceStore"},
        {"PermissionsBoundaryPolicyInputList": [policy(allow("s3:*"))] * 2},
        {
            "ContextEntries": [
                {"ContextKeyName": "aws:SourceIp", "ContextKeyType": "ip", "ContextKeyValues": ["a", "b"]}
            ]
        },
    ],
)
def test_what_cannot_be_simulated_is_refused(iam: Any, wrong: dict[str, Any]) -> None:
    request = {"PolicyInputList": [policy(allow("s3:*"))], "ActionNames": ["s3:GetObject"], **wrong}
    assert refused("InvalidInput", iam.simulate_custom_policy, **request)


def test_nobody_is_simulated_who_does_not_exist(iam: Any) -> None:
    for operation in (iam.simulate_principal_policy, iam.get_context_keys_for_principal_policy):
        request = {"PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/never-was"}
        if operation == iam.simulate_principal_policy:
            request["ActionNames"] = ["s3:GetObject"]
        refused("NoSuchEntity", operation, **request)
