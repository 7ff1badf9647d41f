"""The least policy of what was done. Expectation: what was done is allowed by it, and little else."""

from __future__ import annotations

import json

import pytest

from salvia.control.policy import Policy, Request, document, evaluate
from salvia.control.policy.least import least
from salvia.core.caller import Caller

BOB = Caller("user", "123456789012", "arn:aws:iam::123456789012:user/bob", "AIDA", "arn:aws:iam::123456789012:user/bob")
STREAM = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/TrainingJobs:log-stream:"


def allowed(done: list[tuple[str, str, str]], action: str, resource: str) -> bool:
    policy = Policy("P", document(json.dumps(least(done))))
    return evaluate(Request(BOB, action, resource, {}), [policy]).allowed


def resources(done: list[tuple[str, str, str]]) -> list[object]:
    return [statement["Resource"] for statement in least(done)["Statement"]]


def test_actions_on_the_same_resources_share_a_statement() -> None:
    done = [(f"s3:{name}", "arn:aws:s3:::b/k", "") for name in ("PutObject", "GetObject")]
    assert least([*done, ("s3:ListBucket", "arn:aws:s3:::b", "")]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "S31",
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": "arn:aws:s3:::b/k",
            },
            {"Sid": "S32", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"},
        ],
    }


def test_many_keys_become_their_folder_and_many_folders_what_they_share() -> None:
    few = [("s3:GetObject", f"arn:aws:s3:::b/data/{n}", "") for n in range(5)]
    assert resources(few) == [[f"arn:aws:s3:::b/data/{n}" for n in range(5)]]
    many = [("s3:GetObject", f"arn:aws:s3:::b/data/{n}", "") for n in range(6)]
    assert resources(many) == ["arn:aws:s3:::b/data/*"]
    deep = [("s3:GetObject", f"arn:aws:s3:::b/data/{n}/x", "") for n in range(11)]
    assert resources(deep) == ["arn:aws:s3:::b/data/*"]
    apart = [("s3:GetObject", f"arn:aws:s3:::b/{n}/x", "") for n in range(11)]
    assert resources(apart) == ["arn:aws:s3:::b/*"]


@pytest.mark.parametrize("key", ["what?", "a*b", "price$5", "${aws:username}", "plain", "a/*/b"])
def test_a_key_with_wildcards_in_it_is_taken_literally(key: str) -> None:
    done = [("s3:GetObject", f"arn:aws:s3:::b/{key}", "")]
    assert allowed(done, "s3:GetObject", f"arn:aws:s3:::b/{key}")
    assert not allowed(done, "s3:GetObject", f"arn:aws:s3:::b/{key.replace('?', 'x').replace('*', 'xx')}!")
    if "*" in key or "?" in key:
        assert not allowed(done, "s3:GetObject", f"arn:aws:s3:::b/{key.replace('?', 'x').replace('*', 'xx')}")


def test_what_belongs_to_one_run_is_left_open() -> None:
    done = [
        ("s3:PutObject", "arn:aws:s3:::b/output/job-1/output/model.tar.gz", "job-1"),
        ("logs:PutLogEvents", f"{STREAM}job-1/algo-1-1764000000", "job-1"),
    ]
    assert allowed(done, "s3:PutObject", "arn:aws:s3:::b/output/job-2/output/model.tar.gz")
    assert not allowed(done, "s3:PutObject", "arn:aws:s3:::b/elsewhere/job-2/output/model.tar.gz")
    assert allowed(done, "logs:PutLogEvents", f"{STREAM}job-2/algo-1-1764999999")
    assert not allowed(done, "logs:PutLogEvents", f"{STREAM.replace('Training', 'Processing')}job-2/algo-1-1")


def test_everything_stays_everything() -> None:
    assert resources([("cloudwatch:PutMetricData", "*", "")]) == ["*"]
