"""Studio's host: signing in, and every service's API in JSON as who signed in."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from tests.conftest import Server, eventually
from tests.studio import Page, link


@pytest.fixture(scope="module")
def page(salvia: Server) -> Page:
    """A page of the administrator's."""
    page = Page(salvia)
    assert page.sign_in().status == 200
    return page


def test_the_command_prints_a_link_that_signs_its_user_in(salvia: Server) -> None:
    page = Page(salvia)
    assert page.request("GET", "/_session").status == 401
    answer = page.sign_in()
    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"salvia-session=[\w-]{43}; Path=/; Max-Age=43[12]\d\d; HttpOnly; SameSite=Strict", cookie), (
        cookie
    )
    assert page.who["Arn"] == "arn:aws:iam::123456789012:user/administrator"
    assert (page.who["Name"], page.who["Kind"], page.who["Account"]) == ("administrator", "user", "123456789012")
    assert page.who["Region"] == "us-east-1" and "eu-west-1" in page.who["Regions"]
    assert page.who["SwitchedFrom"] is None
    assert page.request("GET", "/_session").json == page.who
    assert page.request("DELETE", "/_session").status == 204
    assert page.request("GET", "/_session").status == 401


@pytest.mark.parametrize("domain", ["10.0.0.1", "amazonaws.com", "-x.org", "a b", ""])
def test_a_domain_that_cannot_be_is_refused(salvia: Server, domain: str) -> None:
    done = salvia.salvia("up", "--studio-domain", domain, check=False)
    assert done.returncode == 2 and "--studio-domain" in done.stderr


def test_json_and_query_and_rest_services_answer_alike(page: Page, salvia: Server) -> None:
    """The members of botocore's shapes, moments in seconds, whatever the service's own protocol."""
    assert page.result("sagemaker.ListTrainingJobs", NameContains="no-such-job") == {"TrainingJobSummaries": []}
    users = page.result("iam.ListUsers")["Users"]
    expected = {user["UserName"]: user for user in salvia.client("iam").list_users()["Users"]}
    assert {user["UserName"] for user in users} == set(expected)
    moment = expected[users[0]["UserName"]]["CreateDate"].timestamp()
    assert users[0]["CreateDate"] == pytest.approx(moment, abs=0.002)
    assert page.result("sts.GetCallerIdentity")["Arn"] == page.who["Arn"]
    assert page.result("service-quotas.ListServices")["Services"]


def test_an_object_goes_in_and_comes_out(page: Page, salvia: Server) -> None:
    """Streamed bodies are base64; what are headers at AWS are members."""
    page.result("s3.CreateBucket", Bucket="studio-objects")
    body = bytes(range(256)) * 5000
    page.result(
        "s3.PutObject",
        Bucket="studio-objects",
        Key="a/ü b.bin",
        Body=base64.b64encode(body).decode(),
        Metadata={"Colour": "blue"},
        ContentType="text/x-test",
    )
    seen = salvia.client("s3").get_object(Bucket="studio-objects", Key="a/ü b.bin")
    assert seen["Body"].read() == body and seen["Metadata"] == {"colour": "blue"}
    shown = page.result("s3.GetObject", Bucket="studio-objects", Key="a/ü b.bin")
    assert base64.b64decode(shown.pop("Body")) == body
    assert (shown["ContentType"], shown["Metadata"]) == ("text/x-test", {"colour": "blue"})
    assert int(shown["LastModified"]) == seen["LastModified"].timestamp()
    part = page.result("s3.GetObject", Bucket="studio-objects", Key="a/ü b.bin", Range="bytes=1-3")
    assert (part["Body"], part["ContentRange"]) == ("AQID", f"bytes 1-3/{len(body)}")
    assert page.result("s3.HeadObject", Bucket="studio-objects", Key="a/ü b.bin")["ContentLength"] == len(body)
    deleted = page.result("s3.DeleteObjects", Bucket="studio-objects", Delete={"Objects": [{"Key": "a/ü b.bin"}]})
    assert [one["Key"] for one in deleted["Deleted"]] == ["a/ü b.bin"]


@pytest.mark.parametrize(
    ("target", "request_", "status", "code"),
    [
        ("s3.GetObject", {"Bucket": "studio-nowhere", "Key": "x"}, 404, "NoSuchBucket"),
        ("iam.GetUser", {"UserName": "nobody-at-all"}, 404, "NoSuchEntity"),
        ("sagemaker.DescribeEndpoint", {"EndpointName": "no-such"}, 400, "ValidationException"),
        ("sagemaker.CreateModel", {}, 400, "ValidationException"),
        ("sagemaker-runtime.InvokeEndpoint", {"EndpointName": "no-such", "Body": ""}, 400, "ValidationError"),
        ("sagemaker-runtime.InvokeEndpointWithResponseStream", {"EndpointName": "x"}, 501, "NotImplemented"),
        (
            "sagemaker.CreateHumanTaskUi",
            {"HumanTaskUiName": "x", "UiTemplate": {"Content": "x"}},
            501,
            "NotImplemented",
        ),
        ("sagemaker.Nonsense", {}, 404, "UnknownOperationException"),
        ("gopher.Get", {}, 404, "UnknownOperationException"),
        ("s3.PutObject", {"Bucket": "b", "Key": "x", "Body": "not base64!"}, 400, "SerializationException"),
    ],
)
def test_errors_have_the_codes_that_boto3_shows(
    page: Page, target: str, request_: dict[str, Any], status: int, code: str
) -> None:
    answer = page.call(target, **request_)
    assert (answer.status, answer.json["__type"]) == (status, code), answer.body
    assert answer.json["message"]


def test_who_may_not_is_told_why_and_it_is_recorded(salvia: Server, page: Page) -> None:
    """A viewer that calls an administrator's API gets what boto3 would get, in its own name."""
    keys = user(salvia, "viewer", {"Effect": "Allow", "Action": ["sagemaker:List*", "salvia:*"], "Resource": "*"})
    viewer = Page(salvia)
    assert viewer.sign_in(link(salvia.client("salvia", keys))).status == 200
    assert viewer.who["Name"] == "viewer"
    assert "Models" in viewer.result("sagemaker.ListModels")
    denied = viewer.call("iam.CreateUser", UserName="intruder")
    assert (denied.status, denied.json["__type"]) == (403, "AccessDenied")
    assert "user/viewer is not authorized to perform: iam:CreateUser" in denied.json["message"]
    request_id = denied.headers["x-amzn-requestid"]
    event = next(
        event
        for event in (json.loads(one["CloudTrailEvent"]) for one in events(page, "CreateUser"))
        if event["requestID"] == request_id
    )
    # Source: CloudTrail user guide, "CloudTrail record contents", sessionCredentialFromConsole
    assert (event["errorCode"], event["userIdentity"]["userName"]) == ("AccessDenied", "viewer")
    assert event["sessionCredentialFromConsole"] == "true"
    assert event["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assert event["awsRegion"] == "us-east-1"


def test_who_signed_in_is_recorded_and_who_did_not(salvia: Server, page: Page) -> None:
    """Source: CloudTrail user guide, "AWS Management Console sign-in events", its examples."""
    Page(salvia).sign_in(UserName="administrator", Password="wrong")
    Page(salvia).sign_in(UserName="my-secret-typed-here", Password="x")
    Page(salvia).sign_in()

    def seen() -> list[dict[str, Any]]:
        found = [json.loads(one["CloudTrailEvent"]) for one in events(page, "ConsoleLogin")]
        return found if len(found) >= 3 else []

    good, unknown, known = eventually(seen)[:3]
    for event in (good, unknown, known):
        assert (event["eventType"], event["eventSource"]) == ("AwsConsoleSignIn", "signin.amazonaws.com")
        assert event["recipientAccountId"] == event["userIdentity"]["accountId"] == "123456789012"
    assert good["responseElements"] == {"ConsoleLogin": "Success"}
    assert (good["userIdentity"]["userName"], good["userIdentity"]["arn"]) == ("administrator", page.who["Arn"])
    assert known["responseElements"] == unknown["responseElements"] == {"ConsoleLogin": "Failure"}
    assert known["errorMessage"] == "Failed authentication"
    assert known["userIdentity"]["userName"] == "administrator"
    assert unknown["userIdentity"]["userName"] == "HIDDEN_DUE_TO_SECURITY_REASONS"


def test_a_password_signs_in_once_it_is_the_users_own(salvia: Server) -> None:
    """Source: IAM user guide, "Manage passwords for IAM users": PasswordResetRequired wants a new one at sign-in."""
    iam = salvia.client("iam")
    user(salvia, "pat", {"Effect": "Allow", "Action": ["iam:ChangePassword", "iam:ListUsers"], "Resource": "*"})
    iam.create_login_profile(UserName="pat", Password="First-of-2-days", PasswordResetRequired=True)
    page = Page(salvia)
    assert page.sign_in(UserName="pat", Password="first-of-2-days").json["__type"] == "SignInFailed"
    assert page.sign_in(UserName="pat", Password="First-of-2-days").json["__type"] == "PasswordChangeRequired"
    changed = page.sign_in(UserName="pat", Password="First-of-2-days", NewPassword="Second-of-2-days")
    assert changed.status == 200, changed.body
    assert page.who["Arn"].endswith(":user/pat") and page.result("iam.ListUsers")["Users"]
    again = Page(salvia)
    assert again.sign_in(UserName="pat", Password="First-of-2-days").status == 401
    assert again.sign_in(UserName="Pat", Password="Second-of-2-days", Account="123456789012").status == 200
    assert again.sign_in(UserName="pat", Password="Second-of-2-days", Account="999999999999").status == 401
    assert again.sign_in(UserName="pat", Password="Second-of-2-days", Account="x").status == 400


def test_a_region_is_a_header(page: Page) -> None:
    elsewhere = Page(page.server, cookie=page.cookie, csrf=page.csrf, region="eu-west-1")
    made = elsewhere.result("logs.CreateLogGroup", logGroupName="/studio/ireland")
    assert made == {}
    groups = elsewhere.result("logs.DescribeLogGroups", logGroupNamePrefix="/studio/ireland")["logGroups"]
    assert groups[0]["arn"].startswith("arn:aws:logs:eu-west-1:")
    assert page.result("logs.DescribeLogGroups", logGroupNamePrefix="/studio/ireland")["logGroups"] == []
    wrong = Page(page.server, cookie=page.cookie, csrf=page.csrf, region="../..")
    assert wrong.call("logs.DescribeLogGroups").json["__type"] == "ValidationException"


def test_a_user_becomes_a_role_and_itself_again(salvia: Server) -> None:
    iam = salvia.client("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="Auditor", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}
    iam.put_role_policy(RoleName="Auditor", PolicyName="p", PolicyDocument=policy(allowed))
    assume = {"Effect": "Allow", "Action": ["sts:AssumeRole", "salvia:CreateSignInLink"], "Resource": "*"}
    page = Page(salvia)
    page.sign_in(link(salvia.client("salvia", user(salvia, "switcher", assume))))
    assert page.call("iam.ListUsers").status == 403
    switched = page.request("PUT", "/_session/role", {"RoleArn": role})
    assert switched.status == 200, switched.body
    assert (switched.json["Kind"], switched.json["Name"]) == ("role", "Auditor/switcher")
    assert switched.json["SwitchedFrom"] == page.who["Arn"]
    assert switched.json["ExpiresAt"] < page.who["ExpiresAt"]
    assert page.result("iam.ListUsers")["Users"]
    assert page.result("sts.GetCallerIdentity")["Arn"] == "arn:aws:sts::123456789012:assumed-role/Auditor/switcher"
    assert page.call("sagemaker.ListModels").json["__type"] == "AccessDeniedException"
    back = page.request("DELETE", "/_session/role")
    assert (back.json["Arn"], back.json["SwitchedFrom"]) == (page.who["Arn"], None)
    assert page.call("iam.ListUsers").status == 403
    none = page.request("PUT", "/_session/role", {"RoleArn": "arn:aws:iam::123456789012:role/SageMakerExecutionRole"})
    assert (none.status, none.json["__type"]) == (403, "AccessDenied")
    # When the role goes, its session does; the page does not silently become the user.
    page.request("PUT", "/_session/role", {"RoleArn": role})
    iam.delete_role_policy(RoleName="Auditor", PolicyName="p")
    iam.delete_role(RoleName="Auditor")
    ended = page.call("iam.ListUsers")
    assert ended.json["__type"] == "ExpiredToken" and "Switch back" in ended.json["message"]
    assert page.request("GET", "/_session").json["SwitchedFrom"] == page.who["Arn"]
    assert page.request("DELETE", "/_session/role").json["SwitchedFrom"] is None


def test_a_session_of_a_role_signs_in_as_that_and_no_longer_than_it_lasts(salvia: Server) -> None:
    """Whatever limits the credentials that asked for the link limits the session."""
    iam, sts = salvia.client("iam"), salvia.client("sts")
    trust = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    role = iam.create_role(RoleName="Limited", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="Limited",
        PolicyName="p",
        PolicyDocument=policy({"Effect": "Allow", "Action": "*", "Resource": "*"}),
    )
    only = policy({"Effect": "Allow", "Action": ["salvia:CreateSignInLink", "iam:ListRoles"], "Resource": "*"})
    got = sts.assume_role(RoleArn=role, RoleSessionName="me", DurationSeconds=900, Policy=only)["Credentials"]
    keys = (got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
    page = Page(salvia)
    page.sign_in(link(salvia.client("salvia", keys)))
    assert page.who["Arn"] == "arn:aws:sts::123456789012:assumed-role/Limited/me"
    assert page.who["Kind"] == "role" and page.who["SwitchedFrom"] is None
    assert page.who["ExpiresAt"] <= got["Expiration"].timestamp() + 1
    assert page.result("iam.ListRoles")["Roles"]
    assert page.call("iam.ListUsers").json["__type"] == "AccessDenied"


def test_a_session_ends_with_its_user(salvia: Server) -> None:
    keys = user(salvia, "leaver", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    page = Page(salvia)
    page.sign_in(link(salvia.client("salvia", keys)))
    unused = link(salvia.client("salvia", keys))
    iam = salvia.client("iam")
    iam.delete_access_key(UserName="leaver", AccessKeyId=keys[0])
    iam.delete_user_policy(UserName="leaver", PolicyName="p")
    iam.delete_user(UserName="leaver")
    assert page.request("GET", "/_session").status == 401
    assert page.call("iam.ListUsers").status == 401
    assert Page(salvia).sign_in(unused).json["__type"] == "SignInFailed"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def user(salvia: Server, name: str, *statements: dict[str, Any]) -> tuple[str, str, None]:
    """A new user's keys."""
    iam = salvia.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"], None


def events(page: Page, name: str) -> list[dict[str, Any]]:
    """The audit trail's events of an operation."""
    wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
    return eventually(lambda: page.result("cloudtrail.LookupEvents", LookupAttributes=wanted)["Events"])
