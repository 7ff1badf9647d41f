"""Condition keys: what is known of a request, found only when a policy asks for it.

Keys are in lower case throughout, since IAM ignores their case.

Source: IAM user guide, "AWS global condition context keys"; service authorization reference, "Condition
keys".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from salvia.core.caller import Caller

from .exceptions import copy_source
from .keys import KEYS, Value


def _unresolved(kind: str, account: str, name: str) -> str | None:
    return None


def _untagged(arn: str, version: str | None) -> Mapping[str, str] | None:
    return None


def _unknown(arn: str) -> Mapping[str, Any] | None:
    return None


@dataclass(slots=True)
class Situation:
    """Who asks, from where, when. `now` is wall time.

    `resolve(kind, account, name)` is the ARN of an IAM entity or a KMS key, None when there is none;
    `tags(arn, version)` are a resource's tags, of one version where it has several; `stored(arn)` is its description.
    `extra` holds further keys that only the wire or the caller's code
    knows (`s3:authtype`, `iam:passedtoservice`), in lower case. `via_service`: a service makes this request
    on the caller's behalf.
    """

    caller: Caller
    account: str
    region: str
    now: float
    source_ip: str = ""
    user_agent: str = ""
    referer: str = ""
    secure: bool = False
    via_service: bool = False
    resolve: Callable[[str, str, str], str | None] = _unresolved
    tags: Callable[[str, str | None], Mapping[str, str] | None] = _untagged
    stored: Callable[[str], Mapping[str, Any] | None] = _unknown
    extra: Mapping[str, str] = field(default_factory=dict)


class RequestContext:
    """The context of one action on one resource; `get` is what policies call."""

    __slots__ = ("action", "asked", "keys", "request", "resource", "situation")

    def __init__(
        self,
        situation: Situation,
        action: str,
        resource: str,
        request: Mapping[str, Any],
        keys: frozenset[str] | None = None,
    ) -> None:
        """`keys` are the service's own keys that the action knows; None: all that there are."""
        self.situation = situation
        self.action = action
        self.resource = resource
        self.request = request
        self.keys = keys
        self.asked = False  # whether anything was: else the decision would be the same in any context

    def get(self, key: str, /) -> Value:
        """The key's value or values, None when the request has no such key."""
        self.asked = True
        source = GLOBAL.get(key)
        if source is not None:
            return source(self)
        extra = self.situation.extra.get(key) or self.situation.caller.context.get(key)
        if extra is not None:
            return extra
        head, slash, tail = key.partition("/")
        tagged = TAG_KEYS.get(head) if slash else None
        if tagged is not None:
            return tagged(self, tail)
        if head.endswith(":resourcetag"):
            return _fold(self.situation.tags(self.resource, None), tail)
        if key.startswith("kms:encryptioncontext:"):
            return _fold(self.request.get("EncryptionContext"), key.removeprefix("kms:encryptioncontext:"))
        found = KEYS.get(key)
        if found is None or (self.keys is not None and key not in self.keys):
            return None
        return found.of(self)


def _fold(pairs: Mapping[str, str] | None, key: str) -> str | None:
    """The value of a tag; the keys of tags count without case in policies."""
    for name, value in (pairs or {}).items():
        if name.lower() == key:
            return value
    return None


def request_tags(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a request gives, in whichever of AWS's shapes."""
    tags = request.get("Tags") or request.get("tags") or ()
    if isinstance(tags, Mapping):
        return {str(name): str(value) for name, value in tags.items()}
    return {tag.get("Key", tag.get("TagKey", "")): tag.get("Value", tag.get("TagValue", "")) for tag in tags}


def _tag_keys(context: RequestContext) -> Value:
    names = list(request_tags(context.request))
    for member in ("TagKeys", "tagKeys"):
        names += context.request.get(member, ())
    return names or None


def object_tags(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags that an S3 request gives an object: a header's query string, or PutObjectTagging's body."""
    tagging = request.get("Tagging")
    if isinstance(tagging, str):
        return dict(parse_qsl(tagging, keep_blank_values=True))
    if isinstance(tagging, Mapping):
        return {tag["Key"]: tag["Value"] for tag in tagging.get("TagSet", ())}
    return {}


def _version(context: RequestContext) -> str | None:
    """The version of an object that an action reads or writes; a copy names that of its source there."""
    source = context.request.get("CopySource") if context.action == "s3:GetObjectVersion" else None
    version: str | None = copy_source(source)[2] if source else context.request.get("VersionId")
    return version


def _visible(request: Mapping[str, Any]) -> dict[str, str]:
    """What a Search is limited to, by the keys that policies ask for."""
    return {one.get("Key", ""): one.get("Value", "") for one in request.get("VisibilityConditions", ())}


def _username(context: RequestContext) -> str | None:
    caller = context.situation.caller
    return caller.entity.rpartition("/")[2] if caller.kind == "user" else None


def _principal_type(context: RequestContext) -> str | None:
    types = {"user": "User", "assumed-role": "AssumedRole", "root": "Account", "anonymous": "Anonymous"}
    return types.get(context.situation.caller.kind)


def _account_of_resource(context: RequestContext) -> str:
    parts = context.resource.split(":", 5)
    return parts[4] if len(parts) == 6 and parts[4] else context.situation.account


def _known(context: RequestContext, value: str) -> str | None:
    return None if context.situation.caller.kind == "anonymous" else value


def _flag(value: bool) -> str:
    return "true" if value else "false"


# Keys that every request has, from who asks and how.
GLOBAL: Mapping[str, Callable[[RequestContext], Value]] = {
    "aws:principalarn": lambda c: c.situation.caller.entity if c.situation.caller.kind != "anonymous" else None,
    "aws:principalaccount": lambda c: c.situation.caller.account if c.situation.caller.kind != "anonymous" else None,
    "aws:principaltype": _principal_type,
    "aws:principalisawsservice": lambda c: _flag(c.situation.caller.kind == "service"),
    "aws:principalservicename": lambda c: c.situation.caller.service,
    "aws:userid": lambda c: c.situation.caller.user_id,
    "aws:username": _username,
    "aws:sourceip": lambda c: c.situation.source_ip or None,
    "aws:useragent": lambda c: c.situation.user_agent or None,
    "aws:referer": lambda c: c.situation.referer or None,
    "aws:securetransport": lambda c: _flag(c.situation.secure),
    "aws:currenttime": lambda c: datetime.fromtimestamp(c.situation.now, UTC).isoformat(),
    "aws:epochtime": lambda c: str(int(c.situation.now)),
    "aws:requestedregion": lambda c: c.situation.region,
    "aws:viaawsservice": lambda c: _flag(c.situation.via_service),
    "aws:resourceaccount": _account_of_resource,
    "s3:resourceaccount": _account_of_resource,
    "kms:calleraccount": lambda c: c.situation.caller.account,
    "aws:tagkeys": _tag_keys,
    "s3:requestobjecttagkeys": lambda c: list(object_tags(c.request)) or None,
    "kms:encryptioncontextkeys": lambda c: list(c.request.get("EncryptionContext", ())) or None,
}

# The actions that know s3:ExistingObjectTag. Source: service authorization reference, Amazon S3.
_OF_EXISTING_OBJECTS = frozenset(
    f"s3:{verb}Object{version}{what}"
    for verb, kinds in {
        "Get": ("", "Acl", "Attributes", "Tagging"),
        "Put": ("Acl", "Tagging"),
        "Delete": ("Tagging",),
    }.items()
    for what in kinds
    for version in ("", "Version")
)

# Keys that end in the name of a tag.
TAG_KEYS: Mapping[str, Callable[[RequestContext, str], Value]] = {
    "aws:requesttag": lambda c, name: _fold(request_tags(c.request), name),
    "s3:requestobjecttag": lambda c, name: _fold(object_tags(c.request), name),
    "s3:existingobjecttag": lambda c, name: (
        _fold(c.situation.tags(c.resource, _version(c)), name) if c.action in _OF_EXISTING_OBJECTS else None
    ),
    "s3:buckettag": lambda c, name: _fold(c.situation.tags(c.resource.partition("/")[0], None), name),
    "sagemaker:customermetadataproperties": lambda c, name: _fold(c.request.get("CustomerMetadataProperties"), name),
    "sagemaker:currentcustomermetadataproperties": lambda c, name: _fold(
        (c.situation.stored(c.resource) or {}).get("CustomerMetadataProperties"), name
    ),
    "sagemaker:searchvisibilitycondition": lambda c, name: _fold(_visible(c.request), name),
}
