"""Asynchronous endpoints whose routes tests write, what becomes of their requests, and who listens to their topics."""

from __future__ import annotations

import json
import urllib.request
import uuid
from typing import Any

from tests.conftest import Server, eventually, reader
from tests.receiver import Receiver
from tests.routed import Replica, Routed, variant


class Asynchronous:
    """Asynchronous endpoints of one server, a bucket, and topics to which somebody listens."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.routed = Routed(server)
        self.receiver = Receiver()
        self.runtime = server.client("sagemaker-runtime")
        self.s3 = server.client("s3")
        self.sns = server.client("sns")
        self.bucket = f"async-{uuid.uuid4()}"
        self.s3.create_bucket(Bucket=self.bucket)
        # Whoever wrote an object twice left two versions of it.
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})

    def topic(self, name: str) -> str:
        """A topic that the receiver listens to; the execution role may publish to those named so."""
        arn = self.sns.create_topic(Name=f"SageMaker-{name}-{uuid.uuid4()}")["TopicArn"]
        before = len(self.receiver.of("SubscriptionConfirmation"))
        self.sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=self.receiver.url)
        asked = self.receiver.gets("SubscriptionConfirmation", before + 1).message
        urllib.request.urlopen(asked["SubscribeURL"]).close()
        return arn

    def output(self, **more: Any) -> dict[str, Any]:
        places = {"S3OutputPath": f"s3://{self.bucket}/out", "S3FailurePath": f"s3://{self.bucket}/failed/"}
        return {**places, **more}

    def endpoint(self, *replicas: Replica, most: int = 4, output: dict[str, Any] | None = None) -> str:
        """An endpoint of these instances, of none if there are none."""
        name = f"async-{uuid.uuid4().hex[:12]}"
        self.reroute(name, *replicas, most=most, output=output)
        return name

    def reroute(self, name: str, *replicas: Replica, most: int = 4, output: dict[str, Any] | None = None) -> None:
        config = {
            "OutputConfig": output or self.output(),
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": most},
        }
        contents = [replica.content() for replica in replicas]
        self.routed.route(name, variant("AllTraffic", *contents, mode="async", **{"async": config}))

    def put(self, content: Any, key: str = "", **more: Any) -> str:
        """An input in S3."""
        key = key or f"in/{uuid.uuid4()}"
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more)
        return f"s3://{self.bucket}/{key}"

    def ask(self, endpoint: str, _told: Any = None, **more: Any) -> dict[str, Any]:
        """Send a request, by an object of its own unless `more` says where its input is."""
        if not more.keys() & {"InputLocation", "Body"}:
            more["InputLocation"] = self.put(_told)
        answer = self.runtime.invoke_endpoint_async(EndpointName=endpoint, **more)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
        return answer

    def body(self, uri: str, timeout: float = 30) -> bytes:
        """An object, once it is there."""
        key = uri.removeprefix(f"s3://{self.bucket}/")

        def found() -> Any:
            try:
                return [self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()]
            except self.s3.exceptions.NoSuchKey:
                return None

        return eventually(found, timeout, uri)[0]

    def versions(self, prefix: str) -> list[str]:
        """The keys below a prefix, once for each time that they were written."""
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
        return [version["Key"] for page in pages for version in page.get("Versions", [])]

    def told(self, inference: str) -> list[dict[str, Any]]:
        """What topics were told of a request."""
        messages = [json.loads(one.message["Message"]) for one in self.receiver.of("Notification")]
        return [message for message in messages if message.get("inferenceId") == inference]

    def notice(self, inference: str) -> dict[str, Any]:
        return eventually(lambda: self.told(inference), 30, f"a notification of {inference}")[0]

    def pass_(self, seconds: float) -> None:
        self.server.client("salvia").advance_clock(Seconds=seconds)

    def close(self) -> None:
        self.routed.close()
        self.receiver.close()

    def busy(self, endpoint: str) -> bool:
        """Whether a request of an endpoint is at an instance."""
        sql = "SELECT 1 FROM async_invocations WHERE name = :name AND replica > ''"
        with reader(self.server) as db:
            return db.one(sql, {"name": endpoint}) is not None
