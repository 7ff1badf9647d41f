"""CreatePresignedDomainUrl: a link that opens Studio as a user, or the app of a space.

Sources: API_CreatePresignedDomainUrl; the guide, "Launch Studio using presigned URLs".
"""

from __future__ import annotations

from typing import Any

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents, sites
from salvia.store.documents import Document
from salvia.studio import links

from . import APP, DOMAIN, SPACE, USER_PROFILE, settings

_LINK = 300  # seconds: ExpiresInSeconds, unless it is given
_SESSION = 43_200  # seconds: SessionExpirationDurationInSeconds
_SESSION_NAME = "SageMaker"  # as AWS calls sessions of Studio's users
_STUDIO, _APP = "studio::", "app:JupyterLab:"


@operation("CreatePresignedDomainUrl")
async def create_presigned_domain_url(call: Call) -> dict[str, Any]:
    """A link that opens Studio, or the app of a space that is named; once, within five minutes.

    Raises ValidationException for a user whom settings keep out, for a space that is another's, and without a role.
    """
    request = call.request
    domain = crud.find(call, DOMAIN, request["DomainId"])
    profile = crud.find(call, USER_PROFILE, USER_PROFILE.name_of(request))
    given = settings.user(domain, profile)
    if given.get("StudioWebPortal") == "DISABLED":
        raise validation_error(f"StudioWebPortal is DISABLED for UserProfile [{profile.arn}].")
    default = _APP if "SpaceName" in request else given.get("DefaultLandingUri") or _STUDIO
    landing = request.get("LandingUri") or default
    lasts = request.get("ExpiresInSeconds") or _LINK
    seconds = request.get("SessionExpirationDurationInSeconds") or _SESSION
    if landing.startswith(_APP) and landing != _APP:
        raise validation_error(f"Salvia opens an app at its first page: LandingUri {_APP} has nothing behind it here.")
    if landing == _APP:
        return {"AuthorizedUrl": await _to_app(call, profile, lasts, seconds)}
    if not landing.startswith(_STUDIO):
        raise validation_error(f"LandingUri {landing} is nowhere here: {_STUDIO}PATH is Studio, {_APP} a space's app.")
    if "SpaceName" in request:
        raise validation_error(f"LandingUri {landing} is no space's: leave out SpaceName, or land at {_APP}.")
    page = "/" + landing.removeprefix(_STUDIO).lstrip("/")
    grant = links.Grant(call.account, _role(call, profile, given), _SESSION_NAME, seconds=seconds)
    return {"AuthorizedUrl": await links.make(call.world, grant, lasts, page if page != "/" else "")}


def _role(call: Call, profile: Document, given: settings.Settings) -> str:
    """The id of the role as which the user works."""
    arn = given.get("ExecutionRole")
    role = documents.by_arn(call.db.read(), arn) if arn else None
    if role is None:
        raise validation_error(
            f"The ExecutionRole of UserProfile [{profile.arn}] is {arn or 'not set'}: name one that there is in its "
            "UserSettings, or in the DefaultUserSettings of its domain."
        )
    return role.id


async def _to_app(call: Call, profile: Document, lasts: int, seconds: int) -> str:
    if not call.request.get("SpaceName"):
        raise validation_error(f"A LandingUri {_APP} needs a SpaceName: apps are of spaces here.")
    space = crud.find(call, SPACE, SPACE.name_of(call.request))
    owner = settings.at(space.spec, "OwnershipSettings.OwnerUserProfileName")
    shared = settings.at(space.spec, "SpaceSharingSettings.SharingType") != "Private"
    if not shared and owner != profile.spec["UserProfileName"]:
        raise validation_error(f"Space [{space.arn}] is private to UserProfile [{owner}].")
    running = [app for app in documents.owned(call.db.read(), space.id, APP.kind) if app.state == "InService"]
    if not running:
        raise ServiceError("ResourceNotFound", f"Space [{space.arn}] has no app InService. Start one with CreateApp.")
    token = await call.db.write(lambda tx: sites.link(tx, running[0].id, call.clock.wall(), lasts, seconds))
    return f"{call.world.settings.hosted(running[0].status['_Host'])}?authToken={token}"
