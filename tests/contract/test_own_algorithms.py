"""Algorithms of one's own, through boto3: kept, trained with, validated by jobs of their own, refused.

Expectations without another source: API_CreateAlgorithm and what it is made of; developer guide, "Create an Algorithm
Resource", "Use an Algorithm to Run a Training Job".
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.algorithms import ARN, CODE, INFERENCE, TRAINING, channel, created, encoded, ended, profile, without
from tests.conftest import PROBE, ROLE, Jobs, eventually
from tests.transforms import Transforms

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def transforms(jobs: Jobs) -> Transforms:
    """Objects to train and to transform."""
    made = Transforms(jobs.server)
    made.s3.put_object(Bucket=made.bucket, Key="train/rows.csv", Body=b"1\n2\n")
    return made


def refused(call: Any, **request: Any) -> str:
    """What a call is refused with, a ValidationException."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    return caught.value.response["Error"]["Message"]


def trained(jobs: Jobs, transforms: Transforms, algorithm: str, **more: Any) -> str:
    """The name of a job of an algorithm. `AlgorithmSpecification` adds to that structure."""
    specification = {"AlgorithmName": algorithm, "TrainingInputMode": "File", **more.pop("AlgorithmSpecification", {})}
    more = {"InputDataConfig": [channel(transforms)], **more}
    return jobs.start(CODE, AlgorithmSpecification=specification, **more)


def test_an_algorithm_is_kept_listed_tagged_and_deleted(transforms: Transforms) -> None:
    """Describe echoes the request, by name or ARN; without a validation profile there is nothing to wait for."""
    sagemaker = transforms.sagemaker
    tags = [{"Key": "team", "Value": "blue"}]
    more = {"AlgorithmDescription": "counts", "InferenceSpecification": INFERENCE, "CertifyForMarketplace": False}
    names = [created(transforms, Tags=tags, **more) for _ in range(3)]
    described = sagemaker.describe_algorithm(AlgorithmName=names[0])
    assert described["TrainingSpecification"] == TRAINING
    assert described["InferenceSpecification"] == INFERENCE
    assert described["AlgorithmDescription"] == "counts"
    assert described["AlgorithmStatus"] == "Completed"
    assert described["AlgorithmStatusDetails"] == {"ValidationStatuses": []}
    assert sagemaker.describe_algorithm(AlgorithmName=ARN + names[0])["AlgorithmName"] == names[0]
    assert sagemaker.list_tags(ResourceArn=ARN + names[0])["Tags"] == tags
    sagemaker.add_tags(ResourceArn=ARN + names[0], Tags=[{"Key": "cost", "Value": "1"}])
    assert len(sagemaker.list_tags(ResourceArn=ARN + names[0])["Tags"]) == 2
    pages = sagemaker.get_paginator("list_algorithms").paginate(
        NameContains=transforms.bucket[-6:],
        CreationTimeAfter=described["CreationTime"],
        SortBy="Name",
        SortOrder="Ascending",
        PaginationConfig={"PageSize": 2},
    )
    listed = [[one["AlgorithmName"] for one in page["AlgorithmSummaryList"]] for page in pages]
    assert listed == [names[:2], names[2:]]
    (last,) = sagemaker.list_algorithms(MaxResults=1, NameContains=names[2])["AlgorithmSummaryList"]
    assert without(last, "CreationTime") == {
        "AlgorithmName": names[2],
        "AlgorithmArn": ARN + names[2],
        "AlgorithmDescription": "counts",
        "AlgorithmStatus": "Completed",
    }
    assert "already existing algorithm" in refused(
        sagemaker.create_algorithm, AlgorithmName=names[0], TrainingSpecification=TRAINING
    )
    sagemaker.delete_algorithm(AlgorithmName=names[0])
    assert "Could not find algorithm" in refused(sagemaker.describe_algorithm, AlgorithmName=names[0])
    assert "Could not find algorithm" in refused(sagemaker.delete_algorithm, AlgorithmName=names[0])


def test_a_job_gets_what_its_algorithm_brings(jobs: Jobs, transforms: Transforms) -> None:
    """Its image, metrics and defaults; the description names the algorithm as the request did, and no image. Deleting
    the algorithm does the job no harm."""
    algorithm = created(transforms)
    name = trained(jobs, transforms, ARN + algorithm)
    jobs.sagemaker.delete_algorithm(AlgorithmName=algorithm)
    job = jobs.ended(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["AlgorithmSpecification"]["AlgorithmName"] == ARN + algorithm
    assert "TrainingImage" not in job["AlgorithmSpecification"]
    assert job["AlgorithmSpecification"]["MetricDefinitions"] == TRAINING["MetricDefinitions"]
    assert job["HyperParameters"] == {"code": encoded(CODE), "rounds": "5"}
    assert [(one["MetricName"], one["Value"]) for one in job["FinalMetricDataList"]] == [("loss", 0.25)]
    assert "Could not find algorithm" in refused(lambda **request: trained(jobs, transforms, algorithm))


def test_what_an_algorithm_does_not_support_is_refused(jobs: Jobs, transforms: Transforms) -> None:
    """Before a job begins, and everything at once."""
    algorithm = created(transforms)

    def said(**more: Any) -> str:
        return refused(lambda **request: trained(jobs, transforms, algorithm, **more))

    code = {"code": encoded(CODE)}
    place = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    assert "either a TrainingImage or an AlgorithmName" in said(AlgorithmSpecification={"TrainingImage": PROBE})
    assert said(HyperParameters={"round": "2"}) == (
        "The algorithm does not support this: Extraneous hyperparameter found: round. Did you mean rounds?; "
        "Missing required hyperparameter: code."
    )
    assert "found: sagemaker_program" in said(HyperParameters={**code, "sagemaker_program": "mine.py"})
    assert "Hyperparameter rounds: 11 is not in [1, 10]" in said(HyperParameters={**code, "rounds": "11"})
    assert "could not parse value '2.5' as Integer" in said(HyperParameters={**code, "rounds": "2.5"})
    assert "it requires the channel 'train'" in said(InputDataConfig=[channel(transforms, "test")])
    assert "it has no channel 'more', but train or test" in said(
        InputDataConfig=[channel(transforms), channel(transforms, "more")]
    )
    assert "the input mode is Pipe, not File or FastFile" in said(AlgorithmSpecification={"TrainingInputMode": "Pipe"})
    assert "channel 'test': the input mode is FastFile, not File" in said(
        InputDataConfig=[channel(transforms), channel(transforms, "test", InputMode="FastFile")]
    )
    assert "the ContentType is text/plain, not text/csv" in said(
        InputDataConfig=[channel(transforms, ContentType="text/plain")]
    )
    assert "CompressionType Gzip" in said(InputDataConfig=[channel(transforms, CompressionType="Gzip")])
    assert "2 instances; it has no distributed training" in said(ResourceConfig={**place, "InstanceCount": 2})
    groups = [
        {"InstanceType": kind, "InstanceCount": 1, "InstanceGroupName": kind[3:5]}
        for kind in ("ml.m5.large", "ml.c5.xlarge")
    ]
    told = said(ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 1})
    assert "the instance type ml.c5.xlarge; it runs on ml.m5.large, ml.m5.xlarge; 2 instances" in told


def test_the_documented_example_works_as_it_stands(jobs: Jobs) -> None:
    """docs/algorithms.md, "Algorithms of your own"."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "algorithms.md").read_text(), re.DOTALL)
    block = next(block for block in blocks if "create_algorithm" in block)
    jobs.server.salvia("exec", "--", sys.executable, "-c", block)
    assert jobs.sagemaker.describe_algorithm(AlgorithmName="churn")["AlgorithmStatus"] == "Completed"


def changed(**more: Any) -> dict[str, Any]:
    return {**TRAINING, **more}


def hyperparameter(kind: str, own: str = "", **more: Any) -> dict[str, Any]:
    bounds = {"Values": ["a", "b"]} if own == "Categorical" else {"MinValue": "1", "MaxValue": "3"}
    ranges = {"Range": {f"{own}ParameterRangeSpecification": bounds}} if own else {}
    return changed(SupportedHyperParameters=[{"Name": "x", "Type": kind, **ranges, **more}])


@pytest.mark.parametrize(
    ("training", "says"),
    [
        (changed(TrainingImage=f"{PROBE[:-12]}nobody:1"), "No image is known for"),
        (changed(TrainingImageDigest="sha256:" + 64 * "0"), "cannot do this yet: TrainingSpecification.TrainingImageD"),
        (changed(SupportedTrainingInstanceTypes=[]), "SupportedTrainingInstanceTypes is empty"),
        (changed(TrainingChannels=TRAINING["TrainingChannels"][:1] * 2), "'train' is there twice"),
        (changed(MetricDefinitions=[]), "SupportedTuningJobObjectiveMetrics: 'loss' is none of MetricDefinitions"),
        (changed(SupportedHyperParameters=TRAINING["SupportedHyperParameters"] * 2), "'code' is there twice"),
        (hyperparameter("Integer", "Continuous"), "the type Integer has a Range of IntegerParameterRangeSpecification"),
        (hyperparameter("FreeText", "Categorical"), "the type FreeText has no Range"),
        (hyperparameter("Categorical", "Categorical", DefaultValue="c"), "x: c is not in ['a', 'b']"),
        (hyperparameter("Integer", "Integer", DefaultValue="4"), "its default is not allowed"),
        (
            hyperparameter("Integer", Range={"IntegerParameterRangeSpecification": {"MinValue": "3", "MaxValue": "1"}}),
            "its range is empty: [3, 1]",
        ),
        (
            hyperparameter(
                "Continuous", Range={"ContinuousParameterRangeSpecification": {"MinValue": "low", "MaxValue": "1"}}
            ),
            "'low' is no number",
        ),
    ],
)
def test_a_training_specification_that_contradicts_itself_is_refused(
    transforms: Transforms, training: dict[str, Any], says: str
) -> None:
    assert says in refused(
        transforms.sagemaker.create_algorithm, AlgorithmName="contradictory", TrainingSpecification=training
    )


def test_what_there_is_not_is_refused(transforms: Transforms) -> None:
    """No marketplace, no pipeline as an algorithm's inference; jobs of a profile must be such as the algorithm runs."""

    def said(**more: Any) -> str:
        request = {"AlgorithmName": "refused", "TrainingSpecification": TRAINING, **more}
        return refused(transforms.sagemaker.create_algorithm, **request)

    assert "there is no marketplace here" in said(CertifyForMarketplace=True)
    containers = INFERENCE["Containers"]
    assert "of several containers" in said(InferenceSpecification={"Containers": containers * 2})
    given = [{**containers[0], "ModelDataUrl": "s3://b/k"}]
    assert "InferenceSpecification.Containers: ModelDataUrl" in said(InferenceSpecification={"Containers": given})
    assert "its container needs an Image" in said(InferenceSpecification={"Containers": [{}]})
    nobody = [{"Image": f"{PROBE[:-12]}nobody:1"}]
    assert "No image is known for" in said(InferenceSpecification={"Containers": nobody})
    both = profile(transforms, CODE, transform=True)
    assert "needs an InferenceSpecification" in said(ValidationSpecification=both)
    other = {**INFERENCE, "SupportedContentTypes": ["application/json"]}
    assert "the ContentType is text/csv; SupportedContentTypes has application/json" in said(
        ValidationSpecification=both, InferenceSpecification=other
    )
    only = changed(SupportedHyperParameters=[])
    assert "Extraneous hyperparameter found: code" in said(
        TrainingSpecification=only, ValidationSpecification=profile(transforms, CODE)
    )
    stranger = profile(transforms, CODE, role="arn:aws:iam::123456789012:role/nobody")
    assert "Could not assume role" in said(ValidationSpecification=stranger)


def test_validation_runs_real_jobs(jobs: Jobs, transforms: Transforms) -> None:
    """A training job, a model of what it made, a transform job with that: the algorithm is Completed once all are."""
    sagemaker = transforms.sagemaker
    validation = profile(transforms, CODE, transform=True)
    name = created(transforms, InferenceSpecification=INFERENCE, ValidationSpecification=validation)
    first = sagemaker.describe_algorithm(AlgorithmName=name)
    assert first["AlgorithmStatus"] in {"Pending", "InProgress"}
    assert first["ValidationSpecification"] == validation
    told = refused(lambda **request: trained(jobs, transforms, name))
    assert f"{ARN}{name} cannot be used: its AlgorithmStatus is" in told
    found = ended(transforms, name)
    assert found["AlgorithmStatusDetails"]["ValidationStatuses"] == [{"Name": "first", "Status": "Completed"}]
    assert found["AlgorithmStatus"] == "Completed"
    (summary,) = sagemaker.list_training_jobs(NameContains=f"{name}-")["TrainingJobSummaries"]
    job = jobs.describe(summary["TrainingJobName"])
    assert job["RoleArn"] == ROLE
    assert job["HyperParameters"]["rounds"] == "5"
    assert [one["MetricName"] for one in job["FinalMetricDataList"]] == ["loss"]
    (summary,) = sagemaker.list_transform_jobs(NameContains=f"{name}-")["TransformJobSummaries"]
    transform = transforms.describe(summary["TransformJobName"])
    model = sagemaker.describe_model(ModelName=transform["ModelName"])
    assert model["PrimaryContainer"]["ModelDataUrl"] == job["ModelArtifacts"]["S3ModelArtifacts"]
    scored = transforms.s3.get_object(Bucket=transforms.bucket, Key="scored/rows.csv.out")["Body"].read()
    assert scored == b"+1\n+2\n"
    assert jobs.ended(trained(jobs, transforms, name))["TrainingJobStatus"] == "Completed"


def test_a_package_takes_how_it_serves_from_an_algorithm(transforms: Transforms) -> None:
    """API_SourceAlgorithm: the algorithm's InferenceSpecification, with the data of the model that it made."""
    sagemaker, package = transforms.sagemaker, transforms.name("package")
    algorithm, silent = created(transforms, InferenceSpecification=INFERENCE), created(transforms)
    url = f"s3://{transforms.bucket}/model.tar.gz"

    def source(**one: str) -> dict[str, Any]:
        return {"ModelPackageName": package, "SourceAlgorithmSpecification": {"SourceAlgorithms": [one]}}

    create = sagemaker.create_model_package
    assert "has no InferenceSpecification" in refused(create, **source(AlgorithmName=silent, ModelDataUrl=url))
    assert "needs the ModelDataUrl or ModelDataSource" in refused(create, **source(AlgorithmName=algorithm))
    assert "names no object of S3" in refused(create, **source(AlgorithmName=algorithm, ModelDataUrl="s3://b/"))
    given = source(AlgorithmName=ARN + algorithm, ModelDataUrl=url)
    assert "Only one of" in refused(create, **given, InferenceSpecification=INFERENCE)
    create(**given)
    described = sagemaker.describe_model_package(ModelPackageName=package)
    (container,) = described["InferenceSpecification"]["Containers"]
    assert container == {**INFERENCE["Containers"][0], "ModelDataUrl": url}
    assert described["SourceAlgorithmSpecification"] == given["SourceAlgorithmSpecification"]
    model = transforms.name("model")
    sagemaker.create_model(ModelName=model, PrimaryContainer={"ModelPackageName": package}, ExecutionRoleArn=ROLE)
    assert transforms.done(transforms.put(one=b"1\n"), model) == {"one.out": b"+1\n"}


def test_a_packages_validation_is_a_real_job(transforms: Transforms) -> None:
    """API_ModelPackageValidationSpecification: "a batch transform job that SageMaker runs to validate" the package.

    A version that is being validated, or has failed, becomes no model.
    """
    sagemaker, group = transforms.sagemaker, transforms.name("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    serves = {**INFERENCE["Containers"][0], "ModelDataUrl": f"s3://{transforms.bucket}/model.tar.gz"}
    (given,) = profile(transforms, CODE, transform=True)["ValidationProfiles"]

    def version(**more: Any) -> str:
        one = {**without(given, "TrainingJobDefinition"), **more}
        arn = sagemaker.create_model_package(
            ModelPackageGroupName=group,
            InferenceSpecification={**INFERENCE, "Containers": [serves]},
            ValidationSpecification={"ValidationRole": ROLE, "ValidationProfiles": [one]},
            ModelApprovalStatus="Approved",
        )["ModelPackageArn"]
        return str(arn)

    def verdict(arn: str) -> dict[str, Any]:
        done = {"Completed", "Failed"}
        look = sagemaker.describe_model_package
        return eventually(lambda: (d := look(ModelPackageName=arn))["ModelPackageStatus"] in done and d, 60)

    def model(arn: str) -> dict[str, Any]:
        return {
            "ModelName": transforms.name("model"),
            "PrimaryContainer": {"ModelPackageName": arn},
            "ExecutionRoleArn": ROLE,
        }

    good = version()
    assert "has the ModelPackageStatus" in refused(sagemaker.create_model, **model(good))
    found = verdict(good)
    assert found["ModelPackageStatusDetails"]["ValidationStatuses"] == [{"Name": "first", "Status": "Completed"}]
    assert found["ModelPackageStatus"] == "Completed"
    (job,) = sagemaker.list_transform_jobs(NameContains=f"{group}-")["TransformJobSummaries"]
    assert job["TransformJobStatus"] == "Completed"
    assert transforms.s3.get_object(Bucket=transforms.bucket, Key="scored/rows.csv.out")["Body"].read() == b"+1\n+2\n"
    sagemaker.create_model(**model(good))
    nothing = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{transforms.bucket}/nothing/"}
    definition = given["TransformJobDefinition"]
    source = {**definition["TransformInput"], "DataSource": {"S3DataSource": nothing}}
    bad = version(TransformJobDefinition={**definition, "TransformInput": source})
    found = verdict(bad)
    (status,) = found["ModelPackageStatusDetails"]["ValidationStatuses"]
    assert (found["ModelPackageStatus"], status["Status"]) == ("Failed", "Failed")
    assert "is Failed: ClientError" in status["FailureReason"]
    for arn in (good, bad):
        sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)


def test_a_failed_validation_says_why(jobs: Jobs, transforms: Transforms) -> None:
    """The job's own reason, or what the role may not do; jobs cannot use the algorithm."""
    iam = jobs.server.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=transforms.name("powerless"), AssumeRolePolicyDocument=document)["Role"]["Arn"]
    broken = created(transforms, ValidationSpecification=profile(transforms, "raise ValueError('no luck')"))
    powerless = created(transforms, ValidationSpecification=profile(transforms, CODE, role=role))
    for name, reason in ((broken, "no luck"), (powerless, "is not authorized to perform: sagemaker:CreateTrainingJob")):
        found = ended(transforms, name)
        (status,) = found["AlgorithmStatusDetails"]["ValidationStatuses"]
        assert (found["AlgorithmStatus"], status["Name"], status["Status"]) == ("Failed", "first", "Failed")
        assert reason in status["FailureReason"]
        assert "its AlgorithmStatus is Failed" in refused(lambda **_: trained(jobs, transforms, name))  # noqa: B023


def test_deleting_an_algorithm_stops_its_validation(jobs: Jobs, transforms: Transforms) -> None:
    """Deleting while its job stops; then its name is free."""
    sagemaker = transforms.sagemaker
    name = created(transforms, ValidationSpecification=profile(transforms, "import time; time.sleep(600)"))
    job = eventually(lambda: sagemaker.list_training_jobs(NameContains=f"{name}-")["TrainingJobSummaries"])[0]
    jobs.reaches(job["TrainingJobName"], "Training")
    sagemaker.delete_algorithm(AlgorithmName=name)
    with pytest.raises(ClientError) as caught:
        sagemaker.delete_algorithm(AlgorithmName=name)
    assert caught.value.response["Error"]["Code"] in {"ConflictException", "ValidationException"}
    eventually(lambda: not sagemaker.list_algorithms(NameContains=name)["AlgorithmSummaryList"])
    assert jobs.describe(job["TrainingJobName"])["TrainingJobStatus"] == "Stopped"
    sagemaker.create_algorithm(AlgorithmName=name, TrainingSpecification=TRAINING)
