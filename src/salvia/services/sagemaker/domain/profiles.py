"""The operations on user profiles. Sources: API_CreateUserProfile, API_UpdateUserProfile, API_DeleteUserProfile."""

from __future__ import annotations

from typing import Any

from salvia.control import crud, records
from salvia.control.call import Call, operation
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import SPACE, USER_PROFILE, running, settings


@operation("CreateUserProfile")
async def create_user_profile(call: Call) -> dict[str, Any]:
    """Keep a user's profile; what it does not set, its domain does."""
    for member in ("SingleSignOnUserIdentifier", "SingleSignOnUserValue"):
        if call.request.get(member):
            raise validation_error(f"{member} is for domains whose AuthMode is SSO; those here are IAM's.")
    settings.check(call, "UserSettings", call.request.get("UserSettings"))
    profile = crud.new(call, USER_PROFILE, call.request, state=USER_PROFILE.initial)
    return {"UserProfileArn": (await crud.create(call, USER_PROFILE, profile)).arn}


@operation("UpdateUserProfile")
async def update_user_profile(call: Call) -> dict[str, Any]:
    """Change a profile's settings, member by member."""
    settings.check(call, "UserSettings", call.request.get("UserSettings"))
    return {"UserProfileArn": (await records.update(call, USER_PROFILE)).arn}


@operation("DeleteUserProfile")
async def delete_user_profile(call: Call) -> dict[str, Any]:
    """Forget a profile that owns no space. The guide, "Remove user profiles": "all spaces owned by the user profile
    must be deleted"."""

    def free(tx: Transaction, profile: Document) -> None:
        for space in documents.owned(tx, profile.owner, SPACE.kind):
            if settings.at(space.spec, "OwnershipSettings.OwnerUserProfileName") == profile.spec["UserProfileName"]:
                raise running.in_use(USER_PROFILE, profile, "Space")

    await crud.remove(call, USER_PROFILE, USER_PROFILE.name_of(call.request), also=free)
    return {}
