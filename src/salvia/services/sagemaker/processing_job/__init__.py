"""Processing jobs: `api` accepts them, `lifecycle` runs them; the agents do the work (`agent.processing`)."""

from salvia.control.resource import Resource
from salvia.core.errors import ServiceError

PROCESSING_JOB = Resource(
    noun="ProcessingJob",
    key="ProcessingJobName",
    arn="processing-job/{ProcessingJobName}",
    state="ProcessingJobStatus",
    terminal=frozenset({"Completed", "Failed", "Stopped"}),
    operations=frozenset({"Describe", "List"}),
    page=10,
    duplicate=lambda arn: ServiceError(
        "ResourceInUse",
        f"Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})",
    ),
    missing=lambda name: ServiceError("ResourceNotFound", f"Could not find requested job with name: {name}"),
)
