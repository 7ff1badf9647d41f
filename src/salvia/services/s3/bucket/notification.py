"""Event notifications: the configuration. Source: API_PutBucketNotificationConfiguration; user guide, "Event
notification types and destinations", "Configuring event notifications using object key name filtering".

There is no SNS, SQS, Lambda or EventBridge here yet, so that no destination can be validated, and S3 refuses a
configuration whose destinations it cannot validate. Whoever says that they need not be gets it kept, and shown; events
are delivered once there is whereto.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from salvia.control.call import Call, operation
from salvia.core.arns import parse_arn
from salvia.core.errors import ServiceError
from salvia.store.documents import Document

from .. import buckets, failures, intake

_KEPT = "Notification"
_KINDS = {  # the list of each kind of destination: the member that names it, and its service
    "TopicConfigurations": ("TopicArn", "sns"),
    "QueueConfigurations": ("QueueArn", "sqs"),
    "LambdaFunctionConfigurations": ("LambdaFunctionArn", "lambda"),
}
_MOST = 100


@operation("GetBucketNotificationConfiguration")
async def get_bucket_notification_configuration(call: Call) -> dict[str, Any]:
    """The configuration as it was put; nothing where there is none."""
    kept: dict[str, Any] = buckets.find(call).status.get(_KEPT, {})
    return kept


@operation("PutBucketNotificationConfiguration")
async def put_bucket_notification_configuration(call: Call) -> dict[str, Any]:
    """Replace the configuration; an empty one switches notifications off.

    Raises InvalidArgument for destinations that cannot be validated, which are all but those that need not be, and
    NotImplemented for EventBridge.
    """
    intake.prove(call, required=False)
    wanted = call.request["NotificationConfiguration"]
    if wanted.get("EventBridgeConfiguration") is not None:
        raise failures.not_implemented("Salvia does not implement notifications to Amazon EventBridge yet.")
    kept = {kind: [_named(each) for each in wanted[kind]] for kind in _KINDS if wanted.get(kind)}
    destinations = _checked(kept)
    if destinations and not call.request.get("SkipDestinationValidation"):
        raise _invalid("Unable to validate the following destination configurations", ", ".join(destinations))

    def edit(bucket: Document) -> None:
        bucket.status[_KEPT] = kept

    await buckets.change(call, edit)
    return {}


def _named(configuration: Mapping[str, Any]) -> dict[str, Any]:
    return {"Id": configuration.get("Id") or str(uuid.uuid4()), **configuration}


def _checked(kept: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    """The destinations of a configuration that could be acted upon."""
    configurations = [(kind, each) for kind, several in kept.items() for each in several]
    if len(configurations) > _MOST:
        raise _invalid(f"A bucket can have up to {_MOST} notification configurations", str(len(configurations)))
    ids = [each["Id"] for _, each in configurations]
    if len(set(ids)) < len(ids):
        raise _invalid("Same ID used for multiple configurations. IDs must be unique", ids[0])
    destinations = []
    for kind, each in configurations:
        member, service = _KINDS[kind]
        arn = each[member]
        if not arn.startswith("arn:") or parse_arn(arn).service != service:
            raise _invalid("The ARN could not be parsed", arn)
        destinations.append(arn)
        rules = [rule["Name"] for rule in _rules(each)]
        if len(set(rules)) < len(rules):
            raise _invalid("Cannot specify more than one prefix rule or suffix rule in a filter", ", ".join(rules))
    for (_, one), (_, other) in combinations(configurations, 2):
        if _same_event(one, other) and _overlap(_affixes(one), _affixes(other)):
            raise _invalid(
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes "
                "are overlapping for the same event type.",
                f"{one['Id']}, {other['Id']}",
            )
    return destinations


def _rules(configuration: Mapping[str, Any]) -> list[dict[str, str]]:
    rules: list[dict[str, str]] = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return rules


def _affixes(configuration: Mapping[str, Any]) -> tuple[str, str]:
    named = {rule["Name"]: rule.get("Value", "") for rule in _rules(configuration)}
    return named.get("prefix", ""), named.get("suffix", "")


def _same_event(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return any(
        first == second or _covers(first, second) or _covers(second, first)
        for first in one["Events"]
        for second in other["Events"]
    )


def _covers(pattern: str, event: str) -> bool:
    return pattern.endswith("*") and event.startswith(pattern[:-1])


def _overlap(one: tuple[str, str], other: tuple[str, str]) -> bool:
    prefixes = one[0].startswith(other[0]) or other[0].startswith(one[0])
    return prefixes and (one[1].endswith(other[1]) or other[1].endswith(one[1]))


def _invalid(message: str, value: str) -> ServiceError:
    return failures.invalid_argument(message, "NotificationConfiguration", value)
