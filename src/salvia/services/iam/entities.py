"""What users, groups, roles and policies share: names, paths, tags, pages of lists.

Names are unique without regard to case, as IAM has them; a document's name is the lower-case form.

Source: IAM user guide, "IAM identifiers" and "IAM and AWS STS quotas".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from salvia.control import crud
from salvia.control.authorize import check
from salvia.control.call import Call
from salvia.control.listing import decode_token, encode_token
from salvia.control.policy import document
from salvia.control.resource import Resource, Scope
from salvia.core import ids
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

T = TypeVar("T")
_PAGE = 100
_MOST_TAGS = 50


def no_such_entity(message: str) -> ServiceError:
    """What IAM answers about something that is not there."""
    return ServiceError("NoSuchEntity", message, 404)


def delete_conflict(message: str) -> ServiceError:
    """What IAM answers when something has subordinate entities."""
    return ServiceError("DeleteConflict", message, 409)


def limit_exceeded(message: str) -> ServiceError:
    """What IAM answers over a quota."""
    return ServiceError("LimitExceeded", message, 409)


def _exists(noun: str) -> Callable[[str], ServiceError]:
    return lambda arn: ServiceError(
        "EntityAlreadyExists", f"{noun} with name {arn.rpartition('/')[2]} already exists.", 409
    )


USER = Resource(
    noun="User",
    service="iam",
    scope=Scope.ACCOUNT,
    key="UserName",
    arn="user{Path}{UserName}",
    operations=frozenset(),
    duplicate=_exists("User"),
    missing=lambda name: no_such_entity(f"The user with name {name} cannot be found."),
)
ROLE = Resource(
    noun="Role",
    service="iam",
    scope=Scope.ACCOUNT,
    key="RoleName",
    arn="role{Path}{RoleName}",
    operations=frozenset(),
    duplicate=_exists("Role"),
    missing=lambda name: no_such_entity(f"The role with name {name} cannot be found."),
)
POLICY = Resource(
    noun="Policy",
    plural="Policies",
    service="iam",
    scope=Scope.ACCOUNT,
    key="PolicyName",
    arn="policy{Path}{PolicyName}",
    operations=frozenset(),
    duplicate=lambda arn: ServiceError(
        "EntityAlreadyExists",
        f"A policy called {arn.rpartition('/')[2]} already exists. Duplicate names are not allowed.",
        409,
    ),
    missing=lambda arn: no_such_entity(f"Policy {arn} was not found."),
)
GROUP = Resource(
    noun="Group",
    service="iam",
    scope=Scope.ACCOUNT,
    key="GroupName",
    arn="group{Path}{GroupName}",
    operations=frozenset(),
    duplicate=_exists("Group"),
    missing=lambda name: no_such_entity(f"The group with name {name} cannot be found."),
)
_PREFIXES = {"User": "AIDA", "Role": "AROA", "Policy": "ANPA", "Group": "AGPA"}


def new(call: Call, resource: Resource, members: Iterable[str]) -> Document:
    """A document of the request's `members`, with a path and a unique id; not stored yet."""
    given = call.request
    path = given.get("Path", "/")
    check_path(path)
    request = {member: given[member] for member in members if member in given}
    request |= {"Path": path, f"{resource.noun}Id": ids.unique_id(_PREFIXES[resource.noun])}
    made = crud.new(call, resource, request)
    made.name = made.name.lower()
    made.tags = tags(given.get("Tags", ()))
    return made


def check_path(path: str) -> None:
    """Raise ValidationError for a path that does not begin and end with a slash."""
    if not (path.startswith("/") and path.endswith("/")) or "//" in path:
        raise ServiceError(
            "ValidationError",
            "The specified value for path is invalid. It must begin and end with / and contain only "
            "alphanumeric characters and/or / characters.",
        )


def insert(tx: Transaction, resource: Resource, made: Document) -> None:
    """Store a new document. Raises EntityAlreadyExists."""
    if not documents.insert(tx, made):
        raise resource.duplicate(made.arn)


def find(db: Reader, resource: Resource, account: str, name: str) -> Document:
    """The user, role or group of that name. Raises NoSuchEntity."""
    found = documents.find(db, resource.kind, account, "", name.lower())
    if found is None:
        raise resource.missing(name)
    return found


async def renamed(call: Call, resource: Resource) -> None:
    """Give a user or a group another name or path; its id and its policies stay.

    The caller needs the permission on the name that it gets too: policies elsewhere may speak of it.
    """
    noun, request = resource.noun, call.request

    def after(found: Document) -> dict[str, Any]:
        name = request.get(f"New{noun}Name", found.spec[resource.key])
        return {**found.spec, resource.key: name, "Path": request.get("NewPath", found.spec["Path"])}

    spec = after(find(call.db.read(), resource, call.account, request[resource.key]))
    check_path(spec["Path"])
    check(call, f"iam:Update{noun}", resource.arn_of(spec, call.account, ""))

    def work(tx: Transaction) -> None:
        found = find(tx, resource, call.account, request[resource.key])
        spec = after(found)
        name, arn = spec[resource.key].lower(), resource.arn_of(spec, call.account, "")
        other = documents.find(tx, resource.kind, call.account, "", name)
        if other is not None and other.id != found.id:
            raise resource.duplicate(arn)
        tx.run(
            "UPDATE documents SET name = :name, arn = :arn, spec = :spec, version = version + 1 WHERE id = :id",
            {"name": name, "arn": arn, "spec": documents.encode(spec), "id": found.id},
        )

    await call.db.write(work)


def policy_of(db: Reader, account: str, arn: str) -> Document:
    """The customer managed policy of that ARN. Raises NoSuchEntity."""
    found = documents.by_arn(db, arn)
    if found is None or found.kind != POLICY.kind or found.account != account:
        raise POLICY.missing(arn)
    return found


def tags(given: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags as a mapping. Raises InvalidInput for keys that differ in case only."""
    found: dict[str, str] = {}
    seen = set()
    for tag in given:
        if tag["Key"].lower() in seen:
            raise ServiceError(
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        seen.add(tag["Key"].lower())
        found[tag["Key"]] = tag["Value"]
    if len(found) > _MOST_TAGS:
        raise limit_exceeded("The number of tags has reached the maximum limit.")
    return found


def tag_list(found: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as IAM lists them."""
    return [{"Key": name, "Value": value} for name, value in sorted(found.items())]


def checked(text: str, kind: Any, quota: int, sentence: str) -> str:
    """A policy's text, proved to be one of its kind and within its size, whitespace not counted.

    Raises MalformedPolicyDocument, or LimitExceeded with `sentence`.
    """
    document(text, kind)
    if len("".join(text.split())) > quota:
        raise limit_exceeded(sentence)
    return text


def encoded(text: str) -> str:
    """A policy as IAM answers it: URL-encoded, RFC 3986."""
    return quote(text, safe="~")


def shown(resource: Resource, found: Document, members: Iterable[str]) -> dict[str, Any]:
    """The members that every view of an entity has, and those of `members` that it has besides."""
    noun = resource.noun
    always = (f"{noun}Name", f"{noun}Id", "Path")
    spec = found.spec
    description = {member: spec[member] for member in (*always, *members) if member in spec}
    return {**description, "Arn": found.arn, "CreateDate": found.created_at}


def page(items: Sequence[T], request: Mapping[str, Any], name: Callable[[T], str]) -> tuple[list[T], dict[str, Any]]:
    """The items of one page, which are sorted by `name`, and the members that tell whether there is more."""
    after = _after(request)
    limit = request.get("MaxItems", _PAGE)
    rest = [item for item in items if after is None or name(item) > after]
    return rest[:limit], _more(rest[:limit], len(rest) > limit, name)


def listed(call: Call, resource: Resource) -> tuple[list[Document], dict[str, Any]]:
    """The documents of one page of an account, by name, and whether there is more."""
    limit = call.request.get("MaxItems", _PAGE)
    prefix = f"arn:aws:iam::{call.account}:{resource.noun.lower()}{call.request.get('PathPrefix', '/')}"
    rows = call.db.read().all(
        "SELECT * FROM documents WHERE kind = :kind AND account = :account AND region = '' AND name > :after "
        "AND substr(arn, 1, :length) = :prefix ORDER BY name LIMIT :limit",
        {
            "kind": resource.kind,
            "account": call.account,
            "after": _after(call.request) or "",
            "length": len(prefix),
            "prefix": prefix,
            "limit": limit + 1,
        },
    )
    found = [Document.of(row) for row in rows[:limit]]
    return found, _more(found, len(rows) > limit, lambda one: one.name)


def _after(request: Mapping[str, Any]) -> str | None:
    marker = request.get("Marker")
    if marker is None:
        return None
    try:
        return str(decode_token(marker))
    except ServiceError:
        raise ServiceError(
            "ValidationError", "Invalid Marker. Pass the Marker of the last answer, unchanged."
        ) from None


def _more(items: Sequence[T], truncated: bool, name: Callable[[T], str]) -> dict[str, Any]:
    if not truncated:
        return {"IsTruncated": False}
    return {"IsTruncated": True, "Marker": encode_token(name(items[-1]))}
