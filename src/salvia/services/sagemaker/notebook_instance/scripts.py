"""Lifecycle configurations: scripts that run when an instance is created, and whenever it starts.

Source: API_CreateNotebookInstanceLifecycleConfig, API_NotebookInstanceLifecycleHook.
"""

from __future__ import annotations

import base64
from typing import Any

from salvia.control import records
from salvia.control.call import Call, operation
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.db import Reader
from salvia.store.documents import Document

from . import LIFECYCLE_CONFIG

_HOOKS = ("OnCreate", "OnStart")


@operation("CreateNotebookInstanceLifecycleConfig")
async def create_notebook_instance_lifecycle_config(call: Call) -> dict[str, Any]:
    """Keep scripts. Raises ValidationException for what is not base64."""
    _check(call.request)
    document = await records.create(call, LIFECYCLE_CONFIG)
    return {"NotebookInstanceLifecycleConfigArn": document.arn}


@operation("UpdateNotebookInstanceLifecycleConfig")
async def update_notebook_instance_lifecycle_config(call: Call) -> dict[str, Any]:
    """Replace scripts; instances run them from their next start on."""
    _check(call.request)
    await records.update(call, LIFECYCLE_CONFIG)
    return {}


def of(db: Reader, notebook: Document) -> dict[str, str]:
    """The scripts that an instance is to run now, by their hook. Raises ValidationException when they are gone."""
    name = notebook.spec.get("NotebookInstanceLifecycleConfigName")
    if not name:
        return {}
    config = documents.find(db, LIFECYCLE_CONFIG.kind, notebook.account, notebook.region, name)
    if config is None:
        raise validation_error(
            f"its lifecycle configuration '{name}' does not exist any more. Update the instance with another, or "
            "with DisassociateLifecycleConfig."
        )
    hooks = [hook for hook in _HOOKS if hook == "OnStart" or not notebook.status.get("_Created")]
    found = {hook: [one["Content"] for one in config.spec.get(hook) or () if one.get("Content")] for hook in hooks}
    return {hook: contents[0] for hook, contents in found.items() if contents}


def _check(request: dict[str, Any]) -> None:
    for hook in _HOOKS:
        for one in request.get(hook) or ():
            try:
                base64.b64decode(one.get("Content") or "", validate=True)
            except ValueError:  # binascii.Error, or text that is not ASCII
                raise validation_error(f"The Content of {hook} is not base64: encode the script.") from None
