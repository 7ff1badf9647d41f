"""Endpoints of one server whose model servers are echoes, and a way to talk to them past the gateway."""

from __future__ import annotations

import http.client
import io
import json
import secrets
import socket
import tarfile
from dataclasses import dataclass
from typing import Any

from salvia.store import routes
from tests.conftest import ROLE, Server, eventually, reader

ECHO = "123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:latest"


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def archive(**files: bytes) -> bytes:
    """A model.tar.gz."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


@dataclass
class Endpoints:
    """Models, configurations and endpoints, made with few words."""

    server: Server
    count: int = 0

    def __post_init__(self) -> None:
        self.sagemaker = self.server.client("sagemaker")
        self.s3 = self.server.client("s3")
        self.bucket = f"endpoints-{secrets.token_hex(6)}"
        self.s3.create_bucket(Bucket=self.bucket)
        self.s3.put_object(Bucket=self.bucket, Key="model.tar.gz", Body=archive(weights=b"1"))

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}-{self.count}-{self.bucket[-6:]}"

    def model(self, *, name: str = "", **environment: str) -> str:
        """A model of one echo."""
        name = name or self.name("model")
        url = f"s3://{self.bucket}/model.tar.gz"
        container = {"Image": ECHO, "ModelDataUrl": url, "Environment": {"NAME": name, **environment}}
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        return name

    def variant(self, model: str, name: str = "AllTraffic", count: int = 1, weight: float = 1.0, **more: Any) -> Any:
        return {
            "VariantName": name,
            "ModelName": model,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": count,
            "InitialVariantWeight": weight,
            **more,
        }

    def config(self, *variants: Any, **more: Any) -> str:
        """A configuration; of one echo, when no variant is given."""
        name = self.name("config")
        given = list(variants) or [self.variant(self.model())]
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=given, **more)
        return name

    def create(self, config: str = "", wait: bool = True, **more: Any) -> str:
        """An endpoint, in service unless `wait` is false."""
        name = self.name("endpoint")
        config = config or self.config()
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, **more)
        if wait:
            self.settled(name)
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return self.sagemaker.describe_endpoint(EndpointName=name)

    def settled(self, name: str, timeout: float = 60) -> dict[str, Any]:
        """Its description once nothing is under way."""
        return eventually(
            lambda: (d := self.describe(name))["EndpointStatus"] in {"InService", "Failed"} and d,
            timeout,
            f"{name} settles",
        )

    def route(self, name: str) -> dict[str, Any] | None:
        """Where its requests go, as the database has it."""
        with reader(self.server) as db:
            found = routes.read(db, "123456789012", "us-east-1", name)
        return found.route if found else None

    def sockets(self, name: str, variant: str = "AllTraffic") -> list[str]:
        """The sockets of a variant's first containers."""
        route = self.route(name) or {"variants": []}
        return [
            replica["containers"][0]["address"]["socket"]
            for one in route["variants"]
            if one["name"] == variant
            for fleet in one["fleets"]
            if fleet["share"] > 0
            for replica in fleet["replicas"]
        ]

    def ask(self, path: str, body: str = "hello") -> dict[str, Any]:
        """What the model server at a socket answers."""
        connection = _Connection(path)
        try:
            connection.request("POST", "/invocations", body)
            answer = connection.getresponse()
            return json.loads(answer.read())
        finally:
            connection.close()

    def delete(self, name: str) -> None:
        self.sagemaker.delete_endpoint(EndpointName=name)
        self.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
