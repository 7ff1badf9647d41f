"""Where an operation and its IAM action part ways: the one table of what is not as the names suggest.

`generate.py` reads ALIASES, ACTIONS, RESOURCES and KEYS; `required` reads FREE, TAGGING and, through `SPECIAL`, the
few operations whose needs depend on what the request holds.

Source: service authorization reference, of each service; S3 user guide, "Required permissions for Amazon S3
API operations"; CloudWatch Logs user guide, "Resources and operations".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

# Operations for which nothing is asked here.
FREE: Mapping[str, str] = {
    "sts:GetCallerIdentity": "no permissions are required, even an explicit denial does not count",
    "sts:GetSessionToken": "no permissions are required",
    "s3:DeleteObjects": "asks for each key by itself, and answers for each by itself",
    "sts:AssumeRole": "its handler decides, since the role's trust policy must allow in any case",
    "sns:ConfirmSubscription": "the token says that the caller got the message",
    "sns:Unsubscribe": "its handler decides: what was confirmed without a signature is left without one",
}

# Operations that exist in a model and are refused whatever policies say.
CLOSED: Mapping[str, str] = {
    "s3:CreateSession": "belongs to directory buckets (s3express)",
    "s3:ListDirectoryBuckets": "belongs to directory buckets (s3express)",
    "s3:RenameObject": "belongs to directory buckets (s3express)",
    "s3:WriteGetObjectResponse": "belongs to s3-object-lambda",
    "s3:SelectObjectContent": "closed to new customers by AWS",
}

# Template variable of an ARN → the request members that may fill it, by service.
ALIASES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "sagemaker": {
        "ActionName": ("ActionName",),
        "AppId": ("Arn",),
        "AutoMLJobJobName": ("AutoMLJobName",),
        "ClusterId": ("ClusterArn", "ClusterName"),
        "ClusterSchedulerConfigId": ("ClusterSchedulerConfigId",),
        "DataQualityJobDefinitionName": ("JobDefinitionName",),
        "HashOfArtifactSource": ("ArtifactArn",),
        "InferenceExperimentName": ("Name",),
        "InferenceRecommendationsJobName": ("JobName",),
        "MLflowAppId": ("Arn",),
        "MlflowTrackingServerName": ("TrackingServerName",),
        "ModelBiasJobDefinitionName": ("JobDefinitionName",),
        "ModelExplainabilityJobDefinitionName": ("JobDefinitionName",),
        "ModelPackageName": ("ModelPackageName", "ModelPackageArn", "ModelPackageArnList"),
        "ModelQualityJobDefinitionName": ("JobDefinitionName",),
        "MonitoringScheduleAlertName": ("MonitoringAlertName",),
        "PipelineName": ("PipelineName", "PipelineArn"),
        "RandomString": ("PipelineExecutionArn", "ReservedCapacityArn"),
        "UserProfileName": ("UserProfileName", "SpaceName"),  # an app's may be a space
        "WorkteamName": ("WorkteamName", "WorkteamArn"),
        "ExportJobName": ("ModelCardExportJobArn", "ModelCardExportJobName"),
    },
    "logs": {
        "LogGroupName": (
            "logGroupName",
            "logGroupIdentifier",
            "resourceIdentifier",
            "logGroupNames",
            "logGroupIdentifiers",
            "logGroupArnList",
        ),
        "LogStreamName": ("logStreamName",),
        "DestinationName": ("destinationName",),
        "DeliverySourceName": ("name", "deliverySourceName"),
        "DeliveryName": ("id",),
        "DeliveryDestinationName": ("name", "deliveryDestinationName"),
        "DetectorId": ("anomalyDetectorArn",),
        "LookupTableName": ("lookupTableName", "lookupTableArn"),
        "ScheduledQueryId": ("identifier",),
    },
    "cloudwatch": {
        "AlarmName": ("AlarmName", "AlarmNames"),
        "DashboardName": ("DashboardName", "DashboardNames"),
        "InsightRuleName": ("RuleName", "RuleNames"),
        "MetricStreamName": ("Name", "Names"),
        "AlarmMuteRuleName": ("Name", "AlarmMuteRuleName"),
    },
    "iam": {
        "UserNameWithPath": ("user:UserName",),
        "RoleNameWithPath": ("role:RoleName",),
        "GroupNameWithPath": ("group:GroupName",),
        "PolicyNameWithPath": ("PolicyArn",),
        "InstanceProfileNameWithPath": ("instance-profile:InstanceProfileName",),
        "CertificateNameWithPath": ("ServerCertificateName",),
        "MfaTokenIdWithPath": ("SerialNumber",),
        "OidcProviderName": ("OpenIDConnectProviderArn",),
        "SamlProviderName": ("SAMLProviderArn",),
        "EntityPath": ("Arn",),
        "DelegationRequestId": ("DelegationRequestId",),
    },
    "kms": {"KeyId": ("key:KeyId", "key:TargetKeyId"), "Alias": ("AliasName",)},
    "cloudtrail": {
        "TrailName": ("TrailName", "Name"),
        "EventDataStoreId": ("EventDataStore", "EventDataStoreId"),
        "ChannelId": ("Channel",),
        "DashboardName": ("DashboardId",),
    },
    # Its ARN has an id of its own, which requests do not name.
    "application-autoscaling": {"ResourceId": ()},
    "sns": {"TopicName": ("TopicArn", "TargetArn", "Name", "ResourceArn")},
    "sqs": {"QueueName": ("queue:QueueUrl", "QueueName", "SourceArn")},
    "sts": {
        "RoleNameWithPath": ("RoleArn",),
        "UserNameWithPath": (),
        "FederatedUserName": ("Name",),
    },
}

# ARN templates that the reference gives otherwise than AWS evaluates them.
TEMPLATES: Mapping[str, Mapping[str, str]] = {
    # A group is evaluated with an empty stream behind it, so that policies for it end in ":*".
    "logs": {"log-group": "arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:"},
}

# Operation → action, where the two have different names.
ACTIONS: Mapping[str, Mapping[str, str]] = {
    "sns": {"PublishBatch": "Publish"},
    "sqs": {f"{action}Batch": action for action in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")},
    "s3": {
        "CompleteMultipartUpload": "PutObject",
        "CreateBucketMetadataConfiguration": "CreateBucketMetadataTableConfiguration",
        "CreateMultipartUpload": "PutObject",
        "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketMetadataConfiguration": "DeleteBucketMetadataTableConfiguration",
        "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
        "GetBucketCors": "GetBucketCORS",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
        "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
        "GetBucketLifecycle": "GetLifecycleConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketMetadataConfiguration": "GetBucketMetadataTableConfiguration",
        "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
        "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
        "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
        "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
        "ListBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjectVersions": "ListBucketVersions",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "PutBucketCors": "PutBucketCORS",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
        "PutBucketLifecycle": "PutLifecycleConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
        "PutBucketNotification": "PutBucketNotification",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutBucketReplication": "PutReplicationConfiguration",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "UploadPart": "PutObject",
    },
    "kms": {"ReEncrypt": "ReEncryptFrom"},
}

_IAM = "arn:aws:iam::{@account}:"

# Operation → resource templates (below the service's ARN, or whole), where the rule finds none or others.
RESOURCES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "sagemaker": {
        "AddAssociation": ("{SourceArn}", "{DestinationArn}"),
        "DeleteAssociation": ("{SourceArn}", "{DestinationArn}"),
        "CreateArtifact": ("artifact/*",),
        "CreateCluster": ("cluster/*",),
        "CreateHubContentReference": (
            "hub/{HubName}",
            "hub-content/{HubName}/modelreference/{HubContentName}",
        ),
        "CreateMlflowApp": ("mlflow-app/*",),
        "CreatePartnerApp": ("partner-app/*",),
        "CreateModelPackage": ("model-package/{ModelPackageGroupName|ModelPackageName}/*",),
        "DisassociateTrialComponent": (
            "experiment-trial/{TrialName}",
            "experiment-trial-component/{TrialComponentName}",
        ),
        "ListModelPackages": ("model-package-group/{ModelPackageGroupName}",),
        "StartSession": ("{ResourceIdentifier}",),
    },
    # The reference lists training jobs beside trial components: one or the other, and the request names the latter.
    "sagemaker_metrics": {"BatchPutMetrics": ("experiment-trial-component/{TrialComponentName}",)},
    "logs": {
        "DescribeLogGroups": ("log-group::log-stream:",),
        "ListTagsForResource": ("{resourceArn}",),
        "TagResource": ("{resourceArn}",),
        "UntagResource": ("{resourceArn}",),
    },
    "cloudwatch": {
        "ListTagsForResource": ("{ResourceARN}",),
        "TagResource": ("{ResourceARN}",),
        "UntagResource": ("{ResourceARN}",),
    },
    "application_autoscaling": {
        "ListTagsForResource": ("{ResourceARN}",),
        "TagResource": ("{ResourceARN}",),
        "UntagResource": ("{ResourceARN}",),
    },
    "cloudtrail": {"AddTags": ("{ResourceId}",), "RemoveTags": ("{ResourceId}",), "ListTags": ("{ResourceIdList}",)},
    "iam": {
        # The reference names no resource for these; AWS evaluates them on the path that is listed.
        "ListUsers": (f"{_IAM}user{{PathPrefix=/}}",),
        "ListRoles": (f"{_IAM}role{{PathPrefix=/}}",),
        "ListGroups": (f"{_IAM}group{{PathPrefix=/}}",),
        "ListInstanceProfiles": (f"{_IAM}instance-profile{{PathPrefix=/}}",),
        "ChangePassword": (f"{_IAM}user/{{user:UserName}}",),
        # …and these on whom they ask about.
        "GetContextKeysForPrincipalPolicy": ("{PolicySourceArn}",),
        "SimulatePrincipalPolicy": ("{PolicySourceArn}",),
        "CreateUser": (f"{_IAM}user{{Path=/}}{{UserName}}",),
        "CreateRole": (f"{_IAM}role{{Path=/}}{{RoleName}}",),
        "CreateGroup": (f"{_IAM}group{{Path=/}}{{GroupName}}",),
        "CreatePolicy": (f"{_IAM}policy{{Path=/}}{{PolicyName}}",),
        "CreateInstanceProfile": (f"{_IAM}instance-profile{{Path=/}}{{InstanceProfileName}}",),
        "CreateVirtualMFADevice": (f"{_IAM}mfa{{Path=/}}{{VirtualMFADeviceName}}",),
        "CreateSAMLProvider": (f"{_IAM}saml-provider/{{Name}}",),
        "UploadServerCertificate": (f"{_IAM}server-certificate{{Path=/}}{{ServerCertificateName}}",),
        "CreateServiceLinkedRole": (f"{_IAM}role/aws-service-role/{{AWSServiceName}}/*",),
    },
    "kms": {"CreateAlias": ("{AliasName}", "key/{key:TargetKeyId}"), "CreateKey": ("*",)},
}

# Operation → condition keys that are newer than the reference at hand.
KEYS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "sagemaker": {
        "CreateDomain": ("sagemaker:AuthMode",),
        "CreateNotebookInstance": ("sagemaker:NotebookInstanceLifecycleConfigArns",),
        "UpdateNotebookInstance": ("sagemaker:NotebookInstanceLifecycleConfigArns",),
    },
}

# Create operations that name tags need this permission on the same resource as well.
TAGGING: Mapping[str, str] = {
    "sagemaker": "sagemaker:AddTags",
    "logs": "logs:TagResource",
    "kms": "kms:TagResource",
    "sqs": "sqs:TagQueue",
}
_IAM_TAGGING = {"CreateUser": "iam:TagUser", "CreateRole": "iam:TagRole", "CreatePolicy": "iam:TagPolicy"}


def tagging(service: str, operation: str) -> str | None:
    """The action that tags in this create operation need besides."""
    if service == "iam":
        return _IAM_TAGGING.get(operation)
    return TAGGING.get(service) if operation.startswith("Create") else None


Pair = tuple[str, str]


def _object(request: Mapping[str, Any], key: str | None = None) -> str:
    return f"arn:aws:s3:::{request['Bucket']}/{request['Key'] if key is None else key}"


def _versioned(plain: str, version: str) -> Callable[[Mapping[str, Any]], list[Pair]]:
    return lambda request: [(version if request.get("VersionId") else plain, _object(request))]


def copy_source(source: object) -> tuple[str, str, str | None]:
    """Bucket, key and version of a CopySource, `bucket/key?versionId=…` or its parts.

    Source: S3 API reference, CopyObject, `x-amz-copy-source`.
    """
    if isinstance(source, Mapping):
        return str(source.get("Bucket", "")), str(source.get("Key", "")), source.get("VersionId")
    path, _, version = str(source).partition("?versionId=")
    bucket, _, key = unquote(path).lstrip("/").partition("/")
    return bucket, key, version or None


def _copy(request: Mapping[str, Any]) -> list[Pair]:
    bucket, key, version = copy_source(request.get("CopySource", ""))
    read = "s3:GetObjectVersion" if version else "s3:GetObject"
    needs = [(read, f"arn:aws:s3:::{bucket}/{key}"), ("s3:PutObject", _object(request))]
    if request.get("TaggingDirective") == "REPLACE" and request.get("Tagging"):
        needs.append(("s3:PutObjectTagging", _object(request)))
    return needs


def _put(request: Mapping[str, Any]) -> list[Pair]:
    target = _object(request)
    needs = [("s3:PutObject", target)]
    acl = request.get("ACL", "private") != "private" or any(name.startswith("Grant") for name in request)
    if acl:
        needs.append(("s3:PutObjectAcl", target))
    if request.get("Tagging"):
        needs.append(("s3:PutObjectTagging", target))
    if request.get("ObjectLockLegalHoldStatus"):
        needs.append(("s3:PutObjectLegalHold", target))
    if request.get("ObjectLockMode"):
        needs.append(("s3:PutObjectRetention", target))
    if request.get("BypassGovernanceRetention"):
        needs.append(("s3:BypassGovernanceRetention", target))
    return needs


def _delete(request: Mapping[str, Any]) -> list[Pair]:
    target = _object(request, request.get("Key", ""))
    needs = [("s3:DeleteObjectVersion" if request.get("VersionId") else "s3:DeleteObject", target)]
    if request.get("BypassGovernanceRetention"):
        needs.append(("s3:BypassGovernanceRetention", target))
    return needs


def _attributes(request: Mapping[str, Any]) -> list[Pair]:
    target = _object(request)
    if request.get("VersionId"):
        return [("s3:GetObjectVersion", target), ("s3:GetObjectVersionAttributes", target)]
    return [("s3:GetObject", target), ("s3:GetObjectAttributes", target)]


def _create_bucket(request: Mapping[str, Any]) -> list[Pair]:
    target = f"arn:aws:s3:::{request['Bucket']}"
    needs = [("s3:CreateBucket", target)]
    if request.get("ACL", "private") != "private" or any(name.startswith("Grant") for name in request):
        needs.append(("s3:PutBucketAcl", target))
    if request.get("ObjectLockEnabledForBucket"):
        needs += [("s3:PutBucketObjectLockConfiguration", target), ("s3:PutBucketVersioning", target)]
    if request.get("ObjectOwnership"):
        needs.append(("s3:PutBucketOwnershipControls", target))
    return needs


def _series(request: Mapping[str, Any]) -> list[Pair]:
    return [("sagemaker:BatchGetMetrics", query["ResourceArn"]) for query in request["MetricQueries"]]


# Operations whose needs follow from the request: (action, resource), …
SPECIAL: Mapping[str, Mapping[str, Callable[[Mapping[str, Any]], list[Pair]]]] = {
    # A token says of which execution it is only to who knows it: the handler asks about that.
    "sagemaker": {
        "SendPipelineExecutionStepFailure": lambda request: [],
        "SendPipelineExecutionStepSuccess": lambda request: [],
    },
    "sagemaker_metrics": {"BatchGetMetrics": _series},
    "s3": {
        "CopyObject": _copy,
        "CreateBucket": _create_bucket,
        "CreateMultipartUpload": _put,
        "DeleteObject": _delete,
        "DeleteObjectTagging": _versioned("s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
        "GetObject": _versioned("s3:GetObject", "s3:GetObjectVersion"),
        "GetObjectAcl": _versioned("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
        "GetObjectAttributes": _attributes,
        "GetObjectTagging": _versioned("s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
        "HeadObject": _versioned("s3:GetObject", "s3:GetObjectVersion"),
        "PutObject": _put,
        "PutObjectAcl": _versioned("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
        "PutObjectTagging": _versioned("s3:PutObjectTagging", "s3:PutObjectVersionTagging"),
        "UploadPartCopy": _copy,
    },
}
