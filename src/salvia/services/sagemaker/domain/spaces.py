"""The operations on spaces. Sources: API_CreateSpace, API_UpdateSpace, API_DeleteSpace.

A space belongs to one user, or is shared by all of its domain.
"""

from __future__ import annotations

from typing import Any

from salvia.control import crud, records
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store import usage
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import DOMAIN, SPACE, billing, running, settings

_SUMMARIES = {
    "SpaceSettingsSummary": ("SpaceSettings", ("AppType", "RemoteAccess", "SpaceStorageSettings")),
    "SpaceSharingSettingsSummary": ("SpaceSharingSettings", ("SharingType",)),
    "OwnershipSettingsSummary": ("OwnershipSettings", ("OwnerUserProfileName",)),
}


@operation("CreateSpace")
async def create_space(call: Call) -> dict[str, Any]:
    """Keep a space; its files come with its first app. Raises ValidationException for what nobody can give."""
    request = call.request
    if ("OwnershipSettings" in request) != ("SpaceSharingSettings" in request):
        raise validation_error("OwnershipSettings and SpaceSharingSettings come together, or not at all.")
    domain = crud.find(call, DOMAIN, request["DomainId"])
    _check(call, domain, request)
    creator = {usage.CREATOR: call.caller.entity}  # who pays for its files
    space = crud.new(call, SPACE, request, state=SPACE.initial, status=creator)
    return {"SpaceArn": (await crud.create(call, SPACE, space)).arn}


@operation("ListSpaces")
async def list_spaces(call: Call) -> dict[str, Any]:
    """The spaces of a domain, or of all."""
    return await records.answer(call, SPACE, summarize=_summary)


@operation("UpdateSpace")
async def update_space(call: Call) -> dict[str, Any]:
    """Change a space. Raises ResourceInUse for its storage while an app runs, ValidationException for less of it.

    The guide, "Studio storage": a volume can be made larger, and only while the space is stopped.
    """
    space = crud.find(call, SPACE, SPACE.name_of(call.request))
    _check(call, crud.find(call, DOMAIN, call.request["DomainId"]), space.spec)
    new, old = (settings.at(one.get("SpaceSettings"), settings.SIZE) for one in (call.request, space.spec))
    if old is not None and new is not None and new < old:
        raise validation_error(f"EbsVolumeSizeInGb of Space [{space.arn}] is {old}: it cannot become smaller.")

    def stopped(tx: Transaction, found: Document) -> None:
        if new not in (None, old) and running.apps(tx, found):
            raise ServiceError("ResourceInUse", f"Delete the app of Space [{found.arn}] before its storage changes.")
        if new is not None and billing.METERED in found.status:
            billing.keep(tx, found, call.clock.now(), new)

    def edit(found: Document) -> None:
        records.merge(SPACE, found.spec, call.request)

    return {"SpaceArn": (await crud.change(call, SPACE, SPACE.name_of(call.request), edit, stopped)).arn}


@operation("DeleteSpace")
async def delete_space(call: Call) -> dict[str, Any]:
    """Forget a space without an app, once its files are gone."""

    def edit(space: Document) -> None:
        space.state = "Deleting"

    def free(tx: Transaction, space: Document) -> None:
        if running.apps(tx, space):
            raise running.in_use(SPACE, space, "App")

    await crud.change(call, SPACE, SPACE.name_of(call.request), edit, free, wake=True)
    return {}


def _check(call: Call, domain: Document, space: settings.Settings) -> None:
    given = call.request.get("SpaceSettings")
    settings.refuse("SpaceSettings", ("SpaceSettings.", given))
    settings.apps(call, "SpaceSettings", given)
    app = settings.at(given, "AppType")
    if app not in (None, "JupyterLab"):
        raise validation_error(f"Salvia runs no apps of type {app}: SpaceSettings.AppType must be JupyterLab.")
    most = settings.at(
        settings.of(call, domain, space), "SpaceStorageSettings.DefaultEbsStorageSettings.MaximumEbsVolumeSizeInGb"
    )
    size = settings.at(given, settings.SIZE)
    if size is not None and most is not None and size > most:
        raise validation_error(f"EbsVolumeSizeInGb is {size}: the domain's settings allow {most} at most.")


def _summary(space: Document) -> dict[str, Any]:
    description = crud.describe(SPACE, space)
    for member, (whole, shown) in _SUMMARIES.items():
        found = {name: value for name, value in (description.get(whole) or {}).items() if name in shown}
        if found:
            description[member] = found
    return description
