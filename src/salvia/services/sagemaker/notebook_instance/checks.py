"""What the API's model cannot check of a notebook instance, and what it leaves to defaults.

Sources: API_CreateNotebookInstance, API_UpdateNotebookInstance; the guide, "Amazon Linux 2023 notebook instances",
"JupyterLab versioning".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from salvia.control.call import Call
from salvia.core.errors import validation_error
from salvia.store import documents

from . import LIFECYCLE_CONFIG

Request = Mapping[str, Any]
IDLE_TAG = "salvia:idle-minutes"
# What Describe calls otherwise than Create does.
_CALLED = {"LifecycleConfigName": "NotebookInstanceLifecycleConfigName", "SecurityGroupIds": "SecurityGroups"}
_DEFAULTS = {
    "DirectInternetAccess": "Enabled",
    "RootAccess": "Enabled",
    "VolumeSizeInGB": 5,
    "PlatformIdentifier": "notebook-al2023-v1",
    "IpAddressType": "ipv4",
    "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "2"},
}
_OLD = ("notebook-al1-v1", "notebook-al2-v1", "notebook-al2-v2")  # whose JupyterLab is 1 or 3


def check(call: Call) -> None:
    """Raise ValidationException for a request that contradicts itself, names what is not there, or cannot be met."""
    unsupported = list(_unsupported(call.request))
    if unsupported:
        raise validation_error(f"Salvia cannot do this yet: {'; '.join(unsupported)}. Leave it out of the request.")
    for problem in _problems(call):
        raise validation_error(problem)


def with_defaults(request: Request) -> dict[str, Any]:
    """The request as Describe shows it."""
    return {**_DEFAULTS, **named(request)}


def named(request: Request) -> dict[str, Any]:
    """A request's members by the names that Describe gives them."""
    return {_CALLED.get(member, member): value for member, value in request.items()}


def idle_minutes(tags: Mapping[str, str]) -> int | None:
    """What an instance's tag says of idleness; None: nothing. Raises ValidationException for what is no number."""
    said = tags.get(IDLE_TAG)
    if said is None:
        return None
    if not said.isascii() or not said.isdigit() or len(said) > 6:
        raise validation_error(f"The tag {IDLE_TAG} is a number of minutes, or 0 for never; it is '{said}'.")
    return int(said)


def _unsupported(request: Request) -> Iterator[str]:
    for member in ("KmsKeyId", "AcceleratorTypes"):
        if request.get(member):
            yield member
    if request.get("IpAddressType") == "dualstack":
        yield "IpAddressType dualstack"
    if request.get("PlatformIdentifier") in _OLD:
        yield f"PlatformIdentifier {request['PlatformIdentifier']}; JupyterLab is 4 here, as in notebook-al2023-v1"


def _problems(call: Call) -> Iterator[str]:
    request = call.request
    if request.get("SecurityGroupIds") and not request.get("SubnetId"):
        yield "SecurityGroupIds need a SubnetId: security groups belong to a VPC."
    if request.get("DirectInternetAccess") == "Disabled" and not request.get("SubnetId"):
        yield "DirectInternetAccess can be Disabled only with a SubnetId."
    idle_minutes({tag["Key"]: tag["Value"] for tag in request.get("Tags") or ()})
    name = request.get("LifecycleConfigName")
    if name and documents.find(call.db.read(), LIFECYCLE_CONFIG.kind, call.account, call.region, name) is None:
        yield f"Lifecycle configuration '{name}' does not exist. Create it first."
    for given in (request.get("DefaultCodeRepository"), *(request.get("AdditionalCodeRepositories") or ())):
        if given and not given.startswith("https://"):
            found = documents.find(call.db.read(), "sagemaker:CodeRepository", call.account, call.region, given)
            if found is None:
                yield f"Code repository '{given}' does not exist. Create it first, or give an https:// URL."
            elif found.spec["GitConfig"].get("SecretArn"):
                yield (
                    f"Code repository '{given}' has a SecretArn, and there is no Secrets Manager here yet. Name a "
                    "repository that can be read without."
                )
