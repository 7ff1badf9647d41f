"""Hints: processes wake each other; nothing that is dead or deep is in the way."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from salvia.control.hints import Hints

Run = Callable[[Any], Any]
SEND = """
import sys, pathlib
from salvia.control.hints import Hints
hints = Hints(pathlib.Path(sys.argv[1]))
hints.send()
hints.close()
"""
LISTEN = """
import asyncio, sys, pathlib
from salvia.control.hints import Hints
async def main():
    woken = asyncio.Event()
    hints = Hints(pathlib.Path(sys.argv[1]))
    hints.listen(woken.set)
    print("listening", flush=True)
    await woken.wait()
    print("woken", flush=True)
    hints.close()
asyncio.run(main())
"""


async def woken(hints: Hints, send: Callable[[], Any]) -> int:
    """How often `hints` was woken by the time that `send` has woken it once."""
    count = 0

    def wake() -> None:
        nonlocal count
        count += 1

    hints.listen(wake)
    send()
    async with asyncio.timeout(10):
        while not count:
            await asyncio.sleep(0.005)
    hints.close()
    return count


def test_a_hint_wakes_its_own_process_in_however_deep_a_folder(tmp_path: Path, run: Run) -> None:
    """A unix socket's address has 108 bytes; data directories have more."""
    folder = tmp_path / ("d" * 100) / ("e" * 100) / "hints"
    hints = Hints(folder)
    assert run(woken(hints, hints.send)) == 1
    assert list(folder.iterdir()) == []


def test_a_hint_wakes_another_process(tmp_path: Path, run: Run) -> None:
    hints = Hints(tmp_path)
    listener = subprocess.Popen([sys.executable, "-c", LISTEN, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert listener.stdout is not None
    assert listener.stdout.readline() == "listening\n"
    hints.send()
    assert listener.stdout.readline() == "woken\n"
    assert listener.wait(10) == 0
    listener.stdout.close()
    send = [sys.executable, "-c", SEND, str(tmp_path)]
    assert run(woken(hints, lambda: subprocess.run(send, check=True))) == 1


def test_the_socket_of_a_process_that_died_is_removed(tmp_path: Path, run: Run) -> None:
    listener = subprocess.Popen([sys.executable, "-c", LISTEN, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert listener.stdout is not None
    assert listener.stdout.readline() == "listening\n"
    listener.kill()
    listener.wait()
    listener.stdout.close()
    assert len(list(tmp_path.iterdir())) == 1
    hints = Hints(tmp_path)
    hints.send()
    assert list(tmp_path.iterdir()) == []
    hints.close()


def test_a_listener_that_does_not_read_holds_nobody_up(tmp_path: Path, run: Run) -> None:
    async def scene() -> None:
        deaf, hints = Hints(tmp_path), Hints(tmp_path)
        deaf.listen(lambda: None)
        for _ in range(5000):  # more than a socket's queue holds; the loop does not run meanwhile
            hints.send()
        hints.close()
        deaf.close()

    run(scene())


def test_two_listeners_of_one_process_are_both_woken(tmp_path: Path, run: Run) -> None:
    async def scene() -> None:
        one, two = Hints(tmp_path), Hints(tmp_path)
        seen: set[int] = set()
        one.listen(lambda: seen.add(1))
        two.listen(lambda: seen.add(2))
        one.send()
        async with asyncio.timeout(10):
            while len(seen) < 2:
                await asyncio.sleep(0.005)
        one.close()
        two.close()

    run(scene())
