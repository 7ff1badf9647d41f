"""Bad input: each gives AWS's own error; never a 500, never a hang."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests.conftest import Server


def send(
    server: Server,
    body: bytes,
    target: str = "SageMaker.CreateTrainingJob",
    service: str = "sagemaker",
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """POST a signed body as it is; returns status and JSON."""
    request = AWSRequest(
        "POST",
        server.url + "/",
        data=body,
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target, **(headers or {})},
    )
    keys = Credentials(server.environment["AWS_ACCESS_KEY_ID"], server.environment["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, service, "us-east-1").add_auth(request)
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("POST", "/", body, dict(request.headers))
        answer = connection.getresponse()
        text = answer.read()
    assert answer.getheader("x-amzn-requestid")
    return answer.status, json.loads(text)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"nonsense",
        b'{"TrainingJobName": ',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b'{"TrainingJobName": 7}',
        b'{"ResourceConfig": []}',
        b'{"TrainingJobName": {"a": 1}}',
        b'"text"',
        b"null",
    ],
    ids=lambda body: repr(body[:16]),
)
def test_malformed_json_is_a_client_s_error(salvia: Server, body: bytes) -> None:
    """SerializationException or ValidationException, status 400."""
    status, error = send(salvia, body)
    assert status == 400
    assert error["__type"].rpartition("#")[2] in {"SerializationException", "ValidationException"}


def test_all_violations_come_in_one_message(salvia: Server) -> None:
    """AWS's sentence, 'N validation errors detected: …'."""
    status, error = send(salvia, b'{"TrainingJobName": "a_b", "RoleArn": "x"}')
    assert status == 400
    message = error.get("message") or error["Message"]
    assert message.split(" validation errors detected: ")[0].isdigit()
    assert "Value 'a_b' at 'trainingJobName' failed to satisfy constraint" in message
    assert "'outputDataConfig' failed to satisfy constraint: Member must not be null" in message


def test_an_unknown_operation_is_said_to_be_unknown(salvia: Server) -> None:
    status, error = send(salvia, b"{}", "SageMaker.MakeCoffee")
    assert status in (400, 404)
    assert error["__type"].rpartition("#")[2] == "UnknownOperationException"


def test_what_is_not_built_says_so(salvia: Server) -> None:
    with pytest.raises(ClientError) as caught:
        salvia.client("sagemaker").list_workteams()
    assert caught.value.response["Error"]["Code"] == "NotImplemented"


def test_a_body_beyond_bounds_is_refused(salvia: Server) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", salvia.port, timeout=30)) as connection:
        connection.putrequest("POST", "/")
        connection.putheader("X-Amz-Target", "SageMaker.CreateTrainingJob")
        connection.putheader("Content-Type", "application/x-amz-json-1.1")
        connection.putheader("Content-Length", str(10**12))
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 413


def test_the_instances_door_needs_a_token(salvia: Server) -> None:
    """/_instance answers nobody but an instance of a job that runs."""
    for headers in ({}, {"Authorization": "Bearer guess"}):
        with closing(http.client.HTTPConnection("127.0.0.1", salvia.port, timeout=10)) as connection:
            connection.request("POST", "/_instance/credentials", b"{}", headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 403


def test_a_wrong_signature_is_refused_in_each_protocol(salvia: Server) -> None:
    """json: InvalidSignatureException; query and S3: SignatureDoesNotMatch. Sources: Common Errors of each service."""
    keys = (salvia.environment["AWS_ACCESS_KEY_ID"], "wrong", None)
    expected = {
        ("sagemaker", "list_training_jobs"): "InvalidSignatureException",
        ("sts", "get_caller_identity"): "SignatureDoesNotMatch",
        ("s3", "list_buckets"): "SignatureDoesNotMatch",
        ("logs", "describe_log_groups"): "InvalidSignatureException",
    }
    for (service, operation), code in expected.items():
        with pytest.raises(ClientError) as caught:
            getattr(salvia.client(service, keys), operation)()
        assert caught.value.response["Error"]["Code"] == code


def test_an_unknown_key_is_refused_in_each_protocol(salvia: Server) -> None:
    """json: UnrecognizedClientException; query: InvalidClientTokenId; S3: InvalidAccessKeyId."""
    keys = ("AKIAIOSFODNN7EXAMPLE", "wrong", None)
    expected = {
        ("sagemaker", "list_training_jobs"): "UnrecognizedClientException",
        ("sts", "get_caller_identity"): "InvalidClientTokenId",
        ("s3", "list_buckets"): "InvalidAccessKeyId",
    }
    for (service, operation), code in expected.items():
        with pytest.raises(ClientError) as caught:
            getattr(salvia.client(service, keys), operation)()
        assert caught.value.response["Error"]["Code"] == code


def test_a_user_without_policies_may_do_nothing(salvia: Server) -> None:
    """Deny unless allowed, on every service; the sentence says that none allowed."""
    iam = salvia.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    keys = (key["AccessKeyId"], key["SecretAccessKey"], None)
    denied = {
        ("sagemaker", "list_training_jobs"): "AccessDeniedException",
        ("s3", "list_buckets"): "AccessDenied",
        ("logs", "describe_log_groups"): "AccessDeniedException",
        ("iam", "list_users"): "AccessDenied",
    }
    for (service, operation), code in denied.items():
        with pytest.raises(ClientError) as caught:
            getattr(salvia.client(service, keys), operation)()
        error = caught.value.response["Error"]
        assert error["Code"] == code
        assert "no identity-based policy allows" in error["Message"]
    assert salvia.client("sts", keys).get_caller_identity()["Arn"].endswith("user/nobody")


def test_passing_a_role_needs_iam_passrole(salvia: Server) -> None:
    """IAM user guide, 'Granting a user permissions to pass a role to an AWS service'."""
    iam = salvia.client("iam")
    iam.create_user(UserName="trainer")
    iam.put_user_policy(
        UserName="trainer",
        PolicyName="train",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}],
            }
        ),
    )
    key = iam.create_access_key(UserName="trainer")["AccessKey"]
    sagemaker = salvia.client("sagemaker", (key["AccessKeyId"], key["SecretAccessKey"], None))
    with pytest.raises(ClientError) as caught:
        sagemaker.create_training_job(
            TrainingJobName="not-mine",
            AlgorithmSpecification={
                "TrainingImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/probe:1",
                "TrainingInputMode": "File",
            },
            RoleArn="arn:aws:iam::123456789012:role/SageMakerExecutionRole",
            OutputDataConfig={"S3OutputPath": "s3://b/c"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert "iam:PassRole" in error["Message"]
