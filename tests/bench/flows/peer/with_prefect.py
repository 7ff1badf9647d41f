"""The graphs as Prefect runs them in the process that asks: `python -m peer.with_prefect` prints seconds, as JSON."""

import json
import time

from prefect import flow, task


@task
def decide(value: int) -> int:
    return value if value == 1 else 0


@task
def step(number: int) -> int:
    return number


@flow
def chain(length: int) -> int:
    value = 1
    for _ in range(length):
        value = decide(value)
        if value != 1:
            break
    return value


@flow
def fan(width: int) -> int:
    return len([one.result() for one in step.map(range(width))])


def took(run, size: int) -> float:
    began = time.perf_counter()
    assert run(size) in (1, size)
    return time.perf_counter() - began


if __name__ == "__main__":
    took(chain, 2)  # its server starts
    print(json.dumps({"chain": min(took(chain, 50) for _ in range(3)), "fan": took(fan, 1000)}))
