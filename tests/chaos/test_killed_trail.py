"""kill -9 of a gateway right after its answer: the audit trail has the call all the same."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from tests.conftest import Server, eventually

_ROUNDS = 6


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
