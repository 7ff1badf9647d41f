"""Login profiles and the account's password policy.

Expectations: IAM API reference, CreateLoginProfile, ChangePassword, UpdateAccountPasswordPolicy and their neighbours;
IAM user guide, "Set an account password policy for IAM users".
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from tests.conftest import Server, eventually
from tests.contract.test_iam import allow, policy, refused

_numbers = count(1)
GOOD, BETTER = "Correct-horse-1", "Correct-horse-2"


@pytest.fixture(scope="module")
def iam(salvia: Server) -> Any:
    return salvia.client("iam")


@pytest.fixture
def user(iam: Any) -> Iterator[str]:
    """A user with a password, gone afterwards."""
    name = f"signer-{next(_numbers)}"
    iam.create_user(UserName=name)
    iam.create_login_profile(UserName=name, Password=GOOD)
    yield name
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for inline in iam.list_user_policies(UserName=name)["PolicyNames"]:
        iam.delete_user_policy(UserName=name, PolicyName=inline)
    iam.delete_login_profile(UserName=name)
    iam.delete_user(UserName=name)


@pytest.fixture
def own_policy(iam: Any) -> Iterator[Any]:
    """Sets the account's policy, which is AWS's default again afterwards."""
    yield iam.update_account_password_policy
    iam.delete_account_password_policy()


def as_user(salvia: Server, name: str) -> Any:
    key = salvia.client("iam").create_access_key(UserName=name)["AccessKey"]
    return salvia.client("iam", (key["AccessKeyId"], key["SecretAccessKey"], None))


def test_a_profile_is_made_shown_changed_and_deleted(iam: Any) -> None:
    iam.create_user(UserName="profiled")
    missing = refused("NoSuchEntity", iam.get_login_profile, UserName="profiled")
    assert missing == "Login Profile for User profiled cannot be found."
    made = iam.create_login_profile(UserName="profiled", Password=GOOD, PasswordResetRequired=True)["LoginProfile"]
    assert (made["UserName"], made["PasswordResetRequired"]) == ("profiled", True)
    assert iam.get_login_profile(UserName="Profiled")["LoginProfile"] == made
    refused("EntityAlreadyExists", iam.create_login_profile, UserName="profiled", Password=GOOD)
    iam.update_login_profile(UserName="profiled", PasswordResetRequired=False)
    assert iam.get_login_profile(UserName="profiled")["LoginProfile"]["PasswordResetRequired"] is False
    iam.update_login_profile(UserName="profiled", Password=BETTER)
    conflict = refused("DeleteConflict", iam.delete_user, UserName="profiled")
    assert conflict == "Cannot delete entity, must delete login profile first."
    iam.delete_login_profile(UserName="profiled")
    for act in (iam.delete_login_profile, iam.update_login_profile):
        refused("NoSuchEntity", act, UserName="profiled")
    assert "PasswordLastUsed" not in iam.get_user(UserName="profiled")["User"]
    iam.delete_user(UserName="profiled")


def test_nobody_without_a_user_or_a_password_has_a_profile(iam: Any) -> None:
    refused("NoSuchEntity", iam.create_login_profile, UserName="no-such-user", Password=GOOD)
    iam.create_user(UserName="empty")
    refused("ValidationError", iam.create_login_profile, UserName="empty")
    refused("ValidationError", iam.create_login_profile, UserName="empty", Password="Zürich-Ŵ-1")  # beyond U+00FF
    iam.delete_user(UserName="empty")


@pytest.mark.parametrize("password", ["Aa1-567", "lower-case", "UPPERCASE1", "12345678"])
def test_by_default_a_password_has_eight_characters_of_three_kinds(iam: Any, user: str, password: str) -> None:
    """User guide, "Default password policy"."""
    refused("PasswordPolicyViolation", iam.update_login_profile, UserName=user, Password=password)
    refused("NoSuchEntity", iam.get_account_password_policy)


def test_the_account_says_what_passwords_are_like(iam: Any, user: str, own_policy: Any) -> None:
    own_policy(MinimumPasswordLength=10, RequireSymbols=True, RequireNumbers=True, RequireUppercaseCharacters=True)
    lacking = refused("PasswordPolicyViolation", iam.update_login_profile, UserName=user, Password="short")
    for what in ("10 characters", "uppercase letter", "number", "symbol"):
        assert what in lacking
    iam.update_login_profile(UserName=user, Password="ABC-DEF-123")
    # "This operation does not support partial updates": what is not said is the default's again.
    own_policy(MaxPasswordAge=90, HardExpiry=False)
    assert iam.get_account_password_policy()["PasswordPolicy"] == {
        "MinimumPasswordLength": 6,
        "RequireSymbols": False,
        "RequireNumbers": False,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": True,
        "MaxPasswordAge": 90,
        "HardExpiry": False,
    }
    iam.update_login_profile(UserName=user, Password="simple")


def test_there_is_no_policy_until_there_is_one(iam: Any) -> None:
    assert "123456789012" in refused("NoSuchEntity", iam.get_account_password_policy)
    refused("NoSuchEntity", iam.delete_account_password_policy)
    refused("ValidationError", iam.update_account_password_policy, MaxPasswordAge=1096)


def test_a_user_changes_its_password_who_knows_it_and_may(salvia: Server, iam: Any, user: str) -> None:
    own = as_user(salvia, user)
    refused("AccessDenied", own.change_password, OldPassword=GOOD, NewPassword=BETTER)
    iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=policy(allow("iam:ChangePassword")))
    wrong = refused("AccessDenied", own.change_password, OldPassword="Wrong-horse-1", NewPassword=BETTER)
    assert wrong == "The old password was incorrect."
    refused("PasswordPolicyViolation", own.change_password, OldPassword=GOOD, NewPassword="short")
    iam.update_login_profile(UserName=user, PasswordResetRequired=True)
    own.change_password(OldPassword=GOOD, NewPassword=BETTER)
    refused("AccessDenied", own.change_password, OldPassword=GOOD, NewPassword=BETTER)
    assert iam.get_login_profile(UserName=user)["LoginProfile"]["PasswordResetRequired"] is False


def test_the_account_may_let_every_user_change_its_own_password(
    salvia: Server, iam: Any, user: str, own_policy: Any
) -> None:
    """ "This gives users access to the iam:ChangePassword action for only their user and to the
    iam:GetAccountPasswordPolicy action"; user guide."""
    own = as_user(salvia, user)
    own_policy(MinimumPasswordLength=8)
    refused("AccessDenied", own.get_account_password_policy)
    own_policy(MinimumPasswordLength=8, AllowUsersToChangePassword=True)
    assert own.get_account_password_policy()["PasswordPolicy"]["MinimumPasswordLength"] == 8
    own.change_password(OldPassword=GOOD, NewPassword=BETTER)
    refused("AccessDenied", own.update_login_profile, UserName=user, Password=GOOD)
    arn = iam.get_user(UserName=user)["User"]["Arn"]
    (simulated,) = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["iam:ChangePassword"], ResourceArns=[arn, arn + "-else"]
    )["EvaluationResults"]
    decisions = [one["EvalResourceDecision"] for one in simulated["ResourceSpecificResults"]]
    assert decisions == ["allowed", "implicitDeny"]


def test_earlier_passwords_are_not_used_again(salvia: Server, iam: Any, user: str, own_policy: Any) -> None:
    own_policy(PasswordReusePrevention=2, AllowUsersToChangePassword=True)
    own = as_user(salvia, user)
    refused("PasswordPolicyViolation", own.change_password, OldPassword=GOOD, NewPassword=GOOD)
    own.change_password(OldPassword=GOOD, NewPassword=BETTER)
    again = refused("PasswordPolicyViolation", own.change_password, OldPassword=BETTER, NewPassword=GOOD)
    assert "one of the last 2" in again
    refused("PasswordPolicyViolation", iam.update_login_profile, UserName=user, Password=GOOD)
    own.change_password(OldPassword=BETTER, NewPassword="third-password")
    own.change_password(OldPassword="third-password", NewPassword=GOOD)  # the third last now


def test_only_users_have_a_password_of_their_own(salvia: Server, iam: Any) -> None:
    key = iam.create_role(
        RoleName="passwordless",
        AssumeRolePolicyDocument=policy(
            {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
        ),
    )["Role"]["Arn"]
    iam.put_role_policy(RoleName="passwordless", PolicyName="any", PolicyDocument=policy(allow("iam:*")))
    given = salvia.client("sts").assume_role(RoleArn=key, RoleSessionName="session")["Credentials"]
    role = salvia.client("iam", (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))
    refused("InvalidUserType", role.change_password, OldPassword=GOOD, NewPassword=BETTER)
    iam.delete_role_policy(RoleName="passwordless", PolicyName="any")
    iam.delete_role(RoleName="passwordless")


def test_no_password_is_written_down_anywhere(salvia: Server, iam: Any, user: str) -> None:
    """Not in the trail, whose records hide what the model calls sensitive, nor a log, nor the database."""
    secret, other = "Unforgettable-31", "Unforgettable-32"
    iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=policy(allow("iam:ChangePassword")))
    iam.update_login_profile(UserName=user, Password=secret)
    as_user(salvia, user).change_password(OldPassword=secret, NewPassword=other)
    refused("PasswordPolicyViolation", iam.update_login_profile, UserName=user, Password="Unforg")

    def recorded() -> Any:
        events = salvia.client("cloudtrail").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "ChangePassword"}], MaxResults=50
        )["Events"]
        mine = [one["CloudTrailEvent"] for one in events if json.loads(one["CloudTrailEvent"]).get("errorCode") is None]
        return [one for one in mine if f":user/{user}" in one]

    (event,) = eventually(recorded, 10, "the event of ChangePassword")
    hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert json.loads(event)["requestParameters"] == {"oldPassword": hidden, "newPassword": hidden}
    read = []
    for path in salvia.home.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a journal that is written out
            if path.is_file() and "images" not in path.parts:
                assert b"Unforg" not in path.read_bytes(), path
                read.append(path.suffix)
    assert ".log" in read
    assert ".db" in read or "--database" in salvia.options
