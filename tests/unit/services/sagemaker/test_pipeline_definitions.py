"""Definitions of pipelines that are refused, each with what is said of it, and what follows from those that are not.

Sources: the guide, "Pipelines steps", "Pipelines parameters", "Caching Pipeline Steps", "Retry Policy for Pipeline
Steps"; API_CreatePipeline. AWS does not publish its sentences: that each mistake is found, and named, is the promise.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from salvia.core.errors import ServiceError
from salvia.services.sagemaker.pipeline import definition, policies, shapes
from salvia.services.sagemaker.pipeline.expressions import follow, path
from salvia.services.sagemaker.pipeline.making import child_name

Json = dict[str, Any]
ROLE = "arn:aws:iam::123456789012:role/R"
YES: Json = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}
TRAIN: Json = {
    "Name": "Train",
    "Type": "Training",
    "Arguments": {
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    },
}
PROCESS: Json = {
    "Name": "Process",
    "Type": "Processing",
    "Arguments": {
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": "image"},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        "ProcessingOutputConfig": {
            "Outputs": [
                {"OutputName": "o", "S3Output": {"S3Uri": "s3://b/o", "LocalPath": "/o", "S3UploadMode": "EndOfJob"}}
            ]
        },
    },
}
CALL: Json = {
    "Name": "Call",
    "Type": "Callback",
    "Arguments": {"a": 1},
    "SqsQueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/q",
    "OutputParameters": [{"OutputName": "rows", "OutputType": "Integer"}],
}
FILE = {"PropertyFileName": "F", "OutputName": "o", "FilePath": "f.json"}


def condition(name: str = "If", *conditions: Any, **more: Any) -> Json:
    arguments = {"Conditions": list(conditions) or [YES], "IfSteps": [], "ElseSteps": []}
    return {"Name": name, "Type": "Condition", "Arguments": {**arguments, **more.pop("arguments", {})}, **more}


def changed(step: Json, where: str, value: Any) -> Json:
    """A step with one thing changed; `...` removes it."""
    step = copy.deepcopy(step)
    *parents, last = where.split(".")
    at = step
    for parent in parents:
        at = at[parent]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return step


def uses(expression: Any) -> Json:
    """A Training step in which an expression stands."""
    return changed(TRAIN, "Arguments.RoleArn", expression)


def get(reference: Any) -> Json:
    return {"Get": reference}


def json_get(**members: Any) -> Json:
    return {"Std:JsonGet": members}


def whole(*steps: Any, **more: Any) -> Json:
    return {"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": list(steps), **more}


def with_parameter(**parameter: Any) -> Json:
    return whole(TRAIN, Parameters=[{"Name": "P", "Type": "String", **parameter}])


def retried(**policy: Any) -> Json:
    return whole({**TRAIN, "RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"], **policy}]})


def cached(**config: Any) -> Json:
    return whole({**TRAIN, "CacheConfig": config})


def deep(levels: int) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = [value]
    return value


LATER = (
    "Lambda Tuning AutoML QualityCheck ClarifyCheck EMR EMRServerless InferenceComponent Lineage "
    "ForEach Athena Cleanup Job"
)
REFUSED: list[tuple[Any, str]] = [
    # the whole
    ("", "not JSON"),
    ("{", "not JSON"),
    ([], "must be a JSON object"),
    ("null", "must be a JSON object"),
    (whole(TRAIN, Version="2021-01-01"), "Version must be 2020-12-01"),
    ({"Steps": [TRAIN]}, "Version must be 2020-12-01"),
    (whole(TRAIN, Extra=1), "'Extra', which a definition has not"),
    (whole(TRAIN, MlflowConfig=None), None),  # as version 3 of the SDK writes
    (whole(TRAIN, MlflowConfig={"MlflowResourceArn": "x"}), "no MLflow yet"),
    (whole(TRAIN, Metadata=[1]), "Metadata must be a JSON object"),
    (whole(), "one step at least"),
    (whole(TRAIN, Steps={}), "one step at least"),
    ({"Version": "2020-12-01"}, "one step at least"),
    (whole(TRAIN, PipelineExperimentConfig={"Name": "x"}), "PipelineExperimentConfig"),
    (whole(TRAIN, PipelineExperimentConfig="x"), "PipelineExperimentConfig"),
    (whole(TRAIN, PipelineExperimentConfig={"ExperimentName": get("Execution.X")}), "'Execution.X' is unknown"),
    (whole(TRAIN, PipelineExperimentConfig={"ExperimentName": get("Steps.Train.RoleArn")}), "no step 'Train'"),
    # parameters
    (whole(TRAIN, Parameters={}), None),
    (whole(TRAIN, Parameters={"a": 1}), "Parameters must be a list"),
    (whole(TRAIN, Parameters=[1]), "Parameters must be a list"),
    (whole(TRAIN, Parameters=[{"Name": f"P{n}", "Type": "String"} for n in range(201)]), "at most 200 parameters"),
    (with_parameter(Name="a b"), "letters, digits"),
    (with_parameter(Name=1), "letters, digits"),
    (with_parameter(Name=""), "letters, digits"),
    (with_parameter(Name="x" * 257), "256 at most"),
    (with_parameter(Type="Number"), "its Type is one of"),
    (with_parameter(Type=None), "its Type is one of"),
    (with_parameter(Extra=1), "'Extra', which a parameter has not"),
    (with_parameter(DefaultValue=1), "is not of type String"),
    (with_parameter(Type="Integer", DefaultValue="1"), "is not of type Integer"),
    (with_parameter(Type="Integer", DefaultValue=1.5), "is not of type Integer"),
    (with_parameter(Type="Integer", DefaultValue=True), "is not of type Integer"),
    (with_parameter(Type="Float", DefaultValue="x"), "is not of type Float"),
    (with_parameter(Type="Boolean", DefaultValue="true"), "is not of type Boolean"),
    (with_parameter(EnumValues=[]), "EnumValues are a list"),
    (with_parameter(EnumValues=[1]), "EnumValues are a list"),
    (with_parameter(EnumValues="a"), "EnumValues are a list"),
    (with_parameter(EnumValues=["a"], DefaultValue="b"), "none of its EnumValues"),
    (whole(TRAIN, Parameters=[{"Name": "P", "Type": "String"}] * 2), "two parameters are called 'P'"),
    # steps
    (whole(1), "each step must be a JSON object"),
    (whole("x"), "each step must be a JSON object"),
    (whole({**TRAIN, "Name": "a b"}), "a step's Name"),
    (whole({**TRAIN, "Name": ""}), "a step's Name"),
    (whole({**TRAIN, "Name": "x" * 65}), "64 at most"),
    (whole(changed(TRAIN, "Name", ...)), "a step's Name"),
    (whole({**TRAIN, "Type": "Train"}), "there is no type 'Train'"),
    (whole(changed(TRAIN, "Type", ...)), "there is no type None"),
    (whole(changed(TRAIN, "Arguments", ...)), "needs Arguments"),
    (whole({**TRAIN, "Arguments": []}), "needs Arguments"),
    (whole({**TRAIN, "Extra": 1}), "'Extra', which a step has not"),
    (whole({**TRAIN, "DisplayName": 1}), "DisplayName is a string"),
    (whole({**TRAIN, "DisplayName": "x" * 257}), "at most 256"),
    (whole({**TRAIN, "Description": "x" * 3073}), "at most 3072"),
    (whole(TRAIN, TRAIN), "two steps are called 'Train'"),
    (whole(TRAIN, condition(arguments={"IfSteps": [TRAIN]})), "two steps are called 'Train'"),
    *(
        (whole({"Name": "S", "Type": kind, "Arguments": {}}), f"is of type {kind}: Salvia has no")
        for kind in LATER.split()
    ),
    (whole(condition(arguments={"ElseSteps": [{"Name": "S", "Type": "EMR", "Arguments": {}}]})), "is of type EMR"),
    # types that cannot be looked up
    (whole({**TRAIN, "Type": []}), "there is no type None"),
    (with_parameter(Type={}), "its Type is one of"),
    (whole(condition("If", {"Type": []})), "no condition of Type 'None'"),
    (retried(ExceptionType=[[]]), "ExceptionType is a list of"),
    (whole(uses({"Get": {}})), "Get needs a string"),
    (whole(uses(get("Steps"))), "unknown"),
    (whole(uses(get("Steps."))), "is no path"),
    (whole({**PROCESS, "Arguments": {"ProcessingOutputConfig": []}, "PropertyFiles": [FILE]}), "no output of it"),
    # dependencies
    (whole({**TRAIN, "DependsOn": ["Nowhere"]}), "depends on 'Nowhere'"),
    (whole({**TRAIN, "DependsOn": "Train"}), "list of names"),
    (whole({**TRAIN, "DependsOn": [1]}), "list of names"),
    (whole({**TRAIN, "DependsOn": ["Train"]}), "cyclic dependency"),
    (whole({**TRAIN, "DependsOn": ["Process"]}, {**PROCESS, "DependsOn": ["Train"]}), "cyclic dependency"),
    (whole({**uses(get("Steps.Process.RoleArn"))}, {**PROCESS, "DependsOn": ["Train"]}), "cyclic dependency"),
    (whole(condition(arguments={"IfSteps": [TRAIN]}, DependsOn=["Train"])), "cyclic dependency"),
    # arguments
    (whole(changed(TRAIN, "Arguments.RoleArn", ...)), "lacks RoleArn"),
    (whole(changed(TRAIN, "Arguments.RoleArn", 1)), "Arguments.RoleArn must be a string"),
    (whole(changed(TRAIN, "Arguments.RoleArn", None)), "lacks RoleArn"),
    (whole(changed(TRAIN, "Arguments.HyperParameters", {"a": None})), "must be a string"),
    (whole(changed(TRAIN, "Arguments.Environment", None)), None),
    (whole(changed(TRAIN, "Arguments.Extra", 1)), "'Extra', which CreateTrainingJobRequest has not"),
    (whole(changed(TRAIN, "Arguments.ResourceConfig.InstanceCount", "1")), "InstanceCount must be an integer"),
    (whole(changed(TRAIN, "Arguments.ResourceConfig.InstanceCount", True)), "InstanceCount must be an integer"),
    (whole(changed(TRAIN, "Arguments.ResourceConfig", [])), "ResourceConfig must be a JSON object"),
    (whole(changed(TRAIN, "Arguments.HyperParameters", [])), "HyperParameters must be a JSON object"),
    (whole(changed(TRAIN, "Arguments.HyperParameters", {"a": 1})), "HyperParameters['a'] must be a string"),
    (whole(changed(TRAIN, "Arguments.InputDataConfig", {})), "InputDataConfig must be a list"),
    (whole(changed(TRAIN, "Arguments.InputDataConfig", [{}])), "InputDataConfig[0] lacks ChannelName"),
    (whole(changed(TRAIN, "Arguments.EnableManagedSpotTraining", "no")), "must be true or false"),
    (whole(changed(PROCESS, "Arguments.AppSpecification.Image", "x")), "'Image', which AppSpecification has not"),
    (whole({"Name": "F", "Type": "Fail", "Arguments": {}}), "an ErrorMessage"),
    (whole({"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": "x", "Y": 1}}), "an ErrorMessage"),
    # conditions
    (whole(condition(arguments={"Conditions": []})), "one condition at least"),
    (whole(condition(arguments={"Conditions": YES})), "one condition at least"),
    (whole(condition(arguments={"IfSteps": {"a": 1}})), "IfSteps must be a list"),
    (whole(condition(arguments={"Extra": 1})), "'Extra', which a Condition step has not"),
    (whole(condition("If", "yes")), "a condition is a JSON object"),
    (whole(condition("If", {"Type": "Like"})), "no condition of Type 'Like'"),
    (whole(condition("If", {"LeftValue": 1, "RightValue": 1})), "no condition of Type 'None'"),
    (whole(condition("If", {"Type": "Equals", "LeftValue": 1})), "needs RightValue"),
    (whole(condition("If", {"Type": "In", "QueryValue": 1})), "needs Values"),
    (whole(condition("If", {"Type": "In", "QueryValue": 1, "Values": []})), "a list that is not empty"),
    (whole(condition("If", {"Type": "Not"})), "needs Condition"),
    (whole(condition("If", {"Type": "Not", "Condition": {"Type": "X"}})), "no condition of Type 'X'"),
    (whole(condition("If", {"Type": "Or", "Conditions": []})), "a list that is not empty"),
    (whole(condition("If", {"Type": "Or", "Conditions": [YES, {"Type": "X"}]})), "no condition of Type 'X'"),
    # expressions
    (whole(uses(get(1))), "Get needs a string"),
    (whole(uses(get("Parameters.X"))), "no parameter 'X'"),
    (whole(uses(get("Execution.Nothing"))), "'Execution.Nothing' is unknown"),
    (whole(uses(get("Nothing.X"))), "begins with Parameters, Execution or Steps"),
    (whole(uses(get("Steps.Nowhere.X"))), "no step 'Nowhere'"),
    (whole(uses(get("Steps.Process")), PROCESS), "shows no such property"),
    (whole(uses(get("Steps.Process.Nothing")), PROCESS), "DescribeProcessingJob shows no such property"),
    (whole(uses(get("Steps.Process.RoleArn.X")), PROCESS), "shows no such property"),
    (whole(uses(get("Steps.Process.RoleArn[")), PROCESS), "is no path"),
    (whole(uses(get("Steps.Process.PropertyFiles.F")), PROCESS), "no such property file"),
    (whole(uses(get("Steps.If.Result")), condition()), "a Condition step has no such property"),
    (whole(uses(get("Steps.F.X")), {"Name": "F", "Type": "Fail", "Arguments": {"ErrorMessage": ""}}), "a Fail step"),
    (whole(uses({"Std:Join": "x"})), "Std:Join needs a JSON object"),
    (whole(uses({"Std:Join": {"On": "/"}})), "Values, a list"),
    (whole(uses({"Std:Join": {"On": 1, "Values": []}})), "the On of Std:Join"),
    (whole(uses({"Std:Join": {"Values": [get("Parameters.X")]}})), "no parameter 'X'"),
    (whole(uses(json_get(Path="a"))), "either a PropertyFile or an S3Uri"),
    (whole(uses(json_get(S3Uri="s3://b/k"))), "has a Path"),
    (whole(uses(json_get(S3Uri="s3://b/k", Path=""))), "a path is empty"),
    (whole(uses(json_get(S3Uri="s3://b/k", Path=1))), "the Path of Std:JsonGet"),
    (whole(uses(json_get(PropertyFile="F", Path="a"))), "the PropertyFile of Std:JsonGet"),
    (whole(uses(json_get(PropertyFile=get("Steps.Process.PropertyFiles.F"), Path="a")), PROCESS), "no such property"),
    (whole(uses(deep(150))), "nested deeper than 100"),
    (whole(condition("If", {"Type": "Equals", "LeftValue": deep(150), "RightValue": 1})), "nested deeper than 100"),
    (whole(TRAIN, PipelineExperimentConfig={"ExperimentName": deep(150)}), "PipelineExperimentConfig"),
    # property files
    (whole({**TRAIN, "PropertyFiles": [FILE]}), "only Processing steps"),
    # callbacks
    (whole(uses(get("Steps.Call.OutputParameters['rows']")), CALL), None),
    (whole({**CALL, "SqsQueueUrl": get("Parameters.Q")}, Parameters=[{"Name": "Q", "Type": "String"}]), None),
    (whole(uses(get("Steps.Call.OutputParameters['lines']")), CALL), "no such output among its OutputParameters"),
    (whole(uses(get("Steps.Call.Arguments")), CALL), "no such output among its OutputParameters"),
    (whole({**CALL, "SqsQueueUrl": get("Parameters.Q")}), "no parameter 'Q'"),
    (whole(changed(CALL, "SqsQueueUrl", ...)), "SqsQueueUrl is the URL of a queue"),
    (whole(changed(CALL, "OutputParameters", {})), None),
    (whole(changed(CALL, "OutputParameters", ["rows"])), "OutputParameters are a list"),
    (whole(changed(CALL, "OutputParameters", [{"OutputName": "a"}])), "has an OutputName"),
    (
        whole(changed(CALL, "OutputParameters", [{"OutputName": "a", "OutputType": "List"}])),
        "OutputType of 'a' is one of String, Integer, Float, Boolean, and not 'List'",
    ),
    (whole(changed(CALL, "OutputParameters", 2 * CALL["OutputParameters"])), "each OutputName must be unique"),
    (whole({**TRAIN, "SqsQueueUrl": "x"}), "'SqsQueueUrl', which a step has not"),
    (whole({**CALL, "CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}), "a Callback step cannot be cached"),
    (
        whole({**CALL, "RetryPolicies": [{"ExceptionType": ["Step.THROTTLING"]}]}),
        "a Callback step cannot have RetryPolicies",
    ),
    (whole({**PROCESS, "PropertyFiles": FILE}), "PropertyFiles are a list"),
    (whole({**PROCESS, "PropertyFiles": [{}]}), "PropertyFiles are a list"),
    (whole({**PROCESS, "PropertyFiles": [{**FILE, "FilePath": 1}]}), "PropertyFiles are a list"),
    (whole({**PROCESS, "PropertyFiles": [FILE, FILE]}), "PropertyFileName must be unique"),
    (whole({**PROCESS, "PropertyFiles": [{**FILE, "OutputName": "x"}]}), "in no output of it: 'x'"),
    # retries and caching
    (retried(ExceptionType=["Step.X"]), "ExceptionType is a list of"),
    (retried(ExceptionType="Step.THROTTLING"), "ExceptionType is a list of"),
    (retried(ExceptionType=[]), "ExceptionType is a list of"),
    (retried(MaxAttempts=1, ExpireAfterMin=1), "not both"),
    (retried(MaxAttempts=21), "MaxAttempts is a number from 0 to 20"),
    (retried(MaxAttempts="1"), "MaxAttempts is a number"),
    (retried(ExpireAfterMin=14401), "ExpireAfterMin is a number from 0 to 14400"),
    (retried(IntervalSeconds=43201), "IntervalSeconds is a number from 0 to 43200"),
    (retried(BackoffRate=-1), "BackoffRate is a number"),
    (retried(Extra=1), "no 'Extra'"),
    (whole({**TRAIN, "RetryPolicies": {"a": 1}}), "RetryPolicies are a list"),
    (whole(condition(RetryPolicies=[{}])), "a Condition step cannot have RetryPolicies"),
    (cached(Enabled="yes"), "CacheConfig has Enabled"),
    (cached(), "CacheConfig has Enabled"),
    (cached(Enabled=True), "duration of ISO 8601"),
    (cached(Enabled=True, ExpireAfter="P"), "duration of ISO 8601"),
    (cached(Enabled=True, ExpireAfter="soon"), "duration of ISO 8601"),
    (cached(Enabled=True, ExpireAfter=5), "duration of ISO 8601"),
    (whole(condition(CacheConfig={"Enabled": True, "ExpireAfter": "P1D"})), "a Condition step cannot be cached"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=range(len(REFUSED)))
def test_a_malformed_definition_is_refused(text: Any, why: str | None) -> None:
    """With a sentence that names the step, or the parameter, and the mistake."""
    written = text if isinstance(text, str) else json.dumps(text)
    if why is None:  # empty is as good as left out
        definition.check(written, 50)
        return
    with pytest.raises(ServiceError) as caught:
        definition.check(written, 50)
    assert caught.value.code == "ValidationException"
    assert caught.value.message.startswith("Unable to parse pipeline definition. ")
    assert why.lower() in caught.value.message.lower(), caught.value.message


def test_the_table_is_long() -> None:
    assert sum(why is not None for _, why in REFUSED) >= 100


def test_steps_come_after_what_they_need() -> None:
    """Ten thousand of them, in a chain that is written backwards, in a moment: nothing is quadratic."""
    count = 10_000
    steps = [condition(f"S{n}", DependsOn=[f"S{n - 1}"] if n else []) for n in reversed(range(count))]
    graph = definition.check(json.dumps(whole(*steps)), count)
    assert list(graph.steps) == [f"S{n}" for n in range(count)]
    with pytest.raises(ServiceError) as caught:
        definition.check(json.dumps(whole(*steps)), count - 1)
    assert caught.value.code == "ResourceLimitExceeded"


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        ("PT1H", 3600),
        ("30d", 30 * 86_400),
        ("5y", 5 * 365 * 86_400),
        ("T16m", 960),
        ("30dT5h", 30 * 86_400 + 5 * 3600),
        ("P1M", 30 * 86_400),
        ("P2W", 14 * 86_400),
        ("T", None),
        ("PT5S", None),
        ("1h", None),
    ],
)
def test_durations(duration: str, seconds: float | None) -> None:
    """The guide's own examples, and ISO 8601's; years to minutes."""
    assert policies.seconds(duration) == seconds


def _step(*retry: Json) -> definition.Step:
    return definition.Step("Train", "Training", {**TRAIN, "RetryPolicies": list(retry)})


def test_retries() -> None:
    """The guide, "Retry Policy for Pipeline Steps": faults of the service and throttling by default, five times, a
    second at first, twice as long each time; by a policy otherwise, until its attempts, or its minutes, are over."""
    default = [policies.delay(_step(), policies.THROTTLING, failures, 0, 0) for failures in range(1, 7)]
    assert default == [1, 2, 4, 8, 16, None]
    assert policies.delay(_step(), policies.INTERNAL, 1, 0, 0) is None
    by = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 10, "BackoffRate": 3, "MaxAttempts": 2}
    assert [policies.delay(_step(by), policies.INTERNAL, n, 0, 0) for n in (1, 2, 3)] == [10, 30, None]
    minutes = {"ExceptionType": ["SageMaker.JOB_CAPACITY_ERROR"], "ExpireAfterMin": 5}
    assert policies.delay(_step(minutes), policies.CAPACITY, 50, 0, 299) is not None
    assert policies.delay(_step(minutes), policies.CAPACITY, 1, 0, 300) is None
    never = {"ExceptionType": ["Step.SERVICE_FAULT"], "MaxAttempts": 0}
    assert policies.delay(_step(never), policies.SERVICE_FAULT, 1, 0, 0) is None


def test_paths() -> None:
    """Properties of lists are found by number, or by name, as the SDKs write them."""
    value = {"a": [{"OutputName": "x", "b": 1}, {"OutputName": "y", "b": 2}], "c d": {"e": 3}}
    for text, expected in (("a[1].b", 2), ("a['x'].b", 1), ("['c d'].e", 3), ("$.a[0].b", 1), ("$['c d']['e']", 3)):
        assert follow(value, path(text), text) == expected
    for text in ("a[2]", "a['z']", "b", "a[0].b.c"):
        with pytest.raises(ValueError, match="leads nowhere"):
            follow(value, path(text), text)


def test_names_of_children() -> None:
    """`pipelines-EXECUTION-STEP-…`, lower case, at most 63 characters, the same for the same attempt."""
    name = child_name("abcdefghijkl", "My_long-" + "x" * 60, 1)
    assert name.startswith("pipelines-abcdefghijkl-my-long-xxx")
    assert len(name) == 63
    assert name == child_name("abcdefghijkl", "My_long-" + "x" * 60, 1)
    assert name != child_name("abcdefghijkl", "My_long-" + "x" * 60, 2)
    assert child_name("abcdefghijkl", "S", 1, "mine").startswith("mine-abcdefghijkl-")


def test_numbers_become_text_where_a_string_is_wanted() -> None:
    """Version 3 of the SDK writes {"Get": "Parameters.Rounds"} into HyperParameters: a map of strings in the model."""
    given = {"HyperParameters": {"a": 1, "b": True, "c": 0.5, "d": "x"}, "ResourceConfig": {"InstanceCount": 2}}
    expected = {
        "HyperParameters": {"a": "1", "b": "true", "c": "0.5", "d": "x"},
        "ResourceConfig": {"InstanceCount": 2},
    }
    assert shapes.fitted("CreateTrainingJob", given) == expected
