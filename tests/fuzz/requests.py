"""Requests out of AWS's models, and what a hostile client makes of them.

    shape ─▶ parameters ─ bend ─▶ wire ─ sign ─▶ bytes ─ break ─▶ socket

Everything follows from a `random.Random`: a seed and a number name a request for ever.
"""

from __future__ import annotations

import copy
import json
import random
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.serialize import create_serializer

from salvia.protocol.models import SERVICES, service

_NASTY: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, 2**70, -(2**63), 1e308, 0.1, "", " ", "\x00", "\n", "a" * 70_000, "é" * 400,
    "\ud83d", "𝒳", "../../etc/passwd", "%00", "%zz", "{{7*7}}", "' OR 1=1 --", "\\", '"', "<a>&amp;</a>", "$&",
    "arn:aws:iam::123456789012:role/none", "arn:aws:", "arn:aws:s3:::b/*", "s3://", "s3://b/k", "https://b/", [], {},
    [[]], [None], {"": ""}, {"a": {"a": {"a": {}}}}, "2026-02-30T00:00:00Z", "NaN", "Infinity", "-0", "1e400",
)  # fmt: skip
_WORDS = ("a", "fuzz", "fuzz-kept", "Fuzz_1", "x" * 63, "10.0.0.0/8", "us-east-1", "1", "true", "text/csv", "/")
# What is there, by the member that names it: else nothing but validation would be met.
_KNOWN = {
    "Bucket": "fuzz-kept", "Key": "fuzz", "CopySource": "fuzz-kept/fuzz", "RoleName": "fuzz-kept", "UserName": "worker",
    "PolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess", "logGroupName": "fuzz-kept", "logStreamName": "fuzz",
    "RoleArn": "arn:aws:iam::123456789012:role/SageMakerExecutionRole", "S3Uri": "s3://fuzz-kept/", "Path": "/",
    "ResourceArn": "arn:aws:iam::123456789012:role/fuzz-kept", "S3OutputPath": "s3://fuzz-kept/out",
    "PolicyDocument": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/probe:latest", "Namespace": "fuzz",
    "InstanceType": "ml.m5.large", "resourceArn": "arn:aws:logs:us-east-1:123456789012:log-group:fuzz-kept",
}  # fmt: skip
_HEADERS = (
    ("X-Amz-Target", "SageMaker."), ("X-Amz-Target", "Nothing.AtAll"), ("Content-Type", "text/plain"),
    ("Content-Type", "application/x-www-form-urlencoded"), ("Content-Encoding", "gzip"), ("Range", "bytes=5-2,-"),
    ("Content-MD5", "!"), ("X-Amz-Content-SHA256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), ("Expect", "nothing"),
    ("X-Amz-Decoded-Content-Length", "-5"), ("X-Amz-Checksum-Crc32", "AAAA"), ("If-Match", '"'), ("X-Amz-Date", "Z"),
    ("X-Amz-Copy-Source", "/%/%00"), ("X-Amz-Tagging", "a=b&a=b&%"), ("Host", "fuzz-kept.localhost"),
    ("X-Amz-Trailer", "x"), ("X-Amz-Security-Token", "t"), ("User-Agent", "x m/B"), ("Content-Language", "\xff"),
)  # fmt: skip


class Maker:
    """Makes requests for one server, as one caller."""

    def __init__(self, url: str, keys: tuple[str, str], seed: int) -> None:
        self._url, self._host = url, urlsplit(url).netloc
        self._credentials = Credentials(*keys)
        self._random = random.Random(seed)

    def request(self, name: str, operation: str) -> bytes:
        """One request for an operation, bent and broken in some way, or in none."""
        draw = self._random
        model = service(name).operation_model(operation)
        parameters = self._value(model.input_shape, "", 0) if model.input_shape is not None else {}
        for _ in range(draw.choice((0, 1, 1, 2, 5))):
            self._bend(parameters)
        wire = self._serialized(name, model, parameters)
        for _ in range(draw.choice((0, 0, 1, 2))):
            self._bend_wire(wire)
        signs_last = draw.random() < 0.8
        if draw.random() < 0.95:
            self._sign(name, wire)
        if not signs_last:
            self._bend_wire(wire)
        data = self._bytes(wire)
        return self._broken(data) if draw.random() < 0.1 else data

    def _value(self, shape: Any, name: str, depth: int) -> Any:
        draw = self._random
        kind = shape.type_name
        if kind == "structure":
            members = shape.members if depth < 6 else {}
            wanted = set(shape.required_members)
            return {
                member: self._value(inner, member, depth + 1)
                for member, inner in members.items()
                if member in wanted or draw.random() < 0.25
            }
        if kind == "list":
            return [self._value(shape.member, name, depth + 1) for _ in range(draw.randint(0, 2))] if depth < 6 else []
        if kind == "map":
            return (
                {self._value(shape.key, "", depth + 1): self._value(shape.value, name, depth + 1)} if depth < 6 else {}
            )
        if kind == "string" and name in _KNOWN and draw.random() < 0.8:
            return _KNOWN[name]
        if kind == "string":
            return draw.choice(shape.enum) if shape.enum and draw.random() < 0.9 else draw.choice(_WORDS)
        if kind in ("integer", "long"):
            return draw.randint(0, 10)
        return {"boolean": True, "timestamp": 1_700_000_000, "blob": b"fuzz"}.get(kind, 0.5)

    def _bend(self, parameters: Any) -> None:
        """Put something nasty somewhere into the tree."""
        draw = self._random
        node = parameters
        while isinstance(node, (dict, list)) and node:
            key = draw.choice(list(node)) if isinstance(node, dict) else draw.randrange(len(node))
            if not isinstance(node[key], (dict, list)) or not node[key] or draw.random() < 0.3:
                node[key] = copy.deepcopy(draw.choice(_NASTY))  # or a later bend changes it for all
                return
            node = node[key]

    def _serialized(self, name: str, model: Any, parameters: Any) -> dict[str, Any]:
        known = SERVICES[name]
        protocol = known.protocols[0]
        if protocol == "json":
            version = model.service_model.metadata.get("jsonVersion", "1.1")
            headers = {
                "X-Amz-Target": f"{known.target}.{model.name}",
                "Content-Type": f"application/x-amz-json-{version}",
            }
            body = json.dumps(parameters, default=str).encode("utf-8", "replace")
            return {"method": "POST", "path": "/", "query": "", "headers": headers, "body": body}
        try:
            made = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, model)
        except Exception:  # the client's own serialiser cannot say it: an empty one says enough
            made = {"method": "POST", "url_path": "/", "query_string": {}, "headers": {}, "body": b"Action=" + b"x"}
        body = made["body"]
        if isinstance(body, dict):
            body = "&".join(f"{key}={value}" for key, value in body.items()).encode("utf-8", "replace")
        elif not isinstance(body, (bytes, bytearray)):
            body = str(body).encode("utf-8", "replace")
        path, _, query = str(made["url_path"]).partition("?")
        query = "&".join(filter(None, [query, *(f"{k}={v}" for k, v in dict(made["query_string"]).items())]))
        headers = {str(key): str(value) for key, value in made["headers"].items()}
        if protocol == "query":
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        return {"method": made["method"], "path": path or "/", "query": query, "headers": headers, "body": bytes(body)}

    def _bend_wire(self, wire: dict[str, Any]) -> None:
        draw = self._random
        how = draw.randrange(7)
        if how == 0:
            name, value = draw.choice(_HEADERS)
            wire["headers"][name] = value
        elif how == 1 and wire["headers"]:
            del wire["headers"][draw.choice(list(wire["headers"]))]
        elif how == 2:
            wire["method"] = draw.choice(("GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"))
        elif how == 3:
            wire["path"] += draw.choice(("%", "%2e%2e/", "//", "/../", "%ff", ";a", "\xe9"))
        elif how == 4:
            addition = draw.choice(
                ("uploads", "acl", "versionId=x", "partNumber=0", "a=%", "&&=", "Action=Nothing", "max-keys=-1")
            )
            wire["query"] = "&".join(filter(None, [wire["query"], addition]))
        else:
            body = bytearray(wire["body"] or b"x")
            for _ in range(draw.randint(1, 4)):
                place = draw.randrange(len(body))
                body[place : place + draw.randint(0, 3)] = bytes(draw.randrange(256) for _ in range(draw.randint(0, 3)))
                body = body or bytearray(b"x")
            wire["body"] = bytes(body)

    def _sign(self, name: str, wire: dict[str, Any]) -> None:
        scope = SERVICES[name].scope
        url = f"{self._url}{wire['path']}" + (f"?{wire['query']}" if wire["query"] else "")
        auth = S3SigV4Auth if scope == "s3" else SigV4Auth
        try:
            request = AWSRequest(wire["method"], url, dict(wire["headers"]), wire["body"])
            auth(self._credentials, scope, "us-east-1").add_auth(request)
        except Exception:  # what cannot be signed goes unsigned
            return
        wire["headers"] = dict(request.headers.items())

    def _bytes(self, wire: dict[str, Any]) -> bytes:
        target = wire["path"].replace(" ", "%20") + (f"?{wire['query']}" if wire["query"] else "")
        headers = {"Host": self._host, **wire["headers"], "Content-Length": str(len(wire["body"]))}
        lines = [f"{wire['method']} {target} HTTP/1.1"]
        lines += [f"{key}: {str(value).replace(chr(13), '').replace(chr(10), '')}" for key, value in headers.items()]
        head = "\r\n".join(line.replace("\r", "").replace("\n", "") for line in lines)
        return head.encode("utf-8", "replace") + b"\r\n\r\n" + wire["body"]

    def _broken(self, data: bytes) -> bytes:
        draw = self._random
        place = draw.randrange(len(data))
        if draw.random() < 0.5:
            return data[:place]
        return data[:place] + bytes(draw.randrange(256) for _ in range(draw.randint(1, 8))) + data[place:]
