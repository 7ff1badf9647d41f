"""Waiting in plain functions. Promised: `wait` behaves as `await` at its place would. See store/bridge."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import uvloop

from salvia.store import bridge

Run = Callable[[Any], Any]
WHO = contextvars.ContextVar("WHO", default="nobody")


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        runner.get_loop().set_task_factory(bridge.task)
        yield runner.run


def read(value: Any, seconds: float = 0.0) -> Any:
    """A plain function that waits."""

    async def query() -> Any:
        await asyncio.sleep(seconds)
        if isinstance(value, BaseException):
            raise value
        return value

    return bridge.wait(query())


def test_others_run_while_one_waits(run: Run) -> None:
    order: list[str] = []

    async def waits() -> None:
        order.append("asks")
        read(1, 0.02)
        order.append("answered")

    async def other() -> None:
        order.append("other")

    async def scene() -> None:
        await asyncio.gather(waits(), other())

    run(scene())
    assert order == ["asks", "other", "answered"]


def test_many_tasks_wait_and_await_in_turn(run: Run) -> None:
    async def one(n: int) -> list[int]:
        got = []
        for k in range(20):
            got.append(read(n * k, 0.0005))
            await asyncio.sleep(0)
        return got

    async def scene() -> list[list[int]]:
        return await asyncio.gather(*(one(n) for n in range(50)))

    assert run(scene()) == [[n * k for k in range(20)] for n in range(50)]


def test_an_error_is_raised_where_it_was_waited(run: Run) -> None:
    async def scene() -> str:
        try:
            read(KeyError("x"))
        except KeyError as error:
            return f"caught {error.args[0]}"
        return "nothing"

    assert run(scene()) == "caught x"


def test_an_error_leaves_the_task_as_it_is(run: Run) -> None:
    async def scene() -> None:
        read(LookupError("out"))

    with pytest.raises(LookupError, match="out"):
        run(scene())


def test_context_and_current_task_are_the_tasks_own(run: Run) -> None:
    async def one(name: str) -> list[Any]:
        WHO.set(name)
        me = asyncio.current_task()
        read(0, 0.002)
        await asyncio.sleep(0.001)
        read(0)
        return [WHO.get(), asyncio.current_task() is me]

    async def scene() -> list[list[Any]]:
        return await asyncio.gather(*(one(f"{n}") for n in range(9)))

    assert run(scene()) == [[f"{n}", True] for n in range(9)]


def test_a_cancelled_task_is_cancelled_while_it_waits_and_may_clean_up(run: Run) -> None:
    cleaned: list[int] = []

    async def waits() -> None:
        try:
            read(0, 60)
        finally:
            cleaned.append(read(7))

    async def scene() -> bool:
        task = asyncio.create_task(waits())
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    assert run(scene()) is True
    assert cleaned == [7]


def test_a_task_may_be_cancelled_before_it_begins(run: Run) -> None:
    """Without a warning (here an error) of a coroutine that was never awaited."""

    async def never() -> None:
        raise AssertionError

    async def scene() -> bool:
        task = asyncio.create_task(never())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    assert run(scene()) is True


def test_timeouts_and_task_groups_work_around_it(run: Run) -> None:
    async def fails() -> None:
        read(ValueError("first"), 0.005)

    async def waits() -> None:
        read(0, 60)

    async def scene() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):  # noqa: ASYNC100 (it waits all the same)
                read(0, 60)
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                group.create_task(waits())
                group.create_task(fails())
        assert [str(error) for error in caught.value.exceptions] == ["first"]

    run(scene())


def test_generators_and_context_managers_may_read(run: Run) -> None:
    async def numbers() -> AsyncIterator[int]:
        for n in range(3):
            yield read(n)

    async def scene() -> list[int]:
        return [n async for n in numbers()]

    assert run(scene()) == [0, 1, 2]


def test_a_task_that_is_never_ended_is_ended_with_its_loop(run: Run) -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            read(0, 600)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def scene() -> asyncio.Task[None]:
        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        return task

    with asyncio.Runner() as runner:
        runner.get_loop().set_task_factory(bridge.task)
        runner.run(scene())
    assert ended == ["cancelled"]


def test_without_a_bridged_task_nothing_may_wait(run: Run) -> None:
    assert bridge.inside() is False

    async def scene() -> tuple[bool, bool]:
        return bridge.inside(), await asyncio.to_thread(bridge.inside)

    assert run(scene()) == (True, False)
