"""Subscribe, ConfirmSubscription, Unsubscribe, and what lists and describes subscriptions.

A subscription is Pending until whoever has its endpoint sends back the token that is delivered there; unsubscribed
without a signature, it can be had again with another token. Either token is good for two days.

Source: SNS developer guide, "Amazon SNS subscription confirmation", "Unsubscribing".
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

from salvia.control import authorize, crud
from salvia.control.call import Call, operation
from salvia.control.listing import encode_token
from salvia.control.resource import Resource
from salvia.core import ids
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader, Row, Transaction
from salvia.store.documents import Document

from . import filters, outlet, queue, retries, topics
from .errors import invalid, missing

SUBSCRIPTION = Resource(noun="Subscription", service="sns", key="Name", arn="", operations=frozenset())
PENDING, CONFIRMED, UNSUBSCRIBED = "Pending", "Confirmed", "Unsubscribed"
PROTOCOLS = ("http", "https")
_ATTRIBUTES = ("RawMessageDelivery", "FilterPolicy", "FilterPolicyScope", "DeliveryPolicy")
_PAGE = 100
_BEYOND = "\U0010ffff"
_LIST = """
SELECT * FROM documents WHERE kind = :kind AND account = :account AND region = :region
AND name > :after AND name >= :prefix AND name < :beyond AND state <> 'Unsubscribed' ORDER BY name LIMIT :size"""


def find(reader: Reader, arn: str) -> Document:
    """The subscription of an ARN. Raises NotFound."""
    found = documents.by_arn(reader, arn)
    if found is None or found.kind != SUBSCRIPTION.kind or found.state == UNSUBSCRIBED:
        raise missing("Subscription")
    return found


def _checked(name: str, value: str) -> str:
    """An attribute's value. Raises InvalidParameter."""
    if name not in _ATTRIBUTES:
        raise invalid(f"Attributes: {name}", f"Salvia's subscriptions know {', '.join(_ATTRIBUTES)} so far")
    if name == "RawMessageDelivery" and value.lower() not in ("true", "false"):
        raise invalid("RawMessageDelivery", f"Invalid value [{value}]. Must be true or false.")
    if name == "FilterPolicyScope" and value not in ("MessageAttributes", "MessageBody"):
        raise invalid(
            "FilterPolicyScope", f"Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
        )
    if name == "FilterPolicy" and value not in ("", "{}"):
        filters.parse(value)
    if name == "DeliveryPolicy" and value:
        retries.of_subscription(value)
    return value.lower() if name == "RawMessageDelivery" else value


def _check_endpoint(call: Call, protocol: str, endpoint: str) -> None:
    if protocol not in PROTOCOLS:
        raise invalid("Protocol", f"Salvia's topics deliver over {' and '.join(PROTOCOLS)} so far, not over {protocol}")
    try:
        url = urlsplit(endpoint)
        named = bool(url.hostname) and "@" not in url.netloc  # no passwords yet
        good = url.scheme == protocol and named and (url.port is None or url.port > 0)
    except ValueError:
        good = False
    if not good or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint or len(endpoint) > 700:
        raise invalid("Endpoint", f"it must be a URL that begins with {protocol}://, without a password")
    try:
        outlet.check(call.world.settings, endpoint)
    except outlet.Refused as refused:
        raise invalid("Endpoint", str(refused)) from None


@operation("Subscribe")
async def subscribe(call: Call) -> dict[str, Any]:
    """Ask an endpoint whether it wants a topic's messages; asked again, it is told again.

    Raises InvalidParameter, NotFound. Source: API_Subscribe.
    """
    request = call.request
    protocol, endpoint = request["Protocol"], request.get("Endpoint", "")
    topic_arn = topics.find(call.db.read(), request["TopicArn"]).arn
    _check_endpoint(call, protocol, endpoint)
    given = {name: _checked(name, value) for name, value in request.get("Attributes", {}).items()}
    now, name = crud.moment(call), f"{topic_arn}|{protocol}|{endpoint}"

    def work(tx: Transaction) -> Document:
        topic = topics.find(tx, topic_arn)
        known = documents.find(tx, SUBSCRIPTION.kind, topic.account, topic.region, name)
        if known is not None and known.state != UNSUBSCRIBED:
            if any(known.spec.get(member) != value for member, value in given.items()):
                raise invalid("Attributes", "Subscription already exists with different attributes")
            if known.state == CONFIRMED:
                return known
        made = Document(SUBSCRIPTION.kind, topic.account, topic.region, name, owner=topic.id)
        subscription = known or made
        subscription.arn = known.arn if known else f"{topic.arn}:{uuid.uuid4()}"
        subscription.spec |= {"TopicArn": topic.arn, "Protocol": protocol, "Endpoint": endpoint, **given}
        subscription.status |= {"Principal": call.caller.entity, "Token": ids.token(96)}
        subscription.state, subscription.created_at, subscription.modified_at = PENDING, now, now
        subscription.due_at = call.clock.wall()
        if known is None:
            documents.insert(tx, subscription)
        else:
            documents.update(tx, subscription)
        queue.add(
            tx, subscription.id, queue.confirmation(subscription, "SubscriptionConfirmation", now), call.clock.wall()
        )
        return subscription

    subscription = await call.world.write(work)
    shown = subscription.state == CONFIRMED or request.get("ReturnSubscriptionArn")
    return {"SubscriptionArn": subscription.arn if shown else "pending confirmation"}


@operation("ConfirmSubscription")
async def confirm_subscription(call: Call) -> dict[str, Any]:
    """Take a token back. Raises InvalidParameter for one that is none, NotFound. Source: API_ConfirmSubscription."""
    request = call.request
    topic = topics.find(call.db.read(), request["TopicArn"])
    signed = call.caller.kind != "anonymous"

    def work(tx: Transaction) -> Document:
        for subscription in documents.owned(tx, topic.id, SUBSCRIPTION.kind):
            if hmac.compare_digest(subscription.status["Token"].encode(), request["Token"].encode()):
                break
        else:
            raise invalid("Token")
        if subscription.state != CONFIRMED:
            subscription.state = CONFIRMED
            subscription.status["ConfirmationWasAuthenticated"] = signed
            subscription.status["AuthenticateOnUnsubscribe"] = (
                signed and request.get("AuthenticateOnUnsubscribe", "").lower() == "true"
            )
            documents.update(tx, subscription)
        return subscription

    return {"SubscriptionArn": (await call.db.write(work)).arn}


@operation("Unsubscribe")
async def unsubscribe(call: Call) -> dict[str, Any]:
    """End a subscription. Who has no signature may do so too, unless whoever confirmed it said otherwise; the endpoint
    is then told how to have it back. Raises NotFound, AuthorizationError. Source: API_Unsubscribe.
    """
    arn = call.request["SubscriptionArn"]
    signed = call.caller.kind != "anonymous"
    if signed:
        authorize.check(call, "sns:Unsubscribe", arn.rpartition(":")[0])
    now = crud.moment(call)

    def work(tx: Transaction) -> None:
        subscription = find(tx, arn)
        if subscription.state == PENDING and not signed:
            raise invalid("SubscriptionArn", "This subscription is pending confirmation")
        if signed:
            topics.forget(tx, subscription)
            return
        if subscription.status.get("AuthenticateOnUnsubscribe"):
            raise ServiceError("AuthorizationError", "This subscription is left with a signed request alone.", 403)
        subscription.state, subscription.modified_at = UNSUBSCRIBED, now
        subscription.status["Token"] = ids.token(96)
        subscription.due_at = call.clock.wall()
        documents.update(tx, subscription)
        queue.clear(tx, subscription.id)
        queue.add(
            tx, subscription.id, queue.confirmation(subscription, "UnsubscribeConfirmation", now), call.clock.wall()
        )

    await call.world.write(work)
    return {}


@operation("ListSubscriptions")
async def list_subscriptions(call: Call) -> dict[str, Any]:
    """A page of 100. Source: API_ListSubscriptions."""
    return await _listed(call, call.account, call.region, "")


@operation("ListSubscriptionsByTopic")
async def list_subscriptions_by_topic(call: Call) -> dict[str, Any]:
    """A page of 100 of one topic. Source: API_ListSubscriptionsByTopic."""
    topic = topics.find(call.db.read(), call.request["TopicArn"])
    return await _listed(call, topic.account, topic.region, f"{topic.arn}|")


async def _listed(call: Call, account: str, region: str, prefix: str) -> dict[str, Any]:
    values = {"kind": SUBSCRIPTION.kind, "account": account, "region": region, "size": _PAGE + 1}
    values |= {"prefix": prefix, "beyond": prefix + _BEYOND, "after": topics.token_of(call.request)}
    rows = await call.db.scan(_LIST, values)
    answer: dict[str, Any] = {"Subscriptions": [_summary(row) for row in rows[:_PAGE]]}
    if len(rows) > _PAGE:
        answer["NextToken"] = encode_token(rows[_PAGE - 1]["name"])
    return answer


def _summary(row: Row) -> dict[str, Any]:
    subscription = Document.of(row)
    return {
        "SubscriptionArn": subscription.arn if subscription.state == CONFIRMED else "PendingConfirmation",
        "Owner": subscription.account,
        **{member: subscription.spec[member] for member in ("Protocol", "Endpoint", "TopicArn")},
    }


def _flag(value: object) -> str:
    return "true" if value else "false"


@operation("GetSubscriptionAttributes")
async def get_subscription_attributes(call: Call) -> dict[str, Any]:
    """Everything about a subscription, as texts. Source: API_GetSubscriptionAttributes."""
    subscription = find(call.db.read(), call.request["SubscriptionArn"])
    topic = topics.find(call.db.read(), subscription.spec["TopicArn"])
    retry, content_type = policy_of(topic, subscription)
    effective = {"healthyRetryPolicy": retry, "requestPolicy": {"headerContentType": content_type}}
    attributes = {
        "SubscriptionArn": subscription.arn,
        "Owner": subscription.account,
        "SubscriptionPrincipal": subscription.status["Principal"],
        "PendingConfirmation": _flag(subscription.state == PENDING),
        "ConfirmationWasAuthenticated": _flag(subscription.status.get("ConfirmationWasAuthenticated")),
        "RawMessageDelivery": "false",
        "EffectiveDeliveryPolicy": orjson.dumps(effective).decode(),
        **{name: value for name, value in subscription.spec.items() if value != ""},
    }
    if "FilterPolicy" in attributes:
        attributes.setdefault("FilterPolicyScope", "MessageAttributes")
    return {"Attributes": attributes}


def policy_of(topic: Document, subscription: Document) -> tuple[dict[str, Any], str]:
    """How a subscription's deliveries are tried again, and of what content type they are."""

    def parsed(spec: Mapping[str, Any]) -> Any:
        return orjson.loads(spec.get("DeliveryPolicy") or "{}")

    return retries.effective(parsed(topic.spec), parsed(subscription.spec))


@operation("SetSubscriptionAttributes")
async def set_subscription_attributes(call: Call) -> dict[str, Any]:
    """Change one attribute. Source: API_SetSubscriptionAttributes."""
    request = call.request
    name = request["AttributeName"]
    value = _checked(name, request.get("AttributeValue", ""))

    def work(tx: Transaction) -> None:
        subscription = find(tx, request["SubscriptionArn"])
        subscription.spec[name] = value
        documents.update(tx, subscription)

    await call.db.write(work)
    return {}
