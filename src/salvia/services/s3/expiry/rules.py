"""Lifecycle rules: what a configuration may say, and what it says of one object.

Source: API_PutBucketLifecycleConfiguration; user guide, "Lifecycle configuration elements", "Expiring objects".
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from salvia.core.errors import ServiceError
from salvia.protocol.timestamps import http_date
from salvia.store.documents import Document

from .. import failures
from ..versions import Version

RULES = "Lifecycle"  # in a bucket's status: the rules as they were put
DAY = 86400
_MOST = 1000
_LONGEST_ID = 255
_TRANSITIONS = ("Transitions", "NoncurrentVersionTransitions")
_ACTIONS = ("Expiration", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that is enabled. Times are in seconds since the epoch, `days` is None where there is no such action."""

    id: str
    prefix: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    above: int = -1
    below: float = math.inf
    days: int | None = None
    date: float | None = None
    markers: bool = False
    noncurrent_days: int | None = None
    newer: int = 0
    abort_days: int | None = None

    @property
    def plain(self) -> bool:
        """Whether it has no filter but a prefix: what has neither tags nor a size is under no other rule."""
        return not self.tags and self.above < 0 and self.below == math.inf

    def covers(self, key: str, size: int, tags: Mapping[str, str]) -> bool:
        """Whether an object is under this rule."""
        return (
            key.startswith(self.prefix)
            and self.above < size < self.below
            and all(tags.get(name) == value for name, value in self.tags.items())
        )

    def expires(self, created_at: float) -> float:
        """When a current version that is under this rule is to go; infinity: never."""
        if self.date is not None:
            return self.date
        return midnight_after(created_at, self.days) if self.days is not None else math.inf


def midnight_after(moment: float, days: int) -> float:
    """A number of days later, rounded up to the next midnight UTC."""
    return math.ceil(moment / DAY + days) * DAY


def of(bucket: Document) -> list[Rule]:
    """The rules of a bucket that are enabled."""
    return [_rule(each) for each in bucket.status.get(RULES, ()) if each["Status"] == "Enabled"]


def expiration(bucket: Document, version: Version) -> str | None:
    """The header x-amz-expiration of a current version: which rule ends it first, and when."""
    if not version.latest:
        return None
    found = [rule for rule in of(bucket) if rule.covers(version.key, version.size, version.tags)]
    due = [(rule.expires(version.created_at), rule.id) for rule in found]
    moment, rule = min(due, default=(math.inf, ""))
    if moment == math.inf:
        return None
    return f'expiry-date="{http_date(moment)}", rule-id="{quote(rule)}"'


def abortion(bucket: Document, key: str, created_at: float) -> dict[str, Any]:
    """When an upload that is not completed is aborted, as members of an answer."""
    due = [
        (midnight_after(created_at, rule.abort_days), rule.id)
        for rule in of(bucket)
        if rule.abort_days is not None and key.startswith(rule.prefix)
    ]
    return {"AbortDate": min(due)[0], "AbortRuleId": min(due)[1]} if due else {}


def checked(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules that may be put, each with an id. Raises MalformedXML, InvalidArgument, InvalidRequest, NotImplemented."""
    if not 1 <= len(rules) <= _MOST:
        raise _malformed(f"A configuration has 1 to {_MOST} rules.")
    named = [rule if rule.get("ID") else {**rule, "ID": str(uuid.uuid4())} for rule in rules]
    ids = [rule["ID"] for rule in named]
    if len(set(ids)) < len(ids):
        raise _argument("Rule ID must be unique. Found same ID for more than one rule", "ID", ids[0])
    for rule in named:
        _check(rule)
    return named


def _check(rule: dict[str, Any]) -> None:
    if len(rule["ID"]) > _LONGEST_ID:
        raise _argument(f"ID length should not exceed allowed limit of {_LONGEST_ID}", "ID", rule["ID"])
    if any(rule.get(name) for name in _TRANSITIONS):
        raise failures.not_implemented(
            "Salvia does not implement transitions between storage classes; rules that expire objects work."
        )
    if ("Filter" in rule) == ("Prefix" in rule):
        raise _malformed("A rule has either a Filter or, as older ones do, a Prefix.")
    if not any(name in rule for name in _ACTIONS):
        raise failures.invalid_request("At least one action needs to be specified in a rule")
    _check_filter(rule.get("Filter") or {})
    _check_expiration(rule.get("Expiration"))
    noncurrent = rule.get("NoncurrentVersionExpiration")
    if noncurrent is not None:
        _positive(noncurrent.get("NoncurrentDays"), "NoncurrentDays", "NoncurrentVersionExpiration")
        if not 0 <= noncurrent.get("NewerNoncurrentVersions", 1) <= 100:
            raise _argument("'NewerNoncurrentVersions' must be between 1 and 100", "NewerNoncurrentVersions", "")
    abort = rule.get("AbortIncompleteMultipartUpload")
    if abort is not None:
        _positive(abort.get("DaysAfterInitiation"), "DaysAfterInitiation", "AbortIncompleteMultipartUpload")
    if not _rule(rule).plain:
        if abort is not None:
            raise failures.invalid_request("AbortIncompleteMultipartUpload cannot be specified with tags or sizes.")
        if "ExpiredObjectDeleteMarker" in rule.get("Expiration", {}):
            raise failures.invalid_request("ExpiredObjectDeleteMarker cannot be specified with tags or sizes.")


def _check_filter(wanted: Mapping[str, Any]) -> None:
    if len(wanted) > 1:
        raise _malformed("A Filter has one element; And joins several.")
    both = wanted.get("And", wanted)
    tags = _tags(both)
    if len(tags) < len(_pairs(both)):
        raise failures.invalid_request("Duplicate Tag Keys are not allowed.")
    if "And" in wanted and len(both.keys() - {"Tags"}) + len(tags) < 2:
        raise _malformed("And joins two elements or more.")
    if both.get("ObjectSizeGreaterThan", -1) >= both.get("ObjectSizeLessThan", math.inf):
        raise failures.invalid_request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'.")


def _check_expiration(wanted: Mapping[str, Any] | None) -> None:
    if wanted is None:
        return
    if len(wanted.keys() & {"Days", "Date", "ExpiredObjectDeleteMarker"}) != 1:
        raise _malformed("An Expiration has one of Days, Date and ExpiredObjectDeleteMarker.")
    if "Days" in wanted:
        _positive(wanted["Days"], "Days", "Expiration")
    if "Date" in wanted and wanted["Date"].timestamp() % DAY:
        raise _argument("'Date' must be at midnight GMT", "Date", wanted["Date"].isoformat())


def _positive(days: int | None, name: str, action: str) -> None:
    if days is None:
        raise _malformed(f"{action} needs {name}.")
    if days < 1:
        raise _argument(f"'{name}' for {action} action must be a positive integer", name, days)


def _rule(rule: Mapping[str, Any]) -> Rule:
    wanted = rule.get("Filter") or {}
    both = wanted.get("And", wanted)
    expiration, noncurrent = rule.get("Expiration", {}), rule.get("NoncurrentVersionExpiration", {})
    return Rule(
        id=rule["ID"],
        prefix=rule.get("Prefix") or both.get("Prefix") or "",
        tags=_tags(both),
        above=both.get("ObjectSizeGreaterThan", -1),
        below=both.get("ObjectSizeLessThan", math.inf),
        days=expiration.get("Days"),
        date=expiration.get("Date"),
        markers=bool(expiration.get("ExpiredObjectDeleteMarker")),
        noncurrent_days=noncurrent.get("NoncurrentDays"),
        newer=noncurrent.get("NewerNoncurrentVersions", 0),
        abort_days=rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
    )


def _pairs(wanted: Mapping[str, Any]) -> list[Mapping[str, str]]:
    return [*wanted.get("Tags", ()), *([wanted["Tag"]] if wanted.get("Tag") else [])]


def _tags(wanted: Mapping[str, Any]) -> dict[str, str]:
    pairs: Iterable[Mapping[str, str]] = _pairs(wanted)
    return {tag["Key"]: tag["Value"] for tag in pairs}


def _malformed(why: str) -> ServiceError:
    return ServiceError(
        "MalformedXML",
        f"The XML you provided was not well-formed or did not validate against our published schema. {why}",
    )


def _argument(message: str, name: str, value: object) -> ServiceError:
    return failures.invalid_argument(message, name, value)
