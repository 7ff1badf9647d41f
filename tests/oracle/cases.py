"""Random cases of policy evaluation: who asks for what, in which circumstances, under which policies.

Every element of the policy language appears: Action and NotAction, Resource and NotResource, Principal and
NotPrincipal, every operator family with IfExists, ForAllValues: and ForAnyValue:, policy variables with and without
defaults; identity policies, resource policies, permissions boundaries, session policies; one account and two. Texts
come from small pools, so that what policies speak of and what requests are often meet.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

HERE, THERE = "123456789012", "210987654321"
USERS = [f"arn:aws:iam::{HERE}:user/bob", f"arn:aws:iam::{HERE}:user/team/ann"]
SESSION = f"arn:aws:sts::{HERE}:assumed-role/R/s"
ROLE = f"arn:aws:iam::{HERE}:role/R"
VERSION = "2012-10-17"

OBJECTS = ["arn:aws:s3:::data/red/one", "arn:aws:s3:::data/blue/two", "arn:aws:s3:::other/bob/one"]
BUCKETS = ["arn:aws:s3:::data", "arn:aws:s3:::other"]
JOBS = [f"arn:aws:sagemaker:us-east-1:{HERE}:training-job/{name}" for name in ("red-1", "blue-2", "bob")]
GROUPS = [
    f"arn:aws:logs:us-east-1:{HERE}:log-group:{name}:log-stream:s" for name in ("/aws/sagemaker/TrainingJobs", "red")
]
MANY, BOOLEAN, NUMBER, DATE, ADDRESS, ARN = "many", "boolean", "number", "date", "address", "arn"
TEXT = "text"

POOLS = {
    TEXT: ["red", "Red", "blue", "bob", "re", "red/one"],
    MANY: ["ml.m5.large", "ml.p3.2xlarge", "ml.c5.xlarge", "red"],
    BOOLEAN: ["true", "false"],
    NUMBER: ["0", "10", "60", "3600", "10.5", "-1"],
    DATE: ["2026-01-31T12:00:00Z", "2025-06-01T00:00:00Z", "2027-01-01T00:00:00Z"],
    ADDRESS: ["203.0.113.7", "10.1.2.3", "192.168.0.1"],
    ARN: [
        f"arn:aws:kms:us-east-1:{HERE}:key/1234",
        f"arn:aws:kms:us-east-1:{THERE}:key/1234",
        f"arn:aws:kms:eu-west-1:{HERE}:alias/red",
    ],
}
GLOBAL = {
    "aws:SourceIp": ADDRESS,
    "aws:CurrentTime": DATE,
    "aws:SecureTransport": BOOLEAN,
    "aws:PrincipalTag/team": TEXT,
    "aws:username": TEXT,
    "aws:UserAgent": TEXT,
}
# Action → the resources it is for, and the keys of its own that it knows, with their types.
ACTIONS: dict[str, tuple[list[str], dict[str, str]]] = {
    "s3:GetObject": (OBJECTS, {"s3:ExistingObjectTag/stage": TEXT}),
    "s3:PutObject": (OBJECTS, {"s3:x-amz-acl": TEXT, "s3:RequestObjectTagKeys": MANY}),
    "s3:DeleteObject": (OBJECTS, {}),
    "s3:ListBucket": (BUCKETS, {"s3:prefix": TEXT, "s3:max-keys": NUMBER}),
    "s3:GetBucketPolicy": (BUCKETS, {}),
    "sagemaker:CreateTrainingJob": (
        JOBS,
        {
            "sagemaker:InstanceTypes": MANY,
            "sagemaker:MaxRuntimeInSeconds": NUMBER,
            "sagemaker:NetworkIsolation": BOOLEAN,
            "sagemaker:VolumeKmsKeyArn": ARN,
            "aws:RequestTag/team": TEXT,
            "aws:TagKeys": MANY,
        },
    ),
    "sagemaker:DescribeTrainingJob": (JOBS, {}),
    "sagemaker:StopTrainingJob": (JOBS, {}),
    "logs:PutLogEvents": (GROUPS, {}),
}
PATTERNS = [
    *ACTIONS,
    "s3:Get*",
    "s3:*Object",
    "s3:?etObject",
    "s3:*",
    "S3:GETOBJECT",
    "sagemaker:*TrainingJob",
    "sagemaker:Create*",
    "logs:*",
    "iam:GetUser",
    "*",
]
RESOURCES = [
    *OBJECTS,
    *BUCKETS,
    *JOBS,
    *GROUPS,
    "*",
    "arn:aws:s3:::data/*",
    "arn:aws:s3:::*",
    "arn:aws:s3:::d?ta",
    "arn:aws:s3:::*/one",
    "arn:aws:s3:::data/${aws:PrincipalTag/team}/*",
    "arn:aws:s3:::data/${aws:PrincipalTag/team, 'blue'}/*",
    "arn:aws:s3:::other/${aws:username}/*",
    f"arn:aws:sagemaker:*:{HERE}:training-job/*",
    f"arn:aws:sagemaker:us-east-1:{HERE}:training-job/${{aws:username}}",
    "arn:aws:sagemaker:us-east-1:*:training-job/red-*",
    "arn:aws:logs:*:*:log-group:*",
]
FAMILIES = {
    TEXT: [
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
    ],
    BOOLEAN: ["Bool"],
    NUMBER: [
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
    ],
    DATE: [
        "DateEquals",
        "DateNotEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
    ],
    ADDRESS: ["IpAddress", "NotIpAddress"],
    ARN: ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
}
FAMILIES[MANY] = FAMILIES[TEXT]
WRITTEN = {
    TEXT: ["red", "RED", "blue", "bob", "r*", "*e?", "${aws:username}", "${aws:PrincipalTag/team, 'red'}", "${*}", ""],
    MANY: ["ml.m5.large", "ml.*", "*.xlarge", "ml.p3.2xlarge", "red", "${aws:username}"],
    BOOLEAN: ["true", "false"],
    NUMBER: ["0", "10", "60", "3600", "10.5"],
    DATE: ["2026-01-31T12:00:00Z", "2025-12-31T00:00:00Z", "2026-06-01T00:00:00Z"],
    ADDRESS: ["203.0.113.0/24", "10.0.0.0/8", "192.168.0.1", "192.168.0.1/32", "0.0.0.0/1"],
    ARN: [
        f"arn:aws:kms:us-east-1:{HERE}:key/1234",
        "arn:aws:kms:*:*:key/*",
        f"arn:aws:kms:*:{HERE}:*",
        "arn:aws:kms:us-east-?:*:alias/red",
    ],
}


class Cases:
    """Cases from a seed; the same seed makes the same cases."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed).random  # the one method that gives the same on every Python

    def pick(self, pool: Sequence[Any]) -> Any:
        """One of a pool."""
        return pool[int(self.draw() * len(pool))]

    def sample(self, pool: Iterable[str], most: int) -> list[str]:
        """One to `most` different ones of a pool."""
        rest = list(pool)
        number = min(len(rest), self.number(1, most))
        return [rest.pop(int(self.draw() * len(rest))) for _ in range(number)]

    def number(self, least: int, most: int) -> int:
        """A number between two, both included."""
        return least + int(self.draw() * (most - least + 1))

    def some(self, pool: list[str], most: int = 3) -> Any:
        """One text of a pool, or a list of a few."""
        found = self.sample(pool, most)
        return found[0] if len(found) == 1 and self.draw() < 0.7 else found

    def often(self, share: float) -> bool:
        """True in `share` of all cases."""
        return self.draw() < share

    def case(self) -> dict[str, Any]:
        """One case, as JSON."""
        pick = self.pick
        action = pick(list(ACTIONS))
        resources, own = ACTIONS[action]
        resource = pick(resources)
        self.keys = {**GLOBAL, **own}
        self.action, self.resource = action, resource
        principal = pick([*USERS, SESSION])
        account = action.startswith("s3:") and self.often(0.25)
        found: dict[str, Any] = {
            "principal": principal,
            "action": action,
            "resource": resource,
            "owner": THERE if account else HERE,
            "context": self.context(),
            "identity": [self.policy() for _ in range(self.number(0, 2))],
        }
        if action.startswith("s3:") and self.often(0.6):
            found["resourcePolicy"] = self.policy(principals=True)
        if self.often(0.25):
            found["boundary"] = self.policy(wide=True)
        # The oracle lets session policies limit what a resource policy gives the session by its own ARN; AWS does not
        # (IAM user guide, "Session policies"), so that the two are not drawn together.
        if principal == SESSION and "resourcePolicy" not in found and self.often(0.5):
            found["session"] = self.policy(wide=True)
        return found

    def context(self) -> dict[str, Any]:
        """What the request knows: each key in two cases of three."""
        found: dict[str, Any] = {}
        for key, kind in self.keys.items():
            if self.often(0.67):
                pool = POOLS[kind]
                found[key] = self.sample(pool, 3) if kind == MANY else self.pick(pool)
        return found

    def policy(self, *, principals: bool = False, wide: bool = False) -> dict[str, Any]:
        """A policy; a `wide` one allows a good deal, as boundaries do."""
        statements = [self.statement(principals) for _ in range(self.number(1, 3))]
        if wide and self.often(0.6):
            statements.append({"Effect": "Allow", "Action": "*", "Resource": "*"})
        return {"Version": VERSION, "Statement": statements}

    def statement(self, principals: bool) -> dict[str, Any]:
        """A statement, which speaks of the request at hand more often than not."""
        effect = "Allow" if self.often(0.75) else "Deny"
        found: dict[str, Any] = {"Effect": effect}
        near = self.often(0.6)
        actions = [self.action, f"{self.action.partition(':')[0]}:*", "*"] if near else PATTERNS
        if principals:
            actions = [one for one in actions if one == "*" or one.lower().startswith("s3:")]
        found["NotAction" if self.often(0.12) and not principals else "Action"] = self.some(actions)
        wanted = [self.resource, "*"] if near and self.often(0.7) else RESOURCES
        if principals:
            wanted = [one for one in wanted if one == "*" or one.startswith("arn:aws:s3:")]
        found["NotResource" if self.often(0.12) else "Resource"] = self.some(wanted)
        if principals:
            found.update(self.principal(effect))
        if self.often(0.55):
            found["Condition"] = self.conditions()
        return found

    def principal(self, effect: str) -> dict[str, Any]:
        """Whom a statement of a resource policy names."""
        pool = [*USERS, ROLE, SESSION, f"arn:aws:iam::{HERE}:root", HERE, f"arn:aws:iam::{THERE}:root"]
        if effect == "Deny" and self.often(0.2):
            return {"NotPrincipal": {"AWS": self.some([*pool[:4], f"arn:aws:iam::{HERE}:root"])}}
        if self.often(0.2):
            return {"Principal": self.pick(["*", {"AWS": "*"}])}
        return {"Principal": {"AWS": self.some(pool)}}

    def conditions(self) -> dict[str, Any]:
        """A block of one to three conditions, of every family."""
        block: dict[str, dict[str, Any]] = {}
        for key in self.sample(self.keys, 3):
            kind = self.keys[key]
            if self.often(0.1):
                block.setdefault("Null", {})[key] = self.pick(["true", "false"])
                continue
            operator = self.pick(FAMILIES[kind])
            if self.often(0.3):
                operator += "IfExists"
            if kind == MANY:
                operator = self.pick(["ForAllValues:", "ForAnyValue:"]) + operator
            block.setdefault(operator, {})[key] = self.some(WRITTEN[kind])
        return block
