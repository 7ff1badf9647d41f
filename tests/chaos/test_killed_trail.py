"""kill -9 of a gateway right after its answer: the audit trail has the call all the same."""

from __future__ import annotations

import gzip
import json
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.conftest import Server, eventually

_ROUNDS = 4
pytestmark = pytest.mark.timeout(300)  # a busy machine takes some seconds to start a process


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_answered_call_is_missing(make_server: Callable[..., Server], workers: str) -> None:
    """Promised: a call that was answered is recorded, a change as well as a read, once."""
    server = make_server("--workers", workers)
    answered = []
    for number in range(_ROUNDS):
        for call in (
            lambda iam, n=number: iam.create_user(UserName=f"survivor-{n}"),
            lambda iam, n=number: iam.get_user(UserName=f"survivor-{n}"),
        ):
            answered.append(call(server.client("iam"))["ResponseMetadata"]["RequestId"])
            for pid in server.pids("gateway"):
                os.kill(pid, signal.SIGKILL)
            eventually(lambda: _answers(server), 30, "the gateway answers again")
    trail = server.client("cloudtrail")
    eventually(lambda: set(answered) <= set(_recorded(trail)), 30, "every call is recorded")
    recorded = [request for request in _recorded(trail) if request in answered]
    assert sorted(recorded) == sorted(answered)


def _recorded(trail: Any) -> list[str]:
    pages = trail.get_paginator("lookup_events").paginate()
    return [json.loads(event["CloudTrailEvent"])["requestID"] for page in pages for event in page["Events"]]


def _answers(server: Server) -> bool:
    try:
        return bool(server.client("sts").get_caller_identity()["Account"])
    except Exception:  # not yet up: connection refused or closed
        return False


def test_each_record_is_delivered_once_whoever_is_killed(make_server: Callable[..., Server]) -> None:
    """Promised: each record is in one log file of a trail, once; the digests prove them all."""
    server = make_server("--clock", "virtual")
    s3, iam, trail = (server.client(name) for name in ("s3", "iam", "cloudtrail"))
    s3.create_bucket(Bucket="delivered")
    service = {"Service": "cloudtrail.amazonaws.com"}
    arns = ["arn:aws:s3:::delivered", "arn:aws:s3:::delivered/*"]
    allowed = {"Effect": "Allow", "Principal": service, "Action": "s3:*", "Resource": arns}
    s3.put_bucket_policy(Bucket="delivered", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}))
    trail.create_trail(Name="delivered", S3BucketName="delivered", EnableLogFileValidation=True)
    trail.start_logging(Name="delivered")
    asked = []
    for number in range(2 * _ROUNDS):
        asked += [iam.get_user()["ResponseMetadata"]["RequestId"] for _ in range(5)]
        eventually(lambda last=asked[-1]: last in _recorded(trail), 10, "it is queued")
        server.salvia("clock", "advance", "31m")
        time.sleep(number / 100)  # another moment of the delivery each time
        for pid in server.pids("controller"):
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: server.pids("controller"), 30, "a controller runs again")
    trail.stop_logging(Name="delivered")
    eventually(lambda: "StopLogging" in str(_delivered(s3)), 60, "everything is delivered")
    found = [record["requestID"] for record in _delivered(s3)]
    assert len(found) == len(set(found))
    assert set(asked) <= set(found)
    eventually(lambda: _all_listed(s3), 30, "digests list every log file")
    arn = "arn:aws:cloudtrail:us-east-1:123456789012:trail/delivered"
    start, end = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (-1, 2))
    times = ["--start-time", start, "--end-time", end]
    proved = server.aws(["cloudtrail", "validate-logs", "--trail-arn", arn, *times], check=False)
    assert proved.returncode == 0, proved.stdout + proved.stderr
    files = len(_keys(s3, "/CloudTrail/"))
    assert f"{files}/{files} log files valid" in proved.stdout


def _keys(s3: Any, folder: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="delivered")
    return [one["Key"] for page in pages for one in page.get("Contents", []) if folder in one["Key"]]


def _content(s3: Any, key: str) -> Any:
    return json.loads(gzip.decompress(s3.get_object(Bucket="delivered", Key=key)["Body"].read()))


def _delivered(s3: Any) -> list[dict[str, Any]]:
    return [record for key in _keys(s3, "/CloudTrail/") for record in _content(s3, key)["Records"]]


def _all_listed(s3: Any) -> bool:
    digests = [_content(s3, key) for key in _keys(s3, "/CloudTrail-Digest/")]
    return {file["s3Object"] for digest in digests for file in digest["logFiles"]} == set(_keys(s3, "/CloudTrail/"))
