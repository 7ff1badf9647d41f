"""The operations on apps. Sources: API_CreateApp, API_DeleteApp; the guide, "JupyterLab user guide".

A space runs one app, of type JupyterLab. One that is gone is shown as Deleted for a day, or until the next.
"""

from __future__ import annotations

from typing import Any

from salvia.control import crud, quotas
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents, leases, sites
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import APP, DOMAIN, SPACE, billing, limits, settings

RUNS = "JupyterLab"
_INSTANCE = "ml.t3.medium"  # what JupyterLab gets unless something else is said; the guide, "Instance types"
_OWN_IMAGE = "image/sagemaker-distribution-"  # AWS's, in an account of its own


@operation("CreateApp")
async def create_app(call: Call) -> dict[str, Any]:
    """Accept an app, which starts at once.

    Raises ValidationException for what does not run here, ResourceInUse when the space has an app,
    ResourceLimitExceeded when a quota is used up.
    """
    request = call.request
    _check(request)
    domain = crud.find(call, DOMAIN, request["DomainId"])
    space = crud.find(call, SPACE, SPACE.name_of(request))
    given = settings.of(call, domain, space.spec)
    spec = {**request, "ResourceSpec": _resources(call, given, space)}
    spec.pop("RecoveryMode", None)
    kept = {"_Role": _role(space, given), "_Idle": settings.idle_minutes(given, space.spec)}
    size = settings.size(given, space.spec)
    app = crud.new(call, APP, spec, state="Pending", status=kept, due=True)

    def insert(tx: Transaction) -> None:
        found = crud.look_up(call, SPACE, space.name, tx)
        app.owner = found.id
        _reachable(crud.look_up(call, DOMAIN, domain.name, tx))
        for old in documents.owned(tx, found.id, APP.kind):
            if old.state not in APP.terminal:
                raise ServiceError("ResourceInUse", f"App [{old.arn}] already exists: a space runs one app at a time.")
            sites.release(tx, old.id)
            documents.delete(tx, old.id)
        if found.state != SPACE.initial:
            raise ServiceError("ResourceInUse", f"Space [{found.arn}] is being deleted.")
        app.status["_Claims"] = quotas.take(tx, app.account, app.region, limits.claims(spec))
        app.status["_Host"] = sites.claim(tx, space.spec["SpaceName"], "app", app.id)
        billing.keep(tx, found, call.clock.now(), size)
        documents.update(tx, found)
        documents.insert(tx, app)
        if found.node:
            leases.pin(tx, app, found.node)  # where its files are

    await call.world.write(insert)
    return {"AppArn": app.arn}


@operation("DescribeApp")
async def describe_app(call: Call) -> dict[str, Any]:
    """An app, whether it runs or ran of late."""
    return crud.describe(APP, crud.find(call, APP, _name(call.request)))


@operation("DeleteApp")
async def delete_app(call: Call) -> dict[str, Any]:
    """End what runs; its files stay with the space."""

    def edit(app: Document) -> None:
        if app.state == "Deleted":
            raise ServiceError("ResourceNotFound", f"App [{app.arn}] does not exist.")
        if app.state != "Deleting":
            app.state = "Deleting"
            app.status["_StopRequestedAt"] = call.clock.wall()

    name = _name(call.request)
    await crud.change(call, APP, name, edit, lambda tx, app: sites.close(tx, app.id), wake=True)
    return {}


def _name(request: dict[str, Any]) -> str:
    if "SpaceName" not in request:
        raise ServiceError("ResourceNotFound", f"App '{request['AppName']}' does not exist: apps are of spaces here.")
    return APP.name_of(request)


def _check(request: dict[str, Any]) -> None:
    if request["AppType"] != RUNS:
        raise validation_error(f"Salvia runs no apps of type {request['AppType']}: AppType must be {RUNS}.")
    if request.get("UserProfileName") or not request.get("SpaceName"):
        raise validation_error(f"An app of type {RUNS} runs in a space: give SpaceName, and no UserProfileName.")
    if request.get("RecoveryMode"):
        raise validation_error("Salvia cannot do this yet: RecoveryMode. Leave it out of the request.")
    spec = request.get("ResourceSpec") or {}
    if spec.get("TrainingPlanArn"):
        raise validation_error("Salvia cannot do this yet: ResourceSpec.TrainingPlanArn. Leave it out of the request.")


def _reachable(domain: Document) -> None:
    if domain.spec["AppNetworkAccessType"] == "VpcOnly":
        raise validation_error(
            f"Apps of Domain [{domain.arn}] would have to run in VPC {domain.spec.get('VpcId', '')} alone "
            "(AppNetworkAccessType VpcOnly). It is recorded, but Salvia has no VPC to run them in: nothing is started. "
            "Set AppNetworkAccessType to PublicInternetOnly with UpdateDomain."
        )


def _resources(call: Call, given: settings.Settings, space: Document) -> dict[str, Any]:
    """What the app gets: of the request, else of the space, else of whose space it is."""
    inherited = [
        settings.at(layer, f"{RUNS}AppSettings.DefaultResourceSpec")
        for layer in (given, space.spec.get("SpaceSettings"))
    ]
    found = {"InstanceType": _INSTANCE, **settings.merged(*inherited, call.request.get("ResourceSpec"))}
    if found["InstanceType"] == "system":
        raise validation_error(f"InstanceType system is none for apps of type {RUNS}: name one such as {_INSTANCE}.")
    for member in ("SageMakerImageArn", "SageMakerImageVersionArn"):
        if found.get(member) and _OWN_IMAGE not in found[member].replace("image-version/", "image/"):
            raise validation_error(f"{member} {found[member]}: apps of images of one's own do not run here yet.")
    if found.get("LifecycleConfigArn") == settings.NO_SCRIPT:
        del found["LifecycleConfigArn"]
    if found.get("LifecycleConfigArn"):
        settings.apps(call, "ResourceSpec", {f"{RUNS}AppSettings": {"DefaultResourceSpec": found}})
    return found


def _role(space: Document, given: settings.Settings) -> str:
    role = given.get("ExecutionRole")
    if not role:
        raise validation_error(
            f"There is no ExecutionRole for Space [{space.arn}]: a shared one takes that of the domain's "
            "DefaultSpaceSettings, any other that of its owner's UserSettings or the domain's DefaultUserSettings."
        )
    return str(role)
