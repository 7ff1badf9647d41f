"""Who a resource policy speaks of: Principal and NotPrincipal.

Source: IAM user guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum

from salvia.core.caller import Caller

_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?")
_NAMED = re.compile(
    r"arn:aws[a-z-]*:iam::\d{12}:(?:user|role)/[\x21-\x7e]+"
    r"|arn:aws[a-z-]*:sts::\d{12}:(?:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,.@-]+)"
    r"|A(?:IDA|ROA)[A-Z0-9]{12,124}"
)
KINDS = ("AWS", "Service", "Federated", "CanonicalUser")


class Grade(IntEnum):
    """How directly a principal element names the caller; what a permission is limited by depends on it."""

    NONE = 0
    ACCOUNT = 1
    ENTITY = 2
    EVERYONE = 3
    SESSION = 4


class Principals:
    """The principals of one statement."""

    __slots__ = ("_accounts", "_everyone", "_named", "_services", "negated")

    def __init__(self, element: object, *, negated: bool = False) -> None:
        """Raises ValueError for what names no principal."""
        self.negated = negated
        self._everyone = False
        self._accounts: set[str] = set()
        self._named: set[str] = set()
        self._services: set[str] = set()
        if element == "*":
            self._everyone = True
            return
        if not isinstance(element, Mapping) or not element:
            raise ValueError('a principal reads "*" or {"AWS": …}, {"Service": …}')
        for kind, value in element.items():
            if kind not in KINDS:
                raise ValueError(f"'{kind}' is no kind of principal: {', '.join(KINDS)}")
            names = [value] if isinstance(value, str) else value
            if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
                raise ValueError(f"'{kind}' takes a text or a list of texts")
            for name in names:
                self._add(kind, name)

    def _add(self, kind: str, name: str) -> None:
        if kind == "AWS":
            account = _ACCOUNT.fullmatch(name)
            if name == "*":
                self._everyone = True
            elif account:
                self._accounts.add(account[1])
            elif _NAMED.fullmatch(name) and not (name.startswith("arn:") and re.search(r"[*?]", name)):
                self._named.add(name)
            else:
                raise ValueError(f'"AWS":"{name}"')
        elif kind == "Service":
            if name != "*" and not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?", name):
                raise ValueError(f'"SERVICE":"{name}"')
            self._services.add(name)

    def grade(self, caller: Caller) -> Grade:
        """How the element names the caller, `NONE` when it does not."""
        if self.negated:
            return Grade.NONE if self._names(caller) else Grade.EVERYONE
        if caller.arn in self._named and caller.kind == "assumed-role":
            return Grade.SESSION
        if self._names(caller):
            return Grade.EVERYONE if self._everyone else Grade.ENTITY
        return Grade.ACCOUNT if caller.account in self._accounts and caller.kind != "service" else Grade.NONE

    def _names(self, caller: Caller) -> bool:
        if caller.service is not None:
            return self._everyone or caller.service in self._services or "*" in self._services
        if self._everyone:
            return True
        if caller.kind == "root":
            return caller.account in self._accounts
        named = self._named
        return caller.entity in named or caller.arn in named or caller.user_id.partition(":")[0] in named
