"""The timed secondary transitions of a training job, with AWS's messages.

Source: API_SecondaryStatusTransition, API_DescribeTrainingJob.
"""

from __future__ import annotations

from typing import Any

from salvia.store.documents import Document

MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Interrupted": "The managed spot training instances were interrupted",
    "Restarting": "Restarting the training job",
    "Pending": "Waiting for compute capacity",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job exceeded MaxWaitTimeInSeconds provided",
}
_ENDINGS = {"Completed", "Failed", "Stopped", "MaxRuntimeExceeded", "MaxWaitTimeExceeded"}


def first(now: float) -> dict[str, Any]:
    """The status of a job just accepted."""
    return {
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [{"Status": "Starting", "StartTime": now, "StatusMessage": MESSAGES["Starting"]}],
    }


def move(job: Document, status: str, at: float, message: str | None = None) -> None:
    """Enter a secondary status at `at` (virtual seconds), ending the one before; a repeated one keeps its start."""
    transitions: list[dict[str, Any]] = job.status["SecondaryStatusTransitions"]
    last = transitions[-1]
    text = message or MESSAGES[status]
    job.status["SecondaryStatus"] = status
    if last["Status"] == status:
        last["StatusMessage"] = text
    else:
        at = max(at, last["StartTime"])
        last["EndTime"] = at
        transitions.append({"Status": status, "StartTime": at, "StatusMessage": text})
    if status in _ENDINGS:
        transitions[-1]["EndTime"] = max(at, transitions[-1]["StartTime"])
    job.modified_at = max(job.modified_at, at)
