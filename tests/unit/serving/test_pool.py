"""Connections to a container: time-outs, limits, answers that do not belong to anybody."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from tests.routed import Replica

from salvia.serving import pool as pools
from salvia.serving.pool import Address, Pool
from salvia.serving.wire import Wire


@pytest.fixture(scope="module")
def replica(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    made = Replica(tmp_path_factory.mktemp("models"))
    yield made
    made.process.kill()
    made.process.wait()


@pytest.fixture(scope="module")
def abreast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    made = Replica(tmp_path_factory.mktemp("models"), abreast=8)
    yield made
    made.process.kill()
    made.process.wait()


class Taker:
    """Whoever waits."""

    def __init__(self) -> None:
        self.end: asyncio.Future[tuple[Any, ...]] = asyncio.get_running_loop().create_future()

    def begun(self, status: int, headers: Any, wire: Wire) -> bool:
        return False

    def piece(self, data: bytes) -> None:
        raise AssertionError(data)

    def answered(self, status: int, headers: Any, body: bytes) -> None:
        self.end.set_result((status, body))

    def lost(self, how: str, why: str) -> None:
        self.end.set_result((how, why))


def ask(pool: Pool, told: Any, seconds: float = 60, *, alone: bool = False) -> asyncio.Future[tuple[Any, ...]]:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    taker = Taker()
    request = b"POST /invocations HTTP/1.1\r\nHost: model\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    pool.send(request, taker, time.monotonic() + seconds, alone=alone)
    return taker.end


def test_an_answer_that_is_late_is_given_up(replica: Replica) -> None:
    """Developer guide, "Use your own inference code": 60 seconds, here one; others go on."""

    async def test() -> None:
        pool = Pool(Address.of(replica.address()))
        late, good = ask(pool, {"do": "sleep", "seconds": 30}, 0.2), ask(pool, b"1")
        assert await good == (200, b"1")
        pool.expire(time.monotonic())
        assert not late.done()
        await asyncio.sleep(0.3)
        pool.expire(time.monotonic())
        assert (await late)[0] == "late"
        assert await ask(pool, b"2") == (200, b"2")
        pool.close()
        await asyncio.sleep(0.05)

    asyncio.run(test())


def test_more_than_there_are_connections_wait_and_more_than_may_wait_are_refused(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Back-pressure: nothing is queued without a bound."""
    monkeypatch.setattr(pools, "MOST", 2)
    monkeypatch.setattr(pools, "_WAITING", 5)

    async def test() -> None:
        pool = Pool(Address.of(replica.address()))
        asked = [ask(pool, str(n).encode()) for n in range(8)]
        ended = [await one for one in asked]
        assert ended[:5] == [(200, str(n).encode()) for n in range(5)]
        assert {how for how, _ in ended[5:]} == {"full"}
        assert len(pool.wires) == 2
        pool.close()
        await asyncio.sleep(0.05)

    asyncio.run(test())


def test_where_nobody_listens_is_known_at_once(tmp_path: Path) -> None:
    """A socket that is not there, and one that nobody listens on."""

    async def test() -> None:
        assert (await ask(Pool(Address(str(tmp_path / "none.sock"))), b"1"))[0] == "refused"
        path = tmp_path / "left.sock"
        server = await asyncio.start_unix_server(lambda reader, writer: None, path)
        server.close()
        await server.wait_closed()
        assert (await ask(Pool(Address(str(path))), b"1"))[0] == "refused"

    asyncio.run(test())


@pytest.mark.parametrize("together", [True, False])
def test_an_answer_too_many_is_nobodys(tmp_path: Path, together: bool) -> None:
    """A server that answers twice must not answer the next request with the second, in one piece or in two."""
    one = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none"

    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                body = await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
                if body == b"good":
                    writer.write(one.replace(b"one", b"two"))
                    continue
                writer.write(one + (one if together else b""))
                if not together:
                    await asyncio.sleep(0.02)
                    writer.write(one)
        writer.close()

    async def test() -> None:
        server = await asyncio.start_unix_server(twice, tmp_path / "twice.sock")
        pool = Pool(Address(str(tmp_path / "twice.sock")))
        for _ in range(2):  # the second time its head is known
            assert await ask(pool, b"x") == (200, b"one")
            await asyncio.sleep(0 if together else 0.1)
            assert await ask(pool, b"good") == (200, b"two")
        pool.close()
        await asyncio.sleep(0.05)
        server.close()

    asyncio.run(test())


def test_a_server_that_says_so_gets_several_requests_on_one_connection(abreast: Replica) -> None:
    """Answered in their order (RFC 9112, section 9.3.2); more than it takes, or one to be alone, go on another."""

    async def test() -> None:
        pool = Pool(Address.of(abreast.address()))
        assert await ask(pool, b"first") == (200, b"first")
        for size in (1, 300_000):  # in one piece, and in many
            asked = [ask(pool, str(n).encode() * size) for n in range(8)]
            assert [await one for one in asked] == [(200, str(n).encode() * size) for n in range(8)]
        assert len(pool.wires) == 1
        slow = ask(pool, {"do": "sleep", "seconds": 0.3})
        assert await ask(pool, b"alone", alone=True) == (200, b"alone")
        asked = [ask(pool, str(n).encode()) for n in range(8)]
        assert await asked[7] == (200, b"7")
        assert not slow.done()
        assert await slow == (200, b"model")
        assert [await one for one in asked] == [(200, str(n).encode()) for n in range(8)]
        pool.close()
        await asyncio.sleep(0.05)

    uvloop.run(test())  # as the gateway: what is sent in one turn goes out in one write


@pytest.mark.parametrize(
    ("told", "how"),
    [
        ({"do": "hang up"}, "closed"),
        ({"do": "half"}, "broken"),
        ({"do": "garbage"}, "malformed"),
        ({"do": "big", "bytes": 6_300_000}, "large"),
        ({"do": "sleep", "seconds": 30}, "late"),
    ],
)
def test_what_ends_a_connection_befalls_one_request_and_no_other(abreast: Replica, told: Any, how: str) -> None:
    """Those before it have their answer; those after it are as if never asked, and may be asked again."""

    async def test() -> None:
        pool = Pool(Address.of(abreast.address()))
        await ask(pool, b"first")
        before = ask(pool, b"before")
        wrong = ask(pool, told, 0.3)
        behind = [ask(pool, b"behind") for _ in range(3)]
        assert len(pool.wires) == 1
        assert await before == (200, b"before")
        while how == "late" and not wrong.done():
            await asyncio.sleep(0.05)
            pool.expire(time.monotonic())
        assert (await wrong)[0] == how
        assert [(await one)[0] for one in behind] == ["closed"] * 3
        assert await ask(pool, b"again") == (200, b"again")
        pool.close()
        await asyncio.sleep(0.05)

    uvloop.run(test())  # as the gateway: what is sent in one turn goes out in one write


def test_an_answer_too_many_is_nobody_s(abreast: Replica) -> None:
    """Else the next one would get it: the connection ends, and nothing after it is believed."""

    async def test() -> None:
        pool = Pool(Address.of(abreast.address()))
        for _ in range(2):  # its heads are known the second time
            assert await ask(pool, {"do": "twice"}) == (200, b"one")
            assert await ask(pool, b"mine") in (
                (200, b"mine"),
                ("closed", "it closed the connection before it answered"),
            )
            await asyncio.sleep(0.05)
        pool.close()
        await asyncio.sleep(0.05)

    uvloop.run(test())  # as the gateway: what is sent in one turn goes out in one write
