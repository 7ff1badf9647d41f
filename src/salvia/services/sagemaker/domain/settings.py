"""What settings of users and spaces may ask for, and what becomes of those of a domain and those of a profile.

Settings for types of apps that do not run here are kept, as defaults of what nobody can start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from salvia.control import crud
from salvia.control.authorize import pass_role
from salvia.control.call import Call
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.documents import Document

from . import USER_PROFILE

Settings = dict[str, Any]

#: What is not done, by path: the value that says that it is not wanted either, if there is one.
_UNDONE: Mapping[str, Mapping[str, str]] = {
    "request": {
        "KmsKeyId": "",
        "HomeEfsFileSystemKmsKeyId": "",
        "HomeEfsFileSystemCreation": "Disabled",
        "TagPropagation": "DISABLED",
    },
    "DomainSettings": {
        "RStudioServerProDomainSettings": "",
        "RStudioServerProDomainSettingsForUpdate": "",
        "ExecutionRoleIdentityConfig": "DISABLED",
        "TrustedIdentityPropagationSettings.Status": "DISABLED",
        "DockerSettings.EnableDockerAccess": "DISABLED",
        "AmazonQSettings.Status": "DISABLED",
        "UnifiedStudioSettings": "",
        "IpAddressType": "ipv4",
    },
    "UserSettings": {
        "CustomPosixUserConfig": "",
        "CustomFileSystemConfigs": "",
        "StudioWebPortalSettings": "",
        "AutoMountHomeEFS": "Disabled",
        "JupyterLabAppSettings.CodeRepositories": "",
        "JupyterLabAppSettings.EmrSettings": "",
        "JupyterLabAppSettings.BuiltInLifecycleConfigArn": "",
        "JupyterLabAppSettings.DefaultResourceSpec.TrainingPlanArn": "",
    },
    "SpaceSettings": {
        "CustomFileSystems": "",
        "SpaceManagedResources": "DISABLED",
        "RemoteAccess": "DISABLED",
        "JupyterLabAppSettings.CodeRepositories": "",
        "JupyterLabAppSettings.DefaultResourceSpec.TrainingPlanArn": "",
    },
}
_APPS = {"JupyterLab": "JupyterLabAppSettings", "CodeEditor": "CodeEditorAppSettings"}
_APPS |= {"JupyterServer": "JupyterServerAppSettings", "KernelGateway": "KernelGatewayAppSettings"}
SIZE = "SpaceStorageSettings.EbsStorageSettings.EbsVolumeSizeInGb"
NO_SCRIPT = "None"  # as an ARN: none, whatever else is said; its pattern in the model
_SMALLEST = 5  # GB; API_EbsStorageSettings
_TYPE = "StudioLifecycleConfigAppType"
_LEAST = 60  # minutes; API_IdleSettings
_IDLE = ("MinIdleTimeoutInMinutes", "IdleTimeoutInMinutes", "MaxIdleTimeoutInMinutes")


def at(settings: Any, path: str) -> Any:
    """What stands at a path of settings; None where there is nothing."""
    for member in path.split("."):
        settings = (settings or {}).get(member)
    return settings


def refuse(kind: str, *given: tuple[str, Settings | None]) -> None:
    """Raise ValidationException that names what there is no doing here, of `given` by what the request calls them."""
    found = [
        f"{where}{path}"
        for where, settings in given
        for path, unwanted in _UNDONE[kind].items()
        if at(settings, path) not in (None, unwanted, [], {})
    ]
    if found:
        raise validation_error(f"Salvia cannot do this yet: {', '.join(found)}. Leave it out of the request.")


def check(call: Call, where: str, settings: Settings | None) -> None:
    """What settings of users, or a domain's of spaces, name must be there. Raises ValidationException.

    Sources: API_UserSettings, API_DefaultSpaceSettings, API_IdleSettings.
    """
    refuse("UserSettings", (f"{where}.", settings))
    if at(settings, "ExecutionRole"):
        pass_role(call, at(settings, "ExecutionRole"), to="sagemaker.amazonaws.com")
    apps(call, where, settings)
    sizes = at(settings, "SpaceStorageSettings.DefaultEbsStorageSettings")
    if sizes and sizes["DefaultEbsVolumeSizeInGb"] > sizes["MaximumEbsVolumeSizeInGb"]:
        raise validation_error(f"{where}: DefaultEbsVolumeSizeInGb is larger than MaximumEbsVolumeSizeInGb.")


def apps(call: Call, where: str, settings: Settings | None) -> None:
    """The scripts and images that settings of apps name, and their idle times."""
    for app, member in _APPS.items():
        for arn in scripts(at(settings, member)):
            kept = documents.by_arn(call.db.read(), arn)
            if kept is None or (kept.kind, kept.account) != ("sagemaker:StudioLifecycleConfig", call.account):
                raise validation_error(f"{where}.{member}: the lifecycle configuration {arn} does not exist.")
            if kept.spec[_TYPE] != app:
                raise validation_error(f"{where}.{member}: {arn} is for apps of type {kept.spec[_TYPE]}.")
        for image in at(settings, f"{member}.CustomImages") or ():
            for kind in ("Image", "AppImageConfig"):
                name = image[f"{kind}Name"]
                found = documents.find(call.db.read(), f"sagemaker:{kind}", call.account, call.region, name)
                if found is None:
                    raise validation_error(f"{where}.{member}.CustomImages: there is no {kind} named {name}.")
        idle = at(settings, f"{member}.AppLifecycleManagement.IdleSettings") or {}
        times = [idle[name] for name in _IDLE if idle.get(name) is not None]
        if times != sorted(times):
            raise validation_error(
                f"{where}.{member}: IdleTimeoutInMinutes must lie between MinIdle- and MaxIdleTimeoutInMinutes."
            )


def scripts(settings: Settings | None) -> Iterator[str]:
    """The lifecycle configurations that settings of an app name."""
    yield from at(settings, "LifecycleConfigArns") or ()
    arn = at(settings, "DefaultResourceSpec.LifecycleConfigArn")
    if arn not in (None, NO_SCRIPT):
        yield arn


def merged(*layers: Settings | None) -> Settings:
    """Settings, the later layers' above the earlier ones', structure by structure."""
    found: Settings = {}
    for layer in layers:
        for member, value in (layer or {}).items():
            found[member] = merged(found.get(member), value) if isinstance(value, dict) else value
    return found


def of(call: Call, domain: Document, space: Settings) -> Settings:
    """The settings that are in force in a space: of its owner, above those of the domain; or those of shared spaces.

    Source: API_DefaultSpaceSettings, "applies to shared spaces"; API_UserSettings.
    """
    owner = at(space, "OwnershipSettings.OwnerUserProfileName")
    if owner is None or at(space, "SpaceSharingSettings.SharingType") == "Shared":
        return merged(domain.spec.get("DefaultSpaceSettings"))
    name = USER_PROFILE.name_of({"DomainId": domain.name, "UserProfileName": owner})
    return user(domain, crud.find(call, USER_PROFILE, name))


def user(domain: Document, profile: Document) -> Settings:
    """The settings of a user."""
    return merged(domain.spec["DefaultUserSettings"], profile.spec.get("UserSettings"))


def idle_minutes(given: Settings, space: Settings) -> int | None:
    """After how many minutes without work an app of a space is shut down; None: never, as far as settings say.

    A space may say so itself where that is ENABLED, within what its settings allow. Source: API_IdleSettings,
    API_SpaceIdleSettings.
    """
    path = "JupyterLabAppSettings.AppLifecycleManagement.IdleSettings"
    idle = at(given, path) or {}
    if idle.get("LifecycleManagement") != "ENABLED":
        return None
    least = idle.get("MinIdleTimeoutInMinutes") or _LEAST
    own = at(space, f"SpaceSettings.{path}.IdleTimeoutInMinutes") or idle.get("IdleTimeoutInMinutes")
    minutes = max(own or least, least)
    return min(minutes, idle.get("MaxIdleTimeoutInMinutes") or minutes)


def size(given: Settings, space: Settings) -> int:
    """How many GB the files of a space may grow to."""
    default = at(given, "SpaceStorageSettings.DefaultEbsStorageSettings.DefaultEbsVolumeSizeInGb")
    return int(at(space, f"SpaceSettings.{SIZE}") or default or _SMALLEST)
