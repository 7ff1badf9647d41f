"""Condition keys: what is known of a request, found only when a policy asks for it.

Keys are in lower case throughout, since IAM ignores their case.

Source: IAM user guide, "AWS global condition context keys"; service authorization reference, "Condition
keys".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from salvia.core.caller import Caller

Value = str | Sequence[str] | None


def _unresolved(kind: str, account: str, name: str) -> str | None:
    return None


def _untagged(arn: str) -> Mapping[str, str] | None:
    return None


@dataclass(slots=True)
class Situation:
    """Who asks, from where, when. `now` is wall time.

    `resolve(kind, account, name)` is the ARN of an IAM entity or a KMS key, None when there is none;
    `tags(arn)` are a resource's tags, `object_tags(arn)` those of the S3 object that a request names. `extra`
    holds further keys that only the wire or the caller's code knows (`s3:authtype`, `iam:passedtoservice`), in
    lower case. `via_service`: a service makes this request on the caller's behalf.
    """

    caller: Caller
    account: str
    region: str
    now: float
    source_ip: str = ""
    user_agent: str = ""
    secure: bool = False
    via_service: bool = False
    resolve: Callable[[str, str, str], str | None] = _unresolved
    tags: Callable[[str], Mapping[str, str] | None] = _untagged
    object_tags: Callable[[str], Mapping[str, str] | None] = _untagged
    extra: Mapping[str, str] = field(default_factory=dict)


class RequestContext:
    """The context of one action on one resource; `get` is what policies call."""

    __slots__ = ("action", "keys", "request", "resource", "situation")

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

    def get(self, key: str, /) -> Value:
        """The key's value or values, None when the request has no such key."""
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
            return _fold(self.situation.tags(self.resource), tail)
        if key.startswith("kms:encryptioncontext:"):
            return _fold(self.request.get("EncryptionContext"), key.removeprefix("kms:encryptioncontext:"))
        found = KEYS.get(key)
        if found is None or (self.keys is not None and key not in self.keys):
            return None
        return found.of(self)


@dataclass(frozen=True, slots=True)
class Key:
    """Where a condition key stands in a request: members, `[]` for each of a list, `**` at any depth.

    `arn` makes ARNs of names (`key` for KMS keys, `model` for models); `many` is a multivalued key.
    """

    paths: tuple[str, ...]
    many: bool = False
    arn: str = ""

    def of(self, context: RequestContext) -> Value:
        """The values of a request."""
        values = [text for path in self.paths for text in find(context.request, path)]
        if self.arn:
            values = [_arn(self.arn, value, context.situation) for value in values]
        if not values:
            return None
        return values[0] if len(values) == 1 and not self.many else values


def _arn(kind: str, value: str, situation: Situation) -> str:
    if value.startswith("arn:"):
        return value
    if kind == "model":
        return f"arn:aws:sagemaker:{situation.region}:{situation.account}:model/{value.lower()}"
    resource = value if value.startswith("alias/") else f"key/{value}"
    return f"arn:aws:kms:{situation.region}:{situation.account}:{resource}"


def find(request: object, path: str) -> Iterator[str]:
    """The texts at a path of a request."""
    return _walk(request, _steps(path))


@lru_cache(maxsize=512)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[]", ".[]").split("."))


def _walk(value: object, steps: tuple[str, ...]) -> Iterator[str]:
    if not steps:
        yield from _text(value)
    elif steps[0] == "**":
        yield from _walk(value, steps[1:])
        children = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
        for child in children:
            if isinstance(child, Mapping | list):
                yield from _walk(child, steps)
    elif steps[0] == "[]":
        for each in value if isinstance(value, list) else ():
            yield from _walk(each, steps[1:])
    elif isinstance(value, Mapping) and steps[0] in value:
        yield from _walk(value[steps[0]], steps[1:])


def _text(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, datetime):
        yield value.isoformat()


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
        _fold(c.situation.object_tags(c.resource), name) if c.action in _OF_EXISTING_OBJECTS else None
    ),
    "s3:buckettag": lambda c, name: _fold(c.situation.tags(c.resource.partition("/")[0]), name),
}

_SAGEMAKER: Mapping[str, Key] = {
    "AcceleratorTypes": Key(("**.AcceleratorType", "**.AcceleratorTypes[]"), many=True),
    "AppNetworkAccessType": Key(("AppNetworkAccessType",)),
    "DirectInternetAccess": Key(("DirectInternetAccess",)),
    "DomainId": Key(("DomainId",)),
    "DomainSharingOutputKmsKey": Key(("**.SharingSettings.S3KmsKeyId",), arn="key"),
    "EnableRemoteDebug": Key(("RemoteDebugConfig.EnableRemoteDebug",)),
    "FeatureGroupDisableGlueTableCreation": Key(("OfflineStoreConfig.DisableGlueTableCreation",)),
    "FeatureGroupEnableOnlineStore": Key(("OnlineStoreConfig.EnableOnlineStore",)),
    "FeatureGroupOfflineStoreKmsKey": Key(("OfflineStoreConfig.S3StorageConfig.KmsKeyId",), arn="key"),
    "FeatureGroupOfflineStoreS3Uri": Key(("OfflineStoreConfig.S3StorageConfig.S3Uri",)),
    "FeatureGroupOnlineStoreKmsKey": Key(("OnlineStoreConfig.SecurityConfig.KmsKeyId",), arn="key"),
    "FileSystemAccessMode": Key(("**.FileSystemDataSource.FileSystemAccessMode",)),
    "FileSystemDirectoryPath": Key(("**.FileSystemDataSource.DirectoryPath",)),
    "FileSystemId": Key(("**.FileSystemDataSource.FileSystemId",)),
    "FileSystemType": Key(("**.FileSystemDataSource.FileSystemType",)),
    "HomeEfsFileSystemKmsKey": Key(("HomeEfsFileSystemKmsKeyId", "KmsKeyId"), arn="key"),
    "ImageArns": Key(("**.SageMakerImageArn",), many=True),
    "ImageVersionArns": Key(("**.SageMakerImageVersionArn",), many=True),
    "InstanceTypes": Key(("**.InstanceType",), many=True),
    "InterContainerTrafficEncryption": Key(("**.EnableInterContainerTrafficEncryption",)),
    "KeepAlivePeriod": Key(("**.KeepAlivePeriodInSeconds",)),
    "MaxRuntimeInSeconds": Key(("**.StoppingCondition.MaxRuntimeInSeconds",)),
    "MinimumInstanceMetadataServiceVersion": Key(("**.MinimumInstanceMetadataServiceVersion",)),
    "ModelApprovalStatus": Key(("ModelApprovalStatus",)),
    "ModelArn": Key(("ModelName", "**.ProductionVariants[].ModelName", "Specification.ModelName"), arn="model"),
    "NetworkIsolation": Key(("**.EnableNetworkIsolation",)),
    "OutputKmsKey": Key(
        (
            "**.OutputDataConfig.KmsKeyId",
            "**.OutputConfig.KmsKeyId",
            "**.ProcessingOutputConfig.KmsKeyId",
            "**.MonitoringOutputConfig.KmsKeyId",
            "**.TransformOutput.KmsKeyId",
        ),
        arn="key",
    ),
    "PipelineVersionId": Key(("PipelineVersionId",)),
    "RemoteAccess": Key(("**.RemoteAccess",)),
    "RootAccess": Key(("RootAccess",)),
    "ServerlessMaxConcurrency": Key(("**.ServerlessConfig.MaxConcurrency",)),
    "ServerlessMemorySize": Key(("**.ServerlessConfig.MemorySizeInMB",)),
    "SpaceSharingType": Key(("SpaceSharingSettings.SharingType",)),
    "StudioLifecycleConfigArns": Key(("**.LifecycleConfigArn", "**.LifecycleConfigArns[]"), many=True),
    "TargetModel": Key(("TargetModel",)),
    "UserProfileName": Key(("UserProfileName",)),
    "VolumeKmsKey": Key(("**.VolumeKmsKeyId", "KmsKeyId"), arn="key"),
    "VpcSecurityGroupIds": Key(
        ("**.VpcConfig.SecurityGroupIds[]", "SecurityGroupIds[]", "**.SecurityGroups[]"), many=True
    ),
    "VpcSubnets": Key(("**.VpcConfig.Subnets[]", "SubnetId", "SubnetIds[]"), many=True),
    "WorkteamArn": Key(("**.WorkteamArn",)),
}
_S3: Mapping[str, Key] = {
    "delimiter": Key(("Delimiter",)),
    "if-match": Key(("IfMatch",)),
    "if-none-match": Key(("IfNoneMatch",)),
    "locationconstraint": Key(("CreateBucketConfiguration.LocationConstraint",)),
    "max-keys": Key(("MaxKeys",)),
    "object-lock-legal-hold": Key(("ObjectLockLegalHoldStatus", "LegalHold.Status")),
    "object-lock-mode": Key(("ObjectLockMode", "Retention.Mode")),
    "object-lock-retain-until-date": Key(("ObjectLockRetainUntilDate", "Retention.RetainUntilDate")),
    "prefix": Key(("Prefix",)),
    "versionid": Key(("VersionId",)),
    "x-amz-acl": Key(("ACL",)),
    "x-amz-copy-source": Key(("CopySource",)),
    "x-amz-grant-full-control": Key(("GrantFullControl",)),
    "x-amz-grant-read": Key(("GrantRead",)),
    "x-amz-grant-read-acp": Key(("GrantReadACP",)),
    "x-amz-grant-write": Key(("GrantWrite",)),
    "x-amz-grant-write-acp": Key(("GrantWriteACP",)),
    "x-amz-metadata-directive": Key(("MetadataDirective",)),
    "x-amz-object-ownership": Key(("ObjectOwnership",)),
    "x-amz-server-side-encryption": Key(("ServerSideEncryption",)),
    "x-amz-server-side-encryption-aws-kms-key-id": Key(("SSEKMSKeyId",), arn="key"),
    "x-amz-server-side-encryption-customer-algorithm": Key(("SSECustomerAlgorithm",)),
    "x-amz-storage-class": Key(("StorageClass",)),
    "x-amz-website-redirect-location": Key(("WebsiteRedirectLocation",)),
}
_KMS: Mapping[str, Key] = {
    "BypassPolicyLockoutSafetyCheck": Key(("BypassPolicyLockoutSafetyCheck",)),
    "EncryptionAlgorithm": Key(("EncryptionAlgorithm",)),
    "GrantOperations": Key(("Operations[]",), many=True),
    "GranteePrincipal": Key(("GranteePrincipal",)),
    "KeyOrigin": Key(("Origin",)),
    "KeySpec": Key(("KeySpec", "CustomerMasterKeySpec")),
    "KeyUsage": Key(("KeyUsage",)),
    "MacAlgorithm": Key(("MacAlgorithm",)),
    "MessageType": Key(("MessageType",)),
    "MultiRegion": Key(("MultiRegion",)),
    "RetiringPrincipal": Key(("RetiringPrincipal",)),
    "RotationPeriodInDays": Key(("RotationPeriodInDays",)),
    "ScheduleKeyDeletionPendingWindowInDays": Key(("PendingWindowInDays",)),
    "SigningAlgorithm": Key(("SigningAlgorithm",)),
}
_OTHERS: Mapping[str, Key] = {
    "cloudwatch:AlarmActions": Key(("AlarmActions[]",), many=True),
    "cloudwatch:namespace": Key(("Namespace",)),
    "iam:AWSServiceName": Key(("AWSServiceName",)),
    "iam:PermissionsBoundary": Key(("PermissionsBoundary",)),
    "iam:PolicyARN": Key(("PolicyArn",)),
    "sts:DurationSeconds": Key(("DurationSeconds",)),
    "sts:ExternalId": Key(("ExternalId",)),
    "sts:RoleSessionName": Key(("RoleSessionName",)),
    "sts:SourceIdentity": Key(("SourceIdentity",)),
    "sts:TransitiveTagKeys": Key(("TransitiveTagKeys[]",), many=True),
}
KEYS: Mapping[str, Key] = {
    **{f"sagemaker:{name}".lower(): key for name, key in _SAGEMAKER.items()},
    **{f"s3:{name}": key for name, key in _S3.items()},
    **{f"kms:{name}".lower(): key for name, key in _KMS.items()},
    **{name.lower(): key for name, key in _OTHERS.items()},
}
