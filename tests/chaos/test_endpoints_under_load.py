"""Requests go on while an endpoint is updated in every style, scaled, rolled back, and loses whatever it stands on.

Promised: no failure seen through boto3's default retries; of raw requests no more fail than were in flight at a killed
gateway; a rollback is complete within 5 s of its alarm. `make chaos` asks 100,000 times; CHAOS_REQUESTS says how often.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.bench.load import invocation
from tests.conftest import Server, eventually
from tests.endpoints import Endpoints
from tests.torment import kill, peers

REQUESTS = int(os.environ.get("CHAOS_REQUESTS", "2000"))
PATIENT, RAW = 3, 6  # clients: boto3's, and such as never try again
_WORK = b"wait0.05"  # what a model is about a request: at less, asking for it is most of what the machine does
HALF = {"Type": "CAPACITY_PERCENT", "Value": 50}


class Raw:
    """A client on a connection of its own, which knows no second try."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.connection: socket.socket | None = None
        self.busy = False
        self.answers = 0
        self.failures: list[str] = []

    @property
    def port(self) -> int:
        connection = self.connection
        return connection.getsockname()[1] if connection is not None else 0

    def run(self) -> None:
        while not self.load.over.is_set():
            try:
                self.ask()
                self.answers += 1
            except OSError as error:
                self.failures.append(repr(error))
                self.hang_up()
        self.hang_up()

    def hang_up(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def ask(self) -> None:
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.load.server.port), timeout=90)
        request = self.load.request()
        self.busy = True
        try:
            self.connection.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += self.more()
            head, _, body = answer.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            while len(body) < length:
                body += self.more()
        finally:
            self.busy = False
        if not head.startswith(b"HTTP/1.1 200 "):
            raise OSError(answer[:1000])
        self.load.answered(body)

    def more(self) -> bytes:
        assert self.connection is not None
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionResetError("closed without an answer")
        return data


class Load:
    """Clients that invoke an endpoint without a pause; `answers` counts by the name of the model that answered."""

    def __init__(self, endpoints: Endpoints, name: str) -> None:
        self.server, self.name = endpoints.server, name
        # What boto3 does by default, unlike the tests' other clients.
        self.runtime = self.server.client("sagemaker-runtime", retries={"mode": "legacy"})
        self.over = threading.Event()
        self.answers: Counter[str] = Counter()
        self.failures: list[Exception] = []
        self.raw = [Raw(self) for _ in range(RAW)]
        self.in_flight = 0  # at gateways that were killed
        self.pool = ThreadPoolExecutor(PATIENT + RAW)

    @property
    def total(self) -> int:
        return sum(self.answers.values())

    def request(self) -> bytes:
        environment = self.server.environment
        keys = environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
        return invocation(self.server.url, keys, self.name, _WORK)

    def answered(self, body: bytes) -> None:
        self.answers[json.loads(body)["name"]] += 1

    def _go(self) -> None:
        while not self.over.is_set():
            try:
                self.answered(self.runtime.invoke_endpoint(EndpointName=self.name, Body=_WORK)["Body"].read())
            except Exception as error:
                self.failures.append(error)

    def __enter__(self) -> Load:
        for _ in range(PATIENT):
            self.pool.submit(self._go)
        for raw in self.raw:
            self.pool.submit(raw.run)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.pool.shutdown()

    def seen(self, *models: str) -> None:
        """Return once each model has answered some more requests."""
        before = self.answers.copy()
        eventually(lambda: all(self.answers[model] > before[model] + 20 for model in models), what=f"{models} answer")

    def kill_gateway(self) -> None:
        """Of one, when it is known what it has in flight: it is halted first."""
        victim = random.choice(self.server.pids("gateway"))
        os.kill(victim, signal.SIGSTOP)
        time.sleep(0.3)  # now whoever is connected to it waits for it
        connected = peers(victim, self.server.port)
        self.in_flight += sum(raw.busy and raw.port in connected for raw in self.raw)
        os.kill(victim, signal.SIGKILL)


@pytest.fixture(scope="module")
def endpoints(make_server: Callable[..., Server]) -> Endpoints:
    return Endpoints(make_server("--workers", "2"))


def rolling(wait: int) -> dict[str, Any]:
    return {"RollingUpdatePolicy": {"MaximumBatchSize": HALF, "WaitIntervalInSeconds": wait}}


def blue_green(kind: str, wait: int = 1, **size: Any) -> dict[str, Any]:
    traffic = {"Type": kind, "WaitIntervalInSeconds": wait, **size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic, "TerminationWaitInSeconds": 1}}


POLICIES = (
    blue_green("ALL_AT_ONCE"),
    blue_green("CANARY", CanarySize=HALF),
    blue_green("LINEAR", LinearStepSize=HALF),
    rolling(1),
)


class Round:
    """Everything once, under a load."""

    def __init__(self, endpoints: Endpoints, name: str, load: Load, model: str) -> None:
        self.endpoints, self.name, self.load, self.model = endpoints, name, load, model
        self.server = endpoints.server

    def run(self) -> float:
        """Returns the seconds that a rollback took."""
        for policy in POLICIES:
            self.update(policy)
            kill(*self.server.pids("controller"))
            self.settled()
        for weights, counts in (((3.0, 1.0), (3, 1)), ((1.0, 0.0), (1, 1)), ((1.0, 1.0), (2, 1))):
            self.change(weights, counts)
        self.fail()
        seconds = self.roll_back()
        self.lose_instances()
        self.load.kill_gateway()
        self.load.seen(self.model)
        eventually(lambda: len(self.server.pids("gateway")) == 2, what="the gateway is started again")
        return seconds

    def config(self, model: str) -> str:
        made = self.endpoints
        return made.config(made.variant(model, "A", count=2), made.variant(model, "B"))

    def update(self, policy: dict[str, Any]) -> None:
        self.model = self.endpoints.model()
        self.wanted = self.config(self.model)
        self.endpoints.sagemaker.update_endpoint(
            EndpointName=self.name, EndpointConfigName=self.wanted, DeploymentConfig=policy
        )

    def settled(self) -> None:
        assert self.endpoints.settled(self.name, 120)["EndpointConfigName"] == self.wanted
        self.load.seen(self.model)

    def change(self, weights: tuple[float, float], counts: tuple[int, int]) -> None:
        wanted = [
            {"VariantName": name, "DesiredWeight": weight, "DesiredInstanceCount": count}
            for name, weight, count in zip("AB", weights, counts, strict=True)
        ]
        self.endpoints.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=self.name, DesiredWeightsAndCapacities=wanted
        )
        self.settled()

    def fail(self) -> None:
        """An update whose instances do not come up."""
        broken = self.config(self.endpoints.model(BEHAVIOUR="exits"))
        self.endpoints.sagemaker.update_endpoint(EndpointName=self.name, EndpointConfigName=broken)
        assert "exit code 7" in self.endpoints.settled(self.name, 120)["FailureReason"]
        self.load.seen(self.model)

    def roll_back(self) -> float:
        """An update that an alarm stops half way."""
        cloudwatch, alarm, old = self.server.client("cloudwatch"), self.endpoints.name("alarm"), self.model
        cloudwatch.put_metric_alarm(
            AlarmName=alarm,
            Namespace="AWS/SageMaker",
            MetricName="Invocation5XXErrors",
            Dimensions=[{"Name": "EndpointName", "Value": self.name}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
        )
        before = self.wanted
        guarded = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]}}
        self.update({**blue_green("CANARY", 600, CanarySize=HALF), **guarded})
        self.load.seen(self.model, old)
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a test")
        began = time.monotonic()
        eventually(lambda: not self.moved(), 20, "all traffic is back")
        seconds = time.monotonic() - began
        self.model, self.wanted = old, before
        self.settled()
        return seconds

    def moved(self) -> bool:
        """Whether a fleet beside the first has traffic."""
        variants = self.endpoints.route(self.name)["variants"]
        return any(fleet["share"] > 0 for variant in variants for fleet in variant["fleets"][1:])

    def lose_instances(self) -> None:
        """An agent, and a program by itself."""
        for what in ("agent", "program"):
            (killed, _) = self.endpoints.sockets(self.name, "A")
            pid = int((Path(killed).parents[1] / "pid").read_text())
            kill(pid if what == "agent" else program(pid))
            eventually(lambda killed=killed: self.whole(killed), what="it is replaced")  # type: ignore[misc]
            self.load.seen(self.model)

    def whole(self, lost: str) -> bool:
        sockets = self.endpoints.sockets(self.name, "A")
        return lost not in sockets and len(sockets) == 2


def program(agent: int) -> int:
    """The process of the model server that an agent has started."""
    pid = agent
    while children := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        pid = int(children[-1])
    return pid


class Bad:
    """Beside them, what takes a minute to go wrong: a model that does not answer, and one that never is healthy."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        sick = endpoints.variant(endpoints.model(BEHAVIOUR="sick"), ContainerStartupHealthCheckTimeoutInSeconds=60)
        self.sick = endpoints.create(endpoints.config(sick), wait=False)
        self.hung = endpoints.create()
        self.runtime = endpoints.server.client("sagemaker-runtime", retries={"mode": "legacy"}, read_timeout=90)
        self.late = ThreadPoolExecutor(1).submit(self.runtime.invoke_endpoint, EndpointName=self.hung, Body=b"wait80")

    def check(self) -> None:
        """InvokeEndpoint: ModelError, after 60 s; DescribeEndpoint: Failed, after the variant's own time."""
        error = self.late.exception()
        assert isinstance(error, ClientError)
        assert (error.response["Error"]["Code"], error.response["OriginalStatusCode"]) == ("ModelError", 0)
        assert "timed out while waiting for a response from container" in error.response["Error"]["Message"]
        described = self.endpoints.settled(self.sick, 90)
        assert described["EndpointStatus"] == "Failed"
        assert "did not pass the ping health check within 60 seconds" in described["FailureReason"]
        for name in (self.sick, self.hung):
            self.endpoints.delete(name)


@pytest.mark.timeout(300 + REQUESTS // 20)
def test_no_request_is_lost_whatever_happens(endpoints: Endpoints) -> None:
    """Every style of update with the controller killed amid it, weights and capacities, an update that fails, a
    rollback by alarm, lost instances, a killed gateway: again and again until there were enough requests."""
    model = endpoints.model()
    made = endpoints.config(endpoints.variant(model, "A", count=2), endpoints.variant(model, "B"))
    name = endpoints.create(made)
    began = time.monotonic()
    rollbacks = []
    bad = Bad(endpoints)
    with Load(endpoints, name) as load:
        load.seen(model)
        while not rollbacks or load.total < REQUESTS:
            everything = Round(endpoints, name, load, model)
            rollbacks.append(everything.run())
            model = everything.model
    raw = [failure for one in load.raw for failure in one.failures]
    seconds = time.monotonic() - began
    print(
        f"{load.total} requests in {seconds:.0f} s, {len(rollbacks)} rounds: {len(load.failures)} failures through "
        f"boto3; {len(raw)} raw of {sum(one.answers for one in load.raw)}, {load.in_flight} of which were in flight at "
        f"killed gateways; slowest rollback {max(rollbacks):.1f} s"
    )
    assert not load.failures, (len(load.failures), load.failures[:3], load.answers)
    assert len(raw) <= load.in_flight, "\n".join([f"{load.in_flight} were in flight", *raw])
    assert max(rollbacks) < 5, rollbacks
    bad.check()
    endpoints.delete(name)
