"""Who may do what. Expectations: IAM user guide, "Policy evaluation logic", its flow chart and its tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from salvia.control.policy import Policy, Request, Scope, document, evaluate, resource_based
from salvia.core.caller import ANONYMOUS, Caller, service_caller

ACCOUNT, OTHER = "123456789012", "210987654321"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user/bob"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/R"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/R/s"
BOB = Caller("user", ACCOUNT, USER_ARN, "AIDABBBBBBBBBBBBBBBB", USER_ARN)
SESSION = Caller("assumed-role", ACCOUNT, SESSION_ARN, "AROARRRRRRRRRRRRRRRR:s", ROLE_ARN)
ROOT_ARN = f"arn:aws:iam::{ACCOUNT}:root"
ROOT = Caller("root", ACCOUNT, ROOT_ARN, ACCOUNT, ROOT_ARN)
OBJECT = "arn:aws:s3:::bucket/key"


def statement(effect: str = "Allow", action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def identity(*statements: dict[str, Any], name: str = "P") -> Policy:
    return Policy(name, document(json.dumps({"Version": "2012-10-17", "Statement": list(statements)})))


def bucket(principal: Any, effect: str = "Allow", key: str = "Principal", **more: Any) -> Policy:
    one = {**statement(effect, **more), key: principal}
    return Policy("bucket policy", document(json.dumps({"Version": "2012-10-17", "Statement": [one]}), "resource"))


def asked(
    caller: Caller = BOB,
    action: str = "s3:GetObject",
    resource: str = OBJECT,
    account: str | None = None,
    context: Any = None,
) -> Request:
    return Request(caller, action, resource, context or {}, account)


YES, NO = identity(statement()), identity(statement("Deny"))
SILENT = identity(statement(action="iam:GetUser"))


@pytest.mark.parametrize(
    ("caller", "policies", "allowed"),
    [
        (BOB, {}, False),
        (BOB, {"identity": [YES]}, True),
        (BOB, {"identity": [SILENT]}, False),
        (BOB, {"identity": [SILENT, YES]}, True),
        (BOB, {"identity": [YES, NO]}, False),
        (BOB, {"identity": [NO, YES]}, False),
        (SESSION, {"identity": [YES]}, True),
        # A boundary limits, and gives nothing.
        (BOB, {"identity": [YES], "boundary": YES}, True),
        (BOB, {"identity": [YES], "boundary": SILENT}, False),
        (BOB, {"identity": [YES], "boundary": NO}, False),
        (BOB, {"identity": [SILENT], "boundary": YES}, False),
        # So do session policies.
        (SESSION, {"identity": [YES], "session": [YES]}, True),
        (SESSION, {"identity": [YES], "session": [SILENT]}, False),
        (SESSION, {"identity": [YES], "session": [SILENT, YES]}, True),
        (SESSION, {"identity": [YES], "session": []}, False),
        (SESSION, {"identity": [YES], "session": [NO]}, False),
        (SESSION, {"identity": [SILENT], "session": [YES]}, False),
        (SESSION, {"identity": [YES], "session": [YES], "boundary": YES}, True),
        (SESSION, {"identity": [YES], "session": [YES], "boundary": SILENT}, False),
        # Within one account, a resource policy suffices.
        (BOB, {"resource": [bucket({"AWS": USER_ARN})]}, True),
        (BOB, {"resource": [bucket({"AWS": f"arn:aws:iam::{ACCOUNT}:user/eve"})]}, False),
        (BOB, {"resource": [bucket({"AWS": "AIDABBBBBBBBBBBBBBBB"})]}, True),
        (BOB, {"resource": [bucket("*")]}, True),
        (BOB, {"resource": [bucket({"AWS": "*"})]}, True),
        (SESSION, {"resource": [bucket({"AWS": ROLE_ARN})]}, True),
        (SESSION, {"resource": [bucket({"AWS": SESSION_ARN})]}, True),
        (SESSION, {"resource": [bucket({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/R/t"})]}, False),
        (SESSION, {"resource": [bucket({"AWS": "AROARRRRRRRRRRRRRRRR"})]}, True),
        # Naming the account leaves it to the account's own policies.
        (BOB, {"resource": [bucket({"AWS": ACCOUNT})]}, False),
        (BOB, {"resource": [bucket({"AWS": ROOT_ARN})]}, False),
        (BOB, {"resource": [bucket({"AWS": ACCOUNT})], "identity": [YES]}, True),
        # An explicit denial anywhere wins.
        (BOB, {"resource": [bucket({"AWS": USER_ARN}, "Deny")], "identity": [YES]}, False),
        (BOB, {"resource": [bucket({"AWS": ACCOUNT}, "Deny")], "identity": [YES]}, False),
        (BOB, {"resource": [bucket("*", "Deny")], "identity": [YES]}, False),
        (BOB, {"resource": [bucket({"AWS": USER_ARN})], "identity": [NO]}, False),
        (SESSION, {"resource": [bucket({"AWS": ROLE_ARN}, "Deny")], "identity": [YES]}, False),
        # Implicit limits do not count against what names the user or the session; they do for a role's name.
        (BOB, {"resource": [bucket({"AWS": USER_ARN})], "boundary": SILENT}, True),
        (BOB, {"resource": [bucket({"AWS": USER_ARN})], "boundary": NO}, False),
        (SESSION, {"resource": [bucket({"AWS": SESSION_ARN})], "boundary": SILENT}, True),
        (SESSION, {"resource": [bucket({"AWS": SESSION_ARN})], "session": [SILENT]}, True),
        (SESSION, {"resource": [bucket({"AWS": ROLE_ARN})], "boundary": SILENT}, False),
        (SESSION, {"resource": [bucket({"AWS": ROLE_ARN})], "session": [SILENT]}, False),
        (SESSION, {"resource": [bucket({"AWS": ROLE_ARN})], "session": [YES], "boundary": YES}, True),
        # NotPrincipal with Deny spares whom it names.
        (BOB, {"identity": [YES], "resource": [bucket({"AWS": USER_ARN}, "Deny", "NotPrincipal")]}, True),
        (
            SESSION,
            {"identity": [YES], "resource": [bucket({"AWS": USER_ARN}, "Deny", "NotPrincipal")]},
            False,
        ),
        (SESSION, {"identity": [YES], "resource": [bucket({"AWS": ROLE_ARN}, "Deny", "NotPrincipal")]}, True),
        (BOB, {"identity": [YES], "resource": [bucket({"AWS": ACCOUNT}, "Deny", "NotPrincipal")]}, False),
        # Root needs no policy, services act for themselves, the anonymous need everybody's permission.
        (ROOT, {}, True),
        (ROOT, {"resource": [bucket("*", "Deny")]}, False),
        (ROOT, {"resource": [bucket({"AWS": USER_ARN}, "Deny", "NotPrincipal")]}, False),
        (ROOT, {"resource": [bucket({"AWS": ROOT_ARN}, "Deny", "NotPrincipal")]}, True),
        (service_caller("sagemaker.amazonaws.com", ACCOUNT), {}, True),
        (ANONYMOUS, {}, False),
        (ANONYMOUS, {"resource": [bucket("*")]}, True),
        (ANONYMOUS, {"resource": [bucket({"AWS": "*"})]}, True),
        (ANONYMOUS, {"resource": [bucket({"AWS": ACCOUNT})]}, False),
        (ANONYMOUS, {"resource": [bucket({"AWS": USER_ARN}, "Deny", "NotPrincipal")]}, False),
    ],
)
def test_within_an_account(caller: Caller, policies: dict[str, Any], allowed: bool) -> None:
    """ "How AWS enforcement code logic evaluates requests to allow or deny access"."""
    decision = evaluate(asked(caller), policies.pop("identity", []), **policies)
    assert decision.allowed is allowed


@pytest.mark.parametrize(
    ("caller", "policies", "allowed"),
    [
        (BOB, {"identity": [YES]}, False),
        (BOB, {"resource": [bucket({"AWS": USER_ARN})]}, False),
        (BOB, {"resource": [bucket({"AWS": ACCOUNT})]}, False),
        (BOB, {"identity": [YES], "resource": [bucket({"AWS": USER_ARN})]}, True),
        (BOB, {"identity": [YES], "resource": [bucket({"AWS": ACCOUNT})]}, True),
        (BOB, {"identity": [YES], "resource": [bucket("*")]}, True),
        (BOB, {"identity": [YES], "resource": [bucket({"AWS": OTHER})]}, False),
        (BOB, {"identity": [YES], "resource": [bucket({"AWS": USER_ARN}, "Deny")]}, False),
        (BOB, {"identity": [YES], "resource": [bucket({"AWS": USER_ARN})], "boundary": SILENT}, False),
        (SESSION, {"identity": [YES], "resource": [bucket({"AWS": ROLE_ARN})], "session": [SILENT]}, False),
        (SESSION, {"identity": [YES], "resource": [bucket({"AWS": ROLE_ARN})], "session": [YES]}, True),
        (ROOT, {}, False),
        (ROOT, {"resource": [bucket({"AWS": ACCOUNT})]}, True),
    ],
)
def test_between_accounts_both_must_allow(caller: Caller, policies: dict[str, Any], allowed: bool) -> None:
    """ "Cross-account policy evaluation logic"."""
    decision = evaluate(asked(caller, account=OTHER), policies.pop("identity", []), **policies)
    assert decision.allowed is allowed


@pytest.mark.parametrize(
    ("one", "action", "resource", "allowed"),
    [
        (statement(action=["s3:Get*", "s3:List*"]), "s3:GetObject", OBJECT, True),
        (statement(action=["s3:Put*", "s3:List*"]), "s3:GetObject", OBJECT, False),
        (statement(action="S3:GETOBJECT"), "s3:GetObject", OBJECT, True),
        (statement(action="*"), "iam:CreateUser", USER_ARN, True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "s3:GetObject", OBJECT, True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, "iam:CreateUser", USER_ARN, False),
        (statement(resource="arn:aws:s3:::bucket/*"), "s3:GetObject", OBJECT, True),
        (statement(resource="arn:aws:s3:::bucket"), "s3:GetObject", OBJECT, False),
        (statement(resource=["arn:aws:s3:::a/*", "arn:aws:s3:::bucket/k*"]), "s3:GetObject", OBJECT, True),
        (
            {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret/*"},
            "s3:GetObject",
            OBJECT,
            True,
        ),
        (
            {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::bucket/*"},
            "s3:GetObject",
            OBJECT,
            False,
        ),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": "*"}, "s3:GetObject", OBJECT, False),
        (statement(Condition={"Bool": {"aws:SecureTransport": "true"}}), "s3:GetObject", OBJECT, True),
        (statement(Condition={"Bool": {"aws:SecureTransport": "false"}}), "s3:GetObject", OBJECT, False),
        # Operators and keys of one block must all hold.
        (
            statement(Condition={"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:username": "eve"}}),
            "s3:GetObject",
            OBJECT,
            False,
        ),
        (
            statement(Condition={"StringEquals": {"aws:username": "bob", "s3:prefix": "x"}}),
            "s3:GetObject",
            OBJECT,
            False,
        ),
        (
            statement(resource="arn:aws:s3:::bucket/${aws:username}"),
            "s3:GetObject",
            "arn:aws:s3:::bucket/bob",
            True,
        ),
        (statement(resource="arn:aws:s3:::bucket/${aws:username}"), "s3:GetObject", OBJECT, False),
    ],
)
def test_a_statement_speaks_of_actions_resources_and_conditions(
    one: dict[str, Any], action: str, resource: str, allowed: bool
) -> None:
    context = {"aws:securetransport": "true", "aws:username": "bob"}
    assert evaluate(asked(BOB, action, resource, context=context), [identity(one)]).allowed is allowed


DENY = identity(statement("Deny", Sid="NoReading"), name="arn:aws:iam::123456789012:policy/Careful")
BY_BUCKET = bucket("*", "Deny", Sid="Closed")


@pytest.mark.parametrize(
    ("policies", "reason"),
    [
        ({}, "because no identity-based policy allows the s3:GetObject action"),
        (
            {"identity": [YES, DENY]},
            "with an explicit deny in an identity-based policy (arn:aws:iam::123456789012:policy/Careful, NoReading)",
        ),
        (
            {"identity": [YES], "resource": [BY_BUCKET]},
            "with an explicit deny in a resource-based policy (bucket policy, Closed)",
        ),
        (
            {"identity": [YES], "boundary": SILENT},
            "because no permissions boundary allows the s3:GetObject action",
        ),
        (
            {"identity": [YES], "boundary": NO},
            "with an explicit deny in a permissions boundary (P, Statement[0])",
        ),
        (
            {"identity": [YES], "session": [SILENT]},
            "because no session policy allows the s3:GetObject action",
        ),
    ],
)
def test_a_denial_says_which_policy_decided(policies: dict[str, Any], reason: str) -> None:
    """ "Troubleshoot access denied error messages"; policy and statement are ours, so that one finds them."""
    request = asked()
    decision = evaluate(request, policies.pop("identity", []), **policies)
    assert decision.sentence(request) == (
        f'User: {USER_ARN} is not authorized to perform: s3:GetObject on resource: "{OBJECT}" {reason}'
    )


def test_a_denial_between_accounts_names_the_resource_policy() -> None:
    decision = evaluate(asked(account=OTHER), [YES])
    assert decision.reason("s3:GetObject") == "because no resource-based policy allows the s3:GetObject action"


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ({"Service": "sagemaker.amazonaws.com"}, True),
        ({"Service": ["lambda.amazonaws.com", "sagemaker.amazonaws.com"]}, True),
        ({"Service": "lambda.amazonaws.com"}, False),
        ({"AWS": ACCOUNT}, False),
    ],
)
def test_a_role_trusts_a_service_that_it_names(principal: Any, allowed: bool) -> None:
    one = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = Policy("trust", document(json.dumps({"Version": "2012-10-17", "Statement": one}), "trust"))
    request = asked(service_caller("sagemaker.amazonaws.com", ACCOUNT), "sts:AssumeRole", ROLE_ARN)
    decision = resource_based(request, [trust])
    assert decision.allowed is allowed
    assert allowed or decision.scope is Scope.TRUST


def test_a_boundary_makes_a_denial_by_not_principal_hit_everybody() -> None:
    """ "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a permissions boundary
    policy attached, regardless of the values" (elements: NotPrincipal).
    """
    policy = bucket({"AWS": [USER_ARN, ROOT_ARN]}, "Deny", "NotPrincipal")
    assert evaluate(asked(), [YES], [policy]).allowed
    assert evaluate(asked(), [YES], [policy], boundary=YES).explicit


def test_what_a_resource_policy_gives_to_everybody_is_not_limited() -> None:
    """ "Permissions boundaries and session policies do not limit permissions granted using the aws:PrincipalArn
    condition key with a wildcard(*) in the Principal element" (how AWS enforcement code logic evaluates requests).
    """
    for caller in (BOB, SESSION):
        assert evaluate(asked(caller), [], [bucket("*")], boundary=SILENT, session=[SILENT]).allowed
    assert not evaluate(asked(SESSION), [], [bucket({"AWS": ROLE_ARN})], boundary=SILENT).allowed


def test_a_variable_without_a_value_leaves_nothing_out_of_an_allowance() -> None:
    statement_ = {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::bucket/${aws:PrincipalTag/x}"}
    assert not evaluate(asked(), [identity(statement_)]).allowed
    assert evaluate(asked(context={"aws:principaltag/x": "other"}), [identity(statement_)]).allowed
    assert evaluate(asked(), [YES, identity({**statement_, "Effect": "Deny"})]).explicit
