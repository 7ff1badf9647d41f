"""Delivering what is due to one subscription, several messages at a time.

A message is deleted once its endpoint took it: who dies in between delivers it once more. An endpoint that is away is
tried again as its delivery policy says; what it refuses (a status of 4xx but 429) is not.

Source: SNS developer guide, "Amazon SNS message delivery retries", "Parsing Amazon SNS message formats".
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import orjson

from salvia.control.reconcile import Outcome
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Row, Transaction
from salvia.store.documents import Document

from . import outlet, queue, retries, signing, topics
from .subscriptions import CONFIRMED, SUBSCRIPTION, policy_of

RECONCILES = SUBSCRIPTION
_AT_ONCE = 16
_UNCONFIRMED = 2 * 86_400.0  # seconds, virtual, that a token is good for
_VERSION = "2010-03-31"
_log = logging.getLogger("salvia.sns")

Settle = Callable[[Transaction], None]


async def reconcile(subscription: Document, world: World) -> Outcome:
    """Deliver what is due; forget a subscription that nobody confirmed."""
    left = subscription.modified_at + _UNCONFIRMED - world.clock.now()
    waiting = subscription.state != CONFIRMED
    if waiting and left <= 0:
        return Outcome(also=lambda tx: queue.clear(tx, subscription.id), delete=True)
    rows = queue.due(world.db.read(), subscription.id, world.clock.wall(), _AT_ONCE)
    # Looked at after them: what was set before a message was published holds for it, also where this began before.
    try:
        topic = topics.find(world.db.read(), subscription.spec["TopicArn"])
    except ServiceError:  # deleted meanwhile, and the subscription with it
        return Outcome()
    current = documents.by_id(world.db.read(), subscription.id) or subscription
    settled = await asyncio.gather(*(_deliver(row, topic, current, world) for row in rows))

    def also(tx: Transaction) -> None:
        for settle in settled:
            settle(tx)
        queue.schedule(tx, subscription.id)

    return Outcome(requeue=left if waiting else None, also=also)


async def _deliver(row: Row, topic: Document, subscription: Document, world: World) -> Settle:
    """Try one message; returns what that means for its row."""
    delivery, attempts, now = str(row["id"]), int(row["attempts"]) + 1, world.clock.wall()
    retry, content_type = policy_of(topic, subscription)
    content = orjson.loads(row["content"])
    headers, body = await _written(content, content_type, topic, subscription, world)
    extra: dict[str, Any] = {"event": "delivery-failed", "subscription": subscription.arn}
    extra |= {"message_id": content["MessageId"], "attempt": attempts}
    again: float | None = None
    try:
        status = await outlet.post(world.settings, subscription.spec["Endpoint"], headers, body)
        if 200 <= status < 300:
            return lambda tx: queue.settle(tx, delivery)
        extra["status"] = status
        if status == 429 or status >= 500:
            again = retries.delay(retry, attempts)
    except outlet.Refused as refused:
        extra["cause"] = str(refused)
    except outlet.Unreachable as away:
        extra["cause"] = str(away)
        again = retries.delay(retry, attempts)
    if again is None:
        _log.warning("message given up", extra={**extra, "event": "message-given-up"})
        return lambda tx: queue.settle(tx, delivery)
    _log.warning("delivery failed", extra=extra)
    return lambda tx: queue.postpone(tx, delivery, attempts, now + again)


async def _written(
    content: dict[str, Any], content_type: str, topic: Document, subscription: Document, world: World
) -> tuple[dict[str, str], bytes]:
    """Headers and body, as AWS writes them."""
    kind = content["Type"]
    headers = {
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": content["MessageId"],
        "x-amz-sns-topic-arn": topic.arn,
        "Content-Type": content_type,
        "User-Agent": "Amazon Simple Notification Service Agent",
    }
    if kind != "SubscriptionConfirmation":
        headers["x-amz-sns-subscription-arn"] = subscription.arn
    if kind == "Notification" and subscription.spec.get("RawMessageDelivery") == "true":
        return {**headers, "x-amz-sns-rawdelivery": "true"}, content["Message"].encode()
    version, url = topic.spec.get("SignatureVersion", "1"), world.settings.url
    message = {"Type": kind, "MessageId": content["MessageId"]}
    if "Token" in content:
        message["Token"] = content["Token"]
    message["TopicArn"] = topic.arn
    message |= {name: content[name] for name in ("Subject", "Message") if name in content}
    if "Token" in content:
        query = {"Action": "ConfirmSubscription", "TopicArn": topic.arn, "Token": content["Token"], "Version": _VERSION}
        message["SubscribeURL"] = f"{url}/?{urlencode(query)}"
    message["Timestamp"] = content["Timestamp"]
    message["SignatureVersion"] = version
    message["Signature"] = await signing.sign(world, message, version)
    message["SigningCertURL"] = f"{url}{signing.PATH}"
    if kind == "Notification":
        query = {"Action": "Unsubscribe", "SubscriptionArn": subscription.arn, "Version": _VERSION}
        message["UnsubscribeURL"] = f"{url}/?{urlencode(query)}"
        if "MessageAttributes" in content:
            message["MessageAttributes"] = content["MessageAttributes"]
    return headers, orjson.dumps(message, option=orjson.OPT_INDENT_2)
