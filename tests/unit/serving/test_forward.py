"""Gateways beside each other in one process: who has an endpoint, how the others reach it, over TLS and sockets."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.routed import ACCOUNT, REGION, Replica, variant

from salvia.app import close, compose
from salvia.control.world import World
from salvia.core.errors import ServiceError
from salvia.serving import door, forward, gateways, trust
from salvia.serving.invocation import Answer
from salvia.serving.traffic import Traffic
from salvia.settings import Settings
from salvia.store import routes
from salvia.store.schema import upgrade


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    made = Replica(tmp_path_factory.mktemp("models"), "primary")
    yield made
    made.process.kill()
    made.process.wait()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(gateways, "_BEAT", 0.05)
    (tmp_path / "run").mkdir()
    upgrade(Settings(tmp_path).location)
    return tmp_path


@dataclass
class Gateway:
    """One of them."""

    world: World
    close: Any

    @property
    def traffic(self) -> Traffic:
        return self.world.part(Traffic)

    async def ask(self, told: Any, *, pieces: bool = False, **more: Any) -> Asked:
        """Invoke the endpoint `far` through this one."""
        endpoint = self.traffic.require(ACCOUNT, REGION, "far")
        asked = Asked(pieces)
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        request = {"EndpointName": "far", "Body": body, **more}
        try:
            forward.invocation(self.traffic, endpoint, request, asked, pieces=pieces).start()
        except ServiceError as error:
            asked.failed(error, None)
        await asyncio.wait_for(asked.over.wait(), 20)
        return asked

    async def knows(self, others: int) -> None:
        """Return once it knows of so many others."""
        async with asyncio.timeout(10):
            while len(self.traffic.gateways.peers) != others:
                await asyncio.sleep(0.01)


class Asked:
    """An invocation's client."""

    def __init__(self, pieces: bool) -> None:
        self.pieces, self.body = pieces, b""
        self.answer: Answer | None = None
        self.error: ServiceError | None = None
        self.how: str | None = None
        self.over = asyncio.Event()

    def begun(self, answer: Answer, wire: Any) -> bool:
        return self.pieces

    def piece(self, data: bytes) -> None:
        self.body += data

    def done(self, answer: Answer) -> None:
        self.answer = answer
        self.body += answer.body
        self.over.set()

    def failed(self, error: ServiceError, how: Any) -> None:
        self.error, self.how = error, how
        self.over.set()


@asynccontextmanager
async def gateway(home: Path, node: str, index: int = 0, secret: bytes = b"") -> AsyncIterator[Gateway]:
    world = compose(Settings(home, workers=2))
    world.settings = replace(world.settings, database="postgresql:")  # for TLS; the file is open already
    world.node, world.secret = node, secret or world.secret
    opened = await door.opened(world, index)
    made = Gateway(world, opened)
    try:
        yield made
    finally:
        await opened()
        await close(world)


async def put(world: World, replica: Replica, node: str, **more: Any) -> None:
    route = {"arn": "a", "config": "c", "node": node, "variants": [variant("AllTraffic", replica.content(), **more)]}
    await world.db.write(lambda tx: routes.write(tx, ACCOUNT, REGION, "far", "id", route))


def test_another_node_is_asked_by_tls(home: Path, replica: Replica) -> None:
    """Answers, errors, pieces and what breaks come back as they were; the first node counts, the second does not."""

    async def test() -> None:
        async with gateway(home, "there") as there, gateway(home, "here", 5) as here:
            await put(there.world, replica, "there")
            assert here.traffic.require(ACCOUNT, REGION, "far").owned
            for told, more in (
                (b"1,2", {"ContentType": "text/csv"}),
                ({"do": "answer", "body": "ö", "headers": {"X-Salvia-Failure": "{}"}}, {}),
                ({"do": "tell"}, {"CustomAttributes": 'ö"\\', "InferenceId": "mine"}),
                ({"do": "answer", "status": 418, "body": "no\n"}, {}),
                ({"do": "half"}, {}),
                (b"1", {"TargetModel": "m"}),
            ):
                near, far = await there.ask(told, **more), await here.ask(told, **more)
                assert far.body == near.body
                assert (far.how, far.answer and far.answer.members) == (near.how, near.answer and near.answer.members)
                assert (far.error is None) == (near.error is None)
                if near.error is not None and far.error is not None:
                    assert vars(far.error) == vars(near.error)
            said = {"do": "pieces", "pieces": ["a", "b"]}
            assert (await here.ask(said, pieces=True)).body == b"ab"
            broken = await here.ask({**said, "broken": True}, pieces=True)
            assert (broken.body, broken.how, broken.error and broken.error.code) == (b"ab", "broken", "ModelError")
            there.traffic.meters._figures.clear()
            await here.ask(b"1")
            assert (len(there.traffic.meters._figures), len(here.traffic.meters._figures)) == (1, 0)

    asyncio.run(test())


def test_who_has_another_secret_is_nobody(home: Path, replica: Replica) -> None:
    """Neither does it trust the door's certificate, nor does the door take its word on the socket."""

    async def test() -> None:
        async with gateway(home, "there") as there, gateway(home, "false", 5, secret=b"x" * 32) as false:
            await put(there.world, replica, "there")
            asked = await false.ask(b"1")
            assert asked.error is not None
            assert (asked.error.code, asked.error.status) == ("ServiceUnavailable", 503)
            path = home / "run" / "gateway-0.sock"
            reader, writer = await asyncio.open_unix_connection(path)
            shown = trust.bearer(false.world.secret)
            content = json.dumps({"endpoint": [ACCOUNT, REGION, "far"], "pieces": False, "request": {}})
            head = f"POST / HTTP/1.1\r\nAuthorization: Bearer {shown}\r\nX-Salvia-Invocation: {content}\r\n"
            writer.write(f"{head}Content-Length: 1\r\n\r\n1".encode())
            assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 403 ")
            writer.close()

    asyncio.run(test())


def test_what_is_counted_has_one_owner_and_deputies(home: Path, replica: Replica) -> None:
    """All agree on who has an endpoint; different endpoints have different ones; one that is gone is passed over."""

    async def test() -> None:
        async with gateway(home, "", 0) as one, gateway(home, "", 1) as two, gateway(home, "", 2) as three:
            everyone = [one, two, three]
            for each in everyone:
                await each.knows(2)
            await put(one.world, replica, "", mode="serverless")
            endpoint = one.traffic.require(ACCOUNT, REGION, "far")
            assert endpoint.owned
            first: Counter[str] = Counter()
            for number in range(90):
                orders = [each.traffic.gateways.owners(replace(endpoint, id=str(number))) for each in everyone]
                named = [
                    [peer.id if peer is not None else f"/{everyone.index(each)}" for peer in order]
                    for each, order in zip(everyone, orders, strict=True)
                ]
                assert named[0] == named[1] == named[2]
                assert sorted(named[0]) == ["/0", "/1", "/2"]
                first[named[0][0]] += 1
            assert min(first.values()) > 10
            await three.close()
            for each in (one, two):
                await each.knows(1)
            assert len(one.traffic.gateways.owners(endpoint)) == 2

    asyncio.run(test())


def test_a_deputy_takes_over_at_once(home: Path, replica: Replica) -> None:
    """Before a dead gateway's lease is over: whoever finds nobody there goes on to the next."""

    async def test() -> None:
        async with gateway(home, "there", 0) as first, gateway(home, "there", 1), gateway(home, "here", 5) as here:
            await put(first.world, replica, "there")
            await here.knows(2)
            one, two = here.traffic.gateways.owners(here.traffic.require(ACCOUNT, REGION, "far"))
            assert one is not None
            assert two is not None
            for peer, answered in ((one, b"1"), (two, b"")):
                peer.pool.close()
                peer.pool.address = peer.pool.address._replace(port=1)  # where nobody listens
                assert (await here.ask(b"1")).body == answered
                assert peer.down

    asyncio.run(test())
