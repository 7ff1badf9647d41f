"""What a message is made of, what of it is refused, and the digests by which clients check it.

Source: API_SendMessage; SQS developer guide, "Amazon SQS message attributes", "Calculating the MD5 message digest for
message attributes".
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from salvia.core.errors import ServiceError

from .errors import invalid, not_yet

_ODD = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"(?!\.)(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_MOST_ATTRIBUTES = 10


def made(request: Mapping[str, Any], most: int) -> dict[str, Any]:
    """A message as it is kept. Raises InvalidParameterValue, InvalidMessageContents, UnsupportedOperation."""
    body = request["MessageBody"]
    if not body:
        raise ServiceError("MissingParameter", "The request must contain the parameter MessageBody.")
    if _ODD.search(body):
        raise ServiceError("InvalidMessageContents", "The message contains characters outside the allowed set.")
    for member in ("MessageDeduplicationId", "MessageGroupId"):
        if request.get(member):
            raise not_yet(f"{member}, of FIFO queues and fair queues")
    attributes = {name: _attribute(name, value) for name, value in request.get("MessageAttributes", {}).items()}
    if len(attributes) > _MOST_ATTRIBUTES:
        raise invalid(len(attributes), "MessageAttributes", f"Number of message attributes exceeds {_MOST_ATTRIBUTES}.")
    system = {name: _attribute(name, value) for name, value in request.get("MessageSystemAttributes", {}).items()}
    content = {"Body": body, "MessageAttributes": attributes, "System": system}
    if size(content) > most:
        raise invalid(
            "", "MessageBody", f"One or more parameters are invalid. Message must be shorter than {most} bytes."
        )
    return content


def size(content: Mapping[str, Any]) -> int:
    """The bytes of a message that count."""
    total = len(content["Body"].encode())
    for name, value in content["MessageAttributes"].items():
        total += len(name.encode()) + len(value["DataType"]) + len(_bytes(value))
    return total


def _attribute(name: str, value: Mapping[str, Any]) -> dict[str, str]:
    """An attribute as it is kept: binary values in base 64."""
    if not _NAME.fullmatch(name):
        raise invalid(name, "MessageAttributes", "An attribute's name has letters, digits, _, - and single dots.")
    kind, (text, binary) = value["DataType"].partition(".")[0], (value.get("StringValue"), value.get("BinaryValue"))
    if kind not in ("String", "Number", "Binary"):
        raise invalid(name, "MessageAttributes", "The type of message attribute must be String, Number or Binary.")
    if (kind == "Binary") != (binary is not None) or (kind == "Binary") == (text is not None) or not (text or binary):
        raise invalid(name, "MessageAttributes", f"It must have a value of type {kind}, and no other.")
    if kind == "Binary":
        return {"DataType": value["DataType"], "BinaryValue": base64.b64encode(binary or b"").decode()}
    if kind == "Number":
        try:
            float(text or "")
        except ValueError:
            raise invalid(name, "MessageAttributes", f"Can't cast the value {text} to a number.") from None
    return {"DataType": value["DataType"], "StringValue": str(text)}


def _bytes(value: Mapping[str, str]) -> bytes:
    if "BinaryValue" in value:
        return base64.b64decode(value["BinaryValue"])
    return value["StringValue"].encode()


def shown(attributes: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, Any]]:
    """Attributes as an answer has them."""
    return {
        name: {**value, **({"BinaryValue": _bytes(value)} if "BinaryValue" in value else {})}
        for name, value in attributes.items()
    }


def digest(body: str) -> str:
    """The digest of a body."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def digest_of_attributes(attributes: Mapping[str, Mapping[str, str]]) -> str:
    """The digest of attributes: name, type, how the value is carried and the value, each after its length."""
    whole = hashlib.md5(usedforsecurity=False)
    for name, value in sorted(attributes.items()):
        for part in (name.encode(), value["DataType"].encode()):
            whole.update(len(part).to_bytes(4, "big") + part)
        part = _bytes(value)
        whole.update((b"\2" if "BinaryValue" in value else b"\1") + len(part).to_bytes(4, "big") + part)
    return whole.hexdigest()
