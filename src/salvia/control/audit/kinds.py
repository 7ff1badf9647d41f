"""What CloudTrail records: management events always, data events for trails that select them, the rest never.

Sources: CloudTrail user guide, "Logging data events"; S3 user guide, "Amazon S3 CloudTrail events"; CloudWatch and
CloudWatch Logs user guides, "Logging API calls"; SageMaker developer guide, "Log Amazon SageMaker API calls".
"""

from __future__ import annotations

from functools import cache

from salvia.protocol import SERVICES

_OBJECTS = (
    "AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload DeleteObject DeleteObjects "
    "DeleteObjectTagging GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention "
    "GetObjectTagging GetObjectTorrent HeadBucket HeadObject ListMultipartUploads ListObjects ListObjectsV2 "
    "ListObjectVersions ListParts PutObject PutObjectAcl PutObjectLegalHold PutObjectRetention PutObjectTagging "
    "RestoreObject SelectObjectContent UploadPart UploadPartCopy"
)
_METRICS = "GetMetricData GetMetricStatistics GetMetricWidgetImage ListMetrics PutMetricData"
_MESSAGES = (
    "ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch ReceiveMessage SendMessage "
    "SendMessageBatch"
)

#: Operations whose calls are data events, by service, and the type of resource by which trails select them.
DATA = {
    "s3": ("AWS::S3::Object", frozenset(_OBJECTS.split())),
    "cloudwatch": ("AWS::CloudWatch::Metric", frozenset(_METRICS.split())),
    "sagemaker_runtime": (
        "AWS::SageMaker::Endpoint",
        frozenset({"InvokeEndpoint", "InvokeEndpointAsync", "InvokeEndpointWithResponseStream"}),
    ),
    "sagemaker_featurestore": (
        "AWS::SageMaker::FeatureGroup",
        frozenset({"BatchGetRecord", "DeleteRecord", "GetRecord", "PutRecord"}),
    ),
    "sns": ("AWS::SNS::Topic", frozenset({"Publish", "PublishBatch"})),
    "sqs": ("AWS::SQS::Queue", frozenset(_MESSAGES.split())),
    "sagemaker_metrics": ("AWS::SageMaker::ExperimentTrialComponent", frozenset({"BatchPutMetrics"})),
}
DATA_TYPES = frozenset(kind for kind, _ in DATA.values())
_NEVER = {"logs:PutLogEvents"}

_READ_VERBS = ("Get", "Head", "Describe", "List", "Search", "Lookup", "Query", "BatchGet", "BatchDescribe", "Simulate")
_READS = {
    "cloudtrail:StartQuery",
    "logs:FilterLogEvents",
    "logs:StartQuery",
    "logs:StopQuery",
    "logs:TestMetricFilter",
    "sagemaker:RenderUiTemplate",
    "s3:SelectObjectContent",
    "sts:AssumeRole",
    "sts:DecodeAuthorizationMessage",
    # AWS KMS records use of a key as reading it.
    *(
        f"kms:{name}"
        for name in ("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "Sign", "Verify")
    ),
}


@cache
def data_type(service: str, operation: str) -> str | None:
    """The type of resource of a data event; None for another call."""
    kind, operations = DATA.get(service, ("", frozenset()))
    return kind if operation in operations else None


def recorded(service: str, operation: str) -> bool:
    """Whether a call is an event of either kind."""
    return f"{service}:{operation}" not in _NEVER


@cache
def read_only(service: str, operation: str) -> bool:
    """Whether an operation changes nothing, as CloudTrail's `readOnly` says."""
    return operation.startswith(_READ_VERBS) or f"{service}:{operation}" in _READS


@cache
def source(service: str) -> str:
    """The eventSource of a service: its signing name, as `monitoring.amazonaws.com` for CloudWatch."""
    return f"{SERVICES[service].scope}.amazonaws.com"
