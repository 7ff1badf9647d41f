"""AddAssociation, DeleteAssociation, ListAssociations: the edges of lineage. Source: API_AddAssociation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from salvia.control import crud, records
from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.core import ids
from salvia.core.errors import ServiceError, validation_error
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

_PAGE = 10
_INSERT = """
INSERT INTO associations (id, account, region, source, destination, source_arn, destination_arn, source_type,
                          destination_type, type, created_at, created_by)
VALUES (:id, :account, :region, :source, :destination, :source_arn, :destination_arn, :source_type,
        :destination_type, :type, :created_at, :created_by)
ON CONFLICT (source, destination) DO NOTHING"""
_FILTERS = {
    "SourceArn": "source_arn = :SourceArn",
    "DestinationArn": "destination_arn = :DestinationArn",
    "SourceType": "source_type = :SourceType",
    "DestinationType": "destination_type = :DestinationType",
    "AssociationType": "type = :AssociationType",
    "CreatedAfter": "created_at >= :CreatedAfter",
    "CreatedBefore": "created_at <= :CreatedBefore",
}
_SORTS = {
    "SourceArn": "source_arn",
    "DestinationArn": "destination_arn",
    "SourceType": "source_type",
    "DestinationType": "destination_type",
    "CreationTime": "created_at",
}


def entity(call: Call, arn: str, reader: Reader) -> Document:
    """What an end of an association names. Raises ResourceNotFound when there is none here."""
    found = documents.by_arn(reader, arn)
    if found is None or (found.account, found.region) != (call.account, call.region):
        raise ServiceError("ResourceNotFound", f"Could not find '{arn}': it does not exist in {call.region}.")
    return found


def type_of(document: Document) -> str:
    """`Model`, `DataSet`, …: what the entity itself says it is, else what kind of source it has, else its noun."""
    noun = document.kind.partition(":")[2]
    description = document.description()
    return str(description.get(f"{noun}Type") or (description.get("Source") or {}).get("SourceType") or noun)


@operation("AddAssociation")
async def add_association(call: Call) -> dict[str, Any]:
    """Connect two entities that exist. Raises ValidationException when they are connected already."""
    request = call.request

    def work(tx: Transaction) -> None:
        source = entity(call, request["SourceArn"], tx)
        destination = entity(call, request["DestinationArn"], tx)
        if source.id == destination.id:
            raise validation_error(f"{source.arn} cannot be associated with itself.")
        row = {
            "id": ids.row_id(),
            "account": call.account,
            "region": call.region,
            "source": source.id,
            "destination": destination.id,
            "source_arn": source.arn,
            "destination_arn": destination.arn,
            "source_type": type_of(source),
            "destination_type": type_of(destination),
            "type": request.get("AssociationType", ""),
            "created_at": crud.moment(call),
            "created_by": documents.encode(records.user_context(call)),
        }
        if tx.run(_INSERT, row) != 1:
            raise validation_error(f"An association between {source.arn} and {destination.arn} already exists.")

    await call.db.write(work)
    return {"SourceArn": request["SourceArn"], "DestinationArn": request["DestinationArn"]}


@operation("DeleteAssociation")
async def delete_association(call: Call) -> dict[str, Any]:
    """Disconnect two entities. Raises ResourceNotFound when they are not connected."""
    request = call.request

    def work(tx: Transaction) -> None:
        ends = {
            "source": entity(call, request["SourceArn"], tx).id,
            "destination": entity(call, request["DestinationArn"], tx).id,
        }
        if tx.run("DELETE FROM associations WHERE source = :source AND destination = :destination", ends) != 1:
            raise ServiceError(
                "ResourceNotFound",
                f"There is no association from {request['SourceArn']} to {request['DestinationArn']}.",
            )

    await call.db.write(work)
    return {"SourceArn": request["SourceArn"], "DestinationArn": request["DestinationArn"]}


@operation("ListAssociations")
async def list_associations(call: Call) -> dict[str, Any]:
    """Associations by their ends, types and time. Source: API_ListAssociations."""
    request = call.request
    column = _SORTS[request.get("SortBy", "CreationTime")]
    direction, beyond = ("ASC", ">") if request.get("SortOrder") == "Ascending" else ("DESC", "<")
    size = request.get("MaxResults") or _PAGE
    conditions = ["account = :account", "region = :region"]
    values: dict[str, Any] = {"account": call.account, "region": call.region, "size": size + 1}
    for member, condition in _FILTERS.items():
        if request.get(member) is not None:
            conditions.append(condition)
            value = request[member]
            values[member] = value.timestamp() if isinstance(value, datetime) else value
    if request.get("NextToken"):
        token = decode_token(request["NextToken"])
        if not (isinstance(token, list) and len(token) == 4 and token[:2] == [column, direction]):
            raise validation_error("Invalid pagination token: it belongs to another request, or to another SortBy.")
        values["after"], values["after_id"] = token[2], str(token[3])
        conditions.append(f"({column}, id) {beyond} (:after, :after_id)")
    rows = await call.db.scan(
        f"SELECT * FROM associations WHERE {' AND '.join(conditions)} "  # noqa: S608
        f"ORDER BY {column} {direction}, id {direction} LIMIT :size",
        values,
    )
    shown = rows[:size]
    ends = documents.several(call.db.read(), {row[end] for row in shown for end in ("source", "destination")})
    result: dict[str, Any] = {
        "AssociationSummaries": [
            {
                "SourceArn": row["source_arn"],
                "DestinationArn": row["destination_arn"],
                "SourceType": row["source_type"],
                "DestinationType": row["destination_type"],
                "AssociationType": row["type"] or None,
                "SourceName": _name(ends.get(row["source"])),
                "DestinationName": _name(ends.get(row["destination"])),
                "CreationTime": row["created_at"],
                "CreatedBy": documents.decode(row["created_by"]),
            }
            for row in shown
        ]
    }
    if len(rows) > size:
        result["NextToken"] = encode_token([column, direction, shown[-1][column], shown[-1]["id"]])
    return result


def _name(document: Document | None) -> str | None:
    """An artifact's name is its owner's to give; all others have one of their own."""
    if document is None:
        return None
    noun = document.kind.partition(":")[2]
    return document.spec.get(f"{noun}Name") or (None if noun == "Artifact" else document.name)
