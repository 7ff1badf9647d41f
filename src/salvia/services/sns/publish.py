"""Publish and PublishBatch. Source: SNS API reference; developer guide, "Amazon SNS message attributes"."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import orjson

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.control.policy import Policy, Request, Scope, document, resource_based
from salvia.core import ids
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Transaction
from salvia.store.documents import Document

from . import filters, queue, topics
from .errors import invalid
from .subscriptions import CONFIRMED, PROTOCOLS, SUBSCRIPTION

_LONGEST = 256 * 1024
_LONGEST_SUBJECT = 99
_MOST = 10


@operation("Publish")
async def publish(call: Call) -> dict[str, Any]:
    """Deliver a message to every subscription that wants it; when this returns, it is safe.

    Raises InvalidParameter, NotFound, AuthorizationError. Source: API_Publish.
    """
    request = call.request
    if request.get("PhoneNumber"):
        raise invalid("PhoneNumber", "Salvia sends no text messages")
    arn = request.get("TopicArn") or request.get("TargetArn")
    if not arn:
        raise invalid("TopicArn or TargetArn", "no value for required parameter")
    topic = _topic(call, arn)
    _check(request)
    return {"MessageId": await _publish(call, topic, [request])}


@operation("PublishBatch")
async def publish_batch(call: Call) -> dict[str, Any]:
    """Up to ten messages; what is wrong with one is said of that one. Source: API_PublishBatch."""
    topic = _topic(call, call.request["TopicArn"])
    entries = call.request["PublishBatchRequestEntries"]
    names = [entry["Id"] for entry in entries]
    if not entries:
        raise ServiceError("EmptyBatchRequest", "The batch request doesn't contain any entries.")
    if len(entries) > _MOST:
        raise ServiceError(
            "TooManyEntriesInBatchRequest", f"Maximum number of entries per request are {_MOST}. You have sent more."
        )
    if len(set(names)) < len(names):
        raise ServiceError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
    if sum(_size(entry) for entry in entries) > _LONGEST:
        raise ServiceError("BatchRequestTooLong", f"The length of all messages is more than {_LONGEST} bytes.")
    taken: list[Mapping[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in entries:
        try:
            _check(entry)
            taken.append(entry)
        except ServiceError as error:
            failed.append({"Id": entry["Id"], "Code": error.code, "Message": error.message, "SenderFault": True})
    identities = [ids.row_id() for _ in taken]
    if taken:
        await _publish(call, topic, taken, identities)
    successful = [{"Id": entry["Id"], "MessageId": identity} for entry, identity in zip(taken, identities, strict=True)]
    return {"Successful": successful, "Failed": failed}


def _topic(call: Call, arn: str) -> Document:
    """The topic, if its policy lets a service publish to it; whoever else calls was authorised before."""
    topic = topics.find(call.db.read(), arn)
    if call.caller.kind == "service" and call.world.settings.auth != "off":
        policy = Policy(f"topic policy of {topic.name}", document(topic.spec["Policy"], "resource"))
        asked = Request(call.caller, "sns:Publish", arn, dict(call.caller.context))
        if not resource_based(asked, [policy], Scope.RESOURCE).allowed:
            raise ServiceError(
                "AuthorizationError",
                f"The policy of topic {arn} does not let {call.caller.service} publish to it (sns:Publish).",
                403,
            )
    return topic


async def _publish(
    call: Call, topic: Document, messages: list[Mapping[str, Any]], identities: list[str] | None = None
) -> str:
    now, wall = crud.moment(call), call.clock.wall()
    identities = identities or [ids.row_id()]
    subscriptions = documents.owned(call.db.read(), topic.id, SUBSCRIPTION.kind)
    rows: list[tuple[str, dict[str, Any]]] = []
    for message, identity in zip(messages, identities, strict=True):
        attributes = message.get("MessageAttributes", {})
        for subscription in subscriptions:
            spec = subscription.spec
            if subscription.state != CONFIRMED:
                continue
            text = _text(message, spec["Protocol"])
            policy = orjson.loads(spec.get("FilterPolicy") or "{}")
            if policy and not filters.wants(
                policy, spec.get("FilterPolicyScope", "MessageAttributes"), attributes, text
            ):
                continue
            content = queue.message("Notification", text, now, identity)
            if message.get("Subject"):
                content["Subject"] = message["Subject"]
            if attributes:
                content["MessageAttributes"] = {name: _attribute(value) for name, value in attributes.items()}
            rows.append((subscription.id, content))

    def work(tx: Transaction) -> None:
        for subscription, content in rows:
            queue.add(tx, subscription, content, wall)

    if rows:
        await call.world.write(work)
    return identities[0]


def _text(message: Mapping[str, Any], protocol: str) -> str:
    if message.get("MessageStructure") != "json":
        return str(message["Message"])
    variants = orjson.loads(message["Message"])
    return str(variants.get(protocol, variants["default"]))


def _attribute(value: Mapping[str, Any]) -> dict[str, str]:
    """An attribute as notifications show it."""
    binary = value.get("BinaryValue")
    text = value.get("StringValue", "") if binary is None else base64.b64encode(binary).decode()
    return {"Type": value["DataType"], "Value": text}


def _size(message: Mapping[str, Any]) -> int:
    total = len(message["Message"].encode())
    for name, value in message.get("MessageAttributes", {}).items():
        total += len(name.encode()) + len(value["DataType"].encode())
        total += len(value.get("BinaryValue") or b"") + len(value.get("StringValue", "").encode())
    return total


def _check(message: Mapping[str, Any]) -> None:
    """Raise InvalidParameter for a message that cannot be sent."""
    if not message["Message"]:
        raise invalid("Empty message")
    if _size(message) > _LONGEST:
        raise invalid("Message too long")
    subject = message.get("Subject")
    if subject is not None and (not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable()):
        raise invalid("Subject")
    for member in ("MessageDeduplicationId", "MessageGroupId"):
        if message.get(member):
            raise invalid(f"{member}", f"The request includes {member} parameter that is not valid for this topic type")
    structure = message.get("MessageStructure")
    if structure not in (None, "", "json"):
        raise invalid("MessageStructure", "it must be json")
    if structure == "json":
        try:
            variants = orjson.loads(message["Message"])
        except ValueError:
            variants = None
        if not isinstance(variants, dict):
            raise invalid("Message Structure", "JSON message body failed to parse")
        if not isinstance(variants.get("default"), str):
            raise invalid("Message Structure", "No default entry in JSON message body")
        if any(not isinstance(variants.get(protocol, ""), str) for protocol in PROTOCOLS):
            raise invalid("Message Structure", "an entry for a protocol must be a text")
    for name, value in message.get("MessageAttributes", {}).items():
        _check_attribute(name, value)


def _check_attribute(name: str, value: Mapping[str, Any]) -> None:
    kind, (text, binary) = value["DataType"].partition(".")[0], (value.get("StringValue"), value.get("BinaryValue"))
    if kind not in ("String", "Number", "Binary"):
        raise invalid(f"MessageAttributes: {name}", "its DataType must begin with String, Number or Binary")
    if (kind == "Binary") != (binary is not None) or (kind == "Binary") == (text is not None) or not (text or binary):
        raise invalid(f"MessageAttributes: {name}", f"an attribute of type {kind} needs a value of that type")
    if kind == "Number":
        try:
            float(text or "")
        except ValueError:
            raise invalid(
                f"MessageAttributes: {name}", f"Could not cast message attribute value {text} to number"
            ) from None
