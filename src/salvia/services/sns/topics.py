"""Topics: CreateTopic, DeleteTopic, ListTopics, GetTopicAttributes, SetTopicAttributes; and their policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from salvia.control import crud
from salvia.control.call import Call, operation
from salvia.control.listing import decode_token, encode_token
from salvia.control.policy import document
from salvia.control.providers import NamedPolicy
from salvia.control.resource import Resource
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from . import retries
from .errors import invalid, missing

TOPIC = Resource(
    noun="Topic", service="sns", key="Name", arn="{Name}", operations=frozenset(), missing=lambda arn: missing("Topic")
)
SUBSCRIPTION = "sns:Subscription"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_PAGE = 100
_ACTIONS = (
    *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe"),
    *("ListSubscriptionsByTopic", "Publish"),
)
_COUNT = "SELECT state, COUNT(*) AS number FROM documents WHERE owner = :owner AND kind = :kind GROUP BY state"
_LIST = """
SELECT arn, name FROM documents WHERE kind = :kind AND account = :account AND region = :region AND name > :after
ORDER BY name LIMIT :size"""


def provide(world: World) -> None:
    """Let authorisation see the policies and the tags of topics."""

    def attached(arn: str) -> NamedPolicy | None:
        topic = documents.by_arn(world.db.read(), arn) if arn.startswith("arn:aws:sns:") else None
        if topic is None or topic.kind != TOPIC.kind:
            return None
        return NamedPolicy(f"topic policy of {topic.name}", topic.spec["Policy"])

    world.providers.resource_policies["sns"] = attached


def find(reader: Reader, arn: str) -> Document:
    """The topic of an ARN. Raises NotFound, or InvalidParameter for what is no ARN of one."""
    if not arn.startswith("arn:aws:sns:") or arn.count(":") != 5:
        raise invalid(
            "TopicArn",
            f"An ARN must have at least 6 elements, not {arn.count(':') + 1}"
            if arn.count(":") < 5
            else "it is not the ARN of a topic",
        )
    topic = documents.by_arn(reader, arn)
    if topic is None or topic.kind != TOPIC.kind:
        raise missing("Topic")
    return topic


def _default_policy(arn: str, account: str) -> str:
    """What AWS gives a new topic: services that act for its owner may use it."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _ACTIONS],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    policy = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    return orjson.dumps(policy).decode()


def _checked(name: str, value: str) -> str:
    """An attribute's value. Raises InvalidParameter for what cannot be so, or is not built."""
    if name == "Policy":
        document(value, "resource", code="InvalidParameter")
    elif name == "DeliveryPolicy":
        retries.of_topic(value) if value else None
    elif name == "DisplayName":
        if len(value) > 100:
            raise invalid("DisplayName", "must be at most 100 characters long")
    elif name == "SignatureVersion":
        if value not in ("1", "2"):
            raise invalid("SignatureVersion", "must be 1 or 2")
    elif (name, value) not in (("TracingConfig", "PassThrough"), ("FifoTopic", "false")):
        raise invalid(
            f"Attributes: {name}",
            "Salvia's topics know DisplayName, Policy, DeliveryPolicy and SignatureVersion so far",
        )
    return value


@operation("CreateTopic")
async def create_topic(call: Call) -> dict[str, Any]:
    """Create a topic, or find the one that is there and is as asked. Source: API_CreateTopic."""
    request = call.request
    name, attributes = request["Name"], request.get("Attributes", {})
    if name.endswith(".fifo") or attributes.get("FifoTopic") == "true":
        raise invalid("Topic Name", "Salvia has no FIFO topics yet")
    if not _NAME.fullmatch(name):
        raise invalid("Topic Name")
    if request.get("DataProtectionPolicy"):
        raise invalid("DataProtectionPolicy", "Salvia does not look into messages, nor does AWS for new customers")
    given = {member: _checked(member, value) for member, value in attributes.items()}
    topic = crud.new(call, TOPIC, {"Name": name, "Tags": request.get("Tags", [])})
    topic.spec = {"Name": name, "Policy": _default_policy(topic.arn, call.account), **given}

    def work(tx: Transaction) -> None:
        known = documents.find(tx, TOPIC.kind, call.account, call.region, name)
        if known is None:
            documents.insert(tx, topic)
            return
        if any(known.spec.get(member) != value for member, value in given.items()):
            raise invalid("Attributes", "Topic already exists with different attributes")
        if request.get("Tags") and known.tags != topic.tags:
            raise invalid("Tags", "Topic already exists with different tags")

    await call.db.write(work)
    return {"TopicArn": topic.arn}


@operation("DeleteTopic")
async def delete_topic(call: Call) -> dict[str, Any]:
    """Delete a topic and its subscriptions; one that is not there is no trouble. Source: API_DeleteTopic."""

    def work(tx: Transaction) -> None:
        try:
            topic = find(tx, call.request["TopicArn"])
        except ServiceError as error:
            if error.code != "NotFound":
                raise
            return
        for subscription in documents.owned(tx, topic.id, SUBSCRIPTION):
            forget(tx, subscription)
        documents.delete(tx, topic.id)

    await call.db.write(work)
    return {}


def forget(tx: Transaction, subscription: Document) -> None:
    """Delete a subscription, with what was on its way to it."""
    tx.run("DELETE FROM sns_deliveries WHERE subscription = :id", {"id": subscription.id})
    documents.delete(tx, subscription.id)


@operation("ListTopics")
async def list_topics(call: Call) -> dict[str, Any]:
    """A page of 100 topics. Source: API_ListTopics."""
    values = {"kind": TOPIC.kind, "account": call.account, "region": call.region, "size": _PAGE + 1}
    rows = await call.db.scan(_LIST, {**values, "after": token_of(call.request)})
    answer: dict[str, Any] = {"Topics": [{"TopicArn": row["arn"]} for row in rows[:_PAGE]]}
    if len(rows) > _PAGE:
        answer["NextToken"] = encode_token(rows[_PAGE - 1]["name"])
    return answer


def token_of(request: Mapping[str, Any]) -> str:
    """The name behind which a page begins. Raises InvalidParameter."""
    if not request.get("NextToken"):
        return ""
    try:
        name = decode_token(request["NextToken"])
    except ServiceError:
        name = None
    if not isinstance(name, str):
        raise invalid("NextToken")
    return name


@operation("GetTopicAttributes")
async def get_topic_attributes(call: Call) -> dict[str, Any]:
    """Everything about a topic, as texts. Source: API_GetTopicAttributes."""
    topic = find(call.db.read(), call.request["TopicArn"])
    rows = call.db.read().all(_COUNT, {"owner": topic.id, "kind": SUBSCRIPTION})
    counted = {row["state"]: int(row["number"]) for row in rows}
    policy = orjson.loads(topic.spec.get("DeliveryPolicy") or "{}")
    retry, content_type = retries.effective(policy, {})
    effective = {
        "http": {
            "defaultHealthyRetryPolicy": retry,
            "disableSubscriptionOverrides": policy.get("http", {}).get("disableSubscriptionOverrides", False),
            "defaultRequestPolicy": {"headerContentType": content_type},
        }
    }
    attributes = {
        "TopicArn": topic.arn,
        "Owner": topic.account,
        "DisplayName": "",
        "SubscriptionsConfirmed": str(counted.get("Confirmed", 0)),
        "SubscriptionsPending": str(counted.get("Pending", 0)),
        "SubscriptionsDeleted": str(counted.get("Unsubscribed", 0)),
        "EffectiveDeliveryPolicy": orjson.dumps(effective).decode(),
        **{name: value for name, value in topic.spec.items() if name != "Name" and value != ""},
    }
    return {"Attributes": attributes}


@operation("SetTopicAttributes")
async def set_topic_attributes(call: Call) -> dict[str, Any]:
    """Change one attribute; an empty policy is the default one again. Source: API_SetTopicAttributes."""
    request = call.request
    name, value = request["AttributeName"], request.get("AttributeValue", "")
    if name != "Policy" or value:
        _checked(name, value)

    def work(tx: Transaction) -> None:
        topic = find(tx, request["TopicArn"])
        topic.spec[name] = value or (_default_policy(topic.arn, topic.account) if name == "Policy" else value)
        documents.update(tx, topic)

    await call.db.write(work)
    return {}
