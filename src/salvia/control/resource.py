"""What a noun declares about itself; everything common follows from it (`crud`, `listing`, `tags`)."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from salvia import protocol
from salvia.core.errors import ServiceError


class Scope(enum.Enum):
    """How far a name must be unique."""

    PARTITION = "partition"
    ACCOUNT = "account"
    REGION = "region"


@dataclass(frozen=True)
class Resource:
    """A noun of one service.

    `key` is the request member that names it. `arn` is a template over the request's members, below
    `arn:aws:SERVICE:REGION:ACCOUNT:`. `state` is the member that shows `Document.state`. `summary` lists the
    members of its list entry. `operations` says which of Describe, List and Delete `control` provides.
    `plural` is the noun in its List operation. `aliases` maps a List's SortBy value or filter to a member.
    """

    noun: str
    key: str
    arn: str
    scope: Scope = Scope.REGION
    service: str = "sagemaker"
    state: str = ""
    terminal: frozenset[str] = frozenset()
    summary: tuple[str, ...] = ()
    summaries: str = ""
    operations: frozenset[str] = frozenset({"Describe", "List"})
    taggable: bool = True
    duplicate: Callable[[str], ServiceError] = field(
        default=lambda arn: ServiceError("ResourceInUse", f"Resource already exists: {arn}")
    )
    missing: Callable[[str], ServiceError] = field(
        default=lambda name: ServiceError("ValidationException", f"Could not find {name}.")
    )
    describe: Callable[[Mapping[str, object]], dict[str, object]] | None = None

    @cached_property
    def summary_shows_spec(self) -> bool:
        """Whether a list entry shows a member of the request, beside the name."""
        model, create = protocol.service(self.service), f"Create{self.noun}"
        if self.describe is not None or create not in model.operation_names:
            return True
        asked = model.operation_model(create).input_shape.members
        return any(member in asked for member in self.summary if member != self.key)

    @property
    def kind(self) -> str:
        """The `kind` column of its documents."""
        return f"{self.service}:{self.noun}"

    def place(self, account: str, region: str) -> tuple[str, str]:
        """The `account` and `region` columns, empty where the noun's scope is wider."""
        if self.scope is Scope.PARTITION:
            return "", ""
        return account, "" if self.scope is Scope.ACCOUNT else region

    def arn_of(self, request: Mapping[str, object], account: str, region: str) -> str:
        """The ARN of the resource that `request` names."""
        account, region = self.place(account, region)
        # SageMaker writes names in ARNs in lower case, whatever the request had.
        lower = self.service == "sagemaker"
        names = {k: v.lower() if lower else v for k, v in request.items() if isinstance(v, str)}
        resource = self.arn.format_map(names)
        return f"arn:aws:{self.service}:{region}:{account}:{resource}"
