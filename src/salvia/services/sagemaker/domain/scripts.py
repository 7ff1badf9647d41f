"""Lifecycle configurations of Studio: their content, and whether settings use them.

Sources: API_CreateStudioLifecycleConfig; API_DeleteStudioLifecycleConfig: "there must be no running apps using the
Lifecycle Configuration. You must also remove the Lifecycle Configuration from UserSettings in all Domains and
UserProfiles".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from salvia.control import crud, records
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import APP, DOMAIN, SPACE, STUDIO_LIFECYCLE_CONFIG, USER_PROFILE

_NOUN = "StudioLifecycleConfig"
_USED = """SELECT * FROM documents WHERE kind IN (:domain, :profile, :space, :app) AND account = :account
AND region = :region AND state <> 'Deleted'"""


@operation(f"Create{_NOUN}")
async def create(call: Call) -> dict[str, Any]:
    """Keep a script. Raises ValidationException for what is no base64."""
    try:
        base64.b64decode(call.request[f"{_NOUN}Content"], validate=True)
    except (binascii.Error, ValueError):
        raise validation_error(f"{_NOUN}Content is not base64: encode the script with base64.") from None
    return {f"{_NOUN}Arn": (await records.create(call, STUDIO_LIFECYCLE_CONFIG)).arn}


@operation(f"Delete{_NOUN}")
async def delete(call: Call) -> dict[str, Any]:
    """Forget a script that no settings name. Raises ResourceInUse."""

    def unused(tx: Transaction, script: Document) -> None:
        kinds = {"domain": DOMAIN, "profile": USER_PROFILE, "space": SPACE, "app": APP}
        where = {name: resource.kind for name, resource in kinds.items()}
        for row in tx.all(_USED, {**where, "account": script.account, "region": script.region}):
            user = Document.of(row)
            if script.arn in _texts(user.spec):
                raise ServiceError("ResourceInUse", f"{user.arn} uses {_NOUN} [{script.arn}]. Remove it there first.")

    await crud.remove(call, STUDIO_LIFECYCLE_CONFIG, call.request[f"{_NOUN}Name"], also=unused)
    return {}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
