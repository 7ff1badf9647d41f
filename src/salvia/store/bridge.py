"""Waiting, in plain functions, for what is asynchronous.

A handler is a coroutine, but a read in the midst of it, five plain calls deep, is no `await`. Where the database is
in this process that is as it should be; over a network the event loop must not stand still meanwhile. So each task
of the loop runs its steps in a greenlet, a stack of its own that can be left and entered again:

    loop ──▶ step of a task ──▶ handler ──▶ Reader.one() ──▶ wait(query) ─┐ leaves the stack as it is
    loop ◀── the task awaits the query  ◀───────────────────────────────┘
    loop ──▶ the query's result ──▶ wait() returns it, or raises its error or the task's cancellation

To the loop, `wait` looks like an `await` at that place. As with any await, other tasks run meanwhile.
"""

from __future__ import annotations

import asyncio
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, TypeVar

import greenlet

T = TypeVar("T")


class _Step(greenlet.greenlet):  # type: ignore[misc]
    """The stack on which a task runs until it awaits something."""


def inside() -> bool:
    """Whether `wait` may be called here."""
    return isinstance(greenlet.getcurrent(), _Step)


def wait(awaitable: Awaitable[T]) -> T:
    """What `await awaitable` would give, in a plain function below a bridged task."""
    parent = greenlet.getcurrent().parent
    assert parent is not None
    result: T = parent.switch(awaitable)
    return result


@types.coroutine
def bridged(coroutine: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
    """Await `coroutine`, in which `wait` may be called."""
    resume: Callable[[Any], Any] = coroutine.send
    argument: Any = None
    while True:
        step = _Step(_advance)
        step.gr_context = greenlet.getcurrent().gr_context  # the task's own: what it sets must stay set
        outcome = step.switch(resume, argument)
        while not step.dead:
            outcome = yield from _waited(step, outcome)
        ended, value = outcome
        if ended:
            result: T = value
            return result
        try:
            argument = yield value
            resume = coroutine.send
        except BaseException as error:
            argument, resume = error, coroutine.throw


def _advance(resume: Callable[[Any], Any], argument: Any) -> tuple[bool, Any]:
    """Run to the next await: (False, what is awaited), or (True, the result)."""
    try:
        return False, resume(argument)
    except StopIteration as end:  # caught here: no generator, as `bridged` is, may be left by one
        return True, end.value


def _waited(step: _Step, awaitable: Awaitable[Any]) -> Generator[Any, Any, Any]:
    try:
        result = yield from awaitable.__await__()
    except BaseException as error:
        return step.throw(error)
    return step.switch(result)


def task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    """A task factory (`loop.set_task_factory`) by which every task is bridged."""

    async def whole() -> Any:
        return await bridged(coroutine)

    made = asyncio.Task(whole(), loop=loop, **options)
    made.add_done_callback(lambda _: coroutine.close())  # one that is cancelled before its first step was never begun
    return made
