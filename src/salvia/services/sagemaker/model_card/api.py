"""Model cards: content is JSON, and each change of it a new version; a version's status may change.

Source: API_CreateModelCard, API_UpdateModelCard; developer guide, "Edit a model card".
"""

from __future__ import annotations

from typing import Any

import orjson

from salvia.control import crud, records, shapes
from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import MODEL_CARD, MODEL_CARD_VERSION

# What DescribeModelCard shows of the content to those who ask for MetadataOnly.
_METADATA = {
    "model_overview": ("model_id", "model_name"),
    "intended_uses": ("risk_rating",),
    "model_package_details": ("model_package_group_name", "model_package_arn"),
}


def _check(content: str) -> None:
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise validation_error(f"Content is not JSON: {error}. It follows the model card JSON schema.") from None
    if not isinstance(parsed, dict):
        raise validation_error("Content must be a JSON object that follows the model card JSON schema.")


def _keep_version(tx: Transaction, card: Document, at: float) -> None:
    number = card.spec["ModelCardVersion"]
    # Its ARN is the card's, but what looks for a card by its ARN must not find a version.
    version = Document(
        kind=MODEL_CARD_VERSION.kind,
        account=card.account,
        region=card.region,
        name=f"{card.name}/{number:09}",
        arn=f"{card.arn}#{number}",
        owner=card.id,
        spec=dict(card.spec),
        status={**card.status, "ModelCardArn": card.arn},
        created_at=at,
        modified_at=at,
    )
    documents.insert(tx, version)


@operation("CreateModelCard")
async def create_model_card(call: Call) -> dict[str, Any]:
    """Keep a card, as its version 1. Raises ConflictException when the name is taken."""
    _check(call.request["Content"])
    card = records.draft(call, MODEL_CARD, {**call.request, "ModelCardVersion": 1})

    def work(tx: Transaction) -> None:
        if documents.by_arn(tx, card.arn) is not None or not documents.insert(tx, card):
            raise shapes.duplicate(MODEL_CARD, card.arn)
        _keep_version(tx, card, card.created_at)

    await call.db.write(work)
    return {"ModelCardArn": card.arn}


@operation("DescribeModelCard")
async def describe_model_card(call: Call) -> dict[str, Any]:
    """A card's newest version, or the one that is asked for."""
    card = crud.find(call, MODEL_CARD, call.request["ModelCardName"])
    description = crud.describe(MODEL_CARD, card)
    number = call.request.get("ModelCardVersion")
    if number is not None:
        name = f"{card.name}/{number:09}"
        version = documents.find(call.db.read(), MODEL_CARD_VERSION.kind, card.account, card.region, name)
        if version is None:
            raise ServiceError("ResourceNotFound", f"Model card {card.arn} has no version {number}.")
        description = {**crud.describe(MODEL_CARD_VERSION, version), "CreationTime": card.created_at}
    if call.request.get("IncludedData") == "MetadataOnly":
        description["Content"] = _metadata(description["Content"])
    return description


def _metadata(content: str) -> str:
    parsed = orjson.loads(content)
    shown = {
        part: {member: parsed[part][member] for member in members if member in parsed[part]}
        for part, members in _METADATA.items()
        if isinstance(parsed.get(part), dict)
    }
    return orjson.dumps(shown).decode()


@operation("UpdateModelCard")
async def update_model_card(call: Call) -> dict[str, Any]:
    """Add a version with other content, or change the newest version's status; not both in one call.

    Raises ConflictException for a card that is Archived.
    """
    content, status = call.request.get("Content"), call.request.get("ModelCardStatus")
    if (content is None) == (status is None):
        raise validation_error("Update either Content or ModelCardStatus; both cannot change in a single call.")
    if content is not None:
        _check(content)
    now = crud.moment(call)

    def work(tx: Transaction) -> Document:
        card = crud.look_up(call, MODEL_CARD, call.request["ModelCardName"], tx)
        if content is not None and card.spec["ModelCardStatus"] == "Archived":
            raise ServiceError("ConflictException", f"{card.arn} is Archived: no more updates are made to it.")
        card.status["LastModifiedBy"] = records.user_context(call)
        card.modified_at = now
        if content is not None:
            card.spec |= {"Content": content, "ModelCardVersion": card.spec["ModelCardVersion"] + 1}
            _keep_version(tx, card, now)
        else:
            card.spec["ModelCardStatus"] = status
            name = f"{card.name}/{card.spec['ModelCardVersion']:09}"
            version = documents.find(tx, MODEL_CARD_VERSION.kind, card.account, card.region, name)
            if version is not None:
                version.spec["ModelCardStatus"] = status
                version.modified_at = now
                documents.update(tx, version)
        documents.update(tx, card)
        return card

    return {"ModelCardArn": (await call.db.write(work)).arn}
