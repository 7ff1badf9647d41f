"""The trail: a document in its home region. What it is asked to be is its spec, what it has done its status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from salvia.control.call import Call
from salvia.control.resource import Resource
from salvia.control.world import World
from salvia.core.arns import parse_arn
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from .selectors import DEFAULT, Selection
from .subscription import Subscription

TRAIL = Resource(
    noun="Trail",
    service="cloudtrail",
    key="Name",
    arn="trail/{Name}",
    operations=frozenset(),
    missing=lambda name: ServiceError("TrailNotFoundException", f"Unknown trail: {name}"),
)
DELETING = "Deleting"  # gone for everybody; what it has to deliver still is delivered
_OF_ACCOUNT = "SELECT * FROM documents WHERE kind = :kind AND account = :account ORDER BY region, name"
_ALL = "SELECT * FROM documents WHERE kind = :kind"


def provide(world: World) -> None:
    """Let recording see who wants events."""

    def subscriptions(db: Reader) -> list[Subscription]:
        return [subscription(Document.of(row)) for row in db.all(_ALL, {"kind": TRAIL.kind})]

    world.providers.trails = subscriptions


def subscription(trail: Document) -> Subscription:
    """What a trail wants."""
    return Subscription(
        id=trail.id,
        account=trail.account,
        region="" if trail.spec["IsMultiRegionTrail"] else trail.region,
        everywhere=bool(trail.spec["IncludeGlobalServiceEvents"]),
        since=trail.status.get("StartLoggingTime"),
        until=None if trail.status["IsLogging"] else trail.status.get("StopLoggingTime"),
        selection=Selection(selectors(trail)),
    )


def selectors(trail: Document) -> dict[str, Any]:
    """EventSelectors or AdvancedEventSelectors, as the trail has them."""
    chosen: dict[str, Any] = trail.status.get("Selectors") or {"EventSelectors": [DEFAULT]}
    return chosen


def of_account(call: Call) -> list[Document]:
    """Every trail of the account, in every region."""
    rows = call.db.read().all(_OF_ACCOUNT, {"kind": TRAIL.kind, "account": call.account})
    return [trail for trail in map(Document.of, rows) if trail.state != DELETING]


def visible(call: Call, trail: Document) -> bool:
    """Whether the region of a call sees the trail: its own, and those of all regions as shadow trails."""
    return trail.region == call.region or bool(trail.spec["IsMultiRegionTrail"])


def find(call: Call, name: str) -> Document:
    """The trail of a name or ARN. Raises TrailNotFoundException, CloudTrailARNInvalidException."""
    if name.startswith("arn:"):
        arn = _arn(name)
        found = [trail for trail in of_account(call) if trail.arn == name and arn.account == call.account]
    else:
        found = [trail for trail in of_account(call) if trail.spec["Name"] == name and visible(call, trail)]
        found.sort(key=lambda trail: trail.region != call.region)
    if not found:
        raise TRAIL.missing(name)
    return found[0]


async def change(call: Call, name: str, edit: Callable[[Document], None], *, wake: bool = False) -> Document:
    """Edit a trail in one transaction. Raises InvalidHomeRegionException in another region than its own."""
    found = find(call, name)
    if found.region != call.region:
        raise ServiceError(
            "InvalidHomeRegionException",
            f"The trail {found.spec['Name']} can be changed in its home region alone, which is {found.region}.",
        )

    def work(tx: Transaction) -> Document:
        trail = documents.by_id(tx, found.id)
        if trail is None or trail.state == DELETING:
            raise TRAIL.missing(name)
        edit(trail)
        trail.modified_at = call.clock.now()
        if wake:
            trail.due_at = call.clock.wall()
        documents.update(tx, trail)
        return trail

    return await (call.world.write if wake else call.db.write)(work)


def described(trail: Document) -> dict[str, Any]:
    """A trail as CreateTrail and UpdateTrail answer."""
    return {**trail.spec, "TrailARN": trail.arn}


def _arn(text: str) -> Any:
    try:
        arn = parse_arn(text)
    except ServiceError:
        arn = None
    if arn is None or arn.service != "cloudtrail" or not arn.resource.startswith("trail/"):
        raise ServiceError(
            "CloudTrailARNInvalidException",
            f"'{text}' is not the ARN of a trail, which reads arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME.",
        )
    return arn
