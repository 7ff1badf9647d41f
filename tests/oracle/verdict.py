"""What Salvia says of a case, in the oracle's words."""

from __future__ import annotations

import json
from typing import Any

from salvia.control.policy import Policy, Request, document, evaluate
from salvia.core.caller import Caller

from .cases import ROLE, SESSION


def _policy(name: str, content: dict[str, Any], kind: Any = "identity") -> Policy:
    return Policy(name, document(json.dumps(content), kind))


def verdict(case: dict[str, Any]) -> str:
    """`Allowed`, `ExplicitlyDenied` or `ImplicitlyDenied`."""
    principal = case["principal"]
    account = principal.split(":")[4]
    session = principal == SESSION
    kind: Any = "assumed-role" if session else "user"
    caller = Caller(
        kind, account, principal, "AROARRRRRRRRRRRRRRRR:s" if session else "AIDA", ROLE if session else principal
    )
    context = {key.lower(): value for key, value in case["context"].items()}
    request = Request(caller, case["action"], case["resource"], context, case["owner"])
    decision = evaluate(
        request,
        [_policy(f"identity{n}", content) for n, content in enumerate(case["identity"])],
        [_policy("resource", case["resourcePolicy"], "resource")] if "resourcePolicy" in case else [],
        _policy("boundary", case["boundary"]) if "boundary" in case else None,
        [_policy("session", case["session"])] if "session" in case else None,
    )
    if decision.allowed:
        return "Allowed"
    return "ExplicitlyDenied" if decision.explicit else "ImplicitlyDenied"


def stricter(case: dict[str, Any]) -> list[str]:
    """Why Salvia may deny what the oracle allows, or denies by no statement: where AWS's guide leaves open what holds,
    Salvia keeps to the side that gives less.
    """
    policies = [*case["identity"], *(case[name] for name in ("resourcePolicy", "boundary", "session") if name in case)]
    found = set()
    for statement in (one for policy in policies for one in policy["Statement"]):
        deny = statement["Effect"] == "Deny"
        if "NotPrincipal" in statement:
            found.add("NotPrincipal that names an account exempts nobody of it but its root")
        if "${" in json.dumps(statement.get("NotResource", "")):
            found.add("NotResource denies, and does not allow, while a variable has no value")
        for operator, tests in statement.get("Condition", {}).items():
            if deny and "Not" in operator and "${" in json.dumps(tests):
                found.add("Deny with a negated operator holds while a variable has no value")
            if deny and operator.startswith("ForAnyValue:") and operator.endswith("IfExists"):
                found.add("Deny with ForAnyValue:…IfExists holds when there is no such key")
    return sorted(found)
