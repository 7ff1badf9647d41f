"""Multi-model endpoints through boto3. Source: developer guide, "Host Multiple Models with Multi-Model Endpoints" and
its pages; the container is one as other people write them (tests/images/many)."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import ROLE, Server, eventually
from tests.endpoints import ECHO, Endpoints, archive

MANY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/many:latest"


class Many(Endpoints):
    """Endpoints of many models."""

    def put(self, name: str, weights: bytes = b"1") -> None:
        self.s3.put_object(Bucket=self.bucket, Key=f"models/{name}", Body=archive(weights=weights))

    def multi_model(self, cache: str = "", **environment: str) -> str:
        """A model whose models are those below models/."""
        name = self.name("model")
        container = {
            **self.container(environment),
            **({"MultiModelConfig": {"ModelCacheSetting": cache}} if cache else {}),
        }
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        return name

    def container(self, environment: dict[str, str] | None = None) -> dict[str, Any]:
        url = f"s3://{self.bucket}/models/"
        return {"Image": MANY, "Mode": "MultiModel", "ModelDataUrl": url, "Environment": environment or {}}

    def endpoint(self, count: int = 1, cache: str = "", **environment: str) -> str:
        """One of many models."""
        return self.create(self.config(self.variant(self.multi_model(cache, **environment), count=count)))

    def invoke(self, endpoint: str, target: str, body: str = "") -> dict[str, Any]:
        runtime = self.server.client("sagemaker-runtime", max_pool_connections=64)
        answer = runtime.invoke_endpoint(EndpointName=endpoint, TargetModel=target, Body=body.encode() or b"x")
        found: dict[str, Any] = json.loads(answer["Body"].read())
        return found

    def refused(self, endpoint: str, target: str, body: str = "") -> dict[str, Any]:
        with pytest.raises(ClientError) as caught:
            self.invoke(endpoint, target, body)
        return caught.value.response


@pytest.fixture(scope="module")
def many(salvia: Server) -> Many:
    return Many(salvia)


@pytest.fixture(scope="module")
def endpoint(many: Many) -> Iterator[str]:
    """One that most tests share."""
    name = many.endpoint()
    yield name
    many.delete(name)


def test_a_model_is_loaded_when_it_is_first_asked_for(many: Many, endpoint: str) -> None:
    """Also one whose object comes when the endpoint has long been in service; its name may be a path."""
    many.put("eu/first.tar.gz", b"of the first")
    answer = many.invoke(endpoint, "eu/first.tar.gz")
    assert (answer["weights"], answer["target"]) == ("of the first", "eu/first.tar.gz")
    many.invoke(endpoint, "eu/first.tar.gz")
    assert many.invoke(endpoint, "eu/first.tar.gz", "loads")["loads"]["eu/first.tar.gz"] == 1


def test_forty_models_share_room_for_ten(many: Many) -> None:
    """507 "initiates unloading unused models": the least recently used first. None fails, whoever asks at once."""
    names = [f"model-{number}.tar.gz" for number in range(40)]
    for name in names:
        many.put(name, name.encode())
    endpoint = many.endpoint(CAPACITY="10")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: many.invoke(endpoint, name), names * 2))
    assert [answer["weights"] for answer in answers] == names * 2
    for name in ("model-1.tar.gz", *names[20:29], "model-1.tar.gz", "model-30.tar.gz"):
        many.invoke(endpoint, name)
    seen = many.invoke(endpoint, "model-1.tar.gz", "loads")
    assert (seen["loaded"], seen["most"], seen["disk"]) == (10, 10, 40)
    before = seen["loads"]
    many.invoke(endpoint, "model-20.tar.gz")  # for which 30 had made room, being the one not used for longest
    after = many.invoke(endpoint, "model-1.tar.gz", "loads")["loads"]
    assert {name for name in names if after[name] != before[name]} == {"model-20.tar.gz"}
    many.delete(endpoint)


def test_many_requests_for_one_model_load_it_once_and_hold_up_no_other(many: Many, endpoint: str) -> None:
    """Those for models that are loaded are answered meanwhile."""
    many.put("quick.tar.gz")
    many.put("slow.tar.gz", b"slow 3")
    many.invoke(endpoint, "quick.tar.gz")
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(many.invoke, endpoint, "slow.tar.gz") for _ in range(8)]
        for _ in range(5):
            many.invoke(endpoint, "quick.tar.gz")
        assert not any(one.done() for one in waiting)
        assert [one.result()["weights"] for one in waiting] == ["slow 3"] * 8
    assert many.invoke(endpoint, "quick.tar.gz", "loads")["loads"]["slow.tar.gz"] == 1


def test_what_cannot_be_loaded_is_told_and_disturbs_nobody(many: Many, endpoint: str) -> None:
    """In AWS's words; once S3 has something better, that is loaded."""
    many.put("good.tar.gz")
    many.put("bad.tar.gz", b"bad")
    many.s3.put_object(Bucket=many.bucket, Key="models/none.tar.gz", Body=b"no archive")
    many.s3.put_object(Bucket=many.bucket, Key="models/out.tar.gz", Body=archive(**{"../../out": b"1"}))
    many.s3.put_object(Bucket=many.bucket, Key="elsewhere.tar.gz", Body=archive(weights=b"1"))
    many.invoke(endpoint, "good.tar.gz")

    def said(target: str) -> tuple[str, str]:
        error = many.refused(endpoint, target)["Error"]
        return error["Code"], error["Message"]

    place = f"bucket: {many.bucket}, key: models/absent.tar.gz"
    assert said("absent.tar.gz") == (
        "ValidationError",
        f"Failed to download model data({place}). Please ensure that there is an object located at the URL and that "
        "the role passed to CreateModel has permissions to download the model.",
    )
    for target in ("none.tar.gz", "out.tar.gz"):
        code, message = said(target)
        assert (code, f"s3://{many.bucket}/models/{target}" in message) == ("ValidationError", True)
        assert "valid tar.gz archive" in message
    for target in ("../elsewhere.tar.gz", "eu/../../elsewhere.tar.gz", "./good.tar.gz"):
        assert said(target)[0] == "ValidationError"
    failed = many.refused(endpoint, "bad.tar.gz")
    assert failed["Error"]["Code"] == "ModelError"
    assert (failed["OriginalStatusCode"], failed["OriginalMessage"]) == (500, "these weights are bad")
    assert many.invoke(endpoint, "good.tar.gz", "loads")["loads"]["good.tar.gz"] == 1
    many.put("bad.tar.gz", b"better")
    assert many.invoke(endpoint, "bad.tar.gz")["weights"] == "better"


def test_a_model_that_was_replaced_or_deleted_stays_while_it_is_kept(many: Many, endpoint: str) -> None:
    """The guide, "Add or Remove Models": the old version may go on being invoked."""
    many.put("old.tar.gz", b"old")
    many.invoke(endpoint, "old.tar.gz")
    many.put("old.tar.gz", b"new")
    assert many.invoke(endpoint, "old.tar.gz")["weights"] == "old"
    many.s3.delete_object(Bucket=many.bucket, Key="models/old.tar.gz")
    assert many.invoke(endpoint, "old.tar.gz")["weights"] == "old"


def test_a_container_that_lost_its_models_is_given_them_again(many: Many, endpoint: str) -> None:
    """404 of an invocation: "if model_name is not loaded". One that is the model's own is a ModelError."""
    many.put("lost.tar.gz", b"kept")
    many.put("refuses.tar.gz", b"refuses")
    many.invoke(endpoint, "lost.tar.gz", "forget")
    assert many.invoke(endpoint, "lost.tar.gz")["weights"] == "kept"
    failed = many.refused(endpoint, "refuses.tar.gz")
    assert (failed["Error"]["Code"], failed["OriginalStatusCode"]) == ("ModelError", 404)
    assert failed["OriginalMessage"] == "not here"


def test_without_a_cache_a_model_leaves_once_it_has_answered(many: Many) -> None:
    """ModelCacheSetting Disabled: "unloads the model from memory and deletes it from disk immediately"."""
    endpoint = many.endpoint(cache="Disabled")
    many.put("once.tar.gz", b"first")
    assert many.invoke(endpoint, "once.tar.gz")["weights"] == "first"
    many.put("once.tar.gz", b"second")
    eventually(lambda: many.invoke(endpoint, "once.tar.gz")["weights"] == "second", 20)
    many.put("other.tar.gz")

    def seen() -> tuple[int, int]:
        answer = many.invoke(endpoint, "other.tar.gz", "loads")
        return answer["loaded"], answer["disk"]

    eventually(lambda: seen() == (1, 1), 20)
    many.delete(endpoint)


def test_a_model_has_its_own_instance_until_it_is_asked_for_too_much(many: Many) -> None:
    """ "continues to route requests for a model to the instance where the model is already loaded"; of many at once,
    "routes some requests to another instance"."""
    endpoint = many.endpoint(2)
    names = [f"own-{number}.tar.gz" for number in range(12)]
    for name in names:
        many.put(name)
    seen = {name: {many.invoke(endpoint, name)["server"] for _ in range(4)} for name in names}
    assert all(len(pids) == 1 for pids in seen.values())
    assert len(set.union(*seen.values())) == 2
    with ThreadPoolExecutor(8) as pool:
        pids = {one["server"] for one in pool.map(lambda _: many.invoke(endpoint, names[0], "wait1"), range(8))}
    assert len(pids) == 2
    many.delete(endpoint)


def test_one_container_of_a_pipeline_has_many_models(many: Many) -> None:
    """The guide, "Host Multiple Models": "only one multi-model-enabled container can be included"."""
    many.put("piped.tar.gz", b"behind an echo")
    first = {"Image": ECHO, "ModelDataUrl": f"s3://{many.bucket}/model.tar.gz"}
    model = many.name("model")
    many.sagemaker.create_model(ModelName=model, Containers=[first, many.container()], ExecutionRoleArn=ROLE)
    endpoint = many.create(many.config(many.variant(model)))
    assert many.invoke(endpoint, "piped.tar.gz")["weights"] == "behind an echo"
    many.delete(endpoint)


def test_it_is_counted_under_the_names_of_aws(many: Many) -> None:
    """Guide, "Monitor Amazon SageMaker with Amazon CloudWatch", multi-model endpoint metrics."""
    endpoint = many.endpoint(CAPACITY="1")
    for name in ("a.tar.gz", "b.tar.gz"):
        many.put(name, b"slow 0.5")
        for _ in range(2):
            many.invoke(endpoint, name)
    cloudwatch = many.server.client("cloudwatch")
    now = datetime.now(UTC)

    def statistics(metric: str) -> tuple[float, float]:
        (point,) = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["SampleCount", "Sum"],
        )["Datapoints"] or [{"SampleCount": 0.0, "Sum": 0.0}]
        return point["SampleCount"], point["Sum"]

    eventually(lambda: statistics("ModelCacheHit") == (4, 2), 20)
    assert statistics("ModelDownloadingTime")[0] == statistics("ModelLoadingWaitTime")[0] == 2
    assert statistics("ModelUnloadingTime")[0] == 1
    loads, loading = statistics("ModelLoadingTime")
    assert (loads, loading > 1_000_000) == (2, True)
    assert statistics("ModelLoadingWaitTime")[1] > loading
    assert statistics("ModelLatency")[1] < loading  # which is the container's, without its model's loading
    with urllib.request.urlopen(f"{many.server.url}/_metrics") as answer:
        lines = [line for line in answer.read().decode().splitlines() if f'endpoint="{endpoint}"' in line]
    shown = {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines if "_bucket" not in line}
    assert (shown["salvia_model_requests_total"], shown["salvia_model_cache_hits_total"]) == (4, 2)
    counts = {"loading_wait": 2, "downloading": 2, "loading": 2, "unloading": 1}
    assert {name: shown[f"salvia_model_{name}_seconds_count"] for name in counts} == counts
    assert shown["salvia_model_loading_seconds_sum"] == pytest.approx(loading / 1e6, rel=0.03)
    many.delete(endpoint)


def test_what_contradicts_itself_is_refused(many: Many, endpoint: str) -> None:
    """API_ContainerDefinition; the guide: one such container in a pipeline, TargetModel in every request."""

    def said(**request: Any) -> str:
        with pytest.raises(ClientError) as caught:
            many.sagemaker.create_model(ModelName=many.name("none"), ExecutionRoleArn=ROLE, **request)
        return str(caught.value.response["Error"]["Message"])

    one = many.container()
    source = {"S3DataSource": {"S3Uri": one["ModelDataUrl"], "S3DataType": "S3Prefix", "CompressionType": "None"}}
    assert "is no prefix" in said(PrimaryContainer={**one, "ModelDataUrl": f"s3://{many.bucket}/model.tar.gz"})
    assert "is no prefix" in said(PrimaryContainer={"Image": MANY, "Mode": "MultiModel"})
    assert "ModelDataSource" in said(PrimaryContainer={"Image": MANY, "Mode": "MultiModel", "ModelDataSource": source})
    assert "Only one container" in said(Containers=[one, one])
    named = [{**one, "ContainerHostname": "a"}, {"Image": MANY, "ContainerHostname": "b"}]
    assert "directly" in said(Containers=named, InferenceExecutionConfig={"Mode": "Direct"})
    runtime = many.server.client("sagemaker-runtime")
    with pytest.raises(ClientError, match="missing a target model header"):
        runtime.invoke_endpoint(EndpointName=endpoint, Body=b"x")
