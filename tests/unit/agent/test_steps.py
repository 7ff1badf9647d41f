"""A program's output, taken apart by the marks within it."""

from __future__ import annotations

import pytest

from salvia.agent.steps import Steps


class Log:
    """What one step's log was given."""

    def __init__(self) -> None:
        self.written = b""
        self.started = self.finished = False

    def start(self) -> None:
        self.started = True

    def write(self, data: bytes) -> None:
        self.written += data

    def finish(self) -> None:
        self.finished = True

    def tail(self) -> list[str]:
        return self.written.decode().splitlines()


OUTPUT = (
    b"early\n\x1eword OnCreate\x1ea\x1eb\n\x1eother OnStart\x1e\n\x1eword OnStart\x1e\x1eword Loading\x1elast \x1ewo"
)


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(OUTPUT)])
def test_each_step_has_its_own_lines_however_they_arrive(size: int) -> None:
    """Nothing is lost, and only a mark with the word is one; what comes before the first belongs to it."""
    logs: dict[str, Log] = {}
    entered: list[str] = []
    steps = Steps("word", lambda step: logs.setdefault(step, Log()), entered.append)  # type: ignore[arg-type, return-value]
    for place in range(0, len(OUTPUT), size):
        steps.write(OUTPUT[place : place + size])
    steps.say("said")
    steps.finish()
    assert entered == list(logs) == ["OnCreate", "OnStart", "Loading"]
    assert logs["OnCreate"].written == b"early\na\x1eb\n\x1eother OnStart\x1e\n"
    assert logs["OnStart"].written == b""
    assert logs["Loading"].written == b"last \nsaid\n\x1ewo"
    assert all(log.started and log.finished for log in logs.values())
    assert steps.tail()[0] == "last "
