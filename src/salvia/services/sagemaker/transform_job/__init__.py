"""Transform jobs: `api` accepts them, `lifecycle` runs them; the agents do the work (`agent.transformation`)."""

from salvia.control.resource import Resource
from salvia.core.errors import ServiceError

TRANSFORM_JOB = Resource(
    noun="TransformJob",
    key="TransformJobName",
    arn="transform-job/{TransformJobName}",
    state="TransformJobStatus",
    terminal=frozenset({"Completed", "Failed", "Stopped"}),
    operations=frozenset({"Describe", "List"}),
    page=10,
    duplicate=lambda arn: ServiceError(
        "ResourceInUse",
        f"Job name must be unique within an AWS account and region, and a job with this name already exists ({arn})",
    ),
    missing=lambda name: ServiceError("ResourceNotFound", f"Could not find transform job '{name}': it does not exist."),
)
