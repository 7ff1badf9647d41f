"""Notebook instances: `api` accepts them, `lifecycle` runs them, `control.jupyter` starts what runs.

Pending ─▶ InService ─▶ Stopping ─▶ Stopped ─▶ Pending …        Updating ─▶ Stopped
    └────────┴─▶ Failed                  └─ and Failed ─▶ Deleting ─▶ gone
"""

from salvia.control.resource import RECORD, Resource
from salvia.core.errors import validation_error

NOTEBOOK_INSTANCE = Resource(
    noun="NotebookInstance",
    key="NotebookInstanceName",
    arn="notebook-instance/{NotebookInstanceName}",
    state="NotebookInstanceStatus",
    operations=frozenset({"Describe"}),
    # As AWS's answers have it; model, and AWS's re:Post, say no more of it than the code.
    missing=lambda name: validation_error("RecordNotFound"),
    duplicate=lambda arn: validation_error(f"Cannot create a duplicate Notebook Instance ({arn})"),
)

LIFECYCLE_CONFIG = Resource(
    noun="NotebookInstanceLifecycleConfig",
    key="NotebookInstanceLifecycleConfigName",
    arn="notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}",
    operations=RECORD - {"Create", "Update"},
)
