"""One CloudTrail record.

Source: CloudTrail user guide, "CloudTrail record contents" and "CloudTrail userIdentity element".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from salvia import protocol
from salvia.core.arns import parse_arn
from salvia.core.caller import Caller
from salvia.store import events
from salvia.store.events import Event

from ..call import Call
from . import kinds

VERSION = "1.11"
_LONGEST = 100 * 1024  # bytes of requestParameters or responseElements; longer ones are omitted
LONGEST_AGENT = 1024
_SERVICES = {  # as CloudFormation spells them
    "s3": "S3",
    "iam": "IAM",
    "sts": "STS",
    "kms": "KMS",
    "sagemaker": "SageMaker",
    "logs": "Logs",
    "cloudwatch": "CloudWatch",
    "cloudtrail": "CloudTrail",
    "sns": "SNS",
    "sqs": "SQS",
    "application-autoscaling": "ApplicationAutoScaling",
}


def begin(call: Call, model: Any, event_id: str, now: float) -> dict[str, Any]:
    """The record of a call, as far as it is known before the answer; without a model, not what was asked.

    `now` is virtual time.
    """
    service = call.caller.service
    data = kinds.data_type(call.service, call.operation)
    return {
        "eventVersion": VERSION,
        "userIdentity": identity(call.caller),
        "eventTime": events.moment(now),
        "eventSource": kinds.source(call.service),
        "eventName": call.operation,
        "awsRegion": call.region,
        "sourceIPAddress": service or call.source_ip,
        "userAgent": service or call.user_agent[:LONGEST_AGENT],
        "requestParameters": None if model is None else _shown(model, "input", call.request, "requestParameters"),
        "responseElements": None,
        "requestID": call.request_id,
        "eventID": event_id,
        "readOnly": kinds.read_only(call.service, call.operation),
        "eventType": "AwsApiCall",
        "managementEvent": data is None,
        "recipientAccountId": call.account,
        "eventCategory": "Management" if data is None else "Data",
        **({"sessionCredentialFromConsole": "true"} if call.members else {}),
        **(
            {"tlsDetails": {"clientProvidedHostHeader": call.http.host}}
            if call.http is not None and call.http.scheme == "https"
            else {}
        ),
    }


def resources(arns: Iterable[str], call: Call) -> list[dict[str, str]]:
    """The resources that authorisation looked at, each once, with their types; none for `*`."""
    found = []
    for text in dict.fromkeys(arns):
        if not text.startswith("arn:") or text.count(":") < 5 or text.endswith(("/*", ":*")):
            continue  # nothing in particular, or something that a caller only calls an ARN
        arn = parse_arn(text)
        kind = ("object" if "/" in arn.resource else "bucket") if arn.service == "s3" else arn.type
        found.append({"accountId": arn.account or call.account, "type": _type(arn.service, kind), "ARN": text})
    return found


def data_resources(found: list[dict[str, str]], call: Call) -> list[dict[str, str]]:
    """The resources of a data event: first what it is about, by which trails select it, then S3's bucket.

    Listing a bucket is about the objects below its prefix. Source: S3 user guide, "CloudTrail log file entries".
    """
    kind = kinds.data_type(call.service, call.operation)
    about = [one for one in found if one["type"] == kind]
    if call.service == "s3" and "Bucket" in call.request:
        bucket = f"arn:aws:s3:::{call.request['Bucket']}"
        return [
            *(about or [{"type": str(kind), "ARNPrefix": f"{bucket}/"}]),
            {"accountId": call.account, "type": "AWS::S3::Bucket", "ARN": bucket},
        ]
    return about or [{"type": str(kind)}]


def response(model: Any, result: Mapping[str, Any]) -> Any:
    """The responseElements of a call that changed something."""
    return _shown(model, "output", result, "responseElements")


def event(record: dict[str, Any], checked: Sequence[tuple[str, str, bool]]) -> Event:
    """The event of a record, whatever clients sent: half of a surrogate pair, or trees of any depth."""
    try:
        return Event(record, checked)
    except TypeError:
        try:
            text = json.dumps(record, ensure_ascii=False, default=str)
            return Event(orjson.loads(text.encode("utf-8", "replace")), checked)
        except (TypeError, ValueError, RecursionError):
            omitted = {"omitted": True, "reason": "not representable"}
            return Event(
                {**record, "requestParameters": omitted, "responseElements": None, "errorMessage": ""}, checked
            )


def identity(caller: Caller) -> dict[str, Any]:
    """The userIdentity of a caller."""
    if caller.kind == "service":
        return {"type": "AWSService", "invokedBy": caller.service}
    if caller.kind == "anonymous":
        if caller.access_key is not None:  # whose signature proved nothing
            return {"type": "Unknown", "accessKeyId": caller.access_key}
        return {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    shown: dict[str, Any] = {
        "type": {"root": "Root", "user": "IAMUser", "assumed-role": "AssumedRole"}[caller.kind],
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account,
    }
    if caller.access_key is not None:
        shown["accessKeyId"] = caller.access_key
    if caller.kind == "user":
        shown["userName"] = caller.entity.rpartition("/")[2]
    issued = caller.context.get("aws:tokenissuetime")
    if issued is not None:
        attributes = {"creationDate": events.moment(float(issued)), "mfaAuthenticated": "false"}
        context: dict[str, Any] = {"attributes": attributes}
        if caller.kind == "assumed-role":
            context["sessionIssuer"] = {
                "type": "Role",
                "principalId": caller.user_id.partition(":")[0],
                "arn": caller.entity,
                "accountId": caller.account,
                "userName": caller.entity.rpartition("/")[2],
            }
        shown["sessionContext"] = context
    return shown


@lru_cache(maxsize=1024)
def _type(service: str, kind: str) -> str:
    """A resource's type, as CloudFormation spells it: AWS::SageMaker::TrainingJob."""
    return f"AWS::{_SERVICES.get(service, service.title())}::{''.join(part.capitalize() for part in kind.split('-'))}"


def _shown(model: Any, which: str, content: Mapping[str, Any], member: str) -> Any:
    value = protocol.recorded(model, which, content)
    try:
        size = len(orjson.dumps(value))
    except TypeError:
        return value  # `event` sees to it
    if size <= _LONGEST:
        return value
    return {"omitted": True, "originalSize": size, "reason": f"{member} too large"}
