"""What is a policy, and what AWS answers about what is none.

Expectations: IAM user guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from salvia.control.policy import document
from salvia.core.errors import ServiceError

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
BUCKET = {**ALLOW, "Principal": "*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}


def text(*statements: Any, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **more})


@pytest.mark.parametrize(
    ("kind", "policy"),
    [
        ("identity", text(ALLOW)),
        ("identity", json.dumps({"Statement": ALLOW})),
        ("identity", json.dumps({"Version": "2008-10-17", "Id": "x", "Statement": [ALLOW]})),
        ("identity", text({**ALLOW, "Sid": "One1"}, {**ALLOW, "Sid": ""}, {**ALLOW, "Sid": ""})),
        ("identity", text({"Effect": "Deny", "NotAction": ["iam:*"], "NotResource": ["arn:aws:s3:::a"]})),
        ("identity", text({**ALLOW, "Action": "*"})),
        ("identity", text({**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": [True]}}})),
        ("identity", text({**ALLOW, "Condition": {}})),
        ("resource", text(BUCKET)),
        ("resource", text({**BUCKET, "Sid": "a bucket's may have spaces"})),
        ("resource", text({**BUCKET, "Principal": {"AWS": "*"}})),
        (
            "resource",
            text({**BUCKET, "Principal": {"AWS": ["123456789012", "arn:aws:iam::123456789012:root"]}}),
        ),
        ("resource", text({**BUCKET, "Principal": {"AWS": "arn:aws:iam::123456789012:role/a/path/R"}})),
        ("resource", text({**BUCKET, "Principal": {"AWS": "arn:aws:sts::123456789012:assumed-role/R/s"}})),
        ("resource", text({**BUCKET, "Principal": {"CanonicalUser": "79a59d"}})),
        ("trust", text(TRUST)),
        ("trust", text({**TRUST, "Principal": {"Federated": "cognito-identity.amazonaws.com"}})),
    ],
)
def test_a_policy_is_accepted(kind: Any, policy: str) -> None:
    assert document(policy, kind).statements


MALFORMED: list[tuple[str, str, str]] = [
    ("identity", "", "Syntax errors in policy"),
    ("identity", "{", "line 1, column 2"),
    ("identity", "[]", "JSON object"),
    ("identity", '"x"', "JSON object"),
    ("identity", "[" * 50_000, "nested too deeply"),
    ("identity", '{"Version": "2012-10-17"}', "Missing required field Statement"),
    ("identity", text(), "Missing required field Statement"),
    ("identity", text(ALLOW, Version="2020-01-01"), "Version must be one of"),
    ("identity", text(ALLOW, Version=["2012-10-17"]), "Version must be one of"),
    ("identity", text(ALLOW, Extra=1), "'Extra' in the policy"),
    ("identity", text(ALLOW, Id=3), "Id is not a text"),
    ("identity", text("x"), r"Statement\[0\] is not an object"),
    ("identity", text(ALLOW, {**ALLOW, "Effect": "allow"}), r"Effect in Statement\[1\]"),
    ("identity", text({"Action": "s3:*", "Resource": "*"}), "Effect"),
    ("identity", text({**ALLOW, "Resources": "*"}), r"'Resources' in Statement\[0\]"),
    ("identity", text({"Effect": "Allow", "Resource": "*"}), "Missing required field Action"),
    ("identity", text({"Effect": "Allow", "Action": "s3:*"}), "Missing required field Resource"),
    ("identity", text({**ALLOW, "NotAction": "s3:*"}), "both Action and NotAction"),
    ("identity", text({**ALLOW, "NotResource": "*"}), "both Resource and NotResource"),
    ("identity", text({**ALLOW, "Action": []}), "Action in Statement"),
    ("identity", text({**ALLOW, "Action": [3]}), "Action in Statement"),
    ("identity", text({**ALLOW, "Action": "GetObject"}), "prefaced by a vendor"),
    ("identity", text({**ALLOW, "Action": "s3:Get Object"}), "prefaced by a vendor"),
    ("identity", text({**ALLOW, "Resource": "my-bucket"}), r'must be in ARN format or "\*"'),
    ("identity", text({**ALLOW, "Resource": {"a": 1}}), "Resource in Statement"),
    ("identity", text({**ALLOW, "Resource": "arn:aws:s3:::${bad name here}"}), "no policy variable"),
    ("identity", text({**ALLOW, "Principal": "*"}), "should not specify a principal"),
    ("identity", text({**ALLOW, "Sid": "with space"}), "must be alpha-numeric"),
    ("identity", text({**ALLOW, "Sid": 5}), "Sid in"),
    ("identity", text({**ALLOW, "Sid": "A"}, {**ALLOW, "Sid": "A"}), "must be unique"),
    ("identity", text({**ALLOW, "Condition": []}), "Condition in"),
    ("identity", text({**ALLOW, "Condition": {"Equals": {"a:b": "c"}}}), "Invalid Condition type : Equals"),
    ("identity", text({**ALLOW, "Condition": {"StringEquals": "x"}}), "must name a key"),
    ("identity", text({**ALLOW, "Condition": {"StringEquals": {"key": "x"}}}), "prefaced by a vendor"),
    ("identity", text({**ALLOW, "Condition": {"StringEquals": {"a:b": {"c": 1}}}}), "no value"),
    ("identity", text({**ALLOW, "Condition": {"NumericEquals": {"a:b": "x"}}}), "NumericEquals, a:b"),
    ("identity", '{"Statement": [], "Statement": []}', "'Statement' is there twice"),
    ("identity", text({**ALLOW, "Sid": "x" * 200_000}), "characters long"),
    ("resource", text(ALLOW), "Missing required field Principal"),
    ("resource", text({**BUCKET, "Principal": "me"}), "Invalid principal"),
    ("resource", text({**BUCKET, "Principal": {}}), "Invalid principal"),
    ("resource", text({**BUCKET, "Principal": {"AWS": []}}), "Invalid principal"),
    ("resource", text({**BUCKET, "Principal": {"Person": "x"}}), "no kind of principal"),
    (
        "resource",
        text({**BUCKET, "Principal": {"AWS": "arn:aws:iam::123456789012:user/*"}}),
        "Invalid principal",
    ),
    ("resource", text({**BUCKET, "Principal": {"AWS": "bob"}}), "Invalid principal"),
    ("resource", text({**BUCKET, "Principal": {"Service": "sagemaker"}}), "Invalid principal"),
    ("resource", text({**BUCKET, "NotPrincipal": "*"}), "both Principal and NotPrincipal"),
    ("resource", text({**ALLOW, "NotPrincipal": {"AWS": "123456789012"}}), "NotPrincipal"),
    ("trust", text({**TRUST, "Resource": "*"}), "Has prohibited field Resource"),
    ("trust", text({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
]


@pytest.mark.parametrize(("kind", "policy", "sentence"), MALFORMED, ids=[case[2][:40] for case in MALFORMED])
def test_what_is_no_policy_is_refused_with_its_place(kind: Any, policy: str, sentence: str) -> None:
    with pytest.raises(ServiceError, match=sentence) as refused:
        document(policy, kind)
    assert refused.value.code == "MalformedPolicyDocument"


def test_a_bucket_policy_is_refused_in_the_words_of_s3() -> None:
    """S3 API reference, error MalformedPolicy."""
    with pytest.raises(ServiceError) as refused:
        document("{", "resource", "MalformedPolicy")
    assert refused.value.code == "MalformedPolicy"


def test_the_same_text_is_compiled_once() -> None:
    assert document(text(ALLOW)) is document(text(ALLOW))
