"""The operations on domains. Sources: API_CreateDomain, API_UpdateDomain, API_DeleteDomain.

A VPC is written down. What would have to run inside of one does not start: `apps` says so.
"""

from __future__ import annotations

import secrets
from typing import Any

from salvia.control import crud, records
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import DOMAIN, running, settings

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
_USERS = ("DefaultUserSettings", "DefaultSpaceSettings")
_DEFAULTS = {
    "AppNetworkAccessType": "PublicInternetOnly",
    "HomeEfsFileSystemCreation": "Disabled",  # at AWS "Enabled"; there is no such file system here
    "TagPropagation": "DISABLED",
}


@operation("CreateDomain")
async def create_domain(call: Call) -> dict[str, Any]:
    """Keep a domain. Raises ValidationException for what nobody can give, ResourceInUse when the name is taken."""
    request = call.request
    if request["AuthMode"] != "IAM":
        raise validation_error("Salvia has no IAM Identity Center: AuthMode must be IAM.")
    _check(call)
    made = "d-" + "".join(secrets.choice(_LETTERS) for _ in range(12))
    domain = crud.new(call, DOMAIN, {**_DEFAULTS, **request, "DomainId": made}, state=DOMAIN.initial)

    def unique(tx: Transaction, new: Document) -> None:
        place = {"kind": new.kind, "account": new.account, "region": new.region}
        rows = tx.all("SELECT * FROM documents WHERE kind = :kind AND account = :account AND region = :region", place)
        for one in map(Document.of, rows):
            if one.spec["DomainName"] == request["DomainName"]:
                raise ServiceError("ResourceInUse", f"Domain [{one.arn}] already exists with this name.")

    await crud.create(call, DOMAIN, domain, unique)
    return {"DomainArn": domain.arn, "DomainId": made, "Url": _url(call)}


@operation("DescribeDomain")
async def describe_domain(call: Call) -> dict[str, Any]:
    """A domain, and where Studio is."""
    return {**crud.describe(DOMAIN, crud.find(call, DOMAIN, call.request["DomainId"])), "Url": _url(call)}


@operation("ListDomains")
async def list_domains(call: Call) -> dict[str, Any]:
    """The domains of an account and region."""
    return await records.answer(call, DOMAIN, summarize=lambda one: {**crud.summary(DOMAIN, one), "Url": _url(call)})


@operation("UpdateDomain")
async def update_domain(call: Call) -> dict[str, Any]:
    """Change a domain's settings, member by member. Raises ResourceInUse for its network while apps run in it.

    The guide, "Change AppNetworkAccessType": only "if there are no apps in the InService, Pending, or Deleting state".
    """
    _check(call)
    changes = dict(call.request)
    if "DomainSettingsForUpdate" in changes:
        changes["DomainSettings"] = changes.pop("DomainSettingsForUpdate")

    def edit(domain: Document) -> None:
        if changes.get("AppNetworkAccessType") == domain.spec["AppNetworkAccessType"]:
            del changes["AppNetworkAccessType"]
        records.merge(DOMAIN, domain.spec, changes)

    def stopped(tx: Transaction, domain: Document) -> None:
        if "AppNetworkAccessType" in changes and running.apps(tx, domain):
            raise ServiceError(
                "ResourceInUse", f"Delete the App(s) of Domain [{domain.arn}] before its AppNetworkAccessType changes."
            )

    return {"DomainArn": (await crud.change(call, DOMAIN, call.request["DomainId"], edit, stopped)).arn}


@operation("DeleteDomain")
async def delete_domain(call: Call) -> dict[str, Any]:
    """Forget a domain that has neither user profiles nor spaces; no file system is left over, whatever is retained."""

    def empty(tx: Transaction, domain: Document) -> None:
        rows = tx.all("SELECT DISTINCT kind FROM documents WHERE owner = :id ORDER BY kind DESC", {"id": domain.id})
        for row in rows:
            raise running.in_use(DOMAIN, domain, row["kind"].partition(":")[2])

    await crud.remove(call, DOMAIN, call.request["DomainId"], also=empty)
    return {}


def _check(call: Call) -> None:
    request = call.request
    settings.refuse("request", ("", request))
    settings.refuse(
        "DomainSettings", *((f"{name}.", request.get(name)) for name in ("DomainSettings", "DomainSettingsForUpdate"))
    )
    for member in _USERS:
        settings.check(call, member, request.get(member))


def _url(call: Call) -> str:
    return call.world.settings.studio
