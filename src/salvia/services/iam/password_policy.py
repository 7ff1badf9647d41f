"""What the passwords of an account's users must be like: the account's own policy, or AWS's default.

Source: IAM API reference, UpdateAccountPasswordPolicy; IAM user guide, "Set an account password policy for IAM users".
"""

from __future__ import annotations

import json
import string
from typing import Any

from salvia.control.call import Call, operation
from salvia.control.providers import NamedPolicy
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader, Transaction
from salvia.store.documents import Document

from .entities import no_such_entity

KIND = "iam:AccountPasswordPolicy"
USERS_MAY_CHANGE = "AllowUsersToChangePassword"  # the state of such a policy
_DAY = 86_400
_SYMBOLS = "!@#$%^&*()_+-=[]{}|'"
_KINDS = {
    "RequireUppercaseCharacters": ("uppercase letter", string.ascii_uppercase),
    "RequireLowercaseCharacters": ("lowercase letter", string.ascii_lowercase),
    "RequireNumbers": ("number", string.digits),
    "RequireSymbols": (f"symbol ({_SYMBOLS})", _SYMBOLS),
}
_UNSAID = {"MinimumPasswordLength": 6, **dict.fromkeys(_KINDS, False), USERS_MAY_CHANGE: False}
_SHORTEST, _FEWEST_KINDS = 8, 3  # by default, where an account has no policy


def of(db: Reader, account: str) -> dict[str, Any] | None:
    """The account's own policy, as GetAccountPasswordPolicy shows it."""
    found = documents.find(db, KIND, account, "", account)
    return {**found.spec, "ExpirePasswords": "MaxPasswordAge" in found.spec} if found else None


def expired(policy: dict[str, Any] | None, changed_at: float, now: float) -> bool:
    """Whether a password that was set at `changed_at` is too old; in virtual time, as every retention is."""
    days = (policy or {}).get("MaxPasswordAge")
    return days is not None and now >= changed_at + days * _DAY


def check(policy: dict[str, Any] | None, password: str) -> None:
    """Raise PasswordPolicyViolation, saying everything that a password lacks."""
    present = {member for member, (_, characters) in _KINDS.items() if set(characters) & set(password)}
    shortest = _SHORTEST if policy is None else policy["MinimumPasswordLength"]
    lacks = [] if len(password) >= shortest else [f"at least {shortest} characters"]
    if policy is not None:
        lacks += [f"a {name}" for member, (name, _) in _KINDS.items() if policy[member] and member not in present]
    elif len(present) < _FEWEST_KINDS:
        kinds = ", ".join(name for name, _ in _KINDS.values())
        lacks.append(f"characters of at least {_FEWEST_KINDS} kinds of: {kinds}")
    if lacks:
        raise violation(f"it needs {'; '.join(lacks)}.")


def violation(why: str) -> ServiceError:
    """What IAM answers to a password that the policy forbids."""
    return ServiceError("PasswordPolicyViolation", f"Password does not conform to the account password policy: {why}")


def permission(user_arn: str) -> NamedPolicy:
    """What AllowUsersToChangePassword gives every user; it hangs on no user. Source: IAM user guide, "Permit IAM users
    to change their own passwords"."""
    statements = [
        {"Effect": "Allow", "Action": "iam:ChangePassword", "Resource": user_arn},
        {"Effect": "Allow", "Action": "iam:GetAccountPasswordPolicy", "Resource": "*"},
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    return NamedPolicy("the account's password policy", json.dumps(policy), user_arn)


@operation("UpdateAccountPasswordPolicy")
async def update_account_password_policy(call: Call) -> dict[str, Any]:
    """Replace the account's policy: what the request does not say goes back to its default."""
    spec, account, now = {**_UNSAID, **call.request}, call.account, call.clock.now()
    state = USERS_MAY_CHANGE if spec[USERS_MAY_CHANGE] else ""

    def work(tx: Transaction) -> None:
        found = documents.find(tx, KIND, account, "", account)
        if found is None:
            documents.insert(tx, Document(KIND, account, "", account, state=state, spec=spec, created_at=now))
        else:
            found.spec, found.state, found.modified_at = spec, state, now
            documents.update(tx, found)

    await call.db.write(work)
    return {}


@operation("GetAccountPasswordPolicy")
async def get_account_password_policy(call: Call) -> dict[str, Any]:
    """The account's own policy. Raises NoSuchEntity where the default is in force."""
    policy = of(call.db.read(), call.account)
    if policy is None:
        raise no_such_entity(f"The Password Policy with domain name {call.account} cannot be found.")
    return {"PasswordPolicy": policy}


@operation("DeleteAccountPasswordPolicy")
async def delete_account_password_policy(call: Call) -> dict[str, Any]:
    """Let the default be in force again."""

    def work(tx: Transaction) -> None:
        found = documents.find(tx, KIND, call.account, "", call.account)
        if found is None:
            raise no_such_entity("The account policy with name PasswordPolicy cannot be found.")
        documents.delete(tx, found.id)

    await call.db.write(work)
    return {}
