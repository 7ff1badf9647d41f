"""The model registry: model packages, each alone or a numbered version of a group, and who approved it.

no validation profile ───────────────────▶ Completed: nothing has to be built
Pending ─▶ InProgress (its jobs run) ─▶ Completed | Failed
Deleting (while its jobs stop) ─▶ gone

What a package is made of is looked at when it is registered, and used when a model is made of it.
"""

from collections.abc import Mapping

from salvia.control.resource import RECORD, Resource
from salvia.core.errors import validation_error


def _described(description: Mapping[str, object]) -> dict[str, object]:
    # A version is found by its ARN alone; as its name AWS shows its group's.
    group = description.get("ModelPackageGroupName")
    return {**description, **({"ModelPackageName": group} if group else {})}


MODEL_PACKAGE_GROUP = Resource(
    noun="ModelPackageGroup",
    key="ModelPackageGroupName",
    arn="model-package-group/{ModelPackageGroupName}",
    state="ModelPackageGroupStatus",
    initial="Completed",
    unsupported=("ManagedConfiguration",),
    searchable="ModelPackageGroup",
    operations=RECORD - {"Update"},
)

MODEL_PACKAGE = Resource(
    noun="ModelPackage",
    key="ModelPackageName",
    arn="model-package/{ModelPackageName}",
    state="ModelPackageStatus",
    terminal=frozenset({"Completed", "Failed"}),
    unsupported=("SecurityConfig", "ManagedStorageType", "CertifyForMarketplace"),
    filters={"ModelApprovalStatus": "ModelApprovalStatus"},
    searchable="ModelPackage",
    operations=frozenset({"Describe"}),
    parent=MODEL_PACKAGE_GROUP,
    describe=_described,
    missing=lambda name: validation_error(f"ModelPackage {name} does not exist."),
)
