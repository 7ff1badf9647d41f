"""STS through boto3. Expectations: STS API reference; IAM user guide, "Methods to assume a role"."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
_numbers = count(1)


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: Any, effect: str = "Allow", **more: Any) -> str:
    return policy({"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole", **more})


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
def bob(salvia: Any, iam: Any) -> tuple[str, Any]:
    """A user without permissions, and an STS client of its own."""
    name = f"sts-user-{next(_numbers)}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return name, salvia.client("sts", (key["AccessKeyId"], key["SecretAccessKey"], None))


@pytest.fixture
def make_role(iam: Any) -> Iterator[Callable[..., str]]:
    """Create a role that may list users, with a trust policy; returns its ARN."""

    def make(trusted: str, **more: Any) -> str:
        name = f"sts-role-{next(_numbers)}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **more)["Role"]
        rights = policy(allow(["iam:ListUsers", "iam:ListRoles", "sts:AssumeRole"]))
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=rights)
        return str(role["Arn"])

    yield make


def user_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


def session(answer: dict[str, Any]) -> tuple[str, str, str]:
    given = answer["Credentials"]
    return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


def test_everybody_learns_who_they_are(salvia: Any, bob: tuple[str, Any]) -> None:
    """GetCallerIdentity: no permissions are required."""
    name, sts = bob
    seen = sts.get_caller_identity()
    assert (seen["Account"], seen["Arn"]) == (ACCOUNT, user_arn(name))
    assert seen["UserId"].startswith("AIDA")
    administrator = salvia.client("sts").get_caller_identity()
    assert administrator["Arn"] == user_arn("administrator")


def test_a_wrong_secret_is_no_identity(salvia: Any) -> None:
    key = salvia.environment["AWS_ACCESS_KEY_ID"]
    assert refused("SignatureDoesNotMatch", salvia.client("sts", (key, "x" * 40, None)).get_caller_identity)
    assert refused(
        "InvalidClientTokenId",
        salvia.client("sts", ("AKIAAAAAAAAAAAAAAAAA", "x" * 40, None)).get_caller_identity,
    )


def test_a_trusted_user_becomes_the_role(salvia: Any, bob: tuple[str, Any], make_role: Any) -> None:
    name, sts = bob
    role = make_role(trust({"AWS": user_arn(name)}))
    answer = sts.assume_role(RoleArn=role, RoleSessionName="s@1")
    role_name = role.rpartition("/")[2]
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role_name}/s@1"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].startswith("AROA")
    left = (answer["Credentials"]["Expiration"] - datetime.now(UTC)).total_seconds()
    assert 3500 < left <= 3600
    assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
    seen = salvia.client("sts", session(answer)).get_caller_identity()
    assert seen["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert seen["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    as_role = salvia.client("iam", session(answer))
    as_role.list_users()
    sentence = refused("AccessDenied", as_role.list_policies)
    assert sentence.startswith(f"User: {seen['Arn']} is not authorized to perform: iam:ListPolicies")


def test_a_session_needs_its_token(salvia: Any, bob: tuple[str, Any], make_role: Any) -> None:
    name, sts = bob
    key, secret, token = session(
        sts.assume_role(RoleArn=make_role(trust({"AWS": user_arn(name)})), RoleSessionName="ss")
    )
    assert refused("InvalidClientTokenId", salvia.client("sts", (key, secret, None)).get_caller_identity)
    assert refused("InvalidClientTokenId", salvia.client("sts", (key, secret, token + "x")).get_caller_identity)


@pytest.mark.parametrize("identity", [None, "sts:AssumeRole"])
@pytest.mark.parametrize(
    ("principal", "by_name"),
    [({"AWS": ACCOUNT}, False), ({"AWS": "NAME"}, True), ({"Service": "ec2.amazonaws.com"}, None)],
)
def test_trust_in_the_account_leaves_it_to_the_users_policies(
    iam: Any, bob: tuple[str, Any], make_role: Any, principal: Any, by_name: bool | None, identity: str | None
) -> None:
    """A role that trusts the account needs the user's policies as well; one that names the user does not; one
    that trusts somebody else is closed whatever the user's policies say.
    """
    name, sts = bob
    if identity:
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow(identity)))
    if by_name:
        principal = {"AWS": user_arn(name)}
    role = make_role(trust(principal))
    arguments = {"RoleArn": role, "RoleSessionName": "ss"}
    if by_name or (by_name is False and identity):
        assert sts.assume_role(**arguments)["Credentials"]
        return
    sentence = refused("AccessDenied", sts.assume_role, **arguments)
    assert sentence.startswith(
        f"User: {user_arn(name)} is not authorized to perform: sts:AssumeRole on resource: {role}"
    )
    kind = "role trust policy" if by_name is None else "identity-based policy"
    assert sentence.endswith(f"because no {kind} allows the sts:AssumeRole action")


def test_a_denial_in_the_trust_policy_wins(iam: Any, bob: tuple[str, Any], make_role: Any) -> None:
    name, sts = bob
    one = {"Effect": "Allow", "Principal": {"AWS": user_arn(name)}, "Action": "sts:AssumeRole"}
    role = make_role(policy(one, {**one, "Effect": "Deny", "Sid": "Closed"}))
    sentence = refused("AccessDenied", sts.assume_role, RoleArn=role, RoleSessionName="ss")
    assert sentence.endswith("with an explicit deny in a role trust policy (trust policy, Closed)")


def test_an_external_id_is_asked_for(bob: tuple[str, Any], make_role: Any) -> None:
    """User guide, "Access to AWS accounts owned by third parties"."""
    name, sts = bob
    condition = {"StringEquals": {"sts:ExternalId": "42"}}
    role = make_role(trust({"AWS": user_arn(name)}, Condition=condition))
    assert refused("AccessDenied", sts.assume_role, RoleArn=role, RoleSessionName="ss")
    assert refused("AccessDenied", sts.assume_role, RoleArn=role, RoleSessionName="ss", ExternalId="43")
    sts.assume_role(RoleArn=role, RoleSessionName="ss", ExternalId="42")


def test_a_role_that_trusts_everybody_does_not_let_in_nobody(salvia: Any, make_role: Any) -> None:
    """AssumeRole is a signed request, whatever the trust policy's Principal "*" says."""
    from botocore import UNSIGNED

    client = salvia.client("sts", signature_version=UNSIGNED)
    role = make_role(trust("*"))
    assert refused("MissingAuthenticationToken", client.assume_role, RoleArn=role, RoleSessionName="ss")
    assert refused("MissingAuthenticationToken", client.get_caller_identity)


def test_a_role_that_does_not_exist_is_not_revealed(salvia: Any) -> None:
    ghost = f"arn:aws:iam::{ACCOUNT}:role/ghost"
    assert refused("AccessDenied", salvia.client("sts").assume_role, RoleArn=ghost, RoleSessionName="ss")


def test_a_session_lasts_as_long_as_the_role_allows(salvia: Any, bob: tuple[str, Any], make_role: Any) -> None:
    name, sts = bob
    role = make_role(trust({"AWS": [user_arn(name), ACCOUNT]}), MaxSessionDuration=7200)
    arguments = {"RoleArn": role, "RoleSessionName": "ss"}
    answer = sts.assume_role(**arguments, DurationSeconds=7200)
    assert (answer["Credentials"]["Expiration"] - datetime.now(UTC)).total_seconds() > 7100
    assert refused("ValidationError", sts.assume_role, **arguments, DurationSeconds=7201) == (
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )
    chained = salvia.client("sts", session(answer))
    chained.assume_role(**arguments, DurationSeconds=3600)
    assert "role chaining" in refused("ValidationError", chained.assume_role, **arguments, DurationSeconds=3601)
    assert "validation error" in refused("ValidationError", sts.assume_role, **arguments, DurationSeconds=43_201)


def test_a_session_policy_takes_away(salvia: Any, bob: tuple[str, Any], make_role: Any) -> None:
    """User guide, "Session policies": the session has what both allow."""
    name, sts = bob
    arguments = {"RoleArn": make_role(trust({"AWS": user_arn(name)})), "RoleSessionName": "ss"}
    answer = sts.assume_role(**arguments, Policy=policy(allow(["iam:ListRoles", "iam:ListPolicies"])))
    assert 0 < answer["PackedPolicySize"] <= 100
    client = salvia.client("iam", session(answer))
    client.list_roles()
    assert "no session policy allows" in refused("AccessDenied", client.list_users)
    assert "no identity-based policy allows" in refused("AccessDenied", client.list_policies)


def test_a_session_may_be_limited_by_managed_policies(salvia: Any, bob: tuple[str, Any], make_role: Any) -> None:
    name, sts = bob
    arguments = {"RoleArn": make_role(trust({"AWS": user_arn(name)})), "RoleSessionName": "ss"}
    read_only = [{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}]
    salvia.client("iam", session(sts.assume_role(**arguments, PolicyArns=read_only))).list_users()
    other = [{"arn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}]
    limited = salvia.client("iam", session(sts.assume_role(**arguments, PolicyArns=other)))
    assert refused("AccessDenied", limited.list_users)
    ghost = [{"arn": f"arn:aws:iam::{ACCOUNT}:policy/ghost"}]
    limited = salvia.client("iam", session(sts.assume_role(**arguments, PolicyArns=ghost)))
    assert refused("AccessDenied", limited.list_users)


def test_a_malformed_session_policy_is_refused(bob: tuple[str, Any], make_role: Any) -> None:
    name, sts = bob
    arguments = {"RoleArn": make_role(trust({"AWS": user_arn(name)})), "RoleSessionName": "ss"}
    assert refused("MalformedPolicyDocument", sts.assume_role, **arguments, Policy="{}")
    long = policy(allow([f"s3:Action{number}" for number in range(200)]))
    assert refused("PackedPolicyTooLarge", sts.assume_role, **arguments, Policy=long)


def test_what_is_not_implemented_is_refused_rather_than_ignored(bob: tuple[str, Any], make_role: Any) -> None:
    name, sts = bob
    arguments = {"RoleArn": make_role(trust({"AWS": user_arn(name)})), "RoleSessionName": "ss"}
    tags = [{"Key": "a", "Value": "b"}]
    assert "Tags" in refused("ValidationError", sts.assume_role, **arguments, Tags=tags)


def test_a_deleted_role_ends_its_sessions(salvia: Any, iam: Any, bob: tuple[str, Any], make_role: Any) -> None:
    name, sts = bob
    role = make_role(trust({"AWS": user_arn(name)}))
    client = salvia.client("sts", session(sts.assume_role(RoleArn=role, RoleSessionName="ss")))
    client.get_caller_identity()
    role_name = role.rpartition("/")[2]
    iam.delete_role_policy(RoleName=role_name, PolicyName="p")
    iam.delete_role(RoleName=role_name)
    iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=trust({"AWS": user_arn(name)}))
    assert refused("InvalidClientTokenId", client.get_caller_identity)


def test_a_user_gets_temporary_credentials(salvia: Any, iam: Any, bob: tuple[str, Any]) -> None:
    """GetSessionToken: 12 hours by default, the user's own rights, and not from a session again."""
    name, sts = bob
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(allow("iam:ListUsers")))
    answer = sts.get_session_token()
    assert (answer["Credentials"]["Expiration"] - datetime.now(UTC)).total_seconds() > 43_000
    salvia.client("iam", session(answer)).list_users()
    again = salvia.client("sts", session(answer))
    assert again.get_caller_identity()["Arn"] == user_arn(name)
    assert refused("AccessDenied", again.get_session_token) == ("Cannot call GetSessionToken with session credentials")
    assert "validation error" in refused("ValidationError", sts.get_session_token, DurationSeconds=129_601)


def test_session_names_follow_the_pattern(bob: tuple[str, Any], make_role: Any) -> None:
    name, sts = bob
    role = make_role(trust({"AWS": user_arn(name)}))
    sentence = refused("ValidationError", sts.assume_role, RoleArn=role, RoleSessionName="no spaces")
    assert "roleSessionName" in sentence


def test_a_key_tells_its_account(salvia: Any) -> None:
    key = salvia.environment["AWS_ACCESS_KEY_ID"]
    assert salvia.client("sts").get_access_key_info(AccessKeyId=key)["Account"] == ACCOUNT
