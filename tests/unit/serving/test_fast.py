"""The fast path beside the chain: the same requests both ways, and which of them took which.

A request with the header `TE` is peculiar, and else the same: it goes through ASGI and the chain.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from tests.routed import ACCOUNT, REGION, Replica, variant

from salvia.app import close, compose
from salvia.control.world import World
from salvia.core.sigv4 import Credentials, sign
from salvia.gateway import Gateway
from salvia.protocol.proxy.door import Proxy
from salvia.serving.fast import FastConnection
from salvia.settings import Settings
from salvia.store import routes
from salvia.store.schema import upgrade

SLOW = {"TE": "trailers"}
Answer = tuple[int, dict[str, str], bytes]


class Port:
    """A gateway in this process; `chained` counts what came to its ASGI application."""

    def __init__(self, world: World, port: int) -> None:
        self.world, self.port = world, port
        self.chained = 0
        self._gateway = Gateway(world)
        key = world.db.read().one("SELECT id, secret FROM iam_keys")
        assert key is not None
        self.credentials = Credentials(key["id"], key["secret"], None)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.chained += 1
        await self._gateway(scope, receive, send)

    def request(
        self,
        endpoint: str,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        unsigned: dict[str, str] | None = None,
        credentials: Credentials | None = None,
        now: float | None = None,
    ) -> bytes:
        """An InvokeEndpoint as it goes over the wire."""
        path = f"/endpoints/{endpoint}/invocations"
        signed = {"Host": f"127.0.0.1:{self.port}", "Content-Type": "text/csv", **(headers or {})}
        signed |= sign(
            "POST",
            path,
            "",
            signed,
            credentials or self.credentials,
            REGION,
            "sagemaker",
            payload=hashlib.sha256(body).hexdigest(),
            now=now or time.time(),
        )
        signed |= {"Content-Length": str(len(body)), **(unsigned or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def answer(reader: asyncio.StreamReader) -> Answer:
    """One answer, read off a connection."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, await reader.readexactly(int(headers["content-length"]))


def alike(one: Answer) -> Answer:
    """An answer without what each has for itself."""
    status, headers, body = one
    request_id = headers["x-amzn-requestid"]
    own = {"x-amzn-requestid", "date"}
    kept = {name: value for name, value in headers.items() if name not in own}
    return status, kept, re.sub(rb"\d{8}T\d{6}Z", b"NOW", body.replace(request_id.encode(), b"ID"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "run").mkdir()
    upgrade(Settings(folder).location)
    return folder


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    made = Replica(tmp_path_factory.mktemp("models"), "primary")
    yield made
    made.process.kill()
    made.process.wait()


@asynccontextmanager
async def serving(home: Path, replica: Replica) -> AsyncIterator[Port]:
    world = compose(Settings(home))
    for hook in world.dispatch.hooks["bootstrap"]:
        await hook(world)
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/plain"
    route = {"arn": arn, "config": "c", "variants": [variant("AllTraffic", replica.content())]}
    await world.db.write(lambda tx: routes.write(tx, ACCOUNT, REGION, "plain", "id", route))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = Port(world, listener.getsockname()[1])
        proxy: Proxy = None  # type: ignore[assignment]  # nobody asks for a tunnel
        config = uvicorn.Config(
            port,
            http=partial(FastConnection, world, proxy),  # type: ignore[arg-type]
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        ticking = asyncio.create_task(server.main_loop())
        try:
            yield port
        finally:
            server.should_exit = True
            await ticking
            await server.shutdown(sockets=[listener])
            await close(world)


@pytest.fixture
def run(home: Path, replica: Replica) -> Callable[[Callable[[Port], Coroutine[Any, Any, None]]], None]:
    def start(test: Callable[[Port], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            async with serving(home, replica) as port:
                await test(port)

        asyncio.run(whole())

    return start


def test_both_ways_answer_alike(run: Any) -> None:
    """Promised: "a test holds both to the same answers"."""

    async def test(port: Port) -> None:
        wrong = Credentials(port.credentials.access_key, "x" * 40, None)
        unknown = Credentials("AKIAAAAAAAAAAAAAAAAA", "x" * 40, None)
        tokened = Credentials(port.credentials.access_key, port.credentials.secret_key, "token")
        past = time.time() - 1000
        told = json.dumps
        attributes = {"X-Amzn-SageMaker-Custom-Attributes": "from; model=1%"}
        cases: list[tuple[str, bool, dict[str, Any]]] = [
            # what, whether the fast path answers it, how it is asked
            ("plain", True, {"body": b"1,2,3"}),
            ("bytes", True, {"body": bytes(range(256))}),
            ("types", True, {"body": b"1", "headers": {"Accept": "application/json"}}),
            ("attributes in", True, {"body": told({"do": "tell"}).encode(), "headers": attributes}),
            (
                "attributes out",
                True,
                {"body": told({"do": "answer", "body": "x", "headers": attributes}).encode()},
            ),
            ("no type out", True, {"body": told({"do": "answer", "body": "x"}).encode()}),
            ("refused by the model", True, {"body": told({"do": "answer", "status": 404, "body": "é"}).encode()}),
            ("no answer", True, {"body": told({"do": "garbage"}).encode()}),
            ("empty answer", True, {"body": told({"do": "answer"}).encode()}),
            ("the largest", True, {"body": b"x" * 6_291_456}),
            ("too large", False, {"body": b"x" * 6_291_457}),
            ("no body", False, {"body": b""}),
            ("no endpoint", False, {"endpoint": "nobody", "body": b"1"}),
            ("no name", False, {"endpoint": "-", "body": b"1"}),
            ("no variant", False, {"body": b"1", "headers": {"X-Amzn-SageMaker-Target-Variant": "B"}}),
            ("a variant", True, {"body": b"1", "headers": {"X-Amzn-SageMaker-Target-Variant": "AllTraffic"}}),
            ("not valid", False, {"body": b"1", "headers": {"X-Amzn-SageMaker-Inference-Id": "x" * 65}}),
            ("not built", False, {"body": b"1", "headers": {"X-Amzn-SageMaker-Session-Id": "NEW_SESSION"}}),
            ("a long type", False, {"body": b"1", "headers": {"Accept": "x" * 1025}}),
            ("two spaces", False, {"body": b"1", "headers": {"Accept": "a  b"}}),
            ("wrong secret", False, {"body": b"1", "credentials": wrong}),
            ("unknown key", False, {"body": b"1", "credentials": unknown}),
            ("a token that is none", False, {"body": b"1", "credentials": tokened}),
            ("signed long ago", False, {"body": b"1", "now": past}),
        ]
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port, limit=1 << 23)
        for what, fast, asked in cases:
            asked = {"endpoint": "plain", **asked}
            answers = []
            for unsigned in ({}, SLOW):
                before = port.chained
                writer.write(port.request(**asked, unsigned=unsigned))
                answers.append(alike(await answer(reader)))
                assert port.chained - before == (0 if fast and not unsigned else 1), what
                if "close" in answers[-1][1].get("connection", ""):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port.port, limit=1 << 23)
            assert answers[0] == answers[1], what
        writer.close()

    run(test)


def test_a_signature_is_proved_over_all_that_it_covers(run: Any) -> None:
    """Changed after signing: body, a signed header, the path, the signature itself."""

    async def test(port: Port) -> None:
        good = port.request("plain", b"1,2,3", {"Accept": "text/csv"})
        signature = good.partition(b"Signature=")[2][:64]
        changed = [
            good.replace(b"1,2,3", b"1,2,4"),
            good.replace(b"Accept: text/csv", b"Accept: text/psv"),
            good.replace(b"/plain/", b"/other/"),
            good.replace(signature, signature[::-1]),
            good.replace(signature, b"0" * 64),
        ]
        for request in (good, *changed, good):
            reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
            writer.write(request)
            status, _, body = await answer(reader)
            assert (status == 200) == (request == good), body
            writer.close()

    run(test)


def test_a_connection_keeps_the_order_of_its_requests(run: Any) -> None:
    """RFC 9112, section 9.3.2: a client may send on before it is answered."""

    async def test(port: Port) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
        sleep = json.dumps({"do": "sleep", "seconds": 0.2}).encode()
        requests = [
            port.request("plain", sleep),
            port.request("plain", b"second"),
            port.request("plain", b"third", unsigned=SLOW),
            port.request("plain", b"fourth"),
            port.request("plain", b"fifth", unsigned=SLOW),
            port.request("plain", b"sixth"),
        ]
        writer.write(b"".join(requests))
        said = [(await answer(reader))[2] for _ in requests]
        assert said == [b"primary", b"second", b"third", b"fourth", b"fifth", b"sixth"]
        for request in requests[1:]:  # and in pieces that begin and end anywhere
            for n in range(0, len(request), 97):
                writer.write(request[n : n + 97])
                await writer.drain()
                await asyncio.sleep(0)
        said = [(await answer(reader))[2] for _ in requests[1:]]
        assert said == [b"second", b"third", b"fourth", b"fifth", b"sixth"]
        writer.close()

    run(test)


def test_a_body_may_come_late(run: Any) -> None:
    """And its client may leave."""

    async def test(port: Port) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
        request = port.request("plain", b"x" * 100_000)
        for part in (request[:-50_000], request[-50_000:-1], request[-1:]):
            writer.write(part)
            await asyncio.sleep(0.05)
        assert (await answer(reader))[2] == b"x" * 100_000
        assert port.chained == 0
        writer.write(request[:-1])
        await writer.drain()
        writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
        writer.write(port.request("plain", json.dumps({"do": "sleep", "seconds": 0.2}).encode()))
        await writer.drain()
        writer.close()  # nobody waits for the answer
        await asyncio.sleep(0.3)
        reader, writer = await asyncio.open_connection("127.0.0.1", port.port)
        writer.write(port.request("plain", b"1"))
        assert (await answer(reader))[0] == 200
        writer.close()

    run(test)
