"""Thousands of requests that no client would send: none breaks the server, and none learns what it may not.

Every implemented operation in every protocol, out of AWS's own models. `make fuzz` sends twenty
thousand; FUZZ_REQUESTS and FUZZ_SEED choose others.
"""

from __future__ import annotations

import json
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conftest import Server
from tests.fuzz.requests import Maker

from salvia.control.dispatch import Dispatch, discover

_REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "4000"))
_SEED = int(os.environ.get("FUZZ_SEED", "1"))
_MARKS = ("kept-secret-7f3a", "KEPT-TAG-91c4", "kept-line-55e0")
_PATIENCE = 60.0  # seconds; longer is a hang
# What may take the server, the bucket or the keys away under the others' feet is left to their own tests.
_LEFT_OUT = {("salvia", "AdvanceClock")}


class Wire:
    """One kept-alive connection, opened anew when the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and whole answer; status 0 when the server hung up without one, as it may on what is no HTTP."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=_PATIENCE)
        try:
            self._socket.sendall(request)
            head = self._until(b"")
        except ConnectionError:
            return self._over(b"")
        return self._over(head)

    def _until(self, data: bytes) -> bytes:
        assert self._socket is not None
        # A broken request may be one half: the server waits for the other until it is told that none comes.
        self._socket.shutdown(socket.SHUT_WR)
        while block := self._socket.recv(1 << 16):
            data += block
        return data

    def _over(self, data: bytes) -> tuple[int, bytes]:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        last = data.rpartition(b"HTTP/1.1 100")[2] if data.startswith(b"HTTP/1.1 100") else data
        status = (
            last.partition(b" ")[2][:3] if not last.startswith(b" Continue") else last.partition(b"HTTP/1.1 ")[2][:3]
        )
        return (int(status) if status.isdigit() else 0), data


@pytest.fixture(scope="module")
def target(make_server: Callable[..., Server]) -> Iterator[Server]:
    """A server with something to hide."""
    server = make_server()
    s3, iam, logs = (server.client(name) for name in ("s3", "iam", "logs"))
    s3.create_bucket(Bucket="fuzz-kept")
    s3.put_object(Bucket="fuzz-kept", Key="fuzz", Body=_MARKS[0].encode(), Metadata={"m": _MARKS[0]})
    iam.create_role(
        RoleName="fuzz-kept",
        Description=_MARKS[1],
        Tags=[{"Key": "k", "Value": _MARKS[1]}],
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ],
            }
        ),
    )
    logs.create_log_group(logGroupName="fuzz-kept", tags={"k": _MARKS[1]})
    logs.create_log_stream(logGroupName="fuzz-kept", logStreamName="fuzz")
    logs.put_log_events(
        logGroupName="fuzz-kept",
        logStreamName="fuzz",
        logEvents=[{"timestamp": 1_790_000_000_000, "message": _MARKS[2]}],
    )
    yield server
    server.down()


@pytest.mark.timeout(600)
def test_no_request_breaks_the_server_and_none_leaks(target: Server) -> None:
    """Half of them come from the administrator, half from a user whom no policy allows anything."""
    iam = target.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    operations = [one for one in sorted(Dispatch(discover()).handlers) if one not in _LEFT_OUT]
    callers = {
        "nobody": Maker(target.url, (key["AccessKeyId"], key["SecretAccessKey"]), _SEED),
        # Root's power over keys would end the run: a fuzzer that deletes its own user tests nothing any more.
        "worker": Maker(target.url, _worker(target), _SEED + 1),
    }
    wire = Wire(target.port)
    statuses: Counter[int] = Counter()
    for number in range(_REQUESTS):
        caller = "nobody" if number % 2 else "worker"
        name, operation = operations[(number // 2) % len(operations)]
        request = callers[caller].request(name, operation)
        status, answer = wire.ask(request)
        statuses[status] += 1
        where = f"request {number} of seed {_SEED}, {caller}, {name}:{operation}: {request[:600]!r}\n{answer[:600]!r}"
        says_so = b"NotImplemented" in answer or request.startswith(b"HEAD ")  # whose answers have no body
        assert status < 500 or (status == 501 and says_so), where
        if caller == "nobody":
            assert not any(mark.encode() in answer for mark in _MARKS), where
    print(dict(sorted(statuses.items())))
    assert statuses[200] > _REQUESTS / 200  # the generator reaches what lies behind validation, too
    assert _complaints(target.home / "log") == []


def _worker(server: Server) -> tuple[str, str]:
    """Keys of a user who may do everything but take keys, users and policies away."""
    iam = server.client("iam")
    iam.create_user(UserName="worker")
    iam.attach_user_policy(UserName="worker", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")
    reading = {"Effect": "Allow", "Action": ["iam:Get*", "iam:List*", "iam:Create*", "iam:Tag*"], "Resource": "*"}
    iam.put_user_policy(
        UserName="worker",
        PolicyName="reading",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [reading]}),
    )
    key = iam.create_access_key(UserName="worker")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def _complaints(folder: Path) -> list[str]:
    """What any process wrote of exceptions."""
    found = [path.read_text() for path in folder.glob("*.err") if path.stat().st_size]
    for path in folder.glob("*.log*"):
        found += [line for line in path.read_text().splitlines() if '"level": "error"' in line or "Traceback" in line]
    return found
