"""Studio's domains, profiles, spaces and what settings may ask for, through boto3.

Expectations: the API reference of each operation; the guide, "Amazon SageMaker domain overview", "Remove user
profiles", "Delete a domain"; sentences about what is in use are AWS's.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Server, eventually
from tests.studio_domains import Studio


@pytest.fixture(scope="module")
def studio(salvia: Server) -> Studio:
    return Studio(salvia)


def refused(error: pytest.ExceptionInfo[ClientError]) -> str:
    return f"{error.value.response['Error']['Code']}: {error.value.response['Error']['Message']}"


def test_a_domain_is_made_changed_listed_and_deleted(studio: Studio) -> None:
    """Its settings change member by member; there is no EFS here, and nothing is said of one."""
    domain = studio.domain(DefaultUserSettings={"SecurityGroups": ["sg-1"]}, Tags=[{"Key": "team", "Value": "a"}])
    studio.sagemaker.update_domain(
        DomainId=domain,
        DefaultUserSettings={"JupyterLabAppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.t3.large"}}},
        DomainSettingsForUpdate={"SecurityGroupIds": ["sg-2"]},
    )
    shown = studio.sagemaker.describe_domain(DomainId=domain)
    assert shown["Status"] == "InService" and shown["Url"].startswith("http://studio.localhost:")
    assert shown["DefaultUserSettings"] == {
        "ExecutionRole": ROLE,
        "SecurityGroups": ["sg-1"],
        "JupyterLabAppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.t3.large"}},
    }
    assert shown["DomainSettings"] == {"SecurityGroupIds": ["sg-2"]}
    assert (shown["VpcId"], shown["SubnetIds"]) == ("vpc-1", ["subnet-1"])
    assert (shown["AppNetworkAccessType"], shown["HomeEfsFileSystemCreation"]) == ("PublicInternetOnly", "Disabled")
    assert "HomeEfsFileSystemId" not in shown
    pages = studio.sagemaker.get_paginator("list_domains").paginate(PaginationConfig={"PageSize": 1})
    (listed,) = [one for page in pages for one in page["Domains"] if one["DomainId"] == domain]
    assert {*listed} == {
        "DomainArn", "DomainId", "DomainName", "Status", "CreationTime", "LastModifiedTime", "Url"
    }  # fmt: skip
    assert studio.sagemaker.list_tags(ResourceArn=shown["DomainArn"])["Tags"] == [{"Key": "team", "Value": "a"}]
    with pytest.raises(ClientError, match="already exists"):
        studio.domain(DomainName=shown["DomainName"])
    studio.sagemaker.delete_domain(DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
    with pytest.raises(ClientError) as gone:
        studio.sagemaker.describe_domain(DomainId=domain)
    assert refused(gone).startswith("ResourceNotFound")


def test_profiles_and_spaces_are_listed_by_domain_and_name(studio: Studio) -> None:
    """Names are unique within a domain alone; the oldest comes first."""
    one, other = studio.domain(), studio.domain()
    for name in ("ann", "bob", "Anna"):
        studio.profile(one, name)
    studio.profile(other, "ann")
    with pytest.raises(ClientError, match="ResourceInUse"):
        studio.profile(one, "Ann")  # ARNs are in lower case
    listing = studio.sagemaker.get_paginator("list_user_profiles")

    def names(**asked: Any) -> list[str]:
        pages = listing.paginate(DomainIdEquals=one, **asked, PaginationConfig={"PageSize": 1})
        return [profile["UserProfileName"] for page in pages for profile in page["UserProfiles"]]

    assert names() == ["ann", "bob", "Anna"]
    assert names(SortOrder="Descending", UserProfileNameContains="an") == ["Anna", "ann"]
    assert names(UserProfileNameContains=one[:4]) == []
    studio.sagemaker.update_user_profile(
        DomainId=one, UserProfileName="ann", UserSettings={"DefaultLandingUri": "studio::/jobs"}
    )
    shown = studio.sagemaker.describe_user_profile(DomainId=one, UserProfileName="ann")
    assert shown["UserSettings"] == {"DefaultLandingUri": "studio::/jobs"} and shown["Status"] == "InService"
    space = studio.space(one, "ann", SpaceDisplayName="Ann's", SpaceSettings={"AppType": "JupyterLab"})
    pages = studio.sagemaker.get_paginator("list_spaces").paginate(DomainIdEquals=one, SpaceNameContains="space")
    (listed,) = [one for page in pages for one in page["Spaces"]]
    assert listed["SpaceSettingsSummary"] == {"AppType": "JupyterLab"}
    assert listed["OwnershipSettingsSummary"] == {"OwnerUserProfileName": "ann"}
    assert (listed["SpaceSharingSettingsSummary"], listed["SpaceDisplayName"]) == ({"SharingType": "Private"}, "Ann's")
    storage = {"SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 10}}}
    studio.sagemaker.update_space(DomainId=one, SpaceName=space, SpaceSettings=storage)
    shown = studio.sagemaker.describe_space(DomainId=one, SpaceName=space)
    assert shown["SpaceSettings"] == {"AppType": "JupyterLab", **storage}
    storage["SpaceStorageSettings"]["EbsStorageSettings"]["EbsVolumeSizeInGb"] = 5
    with pytest.raises(ClientError, match="cannot become smaller"):
        studio.sagemaker.update_space(DomainId=one, SpaceName=space, SpaceSettings=storage)


def test_what_is_in_use_is_not_deleted(studio: Studio) -> None:
    """The guide, "Remove user profiles", "Delete a domain": from the inside out."""
    domain = studio.domain()
    owner = studio.profile(domain)
    space = studio.space(domain, owner)
    with pytest.raises(ClientError) as error:
        studio.sagemaker.delete_domain(DomainId=domain)
    assert "ResourceInUse: Unable to delete Domain [" in refused(error)
    assert "because UserProfile(s) are associated with it" in refused(error)
    with pytest.raises(ClientError) as error:
        studio.sagemaker.delete_user_profile(DomainId=domain, UserProfileName=owner)
    assert "because Space(s) are associated with it" in refused(error)
    studio.sagemaker.delete_space(DomainId=domain, SpaceName=space)
    eventually(lambda: not studio.sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"])
    studio.sagemaker.delete_user_profile(DomainId=domain, UserProfileName=owner)
    studio.sagemaker.delete_domain(DomainId=domain)


UNDONE: list[tuple[dict[str, Any], str]] = [
    ({"AuthMode": "SSO"}, "AuthMode must be IAM"),
    ({"KmsKeyId": "k"}, "KmsKeyId"),
    ({"HomeEfsFileSystemCreation": "Enabled"}, "HomeEfsFileSystemCreation"),
    ({"TagPropagation": "ENABLED"}, "TagPropagation"),
    ({"DomainSettings": {"DockerSettings": {"EnableDockerAccess": "ENABLED"}}}, "DomainSettings.DockerSettings"),
    ({"DomainSettings": {"ExecutionRoleIdentityConfig": "USER_PROFILE_NAME"}}, "ExecutionRoleIdentityConfig"),
    ({"DefaultUserSettings": {"CustomPosixUserConfig": {"Uid": 10000, "Gid": 1001}}}, "CustomPosixUserConfig"),
    (
        {"DefaultUserSettings": {"JupyterLabAppSettings": {"CodeRepositories": [{"RepositoryUrl": "https://x.org/a"}]}}},
        "DefaultUserSettings.JupyterLabAppSettings.CodeRepositories",
    ),
    ({"DefaultUserSettings": {"ExecutionRole": f"{ROLE}-none"}}, "Could not assume role"),
    (
        {"DefaultUserSettings": {"JupyterLabAppSettings": {"LifecycleConfigArns": [
            "arn:aws:sagemaker:us-east-1:123456789012:studio-lifecycle-config/none"]}}},
        "does not exist",
    ),
    (
        {"DefaultUserSettings": {"JupyterLabAppSettings": {"CustomImages": [
            {"ImageName": "none", "AppImageConfigName": "none"}]}}},
        "there is no Image named none",
    ),
    (
        {"DefaultUserSettings": {"JupyterLabAppSettings": {"AppLifecycleManagement": {"IdleSettings": {
            "LifecycleManagement": "ENABLED", "IdleTimeoutInMinutes": 60, "MinIdleTimeoutInMinutes": 90}}}}},
        "must lie between",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "says"), UNDONE, ids=[says for _, says in UNDONE])
def test_what_cannot_be_given_is_refused(studio: Studio, asked: dict[str, Any], says: str) -> None:
    """…and what a request names must be there."""
    with pytest.raises(ClientError) as error:
        studio.domain(**asked)
    assert refused(error).startswith("ValidationException") and says in refused(error)


def test_spaces_and_profiles_ask_for_what_there_is(studio: Studio) -> None:
    """Types of apps that do not run, owners that there are not, volumes beyond the domain's limit."""
    sizes = {"DefaultEbsVolumeSizeInGb": 5, "MaximumEbsVolumeSizeInGb": 8}
    domain = studio.domain(DefaultUserSettings={"SpaceStorageSettings": {"DefaultEbsStorageSettings": sizes}})
    large = {"SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 9}}}
    for settings, says in [
        ({"AppType": "CodeEditor"}, "runs no apps of type CodeEditor"),
        ({"RemoteAccess": "ENABLED"}, "SpaceSettings.RemoteAccess"),
        (large, "allow 8 at most"),
    ]:
        with pytest.raises(ClientError, match=says):
            studio.space(domain, SpaceSettings=settings)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        studio.space(domain, "nobody")
    with pytest.raises(ClientError, match="come together"):
        studio.sagemaker.create_space(
            DomainId=domain, SpaceName="half", OwnershipSettings={"OwnerUserProfileName": studio.profile(domain)}
        )
    with pytest.raises(ClientError, match="SSO"):
        studio.sagemaker.create_user_profile(
            DomainId=domain, UserProfileName="sso", SingleSignOnUserIdentifier="UserName", SingleSignOnUserValue="a"
        )


def test_scripts_that_are_used_stay(studio: Studio) -> None:
    """API_DeleteStudioLifecycleConfig: "You must also remove the Lifecycle Configuration from UserSettings"."""
    script = studio.script("echo")
    domain = studio.domain(DefaultUserSettings={"JupyterLabAppSettings": {"LifecycleConfigArns": [script]}})
    named = {"StudioLifecycleConfigName": script.rpartition("/")[2]}
    with pytest.raises(ClientError) as error:
        studio.sagemaker.delete_studio_lifecycle_config(**named)
    assert refused(error).startswith("ResourceInUse") and domain in refused(error)
    empty = {"LifecycleConfigArns": []}
    studio.sagemaker.update_domain(DomainId=domain, DefaultUserSettings={"JupyterLabAppSettings": empty})
    studio.sagemaker.delete_studio_lifecycle_config(**named)
    with pytest.raises(ClientError, match="not base64"):
        studio.sagemaker.create_studio_lifecycle_config(
            StudioLifecycleConfigName="odd",
            StudioLifecycleConfigContent="%%%",
            StudioLifecycleConfigAppType="JupyterLab",
        )


def test_policies_know_whose_space_it_is(salvia: Server, studio: Studio) -> None:
    """The guide, "Attribute-based access": sagemaker:OwnerUserProfileArn and sagemaker:SpaceSharingType of an app's
    space."""
    iam, sts = salvia.client("iam"), salvia.client("sts")
    domain = studio.domain()
    mine, theirs = (studio.profile(domain, name) for name in ("mine", "theirs"))
    spaces = {owner: studio.space(domain, owner) for owner in (mine, theirs)}
    account = f"arn:aws:sagemaker:us-east-1:{sts.get_caller_identity()['Account']}"
    statement = {
        "Effect": "Allow",
        "Action": ["sagemaker:DeleteApp", "sagemaker:UpdateSpace"],
        "Resource": [f"{account}:app/{domain}/*", f"{account}:space/{domain}/*"],
        "Condition": {
            "ArnLike": {"sagemaker:OwnerUserProfileArn": f"{account}:user-profile/{domain}/{mine}"},
            "StringEquals": {"sagemaker:SpaceSharingType": "Private"},
        },
    }
    iam.create_user(UserName="studio-user")
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="studio-user", PolicyName="own", PolicyDocument=document)
    key = iam.create_access_key(UserName="studio-user")["AccessKey"]
    sagemaker = salvia.client("sagemaker", (key["AccessKeyId"], key["SecretAccessKey"], None))
    named = {"DomainId": domain, "AppType": "JupyterLab", "AppName": "default"}
    with pytest.raises(ClientError, match="AccessDenied"):
        sagemaker.delete_app(**named, SpaceName=spaces[theirs])
    with pytest.raises(ClientError, match="ResourceNotFound"):  # allowed, but there is none
        sagemaker.delete_app(**named, SpaceName=spaces[mine])
    sagemaker.update_space(DomainId=domain, SpaceName=spaces[mine], SpaceDisplayName="mine")
    with pytest.raises(ClientError, match="AccessDenied"):
        sagemaker.update_space(DomainId=domain, SpaceName=spaces[theirs], SpaceDisplayName="mine")
