"""Managed policies and their versions. Source: IAM API reference, CreatePolicy and its neighbours."""

from __future__ import annotations

from typing import Any

from salvia.control.call import Call, operation
from salvia.core.errors import ServiceError
from salvia.store import documents
from salvia.store.db import Reader, Row, Transaction
from salvia.store.documents import Document

from . import aws_policies
from .aws_policies import AwsPolicy
from .entities import (
    POLICY,
    checked,
    delete_conflict,
    encoded,
    insert,
    limit_exceeded,
    new,
    no_such_entity,
    page,
    policy_of,
    shown,
    tag_list,
)

_QUOTA = 6144
_MOST_VERSIONS = 5
_DATED = ("Path", "DefaultVersionId", "CreateDate", "UpdateDate")
_ADD_VERSION = (
    "INSERT INTO iam_policy_versions (policy, number, document, is_default, created_at) "
    "VALUES (:policy, :number, :document, :is_default, :created_at)"
)


def _text(text: str) -> str:
    return checked(text, "identity", _QUOTA, f"Cannot exceed quota for PolicySize: {_QUOTA}")


def _versions(db: Reader, policy: Document) -> list[Row]:
    return db.all(
        "SELECT number, document, is_default, created_at FROM iam_policy_versions WHERE policy = :id "
        "ORDER BY number DESC",
        {"id": policy.id},
    )


def _uses(db: Reader, account: str) -> dict[tuple[str, str], int]:
    rows = db.all(
        "SELECT g.policy_arn AS arn, g.purpose AS purpose, count(*) AS uses FROM iam_grants g "
        "JOIN documents d ON d.id = g.entity WHERE d.account = :account GROUP BY g.policy_arn, g.purpose",
        {"account": account},
    )
    return {(row["arn"], row["purpose"]): row["uses"] for row in rows}


def _counts(uses: dict[tuple[str, str], int], arn: str) -> dict[str, Any]:
    return {
        "AttachmentCount": uses.get((arn, "attached"), 0),
        "PermissionsBoundaryUsageCount": uses.get((arn, "boundary"), 0),
        "IsAttachable": True,
    }


def _own(db: Reader, policy: Document, uses: dict[tuple[str, str], int]) -> dict[str, Any]:
    default = next(row for row in _versions(db, policy) if row["is_default"])
    return {
        **shown(POLICY, policy, ()),
        **_counts(uses, policy.arn),
        "DefaultVersionId": f"v{default['number']}",
        "UpdateDate": policy.modified_at,
    }


def _aws(policy: AwsPolicy, uses: dict[tuple[str, str], int]) -> dict[str, Any]:
    members = {name: policy.members[name] for name in ("Path", "DefaultVersionId", "CreateDate", "UpdateDate")}
    return {
        **members,
        **_counts(uses, policy.arn),
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
    }


@operation("CreatePolicy")
async def create_policy(call: Call) -> dict[str, Any]:
    """Create a customer managed policy; the document becomes its version v1."""
    policy = new(call, POLICY, ("PolicyName", "Description"))
    text = _text(call.request["PolicyDocument"])

    def work(tx: Transaction) -> None:
        insert(tx, POLICY, policy)
        version = {"policy": policy.id, "number": 1, "document": text, "is_default": 1}
        tx.run(_ADD_VERSION, {**version, "created_at": policy.created_at})

    await call.db.write(work)
    tags = {"Tags": tag_list(policy.tags)} if policy.tags else {}
    return {"Policy": {**_own(call.db.read(), policy, {}), **tags}}


@operation("GetPolicy")
async def get_policy(call: Call) -> dict[str, Any]:
    """Describe a managed policy, AWS's own included."""
    arn = call.request["PolicyArn"]
    db = call.db.read()
    uses = _uses(db, call.account)
    aws = aws_policies.all_policies().get(arn)
    if aws is not None:
        return {"Policy": {**_aws(aws, uses), "Description": aws.members["Description"], "Tags": []}}
    policy = policy_of(db, call.account, arn)
    extra = {"Description": policy.spec["Description"]} if "Description" in policy.spec else {}
    return {"Policy": {**_own(db, policy, uses), **extra, "Tags": tag_list(policy.tags)}}


@operation("ListPolicies")
async def list_policies(call: Call) -> dict[str, Any]:
    """A page of the managed policies: the account's, AWS's, or both."""
    request = call.request
    scope = request.get("Scope", "All")
    uses = _uses(call.db.read(), call.account)
    found: list[dict[str, Any]] = []
    if scope in {"All", "Local"}:
        rows = await call.db.scan(
            "SELECT d.*, v.number AS number FROM documents d JOIN iam_policy_versions v "
            "ON v.policy = d.id AND v.is_default = 1 "
            "WHERE d.kind = :kind AND d.account = :account AND d.region = ''",
            {"kind": POLICY.kind, "account": call.account},
        )
        found += [_row(row, uses) for row in rows]
    if scope in {"All", "AWS"}:
        found += [_aws(policy, uses) for policy in aws_policies.all_policies().values()]
    purpose = "boundary" if request.get("PolicyUsageFilter") == "PermissionsBoundary" else "attached"
    if request.get("OnlyAttached"):
        found = [one for one in found if uses.get((one["Arn"], purpose))]
    prefix = request.get("PathPrefix", "/")
    found = sorted((one for one in found if one["Path"].startswith(prefix)), key=_place)
    items, more = page(found, request, _place)
    return {"Policies": items, **more}


def _place(policy: dict[str, Any]) -> str:
    return f"{policy['PolicyName']} {policy['Arn']}"


def _row(row: Row, uses: dict[tuple[str, str], int]) -> dict[str, Any]:
    policy = Document.of(row)
    return {
        **shown(POLICY, policy, ()),
        **_counts(uses, policy.arn),
        "DefaultVersionId": f"v{row['number']}",
        "UpdateDate": policy.modified_at,
    }


@operation("DeletePolicy")
async def delete_policy(call: Call) -> dict[str, Any]:
    """Delete a customer managed policy that is attached nowhere and has its default version only."""
    arn = call.request["PolicyArn"]

    def work(tx: Transaction) -> None:
        policy = policy_of(tx, call.account, arn)
        if tx.one("SELECT 1 FROM iam_grants WHERE policy_arn = :arn", {"arn": arn}):
            raise delete_conflict("Cannot delete a policy attached to entities.")
        if len(_versions(tx, policy)) > 1:
            raise delete_conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the "
                "policy's versions. The default version is deleted with the policy."
            )
        tx.run("DELETE FROM iam_policy_versions WHERE policy = :id", {"id": policy.id})
        documents.delete(tx, policy.id)

    await call.db.write(work)
    return {}


def _number(version: str) -> int:
    digits = version.removeprefix("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _missing(arn: str, version: str) -> ServiceError:
    return no_such_entity(f"Policy {arn} version {version} does not exist or is not attachable.")


def _version(row: Row) -> dict[str, Any]:
    return {
        "VersionId": f"v{row['number']}",
        "IsDefaultVersion": bool(row["is_default"]),
        "CreateDate": row["created_at"],
    }


@operation("GetPolicyVersion")
async def get_policy_version(call: Call) -> dict[str, Any]:
    """One version of a managed policy, with its document."""
    arn, version = call.request["PolicyArn"], call.request["VersionId"]
    aws = aws_policies.all_policies().get(arn)
    if aws is not None:
        if version != aws.members["DefaultVersionId"]:
            raise _missing(arn, version)
        return {"PolicyVersion": {**_aws_version(aws), "Document": encoded(aws.document)}}
    db = call.db.read()
    for row in _versions(db, policy_of(db, call.account, arn)):
        if row["number"] == _number(version):
            return {"PolicyVersion": {**_version(row), "Document": encoded(row["document"])}}
    raise _missing(arn, version)


def _aws_version(policy: AwsPolicy) -> dict[str, Any]:
    return {
        "VersionId": policy.members["DefaultVersionId"],
        "IsDefaultVersion": True,
        "CreateDate": policy.members["UpdateDate"],
    }


@operation("ListPolicyVersions")
async def list_policy_versions(call: Call) -> dict[str, Any]:
    """A page of a managed policy's versions, newest first."""
    arn = call.request["PolicyArn"]
    aws = aws_policies.all_policies().get(arn)
    if aws is not None:
        return {"Versions": [_aws_version(aws)], "IsTruncated": False}
    db = call.db.read()
    rows = _versions(db, policy_of(db, call.account, arn))
    items, more = page(rows, call.request, lambda row: f"{2**31 - row['number']:010}")
    return {"Versions": [_version(row) for row in items], **more}


@operation("CreatePolicyVersion")
async def create_policy_version(call: Call) -> dict[str, Any]:
    """Add a version, and make it the one in force where the request says so."""
    arn = call.request["PolicyArn"]
    text = _text(call.request["PolicyDocument"])
    now = call.clock.now()

    def work(tx: Transaction) -> int:
        policy = policy_of(tx, call.account, arn)
        versions = _versions(tx, policy)
        if len(versions) >= _MOST_VERSIONS:
            raise limit_exceeded(
                f"A managed policy can have up to {_MOST_VERSIONS} versions. Before you create a new "
                "version, you must delete an existing version."
            )
        number: int = max(versions[0]["number"], policy.spec.get("LastVersion", 0)) + 1
        policy.spec["LastVersion"] = number  # numbers are never used again, even after a deletion
        policy.modified_at = now
        documents.update(tx, policy)
        version = {"policy": policy.id, "number": number, "document": text, "is_default": 0}
        tx.run(_ADD_VERSION, {**version, "created_at": now})
        if call.request.get("SetAsDefault"):
            _default(tx, policy, number)
        return number

    number = await call.db.write(work)
    default = bool(call.request.get("SetAsDefault"))
    return {"PolicyVersion": {"VersionId": f"v{number}", "IsDefaultVersion": default, "CreateDate": now}}


def _default(tx: Transaction, policy: Document, number: int) -> None:
    tx.run(
        "UPDATE iam_policy_versions SET is_default = CASE WHEN number = :number THEN 1 ELSE 0 END WHERE policy = :id",
        {"number": number, "id": policy.id},
    )


@operation("SetDefaultPolicyVersion")
async def set_default_policy_version(call: Call) -> dict[str, Any]:
    """Choose the version in force."""
    arn, version = call.request["PolicyArn"], call.request["VersionId"]

    def work(tx: Transaction) -> None:
        policy = policy_of(tx, call.account, arn)
        if _number(version) not in {row["number"] for row in _versions(tx, policy)}:
            raise _missing(arn, version)
        _default(tx, policy, _number(version))
        policy.modified_at = call.clock.now()
        documents.update(tx, policy)

    await call.db.write(work)
    return {}


@operation("DeletePolicyVersion")
async def delete_policy_version(call: Call) -> dict[str, Any]:
    """Delete a version that is not in force."""
    arn, version = call.request["PolicyArn"], call.request["VersionId"]

    def work(tx: Transaction) -> None:
        policy = policy_of(tx, call.account, arn)
        row = next((row for row in _versions(tx, policy) if row["number"] == _number(version)), None)
        if row is None:
            raise _missing(arn, version)
        if row["is_default"]:
            raise delete_conflict("Cannot delete the default version of a policy.")
        tx.run(
            "DELETE FROM iam_policy_versions WHERE policy = :id AND number = :number",
            {"id": policy.id, "number": row["number"]},
        )

    await call.db.write(work)
    return {}
