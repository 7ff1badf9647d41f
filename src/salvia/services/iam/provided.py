"""What control asks of this room: who holds a key, what may they do, whom does a role trust.

No answer is older than the last commit: a policy that was changed by another process counts at once.
"""

from __future__ import annotations

from salvia.control.providers import Key, NamedPolicy, PolicySet
from salvia.control.world import World
from salvia.core.caller import Caller
from salvia.store import documents, keys
from salvia.store.db import Reader

from . import aws_policies, password_policy
from .entities import GROUP, POLICY, ROLE, USER
from .usage import Uses

# The policies of an entity, and of the groups that a user is in, in one query: authorisation asks at every request.
_OWN = "SELECT d.id AS id, d.arn AS arn FROM documents d WHERE d.arn = :arn"
_GROUPS = (
    " UNION ALL SELECT g.id, g.arn FROM documents d JOIN iam_members m ON m.user_id = d.id "
    "JOIN documents g ON g.id = m.group_id WHERE d.arn = :arn"
)
_POLICIES = """
WITH holders AS ({holders})
SELECT 'inline' AS purpose, i.name AS name, i.document AS document, h.arn AS holder
FROM holders h JOIN iam_inline_policies i ON i.entity = h.id
UNION ALL
SELECT g.purpose, g.policy_arn, v.document, h.arn
FROM holders h JOIN iam_grants g ON g.entity = h.id
LEFT JOIN documents p ON p.arn = g.policy_arn
LEFT JOIN iam_policy_versions v ON v.policy = p.id AND v.is_default = 1"""
_OF_USER = (
    _POLICIES.format(holders=_OWN + _GROUPS)
    + """
UNION ALL
SELECT p.state, '', '', u.arn
FROM documents u JOIN documents p ON p.kind = :password_policy AND p.account = u.account AND p.region = ''
WHERE u.arn = :arn AND p.state <> ''"""
)
_OF_OTHERS = _POLICIES.format(holders=_OWN)
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
    identity, boundary = of_entity(db, caller.entity)
    session = None
    if caller.session_policies:
        session = tuple(found for given in caller.session_policies if (found := _session(db, given)))
    return PolicySet(tuple(identity), boundary, session)


def of_entity(db: Reader, arn: str) -> tuple[list[NamedPolicy], NamedPolicy | None]:
    """The policies of a user (and of its groups), a group or a role, and its permissions boundary."""
    identity = []
    boundary = None
    wanted = {"arn": arn, "password_policy": password_policy.KIND}
    rows = db.all(_OF_USER, wanted) if ":user/" in arn else db.all(_OF_OTHERS, {"arn": arn})
    for row in rows:
        purpose, name, text, holder = row["purpose"], row["name"], row["document"], row["holder"]
        if purpose == password_policy.USERS_MAY_CHANGE:
            identity.append(password_policy.permission(holder))
            continue
        if purpose == "inline":
            of_group = f" of group {holder.rpartition('/')[2]}" if holder != arn else ""
            identity.append(NamedPolicy(f"inline policy {name}{of_group}", text, holder))
            continue
        text = text if text is not None else _aws(name)
        if purpose == "boundary":
            # A boundary that is gone must not turn into no boundary: what nobody allows is denied.
            boundary = NamedPolicy(name, text if text is not None else _NOTHING, holder)
        elif text is not None:
            identity.append(NamedPolicy(name, text, holder))
    return identity, boundary


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
    """The ARN of a user, group, role or policy by its name alone; None when there is none."""
    resource = {"user": USER, "group": GROUP, "role": ROLE, "policy": POLICY}.get(kind)
    if resource is None:
        return None
    found = documents.find(db, resource.kind, account, "", name.lower())
    return found.arn if found else None
