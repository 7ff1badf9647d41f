"""Queues through boto3. Expectations: SQS API reference and developer guide."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import Server


@pytest.fixture(scope="module")
def sqs(salvia: Server) -> Any:
    return salvia.client("sqs")


@pytest.fixture
def queue(sqs: Any) -> Iterator[str]:
    url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def refused(code: str, call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])


def test_a_message_is_sent_received_and_deleted(sqs: Any, queue: str) -> None:
    """Digests as the guide says: of the body, and of name, type and value of each attribute after their lengths."""
    attributes = {
        "Count": {"DataType": "Number", "StringValue": "3"},
        "Raw": {"DataType": "Binary.png", "BinaryValue": b"\0\xff"},
        "Trace.Id": {"DataType": "String", "StringValue": "ä"},
    }
    trace = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1"}}
    sent = sqs.send_message(
        QueueUrl=queue, MessageBody='{"a": "ä"}', MessageAttributes=attributes, MessageSystemAttributes=trace
    )
    assert sent["MD5OfMessageBody"] == hashlib.md5('{"a": "ä"}'.encode()).hexdigest()
    whole = hashlib.md5()
    for name, kind, how, value in (
        (b"Count", b"Number", b"\1", b"3"),
        (b"Raw", b"Binary.png", b"\2", b"\0\xff"),
        (b"Trace.Id", b"String", b"\1", "ä".encode()),
    ):
        whole.update(len(name).to_bytes(4, "big") + name + len(kind).to_bytes(4, "big") + kind + how)
        whole.update(len(value).to_bytes(4, "big") + value)
    assert sent["MD5OfMessageAttributes"] == whole.hexdigest()
    assert "MD5OfMessageSystemAttributes" in sent

    (message,) = sqs.receive_message(
        QueueUrl=queue, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"]
    )["Messages"]
    assert message["MessageId"] == sent["MessageId"] and message["Body"] == '{"a": "ä"}'
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert message["MessageAttributes"] == attributes
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    system = message["Attributes"]
    assert system["ApproximateReceiveCount"] == "1" and system["AWSTraceHeader"] == "Root=1"
    assert int(system["SentTimestamp"]) <= int(system["ApproximateFirstReceiveTimestamp"]) <= (time.time() + 5) * 1000
    assert "Messages" not in sqs.receive_message(QueueUrl=queue), "it is in flight"
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    refused(
        "AWS.SimpleQueueService.MessageNotInflight",
        sqs.change_message_visibility,
        QueueUrl=queue,
        ReceiptHandle=message["ReceiptHandle"],
        VisibilityTimeout=9,
    )
    (again,) = sqs.receive_message(
        QueueUrl=queue, AttributeNames=["ApproximateReceiveCount"], MessageAttributeNames=["Trace.*"]
    )["Messages"]
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
    assert list(again["MessageAttributes"]) == ["Trace.Id"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])  # of the first time: it does nothing
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessagesNotVisible"] == "1" and counts["ApproximateNumberOfMessages"] == "0"
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again["ReceiptHandle"])
    only = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert only["Attributes"] == {"ApproximateNumberOfMessagesNotVisible": "0"}
    refused("ReceiptHandleIsInvalid", sqs.delete_message, QueueUrl=queue, ReceiptHandle="AQEB")


def test_batches(sqs: Any, queue: str) -> None:
    """What is wrong with one entry is said of that one; ten are received at once, each only once."""
    entries: list[dict[str, Any]] = [{"Id": str(n), "MessageBody": f"body {n}"} for n in range(9)]
    sent = sqs.send_message_batch(QueueUrl=queue, Entries=[*entries, {"Id": "odd", "MessageBody": "\x01"}])
    assert [one["Id"] for one in sent["Successful"]] == [str(n) for n in range(9)]
    ((failed),) = sent["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == ("odd", "InvalidMessageContents", True)
    for code, wrong in (
        ("EmptyBatchRequest", []),
        ("TooManyEntriesInBatchRequest", [{"Id": str(n), "MessageBody": "b"} for n in range(11)]),
        ("BatchEntryIdsNotDistinct", [entries[0], entries[0]]),
        ("BatchRequestTooLong", [{"Id": str(n), "MessageBody": "b" * 600_000} for n in range(2)]),
    ):
        refused(f"AWS.SimpleQueueService.{code}", sqs.send_message_batch, QueueUrl=queue, Entries=wrong)
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [one["Body"] for one in received] == [f"body {n}" for n in range(9)]
    deleted = sqs.delete_message_batch(
        QueueUrl=queue,
        Entries=[
            *({"Id": one["MessageId"], "ReceiptHandle": one["ReceiptHandle"]} for one in received),
            {"Id": "x", "ReceiptHandle": "x"},
        ],
    )
    assert len(deleted["Successful"]) == 9 and deleted["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    sqs.send_message(QueueUrl=queue, MessageBody="one more")
    sqs.purge_queue(QueueUrl=queue)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)


def test_who_waits_is_answered_when_a_message_comes(sqs: Any, salvia: Server, queue: str) -> None:
    """Long polling: "returns as soon as any message arrives, up to WaitTimeSeconds"."""
    threading.Timer(0.7, lambda: salvia.client("sqs").send_message(QueueUrl=queue, MessageBody="now")).start()
    began = time.monotonic()
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20, VisibilityTimeout=1)["Messages"]
    assert message["Body"] == "now" and time.monotonic() - began < 15
    # Nobody deleted it: it comes back when its second is over.
    (again,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
    assert again["MessageId"] == message["MessageId"] and again["ReceiptHandle"] != message["ReceiptHandle"]
    assert time.monotonic() - began >= 1.6
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert counts["Attributes"] == {"ApproximateNumberOfMessagesDelayed": "1"}
    assert sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"][0]["Body"] == "later"


def test_queues_and_their_attributes(sqs: Any, salvia: Server) -> None:
    prefix = f"listed-{uuid.uuid4().hex[:8]}"
    urls = [
        sqs.create_queue(QueueName=f"{prefix}-{n}", Attributes={"VisibilityTimeout": "7"}, tags={"n": str(n)})[
            "QueueUrl"
        ]
        for n in range(3)
    ]
    name = f"{prefix}-0"
    assert urls[0].endswith(f"/123456789012/{name}")
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "7"})["QueueUrl"] == urls[0]
    refused("QueueAlreadyExists", sqs.create_queue, QueueName=name, Attributes={"VisibilityTimeout": "8"})
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == urls[0]
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=prefix, PaginationConfig={"PageSize": 2})
    assert [url for page in pages for url in page.get("QueueUrls", ())] == urls
    sqs.set_queue_attributes(QueueUrl=urls[0], Attributes={"DelaySeconds": "5", "MaximumMessageSize": "1024"})
    found = sqs.get_queue_attributes(QueueUrl=urls[0], AttributeNames=["All"])["Attributes"]
    assert found["QueueArn"] == f"arn:aws:sqs:us-east-1:123456789012:{name}"
    assert (found["DelaySeconds"], found["VisibilityTimeout"], found["MessageRetentionPeriod"]) == ("5", "7", "345600")
    refused("InvalidParameterValue", sqs.send_message, QueueUrl=urls[0], MessageBody="b" * 1025)
    sqs.tag_queue(QueueUrl=urls[0], Tags={"team": "blue"})
    sqs.untag_queue(QueueUrl=urls[0], TagKeys=["n", "none"])
    assert sqs.list_queue_tags(QueueUrl=urls[0])["Tags"] == {"team": "blue"}
    for url in urls:
        sqs.delete_queue(QueueUrl=url)
    gone = refused("AWS.SimpleQueueService.NonExistentQueue", sqs.send_message, QueueUrl=urls[0], MessageBody="b")
    assert gone == "The specified queue does not exist."
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName=name)
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=prefix)


def test_what_is_not_built_is_refused(sqs: Any, queue: str) -> None:
    unsupported = "AWS.SimpleQueueService.UnsupportedOperation"
    name = f"never-{uuid.uuid4().hex[:8]}"
    assert "FIFO" in refused(unsupported, sqs.create_queue, QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})
    for attribute, value in (("KmsMasterKeyId", "alias/k"), ("RedrivePolicy", "{}"), ("SqsManagedSseEnabled", "true")):
        message = refused(unsupported, sqs.create_queue, QueueName=name, Attributes={attribute: value})
        assert message.startswith("Salvia cannot do this yet")
    assert "FIFO" in refused(unsupported, sqs.send_message, QueueUrl=queue, MessageBody="b", MessageGroupId="g")
    refused("InvalidAttributeValue", sqs.create_queue, QueueName=name, Attributes={"DelaySeconds": "901"})
    refused("InvalidParameterValue", sqs.create_queue, QueueName="a name")
    refused("InvalidParameterValue", sqs.receive_message, QueueUrl=queue, MaxNumberOfMessages=11)
    refused("InvalidAddress", sqs.receive_message, QueueUrl="nowhere")
    refused("NotImplemented", sqs.list_dead_letter_source_queues, QueueUrl=queue)


def test_only_who_may_sends_and_receives(sqs: Any, salvia: Server, queue: str) -> None:
    """By the policies of users, or by the queue's own."""
    iam, name = salvia.client("iam"), f"sender-{uuid.uuid4().hex[:8]}"
    user = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    theirs = salvia.client("sqs", (key["AccessKeyId"], key["SecretAccessKey"], None))
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    message = refused("AccessDenied", theirs.send_message, QueueUrl=queue, MessageBody="b")
    assert f"sqs:SendMessage on resource: {arn}" in message
    allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    iam.put_user_policy(
        UserName=name, PolicyName="send", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    )
    theirs.send_message_batch(QueueUrl=queue, Entries=[{"Id": "1", "MessageBody": "b"}])
    refused("AccessDenied", theirs.receive_message, QueueUrl=queue)
    own = {**allow, "Action": "sqs:ReceiveMessage", "Principal": {"AWS": user}}
    sqs.set_queue_attributes(
        QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [own]})}
    )
    assert theirs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "b"
    refused("InvalidAttributeValue", sqs.set_queue_attributes, QueueUrl=queue, Attributes={"Policy": "{"})
