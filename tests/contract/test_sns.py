"""Topics through boto3, delivered to a real HTTP server. Expectations: SNS API reference and developer guide."""

from __future__ import annotations

import base64
import json
import os
import signal
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from tests.conftest import Server, eventually
from tests.receiver import Receiver


@pytest.fixture(scope="module")
def sns(unhurried: Server) -> Any:
    return unhurried.client("sns")


@pytest.fixture
def topic(sns: Any) -> Iterator[str]:
    arn = sns.create_topic(Name=f"topic-{uuid.uuid4()}")["TopicArn"]
    yield arn
    sns.delete_topic(TopicArn=arn)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def confirmed(sns: Any, topic: str, receiver: Receiver, **attributes: str) -> str:
    """A subscription that the receiver confirms, as a person would: by opening the link."""
    before = len(receiver.of("SubscriptionConfirmation"))
    answer = sns.subscribe(
        TopicArn=topic, Protocol="http", Endpoint=receiver.url, Attributes=attributes, ReturnSubscriptionArn=True
    )
    asked = receiver.gets("SubscriptionConfirmation", before + 1).message
    with urllib.request.urlopen(asked["SubscribeURL"]) as page:
        assert f"<SubscriptionArn>{answer['SubscriptionArn']}</SubscriptionArn>" in page.read().decode()
    return answer["SubscriptionArn"]


def refused(code: str, call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])


def prove(message: dict[str, Any]) -> None:
    """Check a signature as the guide says. "Verifying the signatures of Amazon SNS messages"."""
    members = (
        ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
        if message["Type"] == "Notification"
        else ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
    )
    text = "".join(f"{name}\n{message[name]}\n" for name in members if name in message)
    with urllib.request.urlopen(message["SigningCertURL"]) as page:
        certificate = x509.load_pem_x509_certificate(page.read())
    used = {"1": hashes.SHA1(), "2": hashes.SHA256()}[message["SignatureVersion"]]
    signature = base64.b64decode(message["Signature"])
    certificate.public_key().verify(signature, text.encode(), padding.PKCS1v15(), used)  # type: ignore[union-attr,call-arg,arg-type]


def test_a_topic_has_attributes_tags_and_a_policy(sns: Any) -> None:
    name = f"topic-{uuid.uuid4()}"
    arn = sns.create_topic(Name=name, Attributes={"DisplayName": "News"}, Tags=[{"Key": "team", "Value": "a"}])[
        "TopicArn"
    ]
    assert arn == f"arn:aws:sns:us-east-1:123456789012:{name}"
    assert sns.create_topic(Name=name)["TopicArn"] == arn
    different = {"Name": name, "Attributes": {"DisplayName": "Other"}}
    message = refused("InvalidParameter", sns.create_topic, **different)
    assert message == "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
    attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert (attributes["Owner"], attributes["DisplayName"]) == ("123456789012", "News")
    assert json.loads(attributes["Policy"])["Id"] == "__default_policy_ID"
    assert json.loads(attributes["EffectiveDeliveryPolicy"])["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3
    sns.set_topic_attributes(TopicArn=arn, AttributeName="SignatureVersion", AttributeValue="2")
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["SignatureVersion"] == "2"
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "stage", "Value": "b"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "b"}]
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    assert refused("NotFound", sns.get_topic_attributes, TopicArn=arn) == "Topic does not exist"


def test_topics_come_in_pages_of_a_hundred(sns: Any) -> None:
    prefix = f"page-{uuid.uuid4()}-"
    made = {sns.create_topic(Name=f"{prefix}{number:03}")["TopicArn"] for number in range(101)}
    pages = [[one["TopicArn"] for one in page["Topics"]] for page in sns.get_paginator("list_topics").paginate()]
    assert len(pages) > 1
    assert made <= {arn for page in pages for arn in page}
    for arn in made:
        sns.delete_topic(TopicArn=arn)


def test_a_subscriber_is_asked_and_then_told(sns: Any, topic: str, receiver: Receiver) -> None:
    """The messages' formats and headers. Developer guide, "Parsing Amazon SNS message formats"."""
    answer = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)
    assert answer["SubscriptionArn"] == "pending confirmation"
    sns.publish(TopicArn=topic, Message="too early")
    asked = receiver.gets("SubscriptionConfirmation")
    assert asked.headers["content-type"] == "text/plain; charset=UTF-8"
    assert asked.headers["user-agent"] == "Amazon Simple Notification Service Agent"
    assert asked.headers["x-amz-sns-topic-arn"] == topic
    assert asked.message["Message"].startswith(f"You have chosen to subscribe to the topic {topic}.\n")
    prove(asked.message)
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    (listed,) = [one for page in pages for one in page["Subscriptions"]]
    assert (listed["SubscriptionArn"], listed["Endpoint"]) == ("PendingConfirmation", receiver.url)
    assert (
        refused("InvalidParameter", sns.confirm_subscription, TopicArn=topic, Token="x") == "Invalid parameter: Token"
    )
    arn = sns.confirm_subscription(TopicArn=topic, Token=asked.message["Token"])["SubscriptionArn"]
    attributes = {"colour": {"DataType": "String", "StringValue": "blue"}}
    sent = sns.publish(TopicArn=topic, Subject="News", Message="häppened", MessageAttributes=attributes)
    told = receiver.gets("Notification")
    assert told.headers["x-amz-sns-subscription-arn"] == arn
    assert told.headers["x-amz-sns-message-id"] == sent["MessageId"]
    message = told.message
    assert {name: message[name] for name in ("Type", "MessageId", "TopicArn", "Subject", "Message")} == {
        "Type": "Notification",
        "MessageId": sent["MessageId"],
        "TopicArn": topic,
        "Subject": "News",
        "Message": "häppened",
    }
    assert message["MessageAttributes"] == {"colour": {"Type": "String", "Value": "blue"}}
    assert message["SignatureVersion"] == "1"
    prove(message)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="2")
    sns.publish(TopicArn=topic, Message="again")
    told = receiver.gets("Notification", 2)
    assert told.message["SignatureVersion"] == "2"
    prove(told.message)
    counts = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (counts["SubscriptionsConfirmed"], counts["SubscriptionsPending"]) == ("1", "0")
    assert [one.message["Message"] for one in receiver.of("Notification")] == ["häppened", "again"]


def test_whoever_has_the_link_may_leave_and_come_back(sns: Any, topic: str, receiver: Receiver) -> None:
    """Unsubscribe: "a final cancellation message is delivered to the endpoint, so that the endpoint owner can easily
    resubscribe"."""
    arn = confirmed(sns, topic, receiver)
    sns.publish(TopicArn=topic, Message="m")
    link = receiver.gets("Notification").message["UnsubscribeURL"]
    with urllib.request.urlopen(link) as page:
        assert page.status == 200
    farewell = receiver.gets("UnsubscribeConfirmation").message
    prove(farewell)
    assert refused("NotFound", sns.get_subscription_attributes, SubscriptionArn=arn) == "Subscription does not exist"
    with urllib.request.urlopen(farewell["SubscribeURL"]) as page:
        assert arn in page.read().decode()
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "false"
    listed = [
        one["SubscriptionArn"]
        for page in sns.get_paginator("list_subscriptions").paginate()
        for one in page["Subscriptions"]
    ]
    assert arn in listed
    sns.unsubscribe(SubscriptionArn=arn)
    refused("NotFound", sns.unsubscribe, SubscriptionArn=arn)


def test_leaving_may_need_a_signature(sns: Any, topic: str, receiver: Receiver) -> None:
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url)
    token = receiver.gets("SubscriptionConfirmation").message["Token"]
    arn = sns.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")["SubscriptionArn"]
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["ConfirmationWasAuthenticated"] == "true"
    sns.publish(TopicArn=topic, Message="m")
    with pytest.raises(HTTPError, match="403"):
        urllib.request.urlopen(receiver.gets("Notification").message["UnsubscribeURL"])
    sns.unsubscribe(SubscriptionArn=arn)


def test_filters_raw_messages_and_variants(sns: Any, topic: str, receiver: Receiver) -> None:
    arn = confirmed(sns, topic, receiver, FilterPolicy='{"colour":["blue"]}', RawMessageDelivery="true")
    assert (
        sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["FilterPolicyScope"] == "MessageAttributes"
    )

    def coloured(colour: str) -> dict[str, Any]:
        return {"colour": {"DataType": "String", "StringValue": colour}}

    sns.publish(TopicArn=topic, Message="red", MessageAttributes=coloured("red"))
    sns.publish(TopicArn=topic, Message="none")
    variants = json.dumps({"default": "for all", "http": "for http"})
    sns.publish(TopicArn=topic, Message=variants, MessageStructure="json", MessageAttributes=coloured("blue"))
    told = receiver.gets("Notification")
    assert (told.body, told.headers["x-amz-sns-rawdelivery"]) == ("for http", "true")
    sns.set_subscription_attributes(
        SubscriptionArn=arn, AttributeName="FilterPolicyScope", AttributeValue="MessageBody"
    )
    batch = [{"Id": "a", "Message": '{"colour":"blue"}'}, {"Id": "b", "Message": "{}"}, {"Id": "c", "Message": ""}]
    answer = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=batch)
    assert [one["Id"] for one in answer["Successful"]] == ["a", "b"]
    assert [(one["Id"], one["Code"]) for one in answer["Failed"]] == [("c", "InvalidParameter")]
    told = receiver.gets("Notification", 2)
    assert told.body == '{"colour":"blue"}'
    assert told.headers["x-amz-sns-message-id"] == answer["Successful"][0]["MessageId"]
    twice = [{"Id": "a", "Message": "m"}] * 2
    refused("BatchEntryIdsNotDistinct", sns.publish_batch, TopicArn=topic, PublishBatchRequestEntries=twice)


def test_what_is_not_taken_is_tried_again(sns: Any, topic: str, receiver: Receiver) -> None:
    """5xx and 429 are tried again, as the delivery policy says; other 4xx are not."""
    arn = confirmed(sns, topic, receiver)
    policy = '{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":3,"numNoDelayRetries":3}}'
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName="DeliveryPolicy", AttributeValue=policy)
    receiver.answers += [503, 429, 200]
    sent = sns.publish(TopicArn=topic, Message="m")["MessageId"]
    receiver.gets("Notification", 3)
    receiver.answers += [404, 200]
    sns.publish(TopicArn=topic, Message="refused")
    receiver.gets("Notification", 4)
    other = sns.publish(TopicArn=topic, Message="n")["MessageId"]
    receiver.gets("Notification", 5)
    ids = [one.headers["x-amz-sns-message-id"] for one in receiver.of("Notification")]
    assert (ids[:3], ids[4]) == ([sent] * 3, other)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"Protocol": "sqs", "Endpoint": "arn:aws:sqs:us-east-1:123456789012:q"}, "over http and https so far"),
        ({"Protocol": "https", "Endpoint": "http://example.com"}, "a URL that begins with https://"),
        ({"Protocol": "http", "Endpoint": "http://10.0.0.1/"}, "the private address 10.0.0.1"),
        ({"Protocol": "http", "Endpoint": "http://169.254.169.254/latest"}, "the private address 169.254.169.254"),
        ({"Protocol": "http", "Endpoint": "http://[::ffff:10.0.0.1]/"}, "the private address"),
        (
            {"Protocol": "http", "Endpoint": "http://example.com", "Attributes": {"FilterPolicy": "["}},
            "FilterPolicy Reason: failed to parse JSON",
        ),
        (
            {"Protocol": "http", "Endpoint": "http://example.com", "Attributes": {"RedrivePolicy": "{}"}},
            "Attributes: RedrivePolicy",
        ),
    ],
)
def test_what_cannot_be_subscribed(sns: Any, topic: str, request_: dict[str, Any], said: str) -> None:
    assert said in refused("InvalidParameter", sns.subscribe, TopicArn=topic, **request_)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"Message": ""}, "Invalid parameter: Empty message"),
        ({"Message": "x" * (256 * 1024 + 1)}, "Invalid parameter: Message too long"),
        ({"Message": "x", "Subject": "a\nb"}, "Invalid parameter: Subject"),
        ({"Message": "x", "MessageStructure": "json"}, "JSON message body failed to parse"),
        ({"Message": '{"http":"x"}', "MessageStructure": "json"}, "No default entry in JSON message body"),
        (
            {"Message": "x", "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "x"}}},
            "Could not cast message attribute value x to number",
        ),
        ({"Message": "x", "MessageGroupId": "g"}, "not valid for this topic type"),
    ],
)
def test_what_cannot_be_published(sns: Any, topic: str, request_: dict[str, Any], said: str) -> None:
    assert said in refused("InvalidParameter", sns.publish, TopicArn=topic, **request_)


def test_without_the_setting_this_machine_is_not_reached(salvia: Server, receiver: Receiver) -> None:
    """Nor any other private address."""
    sns = salvia.client("sns")
    arn = sns.create_topic(Name="private")["TopicArn"]
    for endpoint in (receiver.url, f"http://localhost:{receiver.port}/", "http://[::1]:80/"):
        message = refused("InvalidParameter", sns.subscribe, TopicArn=arn, Protocol="http", Endpoint=endpoint)
        assert "--private-targets" in message
    sns.delete_topic(TopicArn=arn)


def test_a_server_does_not_deliver_to_itself(unhurried: Server, sns: Any, topic: str) -> None:
    """Its own paths take no requests from anybody's topic, whatever the setting says."""
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"{unhurried.url}/_reset")

    def said() -> bool:
        return any("Salvia does not deliver to itself" in log.read_text() for log in unhurried.home.glob("log/*.log"))

    eventually(said, 10)


def test_a_topics_policy_lets_others_in(unhurried: Server, sns: Any, topic: str) -> None:
    """An identity without permissions publishes where the topic's policy says so, and nowhere else."""
    iam = unhurried.client("iam")
    name = f"publisher-{uuid.uuid4().hex[:8]}"
    user = iam.create_user(UserName=name)["User"]["Arn"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    theirs = unhurried.client("sns", (key["AccessKeyId"], key["SecretAccessKey"], None))
    message = refused("AuthorizationError", theirs.publish, TopicArn=topic, Message="m")
    assert f"not authorized to perform: sns:Publish on resource: {topic}" in message.replace("SNS:", "sns:")
    statement = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "SNS:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    assert theirs.publish(TopicArn=topic, Message="m")["MessageId"]
    refused("AuthorizationError", theirs.subscribe, TopicArn=topic, Protocol="http", Endpoint="http://example.com")


def test_an_alarm_tells_a_topic(unhurried: Server, sns: Any, topic: str, receiver: Receiver) -> None:
    """CloudWatch publishes, as a service; a policy that does not let it is said in the alarm's history."""
    confirmed(sns, topic, receiver)
    cloudwatch = unhurried.client("cloudwatch")
    name = f"alarm-{uuid.uuid4()}"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription="what it is about",
        Namespace="n",
        MetricName="m",
        Statistic="Average",
        Dimensions=[{"Name": "EndpointName", "Value": "e"}],
        Period=60,
        EvaluationPeriods=1,
        Threshold=3.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
        OKActions=[topic],
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
    told = receiver.gets("Notification").message
    assert told["Subject"] == f'ALARM: "{name}" in US East (N. Virginia)'
    content = json.loads(told["Message"])
    expected = {
        "AlarmName": name,
        "AlarmDescription": "what it is about",
        "AWSAccountId": "123456789012",
        "NewStateValue": "ALARM",
        "NewStateReason": "a drill",
        "OldStateValue": "INSUFFICIENT_DATA",
    }
    assert {member: content[member] for member in expected} == expected
    assert content["Trigger"]["Dimensions"] == [{"value": "e", "name": "EndpointName"}]

    def actions() -> list[str]:
        lines = cloudwatch.describe_alarm_history(AlarmName=name, HistoryItemType="Action")["AlarmHistoryItems"]
        return [line["HistorySummary"] for line in lines]

    assert eventually(actions, 5) == [f"Successfully executed action {topic}"]
    nobody = {"Effect": "Deny", "Principal": "*", "Action": "SNS:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [nobody]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="over")
    eventually(lambda: actions()[0] == f"Failed to execute action {topic}", 10)


def test_a_subscription_that_nobody_confirms_is_forgotten(
    unhurried: Server, sns: Any, topic: str, receiver: Receiver
) -> None:
    """Tokens are good for two days."""
    answer = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=receiver.url, ReturnSubscriptionArn=True)
    receiver.gets("SubscriptionConfirmation")
    unhurried.client("salvia").advance_clock(Seconds=2 * 86_400 + 60)
    eventually(lambda: not sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"], 10)
    refused("NotFound", sns.get_subscription_attributes, SubscriptionArn=answer["SubscriptionArn"])


def test_what_was_acknowledged_is_delivered_whoever_dies(make_server: Callable[..., Server]) -> None:
    """kill -9 of everything right after the answer, while nobody delivers and nobody listens."""
    server = make_server("--private-targets", "127.0.0.1")
    sns, receiver = server.client("sns"), Receiver()
    arn = sns.create_topic(Name="durable")["TopicArn"]
    policy = '{"healthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":1,"numRetries":60}}'
    confirmed(sns, arn, receiver, DeliveryPolicy=policy)
    receiver.close()
    roles = {role: server.pids(role) for role in ("supervisor", "controller", "gateway")}
    for pid in roles["supervisor"] + roles["controller"]:
        os.kill(pid, signal.SIGKILL)
    sent = [sns.publish(TopicArn=arn, Message=str(number))["MessageId"] for number in range(20)]
    for pid in roles["gateway"]:
        os.kill(pid, signal.SIGKILL)
    again = Receiver(receiver.port)
    server.up()
    again.gets("Notification", 20, timeout=30)
    assert {one.headers["x-amz-sns-message-id"] for one in again.of("Notification")} == set(sent)
    again.close()
    server.down()
