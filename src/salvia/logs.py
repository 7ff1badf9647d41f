"""`salvia logs`: a job's log, as an ordinary client reads it."""

from __future__ import annotations

import time
from typing import Any

import click

_GROUP = "/aws/sagemaker/TrainingJobs"
_ENDED = {"Completed", "Failed", "Stopped"}


def print_log(client: Any, job: str, *, follow: bool) -> int:
    """Print every stream of `job`, merged as they come; returns 0, or 1 when the job failed or is not there."""
    from salvia.core.client import ClientError

    tokens: dict[str, str] = {}
    shown = ""
    while True:
        try:
            described = client.json("sagemaker", "SageMaker.DescribeTrainingJob", {"TrainingJobName": job})
        except ClientError as error:
            click.echo(f"salvia: {job}: {error.message}", err=True)
            return 1
        ended = described["TrainingJobStatus"] in _ENDED
        printed = _print_new(client, job, tokens)
        state = described["SecondaryStatus"]
        if follow and state != shown:
            click.echo(f"[{state}]", err=True)
            shown = state
        if not follow or ended:
            if ended and described.get("FailureReason"):
                click.echo(f"salvia: {job} failed: {described['FailureReason']}", err=True)
            return 1 if described["TrainingJobStatus"] == "Failed" else 0
        if not printed:
            time.sleep(0.3)


def _print_new(client: Any, job: str, tokens: dict[str, str]) -> int:
    from salvia.core.client import ClientError

    try:
        found = client.json(
            "logs",
            "Logs_20140328.DescribeLogStreams",
            {"logGroupName": _GROUP, "logStreamNamePrefix": f"{job}/"},
        )
    except ClientError as error:
        if error.code == "ResourceNotFoundException":
            return 0
        raise
    printed = 0
    streams = found["logStreams"]
    for stream in streams:
        name = stream["logStreamName"]
        while True:
            request: dict[str, Any] = {"logGroupName": _GROUP, "logStreamName": name, "startFromHead": True}
            if name in tokens:
                request["nextToken"] = tokens[name]
            page = client.json("logs", "Logs_20140328.GetLogEvents", request)
            host = name.rpartition("/")[2].rpartition("-")[0]
            for event in page["events"]:
                click.echo(f"{host}  {event['message']}" if len(streams) > 1 else event["message"])
            printed += len(page["events"])
            if tokens.get(name) == page["nextForwardToken"]:
                break
            tokens[name] = page["nextForwardToken"]
    return printed
