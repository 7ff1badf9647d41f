"""What control asks of this room: who holds a key, what may they do, whom does a role trust.

No answer is older than the last commit: a policy that was changed by another process counts at once.
"""

from __future__ import annotations

from salvia.control.providers import Key, NamedPolicy, PolicySet
from salvia.control.world import World
from salvia.core.caller import Caller
from salvia.store import documents, keys
from salvia.store.db import Reader

from . import aws_policies
from .entities import POLICY, ROLE, USER
from .usage import Uses

_POLICIES = """
SELECT 'inline' AS purpose, i.name AS name, i.document AS document
FROM iam_inline_policies i JOIN documents d ON d.id = i.entity WHERE d.arn = :arn
UNION ALL
SELECT g.purpose, g.policy_arn, v.document
FROM iam_grants g JOIN documents d ON d.id = g.entity
LEFT JOIN documents p ON p.arn = g.policy_arn
LEFT JOIN iam_policy_versions v ON v.policy = p.id AND v.is_default = 1
WHERE d.arn = :arn"""
_MANAGED = """
SELECT v.document AS document
FROM documents d JOIN iam_policy_versions v ON v.policy = d.id AND v.is_default = 1
WHERE d.arn = :arn"""


def provide(world: World) -> None:
    """Fill in the providers of identities."""
    recall = world.db.recall
    world.providers.key = lambda access_key: recall(("key", access_key), lambda db: _key(db, access_key))
    world.providers.policies = lambda caller: recall(
        ("policies", caller.entity, caller.session_policies), lambda db: policies(db, caller)
    )
    world.providers.trust = lambda arn: recall(("trust", arn), lambda db: trust(db, arn))
    world.providers.used = Uses(world).note
    world.providers.entity_arn = lambda kind, account, name: entity_arn(world.db.read(), kind, account, name)


def _key(db: Reader, access_key: str) -> Key | None:
    found = keys.find(db, access_key)
    return Key(found.secret, found.caller, found.session_token, found.expires_at) if found else None


def policies(db: Reader, caller: Caller) -> PolicySet:
    """Everything that limits a caller."""
    identity = []
    boundary = None
    for row in db.all(_POLICIES, {"arn": caller.entity}):
        purpose, name, text = row["purpose"], row["name"], row["document"]
        if purpose == "inline":
            identity.append(NamedPolicy(f"inline policy {name}", text))
            continue
        text = text if text is not None else _aws(name)
        if purpose == "boundary":
            # A boundary that is gone must not turn into no boundary: what nobody allows is denied.
            boundary = NamedPolicy(name, text if text is not None else _NOTHING)
        elif text is not None:
            identity.append(NamedPolicy(name, text))
    session = None
    if caller.session_policies:
        session = tuple(found for given in caller.session_policies if (found := _session(db, given)))
    return PolicySet(tuple(identity), boundary, session)


_NOTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'


def _aws(arn: str) -> str | None:
    found = aws_policies.all_policies().get(arn)
    return found.document if found else None


def _session(db: Reader, given: str) -> NamedPolicy | None:
    """A session policy: a document, or the ARN of a managed policy."""
    if not given.startswith("arn:"):
        return NamedPolicy("session policy", given)
    row = db.one(_MANAGED, {"arn": given})
    text = row["document"] if row else _aws(given)
    return NamedPolicy(given, text) if text is not None else None


def trust(db: Reader, arn: str) -> str | None:
    """The trust policy of a role; None when there is no such role."""
    role = documents.by_arn(db, arn)
    return role.spec["AssumeRolePolicyDocument"] if role and role.kind == ROLE.kind else None


def entity_arn(db: Reader, kind: str, account: str, name: str) -> str | None:
    """The ARN of a user, role or policy by its name alone; None when there is none."""
    resource = {"user": USER, "role": ROLE, "policy": POLICY}.get(kind)
    if resource is None:
        return None
    found = documents.find(db, resource.kind, account, "", name.lower())
    return found.arn if found else None
