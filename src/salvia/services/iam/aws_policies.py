"""The managed policies that AWS brings: files of `managed/`, kept to services that Salvia has or will have.

Source: AWS managed policy reference.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class AwsPolicy:
    """One of AWS's own managed policies; `document` is its JSON text."""

    name: str
    arn: str
    document: str
    members: Mapping[str, Any]

    @property
    def id(self) -> str:
        """A unique id, always the same."""
        digest = base64.b32encode(hashlib.sha256(self.arn.encode()).digest()).decode()
        return f"ANPA{digest[:16]}"


@cache
def all_policies() -> Mapping[str, AwsPolicy]:
    """Every one of them, by ARN, in the order of their names."""
    found: dict[str, AwsPolicy] = {}
    folder = resources.files(__package__) / "managed"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".json"):
            continue
        name = file.name.removesuffix(".json")
        members = json.loads(file.read_text("utf-8"))
        text = json.dumps(members.pop("Document"))
        for member in ("CreateDate", "UpdateDate"):
            members[member] = datetime.fromisoformat(members[member])
        arn = f"arn:aws:iam::aws:policy{members['Path']}{name}"
        found[arn] = AwsPolicy(name, arn, text, members)
    return found
