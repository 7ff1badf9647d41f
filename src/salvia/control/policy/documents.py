"""Policy documents: JSON read once, checked and compiled.

Source: IAM user guide, "IAM JSON policy elements reference" and "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NoReturn

from salvia.core.caller import Caller
from salvia.core.errors import ServiceError

from .conditions import Condition, condition
from .patterns import Actions, Context, Test, pattern
from .principals import Grade, Principals

Kind = Literal["identity", "resource", "trust"]

LONGEST = 131_072  # characters; the models' bound on policyDocumentType
_VERSIONS = ("2012-10-17", "2008-10-17")
_ELEMENTS = frozenset(
    (
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    )
)
_ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+")
_SID = re.compile(r"[A-Za-z0-9]*")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, compiled; `source` is what was written."""

    index: int
    sid: str
    allow: bool
    actions: Actions
    not_action: bool
    resources: tuple[Test, ...] | None
    not_resource: bool
    principals: Principals | None
    conditions: tuple[Condition, ...]
    source: Mapping[str, Any]

    @property
    def label(self) -> str:
        """What a denial calls it: its Sid, else its place."""
        return self.sid or f"Statement[{self.index}]"

    def concerns(self, action: str) -> bool:
        """Whether it speaks of the action, given in lower case."""
        return (action in self.actions) is not self.not_action

    def reaches(self, resource: str, context: Context) -> bool:
        """Whether it speaks of the resource."""
        if self.resources is None:
            return True
        for test in self.resources:
            if test(resource, context):
                return not self.not_resource
        return self.not_resource

    def applies(self, resource: str, context: Context) -> bool:
        """Whether it speaks of the resource, and its conditions hold."""
        return self.reaches(resource, context) and all(one(context) for one in self.conditions)

    def grade(self, caller: Caller) -> Grade:
        """How it names the caller; identity policies name whom they are attached to."""
        return Grade.ENTITY if self.principals is None else self.principals.grade(caller)


class Document:
    """A compiled policy document."""

    __slots__ = ("_concerned", "kind", "statements", "text")

    def __init__(self, text: str, kind: Kind, statements: tuple[Statement, ...]) -> None:
        self.text = text
        self.kind = kind
        self.statements = statements
        self._concerned: dict[str, tuple[Statement, ...]] = {}

    def concerning(self, action: str) -> tuple[Statement, ...]:
        """The statements that speak of an action, denials first."""
        found = self._concerned.get(action)
        if found is None:
            lower = action.lower()
            concerned = (statement for statement in self.statements if statement.concerns(lower))
            found = self._concerned[action] = tuple(sorted(concerned, key=lambda statement: statement.allow))
        return found


@dataclass(frozen=True, slots=True)
class Policy:
    """A document and what a denial calls it: a managed policy's ARN, an inline policy's name."""

    name: str
    document: Document


def document(text: str, kind: Kind = "identity", code: str = "MalformedPolicyDocument") -> Document:
    """The compiled form of a policy's JSON text; the same text is compiled once.

    Raises ServiceError `code`, with AWS's sentence and the place, for what is no policy of that kind.
    """
    try:
        return _compile(text, kind)
    except MalformedError as malformed:
        raise ServiceError(code, str(malformed)) from None


class MalformedError(Exception):
    """What is wrong with a document, and where."""


@lru_cache(maxsize=4096)
def _compile(text: str, kind: Kind) -> Document:
    if len(text) > LONGEST:
        _malformed(f"The policy is {len(text)} characters long; {LONGEST} are the most.")
    try:
        content = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        _malformed(f"Syntax errors in policy. {error.msg} at line {error.lineno}, column {error.colno}.")
    except RecursionError:
        _malformed("Syntax errors in policy. It is nested too deeply.")
    if not isinstance(content, dict):
        _malformed("Syntax errors in policy. A policy is a JSON object.")
    _only(content, {"Version", "Id", "Statement"}, "the policy")
    version = content.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        _malformed(f"Syntax errors in policy. Version must be one of {', '.join(_VERSIONS)}.")
    if "Id" in content and not isinstance(content["Id"], str):
        _malformed("Syntax errors in policy. Id is not a text.")
    statements = content.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not statements:
        _malformed("Syntax errors in policy. Missing required field Statement.")
    variables = version == "2012-10-17"
    compiled = tuple(_Reader(each, index, kind, variables).read() for index, each in enumerate(statements))
    sids = [statement.sid for statement in compiled if statement.sid]
    if len(sids) != len(set(sids)):
        twice = next(sid for sid in sids if sids.count(sid) > 1)
        _malformed(f"Statement IDs (SID) in a single policy must be unique. '{twice}' is there twice.")
    return Document(text, kind, compiled)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        _malformed(f"Syntax errors in policy. '{twice}' is there twice in one object.")
    return found


def _malformed(sentence: str) -> NoReturn:
    raise MalformedError(sentence)


def _only(content: Mapping[str, Any], allowed: set[str] | frozenset[str], where: str) -> None:
    unknown = sorted(set(content) - allowed)
    if unknown:
        _malformed(f"Syntax errors in policy. '{unknown[0]}' in {where} is no element of a policy.")


class _Reader:
    """Reads one statement, and knows where it is."""

    def __init__(self, content: object, index: int, kind: Kind, variables: bool) -> None:
        self.where = f"Statement[{index}]"
        if not isinstance(content, dict):
            _malformed(f"Syntax errors in policy. {self.where} is not an object.")
        self.content: dict[str, Any] = content
        self.index = index
        self.kind = kind
        self.variables = variables

    def read(self) -> Statement:
        content = self.content
        _only(content, _ELEMENTS, self.where)
        if content.get("Effect") not in {"Allow", "Deny"}:
            _malformed(f"Syntax errors in policy. Effect in {self.where} must be Allow or Deny.")
        sid = content.get("Sid", "")
        if not isinstance(sid, str):
            _malformed(f"Syntax errors in policy. Sid in {self.where} is not a text.")
        if self.kind != "resource" and not _SID.fullmatch(sid):  # bucket policies may have spaces in theirs
            _malformed(f"Statement IDs (SID) must be alpha-numeric. {self.where} has '{sid}'.")
        actions, not_action = self._either("Action", "NotAction")
        for action in actions:
            if not _ACTION.fullmatch(action):
                _malformed(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. "
                    f"{self.where} has '{action}'."
                )
        resources, not_resource = self._resources()
        return Statement(
            index=self.index,
            sid=sid,
            allow=content["Effect"] == "Allow",
            actions=Actions(actions),
            not_action=not_action,
            resources=resources,
            not_resource=not_resource,
            principals=self._principals(),
            conditions=tuple(self._conditions()),
            source=content,
        )

    def _either(self, plain: str, negated: str) -> tuple[list[str], bool]:
        given = [name for name in (plain, negated) if name in self.content]
        if len(given) == 2:
            _malformed(f"Syntax errors in policy. {self.where} has both {plain} and {negated}.")
        if not given:
            _malformed(f"Missing required field {plain} in {self.where}.")
        return self._texts(given[0]), given[0] == negated

    def _texts(self, name: str) -> list[str]:
        value = self.content[name]
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not values or not all(isinstance(one, str) for one in values):
            _malformed(f"Syntax errors in policy. {name} in {self.where} must be a text or a list of texts.")
        return values

    def _resources(self) -> tuple[tuple[Test, ...] | None, bool]:
        if self.kind == "trust":
            for name in ("Resource", "NotResource"):
                if name in self.content:
                    _malformed(f"Has prohibited field {name}. {self.where} belongs to a role's trust policy.")
            return None, False
        texts, negated = self._either("Resource", "NotResource")
        tests = []
        for text in texts:
            if text != "*" and (not text.startswith("arn:") or text.count(":") < 2):
                _malformed(f'Resource {text} must be in ARN format or "*". It is in {self.where}.')
            try:
                left_out = negated and self.content["Effect"] == "Allow"  # what has no value yet is not given away
                tests.append(pattern(text, variables=self.variables, unresolved=left_out))
            except ValueError as error:
                _malformed(f"Syntax errors in policy. Resource in {self.where}: {error}.")
        if "*" in texts and not negated:
            return None, False
        return tuple(tests), negated

    def _principals(self) -> Principals | None:
        given = [name for name in ("Principal", "NotPrincipal") if name in self.content]
        if self.kind == "identity":
            if given:
                _malformed(f"Policy document should not specify a principal. {self.where} has {given[0]}.")
            return None
        if not given:
            _malformed(f"Missing required field Principal in {self.where}.")
        if len(given) == 2:
            _malformed(f"Syntax errors in policy. {self.where} has both Principal and NotPrincipal.")
        negated = given[0] == "NotPrincipal"
        if negated and self.content["Effect"] == "Allow":
            _malformed(f"Allow with NotPrincipal is not allowed. It is in {self.where}.")
        try:
            return Principals(self.content[given[0]], negated=negated)
        except ValueError as error:
            _malformed(f"Invalid principal in policy: {error}. It is in {self.where}.")

    def _conditions(self) -> list[Condition]:
        block = self.content.get("Condition", {})
        if not isinstance(block, dict):
            _malformed(f"Syntax errors in policy. Condition in {self.where} is not an object.")
        found = []
        for name, tests in block.items():
            if not isinstance(tests, dict) or not tests:
                _malformed(f"Syntax errors in policy. Condition {name} in {self.where} must name a key.")
            for key, value in tests.items():
                if ":" not in key:
                    _malformed(
                        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc. "
                        f"Condition {name} in {self.where} has '{key}'."
                    )
                try:
                    allow = self.content["Effect"] == "Allow"
                    found.append(condition(name, key, _values(value), variables=self.variables, allow=allow))
                except ValueError as error:
                    _malformed(f"{error}. Look at Condition {name}, {key}, in {self.where}.")
        return found


def written(source: Mapping[str, Any]) -> list[tuple[str, str, Sequence[str]]]:
    """Operator, key and values of each condition of a statement, in the order of `Statement.conditions`."""
    block = source.get("Condition", {})
    return [(name, key, _values(value)) for name, tests in block.items() for key, value in tests.items()]


def _values(value: object) -> Sequence[str]:
    values = value if isinstance(value, list) else [value]
    texts = []
    for one in values:
        if isinstance(one, bool):
            texts.append("true" if one else "false")
        elif isinstance(one, str | int | float):
            texts.append(str(one))
        else:
            raise ValueError(f"{json.dumps(one)} is no value of a condition")
    return texts
