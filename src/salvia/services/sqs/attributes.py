"""Attributes of queues: which can be set, to what, and what they are unless they were.

Source: API_CreateQueue, API_SetQueueAttributes.
"""

from __future__ import annotations

from collections.abc import Mapping

from salvia.control.policy import document
from salvia.core.errors import ServiceError

from .errors import not_yet

# Member: least, most, by default.
NUMBERS: Mapping[str, tuple[int, int, int]] = {
    "DelaySeconds": (0, 900, 0),
    "MaximumMessageSize": (1024, 1 << 20, 1 << 20),
    "MessageRetentionPeriod": (60, 1_209_600, 345_600),
    "ReceiveMessageWaitTimeSeconds": (0, 20, 0),
    "VisibilityTimeout": (0, 43_200, 30),
}
_LATER = {
    "KmsMasterKeyId": "keys of KMS",
    "KmsDataKeyReusePeriodSeconds": "keys of KMS",
    "RedrivePolicy": "dead-letter queues",
    "RedriveAllowPolicy": "dead-letter queues",
    "ContentBasedDeduplication": "FIFO queues",
    "DeduplicationScope": "FIFO queues",
    "FifoThroughputLimit": "FIFO queues",
}


def checked(given: Mapping[str, str]) -> dict[str, str]:
    """Attributes that a request sets. Raises InvalidAttributeName, InvalidAttributeValue, UnsupportedOperation."""
    return {name: value for name, value in given.items() if _checked(name, value)}


def number(spec: Mapping[str, str], name: str) -> int:
    """The value of an attribute that is a number."""
    return int(spec.get(name, NUMBERS[name][2]))


def _checked(name: str, value: str) -> bool:
    """Whether it is worth keeping."""
    if name in NUMBERS:
        low, high, _ = NUMBERS[name]
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise ServiceError(
                "InvalidAttributeValue", f"Invalid value for the parameter {name}. It is an integer of {low} to {high}."
            )
        return True
    if name == "Policy":
        if value:
            document(value, "resource", code="InvalidAttributeValue")
        return True
    if name == "FifoQueue":  # an attribute that may only be true
        raise not_yet("FIFO queues")
    if name == "SqsManagedSseEnabled":
        if value == "true":
            raise not_yet("queues encrypted by SQS (SqsManagedSseEnabled)")
        return False
    if name in _LATER:
        if value:
            raise not_yet(f"{_LATER[name]} ({name})")
        return False
    raise ServiceError("InvalidAttributeName", f"Unknown Attribute {name}.")
