"""What a noun declares about itself; everything common follows from it (`crud`, `records`, `listing`, `search`)."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from salvia.core.errors import ServiceError

if TYPE_CHECKING:
    from salvia.store.db import Database
    from salvia.store.documents import Document


class Scope(enum.Enum):
    """How far a name must be unique."""

    PARTITION = "partition"
    ACCOUNT = "account"
    REGION = "region"


Join = Callable[["Database", Sequence["Document"]], Awaitable[Mapping[str, object]]]


def by_model(name: str) -> ServiceError:
    """Stands for the error that `shapes` finds in the service's model."""
    raise LookupError(f"What is said of {name} depends on its noun: ask `shapes`.")


#: What `control` can do for a noun that is a record by nature.
RECORD = frozenset({"Create", "Describe", "List", "Update", "Delete"})


@dataclass(frozen=True, eq=False)
class Resource:
    """A noun of one service.

    `key` is the request member that names it; where names are unique below something else alone, `name` is a template
    of those of documents. `arn` is a template over the request's members, below `arn:aws:SERVICE:REGION:ACCOUNT:`.
    `state` is the member that shows `Document.state`, `initial` the state of a new one for which nothing remains to be
    done. `operations` says what `control` provides; `plural` is the noun in its List operation, which shows the newest
    first unless it is `ascending`. What the service's model says (`shapes`) need not be declared: the members of list
    entries (`summary`, `summaries`), and which errors say that a name is taken, missing or in use.

    `defaults` are members that Describe shows though the request had none: templates over those it had.
    `filters` are a List operation's own: its member, and the path of what it must equal.
    `merged` are structures that Update changes member by member, `page` is how many entries a List shows by default,
    `unsupported` what a request may not ask for here yet.

    `searchable` is what Search calls it; `joins` are members that Search shows, made from other tables, by
    document's id.

    `called` is how hosting's sentences call it, which tell of its ARN: `Could not find endpoint "ARN".`

    `parent` is the noun that it belongs to, named in its own request; a parent that still has children is not
    deleted, unless they go `with_parent`. `ties` are what else keeps one from being deleted: what it is, its table,
    and the column there that holds the document's id. `purges` are tables and columns whose rows go with it.
    """

    noun: str
    key: str
    arn: str
    name: str = ""
    scope: Scope = Scope.REGION
    service: str = "sagemaker"
    state: str = ""
    initial: str = ""
    terminal: frozenset[str] = frozenset()
    plural: str = ""
    summary: tuple[str, ...] = ()
    summaries: str = ""
    page: int = 100
    ascending: bool = False
    filters: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    merged: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset({"Describe", "List"})
    unsupported: tuple[str, ...] = ()
    searchable: str = ""
    joins: Mapping[str, Join] = field(default_factory=dict)
    taggable: bool = True
    parent: Resource | None = None
    with_parent: bool = False
    ties: tuple[tuple[str, str, str], ...] = ()
    purges: tuple[tuple[str, str], ...] = ()
    called: str = ""
    duplicate: Callable[[str], ServiceError] = by_model
    missing: Callable[[str], ServiceError] = by_model
    describe: Callable[[Mapping[str, object]], dict[str, object]] | None = None

    @property
    def kind(self) -> str:
        """The `kind` column of its documents."""
        return f"{self.service}:{self.noun}"

    def place(self, account: str, region: str) -> tuple[str, str]:
        """The `account` and `region` columns, empty where the noun's scope is wider."""
        if self.scope is Scope.PARTITION:
            return "", ""
        return account, "" if self.scope is Scope.ACCOUNT else region

    def name_of(self, request: Mapping[str, object]) -> str:
        """The name of the document that `request` names."""
        return self.name.format_map(request) if self.name else str(request[self.key])

    def arn_of(self, request: Mapping[str, object], account: str, region: str) -> str:
        """The ARN of the resource that `request` names."""
        account, region = self.place(account, region)
        # SageMaker writes names in ARNs in lower case, whatever the request had.
        lower = self.service == "sagemaker"
        names = {k: v.lower() if lower else v for k, v in request.items() if isinstance(v, str)}
        resource = self.arn.format_map(names)
        return f"arn:aws:{self.service}:{region}:{account}:{resource}"
