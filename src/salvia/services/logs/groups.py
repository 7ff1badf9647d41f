"""Log groups: documents, whose spec holds their class, their retention and their protection."""

from __future__ import annotations

from typing import Any

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.control.listing import encode_token
from salvia.control.resource import Resource
from salvia.core.errors import validation_error
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from .errors import exists, invalid, missing, read_token

LOG_GROUP = Resource(
    noun="LogGroup",
    key="logGroupName",
    arn="log-group:{logGroupName}",
    service="logs",
    operations=frozenset(),
    duplicate=lambda arn: exists("log group"),
    missing=lambda name: missing("log group"),
)
RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
# Sorts after every name that starts as what stands before it does.
BEYOND = "\U0010ffff"
_DAY = 86_400_000
_PAGE = 50


def now(call: Call) -> int:
    """Virtual time in milliseconds."""
    return int(call.clock.now() * 1000)


def group_of(call: Call) -> Document:
    """The log group that a request names. Raises ResourceNotFoundException when there is none."""
    return crud.find(call, LOG_GROUP, group_name(call))


def group_name(call: Call) -> str:
    """The name in `logGroupName`, or in `logGroupIdentifier`, which may be an ARN."""
    name, identifier = call.request.get("logGroupName"), call.request.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise invalid("Specify either logGroupName or logGroupIdentifier, and not both.")
    return name if name is not None else name_in(call, str(identifier))


def name_in(call: Call, identifier: str) -> str:
    """The name of the log group that a name or an ARN, with or without `:*`, means. Groups of other accounts
    and regions are missing."""
    if not identifier.startswith("arn:"):
        return identifier
    beginning = f"arn:aws:logs:{call.region}:{call.account}:log-group:"
    name = identifier.removeprefix(beginning).removesuffix(":*")
    if name == identifier or ":" in name:
        raise missing("log group")
    return name


def oldest(group: Document, moment: int) -> int:
    """The timestamp below which the group's events have expired at `moment`; 0 when they never do."""
    days = group.spec.get("retentionInDays")
    return moment - days * _DAY if days else 0


@operation("CreateLogGroup")
async def create_log_group(call: Call) -> dict[str, Any]:
    """Create a log group. Raises ResourceAlreadyExistsException, InvalidParameterException.

    Source: CloudWatch Logs API reference, CreateLogGroup.
    """
    request = call.request
    if request["logGroupName"].startswith("aws/"):
        raise invalid("Log groups starting with 'aws/' are reserved for AWS.")
    if request.get("kmsKeyId"):
        raise invalid(
            f"The KMS key '{request['kmsKeyId']}' cannot be used: log groups are not encrypted with KMS keys "
            "here. Create the log group without kmsKeyId."
        )
    check_tags(request.get("tags", {}))
    spec = {member: value for member, value in request.items() if member != "tags"}
    document = crud.new(call, LOG_GROUP, {"logGroupClass": "STANDARD", **spec})
    document.tags = dict(request.get("tags", {}))
    await crud.create(call, LOG_GROUP, document)
    return {}


def check_tags(tags: dict[str, str]) -> None:
    """Raise InvalidParameterException for keys that AWS keeps for itself."""
    for key in tags:
        if key.lower().startswith("aws:"):
            raise invalid(f"Tag keys starting with 'aws:' are reserved for system use: '{key}'.")


@operation("DeleteLogGroup")
async def delete_log_group(call: Call) -> dict[str, Any]:
    """Delete a log group with its streams. They are gone at once; `retention.sweep` frees the room they took.

    Raises ResourceNotFoundException; ValidationException when it is protected. Source: DeleteLogGroup.
    """

    def work(tx: Transaction) -> None:
        group = documents.find(tx, LOG_GROUP.kind, call.account, call.region, call.request["logGroupName"])
        if group is None:
            raise missing("log group")
        if group.spec.get("deletionProtectionEnabled"):
            raise validation_error(
                f"The log group {group.name} is protected from deletion. "
                "Call PutLogGroupDeletionProtection with deletionProtectionEnabled false first."
            )
        documents.delete(tx, group.id)
        tx.run("UPDATE log_streams SET log_group = NULL WHERE log_group = :group", {"group": group.id})

    await call.db.write(work)
    return {}


@operation("PutLogGroupDeletionProtection")
async def put_log_group_deletion_protection(call: Call) -> dict[str, Any]:
    """Protect a log group from deletion, or no longer. Source: PutLogGroupDeletionProtection."""
    enabled = call.request["deletionProtectionEnabled"]

    def edit(group: Document) -> None:
        group.spec["deletionProtectionEnabled"] = enabled

    await crud.change(call, LOG_GROUP, name_in(call, call.request["logGroupIdentifier"]), edit)
    return {}


@operation("PutRetentionPolicy")
async def put_retention_policy(call: Call) -> dict[str, Any]:
    """Let events expire after so many days. Source: PutRetentionPolicy."""
    days = call.request["retentionInDays"]
    if days not in RETENTION_DAYS:
        allowed = ", ".join(str(number) for number in sorted(RETENTION_DAYS))
        raise invalid(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{allowed}]"
        )

    def edit(group: Document) -> None:
        group.spec["retentionInDays"] = days

    await crud.change(call, LOG_GROUP, call.request["logGroupName"], edit)
    return {}


@operation("DeleteRetentionPolicy")
async def delete_retention_policy(call: Call) -> dict[str, Any]:
    """Keep events for ever. Source: DeleteRetentionPolicy."""

    def edit(group: Document) -> None:
        group.spec.pop("retentionInDays", None)

    await crud.change(call, LOG_GROUP, call.request["logGroupName"], edit)
    return {}


@operation("DescribeLogGroups")
async def describe_log_groups(call: Call) -> dict[str, Any]:
    """Log groups by name, 50 a page at most. A search by pattern tells name, ARNs and creation time alone.

    Source: DescribeLogGroups.
    """
    request = call.request
    prefix, pattern = request.get("logGroupNamePrefix"), request.get("logGroupNamePattern")
    if prefix and pattern:
        raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    identifiers = request.get("logGroupIdentifiers")
    if identifiers and (prefix or pattern or request.get("logGroupClass")):
        raise invalid("logGroupIdentifiers cannot be combined with another filter.")
    size = request.get("limit", _PAGE)
    after = read_token(request["nextToken"], str)[0] if "nextToken" in request else ""
    names = {name_in(call, identifier) for identifier in identifiers or ()}
    classes = _classes(request.get("logGroupClass"))

    def wanted(group: Document) -> bool:
        return (
            (not pattern or pattern in group.name)
            and (not names or group.name in names)
            and (classes is None or group.spec.get("logGroupClass") in classes)
        )

    found = await _named(call, prefix or "", after, size + 1, wanted)
    page = found[:size]
    stored = await _stored_bytes(call, page) if not pattern else {}
    answer: dict[str, Any] = {"logGroups": [_describe(group, stored) for group in page]}
    if len(found) > size:
        answer["nextToken"] = encode_token([page[-1].name])
    return answer


def _classes(wanted: str | None) -> set[str] | None:
    """DescribeLogGroups counts Infrequent Access and Essentials as one."""
    if wanted is None:
        return None
    return {"INFREQUENT_ACCESS", "ESSENTIALS"} if wanted in {"INFREQUENT_ACCESS", "ESSENTIALS"} else {wanted}


async def _named(call: Call, prefix: str, after: str, size: int, wanted: Any) -> list[Document]:
    """The first `size` groups behind `after` that are wanted, by name."""
    found: list[Document] = []
    while True:
        rows = await call.db.scan(
            "SELECT * FROM documents WHERE kind = :kind AND account = :account AND region = :region "
            "AND name > :after AND name >= :prefix AND name < :beyond ORDER BY name LIMIT 256",
            {
                "kind": LOG_GROUP.kind,
                "account": call.account,
                "region": call.region,
                "after": after,
                "prefix": prefix,
                "beyond": prefix + BEYOND,
            },
        )
        found += [group for group in map(Document.of, rows) if wanted(group)]
        if len(found) >= size or len(rows) < 256:
            return found[:size]
        after = rows[-1]["name"]


async def _stored_bytes(call: Call, groups: list[Document]) -> dict[str, int]:
    if not groups:
        return {}
    ids = {f"g{number}": group.id for number, group in enumerate(groups)}
    rows = await call.db.scan(
        "SELECT log_group, SUM(bytes) AS bytes FROM log_streams "  # noqa: S608
        f"WHERE log_group IN ({', '.join(f':{name}' for name in ids)}) GROUP BY log_group",
        ids,
    )
    return {row["log_group"]: int(row["bytes"]) for row in rows}


def _describe(group: Document, stored: dict[str, int]) -> dict[str, Any]:
    description: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": int(group.created_at * 1000),
        "metricFilterCount": 0,
        "arn": f"{group.arn}:*",
        "storedBytes": stored.get(group.id, 0),
        "logGroupClass": group.spec.get("logGroupClass", "STANDARD"),
        "logGroupArn": group.arn,
        "deletionProtectionEnabled": bool(group.spec.get("deletionProtectionEnabled")),
    }
    if "retentionInDays" in group.spec:
        description["retentionInDays"] = group.spec["retentionInDays"]
    return description


def stream_row(db: Reader, group: Document, name: str) -> Any:
    """The row of a log stream. Raises ResourceNotFoundException when there is none."""
    row = db.one(
        "SELECT * FROM log_streams WHERE log_group = :group AND name = :name",
        {"group": group.id, "name": name},
    )
    if row is None:
        raise missing("log stream")
    return row
