"""Which operation a request is for."""

from __future__ import annotations

import pytest

from salvia.core.errors import ServiceError
from salvia.core.http import Headers, HttpRequest
from salvia.protocol import SERVICES, Route, models, parse, prepare, protocol_of, route
from salvia.protocol.parsers import parser

HOST = "127.0.0.1:7258"


def s3(line: str, host: str = HOST, domains: tuple[str, ...] = ("localhost",), **headers: str) -> Route:
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    pairs = [("Host", host), *((name.replace("_", "-"), value) for name, value in headers.items())]
    return route(HttpRequest(method, path, query, Headers(pairs)), "s3", domains=domains)


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        ("GET /", "ListBuckets"),
        ("PUT /b", "CreateBucket"),
        ("PUT /b/", "CreateBucket"),
        ("HEAD /b", "HeadBucket"),
        ("DELETE /b", "DeleteBucket"),
        ("GET /b", "ListObjects"),
        ("GET /b?prefix=a%2F&delimiter=%2F", "ListObjects"),
        ("GET /b?list-type=2", "ListObjectsV2"),
        ("GET /b?versions", "ListObjectVersions"),
        ("GET /b?versioning", "GetBucketVersioning"),
        ("PUT /b?versioning=", "PutBucketVersioning"),
        ("GET /b?location", "GetBucketLocation"),
        ("GET /b?uploads", "ListMultipartUploads"),
        ("GET /b?acl", "GetBucketAcl"),
        ("GET /b?policy", "GetBucketPolicy"),
        ("GET /b?policyStatus", "GetBucketPolicyStatus"),
        ("GET /b?encryption", "GetBucketEncryption"),
        ("GET /b?lifecycle", "GetBucketLifecycleConfiguration"),
        ("GET /b?analytics", "ListBucketAnalyticsConfigurations"),
        ("GET /b?analytics&id=1", "GetBucketAnalyticsConfiguration"),
        ("POST /b?delete", "DeleteObjects"),
        ("GET /b/k", "GetObject"),
        ("GET /b/k?versionId=1&partNumber=2&response-content-type=x", "GetObject"),
        ("GET /b/k?x-id=GetObject", "GetObject"),
        ("HEAD /b/k", "HeadObject"),
        ("PUT /b/k", "PutObject"),
        ("DELETE /b/k?versionId=1", "DeleteObject"),
        ("GET /b/k?tagging", "GetObjectTagging"),
        ("PUT /b/k?acl", "PutObjectAcl"),
        ("GET /b/k?attributes", "GetObjectAttributes"),
        ("POST /b/k?uploads", "CreateMultipartUpload"),
        ("PUT /b/k?uploadId=u&partNumber=1", "UploadPart"),
        ("GET /b/k?uploadId=u", "ListParts"),
        ("POST /b/k?uploadId=u", "CompleteMultipartUpload"),
        ("DELETE /b/k?uploadId=u", "AbortMultipartUpload"),
        ("POST /b/k?select&select-type=2", "SelectObjectContent"),
    ],
)
def test_s3_operations_are_told_apart_by_method_path_and_query(line: str, operation: str) -> None:
    """S3 API reference, "Request Syntax" of each operation."""
    assert s3(line).operation == operation


def test_a_copy_is_told_from_an_upload_by_its_source_header() -> None:
    """S3 API reference: CopyObject and UploadPartCopy share their URIs with PutObject and UploadPart."""
    assert s3("PUT /b/k", x_amz_copy_source="/a/k").operation == "CopyObject"
    assert s3("PUT /b/k?uploadId=u&partNumber=1", x_amz_copy_source="/a/k").operation == "UploadPartCopy"


def test_a_part_without_its_number_is_never_an_object() -> None:
    """Taken for PutObject, it would overwrite the object that is being uploaded."""
    assert s3("PUT /b/k?uploadId=u").operation == "UploadPart"
    assert s3("PUT /b/k?partNumber=1").operation == "UploadPart"


@pytest.mark.parametrize("line", ["DELETE /b?acl", "POST /b", "PATCH /b/k", "DELETE /b?versions", "PUT /"])
def test_what_s3_cannot_do_to_a_resource_is_refused(line: str) -> None:
    """S3 error responses: MethodNotAllowed, 405. Above all `DELETE /b?acl` must not delete the bucket."""
    with pytest.raises(ServiceError) as refused:
        s3(line)
    assert (refused.value.code, refused.value.status) == ("MethodNotAllowed", 405)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/b/k", "k"),
        ("/b/a/b/c", "a/b/c"),
        ("/b//k", "/k"),
        ("/b/a//b/", "a//b/"),
        ("/b/../etc/passwd", "../etc/passwd"),
        ("/b/%2e%2e/x", "../x"),
        ("/b/a+b%2Bc%20d", "a+b+c d"),
        ("/b/%25%32%30", "%20"),
        ("/b/%252F", "%2F"),
        ("/b/%C3%A9%E2%82%AC", "é€"),
        ("/b/%0A", "\n"),
        ("/b/a%2Fb", "a/b"),
    ],
)
def test_keys_are_decoded_exactly_once_and_never_normalised(path: str, key: str) -> None:
    """S3 user guide, "Creating object key names": a key is any UTF-8, slashes and dots mean nothing."""
    assert s3("GET " + path).labels == {"Bucket": "b", "Key": key}


@pytest.mark.parametrize("path", ["/b/%", "/b/%zz", "/b/%ff", "/b/%C3", "/b%/k"])
def test_a_path_that_cannot_be_decoded_is_an_invalid_uri(path: str) -> None:
    """S3 error responses: InvalidURI, "Couldn't parse the specified URI.\""""
    with pytest.raises(ServiceError, match="Couldn't parse the specified URI") as refused:
        s3("GET " + path)
    assert refused.value.code == "InvalidURI"


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("my-bucket.localhost:7258", "my-bucket"),
        ("my.dotted.bucket.localhost", "my.dotted.bucket"),
        ("my-bucket.s3.localhost:7258", "my-bucket"),
        ("my-bucket.s3.amazonaws.com", "my-bucket"),
        ("my-bucket.s3.eu-west-1.amazonaws.com", "my-bucket"),
        ("my-bucket.s3-us-west-2.amazonaws.com", "my-bucket"),
        ("my-bucket.s3.dualstack.us-east-1.amazonaws.com", "my-bucket"),
        ("my.bucket.s3.us-gov-west-1.amazonaws.com", "my.bucket"),
        ("MY-BUCKET.s3.amazonaws.com", "my-bucket"),
        ("my-bucket.salvia.example.org", "my-bucket"),
    ],
)
def test_a_host_may_name_the_bucket(host: str, bucket: str) -> None:
    """S3 user guide, "Virtual hosting of buckets"."""
    found = s3("GET /a//b", host, domains=("localhost", "salvia.example.org"))
    assert (found.operation, found.labels) == ("GetObject", {"Bucket": bucket, "Key": "a//b"})
    assert s3("GET /", host, domains=("localhost", "salvia.example.org")).operation == "ListObjects"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:7258",
        "[::1]:7258",
        "localhost",
        "s3.localhost",
        "s3.amazonaws.com",
        "s3.eu-west-1.amazonaws.com",
        "",
    ],
)
def test_other_hosts_leave_the_bucket_in_the_path(host: str) -> None:
    """Addresses, our own name and S3's are no buckets."""
    assert s3("GET /b/k", host).labels == {"Bucket": "b", "Key": "k"}
    assert s3("GET /", host).operation == "ListBuckets"


def test_a_key_under_a_virtual_host_may_begin_with_slashes() -> None:
    """`//k` is the key `/k`."""
    assert s3("GET //k", "my-bucket.localhost").labels["Key"] == "/k"


def target(name: str, scope: str | None = "sagemaker") -> Route:
    return route(HttpRequest("POST", "/", "", Headers([("X-Amz-Target", name)]), b"{}"), scope)


def test_json_services_are_routed_by_their_target() -> None:
    """The model's targetPrefix and the operation's name."""
    assert (target("SageMaker.ListModels").service, target("SageMaker.ListModels").operation) == (
        "sagemaker",
        "ListModels",
    )
    assert target("Logs_20140328.PutLogEvents", "logs").operation == "PutLogEvents"
    assert target("GraniteServiceVersion20100801.PutMetricData", "monitoring").service == "cloudwatch"
    assert target("SageMaker.ListModels", None).service == "sagemaker"


@pytest.mark.parametrize(
    ("name", "scope"),
    [
        ("SageMaker.MakeCoffee", "sagemaker"),
        ("Nobody.ListModels", "sagemaker"),
        ("ListModels", "sagemaker"),
        ("SageMaker.ListModels", "logs"),
        ("SageMaker.", "sagemaker"),
    ],
)
def test_an_unknown_target_is_an_unknown_operation(name: str, scope: str) -> None:
    """AWS common errors: UnknownOperationException. A target of another service than was signed for too."""
    with pytest.raises(ServiceError) as refused:
        target(name, scope)
    assert (refused.value.code, refused.value.status) == ("UnknownOperationException", 404)


def form(body: str, scope: str | None, query: str = "") -> Route:
    headers = Headers([("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"), ("Host", HOST)])
    return route(HttpRequest("POST", "/", query, headers, body.encode()), scope)


def test_query_services_are_routed_by_action_and_version() -> None:
    """In the body or the query string; AssumeRoleWithWebIdentity comes unsigned, so its version decides."""
    assert form("Action=GetCallerIdentity&Version=2011-06-15", "sts").service == "sts"
    assert form("", "iam", "Action=ListRoles&Version=2010-05-08").operation == "ListRoles"
    assert form("Action=AssumeRoleWithWebIdentity&Version=2011-06-15", None).service == "sts"
    old = form("Action=PutMetricData&Version=2010-08-01&Namespace=N", "monitoring")
    assert (old.service, old.protocol) == ("cloudwatch", "query")


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ("Version=2011-06-15", "MissingAction", "Action"),
        (
            "Action=Fly&Version=2011-06-15",
            "InvalidAction",
            "Could not find operation Fly for version 2011-06-15",
        ),
        ("Action=GetCallerIdentity", "InvalidAction", "NO_VERSION_SPECIFIED"),
        ("Action=%zz", "MalformedQueryString", "%"),
        ("Action=%ff", "MalformedQueryString", "UTF-8"),
    ],
)
def test_a_form_without_a_known_action_is_refused(body: str, code: str, words: str) -> None:
    """IAM API reference, "Common errors"."""
    with pytest.raises(ServiceError, match=words) as refused:
        form(body, "sts")
    assert (refused.value.code, refused.value.status) == (code, 400)


def test_the_sagemaker_runtimes_share_one_scope_and_are_told_apart_by_path() -> None:
    """Model: all sign as `sagemaker`."""
    request = HttpRequest("POST", "/endpoints/my%20end/invocations", "", Headers(), b"1,2")
    found = route(request, "sagemaker")
    assert (found.service, found.labels, found.streams) == (
        "sagemaker_runtime",
        {"EndpointName": "my end"},
        False,  # its body is signed whole, as every service's but S3's
    )
    assert parse(found, request) == {"EndpointName": "my end", "Body": b"1,2"}
    assert route(HttpRequest("PUT", "/FeatureGroup/f"), "sagemaker").operation == "PutRecord"
    with pytest.raises(ServiceError) as refused:
        route(HttpRequest("GET", "/endpoints"), "sagemaker")
    assert refused.value.code == "UnknownOperationException"


def test_cbor_is_refused_with_what_to_do() -> None:
    """No client of ours needs it; those that ask must be told."""
    request = HttpRequest("POST", "/service/X/operation/Y", "", Headers([("smithy-protocol", "rpc-v2-cbor")]))
    with pytest.raises(ServiceError, match="rpc-v2-cbor"):
        route(request, "monitoring")


def test_a_service_that_we_do_not_serve_is_named() -> None:
    """The message says what was signed for and what is served."""
    with pytest.raises(ServiceError, match="does not serve 'ec2'"):
        route(HttpRequest("POST", "/"), "ec2")


@pytest.mark.parametrize(
    ("headers", "body", "scope", "expected"),
    [
        ([("X-Amz-Target", "SageMaker.X")], b"", "sagemaker", ("sagemaker", "json")),
        ([("X-Amz-Target", "Foo.X")], b"", "foo", ("", "json")),
        ([], b"", "s3", ("s3", "rest-xml")),
        ([], b"", None, ("s3", "rest-xml")),
        ([], b"", "iam", ("iam", "query")),
        (
            [("Content-Type", "application/x-www-form-urlencoded")],
            b"Action=X&Version=2011-06-15",
            None,
            ("sts", "query"),
        ),
        ([], b"", "ec2", ("", "rest-json")),
        ([("Content-Type", "application/x-www-form-urlencoded")], b"%zz", None, ("s3", "rest-xml")),
        ([("smithy-protocol", "rpc-v2-cbor")], b"", "monitoring", ("", "rest-json")),
    ],
)
def test_what_cannot_be_routed_is_answered_in_its_own_protocol(
    headers: list[tuple[str, str]], body: bytes, scope: str | None, expected: tuple[str, str]
) -> None:
    """A client can only read errors of the protocol that it speaks."""
    assert protocol_of(HttpRequest("POST", "/", "", Headers(headers), body), scope) == expected


@pytest.mark.parametrize("name", list(SERVICES))
def test_the_table_of_services_says_what_the_models_say(name: str) -> None:
    """`SERVICES` repeats some of each model so that routing need not load it."""
    known, metadata = SERVICES[name], models.service(name).metadata
    assert known.scope == metadata.get("signingName", metadata["endpointPrefix"])
    assert set(known.protocols) <= set(metadata["protocols"])
    assert known.target == metadata.get("targetPrefix", "")
    if known.version:
        assert known.version == metadata["apiVersion"]


def test_closures_can_be_built_before_the_first_request() -> None:
    """`prepare` leaves nothing to build for the operations it is given."""
    prepare("sts", ["GetCallerIdentity"])
    prepare("sagemaker_metrics")
    built = parser.cache_info().currsize
    request = HttpRequest("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15")
    assert parse(route(request, "sts"), request) == {}
    assert parser.cache_info().currsize == built
