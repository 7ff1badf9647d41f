"""Amazon Resource Names: `arn:partition:service:region:account:resource`."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from .errors import validation_error


class Arn(NamedTuple):
    """The six parts of an ARN; region and account may be empty."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @property
    def name(self) -> str:
        """What follows the last slash, or the last colon of the resource."""
        return self.resource.rpartition("/")[2].rpartition(":")[2]

    @property
    def type(self) -> str:
        """What comes before the first slash or colon: `role`, `training-job`, …"""
        return self.resource.replace(":", "/", 1).partition("/")[0]


def parse_arn(text: str) -> Arn:
    """Split an ARN. Raises ValidationException when it is none."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise validation_error(f"'{text}' is not an ARN. An ARN reads arn:aws:service:region:account:resource.")
    return Arn(*parts[1:])


def queue_arn(url: str, region: str) -> str | None:
    """The ARN of a queue's URL, of whatever host: `…/ACCOUNT/NAME`; None for what is no such URL."""
    path = urlsplit(url).path.split("/")
    if len(path) < 3 or not path[-1] or len(path[-2]) != 12 or not path[-2].isdigit():
        return None
    return f"arn:aws:sqs:{region}:{path[-2]}:{path[-1]}"
