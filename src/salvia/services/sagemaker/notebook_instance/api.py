"""The operations on notebook instances: what the model cannot check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salvia.control import crud, listing, quotas, shapes
from salvia.control.authorize import pass_role
from salvia.control.call import Call, operation
from salvia.core.errors import validation_error
from salvia.store import sites, usage
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import NOTEBOOK_INSTANCE, billing, checks, limits

_LINK = 300.0  # seconds; API_CreatePresignedNotebookInstanceUrl, "can be used only within 5 minutes"
_SESSION = 43_200
_UPDATES = frozenset(
    {
        "InstanceType",
        "RoleArn",
        "NotebookInstanceLifecycleConfigName",
        "VolumeSizeInGB",
        "DefaultCodeRepository",
        "AdditionalCodeRepositories",
        "RootAccess",
        "PlatformIdentifier",
        "InstanceMetadataServiceConfiguration",
    }
)
_FORGETS = {
    "DisassociateLifecycleConfig": "NotebookInstanceLifecycleConfigName",
    "DisassociateDefaultCodeRepository": "DefaultCodeRepository",
    "DisassociateAdditionalCodeRepositories": "AdditionalCodeRepositories",
}


@operation("CreateNotebookInstance")
async def create_notebook_instance(call: Call) -> dict[str, Any]:
    """Accept a notebook instance, which starts at once. Source: API_CreateNotebookInstance.

    Raises ValidationException for a role that may not be passed, a request that contradicts itself or asks for what
    Salvia cannot do yet, a name that is taken; ResourceLimitExceeded when a quota is used up.
    """
    checks.check(call)
    pass_role(call, call.request["RoleArn"], to="sagemaker.amazonaws.com")
    document = crud.new(call, NOTEBOOK_INSTANCE, checks.with_defaults(call.request), state="Pending", due=True)
    keep = billing.keeping(document, document.created_at)

    def also(tx: Transaction, document: Document) -> None:
        document.status["_Claims"] = quotas.take(tx, document.account, document.region, limits.claims(document.spec))
        host = sites.claim(tx, document.name, "notebook", document.id)
        document.status |= {"_Host": host, "Url": call.world.settings.hosted(host).partition("://")[2]}
        keep(tx)

    await crud.create(call, NOTEBOOK_INSTANCE, document, also)
    return {"NotebookInstanceArn": document.arn}


@operation("ListNotebookInstances")
async def list_notebook_instances(call: Call) -> dict[str, Any]:
    """Source: API_ListNotebookInstances."""
    request = call.request

    def wanted(document: Document) -> bool:
        spec = document.spec
        config = spec.get("NotebookInstanceLifecycleConfigName") or ""
        repositories = spec.get("AdditionalCodeRepositories") or ()
        return (
            request.get("NotebookInstanceLifecycleConfigNameContains", "") in config
            and request.get("DefaultCodeRepositoryContains", "") in (spec.get("DefaultCodeRepository") or "")
            and request.get("AdditionalCodeRepositoryEquals") in (None, *repositories)
        )

    found, token = await listing.page(call, NOTEBOOK_INSTANCE, request, where=wanted)
    entries = [crud.summary(NOTEBOOK_INSTANCE, document) for document in found]
    return {shapes.entries(NOTEBOOK_INSTANCE)[0]: entries, **({"NextToken": token} if token else {})}


@operation("UpdateNotebookInstance")
async def update_notebook_instance(call: Call) -> dict[str, Any]:
    """Change what is stopped. A volume may grow, never shrink. Source: API_UpdateNotebookInstance."""
    checks.check(call)
    if "RoleArn" in call.request:
        pass_role(call, call.request["RoleArn"], to="sagemaker.amazonaws.com")
    given = {member: value for member, value in checks.named(call.request).items() if member in _UPDATES}

    def edit(document: Document) -> None:
        _must(document, "Updating", "Stopped", "Failed")
        if given.get("VolumeSizeInGB", document.spec["VolumeSizeInGB"]) < document.spec["VolumeSizeInGB"]:
            raise validation_error(
                f"VolumeSizeInGB of {document.arn} is {document.spec['VolumeSizeInGB']}: a volume can only grow."
            )
        for member, forgotten in _FORGETS.items():
            if call.request.get(member):
                document.spec.pop(forgotten, None)
        document.spec |= given
        document.state = "Updating"
        document.status.pop("FailureReason", None)

    await crud.change(call, NOTEBOOK_INSTANCE, call.request[NOTEBOOK_INSTANCE.key], edit, wake=True)
    return {}


@operation("StartNotebookInstance")
async def start_notebook_instance(call: Call) -> dict[str, Any]:
    """Start it again, on its volume. Source: API_StartNotebookInstance."""

    def edit(document: Document) -> None:
        _must(document, "Pending", "Stopped", "Failed")
        document.state = "Pending"
        document.status.pop("FailureReason", None)
        document.status.pop("_Crashes", None)

    def claim(tx: Transaction, document: Document) -> None:
        document.status["_Claims"] = quotas.take(tx, document.account, document.region, limits.claims(document.spec))

    await _change(call, edit, claim)
    return {}


@operation("StopNotebookInstance")
async def stop_notebook_instance(call: Call) -> dict[str, Any]:
    """End what runs; the volume stays. Source: API_StopNotebookInstance.

    One that is Pending can be stopped, too: whoever waits for a script need not wait for its five minutes.
    """

    def edit(document: Document) -> None:
        _must(document, "Stopping", "InService", "Pending")
        document.state = "Stopping"
        document.status["_StopRequestedAt"] = call.clock.wall()

    await _change(call, edit, lambda tx, document: sites.close(tx, document.id))
    return {}


@operation("DeleteNotebookInstance")
async def delete_notebook_instance(call: Call) -> dict[str, Any]:
    """Delete what is stopped, and its volume. Source: API_DeleteNotebookInstance."""

    def edit(document: Document) -> None:
        _must(document, "Deleting", "Stopped", "Failed")
        document.state = "Deleting"

    def end(tx: Transaction, document: Document) -> None:
        usage.end(tx, document.id, call.clock.now())

    await _change(call, edit, end)
    return {}


@operation("CreatePresignedNotebookInstanceUrl")
async def create_presigned_notebook_instance_url(call: Call) -> dict[str, Any]:
    """A link that opens the notebook once, within five minutes. Source: API_CreatePresignedNotebookInstanceUrl."""
    document = crud.find(call, NOTEBOOK_INSTANCE, call.request[NOTEBOOK_INSTANCE.key])
    if document.state != "InService":
        raise validation_error(
            f"Status ({document.state}) not in ([InService]). Unable to open Notebook Instance ({document.arn})."
        )
    seconds = call.request.get("SessionExpirationDurationInSeconds", _SESSION)
    token = await call.db.write(lambda tx: sites.link(tx, document.id, call.clock.wall(), _LINK, seconds))
    return {"AuthorizedUrl": f"{call.world.settings.hosted(document.status['_Host'])}?authToken={token}"}


async def _change(call: Call, edit: Callable[[Document], None], also: Callable[[Transaction, Document], None]) -> None:
    await crud.change(call, NOTEBOOK_INSTANCE, call.request[NOTEBOOK_INSTANCE.key], edit, also, wake=True)


def _must(document: Document, to: str, *states: str) -> None:
    """Refuse, in AWS's words, what cannot be done in the state that it is in."""
    if document.state not in states:
        raise validation_error(
            f"Status ({document.state}) not in ([{', '.join(states)}]). Unable to transition to ({to}) for Notebook "
            f"Instance ({document.arn})."
        )
