"""An endpoint's life a look at a time. Expectations: API_DescribeEndpoint (its statuses), the developer guide on
deployment guardrails, and what `lifecycle` promises: only a replica that left the route is stopped."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson
import pytest
from tests.unit.services.sagemaker.conftest import ROLE, Studio

from salvia.control import instances
from salvia.core.http import Headers, HttpRequest
from salvia.runtimes.base import Capacity, StartError
from salvia.services.sagemaker.endpoint import launch
from salvia.store import documents, routes
from salvia.store.documents import Document

WHERE = ("123456789012", "us-east-1")
GIB = 2**30


class Hosting:
    """Endpoints whose agents the test plays."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.machines = studio, studio.machines
        self.ask = studio.ask
        self.count = 0

    def config(self, count: int = 1, kind: str = "ml.m5.large", containers: int = 1, more: Any = None) -> str:
        self.count += 1
        name = f"c{self.count}"
        one = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/echo:latest"}
        which: dict[str, Any] = {"Containers": [one] * containers} if containers > 1 else {"PrimaryContainer": one}
        self.ask("CreateModel", ModelName=name, ExecutionRoleArn=ROLE, **which)
        variant = {"VariantName": "v", "ModelName": name, "InstanceType": kind, "InitialInstanceCount": count}
        self.ask("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[{**variant, **(more or {})}])
        return name

    def create(self, name: str = "e", **more: Any) -> None:
        self.ask("CreateEndpoint", EndpointName=name, EndpointConfigName=self.config(**more))
        self.studio.settle()

    def in_service(self, name: str = "e", **more: Any) -> None:
        self.create(name, **more)
        self.report_all("InService", name)
        assert self.status(name) == "InService"

    def document(self, name: str = "e") -> Document:
        found = documents.find(self.studio.world.db.read(), "sagemaker:Endpoint", *WHERE, name)
        assert found is not None
        return found

    def status(self, name: str = "e") -> str:
        return str(self.describe(name)["EndpointStatus"])

    def describe(self, name: str = "e") -> Any:
        return self.ask("DescribeEndpoint", EndpointName=name)

    def up(self, name: str = "e") -> list[int]:
        return [int(n) for n, replica in self.document(name).status["_Replicas"].items() if replica["state"] == "up"]

    def report(self, phase: str, number: int, position: int = 0, name: str = "e", **more: Any) -> None:
        document = self.document(name)
        token = instances.bearer(self.studio.world.secret, document.id, position, number)
        body = orjson.dumps({"phase": phase, "times": {phase: self.studio.rig.now}, **more})
        headers = Headers([("authorization", f"Bearer {token}")])
        request = HttpRequest("POST", "/_instance/report", "", headers, body)
        assert self.studio.run(instances.answer(request, self.studio.world)).status == 200
        if phase == "Exited":
            self.machines.alive.discard(launch.handle(document, number, position)["name"])
        self.studio.settle()

    def report_all(self, phase: str, name: str = "e", **more: Any) -> None:
        for number in self.up(name):
            self.report(phase, number, name=name, **more)

    def routed(self, name: str = "e") -> list[list[str]]:
        """The addresses of each fleet that has a share."""
        found = routes.read(self.studio.world.db.read(), *WHERE, name)
        if found is None:
            return []
        return [
            [container["address"]["socket"] for replica in fleet["replicas"] for container in replica["containers"]]
            for fleet in found.route["variants"][0]["fleets"]
            if fleet["share"]
        ]

    def leaves(self, seconds: float = 3.0) -> None:
        """Time passes; whoever was told to stop ends."""
        self.studio.settle(seconds)
        for name in self.machines.stops:
            self.machines.alive.discard(name)
        self.studio.settle(seconds)


@pytest.fixture
def hosting(studio: Studio) -> Hosting:
    return Hosting(studio)


DIED = {"exit": {"code": 3, "log_tail": ["first", "no memory for it"]}}


def test_the_route_is_written_with_the_status(hosting: Hosting) -> None:
    hosting.create(count=2)
    assert hosting.status() == "Creating"
    first, second = hosting.up()
    hosting.report("InService", first)
    assert (hosting.status(), hosting.routed()) == ("Creating", [])
    hosting.report("InService", second)
    assert hosting.status() == "InService"
    assert len(hosting.routed()[0]) == 2


def test_an_instance_that_dies_leaves_the_route_before_another_is_up(hosting: Hosting) -> None:
    hosting.in_service(count=2)
    first, second = hosting.up()
    hosting.report("Exited", first, **DIED)
    assert hosting.routed() == [[f"/run/{launch.handle(hosting.document(), second, 0)['name']}"]]
    described = hosting.describe()
    assert described["EndpointStatus"] == "InService"
    (status,) = described["ProductionVariants"][0]["VariantStatus"]
    assert "ended with exit code 3. Its last lines:\nfirst\nno memory for it" in status["StatusMessage"]
    _, third = hosting.up()
    hosting.report("InService", third)
    assert len(hosting.routed()[0]) == 2
    assert "VariantStatus" not in hosting.describe()["ProductionVariants"][0]


def test_an_instance_that_is_ill_leaves_the_route_and_is_then_told_to_stop(hosting: Hosting) -> None:
    """As one that died: it is not killed, and finishes what it has."""
    hosting.in_service(count=2)
    first, second = hosting.up()
    hosting.report("Unhealthy", first, message="did not pass the ping health check: it says 503.")
    assert hosting.routed() == [[f"/run/{launch.handle(hosting.document(), second, 0)['name']}"]]
    (status,) = hosting.describe()["ProductionVariants"][0]["VariantStatus"]
    assert status["StatusMessage"] == (
        "The primary container for production variant v did not pass the ping health check: it says 503. Please check "
        "CloudWatch logs for this endpoint."
    )
    hosting.studio.settle(3)
    assert list(hosting.machines.stops) == [launch.handle(hosting.document(), first, 0)["name"]]
    hosting.report_all("InService")
    assert len(hosting.routed()[0]) == 2


def test_what_keeps_dying_is_started_less_and_less_often(hosting: Hosting) -> None:
    hosting.in_service()
    started = len(hosting.machines.starts)
    for _ in range(200):
        for number in hosting.up():
            hosting.report("Exited", number, **DIED)
        hosting.studio.settle(1.0)
    assert 5 <= len(hosting.machines.starts) - started <= 12  # in some 600 s: 0, 1, 2, 4 … 60 s apart
    assert hosting.status() == "InService"


def test_an_agent_that_is_gone_without_a_word_is_a_lost_instance(hosting: Hosting) -> None:
    hosting.in_service()
    (before,) = hosting.routed()
    hosting.machines.alive.clear()
    hosting.studio.settle(15.0)
    (number,) = hosting.up()
    hosting.report("InService", number)
    assert hosting.routed() != [before]


def test_only_what_left_the_route_is_stopped(hosting: Hosting) -> None:
    hosting.in_service(count=2)
    more = [{"VariantName": "v", "DesiredInstanceCount": 1}]
    hosting.ask("UpdateEndpointWeightsAndCapacities", EndpointName="e", DesiredWeightsAndCapacities=more)
    seen: list[tuple[int, int]] = []
    for _ in range(12):
        hosting.studio.step()
        hosting.studio.rig.now += 0.3
        seen.append((len(hosting.routed()[0]), len(hosting.machines.stops)))
    assert (1, 0) in seen  # it has left, and is not told yet
    assert (2, 1) not in seen
    assert seen[-1][0] == 1
    hosting.leaves()
    assert len(hosting.machines.alive) == 1
    assert hosting.status() == "InService"


def test_one_that_does_not_stop_is_removed(hosting: Hosting) -> None:
    """SIGTERM, 30 s, SIGKILL; and a little patience for its agent."""
    hosting.in_service(count=2)
    more = [{"VariantName": "v", "DesiredInstanceCount": 1}]
    hosting.ask("UpdateEndpointWeightsAndCapacities", EndpointName="e", DesiredWeightsAndCapacities=more)
    for _ in range(25):
        hosting.studio.settle(1.0)
    assert len(hosting.machines.alive) == 2
    for _ in range(20):
        hosting.studio.settle(1.0)
    assert len(hosting.machines.alive) == 1


def test_a_scaling_that_fails_is_taken_back(hosting: Hosting) -> None:
    hosting.in_service()
    more = [{"VariantName": "v", "DesiredInstanceCount": 2, "DesiredWeight": 9.0}]
    hosting.ask("UpdateEndpointWeightsAndCapacities", EndpointName="e", DesiredWeightsAndCapacities=more)
    hosting.studio.settle()
    hosting.report("Exited", max(hosting.up()), **DIED)
    described = hosting.describe()
    assert described["EndpointStatus"] == "InService"
    assert "exit code 3" in described["FailureReason"]
    (variant,) = described["ProductionVariants"]
    assert (variant["DesiredInstanceCount"], variant["CurrentWeight"], variant["DesiredWeight"]) == (1, 1.0, 1.0)
    assert len(hosting.routed()[0]) == 1


def test_an_update_switches_when_the_whole_new_fleet_is_up(hosting: Hosting) -> None:
    hosting.in_service()
    (old,) = hosting.routed()
    hosting.ask("UpdateEndpoint", EndpointName="e", EndpointConfigName=hosting.config(count=2))
    hosting.studio.settle()
    _, second, third = hosting.up()
    hosting.report("InService", second)
    assert hosting.routed() == [old]
    hosting.report("InService", third)
    ((one, two),) = hosting.routed()
    assert old[0] not in (one, two)
    assert hosting.status() == "InService"
    hosting.leaves()
    assert len(hosting.machines.alive) == 2


def test_a_rollback_in_batches_moves_traffic_as_the_old_fleet_grows(hosting: Hosting) -> None:
    """API_RollingUpdatePolicy, RollbackMaximumBatchSize: "each rolling step to provision capacity and turn on traffic
    on the old endpoint fleet, and terminate capacity on the new"."""

    def fleets() -> list[tuple[float, int]]:
        """The share and the size of the old fleet and the new one, in the route."""
        found = routes.read(hosting.studio.world.db.read(), *WHERE, "e")
        assert found is not None
        return [(fleet["share"], len(fleet["replicas"])) for fleet in found.route["variants"][0]["fleets"]]

    hosting.in_service(count=4)
    half, one = {"Type": "CAPACITY_PERCENT", "Value": 50}, {"Type": "INSTANCE_COUNT", "Value": 1}
    policy = {"MaximumBatchSize": half, "RollbackMaximumBatchSize": one, "WaitIntervalInSeconds": 500}
    hosting.ask(
        "UpdateEndpoint",
        EndpointName="e",
        EndpointConfigName=hosting.config(count=4),
        DeploymentConfig={"RollingUpdatePolicy": {**policy, "MaximumExecutionTimeoutInSeconds": 700}},
    )
    hosting.studio.settle()
    hosting.report_all("InService")
    assert fleets() == [(0.5, 4), (0.5, 2)]
    hosting.studio.settle(501)
    hosting.leaves()
    hosting.report_all("InService")
    assert fleets() == [(0.0, 2), (1.0, 4)]
    hosting.studio.settle(201)
    assert (hosting.status(), fleets()) == ("RollingBack", [(0.0, 2), (1.0, 4)])
    hosting.report("InService", max(hosting.up()))
    assert (hosting.status(), fleets()) == ("RollingBack", [(0.75, 3), (0.25, 1)])
    hosting.studio.settle()
    hosting.report("InService", max(hosting.up()))
    assert (hosting.status(), fleets()) == ("InService", [(1.0, 4)])
    assert "MaximumExecutionTimeoutInSeconds" in hosting.describe()["FailureReason"]
    hosting.leaves()
    assert len(hosting.machines.alive) == 4


def test_an_update_that_an_older_version_began_goes_back(hosting: Hosting) -> None:
    """What was begun before `_Update` had a `retreat` restores the old fleet at once."""
    hosting.in_service(count=2)
    (old,) = hosting.routed()
    policy = {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}
    config = {"BlueGreenUpdatePolicy": {**policy, "MaximumExecutionTimeoutInSeconds": 700}}
    hosting.ask("UpdateEndpoint", EndpointName="e", EndpointConfigName=hosting.config(count=2), DeploymentConfig=config)
    document = hosting.document()
    del document.status["_Update"]["retreat"]
    db = hosting.studio.world.db
    hosting.studio.run(db.write(lambda tx: documents.update(tx, document)))
    hosting.studio.settle(701)
    assert (hosting.status(), hosting.routed()) == ("InService", [old])
    assert "MaximumExecutionTimeoutInSeconds" in hosting.describe()["FailureReason"]


def test_an_update_whose_image_is_unknown_goes_back(hosting: Hosting) -> None:
    """Said by the catalogue, not by an agent: nothing of it runs."""
    hosting.in_service()
    (old,) = hosting.routed()
    container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/unheard:of"}
    hosting.ask("CreateModel", ModelName="bad", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    variant = {"VariantName": "v", "ModelName": "bad", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    hosting.ask("CreateEndpointConfig", EndpointConfigName="bad", ProductionVariants=[variant])
    hosting.ask("UpdateEndpoint", EndpointName="e", EndpointConfigName="bad")
    hosting.studio.settle()
    described = hosting.describe()
    assert described["EndpointStatus"] == "InService"
    assert "No image is known" in described["FailureReason"]
    assert hosting.routed() == [old]


def test_a_replacement_that_cannot_be_started_leaves_the_rest_alone(hosting: Hosting) -> None:
    """The disk is full, say: the dead one leaves the route all the same, and it is tried again."""
    hosting.in_service(count=2)
    first, second = hosting.up()
    hosting.machines.broken = StartError("the disk is full")
    hosting.report("Exited", first, **DIED)
    assert len(hosting.routed()[0]) == 1
    assert second in hosting.up()
    assert "the disk is full" in str(hosting.describe()["ProductionVariants"])
    hosting.machines.broken = None
    hosting.studio.settle(70.0)
    hosting.report_all("InService")
    assert len(hosting.routed()[0]) == 2


def test_a_container_that_dies_takes_its_instance_along(hosting: Hosting) -> None:
    """Containers of one instance share its fate."""
    hosting.create(containers=2)
    (number,) = hosting.up()
    hosting.report("InService", number, 0)
    assert hosting.status() == "Creating"
    hosting.report("InService", number, 1)
    assert len(hosting.routed()[0]) == 2
    hosting.report("Exited", number, 1, **DIED)
    assert hosting.routed() == [[]]
    assert hosting.up() != [number]


def test_the_node_of_an_endpoint_dies_and_another_serves(hosting: Hosting) -> None:
    """store/leases: a document of a node that was not heard of is anybody's; its instances died with it."""
    hosting.in_service()
    (before,) = hosting.routed()
    world = hosting.studio.controller()
    world.node = "other"
    hosting.studio.world.node = "other"
    hosting.studio.rig.now += 100
    document = hosting.document()
    assert document.node == ""
    hosting.studio.run(
        world.db.write(
            lambda tx: tx.run("UPDATE documents SET node = 'dead', due_at = 0 WHERE id = :id", {"id": document.id})
        )
    )
    for _ in range(4):
        hosting.studio.step(world)
        hosting.studio.rig.now += 2
    assert hosting.routed() == [[]]
    assert hosting.document().node == "other"
    hosting.report_all("InService")
    assert hosting.routed() != [before]


def test_under_strict_capacity_an_instance_waits_and_says_for_what(hosting: Hosting) -> None:
    world = hosting.studio.world
    world.settings = dataclasses.replace(world.settings, capacity="strict")
    hosting.machines.whole = Capacity(4, 64 * GIB)
    hosting.in_service("a", count=2)
    hosting.create("b")
    (status,) = hosting.describe("b")["ProductionVariants"][0]["VariantStatus"]
    assert status["StatusMessage"] == (
        "Waiting for capacity for 1 × ml.m5.large: 2 cores and 8.0 GiB; 0 cores and 48.0 GiB free, it is the next."
    )
    hosting.create("c", kind="ml.m5.2xlarge")
    assert hosting.status("c") == "Failed"
    assert "Unable to provision requested ML compute capacity" in hosting.describe("c")["FailureReason"]
    hosting.ask("DeleteEndpoint", EndpointName="a")
    hosting.leaves()
    hosting.leaves()
    hosting.report_all("InService", "b")
    assert hosting.status("b") == "InService"
    hosting.ask("DeleteEndpoint", EndpointName="b")
    hosting.leaves()
    hosting.leaves()
    assert world.db.read().all("SELECT * FROM capacity_claims") == []


def test_an_instance_waits_for_capacity_no_longer_than_its_variant_says(hosting: Hosting) -> None:
    """API_ProductionVariant, VariantInstanceProvisionTimeoutInSeconds: "waits until the timeout expires"."""
    world = hosting.studio.world
    world.settings = dataclasses.replace(world.settings, capacity="strict")
    hosting.machines.whole = Capacity(4, 64 * GIB)
    hosting.in_service("a", count=2)
    hosting.create("b", more={"VariantInstanceProvisionTimeoutInSeconds": 300})
    hosting.studio.settle(290)
    assert hosting.status("b") == "Creating"
    hosting.studio.settle(11)
    described = hosting.describe("b")
    assert described["EndpointStatus"] == "Failed"
    assert "within the VariantInstanceProvisionTimeoutInSeconds of 300" in described["FailureReason"]
    hosting.studio.settle()
    claims = world.db.read().all("SELECT granted FROM capacity_claims")
    assert [claim["granted"] for claim in claims] == [1, 1]  # it waits no more


def test_what_an_endpoint_has_counts_against_the_quota(hosting: Hosting) -> None:
    """Both fleets of an update, until one is given up; nothing once it is deleted."""

    def used() -> int:
        rows = hosting.studio.world.db.read().all("SELECT MAX(used) AS used FROM quota_usage")
        return int(rows[0]["used"] or 0)

    hosting.in_service(count=2)
    assert used() == 2
    hosting.ask("UpdateEndpoint", EndpointName="e", EndpointConfigName=hosting.config(count=3))
    assert used() == 5
    hosting.studio.settle()
    hosting.report_all("InService")
    assert (hosting.status(), used()) == ("InService", 3)
    with pytest.raises(Exception, match="ResourceLimitExceeded"):
        hosting.ask(
            "UpdateEndpointWeightsAndCapacities",
            EndpointName="e",
            DesiredWeightsAndCapacities=[{"VariantName": "v", "DesiredInstanceCount": 2_000_000}],
        )
    hosting.ask("DeleteEndpoint", EndpointName="e")
    hosting.leaves()
    assert used() == 0


def test_a_start_that_was_killed_is_adopted(hosting: Hosting) -> None:
    """Between a start and the note of it: the next controller starts nothing twice."""

    class Killed(BaseException):
        pass

    async def die() -> None:
        raise Killed

    hosting.ask("CreateEndpoint", EndpointName="e", EndpointConfigName=hosting.config())
    hosting.machines.started = die
    with pytest.raises(Killed):
        hosting.studio.step()
    hosting.machines.started = None
    hosting.studio.rig.now += 20
    hosting.studio.run(
        hosting.studio.world.db.write(lambda tx: tx.run("UPDATE documents SET locked_until = NULL, due_at = 0"))
    )
    hosting.studio.settle()
    assert len(hosting.machines.starts) == 1
    hosting.report_all("InService")
    assert hosting.status() == "InService"
