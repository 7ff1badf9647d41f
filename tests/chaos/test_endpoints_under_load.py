"""Requests go on while an endpoint is updated in every style, scaled, and loses an instance: none is lost.

Promised: no failure seen through boto3's default retries; a rollback is complete within 5 s of its reason.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Server, eventually
from tests.endpoints import Endpoints

CLIENTS = 6


class Load:
    """Clients that invoke an endpoint without a pause; `answers` counts by the name of the model that answered."""

    def __init__(self, endpoints: Endpoints, name: str) -> None:
        self.runtime = endpoints.server.client("sagemaker-runtime", retries={"mode": "legacy"})
        self.name = name
        self.over = threading.Event()
        self.answers: Counter[str] = Counter()
        self.failures: list[Exception] = []
        self.pool = ThreadPoolExecutor(CLIENTS)

    def _go(self) -> None:
        while not self.over.is_set():
            try:
                answer = self.runtime.invoke_endpoint(EndpointName=self.name, Body=b"wait0.01")
                self.answers[json.loads(answer["Body"].read())["name"]] += 1
            except Exception as error:
                self.failures.append(error)

    def __enter__(self) -> Load:
        for _ in range(CLIENTS):
            self.pool.submit(self._go)
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.pool.shutdown()

    def seen(self, model: str) -> None:
        """Return once a model has answered some more requests."""
        before = self.answers[model]
        eventually(lambda: self.answers[model] > before + 20, what=f"{model} answers")


@pytest.fixture(scope="module")
def endpoints(make_server: Callable[..., Server]) -> Endpoints:
    return Endpoints(make_server())


def rolling(wait: int) -> dict[str, Any]:
    return {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": wait,
        }
    }


def blue_green(kind: str, **size: Any) -> dict[str, Any]:
    traffic = {"Type": kind, "WaitIntervalInSeconds": 1, **size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic, "TerminationWaitInSeconds": 1}}


def test_no_request_is_lost_whatever_is_changed(endpoints: Endpoints) -> None:
    """Every style of update, out and in, one that fails, and an instance killed."""
    part = {"Type": "CAPACITY_PERCENT", "Value": 50}
    first = endpoints.model()
    name = endpoints.create(endpoints.config(endpoints.variant(first, count=2)))
    update = endpoints.sagemaker.update_endpoint
    with Load(endpoints, name) as load:
        load.seen(first)
        for policy in (
            blue_green("ALL_AT_ONCE"),
            blue_green("CANARY", CanarySize=part),
            blue_green("LINEAR", LinearStepSize=part),
            rolling(1),
        ):
            model = endpoints.model()
            config = endpoints.config(endpoints.variant(model, count=2))
            update(EndpointName=name, EndpointConfigName=config, DeploymentConfig=policy)
            assert endpoints.settled(name)["EndpointConfigName"] == config
            load.seen(model)
        for count in (3, 1, 2):
            change = [{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
            endpoints.sagemaker.update_endpoint_weights_and_capacities(
                EndpointName=name, DesiredWeightsAndCapacities=change
            )
            endpoints.settled(name)
            load.seen(model)
        broken = endpoints.config(endpoints.variant(endpoints.model(BEHAVIOUR="exits")))
        update(EndpointName=name, EndpointConfigName=broken)
        assert "exit code 7" in endpoints.settled(name)["FailureReason"]
        load.seen(model)
        (killed, _) = endpoints.sockets(name)
        os.kill(int((Path(killed).parents[1] / "pid").read_text()), signal.SIGKILL)
        eventually(lambda: killed not in endpoints.sockets(name) and len(endpoints.sockets(name)) == 2)
        load.seen(model)
    assert not load.failures, (len(load.failures), load.failures[:3], load.answers)
    endpoints.delete(name)
