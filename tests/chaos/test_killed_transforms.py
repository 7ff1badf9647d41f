"""kill -9 of controllers and agents while objects are transformed: none is lost, doubled, or half."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tests.conftest import Server, eventually
from tests.torment import kill, leftovers, tormented
from tests.transforms import Transforms


def test_transforms_survive_controllers_and_agents_that_die(make_server: Callable[..., Server]) -> None:
    """A lost instance's share is done anew by others; what was stored is stored again, and is the same."""
    server = make_server()
    transforms = Transforms(server)
    objects = {f"o{number}": b"".join(b"%d-%d\n" % (number, line) for line in range(40)) for number in range(12)}
    prefix = transforms.put(**objects)
    model = transforms.model(NAME="+", DELAY="0.05")
    transforms.done(transforms.put(a=b"1\n"), model)  # the image is warm
    with tormented(server, 6):
        more = {"BatchStrategy": "SingleRecord", "MaxConcurrentTransforms": 2, "instances": 2}
        names = [transforms.start(prefix, model, **more) for _ in range(2)]
        eventually(lambda: any(map(transforms.outputs, names)), 60, "something is stored")
        victims = server.pids("agent")
        kill(*random.Random(6).sample(victims, min(2, len(victims))))
        time.sleep(8)  # a few controllers more find what is lost
    ended = [transforms.ended(name) for name in names]
    assert [job.get("FailureReason", job["TransformJobStatus"]) for job in ended] == ["Completed"] * 2
    expected = {
        f"{key}.out": b"".join(b"+" + line + b"\n" for line in data.split(b"\n") if line)
        for key, data in objects.items()
    }
    for name in names:
        assert transforms.outputs(name) == expected
    logs = server.client("logs").describe_log_streams(logGroupName="/aws/sagemaker/TransformJobs")["logStreams"]
    started = [stream["logStreamName"] for stream in logs if stream["logStreamName"].startswith(tuple(names))]
    assert len([name for name in started if not name.endswith("/data-log")]) > 4  # those of a further attempt
    assert not leftovers(server, "t")
    uploads = transforms.s3.list_multipart_uploads(Bucket=transforms.bucket)
    assert not uploads.get("Uploads")
