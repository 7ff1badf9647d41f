"""Training jobs: `api` accepts them, `lifecycle` runs them, `ending` says how they ended."""

from salvia.control.resource import Resource, Scope
from salvia.core.errors import ServiceError, validation_error

TRAINING_JOB = Resource(
    noun="TrainingJob",
    key="TrainingJobName",
    arn="training-job/{TrainingJobName}",
    scope=Scope.REGION,
    state="TrainingJobStatus",
    terminal=frozenset({"Completed", "Failed", "Stopped"}),
    summary=(
        "TrainingJobName",
        "TrainingJobArn",
        "CreationTime",
        "TrainingEndTime",
        "LastModifiedTime",
        "TrainingJobStatus",
        "SecondaryStatus",
        "WarmPoolStatus",
    ),
    operations=frozenset({"Describe", "List"}),
    filters={
        "WarmPoolStatusEquals": "WarmPoolStatus.Status",
        "TrainingPlanArnEquals": "ResourceConfig.TrainingPlanArn",
    },
    searchable="TrainingJob",
    duplicate=lambda arn: ServiceError(
        "ResourceInUse",
        "Training job names must be unique within an AWS account and region, but a training job with this name "
        f"already exists ({arn})",
    ),
    missing=lambda name: validation_error("Requested resource not found."),
)
