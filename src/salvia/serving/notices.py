"""What topics are told of asynchronous endpoints, published with the rights of the execution role.

Source: SageMaker developer guide, "Check prediction results", "Create an Asynchronous Inference Endpoint" (the test
notification); API reference, AsyncInferenceNotificationConfig.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from salvia.control import errand
from salvia.core.clock import timestamp
from salvia.store.db import Transaction

if TYPE_CHECKING:
    from salvia.control.world import World

SERVICE = "sagemaker.amazonaws.com"
LARGEST_INCLUDED = 128 * 1024  # bytes of a response that a notification has within it
TEST = {"eventVersion": "1.0", "eventSource": "aws:sagemaker", "eventName": "TestNotification"}
_TOPICS = {
    "Completed": ("SuccessTopic", "SUCCESS_NOTIFICATION_TOPIC"),
    "Failed": ("ErrorTopic", "ERROR_NOTIFICATION_TOPIC"),
}
_SHOWN = ("Accept", "ContentType", "CustomAttributes", "EndpointName", "InputLocation")


async def publish(
    world: World,
    region: str,
    role: str,
    topic: str,
    message: Mapping[str, Any],
    along: Callable[[Transaction], None] | None = None,
) -> None:
    """Publish to a topic, and write `along` with it. Raises what SNS says, or `along`; without subscriptions nothing
    is written."""
    caller = errand.in_role(world.db.read(), role, "SageMaker")
    request = {"TopicArn": topic, "Message": orjson.dumps(message).decode()}
    await errand.run(world, caller, SERVICE, region, "sns", "Publish", request, along)


def topic(config: Mapping[str, Any], status: str) -> str:
    """Where an outcome is published; empty where nobody wants to know. `config` is an OutputConfig."""
    found: str = (config.get("NotificationConfig") or {}).get(_TOPICS[status][0]) or ""
    return found


def includes(config: Mapping[str, Any], status: str) -> bool:
    """Whether the notification of an outcome has the response within it."""
    wanted = (config.get("NotificationConfig") or {}).get("IncludeInferenceResponseIn") or ()
    return bool(topic(config, status)) and _TOPICS[status][1] in wanted


def message(region: str, request: Mapping[str, Any], received: float, result: Mapping[str, Any]) -> dict[str, Any]:
    """How one request ended."""
    said = {
        "awsRegion": region,
        "eventTime": _moment(result["At"]),
        "receivedTime": _moment(received),
        "invocationStatus": result["Status"],
        "requestParameters": {name[0].lower() + name[1:]: request[name] for name in _SHOWN if name in request},
        "inferenceId": request["InferenceId"],
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    if result["Status"] == "Completed":
        shown = {"contentType": result.get("ContentType"), "outputLocation": request.get("OutputLocation")}
        said["responseParameters"] = {name: value for name, value in shown.items() if value}
    else:
        said["failureReason"] = result["Reason"]
    if "Body" in result:
        said["responseBody"] = {"content": result["Body"], "encoding": "BASE64"}
    return said


def _moment(moment: float) -> str:
    when = timestamp(moment)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03}Z"
