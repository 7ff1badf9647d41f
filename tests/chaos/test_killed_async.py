"""kill -9 of gateways while requests of an asynchronous endpoint wait, are done and are told of: each ends once."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from botocore.exceptions import BotoCoreError
from tests.asynchronous import Asynchronous
from tests.conftest import Server, eventually

REQUESTS = 60


def test_each_request_is_written_and_told_of_once(make_server: Callable[..., Server]) -> None:
    """Objects are counted by versions, notifications by what a subscriber got. SNS delivers at least once: whoever
    gets a MessageId again has had that message before."""
    server = make_server("--workers", "2", "--private-targets", "127.0.0.0/8")
    asynchronous = Asynchronous(server)
    over = threading.Event()
    chance = random.Random(7)

    def torment() -> None:
        while not over.wait(chance.uniform(0.5, 1.5)):
            with suppress(ProcessLookupError, IndexError):
                os.kill(chance.choice(server.pids("gateway")), signal.SIGKILL)

    topics = {"SuccessTopic": asynchronous.topic("success"), "ErrorTopic": asynchronous.topic("error")}
    replicas = [asynchronous.routed.replica(f"model-{number}") for number in range(2)]
    name = asynchronous.endpoint(*replicas, most=3, output=asynchronous.output(NotificationConfig=topics))
    told = [{"do": "sleep", "seconds": 0.3}, {"do": "answer", "status": 500, "body": "no"}]
    inputs = [asynchronous.put(one) for one in told]
    tormentor = threading.Thread(target=torment)
    tormentor.start()
    accepted = []
    try:
        while len(accepted) < REQUESTS:
            with suppress(BotoCoreError, asynchronous.runtime.exceptions.ClientError):
                where = inputs[len(accepted) % 2]
                accepted.append(asynchronous.runtime.invoke_endpoint_async(EndpointName=name, InputLocation=where))
            time.sleep(0.1)
    finally:
        over.set()
        tormentor.join()

    where = f"s3://{asynchronous.bucket}/"
    wanted = [
        answer["FailureLocation" if number % 2 else "OutputLocation"].removeprefix(where)
        for number, answer in enumerate(accepted)
    ]

    def missing() -> set[str]:
        """Objects that are not there yet. To count would not do: a call whose answer was lost has one, too."""
        with suppress(BotoCoreError, asynchronous.s3.exceptions.ClientError):
            return set(wanted) - {*asynchronous.versions("out/"), *asynchronous.versions("failed/")}
        return set(wanted)

    eventually(lambda: not missing(), 90, "every request has an object")
    written = Counter([*asynchronous.versions("out/"), *asynchronous.versions("failed/")])
    for key in wanted:
        assert written.pop(key) == 1
    # A call whose answer was lost with its gateway was accepted all the same: its object, too, is there once.
    assert set(written.values()) <= {1}

    def messages() -> dict[str, str]:
        notices = [one.message for one in asynchronous.receiver.of("Notification")]
        return {one["MessageId"]: json.loads(one["Message"])["inferenceId"] for one in notices}

    told_of = {answer["InferenceId"] for answer in accepted}
    eventually(lambda: told_of <= set(messages().values()), 90, "every request is told of")
    assert set(Counter(messages().values()).values()) == {1}
    asynchronous.close()
