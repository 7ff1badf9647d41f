"""What makes a bucket policy public, and how it is restricted.

Source: S3 user guide, "Blocking public access to your Amazon S3 storage", "The meaning of 'public'".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

# Keys that, held to fixed values, limit a statement to somebody in particular.
_LIMITING = frozenset(
    (
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    )
)
_OPERATORS = frozenset(("stringequals", "stringlike", "stringequalsignorecase", "arnequals", "arnlike", "ipaddress"))


@lru_cache(maxsize=1024)
def is_public(policy: str) -> bool:
    """Whether a policy gives anything to everybody."""
    return any(_opens(statement) for statement in _statements(json.loads(policy)))


@lru_cache(maxsize=1024)
def restricted(policy: str, account: str) -> str:
    """The policy, with what it gives to everybody given to the principals of `account` alone."""
    content = json.loads(policy)
    statements = [dict(statement) for statement in _statements(content)]
    for statement in statements:
        if _opens(statement):
            conditions = {operator: dict(keys) for operator, keys in statement.get("Condition", {}).items()}
            conditions.setdefault("StringEquals", {})["aws:PrincipalAccount"] = account
            statement["Condition"] = conditions
    return json.dumps({**content, "Statement": statements})


def _statements(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    statements = content["Statement"]
    yield from [statements] if isinstance(statements, dict) else statements


def _opens(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Allow" or not _everybody(statement):
        return False
    return not any(
        operator.lower() in _OPERATORS and key.lower() in _LIMITING and _fixed(key.lower(), values)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _everybody(statement: Mapping[str, Any]) -> bool:
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    named = principal.get("AWS", ()) if isinstance(principal, dict) else principal
    return named == "*" or (isinstance(named, list) and "*" in named)


def _fixed(key: str, values: Any) -> bool:
    texts = values if isinstance(values, list) else [values]
    if key == "aws:sourceip":
        return all(not str(text).endswith("/0") for text in texts)
    return all("*" not in str(text) and "?" not in str(text) and "${" not in str(text) for text in texts)
