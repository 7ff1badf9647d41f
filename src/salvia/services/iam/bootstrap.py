"""What the first start leaves behind: an administrator with a key, and the role that jobs run as.

All of it is made in one transaction, once: what is deleted later stays deleted. The administrator's key is
also written to `credentials.json` of the data directory, from which `salvia env` prints it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from salvia.control.world import World
from salvia.core import ids
from salvia.store import documents, keys
from salvia.store.db import Transaction
from salvia.store.documents import Document

from .attachments import add
from .entities import ROLE, USER

ADMINISTRATOR = "administrator"
EXECUTION_ROLE = "SageMakerExecutionRole"
_MARK = "iam:FirstStart"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
# AmazonSageMakerFullAccess reaches only buckets with "sagemaker" in their names: a job that reads
# `s3://my-bucket` needs these besides. Source: SageMaker developer guide, "How to use SageMaker AI execution
# roles", permissions for CreateTrainingJob.
_JOBS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Data",
            "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:GetObjectTagging",
                "s3:PutObject",
                "s3:PutObjectTagging",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
                "s3:ListBucketMultipartUploads",
                "s3:ListBucket",
                "s3:ListAllMyBuckets",
                "s3:GetBucketLocation",
                "s3:CreateBucket",
            ],
            "Resource": "*",
        },
        {
            "Sid": "Logs",
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
                "logs:DescribeLogGroups",
                "logs:DescribeLogStreams",
                "logs:GetLogEvents",
            ],
            "Resource": "*",
        },
        {"Sid": "Metrics", "Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"},
        {
            "Sid": "Images",
            "Effect": "Allow",
            "Action": [
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "ecr:DescribeImages",
                "ecr:DescribeRepositories",
            ],
            "Resource": "*",
        },
    ],
}


async def bootstrap(world: World) -> None:
    """Create the first identities where they never were, and the credentials file where it is not."""
    account = world.settings.account
    now, wall = world.clock.now(), world.clock.wall()
    await world.db.write(lambda tx: _first_start(tx, account, now, wall))
    path = world.settings.home / "credentials.json"
    if not path.exists():
        found = await world.db.write(lambda tx: _administrator_key(tx, account, wall))
        if found is not None:
            _write(path, {"access_key": found[0], "secret_key": found[1]})


def _first_start(tx: Transaction, account: str, now: float, wall: float) -> None:
    if not documents.insert(tx, Document(_MARK, account, "", account, created_at=now, modified_at=now)):
        return
    user = _entity("User", account, ADMINISTRATOR, now)
    if documents.insert(tx, user):
        add(tx, user, "arn:aws:iam::aws:policy/AdministratorAccess")
        keys.issue(tx, user.id, user.spec["UserId"], wall)
    role = _entity("Role", account, EXECUTION_ROLE, now)
    role.spec |= {
        "AssumeRolePolicyDocument": json.dumps(_TRUST),
        "MaxSessionDuration": 43_200,
        "Description": "What SageMaker jobs may do unless another role is named.",
    }
    if documents.insert(tx, role):
        add(tx, role, "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
        tx.run(
            "INSERT INTO iam_inline_policies (entity, name, document) VALUES (:entity, 'JobData', :document)",
            {"entity": role.id, "document": json.dumps(_JOBS)},
        )


def _entity(noun: str, account: str, name: str, now: float) -> Document:
    resource = {"User": USER, "Role": ROLE}[noun]
    prefix = {"User": "AIDA", "Role": "AROA"}[noun]
    spec = {f"{noun}Name": name, f"{noun}Id": ids.unique_id(prefix), "Path": "/"}
    arn = resource.arn_of(spec, account, "")
    return Document(resource.kind, account, "", name.lower(), arn, spec=spec, created_at=now, modified_at=now)


def _administrator_key(tx: Transaction, account: str, wall: float) -> tuple[str, str] | None:
    """An active key of the administrator, a new one where it has none; None when there is no such user."""
    user = documents.find(tx, USER.kind, account, "", ADMINISTRATOR)
    if user is None:
        return None
    for row in keys.long_term(tx, user.id):
        if row["status"] == "Active":
            return row["id"], row["secret"]
    if len(keys.long_term(tx, user.id)) >= 2:
        return None
    key, secret, _ = keys.issue(tx, user.id, user.spec["UserId"], wall)
    return key, secret


def _write(path: Path, content: dict[str, str]) -> None:
    """Write a secret file whole or not at all, for its owner alone."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
