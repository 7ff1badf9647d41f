"""Requests that break their model, and what AWS says of them."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from botocore.model import ServiceModel

from salvia.core.errors import ServiceError
from salvia.protocol import SERVICES, models, validate
from salvia.protocol.patterns import compiled
from salvia.protocol.validation import checker
from salvia.protocol.violations import violations

MINIMAL: dict[str, Any] = {
    "TrainingJobName": "my-job",
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "image"},
    "RoleArn": "arn:aws:iam::123456789012:role/Role",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


def refusal(service: str, operation: str, params: dict[str, Any]) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        validate(models.operation(service, operation), params)
    return refused.value


def training(**changes: Any) -> str:
    error = refusal("sagemaker", "CreateTrainingJob", {**MINIMAL, **changes})
    assert (error.code, error.status) == ("ValidationException", 400)
    return error.message


def test_a_valid_request_passes() -> None:
    """The example of the CreateTrainingJob reference, reduced to what is required."""
    validate(models.operation("sagemaker", "CreateTrainingJob"), MINIMAL)


def test_a_pattern_is_quoted() -> None:
    """SageMaker's answer to a job name with an underscore."""
    assert training(TrainingJobName="my_job") == (
        "1 validation error detected: Value 'my_job' at 'trainingJobName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
    )


def test_what_is_missing_is_null() -> None:
    """Coral's sentence for a required member."""
    assert training(RoleArn=None) == (
        "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null"
    )


def test_an_enum_is_listed_in_the_models_order() -> None:
    """Coral's sentence for an enum."""
    message = training(AlgorithmSpecification={"TrainingInputMode": "Tape"})
    assert "Value 'Tape' at 'algorithmSpecification.trainingInputMode' failed" in message
    assert message.endswith("Member must satisfy enum value set: [Pipe, File, FastFile]")


def test_lengths_and_values_have_both_bounds() -> None:
    """Coral's sentences for length and range."""
    long = training(TrainingJobName="a" * 64)
    assert "Member must have length less than or equal to 63" in long
    assert "regular expression" not in long
    none = training(StoppingCondition={"MaxRuntimeInSeconds": 0})
    assert none.endswith(
        "Value '0' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1"
    )
    assert "Member must have length greater than or equal to 1" in refusal("iam", "GetRole", {"RoleName": ""}).message


def test_members_of_lists_are_counted_from_one() -> None:
    """Coral's paths: `inputDataConfig.1.member.channelName`."""
    message = training(InputDataConfig=[{"ChannelName": "b*d", "DataSource": {}}])
    assert "Value 'b*d' at 'inputDataConfig.1.member.channelName' failed" in message


def test_scalars_in_lists_and_maps_are_reported_by_their_holder() -> None:
    """SageMaker's answer to a hyperparameter that is too long names all constraints of the map's values."""
    message = training(HyperParameters={"k": "v" * 2501})
    assert " at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: [" in message
    assert "Member must have length less than or equal to 2500, Member must have length greater" in message
    keys = training(HyperParameters={"k" * 257: "v"})
    assert "Map keys must satisfy constraint: [Member must have length less than or equal to 256" in keys
    subnets = training(VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["not one!"]})
    assert (
        "Value '[not one!]' at 'vpcConfig.subnets' failed to satisfy constraint: "
        "Member must satisfy constraint: [" in subnets
    )


def test_all_violations_come_in_one_message() -> None:
    """`2 validation errors detected: …; …`, in the model's order."""
    message = training(TrainingJobName="_", RoleArn=None)
    assert message.startswith("2 validation errors detected: Value '_' at 'trainingJobName'")
    assert "; Value null at 'roleArn'" in message


def test_a_message_does_not_grow_without_bounds() -> None:
    """A thousand bad tags are reported as the first fifty; a long value is cut."""
    tags = training(Tags=[{"Key": "", "Value": "v"}] * 49 + [{"Key": "a" * 5000, "Value": "€"}])
    assert len(tags) < 20_000


@pytest.mark.parametrize("value", [7, True, ["a"], {"a": 1}, b"x"])
def test_a_value_of_the_wrong_type_is_refused(value: object) -> None:
    """Requests made inside Salvia do not pass a parser."""
    assert "at 'trainingJobName' failed to satisfy constraint: Member must be a string" in training(
        TrainingJobName=value
    )


def test_a_boolean_is_no_number() -> None:
    """Python takes True for 1."""
    assert "must be an integer" in training(StoppingCondition={"MaxRuntimeInSeconds": True})


def test_sensitive_values_are_not_repeated() -> None:
    """Model trait `sensitive`: an IAM password must not get into a message, nor from there into a log."""
    error = refusal("iam", "ChangePassword", {"OldPassword": "", "NewPassword": "s3cr3t" * 100})
    assert "s3cr3t" not in error.message
    assert "Value at 'newPassword' failed to satisfy constraint" in error.message


def test_a_union_has_exactly_one_member() -> None:
    """Model trait `union`."""
    name, shape, path = next(
        (operation, member, name)
        for operation in models.service("sagemaker").operation_names
        for name, member in models.operation("sagemaker", operation).input_shape.members.items()
        if member.type_name == "structure" and member.is_tagged_union
    )
    model = models.operation("sagemaker", name)
    found = [violation.sentence() for violation in violations(model.input_shape, {path: {}})]
    assert any("Member must have exactly one of its members set" in sentence for sentence in found)
    assert shape.is_tagged_union


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("iam", "GetRole", {}, "ValidationError"),
        ("sts", "AssumeRole", {"RoleArn": "x"}, "ValidationError"),
        ("logs", "CreateLogGroup", {"logGroupName": "*"}, "InvalidParameterException"),
        ("cloudwatch", "PutMetricData", {}, "ValidationError"),
        ("kms", "DescribeKey", {}, "ValidationException"),
        ("sagemaker_runtime", "InvokeEndpoint", {"EndpointName": "_"}, "ValidationError"),
    ],
)
def test_each_service_has_its_own_code(service: str, operation: str, params: dict[str, Any], code: str) -> None:
    """The services' API references, "Errors"; AWS's sentence is the same in all."""
    error = refusal(service, operation, params)
    assert error.code == code
    assert re.match(r"\d validation errors? detected: Value ", error.message)


@pytest.mark.parametrize(
    ("operation", "params", "code"),
    [
        ("CopyObject", {"Bucket": "b", "Key": "k"}, "InvalidRequest"),
        ("ListParts", {"Bucket": "b", "Key": "k"}, "InvalidArgument"),
        ("PutBucketTagging", {"Bucket": "b"}, "MissingRequestBodyError"),
        ("PutBucketTagging", {"Bucket": "b", "Tagging": {}}, "MalformedXML"),
        ("PutObject", {"Bucket": "b", "Key": "k", "StorageClass": "SHELF"}, "InvalidStorageClass"),
        ("ListObjects", {"Bucket": "b", "EncodingType": "x"}, "InvalidArgument"),
        (
            "CreateBucket",
            {"Bucket": "b", "CreateBucketConfiguration": {"LocationConstraint": "moon"}},
            "InvalidLocationConstraint",
        ),
    ],
)
def test_s3_refuses_in_its_own_words(operation: str, params: dict[str, Any], code: str) -> None:
    """S3 API reference, "Error responses"."""
    assert refusal("s3", operation, params).code == code


PATTERNS = sorted(
    {
        shape.metadata["pattern"]
        for service in SERVICES
        for shape in map(models.service(service).shape_for, models.service(service).shape_names)
        if "pattern" in shape.metadata
    }
)


def test_every_pattern_compiles() -> None:
    """Some thirty of the models' patterns are no regular expressions to Python as they stand."""
    for pattern in PATTERNS:
        compiled(pattern)


def test_no_pattern_takes_exponential_time() -> None:
    """Two of the models' do, and are replaced: 24 characters would cost them millions of steps."""
    units = ("a", "0", "-", "/", ".", " ", "a-", "a/", "a.", ":", "=", "A", "_")
    for pattern in PATTERNS:
        for start in ("", "a", "https://", "s3://", "arn:aws:iam::123456789012:"):
            for unit in units:
                began = time.process_time()
                compiled(pattern).fullmatch(start + (unit * 24)[:24] + "\0")
                assert time.process_time() - began < 0.1, pattern


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "Größe 1\u00a0é=中", "a!"),
        (r"([\p{L}\p{Z}\p{N}_.:\/=+\-@]*)${1,128}", "key", "a!"),
        (r"[\w-_]*", "a-_9", "a b"),
        (r"[ -\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\U0001f600\t", "\n"),
        (r"arn:[\p{Alnum}\-]+:.*", "arn:aws-cn:x", "arn:é:x"),
        (r"[\P{L}]+", "12!", "1a"),
        (r"\p{Lu}\p{Ll}*", "Ab", "ab"),
        (r"[\w]+", "abc_1", "é"),
        (r"[a-z[x]+", "a[x", "A"),
        (r"[]a]+", "]a", "b"),
        (r"a\z", "a", "a\n"),
        (r"^[^\s]+$", "a", "a\n"),
    ],
)
def test_javas_patterns_mean_the_same_here(pattern: str, good: str, bad: str) -> None:
    """java.util.regex.Pattern: categories, POSIX classes, ASCII \\w, surrogate pairs, matches()."""
    assert compiled(pattern).fullmatch(good)
    assert not compiled(pattern).fullmatch(bad)


def test_the_replaced_patterns_accept_what_the_models_do() -> None:
    """Both spellings, on what a user would write."""
    url = r"https://([.\-_a-zA-Z0-9]+/?){3,1016}"
    for text in (
        "https://github.com/a/b",
        "https://abc",
        "https://ab",
        "https://a//b",
        "https://",
        "http://abc",
    ):
        assert bool(compiled(url).fullmatch(text)) == bool(re.fullmatch(url, text))
    team = r"[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?"
    for text in ("team-a", "a", "-a", "a-", "A", "a--b", ""):
        assert bool(compiled(team).fullmatch(text)) == bool(re.fullmatch(team, text))


def test_shapes_may_contain_themselves() -> None:
    """Closures for a recursive shape are built once and check every level."""
    description = {
        "metadata": {"protocol": "json", "endpointPrefix": "x"},
        "operations": {"Op": {"name": "Op", "http": {}, "input": {"shape": "Node"}}},
        "shapes": {
            "Node": {"type": "structure", "members": {"Name": {"shape": "S"}, "Next": {"shape": "Nodes"}}},
            "Nodes": {"type": "list", "member": {"shape": "Node"}},
            "S": {"type": "string", "max": 1},
        },
    }
    model = ServiceModel(description, "recursive").operation_model("Op")
    assert checker(model)({"Next": [{"Next": [{"Name": "a"}]}]})
    with pytest.raises(ServiceError, match=r"at 'next.1.member.next.1.member.name' failed"):
        validate(model, {"Next": [{"Next": [{"Name": "ab"}]}]})
