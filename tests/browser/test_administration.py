"""IAM and the audit trail in the browser: users, rights, and who did what."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Studio
from tests.conftest import Server
from tests.contract.test_iam import allow, policy

PASSWORD = "Correct-Horse-7-Battery"
# What would run, if a page took a user's words for HTML.
EVIL = "<img src=x onerror=\"window.pwned='it ran'\"><script>window.pwned=1</script>"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def _dialog(studio: Studio) -> Locator:
    return studio.page.get_by_role("dialog")


def _write(studio: Studio, label: str, text: str) -> None:
    """Replace what an editor holds, as one types."""
    studio.page.get_by_role("textbox", name=label).last.click()
    studio.page.keyboard.press("Control+a")
    studio.page.keyboard.insert_text(text)


def test_a_user_is_made_and_signs_in(studio: Studio, salvia: Server, tab: Callable[..., Studio]) -> None:
    """Name, password, policy, access key; then that user's own page, which explains what they may not do."""
    studio.open("/users", "Users")
    expect(studio.page.get_by_role("link", name="administrator")).to_be_visible()
    studio.button("Create user").click()
    _dialog(studio).get_by_label("Name").fill("ada.lovelace")
    expect(_dialog(studio).get_by_role("group", name="AWS CLI")).to_contain_text("--user-name ada.lovelace")
    _dialog(studio).get_by_role("button", name="Create user").click()
    expect(studio.page.get_by_role("heading", name="ada.lovelace").first).to_be_visible()

    studio.button("Give a password").click()
    _dialog(studio).get_by_label("Password").fill("short")
    _dialog(studio).get_by_role("button", name="Save").click()
    # The account's password policy; AWS: PasswordPolicyViolation.
    expect(_dialog(studio)).to_contain_text("Could not save")
    _dialog(studio).get_by_label("Password").fill(PASSWORD)
    _dialog(studio).get_by_role("button", name="Save").click()
    expect(studio.page.get_by_text("signs in with the new password")).to_be_visible()

    studio.button("Create access key").click()
    expect(_dialog(studio)).to_contain_text("never again")
    shown = _dialog(studio).get_by_role("group", name="Access key").inner_text()
    key, secret = (line.partition("=")[2] for line in shown.splitlines()[:2])
    assert salvia.client("sts", (key, secret, None)).get_caller_identity()["Arn"] == (
        "arn:aws:iam::123456789012:user/ada.lovelace"
    )
    _dialog(studio).get_by_role("button", name="I have kept it").click()
    expect(studio.page.get_by_text(secret)).to_have_count(0)

    studio.button("Attach policies").click()
    _dialog(studio).get_by_role("button", name=re.compile("^Choose policies|Policies")).click()
    studio.page.get_by_label("Find policies").fill("AmazonS3ReadOnlyAccess")
    studio.page.get_by_role("option", name=re.compile("AmazonS3ReadOnlyAccess")).click()
    _dialog(studio).get_by_role("heading").first.click()  # beside the list, which closes
    _dialog(studio).get_by_role("button", name="Attach", exact=True).click()
    expect(studio.page.get_by_role("link", name="AmazonS3ReadOnlyAccess")).to_be_visible()

    hers = tab(salvia)
    hers.open("/data", "Sign in")
    hers.page.get_by_label("User name").fill("ada.lovelace")
    hers.page.get_by_label("Password").fill(PASSWORD)
    hers.button("Sign in").click()
    expect(hers.page.get_by_role("heading", name="S3 buckets")).to_be_visible()
    hers.open("/users", "Users")
    expect(hers.page.get_by_text("You are not allowed iam:ListUsers")).to_be_visible()
    hers.accessible()
    hers.open("/audit", "Audit trail")
    expect(hers.page.get_by_text("You are not allowed cloudtrail:LookupEvents")).to_be_visible()
    hers.unharmed()

    studio.button("Delete").first.click()
    _dialog(studio).get_by_role("button", name="Delete").click()
    expect(studio.page.get_by_text("ada.lovelace is deleted.")).to_be_visible()
    hers.open("/users", "Sign in")  # a session ends with its user


def test_what_others_change_is_seen_at_once(studio: Studio, salvia: Server) -> None:
    """Lists and pages of users, groups, roles and policies, without being opened anew."""
    iam, document = salvia.client("iam"), policy(allow("s3:GetObject"))
    studio.open("/users", "Users")
    expect(studio.page.get_by_role("link", name="administrator")).to_be_visible()
    iam.create_user(UserName="newcomer")
    expect(studio.page.get_by_role("link", name="newcomer")).to_be_visible()
    iam.delete_user(UserName="newcomer")
    expect(studio.page.get_by_role("link", name="newcomer")).to_have_count(0)
    arn = iam.create_policy(PolicyName="changing", PolicyDocument=document)["Policy"]["Arn"]
    studio.open(f"/policies/show?name={arn}", "changing")
    expect(studio.page.get_by_text("s3:GetObject").first).to_be_visible()
    changed = policy(allow("s3:PutObject"))
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=changed, SetAsDefault=True)
    expect(studio.page.get_by_text("s3:PutObject").first).to_be_visible()


def test_a_group_has_users(studio: Studio, salvia: Server) -> None:
    iam: Any = salvia.client("iam")
    iam.create_user(UserName="grace")
    studio.open("/groups", "Groups")
    studio.button("Create group").last.click()
    _dialog(studio).get_by_label("Name").fill("scientists")
    _dialog(studio).get_by_role("button", name="Create group").click()
    studio.page.get_by_role("button", name="Add a user").click()
    studio.page.get_by_role("option", name="grace").click()
    expect(studio.page.get_by_role("link", name="grace")).to_be_visible()
    assert [user["UserName"] for user in iam.get_group(GroupName="scientists")["Users"]] == ["grace"]
    studio.button("Take out grace").click()
    expect(studio.page.get_by_text("Nobody is in this group.")).to_be_visible()


def test_a_policy_is_written_and_corrected(studio: Studio, salvia: Server) -> None:
    """What is no JSON is marked where it stands; what IAM finds wrong is said beside it, in IAM's words."""
    iam: Any = salvia.client("iam")
    studio.open("/policies/create", "Create policy")
    studio.page.get_by_label("Name", exact=True).fill("lookers")
    _write(studio, "Policy document", '{"Version": "2012-10-17", "Statement": [}')
    expect(studio.page.locator(".cm-lint-marker-error")).to_be_visible()
    studio.button("Create policy").click()
    expect(studio.page.get_by_text("Could not create the policy")).to_be_visible()
    statement = {"Sid": "Looking", "Effect": "Allow", "Action": "sagemaker:List*", "Resource": "*"}
    _write(studio, "Policy document", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    expect(studio.page.locator(".cm-lint-marker-error")).to_have_count(0)
    studio.button("Create policy").click()
    expect(studio.page.get_by_role("heading", name="lookers").first).to_be_visible()

    statement["Action"] = "sagemaker:Describe*"
    _write(studio, "Policy document", json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    studio.button("Save").click()
    expect(studio.page.get_by_text("The policy is saved and holds.")).to_be_visible()
    arn = "arn:aws:iam::123456789012:policy/lookers"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    assert version == "v2"
    stored = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert stored["Statement"][0]["Action"] == "sagemaker:Describe*"
    studio.open("/policies", "Policies")
    expect(studio.page.get_by_role("link", name="lookers").or_(studio.button("Next page")).first).to_be_visible()


def test_a_role_is_made_and_its_trust_changed(studio: Studio, salvia: Server) -> None:
    iam: Any = salvia.client("iam")
    studio.open("/roles/create", "Create role")
    studio.page.get_by_label("Name", exact=True).fill("jobs")
    studio.button("Create role").click()
    expect(studio.page.get_by_role("heading", name="jobs").first).to_be_visible()
    assert iam.get_role(RoleName="jobs")["Role"]["AssumeRolePolicyDocument"] == TRUST
    _write(studio, "Trust policy", json.dumps(TRUST).replace("Allow", "Perhaps"))
    studio.button("Save").click()
    expect(studio.page.get_by_text("Could not save the trust policy")).to_be_visible()
    _write(
        studio,
        "Trust policy",
        json.dumps(TRUST).replace('"Service": "sagemaker.amazonaws.com"', '"AWS": "123456789012"'),
    )
    studio.button("Save").click()
    expect(studio.page.get_by_text("The trust policy is saved.")).to_be_visible()

    studio.button("Write a policy").click()
    _dialog(studio).get_by_label("Name").fill("within")
    _dialog(studio).get_by_role("button", name="Save").click()
    expect(studio.page.get_by_role("button", name="within", exact=True)).to_be_visible()
    assert (
        iam.get_role_policy(RoleName="jobs", PolicyName="within")["PolicyDocument"]["Statement"][0]["Effect"] == "Allow"
    )
    studio.open("/roles", "Roles")
    expect(studio.page.get_by_role("link", name="jobs", exact=True)).to_be_visible()


def test_the_audit_trail_is_searched(studio: Studio, salvia: Server) -> None:
    """Users' words in a record are text. Source: API_LookupEvents, one attribute at a time."""
    iam: Any = salvia.client("iam")
    iam.create_role(RoleName="audited", Description="x", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.update_role_description(RoleName="audited", Description=EVIL.replace('"', "'"))
    studio.open("/audit", "Audit trail")
    studio.page.get_by_label("Find", exact=True).fill("UpdateRoleDescription")
    studio.page.keyboard.press("Enter")
    studio.page.get_by_role("button", name="UpdateRoleDescription", exact=True).first.click()
    record = _dialog(studio).get_by_role("group", name="Event")
    expect(record).to_contain_text("<script>window.pwned=1</script>")
    expect(record).to_contain_text('"eventName": "UpdateRoleDescription"')
    studio.accessible()
    _dialog(studio).get_by_role("button", name="Close").click()
    expect(studio.page.get_by_role("grid").get_by_text("CreateRole")).to_have_count(0)
