"""Every page of Studio, with something on it, is for everybody: axe looks at each, light and dark, wide and narrow.

Which pages there are, the build says. Source: WCAG 2.2 AA.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import expect

from salvia.studio import assets
from tests.browser.conftest import Studio
from tests.browser.test_data import DOT
from tests.browser.test_jobs import METRIC
from tests.conftest import Jobs, Server, eventually
from tests.endpoints import ECHO, Endpoints
from tests.notebooks import Notebooks
from tests.pipelines import Pipelines, compare, condition, defined, fail, get, parameter
from tests.studio import link
from tests.studio_domains import Studio as Domains
from tests.transforms import Transforms

_DATA = Path(__file__).parents[1] / "data"
# Where pages are looked at, in names of `stage`, and what stands there then.
PLACES = {
    "/": "Last failures",
    "/training-jobs": "{trained}",
    "/training-jobs/create": "Hyperparameters",
    "/training-jobs/create?from={trained}": "Clone {trained}",
    "/training-jobs/{trained}": "train:rmse",
    "/training-jobs/{trained}?tab=configuration": "Hyperparameters",
    "/training-jobs/{trained}?tab=output": "output/model.tar.gz",
    "/training-jobs/{trained}?tab=code": "aws sagemaker create-training-job",
    "/training-jobs/{failed}": "Why it failed",
    "/processing-jobs": "{processed}",
    "/processing-jobs/create": "Entrypoint",
    "/processing-jobs/{processed}": "checked",
    "/processing-jobs/{unprocessed}": "Why it failed",
    "/transform-jobs": "{transformed}",
    "/transform-jobs/create": "Split objects by",
    "/transform-jobs/{transformed}": "Completed",
    "/transform-jobs/{untransformed}": "Why it failed",
    "/pipelines": "{pipeline}",
    "/pipelines/{pipeline}": "Failed",
    "/pipelines/{pipeline}?tab=steps": "Decide",
    "/pipelines/{pipeline}?tab=definition": "2020-12-01",
    "/pipelines/{pipeline}/{execution}": "It is bad",
    "/models": "{model}",
    "/models/create": "Model data",
    "/models/{model}": "{model}",
    "/model-package-groups": "{group}",
    "/model-package-groups/create": "Description",
    "/model-package-groups/register?group={group}": "Containers",
    "/model-package-groups/{group}": "Version 1",
    "/model-package-groups/{group}/1": "regression_metrics.mse.value",
    "/endpoints": "{endpoint}",
    "/endpoints/{endpoint}": "Challenger",
    "/endpoints/{endpoint}?tab=invoke": "Payload",
    "/endpoints/{endpoint}?tab=scaling": "1 and 3",
    "/endpoints/{endpoint}?tab=captured": ".jsonl",
    "/endpoints/{endpoint}?tab=log": "Log",
    "/endpoints/{unserved}": "cannot be loaded",
    "/endpoints/deploy?model={model}": "Variants",
    "/endpoint-configs": "{config}",
    "/endpoint-configs/{config}": "Challenger",
    "/data": "{bucket}",
    "/data/browse?bucket={bucket}": "people.csv",
    "/data/object?bucket={bucket}&key=people.csv": "Ada",
    "/data/object?bucket={bucket}&key=people.parquet": "3 rows, 5 columns",
    "/data/object?bucket={bucket}&key=model.json": "depth",
    "/data/object?bucket={bucket}&key=notes.txt": "line one",
    "/data/object?bucket={bucket}&key=dot.png": "dot.png",
    "/data/object?bucket={bucket}&key=model.tar.gz": "It is not text",
    "/notebook-instances": "{notebook}",
    "/notebook-instances/create": "Git repository",
    "/notebook-instances/{notebook}": "an hour",
    "/lifecycle-configurations": "{scripts}",
    "/lifecycle-configurations/create": "When an instance starts",
    "/lifecycle-configurations/{scripts}": "When an instance starts",
    "/domains": "{domain}",
    "/domains/create": "Role",
    "/domains/{domain}": "{space}",
    "/domains/{domain}/create-user-profile": "as the domain says",
    "/domains/{domain}/create-space": "{owner}",
    "/code-repositories": "{repository}",
    "/code-repositories/create": "Branch",
    "/users": "ada",
    "/users/show?name=ada": "AmazonS3ReadOnlyAccess",
    "/groups": "scientists",
    "/groups/show?name=scientists": "ada",
    "/roles": "SageMakerExecutionRole",
    "/roles/show?name=SageMakerExecutionRole": "Who may take this role up",
    "/roles/create": "Trust policy",
    "/policies": "lookers",
    "/policies/show?name=arn:aws:iam::123456789012:policy/lookers": "sagemaker:List*",
    "/policies/create": "Which actions are allowed or denied",
    "/audit": "administrator",
}


@pytest.fixture(scope="module")
def server(make_server: Callable[..., Server]) -> Server:
    return make_server()


@pytest.fixture(scope="module")
def stage(server: Server) -> dict[str, str]:
    """Something of everything; returns names. What takes a while runs meanwhile."""
    sagemaker, s3, iam = server.client("sagemaker"), server.client("s3"), server.client("iam")
    jobs, transforms, pipelines = Jobs(server), Transforms(server), Pipelines(server)
    endpoints, notebooks = Endpoints(server), Notebooks(server)
    named = {"bucket": "looked.at", "group": "Churn", "processed": "processed", "unprocessed": "unprocessed"}

    config = endpoints.config(
        endpoints.variant(endpoints.model(), "Proven", weight=9),
        endpoints.variant(endpoints.model(), "Challenger"),
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{endpoints.bucket}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        },
    )
    named |= {"config": config, "endpoint": endpoints.create(config, wait=False), "model": endpoints.model()}
    broken = endpoints.config(endpoints.variant(endpoints.model(BEHAVIOUR="exits")))
    named["unserved"] = endpoints.create(broken, wait=False)
    named["scripts"] = notebooks.scripts(OnStart="#!/bin/bash\necho ready\n")
    named["notebook"] = notebooks.create(wait=False, LifecycleConfigName=named["scripts"])

    sagemaker.create_code_repository(
        CodeRepositoryName="churn", GitConfig={"RepositoryUrl": "https://git.example.com/churn.git"}
    )
    named["repository"] = "churn"
    domains = Domains(server)
    named["domain"] = domains.domain()
    named["owner"] = domains.profile(named["domain"])
    named["space"] = domains.space(named["domain"], named["owner"])
    working = domains.app(named["domain"], named["space"])

    named["trained"] = jobs.start("for n in range(9): print(f'rmse={1 / (1 + n)}', flush=True)", **METRIC)
    named["failed"] = jobs.start("raise SystemExit(3)")
    check = pipelines.processing("Check", "print('checked')")
    other = pipelines.processing("Other", "raise SystemExit(2)")["Arguments"]
    sagemaker.create_processing_job(ProcessingJobName="processed", **check["Arguments"])
    sagemaker.create_processing_job(ProcessingJobName="unprocessed", **other)
    named["transformed"] = transforms.start(transforms.put(a=b"1\n2\n"))
    named["untransformed"] = transforms.start(transforms.put(a=b"die\n"))
    complain = fail("Complain", "It is bad")
    decide = condition("Decide", compare("Equals", get("Parameters.Mood"), "good"), other=[complain])
    named["pipeline"] = pipelines.create(defined([check, decide], [parameter("Mood", DefaultValue="bad")]))
    execution = pipelines.start(named["pipeline"])
    named["execution"] = execution.rpartition("/")[2]

    s3.create_bucket(Bucket="looked.at")
    for key, body, kind in (
        ("people.csv", b"name,age\nAda,36\n", "text/csv"),
        ("people.parquet", (_DATA / "people.parquet").read_bytes(), "binary/octet-stream"),
        ("model.json", b'{"depth": 3}', "application/json"),
        ("notes.txt", b"line one\n", "text/plain"),
        ("dot.png", DOT, "image/png"),
        ("model.tar.gz", gzip.compress(bytes(5000)), "application/gzip"),
        ("folder/report.json", json.dumps({"regression_metrics": {"mse": {"value": 4.5}}}).encode(), ""),
    ):
        s3.put_object(Bucket="looked.at", Key=key, Body=body, ContentType=kind)
    sagemaker.create_model_package_group(ModelPackageGroupName="Churn", ModelPackageGroupDescription="Who leaves?")
    statistics = {"ContentType": "application/json", "S3Uri": "s3://looked.at/folder/report.json"}
    sagemaker.create_model_package(
        ModelPackageGroupName="Churn",
        InferenceSpecification={
            "Containers": [{"Image": ECHO, "ModelDataUrl": f"s3://{endpoints.bucket}/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
        ModelMetrics={"ModelQuality": {"Statistics": statistics}},
    )

    iam.create_user(UserName="ada")
    iam.create_access_key(UserName="ada")
    iam.attach_user_policy(UserName="ada", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    iam.create_group(GroupName="scientists")
    iam.add_user_to_group(GroupName="scientists", UserName="ada")
    looking = {"Effect": "Allow", "Action": "sagemaker:List*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [looking]})
    iam.create_policy(PolicyName="lookers", PolicyDocument=document)

    endpoints.settled(named["endpoint"])
    endpoints.settled(named["unserved"])
    server.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=named["endpoint"], Body=b"5.1,3.5", ContentType="text/csv"
    )
    server.client("application-autoscaling").register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId=f"endpoint/{named['endpoint']}/variant/Proven",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=3,
    )
    for name in (named["trained"], named["failed"]):
        jobs.ended(name)
    for name in (named["transformed"], named["untransformed"]):
        transforms.ended(name)
    pipelines.ended(execution)
    describe = sagemaker.describe_processing_job
    for name in ("processed", "unprocessed"):
        eventually(lambda name=name: describe(ProcessingJobName=name)["ProcessingJobStatus"] != "InProgress")
    notebooks.reaches(named["notebook"], "InService")
    domains.reaches(working, "InService")
    captured = {"Bucket": endpoints.bucket, "Prefix": "captured/"}
    eventually(lambda: s3.list_objects_v2(**captured)["KeyCount"], what="captured data")
    return named


@pytest.fixture(scope="module", params=[1440, 390], ids=["wide", "narrow"])
def everyone(
    request: pytest.FixtureRequest, server: Server, stage: dict[str, str], tab: Callable[..., Studio]
) -> Studio:
    """A tab on a desk's screen, and one on a telephone's."""
    viewport = {"width": request.param, "height": 900}
    return tab(server, sign_in=link(server.client("salvia")), viewport=viewport)


@cache
def pages() -> list[str]:
    """Paths of pages, as the build lists them: of several that fit, the router takes the first."""
    return list(json.loads((assets.FOLDER / ".pages").read_text()))


def page_of(place: str) -> str:
    """The page at an address."""
    path = place.partition("?")[0]
    return next(page for page in pages() if re.fullmatch(re.sub(r":\w+", "[^/]+", page), path))


def test_no_page_is_forgotten() -> None:
    """A new page is a line above."""
    assert set(pages()) == {page_of(place) for place in PLACES}


@pytest.mark.parametrize("place", PLACES)
def test_axe_finds_nothing(everyone: Studio, stage: dict[str, str], place: str) -> None:
    everyone.turn_to(place.format(**stage))
    expect(everyone.page.locator("#content")).to_contain_text(PLACES[place].format(**stage))
    everyone.accessible()
    everyone.unharmed()
