"""What the API's model cannot check of an AsyncInferenceConfig.

Source: API_AsyncInferenceConfig and what it is made of; developer guide, "Create an Asynchronous Inference Endpoint".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salvia.core.errors import validation_error

Request = dict[str, Any]
_TOPICS = {"SUCCESS_NOTIFICATION_TOPIC": "SuccessTopic", "ERROR_NOTIFICATION_TOPIC": "ErrorTopic"}


def unsupported(request: Request) -> Iterator[str]:
    """What is asked for and not built."""
    config = request.get("AsyncInferenceConfig")
    if config and config["OutputConfig"].get("KmsKeyId"):
        yield "AsyncInferenceConfig.OutputConfig.KmsKeyId"


def check(request: Request) -> None:
    """Raise ValidationException for a configuration whose responses would go nowhere, or that contradicts itself."""
    config = request.get("AsyncInferenceConfig")
    if not config:
        return
    output = config["OutputConfig"]
    notifications = output.get("NotificationConfig") or {}
    included = notifications.get("IncludeInferenceResponseIn") or ()
    for member in ("S3OutputPath", "S3FailurePath"):
        if output.get(member) and not output[member].startswith("s3://"):
            raise validation_error(f"AsyncInferenceConfig: {member} {output[member]} must read s3://BUCKET/PREFIX.")
    for kind in included:
        if not notifications.get(_TOPICS[kind]):
            raise validation_error(
                f"AsyncInferenceConfig: IncludeInferenceResponseIn has {kind}, and there is no {_TOPICS[kind]}."
            )
    if not output.get("S3OutputPath") and "SUCCESS_NOTIFICATION_TOPIC" not in included:
        raise validation_error(
            "AsyncInferenceConfig: responses would go nowhere. Give an S3OutputPath, or a SuccessTopic that includes "
            "them."
        )
    if request.get("DataCaptureConfig"):
        # The guide, "Data capture": "for both real-time and batch model-monitor modes".
        raise validation_error(
            "DataCaptureConfig is for real-time endpoints and batch transforms: an asynchronous endpoint has its "
            "inputs and outputs in S3 already."
        )
    if any(variant.get("ServerlessConfig") for variant in request["ProductionVariants"]):
        raise validation_error("AsyncInferenceConfig and ServerlessConfig exclude each other.")
