"""The graphs as Dagster runs them in the process that asks: `python -m peer.with_dagster` prints seconds, as JSON."""

import json
import time

from dagster import DagsterInstance, Out, Output, graph, op

_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


@op
def begin() -> int:
    return 1


@op(out={"yes": Out(int, is_required=False), "no": Out(int, is_required=False)})
def decide(value: int):
    yield Output(value, "yes" if value == 1 else "no")


@op
def step() -> int:
    return 1


@graph
def chain():
    value = begin()
    for number in range(50):
        value, _ = decide.alias(f"decide_{number}")(value)


@graph
def fan():
    for number in range(1000):
        step.alias(f"step_{number}")()


def took(job) -> float:
    with DagsterInstance.ephemeral() as instance:
        began = time.perf_counter()
        assert job.execute_in_process(instance=instance, run_config=_QUIET).success
        return time.perf_counter() - began


if __name__ == "__main__":
    chained, fanned = chain.to_job(), fan.to_job()
    took(chained)
    print(json.dumps({"chain": min(took(chained) for _ in range(3)), "fan": took(fanned)}))
